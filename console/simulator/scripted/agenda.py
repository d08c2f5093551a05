"""What is to happen at which instant, of all customers together, and the clock that goes from one to the next."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# Something that happens at an instant.
Act = Callable[[], None]


@dataclass(slots=True)
class SimulatedClock:
    """A clock that stands at `milliseconds` (UNIX) until it is set."""

    milliseconds: int

    def now(self) -> datetime:
        """Return the instant, aware."""
        return _EPOCH + timedelta(milliseconds=self.milliseconds)

    def seconds(self) -> float:
        """Return UNIX seconds; half a millisecond late, so that no rounding falls into the millisecond before."""
        return (self.milliseconds + 0.5) / 1000


@dataclass(slots=True)
class Agenda:
    """Acts in the order of their instants; those of one instant in the order in which they were added."""

    clock: SimulatedClock
    _waiting: list[tuple[int, int, Act]] = field(default_factory=list)
    _added: int = 0

    def add(self, at: int, act: Act) -> None:
        """Let `act` happen at the instant `at` (UNIX milliseconds), or now where that is over."""
        heapq.heappush(self._waiting, (max(at, self.clock.milliseconds), self._added, act))
        self._added += 1

    def run(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Set the clock to each instant and do what is to happen then, until nothing is left or `goes_on` is False."""
        while self._waiting and goes_on():
            self.clock.milliseconds, _, act = heapq.heappop(self._waiting)
            act()
