"""The relay: one post for each body, the waits between its attempts, and the end after thirteen days."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from retention.aws.sdk import SdkConnection
from retention.notifications import relaying
from retention.notifications.relaying import (
    DEAD,
    DELIVERED,
    GIVE_UP_SECONDS,
    LONGEST_WAIT,
    WAITING,
    OwnerRelay,
    Posted,
    Receiver,
    Relayed,
    RelayMessage,
    wait_after,
)

from tests.support.simulated_queue import KEPT, MAX_HIDDEN, SimulatedQueues

URL: Final = "http://localhost:8443/apple/notifications?app=1"
BODY: Final = '{"signedPayload":"eyJ0.é.sig"}'
QUEUE, DEAD_LETTERS = "https://sqs.example.com/1/relay", "https://sqs.example.com/1/dead"


# One post


@dataclass
class FakeConnection:
    """In the place of http.client's connection: what it is to answer, and what was sent."""

    answer: Callable[[], int]
    content: Callable[[], bytes] = lambda: b""
    sent: list[tuple[Any, ...]] = field(default_factory=list)
    closed: int = 0
    sock: Any = None

    def request(self, *given: Any) -> None:
        self.sent.append(given)

    def getresponse(self) -> Any:
        status = self.answer()
        return type("FakeResponse", (), {"status": status, "read": lambda *_: self.content()})()

    def close(self) -> None:
        self.closed += 1


def receiver(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], int]) -> tuple[Receiver, FakeConnection]:
    connection = FakeConnection(answer)
    monkeypatch.setattr(Receiver, "_connect", lambda _: connection)
    return Receiver(URL), connection


def test_it_is_one_post_of_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The body is sent as it is, as JSON, to the path and query of the URL, and the connection is closed."""
    made, connection = receiver(monkeypatch, lambda: 200)
    assert made.post(BODY.encode()) == Posted(200)
    ((method, target, body, headers),) = connection.sent
    assert (method, target, body) == ("POST", "/apple/notifications?app=1", BODY.encode())
    assert headers["content-type"] == "application/json"
    assert connection.closed == 1
    assert made.host == "localhost"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        *((status, "") for status in (200, 201, 202, 204, 206, 299)),
        *((status, "redirected") for status in (301, 302, 303, 307, 308)),
        *((status, "refused") for status in (400, 401, 404, 405, 410, 429)),
        *((status, "failed") for status in (500, 502, 503, 504)),
        (600, "unexpected"),
    ],
)
def test_only_a_status_of_success_is_a_delivery(monkeypatch: pytest.MonkeyPatch, status: int, reason: str) -> None:
    """Each 2xx is a delivery. A redirect is not followed: it is a failure with a reason of its own."""
    made, connection = receiver(monkeypatch, lambda: status)
    assert made.post(b"{}") == Posted(status, reason)
    assert len(connection.sent) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionResetError("secret"), "unreachable"),
        (ConnectionRefusedError("secret"), "unreachable"),
        (http.client.RemoteDisconnected("secret"), "unreachable"),
        (http.client.BadStatusLine("secret"), "unreachable"),
        (OSError("secret"), "unreachable"),
        (TimeoutError("secret"), "timed_out"),
    ],
)
def test_no_exception_of_a_connection_leaves_a_post(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    """The result names the class of the exception, never its text, which may quote what was sent."""

    def fail() -> int:
        raise error

    made, connection = receiver(monkeypatch, fail)
    posted = made.post(b"{}")
    assert posted == Posted(0, reason, type(error).__name__)
    assert "secret" not in repr(posted)
    assert connection.closed == 1


def test_a_receiver_that_does_not_answer_in_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket of a post that was given up is shut, so that its thread ends."""
    shut = threading.Event()

    def answer() -> int:
        shut.wait(60)
        raise ConnectionResetError

    made, connection = receiver(monkeypatch, answer)
    connection.sock = type("FakeSocket", (), {"shutdown": lambda *_: shut.set()})()
    made._seconds = 0.01
    assert made.post(b"{}") == Posted(0, "timed_out", "OutOfTimeError")
    assert shut.is_set()


@pytest.mark.parametrize(("status", "reason"), [(200, ""), (503, "failed")])
def test_a_status_counts_before_the_answer_has_ended(monkeypatch: pytest.MonkeyPatch, status: int, reason: str) -> None:
    """A receiver that answers and then sends its own body without end has taken ours, or refused it."""
    shut = threading.Event()

    def content() -> bytes:
        shut.wait(60)
        raise ConnectionResetError

    made, connection = receiver(monkeypatch, lambda: status)
    connection.content = content
    connection.sock = type("FakeSocket", (), {"shutdown": lambda *_: shut.set()})()
    made._seconds = 0.2
    assert made.post(b"{}") == Posted(status, reason)
    assert shut.is_set()


def test_a_receiver_elsewhere_is_called_over_tls_under_the_public_roots() -> None:
    """An https URL is verified under the public roots; its port may be another than 443."""
    connection = Receiver("https://receiver.example.com:8443/asn")._connect()
    assert isinstance(connection, http.client.HTTPSConnection)
    assert (connection.host, connection.port) == ("receiver.example.com", 8443)
    assert Receiver("https://receiver.example.com/asn")._roots is not None


# The waits


