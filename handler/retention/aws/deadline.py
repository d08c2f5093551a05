"""Deadlines of calls, and threads for calls that cannot carry one.

Looking up a host's name cannot be interrupted, and an SDK's timeouts bound one wait for one packet, not a call: a
server that sends a byte at a time extends it without limit. So a call runs in a worker thread, and its caller waits for
the time that is left and no longer. What arrives later is discarded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Lock, Thread, get_ident
from typing import Any, Final, TypeVar

T = TypeVar("T")

# Calls left behind on a dead network end with their sockets, at the latest after a read timeout. Until they do, no more
# than these: a network that swallows everything must not fill the memory with threads.
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
        """Return the deadline that leaves `seconds` of this one to somebody else."""
        return Deadline(self.at - seconds, self.monotonic)


class _Job:
    """One call on its way. `abandoned` and the outcome are settled under the pool's lock: exactly one of them wins."""

    __slots__ = ("abandoned", "call", "deadline", "outcome", "thread")

    def __init__(self, call: Callable[[], Any], deadline: Deadline) -> None:
        self.call = call
        self.deadline = deadline
        self.outcome: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self.abandoned = False
        self.thread = 0


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
        self._idle: list[SimpleQueue[_Job]] = []
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
        job = _Job(call, deadline)
        self._hand_over(job)
        value: T
        try:
            value, error = job.outcome.get(timeout=left)
        except Empty:
            value, error = self._give_up(job)
        if error is not None:
            raise error
        return value

    def _hand_over(self, job: _Job) -> None:
        with self._lock:
            if self._abandoned >= self._max_abandoned:
                raise OutOfTimeError(f"{self._abandoned} earlier calls still hang")
            inbox = self._idle.pop() if self._idle else None
        if inbox is None:
            inbox = SimpleQueue()
            # A daemon: a call that hangs must not keep the process from ending.
            Thread(target=self._work, args=(inbox,), name="retention-io", daemon=True).start()
        inbox.put(job)

    def _give_up(self, job: _Job) -> tuple[Any, BaseException | None]:
        with self._lock:
            if not job.outcome.empty():
                return job.outcome.get_nowait()
            job.abandoned = True
            self._abandoned += 1
        self._abandon(job.thread)
        raise OutOfTimeError("the deadline came before the result")

    def _begins(self, job: _Job) -> bool:
        """Whether anybody still waits for this call: a thread may get its turn after the deadline."""
        with self._lock:
            job.thread = get_ident()
            self._abandoned -= job.abandoned
            return not job.abandoned

    def _work(self, inbox: SimpleQueue[_Job]) -> None:
        while True:
            job = inbox.get()
            if not self._begins(job):
                return
            outcome: tuple[Any, BaseException | None]
            try:
                outcome = (job.call(), None)
            except BaseException as error:  # noqa: BLE001  # whatever it is belongs to whoever waits
                outcome = (None, error)
            with self._lock:
                if job.abandoned:
                    self._abandoned -= 1
                    return
                job.outcome.put(outcome)
                self._idle.append(inbox)
            del job, outcome  # an idle worker keeps nothing of the last request alive
