"""The state of one simulator: a directory with its database and its authority, its clock, and its settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from console.simulator.accounts import Accounts
from console.simulator.app_data import AppData
from console.simulator.authority import Authority
from console.simulator.database import Database
from console.simulator.endpoint_call import TIME_LIMIT_MS
from console.simulator.outbox import Outbox
from console.simulator.rates import Rates
from console.simulator.subscriptions.subscription_data import SubscriptionData

# The test authority: everything on this machine (`make serve`) trusts it, and no deployed stack does.
COMMITTED_AUTHORITY: Final = Path(__file__).resolve().parents[2] / "events" / "ca"

_MEMORY: Final = "box.sqlite3"
_AUTHORITY: Final = "authority"
_OFFSET: Final = "clock offset"

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class TestConfig:
    """Apple's PerformanceTestConfig. Except for the 700 ms, the numbers are those of the test data of Apple's library.

    The numbers that Apple really uses are not published.
    """

    __test__ = False  # pytest would collect the class because of its name

    max_concurrent_requests: int = 10
    total_requests: int = 100
    total_duration_ms: int = 60_000
    response_time_threshold_ms: int = TIME_LIMIT_MS
    success_rate_threshold: int = 95

    def document(self) -> dict[str, int]:
        return {
            "maxConcurrentRequests": self.max_concurrent_requests,
            "totalRequests": self.total_requests,
            "totalDuration": self.total_duration_ms,
            "responseTimeThreshold": self.response_time_threshold_ms,
            "successRateThreshold": self.success_rate_threshold,
        }


@dataclass(slots=True)
class Simulator:
    """One simulator. Both clocks return UNIX seconds.

    `clock` is the one that `advance` moves: it counts the hours of Apple's limits. `wall` dates tokens and signatures,
    which other programs check against their own clocks. With `strict`, the simulator refuses an offer that is not
    signed with the registered key, as Apple would. The endpoint signs with a throwaway key for every caller except
    Apple, so without `strict` the simulator only notes it.
    """

    database: Database
    authority: Authority
    test_config: TestConfig = field(default_factory=TestConfig)
    clock: Clock = time.time
    wall: Clock = time.time
    strict: bool = False

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        authority: Path | None = None,
        test_config: TestConfig | None = None,
        clock: Clock = time.time,
        wall: Clock = time.time,
        strict: bool = False,
    ) -> Self:
        """Open the simulator whose data is in `directory`, or create it there. The caller closes it.

        A new simulator signs with a copy of the authority in the directory `authority`, by default the committed one,
        and keeps that copy. Raises OSError or ValueError if `authority` has no authority.
        """
        directory.mkdir(parents=True, exist_ok=True)
        own = directory / _AUTHORITY
        if not own.exists():
            Authority.load(authority or COMMITTED_AUTHORITY).save(own)
        signing = Authority.load(own)
        return cls(Database(directory / _MEMORY), signing, test_config or TestConfig(), clock, wall, strict)

    def copy(self, clock: Clock) -> Simulator:
        """Return a copy in memory on another clock, which also dates its signatures. The caller closes it."""
        return Simulator(self.database.copy(), self.authority, self.test_config, clock, clock, self.strict)

    @property
    def accounts(self) -> Accounts:
        return Accounts(self.database)

    @property
    def rates(self) -> Rates:
        return Rates(self.database)

    def app_data(self, app_apple_id: int, environment: str) -> AppData:
        return AppData(self.database, app_apple_id, environment)

    def outbox(self, app_apple_id: int, environment: str) -> Outbox:
        return Outbox(self.database, app_apple_id, environment)

    def subscriptions(self, app_apple_id: int, environment: str) -> SubscriptionData:
        return SubscriptionData(self.database, app_apple_id, environment)

    def now(self) -> float:
        """Return the simulator's time in UNIX seconds: its clock, plus all that it was advanced by."""
        return self.clock() + self._offset()

    def advance(self, seconds: float) -> float:
        """Put the simulator's clock forward, for example into the next hour of Apple's limits; return its time."""
        with self.database.transaction():
            self.database.run("REPLACE INTO setting VALUES (?, ?)", _OFFSET, str(self._offset() + seconds))
            return self.now()

    def _offset(self) -> float:
        row = self.database.one("SELECT value FROM setting WHERE name = ?", _OFFSET)
        return 0.0 if row is None else float(row[0])

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
