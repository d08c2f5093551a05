"""Hand the messages of a queue to a function, as Lambda's event source mapping does in AWS.

A batch has up to ten messages. What the function does not name as failed is deleted; the rest comes back after the time
that the function has set, or after the queue's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, Final

from retention.aws.sdk import Client

_BATCH: Final = 10
# In AWS the mapping waits for up to 20 s in one call; here the pauses are short, so that Ctrl-C ends at once.
_PAUSE_SECONDS: Final = 0.2

# The handler of a Lambda function, and what it answers.
Handler = Callable[[dict[str, Any], None], Mapping[str, Any]]


@dataclass(slots=True)
class QueuePump:
    """Receives from the queue with the URL `queue` from `start` to `stop`. `report` gets the text of an error."""

    sqs: Client = field(repr=False)
    queue: str
    handler: Handler
    report: Callable[[str], None]
    _stopping: Event = field(default_factory=Event, init=False)
    _thread: Thread | None = field(default=None, init=False)

    def start(self) -> None:
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the batch that is being processed end, and receive no other."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def once(self) -> int:
        """Process one batch; return how many messages it had."""
        received = self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=_BATCH, AttributeNames=["All"], MessageAttributeNames=["All"]
        ).get("Messages", [])
        if not received:
            return 0
        answer = self.handler({"Records": [lambda_record(message) for message in received]}, None)
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", ())}
        for message in received:
            if message["MessageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return len(received)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                found = self.once()
            except Exception as error:  # noqa: BLE001  # as Lambda: the batch comes back, and the mapping goes on
                self.report(f"The queue's batch failed ({type(error).__name__}); it comes back.")
                found = 0
            if not found:
                self._stopping.wait(_PAUSE_SECONDS)


def lambda_record(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message of SQS as Lambda hands it on."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": "",
        "awsRegion": "",
    }
