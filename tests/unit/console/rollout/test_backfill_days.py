"""The days of a backfill, and the rows by which a killed one goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.notifications.history import DAY_MS, HistoryQuery
from retention.notifications.progress import Progress, Reading
from retention.request import PRODUCTION, SANDBOX

from console.local.rows import create_table
from console.rollout.backfill_days import (
    BackfillRows,
    DayProgress,
    HistoryDay,
    days_back,
    last_instant,
    next_query,
)
from tests.support.fake_table import APP, TABLE
from tests.support.moto_client import dynamodb_client

NOW = datetime(2026, 11, 30, 18, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
MIDNIGHT_MS = int(datetime(2026, 11, 30, tzinfo=UTC).timestamp() * 1000)
TODAY = HistoryDay("2026-11-30", MIDNIGHT_MS, NOW_MS)


@pytest.fixture
def app_table() -> Iterator[AppTable]:
    with mock_aws():
        client = dynamodb_client()
        create_table(client, TABLE)
        yield AppTable(client, TABLE, APP)


def test_today_comes_first_and_ends_now() -> None:
    """The days follow each other without a gap."""
    days = days_back(NOW, 3, PRODUCTION)
    assert days[0] == TODAY
    assert [day.name for day in days] == ["2026-11-30", "2026-11-29", "2026-11-28"]
    assert all(older.end == newer.start for newer, older in pairwise(days))


def test_a_backfill_ends_where_the_pull_may_still_read() -> None:
    """The hourly repair reads the last three hours once more; before its first run the pull begins six hours back."""
    hour = timedelta(hours=1)
    behind = Progress(0, {Reading.NEWS: NOW_MS - 3_600_000})
    ahead = Progress(0, {Reading.NEWS: NOW_MS + 9 * 3_600_000})
    assert last_instant(Progress(), NOW) == NOW - 6 * hour
    assert last_instant(behind, NOW) == NOW - 4 * hour
    assert last_instant(ahead, NOW) == NOW
    days = days_back(NOW, 2, PRODUCTION, NOW - 19 * hour)
    assert [(day.name, day.end) for day in days] == [
        ("2026-11-29", NOW_MS - 19 * 3_600_000),
        ("2026-11-28", MIDNIGHT_MS - DAY_MS),
    ]


@pytest.mark.parametrize(("environment", "kept"), [(PRODUCTION, 180), (SANDBOX, 30)])
def test_the_oldest_day_begins_where_apples_history_does(environment: str, kept: int) -> None:
    """An hour is left for a clock that is behind Apple's: an earlier date would be refused."""
    for number in (None, 1000):
        oldest = days_back(NOW, number, environment)[-1]
        assert oldest.start == NOW_MS - kept * DAY_MS + 3_600_000
        assert oldest.name == (NOW - timedelta(days=kept)).date().isoformat()


def test_days_are_those_of_utc() -> None:
    """An operator's time zone changes no name of a row."""
    tokyo = NOW.astimezone(datetime.strptime("+0900", "%z").tzinfo)
    assert days_back(tokyo, 2, PRODUCTION) == days_back(NOW, 2, PRODUCTION)


def test_a_day_goes_on_with_the_query_of_its_token() -> None:
    """Apple takes a token with the dates alone that it was given for."""
    asked = HistoryQuery(MIDNIGHT_MS, NOW_MS - 5)
    assert next_query(TODAY, None) == (HistoryQuery(MIDNIGHT_MS, NOW_MS), None)
    assert next_query(TODAY, DayProgress(asked, "t")) == (asked, "t")


def test_a_day_that_was_read_while_it_lasted_goes_on_where_it_ended() -> None:
    """It begins a quarter of an hour earlier, for what was listed late."""
    hour_ago = NOW_MS - 3_600_000
    read = DayProgress(HistoryQuery(MIDNIGHT_MS, hour_ago), "")
    assert next_query(TODAY, read) == (HistoryQuery(hour_ago - 900_000, NOW_MS), None)
    early = DayProgress(HistoryQuery(MIDNIGHT_MS, MIDNIGHT_MS + 1), "")
    assert next_query(TODAY, early) == (HistoryQuery(MIDNIGHT_MS, NOW_MS), None)
    assert next_query(TODAY, DayProgress(HistoryQuery(MIDNIGHT_MS, NOW_MS), "")) is None


def test_rows_keep_how_far_each_day_is_read(app_table: AppTable) -> None:
    """A day has the token of its next page, or is done."""
    kept = BackfillRows(app_table)
    yesterday = HistoryDay("2026-11-29", MIDNIGHT_MS - DAY_MS, MIDNIGHT_MS)
    going_on = DayProgress(HistoryQuery(1, 2), "token-of-page-2")
    kept.write(TODAY, going_on)
    kept.write(yesterday, DayProgress(HistoryQuery(3, 4), ""))
    assert kept.read() == {"2026-11-30": going_on, "2026-11-29": DayProgress(HistoryQuery(3, 4), "")}
    item = app_table.get(rows.backfill_key(APP, "2026-11-29"))
    assert item["done"] == {"BOOL": True}
    kept.delete(TODAY)
    assert list(kept.read()) == ["2026-11-29"]


def test_rows_count_for_a_week(app_table: AppTable) -> None:
    """DynamoDB deletes expired rows later, so they are judged when they are read."""
    clock = [0.0]
    kept = BackfillRows(app_table, lambda: clock[0])
    kept.write(TODAY, DayProgress(HistoryQuery(1, 2), ""))
    clock[0] = 7 * 86_400 - 1
    assert kept.read()
    clock[0] += 1
    assert kept.read() == {}


@pytest.mark.parametrize("attribute", ["start", "end", "token", "expiresAt"])
def test_a_damaged_row_is_a_day_that_is_not_read(app_table: AppTable, attribute: str) -> None:
    """Reading a day again changes nothing."""
    kept = BackfillRows(app_table)
    kept.write(TODAY, DayProgress(HistoryQuery(1, 2), "t"))
    key: Any = rows.backfill_key(APP, TODAY.name)
    item = dict(app_table.get(key)) | {attribute: {"BOOL": True}}
    app_table.put({"Item": item})
    assert kept.read() == {}
