"""How long periods last."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from console.simulator.subscriptions.billing_periods import DAY, MINUTE, allowed_gap, period_end


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("start", "period", "end"),
    [
        ("2026-01-15T10:30", "P1M", "2026-02-15T10:30"),
        ("2026-01-31T10:30", "P1M", "2026-02-28T10:30"),
        ("2026-11-30T00:00", "P3M", "2027-02-28T00:00"),
        ("2026-12-01T00:00", "P1M", "2027-01-01T00:00"),
        ("2024-02-29T00:00", "P1Y", "2025-02-28T00:00"),
        ("2026-03-28T00:00", "P1W", "2026-04-04T00:00"),
        ("2026-03-28T00:00", "P3D", "2026-03-31T00:00"),
    ],
)
def test_a_period_ends_by_the_calendar(start: str, period: str, end: str) -> None:
    """A period of months ends on the same day of the month, or on the last day of a shorter month."""
    assert period_end(at(start), period) == at(end)


def test_milliseconds_are_kept() -> None:
    """A period ends at the millisecond at which it began."""
    assert period_end(at("2026-01-15T10:30") + 123, "P1M") == at("2026-02-15T10:30") + 123


@pytest.mark.parametrize(("period", "minutes"), [("P1W", 3), ("P1M", 5), ("P1Y", 60), ("P9M", 45)])
def test_accelerated_periods_are_those_of_the_sandbox(period: str, minutes: int) -> None:
    """Accelerated, a week takes three minutes, a month five, and a year an hour."""
    assert period_end(0, period, accelerated=True) == minutes * MINUTE


@pytest.mark.parametrize("period", ["", "P0M", "1M", "P1M ", "P1H"])
def test_another_text_is_refused(period: str) -> None:
    """What is no ISO 8601 period of days, weeks, months or years raises ValueError."""
    with pytest.raises(ValueError, match="no period"):
        period_end(0, period)


def test_the_gap_that_ends_a_run() -> None:
    """A new run of purchases begins after 60 days, in the sandbox after 10 minutes."""
    assert (allowed_gap(accelerated=False), allowed_gap(accelerated=True)) == (60 * DAY, 10 * MINUTE)
