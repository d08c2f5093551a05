"""The relay against a receiver on this machine that is down, slow, failing, redirecting or hangs up, for days."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event, Thread
from types import ModuleType
from typing import Any, Final

import pytest

from console.simulator.api import HangUp, Request, Response
from console.simulator.server import Server
from tests.support.relay_entry import CONTEXT, DEAD_LETTERS, QUEUE, lines_of, relay_entry, relay_to
from tests.support.simulated_queue import DAY, SimulatedQueues
from tests.support.waiting import PATIENCE, eventually

NUMBER: Final = 60
# Bodies as a forwarder may send them: any spacing, any letters. The last is as large as the largest genuine ones.
BODIES: Final = [
    *(f'{{ "signedPayload" :"eyJ.{number:03d}.é\U0001f600" }}' for number in range(NUMBER - 2)),
    '\n\t{"signedPayload":""}\r\n ',
    '{"signedPayload":"' + "x" * 20_000 + '"}',
]
OK: Final = Response(200, {}, b"")


@dataclass
class Owner:
    """The owner's receiver. `answer` gets each request and the clock, which also decides whether it is up."""

    queues: SimulatedQueues
    answer: Callable[[Request, float], Response]
    taken: list[bytes] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        response = self.answer(request, self.queues.now)
        if response.status // 100 == 2:
            self.taken.append(request.body)
        return response


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    """The entry point, imported as Lambda imports it."""
    with relay_entry() as found:
        yield found


@pytest.fixture
def queues() -> SimulatedQueues:
    """Sixty bodies, sent over an hour."""
    made = SimulatedQueues()
    for body in BODIES:
        made.send_message(QueueUrl=QUEUE, MessageBody=body)
        made.now += 60
    return made


def run(
    module: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    owner: Owner,
    days: float,
    *,
    seconds: float = PATIENCE,
) -> None:
    """Let the queue be worked on for some days, with the owner's receiver behind a real server."""
    with Server(owner) as server:
        relay = relay_to(f"{server.url}/apple?app=1", owner.queues, seconds=seconds)
        monkeypatch.setattr(module, "RELAY", relay)
        owner.queues.run(QUEUE, lambda event: module.forward(event, CONTEXT), until=owner.queues.now + days * DAY)


def assert_all_arrived(owner: Owner) -> None:
    """Every body arrived at least once, identical, and none is left over anywhere."""
    assert {body.decode() for body in owner.taken} == set(BODIES)
    assert owner.queues.bodies(QUEUE) + owner.queues.bodies(DEAD_LETTERS) == []
    assert owner.queues.dropped == []


def test_a_receiver_that_is_up_gets_every_body_once(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, queues: SimulatedQueues
) -> None:
    """Each body arrives as the same bytes, as JSON, at the path and query of the URL."""
    owner = Owner(queues, lambda *_: OK)
    run(module, monkeypatch, owner, 1)
    assert_all_arrived(owner)
    assert len(owner.taken) == NUMBER
    for request in owner.requests:
        assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
        assert request.target == "/apple?app=1"


def down_until(instant: float, failure: Callable[[Request], Response]) -> Callable[[Request, float], Response]:
    return lambda request, now: OK if now >= instant else failure(request)


def hang_up(_: Request) -> Response:
    raise HangUp


FAILURES: Final[dict[str, Callable[[Request], Response]]] = {
    "500": lambda _: Response(500, {}, b"{}"),
    "503": lambda _: Response(503, {"retry-after": "5"}, b"busy"),
    "404": lambda _: Response(404, {}, b""),
    "redirect": lambda _: Response(302, {"location": "/elsewhere"}, b""),
    "redirect with the method": lambda _: Response(308, {"location": "/elsewhere"}, b""),
    "reset": hang_up,
}


@pytest.mark.parametrize("failure", FAILURES)
def test_three_days_of_failures_lose_nothing(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, queues: SimulatedQueues, failure: str
) -> None:
    """A receiver that fails for three days in some way has every body, identical, half a day after it is back."""
    owner = Owner(queues, down_until(queues.now + 3 * DAY, FAILURES[failure]))
    back = queues.now + 3 * DAY
    run(module, monkeypatch, owner, 4)
    assert_all_arrived(owner)
    assert queues.now <= back + DAY / 2
    assert {request.target for request in owner.requests} == {"/apple?app=1"}  # no redirect was followed


