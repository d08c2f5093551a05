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
        note_test(app_table, LastTest(f"u-{number}", number))
    assert last_test(app_table) == LastTest("u-2", 2)


def test_a_damaged_row_is_no_test() -> None:
    """The console then asks for another one."""
    table = WritableTable()
    table.put(rows.last_test_key(APP), {"lastTest": {"N": "1"}})
    assert last_test(AppTable(table.client(), TABLE, APP)) is None
