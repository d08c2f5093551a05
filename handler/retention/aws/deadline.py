"""Deadlines of calls, and threads for calls that cannot carry one.

Looking up a host's name cannot be interrupted, and an SDK's timeouts bound one wait for one packet, not a call: a
server that sends a byte at a time extends it without limit. So a call runs in a worker thread, and its caller waits for
the time that is left and no longer. What arrives later is discarded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Thread, get_ident
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")
Result: TypeAlias = tuple[Any, BaseException | None]  # what a call returned, or what it raised

# A call that was left behind ends when the resolver or the SDK gives up. Until then there are at most this many: a
# network without answers must not fill the memory with threads.
MAX_ABANDONED: Final = 8


class OutOfTimeError(TimeoutError):
    """The deadline came before the result, or there is no worker left to wait for."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant of a monotonic clock, in its seconds."""

    at: float
    monotonic: Callable[[], float] = field(default=time.monotonic, repr=False)

    @classmethod
    def after(cls, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> Deadline:
        """Return the instant `seconds` from now."""
        return cls(monotonic() + seconds, monotonic)

    def left(self) -> float:
        """Return the seconds left, 0 when there are none."""
        return max(0.0, self.at - self.monotonic())

    def at_most(self, seconds: float) -> Deadline:
        """Return this deadline or the instant `seconds` from now, whichever is earlier."""
        return Deadline(min(self.at, self.monotonic() + seconds), self.monotonic)

    def before(self, seconds: float) -> Deadline:
        """Return the deadline that ends `seconds` before this one, to leave that time to another call."""
        return Deadline(self.at - seconds, self.monotonic)


class _Job:
    """One call on its way. `abandoned` and `outcome` are set under the pool's lock: exactly one of them is.

    `ended` is held until there is an outcome. Locks do here what `queue` would: its import costs a cold start more than
    three of our modules.
    """

    __slots__ = ("abandoned", "call", "ended", "outcome", "thread")

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.ended = _held_lock()
        self.outcome: Result | None = None
        self.abandoned = False
        self.thread = 0


class _Inbox:
    """Where an idle worker waits for its next job; `filled` is held until there is one."""

    __slots__ = ("filled", "job")

    def __init__(self) -> None:
        self.filled = _held_lock()
        self.job: _Job | None = None

    def put(self, job: _Job) -> None:
        self.job = job
        self.filled.release()

    def take(self) -> _Job:
        """Wait for a job, and keep nothing of it."""
        job = None
        while job is None:
            self.filled.acquire()
            job, self.job = self.job, None
        return job


def _held_lock() -> Lock:
    lock = Lock()
    lock.acquire()
    return lock


class Workers:
    """Runs each call in a worker thread, so that its caller can stop waiting at the deadline.

    Threads are started when they are needed, and kept while their calls end in time.

    `abandon` is called with the identity of a thread that was given up, to end what it waits for if that is possible.
    """

    def __init__(
        self, abandon: Callable[[int], None] = lambda _thread: None, max_abandoned: int = MAX_ABANDONED
    ) -> None:
        self._abandon = abandon
        self._max_abandoned = max_abandoned
        self._lock = Lock()
        self._idle: list[_Inbox] = []
        self._abandoned = 0

    @property
    def abandoned(self) -> int:
        """How many workers were given up and have not ended yet."""
        return self._abandoned

    def run(self, call: Callable[[], T], deadline: Deadline) -> T:
        """Return what `call()` returns or raise what it raises; raise OutOfTimeError when the deadline comes first."""
        left = deadline.left()
        if left <= 0:
            raise OutOfTimeError("no time left to begin")
        job = _Job(call)
        self._hand_over(job)
        job.ended.acquire(timeout=left)
        value: T
        value, error = job.outcome or self._give_up(job)
        if error is not None:
            raise error
        return value

    def _hand_over(self, job: _Job) -> None:
        with self._lock:
            if self._abandoned >= self._max_abandoned:
                raise OutOfTimeError(f"{self._abandoned} earlier calls still hang")
            inbox = self._idle.pop() if self._idle else None
        if inbox is None:
            inbox = _Inbox()
            # A daemon: a call that hangs must not keep the process from ending.
            Thread(target=self._work, args=(inbox,), name="retention-io", daemon=True).start()
        inbox.put(job)

    def _give_up(self, job: _Job) -> Result:
        with self._lock:
            if job.outcome is not None:
                return job.outcome
            job.abandoned = True
            self._abandoned += 1
        self._abandon(job.thread)
        raise OutOfTimeError("the deadline came before the result")

    def _begins(self, job: _Job) -> bool:
        """Return whether the caller still waits for this call: a thread may get its turn after the deadline."""
        with self._lock:
            job.thread = get_ident()
            self._abandoned -= job.abandoned
            return not job.abandoned

    def _work(self, inbox: _Inbox) -> None:
        while True:
            job = inbox.take()
            if not self._begins(job):
                return
            outcome: Result
            try:
                outcome = (job.call(), None)
            except BaseException as error:  # noqa: BLE001  # every error belongs to the caller that waits
                outcome = (None, error)
            with self._lock:
                if job.abandoned:
                    self._abandoned -= 1
                    return
                job.outcome = outcome
                job.ended.release()
                self._idle.append(inbox)
            del job, outcome  # an idle worker keeps nothing of the last request alive
