"""The relay to a receiver that fails for three days in each way: every body arrives, as the same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from threading import Event
from types import ModuleType
from typing import Final

import pytest

from console.simulator.api import HangUp, Request, Response
from console.simulator.server import Server
from tests.support.relay_entry import CONTEXT, DEAD_LETTERS, QUEUE, relay_entry, relay_to
from tests.support.reliability_page import keep, size
from tests.support.simulated_queue import DAY, SimulatedQueues
from tests.support.waiting import PATIENCE

BODIES: Final = size(200, 40)
# A slow receiver really keeps each post waiting, so that fewer bodies are sent to it, and each post has little time.
SLOW_BODIES: Final = size(10, 3)
SLOW_SECONDS: Final = 0.2
OUTAGE: Final = 3 * DAY


def hang_up(_: Request) -> Response:
    raise HangUp


FAILURES: Final[dict[str, Callable[[Request], Response]]] = {
    "500": lambda _: Response(500),
    "503 with Retry-After": lambda _: Response(503, {"retry-after": "5"}),
    "404": lambda _: Response(404),
    "302 to another path": lambda _: Response(302, {"location": "/elsewhere"}),
    "308 to another path": lambda _: Response(308, {"location": "/elsewhere"}),
    "closes the connection": hang_up,
    "does not answer in time": hang_up,  # see `outage`
}


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    """The entry point, imported as Lambda imports it."""
    with relay_entry() as found:
        yield found


def outage(module: ModuleType, patch: pytest.MonkeyPatch, failure: str) -> tuple[str, int, int, int, str]:
    """Return a row: the failure, the bodies, the posts, those that did not arrive, and hours after the outage."""
    slow = failure == "does not answer in time"
    queues, taken, posts, over = SimulatedQueues(), Counter[bytes](), 0, Event()
    targets = set[str]()
    bodies = [f'{{"signedPayload": "eyJ.{number:06d}.é"}}' for number in range(SLOW_BODIES if slow else BODIES)]
    for body in bodies:
        queues.send_message(QueueUrl=QUEUE, MessageBody=body)
    back = queues.now + OUTAGE

    def answer(request: Request) -> Response:
        nonlocal posts
        posts += 1
        targets.add(request.target)
        if queues.now < back:
            if slow:
                over.wait(PATIENCE)
            return FAILURES[failure](request)
        taken[request.body] += 1
        return Response(200)

    with Server(answer) as server:
        for seconds, until in ((SLOW_SECONDS if slow else PATIENCE, back), (PATIENCE, back + DAY)):
            patch.setattr(module, "RELAY", relay_to(f"{server.url}/asn", queues, seconds=seconds))
            queues.run(QUEUE, lambda event: module.forward(event, CONTEXT), until=until)
        over.set()
    assert queues.bodies(QUEUE) + queues.bodies(DEAD_LETTERS) == []
    assert queues.dropped == []
    assert targets == {"/asn"}  # no redirect was followed
    missing = len({body.encode() for body in bodies} ^ set(taken))
    return failure, len(bodies), posts, missing, f"{(queues.now - back) / 3_600:.1f}"


def test_a_receiver_that_fails_for_three_days_gets_every_body(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every body arrives at least once, as the same bytes, within twelve hours of the receiver's return."""
    rows = [outage(module, monkeypatch, failure) for failure in FAILURES]
    assert [row[3] for row in rows] == [0] * len(FAILURES)
    assert all(float(row[4]) <= 12 for row in rows)
    keep(
        "relay",
        "The relay posted bodies to a receiver on this machine that failed for three days of a simulated clock, in one"
        " way each, and then worked. Bodies are compared byte for byte with those that were put into the queue. None"
        " was in the dead-letter queue, and no redirect was followed.",
        ("for three days the receiver", "bodies", "posts", "missing or changed", "hours until the last arrived"),
        rows,
    )