def test_three_days_without_a_receiver_lose_nothing(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, queues: SimulatedQueues, capsys: pytest.CaptureFixture[str]
) -> None:
    """While no program listens at the URL, each body is tried eleven times; then all of them arrive."""
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    monkeypatch.setattr(module, "RELAY", relay_to(f"http://127.0.0.1:{port}/", queues))
    queues.run(QUEUE, lambda event: module.forward(event, CONTEXT), until=queues.now + 3 * DAY)
    assert len(queues.bodies(QUEUE)) == NUMBER
    lines, counted = lines_of(capsys.readouterr().out)
    assert {line["reason"] for line in lines} == {"unreachable"}
    assert max(line["attempt"] for line in lines) == 11
    assert counted == {"RelayDelivered": 0, "RelayFailed": len(lines), "RelayDead": 0}
    owner = Owner(queues, lambda *_: OK)
    run(module, monkeypatch, owner, 1)
    assert_all_arrived(owner)


def test_a_receiver_that_fails_at_random_gets_every_body(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, queues: SimulatedQueues
) -> None:
    """With every third request answered, and the others failing in some way, all bodies arrive."""
    chance = random.Random(10)

    def answer(request: Request, _: float) -> Response:
        return OK if chance.random() < 1 / 3 else chance.choice(list(FAILURES.values()))(request)

    owner = Owner(queues, answer)
    run(module, monkeypatch, owner, 10)
    assert_all_arrived(owner)


def test_a_slow_receiver_is_left_in_time_and_asked_again(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, queues: SimulatedQueues, capsys: pytest.CaptureFixture[str]
) -> None:
    """A receiver that does not answer in time may have taken a body: it is sent again, and arrives."""
    ended = Event()
    slow: list[bytes] = []

    def answer(request: Request, _: float) -> Response:
        if len(slow) < 3:
            slow.append(request.body)
            ended.wait(PATIENCE)
        return OK

    owner = Owner(queues, answer)
    del queues.queues[QUEUE][1:]
    with Server(owner) as server:
        for seconds, days in ((0.3, 3_600 / DAY), (PATIENCE, 1)):
            monkeypatch.setattr(module, "RELAY", relay_to(server.url, queues, seconds=seconds))
            queues.run(QUEUE, lambda event: module.forward(event, CONTEXT), until=queues.now + days * DAY)
            # A busy server may read what it was sent after the relay has left.
            assert eventually(lambda: len(slow) == 3)
        ended.set()
    assert {body.decode() for body in owner.taken} == {BODIES[0]}
    lines, _ = lines_of(capsys.readouterr().out)
    assert [line["reason"] for line in lines] == ["timed_out"] * 3
    assert queues.bodies(QUEUE) == []


def test_a_receiver_that_is_down_for_good_costs_thirteen_days_and_no_body(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, queues: SimulatedQueues
) -> None:
    """After thirteen days every body is in the dead-letter queue, once and identical; the queue dropped none."""
    began = queues.now
    owner = Owner(queues, lambda *_: Response(410, {}, b""))
    run(module, monkeypatch, owner, 14)
    assert owner.taken == []
    assert queues.bodies(QUEUE) == []
    assert queues.dropped == []
    assert sorted(queues.bodies(DEAD_LETTERS)) == sorted(BODIES)
    assert all(13 * DAY <= message.sent_at - began < 14 * DAY for message in queues.queues[DEAD_LETTERS])
    # five waits that grow, and then every twelve hours
    assert len(owner.requests) / NUMBER in range(29, 33)


def test_an_answer_of_any_length_is_an_answer(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, queues: SimulatedQueues
) -> None:
    """The body of an answer is of no account, however long it is."""
    owner = Owner(queues, lambda *_: Response(200, {"content-type": "text/html"}, b"x" * 1_000_000))
    run(module, monkeypatch, owner, 1)
    assert_all_arrived(owner)


def dripping(connection: socket.socket, ended: Event) -> None:
    """Send an answer a byte at a time, without end."""
    connection.recv(65_536)
    while not ended.wait(0.02):
        connection.sendall(b"H")


def test_a_receiver_that_sends_a_byte_at_a_time_is_left_in_time(
    queues: SimulatedQueues,
) -> None:
    """The limit is that of the complete post, so a receiver cannot extend it by sending a byte now and then."""
    ended = Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            connection: Any = listening.accept()[0]
            with closing(connection):
                try:
                    dripping(connection, ended)
                except OSError:
                    ended.set()  # the relay has shut the socket

        Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        relay = relay_to(url, queues, seconds=0.3)
        posted = relay.receiver.post(b"{}")
        assert posted.reason == "timed_out"
        assert ended.wait(PATIENCE)
