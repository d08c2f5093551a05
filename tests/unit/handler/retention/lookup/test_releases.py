"""A release is read once, from any replica, and what is missing there from DynamoDB's leader."""

from __future__ import annotations

from typing import Any

import pytest
from retention import table as rows
from retention.aws.deadline import Deadline
from retention.errors import DocumentError, FormatTooNewError, RowGoneError, UnreadableRowError
from retention.lookup.memory import Memory
from retention.lookup.releases import Ahead, Releases
from retention.lookup.table_reader import TableReader, place_of
from retention.table import Head

from tests.support.fake_table import APP, CUSTOMER_KEY, SETTINGS, SHEETS, TABLE, FakeTable, published
from tests.support.waiting import PATIENCE

HEAD = Head(1, 1, paused=False, customer_key=CUSTOMER_KEY)


class Read:
    """An app's releases over a fake table."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table
        self.releases = Releases(APP, TableReader(lambda: table, TABLE), Memory())

    def sheet(self, product: str = "pro.monthly") -> Any:
        return self.releases.sheet_for(product, "en-US", HEAD, Deadline.after(PATIENCE))

    def asked(self) -> list[tuple[int, bool]]:
        """Return of each call how many rows it asked for, and whether of the leader."""
        wanted = [request["RequestItems"][TABLE] for _, request in self.table.calls]
        self.table.calls.clear()
        return [(len(each["Keys"]), each["ConsistentRead"]) for each in wanted]


@pytest.fixture
def read() -> Read:
    return Read(published())


def test_settings_and_sheets_come_in_one_call_and_stay(read: Read) -> None:
    """Settings, the product's own sheet and the one for other products: which of them rules is in the settings."""
    name, release, sheet = read.sheet()
    assert (name, sheet.product.product_id) == ((APP, 1, "pro.monthly"), "pro.monthly")
    assert release.settings.bundle_id == SETTINGS["bundleId"]
    assert read.asked() == [(3, False)]
    assert read.sheet()[2] is sheet
    assert read.asked() == []


def test_a_product_outside_the_release_has_the_sheet_for_the_others(read: Read) -> None:
    """All such products share it."""
    assert read.sheet("ghost")[0] == (APP, 1, "*")
    read.asked()
    assert read.sheet("phantom")[2] is read.sheet("ghost")[2]
    assert read.asked() == []


def test_what_a_replica_does_not_have_yet_is_read_from_the_leader(read: Read) -> None:
    """The missing rows alone."""
    read.table.lagging = dict(read.table.items)
    del read.table.lagging[place_of(rows.sheet_key(APP, 1, "pro.monthly"))]
    assert read.sheet()[0] == (APP, 1, "pro.monthly")
    assert read.asked() == [(3, False), (1, True)]


@pytest.mark.parametrize(
    "missing", [rows.settings_key(APP, 1), rows.sheet_key(APP, 1, "pro.monthly")], ids=["settings", "sheet"]
)
def test_a_row_that_the_leader_has_not_either_is_gone(read: Read, missing: rows.Key) -> None:
    """The release was deleted, or is damaged."""
    read.table.remove(missing)
    with pytest.raises(RowGoneError):
        read.sheet()


def test_a_newer_format_is_not_read() -> None:
    """Its documents may mean something else."""
    table = FakeTable()
    table.publish(1, format_version=2)
    with pytest.raises(FormatTooNewError):
        Read(table).sheet()


@pytest.mark.parametrize("change", [{"rules": None}, {"sets": []}, {"product": {}}])
def test_a_document_of_another_shape_is_an_error_of_ours(change: dict[str, Any]) -> None:
    """Its digest is right; it was written by another program."""
    table = FakeTable()
    table.publish(1, {**SHEETS, "pro.monthly": {**SHEETS["pro.monthly"], **change}})
    with pytest.raises(DocumentError):
        Read(table).sheet()


def test_what_was_read_ahead_takes_no_call(read: Read) -> None:
    """Until it is damaged: then the table is asked after all."""
    read.releases.ahead = Ahead(1, 1, dict(read.table.items), {}, 0.0)
    read.sheet()
    assert read.asked() == []
    damaged = {place: {**item, "digest": {"S": "0"}} for place, item in read.table.items.items()}
    again = Read(read.table)
    again.releases.ahead = Ahead(1, 1, damaged, {}, 0.0)
    again.sheet()
    assert again.asked() == [(3, False)]


def test_a_row_that_stays_damaged_is_an_error(read: Read) -> None:
    """It is read twice, from a replica and from the leader."""
    place = place_of(rows.settings_key(APP, 1))
    read.table.items[place] = {**read.table.items[place], "digest": {"S": "0"}}
    with pytest.raises(UnreadableRowError):
        read.sheet()


def test_states_read_ahead_are_of_one_version_and_of_the_messages_looked_for() -> None:
    """Otherwise they are read."""
    ahead = Ahead(1, 7, {}, {"m1": rows.read_message({"state": {"S": "APPROVED"}}), "m2": None}, 0.0)
    states = ahead.states_of(["m1", "m2"], 7)
    assert states is not None
    assert states.keys() == {"m1"}
    assert ahead.states_of(["m1"], 8) is None
    assert ahead.states_of(["m1", "m3"], 7) is None
    assert ahead.states_of(["m2"], 7) is None
