"""The relay's entry point: which messages of a batch SQS has to keep, what is logged, and what is counted."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, Final

import pytest
from retention.errors import ConfigurationError
from retention.notifications.relaying import GIVE_UP_SECONDS, Posted

from tests.support.relay_entry import CONTEXT, DEAD_LETTERS, QUEUE, VARIABLES, lines_of, relay_entry, relay_to
from tests.support.simulated_queue import SimulatedQueues

BODY: Final = '{"signedPayload":"a-token-of-apple"}'


@dataclass
class FakeReceiver:
    """Answers by body, and otherwise with 200."""

    answers: dict[str, Posted] = field(default_factory=dict)
    host: str = "receiver.example.com"

    def post(self, body: bytes) -> Posted:
        return self.answers.get(body.decode(), Posted(200))


@pytest.fixture
def queues() -> SimulatedQueues:
    return SimulatedQueues()


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch, queues: SimulatedQueues) -> Iterator[ModuleType]:
    """The entry point on simulated queues."""
    with relay_entry() as module:
        given = relay_to("http://localhost:1/", queues)
        receiver: Any = FakeReceiver()
        monkeypatch.setattr(module, "RELAY", replace(given, receiver=receiver))
        yield module


def receive(queues: SimulatedQueues, *bodies: str, age: float = 0.0) -> dict[str, Any]:
    for body in bodies:
        queues.send_message(QueueUrl=QUEUE, MessageBody=body)
    for message in queues.queues[QUEUE]:
        message.receipts, message.received_at, message.sent_at = 2, queues.now, queues.now - age
    return {"Records": [message.record() for message in queues.queues[QUEUE]]}


def test_sqs_keeps_what_was_not_taken(
    relay: ModuleType, queues: SimulatedQueues, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a batch only the messages whose bodies the receiver did not take are reported as failed."""
    relay.RELAY.receiver.answers = {"b": Posted(503, "failed"), "d": Posted(0, "timed_out", "OutOfTimeError")}
    answer = relay.forward(receive(queues, "a", "b", "c", "d"), CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-2"}, {"itemIdentifier": "message-4"}]}
    lines, counted = lines_of(capsys.readouterr().out)
    assert counted == {"RelayDelivered": 2, "RelayFailed": 2, "RelayDead": 0}
    failed, late = lines
    shown = ("message", "level", "host", "status", "reason", "attempt", "nextSeconds", "messageId")
    assert [failed[name] for name in shown] == [
        *("relay failed", "WARNING", "receiver.example.com", 503, "failed", 2, 300, "message-2"),
    ]
    assert (late["reason"], late["error"]) == ("timed_out", "OutOfTimeError")
    assert "status" not in late


def test_a_redirect_is_named_in_the_log(
    relay: ModuleType, queues: SimulatedQueues, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line of a redirect has its status and the reason `redirected`, so that the owner corrects the URL."""
    relay.RELAY.receiver.answers = {"a": Posted(302, "redirected")}
    relay.forward(receive(queues, "a"), CONTEXT)
    (line,), _ = lines_of(capsys.readouterr().out)
    assert (line["reason"], line["status"]) == ("redirected", 302)


def test_a_batch_of_failures_is_no_failure_of_the_function(relay: ModuleType, queues: SimulatedQueues) -> None:
    """If the receiver takes nothing, the function still returns: Lambda would call one that fails less often."""
    relay.RELAY.receiver.answers = {body: Posted(500, "failed") for body in "abcdefghij"}
    assert len(relay.forward(receive(queues, *"abcdefghij"), CONTEXT)["batchItemFailures"]) == 10


def test_the_end_of_the_attempts_is_an_error(
    relay: ModuleType, queues: SimulatedQueues, capsys: pytest.CaptureFixture[str]
) -> None:
    """After thirteen days the body is in the dead-letter queue, has left the other one, and is logged and counted."""
    relay.RELAY.receiver.answers = {"a": Posted(404, "refused")}
    assert relay.forward(receive(queues, "a", age=GIVE_UP_SECONDS), CONTEXT) == {"batchItemFailures": []}
    assert queues.bodies(DEAD_LETTERS) == ["a"]
    (line,), counted = lines_of(capsys.readouterr().out)
    assert (line["message"], line["level"], line["status"]) == ("relay gave up", "ERROR", 404)
    assert counted == {"RelayDelivered": 0, "RelayFailed": 0, "RelayDead": 1}


def test_a_failure_of_sqs_is_in_the_line(
    relay: ModuleType, queues: SimulatedQueues, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line has the code of SQS's error, and no wait: the message comes back when the queue's own time is over."""
    relay.RELAY.receiver.answers = {"a": Posted(500, "failed")}
    event = receive(queues, "a")
    queues.refuses.add("ChangeMessageVisibility")
    assert relay.forward(event, CONTEXT)["batchItemFailures"] == [{"itemIdentifier": "message-1"}]
    (line,), _ = lines_of(capsys.readouterr().out)
    assert line["call"] == "ServiceUnavailable"
    assert "nextSeconds" not in line


@pytest.mark.parametrize("posted", [Posted(200), Posted(302, "redirected"), Posted(0, "unreachable", "OSError")])
@pytest.mark.parametrize("age", [0.0, float(GIVE_UP_SECONDS)])
def test_neither_a_body_nor_the_url_is_printed(
    relay: ModuleType, queues: SimulatedQueues, capsys: pytest.CaptureFixture[str], posted: Posted, age: float
) -> None:
    """A body holds Apple's tokens, and the path and the query of the URL may be the owner's secrets."""
    relay.RELAY.receiver.answers = {BODY: posted}
    relay.forward(receive(queues, BODY, age=age), CONTEXT)
    printed = "".join(capsys.readouterr())
    for secret in ("a-token-of-apple", "a-secret-of-the-owner", "/apple", "receipt-"):
        assert secret not in printed


def test_a_wrong_url_stops_the_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The line names the variable and not its value."""
    with relay_entry() as module:
        monkeypatch.setenv("RETENTION_RELAY_URL", "http://receiver.example.com/a-secret-of-the-owner")
        with pytest.raises(ConfigurationError):
            module.start()
    printed = "".join(capsys.readouterr())
    assert "RETENTION_RELAY_URL" in printed
    assert "a-secret-of-the-owner" not in printed


def test_the_module_is_wired_by_its_variables() -> None:
    """The receiver and both queues are those of the variables."""
    with relay_entry():
        relay = importlib.import_module("relay").start()
        assert (relay.receiver.host, relay.queue_url, relay.dead_letters_url) == (
            *("receiver.example.com", QUEUE),
            VARIABLES["RETENTION_RELAY_DEAD_LETTERS_URL"],
        )
