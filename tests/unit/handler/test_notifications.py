"""One batch of the queue: relayed, taken in, and returned to the queue in part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from boto3 import client as aws
from moto import mock_aws
from retention.aws.deadline import Deadline
from retention.background_settings import NotificationsDeployment
from retention.errors import ConfigurationError
from retention.notifications.queues import Parking, Relay

from tests.minting.certificates import NOW
from tests.minting.notifications import body, notification
from tests.support.fake_table import APP
from tests.support.intake_on_fakes import IntakeOnFakes
from tests.support.notifications_entry import VARIABLES, FunctionContext, batch_of, notifications_entry

RENEWED = body(notification("DID_RENEW"))
ODD = body(notification(transaction={"price": "9.99"}))


@pytest.fixture(scope="module")
def entry() -> Iterator[ModuleType]:
    with notifications_entry() as module:
        yield module


@dataclass
class QueueBench:
    """The queues on moto, the table in memory, and one function between them."""

    module: ModuleType
    sqs: Any
    urls: dict[str, str]
    fakes: IntakeOnFakes

    def __post_init__(self) -> None:
        self.relay = Relay(self.sqs, self.urls["relay"])
        self.last: list[dict[str, Any]] = []

    def send(self, *bodies: str) -> None:
        for text in bodies:
            self.sqs.send_message(QueueUrl=self.urls["queue"], MessageBody=text)

    def run(self, milliseconds: int = 60_000) -> list[str]:
        """Receive one batch as an event source mapping does, and delete what the function settled."""
        received = self.last = self.received("queue")
        made = self.fakes.intake()
        intake = self.module.Intake(
            *(made.verifier, made.apps, Parking(self.sqs, self.urls["parking"]), made.telemetry),
            *(made.environment, made.known_leaves, made.clock),
        )
        function = self.module.TakeIn(intake, self.relay, self.sqs, self.urls["queue"], self.fakes.lines)
        answer = function.run(batch_of(received), FunctionContext(milliseconds))
        failed = [entry["itemIdentifier"] for entry in answer["batchItemFailures"]]
        for message in received:
            if message["MessageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.urls["queue"], ReceiptHandle=message["ReceiptHandle"])
        return failed

    def show_again(self) -> None:
        """End the wait of the first message of the last batch, as time would."""
        handle = self.last[0]["ReceiptHandle"]
        self.sqs.change_message_visibility(QueueUrl=self.urls["queue"], ReceiptHandle=handle, VisibilityTimeout=0)

    def received(self, name: str) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.urls[name], MaxNumberOfMessages=10, AttributeNames=["All"], VisibilityTimeout=1000
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def held(self, name: str) -> tuple[int, int]:
        """Return how many messages a queue has: visible, and hidden until they come back."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found = self.sqs.get_queue_attributes(QueueUrl=self.urls[name], AttributeNames=list(names))["Attributes"]
        return int(found[names[0]]), int(found[names[1]])


@pytest.fixture
def bench(entry: ModuleType) -> Iterator[QueueBench]:
    with mock_aws():
        sqs = aws("sqs")
        urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("queue", "parking", "relay")}
        yield QueueBench(entry, sqs, urls, IntakeOnFakes())


def test_a_batch_is_relayed_and_taken_in(bench: QueueBench) -> None:
    """What is settled leaves the queue; the owner's receiver gets every body, also one that we do not understand."""
    bench.send(RENEWED, ODD, "junk")
    assert bench.run() == []
    assert bench.held("queue") == (0, 0)
    assert sorted(each["Body"] for each in bench.received("relay")) == sorted([RENEWED, ODD, "junk"])
    assert [each["Body"] for each in bench.received("parking")] == [ODD]
    assert bench.fakes.lines.counted == {
        "NotificationsMerged": [1],
        "NotificationsNothingNew": [0],
        "NotificationsParked": [1],
        "NotificationsForged": [0],
        "NotificationsJunk": [1],
    }


def test_what_cannot_be_taken_in_now_comes_back(bench: QueueBench) -> None:
    """It fails its part of the batch alone, is hidden for a while, and is not relayed a second time."""

    def away(_operation: str, _request: dict[str, Any]) -> None:
        raise ConnectionError

    bench.fakes.call = away
    bench.send(RENEWED, "junk")
    assert len(bench.run()) == 1
    assert bench.held("queue") == (0, 1)
    bench.show_again()
    bench.fakes.call = None
    assert bench.run() == []
    assert bench.fakes.row() is not None
    assert bench.held("relay") == (2, 0)


