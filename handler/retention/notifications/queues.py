"""The queues of Apple's notifications, over SQS: what is handed to the relay, what is parked, what comes back later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from retention.aws.connection import CallFailedError
from retention.aws.sdk import Client, code_of

# One call takes this many messages, and this many bytes of them together, with room for attributes.
_BATCH: Final = 10
_BATCH_BYTES: Final = 240 * 1024

# A message that cannot be processed now comes back after so many seconds, doubled with every receipt.
FIRST_WAIT: Final = 30
LONGEST_WAIT: Final = 3600

# So many messages are remembered as handed to the relay.
_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """One message as Lambda hands it on. The body and the receipt stay out of every `repr`."""

    message_id: str
    body: str = field(repr=False)
    receipt_handle: str = field(repr=False)
    receive_count: int  # 1 for the first

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> QueuedMessage:
        """Read a record of Lambda's event from SQS."""
        count = str(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))
        return cls(
            record["messageId"], record["body"], record.get("receiptHandle", ""), int(count) if count.isdigit() else 1
        )

    @property
    def wait(self) -> int:
        """The seconds until it comes back."""
        doublings = min(self.receive_count, 12) - 1
        return min(LONGEST_WAIT, FIRST_WAIT << doublings)


class Relay:
    """Hands bodies to the queue of the owner's receiver, where the stack has one.

    What came back to the queue is received again and again while the table is away. A process remembers what it has
    handed on, so that the owner's receiver gets few copies; it may get some, as from Apple.
    """

    def __init__(self, sqs: Client, url: str) -> None:
        self._sqs = sqs
        self._url = url
        self._done: dict[str, None] = {}

    def hand_on(self, messages: Iterable[QueuedMessage]) -> frozenset[str]:
        """Send each body that was not sent yet. Returns the ids of the messages that could not be sent."""
        if not self._url:
            return frozenset()
        failed: set[str] = set()
        for batch in _batches([message for message in messages if message.message_id not in self._done]):
            sent = _sent(self._sqs, self._url, batch)
            failed |= {message.message_id for message in batch} - sent
            self._done.update({message.message_id: None for message in batch if message.message_id in sent})
        for message_id in list(self._done)[: max(0, len(self._done) - _REMEMBERED)]:
            del self._done[message_id]
        return frozenset(failed)


@dataclass(frozen=True, slots=True)
class Parking:
    """The queue for what Apple signed and this release does not understand."""

    sqs: Client = field(repr=False)
    url: str

    def park(self, text: str, reason: str) -> None:
        """Send a body, with the code of why it is parked as its attribute `reason`. Raises CallFailedError."""
        attributes = {"reason": {"DataType": "String", "StringValue": reason}}
        try:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=text, MessageAttributes=attributes)
        except Exception as error:
            raise CallFailedError(code_of(error)) from error


def postpone(sqs: Client, url: str, messages: Sequence[QueuedMessage]) -> frozenset[str]:
    """Let messages come back later, each after its `wait`. Returns the ids of those that keep the queue's own time."""
    failed: set[str] = set()
    for start in range(0, len(messages), _BATCH):
        batch = messages[start : start + _BATCH]
        entries = [
            {"Id": str(number), "ReceiptHandle": message.receipt_handle, "VisibilityTimeout": message.wait}
            for number, message in enumerate(batch)
        ]
        try:
            answer = sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
        except Exception:  # noqa: BLE001  # the SDK raises almost anything; the queue has a time of its own
            failed |= {message.message_id for message in batch}
            continue
        failed |= {batch[int(entry["Id"])].message_id for entry in answer.get("Failed", ())}
    return frozenset(failed)


def _sent(sqs: Client, url: str, batch: Sequence[QueuedMessage]) -> set[str]:
    """Send one batch of bodies. Returns the ids of the messages that the queue has taken."""
    entries = [{"Id": str(number), "MessageBody": message.body} for number, message in enumerate(batch)]
    try:
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    except Exception:  # noqa: BLE001  # the SDK raises almost anything; what was not taken is sent again
        return set()
    return {batch[int(entry["Id"])].message_id for entry in answer.get("Successful", ())}


def _batches(messages: Sequence[QueuedMessage]) -> Iterator[list[QueuedMessage]]:
    """Yield messages in batches that SQS takes."""
    batch: list[QueuedMessage] = []
    size = 0
    for message in messages:
        length = len(message.body.encode("utf-8", "surrogatepass"))
        if batch and (len(batch) == _BATCH or size + length > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch
