"""Apple's rate limits, kept by ourselves: no call is made that Apple would refuse, and waits are known beforehand."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from retention.limits import SECONDS_PER_HOUR, calls_per_hour

from console.appstore.errors import rate_limited

# What one call takes, for estimates: a TLS round trip and Apple's own time.
CALL_SECONDS: Final = 0.3

# A clock that is a little ahead of Apple's would come back too early.
_MARGIN_SECONDS: Final = 1.0

# Called with an operation and how many seconds its next call waits for the rate.
ReportWait = Callable[[str, float], None]


def _no_report(_: str, __: float) -> None:
    return


@dataclass(slots=True)
class Pace:
    """Lets calls through as fast as Apple's hourly limits allow: in bursts, and never too many in any one hour.

    Apple does not document whether its hours are the clock's or slide; a sliding hour is right for both. `patience` is
    the longest wait in seconds; where more is needed, the call ends as rate-limited. `waiting` is called before each
    wait. `share` is how much of Apple's limits is used, so that the owner's other programs have the rest. Several
    threads may keep one pace.
    """

    environment: str
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    patience: float = 2 * SECONDS_PER_HOUR
    waiting: ReportWait = _no_report
    share: float = 1.0
    _made: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _blocked: dict[str, float] = field(default_factory=dict)
    _taking: Lock = field(default_factory=Lock)

    def take(self, operation: str) -> None:
        """Return when one call of `operation` may be made, and count it."""
        with self._taking:  # while one thread waits for the rate, the others would have to wait too
            due = self.due(operation)
            if due > self.clock():
                self.wait_until(operation, due)
            self._made[operation].append(self.clock())

    def due(self, operation: str) -> float:
        """Return when the next call may be made, UNIX seconds; a time in the past means now."""
        made, now = self._made[operation], self.clock()
        while made and made[0] <= now - SECONDS_PER_HOUR:
            made.popleft()
        limit = max(1, int(calls_per_hour(operation, self.environment) * self.share))
        free = made[-limit] + SECONDS_PER_HOUR if len(made) >= limit else now
        return max(free, self._blocked.get(operation, now))

    def block(self, operation: str, until: float) -> None:
        """Make no call of `operation` before `until`, the time of Apple's 429."""
        self._blocked[operation] = until + _MARGIN_SECONDS

    def wait_until(self, operation: str, due: float) -> None:
        """Wait; raise AppleError instead where that is longer than the patience."""
        seconds = due - self.clock()
        if seconds > self.patience:
            raise rate_limited(operation, due, None)
        self.waiting(operation, seconds)
        self.sleep(seconds)

    def estimate(self, calls: Iterable[tuple[str, int]], call_seconds: float = CALL_SECONDS) -> float:
        """Return how many seconds these calls will take, one after the other, waits included."""
        now = [self.clock()]

        def sleep(seconds: float) -> None:
            now[0] += seconds

        made = defaultdict(deque, {operation: deque(times) for operation, times in self._made.items()})
        rehearsal = Pace(
            self.environment,
            lambda: now[0],
            sleep,
            float("inf"),
            share=self.share,
            _made=made,
            _blocked=dict(self._blocked),
        )
        for operation, number in calls:
            for _ in range(number):
                rehearsal.take(operation)
                sleep(call_seconds)
        return now[0] - self.clock()
