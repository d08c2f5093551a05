"""The row of the last TEST notification."""

from __future__ import annotations

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.notifications.last_test import LastTest, last_test, note_test

from tests.support.fake_table import APP, TABLE
from tests.support.writable_table import WritableTable


def test_the_last_test_is_read_as_it_was_noted() -> None:
    """A later one takes the place of an earlier one."""
    app_table = AppTable(WritableTable().client(), TABLE, APP)
    assert last_test(app_table) is None
    for number in (1, 2):
        note_test(app_table, LastTest(f"u-{number}", number), number)
    assert last_test(app_table) == LastTest("u-2", 2)


def test_an_earlier_test_does_not_take_the_place_of_a_later_one() -> None:
    """What counts is when Apple signed it. The pull meets the tests of three days every night."""
    app_table = AppTable(WritableTable().client(), TABLE, APP)
    written = [note_test(app_table, LastTest(name, at), at) for name, at in (("u-2", 2), ("u-1", 1), ("u-2", 2))]
    assert written == [True, False, False]
    assert note_test(app_table, LastTest("u-1", 9), 1) is False
    assert last_test(app_table) == LastTest("u-2", 2)


def test_a_damaged_row_is_written_over() -> None:
    """What is no number is no later test."""
    table = WritableTable()
    table.put(rows.last_test_key(APP), {"lastTest": {"S": "u-1"}, "at": {"S": "2099"}, "signedDate": {"S": "2099"}})
    app_table = AppTable(table.client(), TABLE, APP)
    note_test(app_table, LastTest("u-2", 2), 2)
    assert last_test(app_table) == LastTest("u-2", 2)


def test_a_damaged_row_is_no_test() -> None:
    """The console then asks for another one."""
    table = WritableTable()
    table.put(rows.last_test_key(APP), {"lastTest": {"N": "1"}})
    assert last_test(AppTable(table.client(), TABLE, APP)) is None
