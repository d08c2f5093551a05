"""Handing parked notifications on: each one that was there, none lost if it is stopped, none in a circle."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from console.deployment.queues import count_messages
from console.deployment.stack import Stack
from console.rollout.notification_replay import ReplayedMessages, queues_of, replay, show
from console.terminal.failure import Failure, Misuse
from console.terminal.output import Output, no_progress


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Receive without waiting: an empty queue is found to be empty at once."""
    monkeypatch.setattr("console.rollout.notification_replay._WAIT_SECONDS", 0)


@pytest.fixture
def sqs() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("sqs", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")


@pytest.fixture
def parking(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName="parking")["QueueUrl"])


@pytest.fixture
def queue(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName="notifications")["QueueUrl"])


def bodies(sqs: Any, url: str) -> list[str]:
    found: list[str] = []
    while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in received]
    return sorted(found)


def park(sqs: Any, parking: str, number: int) -> list[str]:
    texts = [f'{{"signedPayload": "{one:03}"}}' for one in range(number)]
    for text in texts:
        sqs.send_message(QueueUrl=parking, MessageBody=text)
    return texts


def run(sqs: Any, parking: str, queue: str, number: int = 0, now: float | None = None) -> ReplayedMessages:
    at = time.time() + 1 if now is None else now
    return replay(sqs, parking, queue, expected=number, now=lambda: at, report=no_progress)


def test_every_parked_message_is_handed_on(sqs: Any, parking: str, queue: str) -> None:
    """The notification queue gets the same bodies, and the parking queue is empty."""
    texts = park(sqs, parking, 25)
    assert run(sqs, parking, queue, 25) == ReplayedMessages(25, 0)
    assert bodies(sqs, queue) == texts
    assert count_messages(sqs, parking).messages == 0


def test_an_empty_queue_hands_on_nothing(sqs: Any, parking: str, queue: str) -> None:
    """Where nothing is parked, nothing happens."""
    assert run(sqs, parking, queue) == ReplayedMessages(0, 0)


class Stopped(BaseException):
    """The process is killed."""


@pytest.mark.parametrize("call", ["send_message", "delete_message"])
@pytest.mark.parametrize("done", [False, True], ids=["before the call", "after it"])
@pytest.mark.parametrize("calls", [0, 1, 7])
def test_a_replay_that_is_stopped_loses_nothing(
    sqs: Any, parking: str, queue: str, monkeypatch: pytest.MonkeyPatch, *, call: str, done: bool, calls: int
) -> None:
    """Killed before or after any send or delete, every message is in one of the queues, or in both."""
    texts = park(sqs, parking, 12)
    real, left = getattr(sqs, call), [calls]

    def interrupted(**request: Any) -> Any:
        if left[0]:
            left[0] -= 1
            return real(**request)
        if done:
            real(**request)
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(sqs, call, interrupted)
        # What a killed process has received is in the queue again: here at once, not after a minute.
        patch.setattr("console.rollout.notification_replay._OURS_SECONDS", 0)
        with pytest.raises(Stopped):
            run(sqs, parking, queue)
    handed_on = bodies(sqs, queue)
    run(sqs, parking, queue)
    assert sorted({*handed_on, *bodies(sqs, queue)}) == texts
    assert count_messages(sqs, parking).messages == 0


def test_what_is_parked_again_is_not_handed_on_for_ever(sqs: Any, parking: str, queue: str) -> None:
    """A message that came into the queue after the replay began stays, and is counted."""
    park(sqs, parking, 3)
    assert run(sqs, parking, queue, now=time.time() - 60) == ReplayedMessages(0, 3)
    assert bodies(sqs, queue) == []
    assert count_messages(sqs, parking).messages == 3


def test_progress_is_reported(sqs: Any, parking: str, queue: str) -> None:
    """Each batch reports how many are done; more than expected are no error."""
    park(sqs, parking, 3)
    steps: list[tuple[str, int, int]] = []
    replay(sqs, parking, queue, expected=2, now=lambda: time.time() + 1, report=lambda *step: steps.append(step))
    assert steps[0] == ("Replaying", 3, 3)


STACK = Stack("s", "t", "", "Sandbox", notification_queue="N", parking_queue="P")


def test_a_stack_names_its_queues() -> None:
    """Parked ones go to the notifications; with `relay`, what the receiver never took goes to the relay."""
    assert queues_of(STACK, relay=False) == ("P", "N")
    with pytest.raises(Failure, match="RelayUrl"):
        queues_of(STACK, relay=True)
    relaying = Stack("s", "t", "", "Sandbox", relay_queue="R", relay_dead_letters="D")
    assert queues_of(relaying, relay=True) == ("D", "R")
    with pytest.raises(Failure, match="Notifications=pull"):
        queues_of(relaying, relay=False)
    with pytest.raises(Misuse, match="--env"):
        queues_of(Stack("", "t", "", "Sandbox"), relay=False)


def test_the_report_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """Text and document have both numbers."""
    show(ReplayedMessages(2, 1), Output())
    printed = capsys.readouterr().out
    assert "Handed 2 notifications on." in printed
    assert "1 notification came back meanwhile" in printed
    show(ReplayedMessages(0, 0), Output())
    assert capsys.readouterr().out == "Nothing waits there: no notification was handed on.\n"
    show(ReplayedMessages(0, 1), Output())
    assert "came back" in capsys.readouterr().out
    assert ReplayedMessages(2, 1).document() == {"replayed": 2, "parkedAgain": 1}