def test_what_was_not_relayed_comes_back_although_it_was_taken_in(bench: QueueBench) -> None:
    """The owner's receiver gets it later; the row has it already."""
    bench.relay = Relay(bench.sqs, "https://sqs.us-east-1.amazonaws.com/123456789012/none")
    bench.send(RENEWED)
    assert len(bench.run()) == 1
    assert bench.fakes.row() is not None
    assert bench.fakes.lines.counted["NotificationsNotRelayed"] == [1]


def test_a_batch_without_time_comes_back(bench: QueueBench) -> None:
    """What cannot be finished before Lambda ends the function is not begun."""
    bench.send(RENEWED)
    assert len(bench.run(milliseconds=1000)) == 1
    assert bench.fakes.row() is None


def test_a_message_that_cannot_be_postponed_is_reported(bench: QueueBench) -> None:
    """It keeps the queue's own time: a warning, and no failure."""
    bench.fakes.now = NOW - timedelta(hours=1)
    bench.send(RENEWED)
    bench.sqs.change_message_visibility_batch = lambda **_: {"Failed": [{"Id": "0"}]}
    assert len(bench.run()) == 1
    assert "not postponed" in bench.fakes.lines.words


def test_an_event_without_messages_is_settled(entry: ModuleType) -> None:
    """Lambda's console sends such an event as a test."""
    assert entry.take_in({}, None) == {"batchItemFailures": []}
    assert entry.take_in({"Records": []}, FunctionContext()) == {"batchItemFailures": []}


def test_the_stack_s_variables_wire_it(entry: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queues, app and environment are those of the variables, and nothing is called."""
    deployment = NotificationsDeployment.from_env(VARIABLES)
    made = entry.wire(deployment, entry.Telemetry())
    assert made.take_in.queue_url == VARIABLES["RETENTION_QUEUE_URL"]
    assert made.intake.parking.url == VARIABLES["RETENTION_PARKING_QUEUE_URL"]
    assert (made.intake.apps.ids, made.intake.environment) == ((APP,), "Production")
    monkeypatch.setenv("RETENTION_PARKING_QUEUE_URL", "")
    with pytest.raises(ConfigurationError):
        entry.start()


def test_a_start_that_is_refused_is_logged(
    entry: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has a stable code, and names the variable."""
    monkeypatch.setenv("RETENTION_NOTIFICATIONS", "perhaps")
    with pytest.raises(ConfigurationError):
        entry.start()
    [record] = caplog.records
    assert (record.getMessage(), vars(record)["reason"]) == ("refused to start", "variable_invalid")


@pytest.mark.parametrize(
    ("context", "seconds"),
    [(FunctionContext(300_000), 300 - 15.0), (None, 600.0)],
    ids=["in Lambda", "outside"],
)
def test_the_schedule_pulls_until_shortly_before_lambda_ends_it(
    entry: ModuleType, monkeypatch: pytest.MonkeyPatch, context: FunctionContext | None, seconds: float
) -> None:
    """The rest of the time is for what was begun."""
    left: list[float] = []

    class Pull:
        def run(self, deadline: Deadline) -> dict[str, Any]:
            left.append(deadline.left())
            return {"apps": []}

    monkeypatch.setattr(entry, "NOTIFICATIONS", replace(entry.NOTIFICATIONS, pull=Pull()))
    assert entry.pull({}, context) == {"apps": []}
    assert seconds - 60 < left[0] <= seconds


@pytest.mark.parametrize(("mode", "pushed"), [("pull", False), ("push", True)])
def test_the_pull_is_wired_by_the_stacks_mode(entry: ModuleType, mode: str, *, pushed: bool) -> None:
    """Where notifications are pushed, the pull is their repair. Its key ring is new in each run."""
    deployment = NotificationsDeployment.from_env({**VARIABLES, "RETENTION_NOTIFICATIONS": mode})
    made = entry.wire(deployment, entry.Telemetry())
    assert made.pull.pushed is pushed
    assert made.pull.intake is made.intake
    assert made.pull.keys() is not made.pull.keys()
