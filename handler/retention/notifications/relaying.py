"""Sends each notification on to the owner's own receiver, as the same bytes, until that has taken it.

An owner's entitlements may hang on what arrives there. So nothing here reads a notification: neither its signature nor
its shape decides whether it is sent. Apple promises its receivers delivery at least once, in any order, and a relay
can promise no more than that.

A body that the receiver did not take stays in the relay's queue, hidden for a while that grows with each attempt. Who
counts is this module and not the queue: a receive count would also grow while the function itself cannot run.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from socket import SHUT_RDWR
from typing import Final
from urllib.parse import urlsplit

from retention.appstore.transport import public_roots
from retention.aws.connection import CallFailedError
from retention.aws.deadline import Deadline, Workers
from retention.aws.sdk import SdkConnection

# Of one post, from looking up the host's name to the status line.
POST_SECONDS: Final = 5.0

# How long a body waits after its first attempt, its second and so on; after the last of these, always LONGEST_WAIT.
WAITS: Final = (60, 5 * 60, 30 * 60, 2 * 3_600, 6 * 3_600)

# SQS hides a message for twelve hours at most, counted from its receipt, and refuses a request that would end later.
# The five minutes are for the attempts of the batch that come before it.
LONGEST_WAIT: Final = 12 * 3_600 - 5 * 60

# After this age one more failure is the last. The queue keeps a message for fourteen days, so that the attempt after
# the thirteenth day comes before the queue drops it.
GIVE_UP_SECONDS: Final = 13 * 86_400

# As much of an answer's body is read, so that the receiver can finish sending it; its content does not matter.
_MAX_ANSWER: Final = 64 * 1024

_CHANGE, _SEND = "change_message_visibility", "send_message"


@dataclass(frozen=True, slots=True)
class Posted:
    """The result of one post. `status` is the HTTP status, 0 where none came; `reason` is empty if the body was taken.

    `error` is the class of the exception that ended the post, empty where there was none.
    """

    status: int
    reason: str = ""
    error: str = ""


class Receiver:
    """The owner's receiver at one URL: http on this machine, https anywhere else. For one thread.

    Each body has a connection of its own, because a function is frozen between two batches, and a kept connection may
    be dead afterwards without a sign of it. No proxy is asked, and no redirect followed: many programs repeat a POST as
    a GET when they follow one, which drops the body.
    """

    def __init__(self, url: str, *, seconds: float = POST_SECONDS) -> None:
        parts = urlsplit(url)
        self.host: Final = parts.hostname or ""
        self._port = parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._seconds = seconds
        self._roots: ssl.SSLContext | None = public_roots() if parts.scheme == "https" else None
        self._connection: HTTPConnection | None = None
        self._workers = Workers(self._shut)

    def post(self, body: bytes) -> Posted:
        """Send one body as `application/json`. Never raises; waits `seconds` at the most.

        The status decides, as soon as it is there: a receiver that then sends its own body slowly has taken ours.
        """
        answered: list[int] = []
        try:
            self._workers.run(lambda: self._exchange(body, answered.append), Deadline.after(self._seconds))
        except TimeoutError as error:  # the deadline's OutOfTimeError is one too
            failed = Posted(0, "timed_out", type(error).__name__)
        except (OSError, HTTPException, ValueError) as error:
            failed = Posted(0, "unreachable", type(error).__name__)
        return Posted(answered[0], _reason(answered[0])) if answered else failed

    def _exchange(self, body: bytes, answered: Callable[[int], None]) -> None:
        with closing(self._connect()) as connection:
            self._connection = connection
            headers = {"content-type": "application/json", "user-agent": "retention-relay", "connection": "close"}
            connection.request("POST", self._target, body, headers)
            response = connection.getresponse()
            answered(response.status)
            with suppress(
                OSError, HTTPException
            ):  # so that the receiver can finish; a body that breaks off is no failure
                response.read(_MAX_ANSWER)

    def _connect(self) -> HTTPConnection:
        if self._roots is None:
            return HTTPConnection(self.host, self._port, timeout=self._seconds)
        return HTTPSConnection(self.host, self._port, timeout=self._seconds, context=self._roots)

    def _shut(self, _thread: int) -> None:
        """End what an abandoned post waits for: a receiver that sends a byte at a time would keep its thread."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(SHUT_RDWR)


def _reason(status: int) -> str:
    match status // 100:
        case 2:
            return ""
        case 3:
            return "redirected"
        case 4:
            return "refused"
        case 5:
            return "failed"
    return "unexpected"


def wait_after(attempts: int) -> int:
    """Return for how many seconds a body waits that was not taken in its `attempts`-th attempt, counted from 1."""
    return WAITS[attempts - 1] if attempts <= len(WAITS) else LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class RelayMessage:
    """A message of the relay's queue: a body to be sent as it is.

    `receipt` is what SQS calls this receipt of it; `attempts` counts receipts, this one included; `sent_at` is when it
    came into the queue, in UTC epoch seconds.
    """

    body: str
    receipt: str
    attempts: int
    sent_at: float

    @classmethod
    def of(cls, body: str, receipt: str, attributes: Mapping[str, str]) -> RelayMessage:
        """Read SQS's own attributes of a message; without its instant or its count, it has just arrived."""
        sent = attributes.get("SentTimestamp", "")
        count = attributes.get("ApproximateReceiveCount", "")
        return cls(
            body,
            receipt,
            max(1, int(count)) if count.isdecimal() else 1,
            int(sent) / 1_000 if sent.isdecimal() else time.time(),
        )


@dataclass(frozen=True, slots=True)
class Relayed:
    """What became of a message: DELIVERED, WAITING for `wait` seconds, or DEAD, which is in the dead-letter queue.

    `call` is the code of a call to SQS that failed: the message then comes back when the queue's own time is over.
    """

    fate: str
    posted: Posted
    wait: int | None = None
    call: str = ""


DELIVERED: Final = "delivered"
WAITING: Final = "waiting"
DEAD: Final = "dead"


@dataclass(frozen=True, slots=True)
class OwnerRelay:
    """One receiver, and the two queues: where bodies wait, and where they end that no attempt could deliver."""

    receiver: Receiver
    sqs: SdkConnection
    queue_url: str
    dead_letters_url: str
    clock: Callable[[], float] = time.time

    def take(self, message: RelayMessage) -> Relayed:
        """Send a message once. Only a DELIVERED or DEAD one may leave the queue. No failure of SQS is raised."""
        posted = self.receiver.post(message.body.encode())
        if not posted.reason:
            return Relayed(DELIVERED, posted)
        try:
            if self.clock() - message.sent_at >= GIVE_UP_SECONDS:
                self._bury(message, posted)
                return Relayed(DEAD, posted)
            wait = wait_after(message.attempts)
            self._hide(message, wait)
        except CallFailedError as error:
            return Relayed(WAITING, posted, call=error.code)
        return Relayed(WAITING, posted, wait)

    def _hide(self, message: RelayMessage, seconds: int) -> None:
        self.sqs.call(
            _CHANGE, {"QueueUrl": self.queue_url, "ReceiptHandle": message.receipt, "VisibilityTimeout": seconds}
        )

    def _bury(self, message: RelayMessage, posted: Posted) -> None:
        """Send it to the dead-letter queue as a new message, which that queue keeps for fourteen days from now."""
        last = str(posted.status) if posted.status else posted.reason
        attributes = {"lastFailure": {"DataType": "String", "StringValue": last}}
        self.sqs.call(
            _SEND,
            {"QueueUrl": self.dead_letters_url, "MessageBody": message.body, "MessageAttributes": attributes},
        )
