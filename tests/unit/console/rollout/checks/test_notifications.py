"""`doctor` finds a history that is not read, parked notifications, and a receiver that takes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from retention import table as rows

from console.deployment.target import Target
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN
from console.rollout.checks.known import Known
from console.rollout.checks.notifications import notifications
from console.terminal.failure import Failure
from tests.support.apple_in_memory import target_in_memory
from tests.support.doctor_checks import NOW, checked, known, verdicts

HOUR = 3600
STACK: dict[str, Any] = {"notifications": "push", "notification_queue": "N", "parking_queue": "P"}
RELAYING: dict[str, Any] = {**STACK, "relay_queue": "R", "relay_dead_letters": "D"}


class Sqs:
    """Queues by their URLs, each with a number of messages."""

    def __init__(self, **messages: int) -> None:
        self.messages = messages

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803  # SQS's
        return {"Attributes": {AttributeNames[0]: str(self.messages.get(QueueUrl, 0))}}


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Sqs:
    sqs = Sqs()
    monkeypatch.setattr(Known, "aws", lambda _, service: {"sqs": sqs}[service])
    return sqs


def read_until(age: float | None, **outputs: Any) -> Target:
    """Return a stack whose history is read up to `age` seconds before NOW, None for never."""
    target = target_in_memory(name="s", **(outputs or STACK))
    if age is not None:
        watermark = {"N": str(int((NOW.timestamp() - age) * 1000))}
        key = rows.pull_key(target.app_apple_id)
        target.app_table.put({"Item": {**key, "watermark": watermark, "since": watermark}})
    return target


@pytest.mark.usefixtures("sqs")
@pytest.mark.parametrize(
    ("age", "verdict", "found"),
    [
        (240, GOOD, "4 min ago"),
        (HOUR, GOOD, "1 h ago"),
        (2 * HOUR, BAD, "2 h ago"),
        (None, BAD, "not been read"),
    ],
)
def test_the_history_is_read_every_five_minutes(age: float | None, verdict: str, found: str) -> None:
    """More than an hour behind is bad, and so is a history that was never read."""
    [first, parked], _ = checked(notifications, known(target=read_until(age)))
    assert (first.code, first.verdict, parked.verdict) == ("notifications", verdict, GOOD)
    assert found in first.found
    assert bool(first.advice) == (verdict == BAD)


@pytest.mark.usefixtures("sqs")
def test_a_clock_behind_is_no_delay() -> None:
    """A watermark ahead of this machine's clock is 0 s behind."""
    assert verdicts(notifications, known(target=read_until(-60)))["notifications"] == GOOD


def test_parked_notifications_wait_for_a_release(sqs: Sqs) -> None:
    """One parked notification is bad; the advice names the verb that hands it on."""
    sqs.messages = {"P": 2}
    found = {one.code: one for one in checked(notifications, known(target=read_until(0)))[0]}
    assert found["parked"].verdict == BAD
    assert "2 notifications" in found["parked"].found
    assert "notifications replay" in found["parked"].advice


@pytest.mark.usefixtures("sqs")
@pytest.mark.parametrize(("secret", "verdict"), [("", BAD), ("/<PathSecret>", GOOD)])
def test_a_relay_needs_a_path_secret(secret: str, verdict: str) -> None:
    """Otherwise strangers' posts, refused by the receiver, wait before Apple's."""
    url = f"https://api.example.com/v1/notifications{secret}"
    target = read_until(0, **RELAYING, notifications_url=url)
    assert verdicts(notifications, known(target=target))["relay"] == verdict


@pytest.mark.parametrize(("lost", "verdict"), [(0, GOOD), (1, BAD)])
def test_a_receiver_that_takes_nothing_is_found(sqs: Sqs, lost: int, verdict: str) -> None:
    """Dead letters of the relay are bad; what still waits is only counted."""
    sqs.messages = {"D": lost, "R": 7}
    found = {one.code: one for one in checked(notifications, known(target=read_until(0, **RELAYING)))[0]}
    assert found["relay"].verdict == verdict
    assert ("7 notifications" in found["relay"].found) == (not lost)
    assert ("replay --relay" in found["relay"].advice) == bool(lost)


def test_without_the_right_to_read_queues_the_history_is_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these credentials may not read is not known, and everything else is."""

    def refused(_: Known, __: str) -> Any:
        raise Failure("No right.")

    monkeypatch.setattr(Known, "aws", refused)
    found = verdicts(notifications, known(target=read_until(0, **RELAYING)))
    assert found == {"notifications": GOOD, "parked": UNKNOWN, "relay": UNKNOWN}


def test_a_stack_without_notifications_has_no_finding() -> None:
    """With notifications off there is nothing to examine; of a table without a stack nothing is known."""
    assert checked(notifications, known(target=target_in_memory(name="s", notifications="off")))[0] == []
    for target in (None, replace(target_in_memory(), stack=replace(target_in_memory().stack, name=""))):
        assert verdicts(notifications, known(target=target)) == {"notifications": UNKNOWN}
