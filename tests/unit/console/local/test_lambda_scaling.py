"""Execution environments on demand: when one starts, which one answers, and what happens to those that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, Self

import pytest

from console.local.emulator import InvocationError
from console.local.lambda_scaling import Environments
from tests.support.waiting import PATIENCE

WAIT = PATIENCE


@dataclass(eq=False)
class Fake:
    """An environment that holds each request until the test releases it, and records two requests at a time."""

    number: int
    started: bool = False
    ended: bool = False
    served: int = 0
    crowded: bool = False
    fails: bool = False
    arrived: Event = field(default_factory=Event)
    go: Event = field(default_factory=Event)
    busy: Lock = field(default_factory=Lock)

    def __enter__(self) -> Self:
        self.started = True
        return self

    def __exit__(self, *_: object) -> None:
        self.ended = True
        self.go.set()

    def invoke(self, event: object) -> dict[str, Any]:
        self.crowded = self.crowded or not self.busy.acquire(blocking=False)
        try:
            self.arrived.set()
            assert self.go.wait(WAIT)
            self.served += 1
        finally:
            self.busy.release()
        if self.fails or self.ended:
            raise InvocationError("init failed")
        return {"statusCode": 200, "body": str(event), "environment": self.number}


class Factory:
    """Makes fake environments; with `open_` they answer at once."""

    def __init__(self, *, open_: bool = True) -> None:
        self.made: list[Fake] = []
        self.open = open_
        self.broken = False
        self.changed = Event()

    def __call__(self) -> Fake:
        if self.broken:
            raise RuntimeError("the emulator did not start")
        fake = Fake(len(self.made))
        if self.open:
            fake.go.set()
        self.made.append(fake)
        self.changed.set()
        return fake


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


Answers = Callable[..., Future[dict[str, Any]]]


def busy(factory: Factory, environments: Environments, pool: ThreadPoolExecutor, number: int) -> list[Any]:
    """Send requests until each of `number` environments holds one."""
    held = []
    for index in range(number):
        factory.changed.clear()
        held.append(pool.submit(environments, index))
        assert factory.changed.wait(WAIT)
        assert factory.made[index].arrived.wait(WAIT)
    return held


def test_one_environment_serves_consecutive_requests() -> None:
    """The first request starts an environment, and the next ones find it idle."""
    factory = Factory()
    environments = Environments(factory, 5)
    answers = [environments(number) for number in range(4)]
    assert [answer["body"] for answer in answers] == ["0", "1", "2", "3"]
    assert environments.number == len(factory.made) == 1


def test_another_starts_when_all_are_busy(pool: ThreadPoolExecutor) -> None:
    """Requests never share an environment: if all are busy, the next request starts another one."""
    factory = Factory(open_=False)
    environments = Environments(factory, 5)
    held = busy(factory, environments, pool, 3)
    for fake in factory.made:
        fake.go.set()
    assert sorted(future.result(WAIT)["environment"] for future in held) == [0, 1, 2]
    assert not any(fake.crowded for fake in factory.made)


def test_beyond_the_limit_a_request_waits_for_one_that_is_free(pool: ThreadPoolExecutor) -> None:
    """At the limit, requests wait for an environment, and each of them is answered."""
    factory = Factory(open_=False)
    environments = Environments(factory, 2)
    held = busy(factory, environments, pool, 2)
    waiting = [pool.submit(environments, number) for number in range(6)]
    for fake in factory.made:
        fake.go.set()
    assert [future.result(WAIT)["statusCode"] for future in [*held, *waiting]] == [200] * 8
    assert environments.number == len(factory.made) == 2
    assert not any(fake.crowded for fake in factory.made)


def test_the_environment_used_last_answers_next(pool: ThreadPoolExecutor) -> None:
    """As in Lambda, requests that come one after another use one environment, and the others stay idle."""
    factory = Factory(open_=False)
    environments = Environments(factory, 3)
    held = busy(factory, environments, pool, 3)
    for number in (0, 2, 1):
        factory.made[number].go.set()
        held[number].result(WAIT)
    assert [environments(None)["environment"] for _ in range(3)] == [1, 1, 1]


def test_an_environment_that_fails_is_replaced() -> None:
    """The request gets 500, its environment is ended, and the next request starts another one."""
    factory, log = Factory(), list[str]()
    environments = Environments(factory, 1, log.append)
    environments(None)
    factory.made[0].fails = True
    failed = environments(None)
    assert (failed["statusCode"], failed["body"]) == (500, '{"message": "Internal Server Error"}')
    assert factory.made[0].ended
    assert environments(None)["environment"] == 1
    assert any("init failed" in line for line in log)


def test_a_failed_start_leaves_room_for_the_next() -> None:
    """The request gets 500, and the failed environment does not count against the limit."""
    factory, log = Factory(), list[str]()
    environments = Environments(factory, 1, log.append)
    factory.broken = True
    assert environments(None)["statusCode"] == 500
    assert any("did not start" in line for line in log)
    factory.broken = False
    assert environments(None)["statusCode"] == 200


def test_closing_ends_busy_and_idle_environments(pool: ThreadPoolExecutor) -> None:
    """Every environment is ended, and requests that wait, or come later, get 500."""
    factory = Factory(open_=False)
    environments = Environments(factory, 2)
    held = busy(factory, environments, pool, 2)
    waiting = pool.submit(environments, None)
    environments.close()
    assert all(fake.ended for fake in factory.made)
    assert [future.result(WAIT)["statusCode"] for future in [*held, waiting]] == [500] * 3
    assert environments(None)["statusCode"] == 500
    assert len(factory.made) == 2
