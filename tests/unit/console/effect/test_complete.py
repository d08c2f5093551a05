"""Until when outcomes are complete: as the pull of notifications has noted it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from console.effect.complete import assumed, completeness_of
from console.effect.rows import Completeness

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def target(item: dict[str, int]) -> Any:
    """Return a target whose table has one row."""
    row = {name: {"N": str(value)} for name, value in item.items()}
    return SimpleNamespace(app_table=SimpleNamespace(app_apple_id=1, get=lambda _key: row))


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def test_outcomes_are_complete_until_two_hours_before_the_last_repair() -> None:
    """Apple may list a notification late: the hourly repair reads three hours again."""
    row = {"since": ms(NOW - timedelta(days=90)), "watermark": ms(NOW), "hourlyUntil": ms(NOW - timedelta(minutes=5))}
    assert completeness_of(target(row)) == Completeness(NOW - timedelta(days=90), NOW - timedelta(hours=2, minutes=5))


@pytest.mark.parametrize("row", [{}, {"since": 1, "watermark": 2}, {"hourlyUntil": 5}], ids=["none", "news", "repair"])
def test_before_the_first_repair_nothing_is_known(row: dict[str, int]) -> None:
    """A row without all three instants states nothing."""
    assert completeness_of(target(row)) is None


def test_without_a_pull_a_week_is_assumed() -> None:
    """Apple's last attempt comes 157 hours after the first one."""
    assert assumed(NOW) == Completeness(None, NOW - timedelta(days=7))
