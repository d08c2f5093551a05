"""`retention notifications replay`: hand parked notifications on again, once an updated stack understands them.

A message is deleted from the parking queue after the notification queue has taken it. Killed in between, it is in both:
the function then takes in a copy, which changes nothing, and the next replay hands it on once more. In the same way,
what the owner's receiver never took is handed to the relay's queue again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from console.deployment.stack import Stack
from console.terminal.failure import Failure, Misuse
from console.terminal.output import Output, ReportProgress
from console.terminal.words import plural

_BATCH: Final = 10
# For how long the messages of one batch are ours; then they are in the parking queue again.
_OURS_SECONDS: Final = 60
# A receive can come back empty although there are messages, so one is not enough to end.
_EMPTY_RECEIVES: Final = 3
_WAIT_SECONDS: Final = 1


@dataclass(frozen=True, slots=True)
class ReplayedMessages:
    """`sent` messages were handed on; `parked_again` came into the queue since the replay began, and stay."""

    sent: int
    parked_again: int

    def document(self) -> dict[str, int]:
        """Return the --json document."""
        return {"replayed": self.sent, "parkedAgain": self.parked_again}


def replay(
    sqs: Any,  # noqa: ANN401  # boto3 makes clients at run time
    source: str,
    queue: str,
    *,
    expected: int,
    now: Callable[[], float],
    report: ReportProgress,
) -> ReplayedMessages:
    """Send each message that is in `source` now to `queue`, then delete it from `source`; both are queue URLs.

    `expected` is how many there may be, for the progress; `now` returns UNIX seconds. Raises Failure where SQS does not
    take or delete a message.
    """
    began_ms = int(now() * 1000)
    sent, again, empty = 0, set[str](), 0
    while empty < _EMPTY_RECEIVES:
        received = sqs.receive_message(
            QueueUrl=source,
            MaxNumberOfMessages=_BATCH,
            VisibilityTimeout=_OURS_SECONDS,
            WaitTimeSeconds=_WAIT_SECONDS,
            AttributeNames=["SentTimestamp"],
        ).get("Messages", [])
        mine = [message for message in received if _sent_at(message) <= began_ms]
        newer = {message["MessageId"] for message in received} - {message["MessageId"] for message in mine}
        _hand_on(sqs, source, queue, mine)
        sent += len(mine)
        again |= newer
        empty = 0 if mine else empty + 1
        report("Replaying", sent, max(expected, sent))
    return ReplayedMessages(sent, len(again))


def _sent_at(message: dict[str, Any]) -> int:
    return int(message.get("Attributes", {}).get("SentTimestamp", 0))


def _hand_on(sqs: Any, source: str, queue: str, messages: Sequence[dict[str, Any]]) -> None:  # noqa: ANN401  # likewise
    for message in messages:
        # One by one: ten together may be more than SQS takes in one call.
        sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])


def queues_of(stack: Stack, *, relay: bool) -> tuple[str, str]:
    """Return the URLs of the queue to take from and of the one to send to.

    With `relay`, from what the owner's receiver never took, to what it is sent. Raises Failure where there are none.
    """
    if stack.learns is None:
        raise Misuse("The outputs of the stack are needed: name its environment with --env, instead of the table.")
    if relay and not (stack.relay_dead_letters and stack.relay_queue):
        raise Failure("This stack sends nothing on to a receiver: deploy with RelayUrl first.")
    if relay:
        return stack.relay_dead_letters, stack.relay_queue
    if not (stack.parking_queue and stack.notification_queue):
        raise Failure("This stack takes in no notifications: deploy with Notifications=pull or Notifications=push.")
    return stack.parking_queue, stack.notification_queue


def show(done: ReplayedMessages, out: Output) -> None:
    """Print how many were handed on, and how many came back."""
    out.document(done.document())
    if done.sent:
        out.print(f"Handed {plural(done.sent, 'notification')} on.", "green")
    elif not done.parked_again:
        out.print("Nothing waits there: no notification was handed on.")
    if done.parked_again:
        out.print(
            f"{plural(done.parked_again, 'notification')} came back meanwhile: the stack's version does not understand"
            " them. The log of notifications names the reason.",
            "red",
        )
