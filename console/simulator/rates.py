"""Apple's limits of calls per hour and app (Apple's documentation, "Identifying rate limits")."""

from __future__ import annotations

from dataclasses import dataclass

from retention.limits import SECONDS_PER_HOUR, calls_per_hour

from console.simulator import problems
from console.simulator.database import Database
from console.simulator.problems import Problem


class RateLimitExceeded(Problem):
    """HTTP 429. Apple's Retry-After is `retry_after_ms`, a UNIX time in milliseconds (not HTTP's seconds to wait)."""

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(problems.RATE_LIMIT_EXCEEDED)
        self.retry_after_ms = retry_after_ms


@dataclass(frozen=True, slots=True)
class Rates:
    """The numbers of calls in this hour. Assumption: hours begin at full hours; Apple does not document it."""

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
