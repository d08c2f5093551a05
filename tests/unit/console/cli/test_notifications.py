"""The verbs of `retention notifications`, with their rooms replaced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from console.appstore.notification_test import AttemptMade, TestStatus
from console.deployment.queues import QueueState
from console.deployment.target import Target
from console.rollout.delivery_test import DeliveryTest
from console.rollout.notification_replay import ReplayedMessages
from console.rollout.notification_status import NotificationStatus
from console.terminal.failure import Failure
from tests.support.called_verb import Call, Recorded
from tests.support.doctor_checks import NOW

AT = ("--env", "sandbox")
URL = "https://api.example.com/v1/notifications"


@pytest.fixture
def stack(target: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A stack with push, and AWS's clients replaced by nothing."""
    outputs: dict[str, Any] = {"notification_queue": "N", "parking_queue": "P", "notifications_url": URL}
    made = replace(target, stack=replace(target.stack, name="s", notifications="push", **outputs))
    made = replace(made, dynamodb=SimpleNamespace(meta=SimpleNamespace(region_name="eu-west-1")))
    monkeypatch.setattr("console.deployment.target.find_target", lambda *_: made)
    monkeypatch.setattr("console.deployment.aws.client", Recorded())
    return made


@pytest.mark.usefixtures("stack")
def test_the_url_is_printed(call: Call) -> None:
    """`url` prints what to enter in App Store Connect."""
    assert call("notifications", "url", *AT).out.startswith(f"{URL}\n")
    assert call("notifications", "url", *AT, "--json").document["url"] == URL


@pytest.mark.parametrize(("arrived", "code"), [(True, 0), (False, 3)])
def test_a_test_ends_by_whether_it_arrived(
    call: Call, stack: Target, monkeypatch: pytest.MonkeyPatch, *, arrived: bool, code: int
) -> None:
    """Exit code 0 where the stack has the notification, 3 where it has not within the time."""
    status = TestStatus("u", (AttemptMade(1, "SUCCESS"),))
    run = Recorded(DeliveryTest(status, NOW if arrived else None))
    monkeypatch.setattr("console.rollout.delivery_test.run", run)

    @contextmanager
    def opened(*_: Any) -> Iterator[Any]:
        yield SimpleNamespace(apple="apple", target=stack)

    monkeypatch.setattr("console.deployment.session.open_session", opened)
    ended = call("notifications", "test", *AT, "--timeout", "7", "--json")
    assert (ended.code, ended.document["arrived"]) == (code, arrived)
    assert run.given[0][2] == 7


def test_no_test_is_asked_for_that_nothing_would_take_in(
    call: Call, off: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Notifications=off, Apple is not asked: the notification would go to another receiver, or nowhere."""
    run = Recorded(None)
    monkeypatch.setattr("console.rollout.delivery_test.run", run)

    @contextmanager
    def opened(*_: Any) -> Iterator[Any]:
        yield SimpleNamespace(apple="apple", target=off)

    monkeypatch.setattr("console.deployment.session.open_session", opened)
    with pytest.raises(Failure, match="Notifications=pull"):
        call("notifications", "test", *AT)
    assert not run.given


@pytest.mark.usefixtures("stack")
def test_the_status_is_printed(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """`status` reads the stack's rows, queues and alarms."""
    found = NotificationStatus(NOW, "push", {"news": NOW}, {"parked": QueueState(0, 0)}, None, ())
    monkeypatch.setattr("console.rollout.notification_status.read_status", Recorded(found))
    assert "Notifications=push." in call("notifications", "status", *AT).out
    assert call("notifications", "status", *AT, "--json").document["notifications"] == "push"


@pytest.fixture
def off(target: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A stack with Notifications=off."""
    made = replace(target, stack=replace(target.stack, name="s", notifications="off"))
    monkeypatch.setattr("console.deployment.target.find_target", lambda *_: made)
    return made


@pytest.mark.usefixtures("off")
@pytest.mark.parametrize("verb", ["url", "status", "replay"])
def test_without_notifications_each_verb_names_the_parameter(call: Call, verb: str) -> None:
    """A stack that takes in none has no URL, no state and no queue."""
    with pytest.raises(Failure, match="Notifications=pull"):
        call("notifications", verb, *AT)


@pytest.mark.parametrize(("waiting", "asked"), [(0, False), (3, True)])
def test_a_replay_asks_in_production(
    call: Call, stack: Target, monkeypatch: pytest.MonkeyPatch, *, waiting: int, asked: bool
) -> None:
    """Where something is parked, production is asked about first; --yes goes on without a question."""
    made = replace(stack, production=True)
    monkeypatch.setattr("console.deployment.target.find_target", lambda *_: made)
    monkeypatch.setattr("console.deployment.queues.count_messages", Recorded(QueueState(waiting, 0)))
    replay = Recorded(ReplayedMessages(waiting, 0))
    monkeypatch.setattr("console.rollout.notification_replay.replay", replay)
    if asked:
        with pytest.raises(Failure, match="replay 3 notifications in production"):
            call("notifications", "replay", *AT)
    ended = call("notifications", "replay", *AT, "--yes", "--json")
    assert ended.document == {"replayed": waiting, "parkedAgain": 0}
    assert replay.given[0][1:] == ("P", "N")


@pytest.mark.usefixtures("stack")
def test_the_relay_is_replayed_on_request(call: Call) -> None:
    """`replay --relay` needs a stack that sends on to a receiver."""
    with pytest.raises(Failure, match="RelayUrl"):
        call("notifications", "replay", *AT, "--relay")