def test_the_waits_grow_to_twelve_hours() -> None:
    """A minute, 5, 30, two hours, six hours, and then the longest that SQS hides a message."""
    assert [wait_after(attempts) for attempts in (1, 2, 3, 4, 5)] == [60, 300, 1_800, 7_200, 21_600]
    assert {wait_after(attempts) for attempts in range(6, 100)} == {LONGEST_WAIT}


def test_a_batch_may_begin_before_a_body_is_hidden() -> None:
    """SQS counts twelve hours from the receipt: the posts of the batch before fit into what the longest wait leaves."""
    assert MAX_HIDDEN - LONGEST_WAIT > 10 * relaying.POST_SECONDS
    assert LONGEST_WAIT > 11 * 3_600


def test_the_last_attempt_comes_before_the_queue_drops_the_message() -> None:
    """After the thirteenth day there is still an attempt before the fourteenth ends, whichever wait came before."""
    assert GIVE_UP_SECONDS == 13 * 86_400
    assert GIVE_UP_SECONDS + LONGEST_WAIT + 3_600 < KEPT


# What becomes of a message


@dataclass
class FakeReceiver:
    """Answers every post alike."""

    posted: Posted
    bodies: list[bytes] = field(default_factory=list)

    def post(self, body: bytes) -> Posted:
        self.bodies.append(body)
        return self.posted


REFUSED: Final = Posted(503, "failed")


def relay(queues: SimulatedQueues, posted: Posted) -> tuple[OwnerRelay, FakeReceiver]:
    fake = FakeReceiver(posted)
    return OwnerRelay(fake, SdkConnection(queues), QUEUE, DEAD_LETTERS, queues.clock), fake  # type: ignore[arg-type]  # a fake


def received(queues: SimulatedQueues, attempts: int = 1, age: float = 0.0) -> RelayMessage:
    """Put the body into the queue, and receive it."""
    queues.send_message(QueueUrl=QUEUE, MessageBody=BODY)
    (message,) = queues.queues[QUEUE]
    message.receipts, message.received_at, message.sent_at = attempts, queues.now, queues.now - age
    record = message.record()
    return RelayMessage.of(record["body"], record["receiptHandle"], record["attributes"])


def test_a_body_that_was_taken_may_leave_the_queue() -> None:
    """One post, and no call of SQS: Lambda deletes the message."""
    queues = SimulatedQueues()
    made, fake = relay(queues, Posted(200))
    assert made.take(received(queues)) == Relayed(DELIVERED, Posted(200))
    assert fake.bodies == [BODY.encode()]
    assert queues.queues[QUEUE][0].hidden_until == 0


@pytest.mark.parametrize("attempts", [1, 2, 3, 4, 5, 6, 25])
def test_a_body_that_was_not_taken_is_hidden(attempts: int) -> None:
    """It stays in the queue, and comes back after the wait of its attempt."""
    queues = SimulatedQueues()
    made, _ = relay(queues, REFUSED)
    message = received(queues, attempts)
    assert made.take(message) == Relayed(WAITING, REFUSED, wait_after(attempts))
    assert queues.queues[QUEUE][0].hidden_until == queues.now + wait_after(attempts)
    assert queues.bodies(DEAD_LETTERS) == []


@pytest.mark.parametrize(("posted", "last"), [(REFUSED, "503"), (Posted(0, "timed_out", "TimeoutError"), "timed_out")])
def test_after_thirteen_days_it_goes_to_the_dead_letters(posted: Posted, last: str) -> None:
    """The same body becomes a new message there, with its last failure, and may leave the queue."""
    queues = SimulatedQueues()
    made, _ = relay(queues, posted)
    assert made.take(received(queues, 31, age=GIVE_UP_SECONDS)) == Relayed(DEAD, posted)
    (dead,) = queues.queues[DEAD_LETTERS]
    assert (dead.body, dead.sent_at) == (BODY, queues.now)
    assert dead.attributes == {"lastFailure": {"DataType": "String", "StringValue": last}}


def test_a_receiver_that_is_back_after_thirteen_days_still_gets_it() -> None:
    """The last attempt comes before the dead letters."""
    queues = SimulatedQueues()
    made, _ = relay(queues, Posted(204))
    assert made.take(received(queues, 31, age=GIVE_UP_SECONDS)).fate == DELIVERED
    assert queues.bodies(DEAD_LETTERS) == []


@pytest.mark.parametrize(
    ("operation", "age"), [("ChangeMessageVisibility", 0.0), ("SendMessage", float(GIVE_UP_SECONDS))]
)
def test_a_failure_of_sqs_loses_no_body(operation: str, age: float) -> None:
    """Neither a body that could not be hidden nor one that could not be buried may leave the queue."""
    queues = SimulatedQueues()
    made, _ = relay(queues, REFUSED)
    message = received(queues, age=age)
    queues.refuses.add(operation)
    assert made.take(message) == Relayed(WAITING, REFUSED, None, "ServiceUnavailable")


def test_a_message_without_sqs_s_attributes_has_just_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message without its attributes, or with damaged ones, is never taken for an old one."""
    monkeypatch.setattr("retention.notifications.relaying.time.time", lambda: 5.0)
    for attributes in ({}, {"SentTimestamp": "then", "ApproximateReceiveCount": "many"}):
        assert RelayMessage.of("b", "r", attributes) == RelayMessage("b", "r", 1, 5.0)
    full = {"SentTimestamp": "1500", "ApproximateReceiveCount": "0"}
    assert RelayMessage.of("b", "r", full) == RelayMessage("b", "r", 1, 1.5)
