"""Whose notifications are ours: the apps with a live release, read from the table now and then."""

from __future__ import annotations

from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.errors import UnreadableRowError
from retention.notifications.live_apps import KEPT_SECONDS, LiveApps, live_app

from tests.support.fake_table import APP, CUSTOMER_KEY, SETTINGS, TABLE, Clock
from tests.support.writable_table import WritableTable

OTHER_APP = 531412


@pytest.fixture
def table() -> WritableTable:
    made = WritableTable()
    made.publish(1)
    return made


def test_a_live_app_has_its_bundle_id_and_its_key(table: WritableTable) -> None:
    """Both are of the live release and its head; the key is in no repr."""
    found = live_app(AppTable(table.client(), TABLE, APP))
    assert found is not None
    assert (found.app_apple_id, found.settings.bundle_id) == (APP, SETTINGS["bundleId"])
    assert found.customer_key == CUSTOMER_KEY
    assert repr(CUSTOMER_KEY) not in repr(found)


def test_an_app_before_its_first_publishing_is_not_live(table: WritableTable) -> None:
    """An app of the stack without a release is none whose notifications can be kept yet, and is no failure."""
    found = LiveApps(table.client(), TABLE, [APP, OTHER_APP]).read()
    assert (set(found.live), found.unread) == ({APP}, {})


def test_an_app_is_read_once_a_minute(table: WritableTable) -> None:
    """A batch of messages does not read the table for its app each time."""
    clock = Clock()
    apps = LiveApps(table.client(), TABLE, [APP], clock)
    apps.read()
    reads = len(table.calls)
    table.remove(rows.head_key(APP))
    clock.now += KEPT_SECONDS - 1
    assert APP in apps.read().live
    clock.now += 1
    assert apps.read().live == {}
    assert len(table.calls) == reads


def test_an_app_that_cannot_be_read_stops_no_other(table: WritableTable) -> None:
    """A damaged release and a table that cannot be reached each have a code, by app."""
    table.put(rows.key(rows.app_pk(OTHER_APP), "head"), {"current": {"N": "7"}, "customerKey": {"B": b"k"}})
    found = LiveApps(table.client(), TABLE, [APP, OTHER_APP]).read()
    assert (set(found.live), found.unread) == ({APP}, {OTHER_APP: "release_unreadable"})

    def away(_operation: str, _request: dict[str, Any]) -> dict[str, Any]:
        raise ConnectionError

    assert LiveApps(table.client(away), TABLE, [APP]).read().unread == {APP: "ConnectionError"}


def test_a_table_that_is_away_is_asked_once(table: WritableTable) -> None:
    """Each app would wait for the same answer, and the function's time would be over."""
    calls: list[str] = []

    def away(operation: str, _request: dict[str, Any]) -> dict[str, Any]:
        calls.append(operation)
        raise ConnectionError

    apps = LiveApps(table.client(away), TABLE, [APP, OTHER_APP, 1])
    assert apps.read().unread == dict.fromkeys((APP, OTHER_APP, 1), "ConnectionError")
    assert len(calls) == 1


def test_a_damaged_head_is_an_error(table: WritableTable) -> None:
    """A caller of one app learns why it cannot be read."""
    table.put(rows.head_key(APP), {"current": {"S": "one"}})
    with pytest.raises(UnreadableRowError):
        live_app(AppTable(table.client(), TABLE, APP))
