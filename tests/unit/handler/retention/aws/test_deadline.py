"""A caller goes on at its deadline, whether or not the network answers."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from retention.aws.deadline import Deadline, OutOfTimeError, Workers

from tests.support.fake_table import Clock
from tests.support.waiting import PATIENCE, attempts, eventually

# Seconds until the tests give up a call that hangs.
GIVEN_UP_SECONDS = 0.1


class Hang:
    """A call that does not return before the test releases it."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.released = threading.Event()
        self.ended = threading.Event()

    def __call__(self) -> str:
        self.began.set()
        self.released.wait(PATIENCE)
        self.ended.set()
        return "late"


def workers(**more: int) -> Workers:
    return Workers(lambda _thread: None, **more)


def given_up(pool: Workers) -> Hang:
    """Return a call that hangs, and whose caller went on. On a busy machine a thread may begin too late for that."""
    others = pool.abandoned
    for _ in attempts():
        hang = Hang()
        with pytest.raises(OutOfTimeError):
            pool.run(hang, Deadline.after(GIVEN_UP_SECONDS))
        if hang.began.is_set() and eventually(lambda: pool.abandoned == others + 1):
            return hang
    raise AssertionError("no thread began in time")


def none_abandoned(pool: Workers) -> bool:
    return eventually(lambda: not pool.abandoned)


def test_time_left_is_counted_on_the_injected_clock_and_never_negative() -> None:
    """`left` counts down to 0 on the clock that the caller passes, and reading it does not move the deadline."""
    clock = Clock(10.0)
    deadline = Deadline.after(0.5, clock)
    clock.now = 10.2
    assert deadline.left() == pytest.approx(0.3)
    clock.now = 11.0
    assert deadline.left() == 0


def test_a_deadline_can_only_be_shortened() -> None:
    """`at_most` takes the earlier of two instants; `before` leaves the given seconds to later work."""
    clock = Clock(0.0)
    deadline = Deadline.after(0.2, clock)
    assert deadline.at_most(0.06).left() == pytest.approx(0.06)
    assert deadline.at_most(5).left() == pytest.approx(0.2)
    assert deadline.before(0.06).left() == pytest.approx(0.14)


def test_a_result_in_time_is_returned() -> None:
    """`run` returns what the worker's call returned."""
    assert workers().run(lambda: 42, Deadline.after(PATIENCE)) == 42


def test_what_a_call_raises_is_raised_to_the_caller() -> None:
    """`run` raises the same exception that the worker's call raised."""

    def fail() -> None:
        raise LookupError("this one")

    with pytest.raises(LookupError, match="this one"):
        workers().run(fail, Deadline.after(PATIENCE))


def test_no_call_begins_after_the_deadline() -> None:
    """With no time left, `run` raises OutOfTimeError and does not start the call."""
    began = threading.Event()
    with pytest.raises(OutOfTimeError):
        workers().run(began.set, Deadline.after(-1))
    assert not began.is_set()


def test_a_late_call_is_abandoned_and_its_result_discarded() -> None:
    """The caller goes on at its deadline; a new worker makes the next call and returns that call's own result."""
    abandoned_threads: list[int] = []
    pool = Workers(abandoned_threads.append)
    hang = given_up(pool)
    assert pool.run(lambda: "next", Deadline.after(PATIENCE)) == "next"
    hang.released.set()
    assert hang.ended.wait(PATIENCE)
    assert none_abandoned(pool)
    assert pool.run(lambda: "third", Deadline.after(PATIENCE)) == "third"
    assert len([thread for thread in abandoned_threads if thread]) == 1  # one that had not begun yet has no number


def test_a_thread_that_starts_after_the_deadline_makes_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """No caller waits for its result any more, and no caller would end the call."""
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
    """With `max_abandoned` calls still hanging no thread is started; once they return, calls are made again."""
    pool = workers(max_abandoned=2)
    hangs = [given_up(pool), given_up(pool)]
    began = threading.Event()
    with pytest.raises(OutOfTimeError, match="still hang"):
        pool.run(began.set, Deadline.after(PATIENCE))
    assert not began.is_set()
    for hang in hangs:
        hang.released.set()
    assert none_abandoned(pool)
    assert pool.run(lambda: "again", Deadline.after(PATIENCE)) == "again"


def test_one_worker_serves_consecutive_calls() -> None:
    """Twenty calls, one after another, run in the same thread."""
    pool = workers()
    threads = {pool.run(threading.get_ident, Deadline.after(PATIENCE)) for _ in range(20)}
    assert len(threads) == 1


def test_concurrent_calls_do_not_wait_for_each_other() -> None:
    """A second call gets a worker of its own while the first one hangs."""
    pool, hang = workers(), Hang()
    waiting = threading.Thread(target=lambda: pool.run(hang, Deadline.after(PATIENCE)))
    waiting.start()
    assert pool.run(lambda: "meanwhile", Deadline.after(PATIENCE)) == "meanwhile"
    hang.released.set()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_an_idle_worker_keeps_nothing_alive() -> None:
    """A worker that waits for its next call holds no reference to the last call's result."""

    class Thing:
        pass

    pool = workers()
    thing = pool.run(Thing, Deadline.after(PATIENCE))
    seen = weakref.ref(thing)
    del thing
    pool.run(lambda: None, Deadline.after(PATIENCE))
    gc.collect()
    assert seen() is None
