"""Deadlines that hold whatever the network does."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from retention.aws.deadline import Deadline, OutOfTimeError, Workers

from tests.support.fake_table import Clock
from tests.support.waiting import PATIENCE, eventually

# Seconds until a call that hangs is given up: time for its thread to start.
BEGUN = 1.0


class Hang:
    """A call that returns when it is let go."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self.ended = threading.Event()

    def __call__(self) -> str:
        self.gone.wait(PATIENCE)
        self.ended.set()
        return "late"


def workers(**more: int) -> Workers:
    return Workers(lambda _thread: None, **more)


def settled(pool: Workers) -> bool:
    return eventually(lambda: not pool.abandoned)


def test_time_left_is_counted_on_the_injected_clock_and_never_negative() -> None:
    """A deadline is an instant; asking twice does not move it."""
    clock = Clock(10.0)
    deadline = Deadline.after(0.5, clock)
    clock.now = 10.2
    assert deadline.left() == pytest.approx(0.3)
    clock.now = 11.0
    assert deadline.left() == 0


def test_a_deadline_can_only_be_shortened() -> None:
    """`at_most` takes the earlier instant, `before` leaves time to others."""
    clock = Clock(0.0)
    deadline = Deadline.after(0.2, clock)
    assert deadline.at_most(0.06).left() == pytest.approx(0.06)
    assert deadline.at_most(5).left() == pytest.approx(0.2)
    assert deadline.before(0.06).left() == pytest.approx(0.14)


def test_a_result_in_time_is_returned() -> None:
    """The worker's result is the caller's."""
    assert workers().run(lambda: 42, Deadline.after(PATIENCE)) == 42


def test_what_a_call_raises_is_raised_to_the_caller() -> None:
    """Exceptions travel as they are."""

    def fail() -> None:
        raise LookupError("this one")

    with pytest.raises(LookupError, match="this one"):
        workers().run(fail, Deadline.after(PATIENCE))


def test_no_call_begins_after_the_deadline() -> None:
    """With no time left nothing is sent."""
    began = threading.Event()
    with pytest.raises(OutOfTimeError):
        workers().run(began.set, Deadline.after(-1))
    assert not began.is_set()


def test_a_late_call_is_left_behind_and_its_result_discarded() -> None:
    """The caller goes on at the deadline; the next call gets its own result from a fresh worker."""
    told: list[int] = []
    pool, hang = Workers(told.append), Hang()
    with pytest.raises(OutOfTimeError):
        pool.run(hang, Deadline.after(BEGUN))
    assert pool.abandoned == 1
    assert pool.run(lambda: "next", Deadline.after(PATIENCE)) == "next"
    hang.gone.set()
    assert hang.ended.wait(PATIENCE)
    assert settled(pool)
    assert pool.run(lambda: "third", Deadline.after(PATIENCE)) == "third"
    assert len(told) == 1
    assert told[0]


def test_a_thread_that_gets_its_turn_too_late_makes_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it any more, and nobody would end it."""
    late: list[threading.Thread] = []
    began = threading.Event()
    pool = workers()
    with monkeypatch.context() as busy:
        busy.setattr(threading.Thread, "start", lambda thread: late.append(thread))  # noqa: PLW0108  # binds as a method
        with pytest.raises(OutOfTimeError):
            pool.run(began.set, Deadline.after(0.02))
    assert pool.abandoned == 1
    late[0].start()
    late[0].join(PATIENCE)
    assert not began.is_set()
    assert pool.abandoned == 0


def test_the_number_of_abandoned_calls_is_bounded_and_recovers() -> None:
    """A network that swallows everything stops costing threads; when it lets go, calls are made again."""
    pool, hangs = workers(max_abandoned=2), [Hang(), Hang()]
    for hang in hangs:
        with pytest.raises(OutOfTimeError):
            pool.run(hang, Deadline.after(BEGUN))
    began = threading.Event()
    with pytest.raises(OutOfTimeError, match="still hang"):
        pool.run(began.set, Deadline.after(PATIENCE))
    assert not began.is_set()
    for hang in hangs:
        hang.gone.set()
    assert settled(pool)
    assert pool.run(lambda: "again", Deadline.after(PATIENCE)) == "again"


def test_one_worker_serves_calls_that_come_in_turn() -> None:
    """No thread is started per call."""
    pool = workers()
    threads = {pool.run(threading.get_ident, Deadline.after(PATIENCE)) for _ in range(20)}
    assert len(threads) == 1


def test_calls_at_once_do_not_wait_for_each_other() -> None:
    """Each gets a worker of its own."""
    pool, hang = workers(), Hang()
    waiting = threading.Thread(target=lambda: pool.run(hang, Deadline.after(PATIENCE)))
    waiting.start()
    assert pool.run(lambda: "meanwhile", Deadline.after(PATIENCE)) == "meanwhile"
    hang.gone.set()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_an_idle_worker_keeps_nothing_alive() -> None:
    """What a call returned is the caller's alone."""

    class Thing:
        pass

    pool = workers()
    thing = pool.run(Thing, Deadline.after(PATIENCE))
    seen = weakref.ref(thing)
    del thing
    pool.run(lambda: None, Deadline.after(PATIENCE))
    gc.collect()
    assert seen() is None
