"""How many calls an app may make: so many a second, counted by the hour (RM/identifying-rate-limits)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from console.simulator import problems
from console.simulator.database import Database
from console.simulator.problems import Problem
from console.simulator.shelf import SANDBOX

HOUR: Final = 3600
PER_SECOND: Final = {"Configure Default Message": 10}
SANDBOX_SHARE: Final = 0.1


class RateLimitExceeded(Problem):
    """429. `retry_after_ms` goes into Retry-After: a UNIX time in milliseconds, where HTTP wants seconds to wait."""

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(problems.RATE_LIMIT_EXCEEDED)
        self.retry_after_ms = retry_after_ms


def hourly_limit(operation: str, environment: str) -> int:
    """Return how many calls of `operation` (Apple's name) an app may make in one hour."""
    hourly = PER_SECOND.get(operation, 1) * HOUR
    return round(hourly * SANDBOX_SHARE) if environment == SANDBOX else hourly


@dataclass(frozen=True, slots=True)
class Rates:
    """The box's counts. Hours are the clock's; Apple does not say where its own begin."""

    database: Database

    def count(self, app: int, environment: str, operation: str, now: float) -> None:
        """Count one call at `now` (UNIX seconds), or raise RateLimitExceeded; a refused call is not counted."""
        hour = int(now // HOUR)
        with self.database.transaction():
            made = self._made(app, environment, operation, hour)
            if made >= hourly_limit(operation, environment):
                raise RateLimitExceeded((hour + 1) * HOUR * 1000)
            self.database.run("REPLACE INTO calls VALUES (?, ?, ?, ?, ?)", app, environment, operation, hour, made + 1)

    def _made(self, app: int, environment: str, operation: str, hour: int) -> int:
        row = self.database.one(
            "SELECT number FROM calls WHERE app = ? AND environment = ? AND operation = ? AND hour = ?",
            app, environment, operation, hour,
        )  # fmt: skip
        return 0 if row is None else int(row[0])
