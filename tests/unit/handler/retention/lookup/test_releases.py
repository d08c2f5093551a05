"""A release is read once, from any replica; rows that the replica lacks are read consistently."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from retention import table as rows
from retention.aws.deadline import Deadline
from retention.catalog import FORMAT
from retention.errors import DocumentError, FormatTooNewError, RowGoneError, UnreadableRowError
from retention.lookup.memory import Memory
from retention.lookup.releases import Ahead, Releases
from retention.lookup.table_reader import TableReader, place_of
from retention.table import Head

from tests.support.fake_table import APP, CUSTOMER_KEY, SETTINGS, SHEETS, TABLE, FakeTable, published
from tests.support.waiting import PATIENCE

HEAD = Head(1, 1, paused=False, customer_key=CUSTOMER_KEY)


class ReleasesOnFake:
    """An app's releases over a fake table."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table
        self.releases = Releases(APP, TableReader(lambda: table, TABLE), Memory())

    def sheet(self, product: str = "pro.monthly") -> Any:
        return self.releases.sheet_for(product, "en-US", HEAD, Deadline.after(PATIENCE))

    def calls(self) -> list[tuple[int, bool]]:
        """Return for each call its number of keys and whether it was consistent, and forget the calls."""
        wanted = [request["RequestItems"][TABLE] for _, request in self.table.calls]
        self.table.calls.clear()
        return [(len(each["Keys"]), each["ConsistentRead"]) for each in wanted]


@pytest.fixture
def read() -> ReleasesOnFake:
    return ReleasesOnFake(published())


def test_settings_and_sheets_come_in_one_call_and_stay(read: ReleasesOnFake) -> None:
    """One call reads the settings, the product's sheet and the sheet `*`, one of which the settings then choose."""
    name, release, sheet = read.sheet()
    assert (name, sheet.product.product_id) == ((APP, 1, "pro.monthly"), "pro.monthly")
    assert release.settings.bundle_id == SETTINGS["bundleId"]
    assert read.calls() == [(3, False)]
    assert read.sheet()[2] is sheet
    assert read.calls() == []


def test_products_outside_the_release_share_the_sheet_for_others(read: ReleasesOnFake) -> None:
    """The second product outside the release reads nothing: it uses the sheet `*` in memory."""
    assert read.sheet("ghost")[0] == (APP, 1, "*")
    read.calls()
    assert read.sheet("phantom")[2] is read.sheet("ghost")[2]
    assert read.calls() == []


def test_rows_that_a_replica_lacks_are_read_consistently(read: ReleasesOnFake) -> None:
    """The second, consistent call requests only the rows that the replica did not have."""
    read.table.lagging = dict(read.table.items)
    del read.table.lagging[place_of(rows.sheet_key(APP, 1, "pro.monthly"))]
    assert read.sheet()[0] == (APP, 1, "pro.monthly")
    assert read.calls() == [(3, False), (1, True)]


@pytest.mark.parametrize(
    "missing", [rows.settings_key(APP, 1), rows.sheet_key(APP, 1, "pro.monthly")], ids=["settings", "sheet"]
)
def test_a_row_missing_in_a_consistent_read_is_gone(read: ReleasesOnFake, missing: rows.Key) -> None:
    """If a row is missing in a consistent read too, the release was deleted or damaged: RowGoneError."""
    read.table.remove(missing)
    with pytest.raises(RowGoneError):
        read.sheet()


def test_a_sheet_that_asks_for_facts_from_apple_is_loaded_with_what_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module is imported when the sheet is compiled, so that no customer's request pays for it; others never."""
    monkeypatch.delitem(sys.modules, "retention.subscription", raising=False)
    monkeypatch.delattr("retention.subscription", raising=False)
    table = published()
    ReleasesOnFake(table).sheet()
    assert "retention.subscription" not in sys.modules
    [rule] = SHEETS["pro.monthly"]["rules"]
    asking = {**SHEETS["pro.monthly"], "rules": [{**rule, "when": ["least", "subscription.tenureDays", 180]}]}
    table.publish(1, {**SHEETS, "pro.monthly": asking})
    ReleasesOnFake(table).sheet()
    assert "retention.subscription" in sys.modules


def test_a_newer_format_is_not_read() -> None:
    """Documents in a newer format may have another meaning."""
    table = FakeTable()
    table.publish(1, format_version=FORMAT + 1)
    with pytest.raises(FormatTooNewError):
        ReleasesOnFake(table).sheet()


@pytest.mark.parametrize("change", [{"rules": None}, {"sets": []}, {"product": {}}])
def test_a_document_of_another_shape_raises_document_error(change: dict[str, Any]) -> None:
    """Its digest is right, so that another program must have written it."""
    table = FakeTable()
    table.publish(1, {**SHEETS, "pro.monthly": {**SHEETS["pro.monthly"], **change}})
    with pytest.raises(DocumentError):
        ReleasesOnFake(table).sheet()


def test_what_was_read_ahead_takes_no_call(read: ReleasesOnFake) -> None:
    """Rows that were read ahead are used, unless they are damaged: then they are read from the table."""
    read.releases.ahead = Ahead(1, 1, dict(read.table.items), {}, 0.0)
    read.sheet()
    assert read.calls() == []
    damaged = {place: {**item, "digest": {"S": "0"}} for place, item in read.table.items.items()}
    again = ReleasesOnFake(read.table)
    again.releases.ahead = Ahead(1, 1, damaged, {}, 0.0)
    again.sheet()
    assert again.calls() == [(3, False)]


def test_a_row_that_stays_damaged_is_an_error(read: ReleasesOnFake) -> None:
    """A damaged row is read twice, the second time consistently."""
    place = place_of(rows.settings_key(APP, 1))
    read.table.items[place] = {**read.table.items[place], "digest": {"S": "0"}}
    with pytest.raises(UnreadableRowError):
        read.sheet()


def test_states_read_ahead_are_of_one_version_and_known_messages() -> None:
    """For another version, or a message that was not read ahead, there are none, and the table is read."""
    ahead = Ahead(1, 7, {}, {"m1": rows.read_message({"state": {"S": "APPROVED"}}), "m2": None}, 0.0)
    states = ahead.states_of(["m1", "m2"], 7)
    assert states is not None
    assert states.keys() == {"m1"}
    assert ahead.states_of(["m1"], 8) is None
    assert ahead.states_of(["m1", "m3"], 7) is None
    assert ahead.states_of(["m2"], 7) is None
