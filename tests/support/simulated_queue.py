"""SQS in a process, with a clock of its own: days of waiting pass in a moment.

    queues = SimulatedQueues()
    queues.send_message(QueueUrl=QUEUE, MessageBody=body)    # the calls of boto3's client that our functions make
    queues.run(QUEUE, function, until=queues.now + 3 * DAY)  # what Lambda's event source mapping does meanwhile

Like the service: a standard queue, delivered at least once; a message is hidden from its receipt for the visibility
timeout, and for twelve hours from its receipt at most; fourteen days after it was sent it is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

DAY: Final = 86_400.0
MAX_HIDDEN: Final = 12 * 3_600
KEPT: Final = 14 * DAY
BATCH: Final = 10


@dataclass
class SimulatedMessage:
    """A message. `hidden_until` and `received_at` are instants of the clock."""

    number: int
    body: str
    sent_at: float
    attributes: Mapping[str, Any]
    hidden_until: float = 0.0
    received_at: float = 0.0
    receipts: int = 0

    def record(self) -> dict[str, Any]:
        """Return it as Lambda hands it over."""
        return {
            "messageId": f"message-{self.number}",
            "receiptHandle": f"receipt-{self.number}-{self.receipts}",
            "body": self.body,
            "attributes": {
                "SentTimestamp": str(int(self.sent_at * 1_000)),
                "ApproximateReceiveCount": str(self.receipts),
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "awsRegion": "us-east-1",
        }


@dataclass
class SimulatedQueues:
    """Queues by URL. `now` is UTC epoch seconds; `dropped` holds what was older than fourteen days."""

    now: float = 1_700_000_000.0
    visibility: float = 540.0
    queues: dict[str, list[SimulatedMessage]] = field(default_factory=dict)
    dropped: list[SimulatedMessage] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)  # operations that fail
    sent: int = 0

    def clock(self) -> float:
        return self.now

    def bodies(self, url: str) -> list[str]:
        return [message.body for message in self.queues.get(url, [])]

    def close(self) -> None:
        """Boto3's clients have it."""

    def send_message(self, *, QueueUrl: str, MessageBody: str, MessageAttributes: Any = None) -> dict[str, Any]:  # noqa: N803
        self._allow("SendMessage")
        self.sent += 1
        message = SimulatedMessage(self.sent, MessageBody, self.now, MessageAttributes or {})
        self.queues.setdefault(QueueUrl, []).append(message)
        return {"MessageId": f"message-{self.sent}"}

    def change_message_visibility(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        ReceiptHandle: str,  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
    ) -> dict[str, Any]:
        self._allow("ChangeMessageVisibility")
        for message in self.queues[QueueUrl]:
            if message.record()["receiptHandle"] == ReceiptHandle:
                if self.now + VisibilityTimeout > message.received_at + MAX_HIDDEN:
                    raise _refused("InvalidParameterValue", "ChangeMessageVisibility")
                message.hidden_until = self.now + VisibilityTimeout
        return {}

    def arrive(self, url: str, body: str, at: float) -> None:
        """Put a message into a queue that is sent at an instant to come."""
        self.sent += 1
        self.queues.setdefault(url, []).append(SimulatedMessage(self.sent, body, at, {}, hidden_until=at))

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        for entry in Entries:
            self.send_message(QueueUrl=QueueUrl, MessageBody=entry["MessageBody"])
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def change_message_visibility_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        for entry in Entries:
            self.change_message_visibility(
                QueueUrl=QueueUrl,
                ReceiptHandle=entry["ReceiptHandle"],
                VisibilityTimeout=entry["VisibilityTimeout"],
            )
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def _allow(self, operation: str) -> None:
        if operation in self.refuses:
            raise _refused("ServiceUnavailable", operation)

    def run(self, url: str, function: Callable[[dict[str, Any]], Any], *, until: float) -> int:
        """Hand batches to a function until the clock is at `until` or the queue is empty; returns their number.

        What the function does not report as failed is deleted. Time passes only while no message can be received.
        """
        batches = 0
        while self._advance(url, until):
            ready = [each for each in self.queues[url] if each.hidden_until <= self.now][:BATCH]
            for message in ready:
                message.receipts += 1
                message.received_at, message.hidden_until = self.now, self.now + self.visibility
            answer = function({"Records": [message.record() for message in ready]})
            kept = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            done = {id(message) for message in ready if message.record()["messageId"] not in kept}
            self.queues[url] = [message for message in self.queues[url] if id(message) not in done]
            batches += 1
        return batches

    def _advance(self, url: str, until: float) -> bool:
        """Let time pass until a message can be received; returns whether there is one before `until`."""
        waiting = self.queues.get(url, [])
        if waiting:
            self.now = max(self.now, min(message.hidden_until for message in waiting))
        old = [message for message in waiting if self.now >= message.sent_at + KEPT]
        self.dropped += old
        self.queues[url] = waiting = [message for message in waiting if message not in old]
        return bool(waiting) and self.now <= until


def _refused(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)
