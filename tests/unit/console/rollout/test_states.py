"""`retention import-states` writes the review states of saved lists into the table."""

from __future__ import annotations

from functools import partial

import pytest
from retention import table as rows
from retention.review.snapshot import ImageState, SnapshotRefusedError

from console.rollout.states import import_states, show
from tests.support.apple_in_memory import target_in_memory
from tests.support.fake_table import APP, HERO, KEEP_EN, KEEP_FR, TABLE
from tests.support.printed import json_document, printed
from tests.support.small_release import put
from tests.support.writable_table import WritableTable

APPROVED = ({KEEP_EN: "APPROVED", KEEP_FR: "APPROVED"}, {HERO: ImageState("APPROVED", "FULL_SIZE")})


@pytest.fixture
def table() -> WritableTable:
    made = WritableTable()
    put(made.client(), TABLE)
    return made


def state(table: WritableTable, message: str) -> str:
    key = rows.message_key(APP, message)
    return rows.state_of(table.items[key["pk"]["S"], key["sk"]["S"]])


def test_states_are_written(table: WritableTable) -> None:
    """The report counts both lists, and what was written."""
    report = import_states(target_in_memory(table), APPROVED, allow_silencing=False)
    assert (report.messages, report.images, state(table, KEEP_EN)) == (2, 1, "APPROVED")
    assert report.written > 0


def test_lists_without_what_is_live_are_refused(table: WritableTable) -> None:
    """The sentence names the option that imports them, and nothing is written."""
    target = target_in_memory(table)
    import_states(target, APPROVED, allow_silencing=False)
    with pytest.raises(SnapshotRefusedError, match=r"nothing was imported.*--allow-silencing"):
        import_states(target, ({}, {}), allow_silencing=False)
    assert state(table, KEEP_EN) == "APPROVED"


def test_with_the_option_they_are_imported(table: WritableTable) -> None:
    """What no list names counts as deleted."""
    target = target_in_memory(table)
    import_states(target, APPROVED, allow_silencing=False)
    assert import_states(target, ({}, {}), allow_silencing=True).silenced > 0
    assert state(table, KEEP_EN) == "ABSENT"


def test_the_number_of_states_is_printed(table: WritableTable, capsys: pytest.CaptureFixture[str]) -> None:
    """The document is the report."""
    target = target_in_memory(table)
    report = import_states(target, APPROVED, allow_silencing=False)
    one = partial(show, report, APPROVED, target)
    assert printed(one, capsys) == "2 messages and 1 image: their states are in retention.\n"
    assert json_document(one, capsys)["written"] == report.written
