"""How far a notification history is read: instants that never go back, and places that any run may go on from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.notifications.history import HistoryQuery
from retention.notifications.progress import Progress, ProgressRow, Reading, StoppedAt, read_progress

from console.local.rows import create_table
from tests.support.fake_table import APP, TABLE
from tests.support.moto_client import dynamodb_client

PLACE = StoppedAt(HistoryQuery(1_000, 2_000), "token-of-page-2")


@pytest.fixture
def app_table() -> Iterator[AppTable]:
    with mock_aws():
        client = dynamodb_client()
        create_table(client, TABLE)
        yield AppTable(client, TABLE, APP)


def damage(app_table: AppTable, **attributes: Any) -> None:
    app_table.client.put_item(TableName=TABLE, Item={**rows.pull_key(APP), **attributes})


def test_before_the_first_run_nothing_is_read(app_table: AppTable) -> None:
    """There is no row, no watermark and no place."""
    found = ProgressRow(app_table).read()
    assert (found, found.watermark, found.place(Reading.NEWS)) == (Progress(), None, None)


def test_a_reading_ends_with_its_instant_and_without_a_place(app_table: AppTable) -> None:
    """The news has the watermark, and the instant since when there is no gap."""
    row = ProgressRow(app_table)
    row.stop_at(Reading.NEWS, PLACE)
    assert row.read().place(Reading.NEWS) == PLACE
    assert row.end_at(Reading.NEWS, 2_000, since=1_000)
    assert row.end_at(Reading.HOURLY, 1_500)
    found = row.read()
    assert (found.since, found.until, found.places) == (1_000, {Reading.NEWS: 2_000, Reading.HOURLY: 1_500}, {})


def test_an_instant_never_goes_back(app_table: AppTable) -> None:
    """Of two runs at once the slower one changes nothing, neither the instant nor a place."""
    row = ProgressRow(app_table)
    assert row.end_at(Reading.NEWS, 5_000, since=1_000)
    row.stop_at(Reading.NEWS, StoppedAt(HistoryQuery(4_000, 9_000), "t"))
    for late in (5_000, 4_999):
        assert not row.end_at(Reading.NEWS, late, since=2_000)
    found = row.read()
    assert (found.watermark, found.since, found.place(Reading.NEWS) is not None) == (5_000, 1_000, True)


def test_a_place_that_another_run_has_passed_is_none(app_table: AppTable) -> None:
    """A slow run may write its place after a faster one has finished the same query."""
    row = ProgressRow(app_table)
    row.end_at(Reading.NEWS, 2_000, since=1_000)
    row.stop_at(Reading.NEWS, PLACE)
    assert row.read().place(Reading.NEWS) is None
    row.stop_at(Reading.HOURLY, PLACE)
    assert row.read().place(Reading.HOURLY) == PLACE


@pytest.mark.parametrize(
    "watermark", [{"S": "2000"}, {"N": "1.5"}, {"BOOL": True}], ids=["text", "fraction", "truth value"]
)
def test_a_damaged_watermark_begins_anew(app_table: AppTable, watermark: dict[str, Any]) -> None:
    """The repairs count as due too, and the damaged instant does not keep the reading where it is."""
    damage(app_table, watermark=watermark, since={"N": "1"}, hourlyUntil={"N": "2000"})
    row = ProgressRow(app_table)
    assert row.read() == Progress()
    assert row.end_at(Reading.NEWS, 3_000, since=1_000)
    assert row.read().watermark == 3_000


@pytest.mark.parametrize(
    "place",
    [
        {"S": "x"},
        {"M": {}},
        {"M": {"start": {"N": "1"}, "end": {"N": "x"}, "token": {"S": "t"}}},
        {"M": {"start": {"N": "1"}, "end": {"N": "2"}, "token": {"N": "3"}}},
        {"M": "x"},
    ],
    ids=["text", "empty", "no instant", "no token", "no map"],
)
def test_a_damaged_place_is_none(place: dict[str, Any]) -> None:
    """The reading begins with its first page again."""
    assert read_progress({"newsPlace": place}).place(Reading.NEWS) is None


def test_no_token_is_in_a_repr() -> None:
    """A place may end up in a traceback."""
    assert "token-of-page-2" not in repr(Progress(places={Reading.NEWS: PLACE}))
