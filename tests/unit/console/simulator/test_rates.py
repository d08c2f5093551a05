"""The simulator's hourly limits are counted for each app, environment and operation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from retention.limits import SECONDS_PER_HOUR, calls_per_hour

from console.simulator.database import Database
from console.simulator.rates import RateLimitExceeded, Rates

OPERATION = "getMessageList"
NOW = 10.5 * SECONDS_PER_HOUR


@pytest.fixture
def rates() -> Iterator[Rates]:
    with closing(Database(":memory:")) as database:
        yield Rates(database)


def use_up(rates: Rates, now: float = NOW) -> None:
    for _ in range(calls_per_hour(OPERATION, "Sandbox")):
        rates.count(1, "Sandbox", OPERATION, now)


def test_the_call_beyond_the_limit_is_refused_until_the_next_hour(rates: Rates) -> None:
    """Retry-After is the end of the hour, in milliseconds, as in Apple's answers."""
    use_up(rates)
    with pytest.raises(RateLimitExceeded) as refused:
        rates.count(1, "Sandbox", OPERATION, NOW)
    assert refused.value.retry_after_ms == 11 * SECONDS_PER_HOUR * 1000
    rates.count(1, "Sandbox", OPERATION, 11 * SECONDS_PER_HOUR)


def test_apps_environments_and_operations_are_counted_separately(rates: Rates) -> None:
    """Calls of one app, environment or operation do not count against another's limit."""
    use_up(rates)
    rates.count(2, "Sandbox", OPERATION, NOW)
    rates.count(1, "Production", OPERATION, NOW)
    rates.count(1, "Sandbox", "getImageList", NOW)
