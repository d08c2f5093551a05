"""What the table has of an app: the live release, review states, default messages and a pause."""

from __future__ import annotations

from dataclasses import replace

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import MessageState

from console.releases.default_rows import record_default
from console.releases.head import pause
from console.releases.overview import TableOverview, look_at_table
from console.releases.read import ReleaseError
from tests.support.fake_table import APP, HERO, KEEP_EN, KEEP_FR
from tests.support.release_table import TABLE
from tests.support.small_release import NOW, put
from tests.support.writable_table import WritableTable


@pytest.fixture
def table() -> WritableTable:
    made = WritableTable()
    put(made.client(), TABLE)
    return made


def overview(table: WritableTable) -> TableOverview:
    return look_at_table(AppTable(table.client(), TABLE, APP))


def test_an_empty_table_has_nothing() -> None:
    """Before the first publish there is no release, no state and no default; compiling keeps no predecessor."""
    found = overview(WritableTable())
    assert found == TableOverview()
    assert (found.standing.release, found.standing.states, found.previous({}).texts) == (None, {}, {})


def test_a_published_app_has_its_release_and_its_states(table: WritableTable) -> None:
    """Messages have their images' states; a row that publishing made is marked as published."""
    table.put(rows.message_key(APP, "imported"), {"state": {"S": "APPROVED"}, "since": {"S": "2026-11-24"}})
    found = overview(table)
    assert (found.live and found.live.number, found.paused) == (1, False)
    assert found.message_rows[KEEP_EN].state == MessageState("UNKNOWN", {HERO: "UNKNOWN"})
    assert found.message_rows[KEEP_EN].published
    imported = found.message_rows["imported"]
    assert (imported.state.message, imported.since, imported.published) == ("APPROVED", "2026-11-24", False)
    assert set(found.image_rows) == {HERO}


def test_editions_are_judged_by_what_the_table_holds(table: WritableTable) -> None:
    """The standing has the live number, the states, the defaults, and the texts that may serve as predecessors."""
    app_table = AppTable(table.client(), TABLE, APP)
    record_default(app_table, "pro.monthly", "fr-FR", KEEP_FR, NOW)
    pause(app_table)
    standing = overview(table).standing
    assert (standing.release, standing.paused) == (1, True)
    assert standing.defaults == {("pro.monthly", "fr-FR"): KEEP_FR}
    assert standing.previous.texts["keep"] == {"en-US": (KEEP_EN,), "fr-FR": (KEEP_FR,)}


def test_a_damaged_live_release_is_an_error_with_a_way_out(table: WritableTable) -> None:
    """The sentence names the two commands that make a complete release live."""
    table.remove(rows.sheet_key(APP, 1, "*"))
    with pytest.raises(ReleaseError, match=r"release 1 is damaged: .*`retention rollback`.*`retention import --rep"):
        overview(table)


def test_a_release_that_is_known_is_not_read_again(table: WritableTable) -> None:
    """Only where its number is the live one; what else the table has is read each time."""
    app_table = AppTable(table.client(), TABLE, APP)
    first = look_at_table(app_table)
    assert first.live is not None
    table.put(rows.message_key(APP, "imported"), {"state": {"S": "APPROVED"}})
    again = look_at_table(app_table, first.live)
    assert again.live is first.live
    assert "imported" in again.message_rows
    other = replace(first.live, number=7)
    assert look_at_table(app_table, other).live == first.live
    assert look_at_table(AppTable(WritableTable().client(), TABLE, APP), first.live).live is None
