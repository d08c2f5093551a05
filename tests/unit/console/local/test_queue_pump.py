"""A queue's messages in a function's hands, as by Lambda's event source mapping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from boto3 import client as aws
from moto import mock_aws

from console.local.queue_pump import QueuePump
from tests.support.waiting import eventually


@pytest.fixture
def sqs() -> Iterator[Any]:
    with mock_aws():
        yield aws("sqs", region_name="us-east-1")


@pytest.fixture
def queue(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName="queue", Attributes={"VisibilityTimeout": "0"})["QueueUrl"])


class Function:
    """Notes the bodies it is handed, and fails those in `fails`."""

    def __init__(self, *fails: str) -> None:
        self.fails = fails
        self.batches: list[list[str]] = []

    def __call__(self, event: dict[str, Any], _: None) -> dict[str, Any]:
        records = event["Records"]
        self.batches.append([record["body"] for record in records])
        assert all(record["eventSource"] == "aws:sqs" and record["receiptHandle"] for record in records)
        assert all(record["attributes"]["ApproximateReceiveCount"] for record in records)
        failed = [record["messageId"] for record in records if record["body"] in self.fails]
        return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}


def send(sqs: Any, queue: str, *bodies: str) -> None:
    for body in bodies:
        sqs.send_message(QueueUrl=queue, MessageBody=body)


def test_a_batch_has_up_to_ten_messages(sqs: Any, queue: str) -> None:
    """Twelve messages are two batches; what the function has taken is deleted."""
    function = Function()
    pump = QueuePump(sqs, queue, function, print)
    send(sqs, queue, *(f"{number}" for number in range(12)))
    assert [pump.once(), pump.once(), pump.once()] == [10, 2, 0]
    assert sorted(body for batch in function.batches for body in batch) == sorted(map(str, range(12)))


def test_what_failed_comes_back(sqs: Any, queue: str) -> None:
    """A message that the function names as failed is received again, alone."""
    function = Function("bad")
    pump = QueuePump(sqs, queue, function, print)
    send(sqs, queue, "good", "bad")
    pump.once()
    pump.once()
    assert (sorted(function.batches[0]), function.batches[1]) == (["bad", "good"], ["bad"])


def test_a_function_that_raises_gets_the_batch_again(sqs: Any, queue: str) -> None:
    """The pump goes on after an error, and the messages are still there."""
    calls: list[int] = []
    reports: list[str] = []

    def function(event: dict[str, Any], _: None) -> dict[str, Any]:
        calls.append(len(event["Records"]))
        if len(calls) == 1:
            raise KeyError("secret")
        return {}

    pump = QueuePump(sqs, queue, function, reports.append)
    send(sqs, queue, "body")
    pump.start()
    try:
        assert eventually(lambda: len(calls) == 2)
    finally:
        pump.stop()
    assert reports == ["The queue's batch failed (KeyError); it comes back."]
