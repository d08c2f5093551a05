"""How many calls an app may make: so many a second, counted by the hour (RM/identifying-rate-limits)."""

from __future__ import annotations

from dataclasses import dataclass

from retention.limits import SECONDS_PER_HOUR, calls_per_hour

from console.simulator import problems
from console.simulator.database import Database
from console.simulator.problems import Problem


class RateLimitExceeded(Problem):
    """429. `retry_after_ms` goes into Retry-After: a UNIX time in milliseconds, where HTTP wants seconds to wait."""

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(problems.RATE_LIMIT_EXCEEDED)
        self.retry_after_ms = retry_after_ms


@dataclass(frozen=True, slots=True)
class Rates:
    """The simulator's counts. Hours are the clock's; Apple does not say where its own begin."""

    database: Database

    def count(self, app: int, environment: str, operation: str, now: float) -> None:
        """Count one call at `now` (UNIX seconds), or raise RateLimitExceeded; a refused call is not counted."""
        hour = int(now // SECONDS_PER_HOUR)
        with self.database.transaction():
            made = self._made(app, environment, operation, hour)
            if made >= calls_per_hour(operation, environment):
                raise RateLimitExceeded((hour + 1) * SECONDS_PER_HOUR * 1000)
            self.database.run("REPLACE INTO calls VALUES (?, ?, ?, ?, ?)", app, environment, operation, hour, made + 1)

    def _made(self, app: int, environment: str, operation: str, hour: int) -> int:
        row = self.database.one(
            "SELECT number FROM calls WHERE app = ? AND environment = ? AND operation = ? AND hour = ?",
            app, environment, operation, hour,
        )  # fmt: skip
        return 0 if row is None else int(row[0])
