"""The row `test`: the last TEST notification, by which the console sees that deliveries reach the stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.errors import UnreadableRowError

# What was damaged is written over.
_LATER: Final = (
    "attribute_not_exists(#signedDate) OR NOT attribute_type(#signedDate, :number) OR #signedDate < :signedDate"
)


@dataclass(frozen=True, slots=True)
class LastTest:
    """A TEST notification by its UUID, and when it was delivered, or as the pull met it, signed (UTC epoch seconds)."""

    notification_uuid: str
    at: int


def note_test(app_table: AppTable, test: LastTest, signed_date: int) -> bool:
    """Write the row, unless its test was signed at that time (UNIX ms) or later. Returns whether it was written.

    A test may arrive again, and the pull meets it for days. Raises the SDK's own errors.
    """
    row = {"lastTest": {"S": test.notification_uuid}, "at": {"N": str(test.at)}, "signedDate": {"N": str(signed_date)}}
    return app_table.put(
        {
            "Item": {**rows.last_test_key(app_table.app_apple_id), **row},
            "ConditionExpression": _LATER,
            "ExpressionAttributeNames": {"#signedDate": "signedDate"},
            "ExpressionAttributeValues": {":signedDate": row["signedDate"], ":number": {"S": "N"}},
        }
    )


def last_test(app_table: AppTable) -> LastTest | None:
    """Return the last test, None where none arrived or the row is damaged. Raises the SDK's own errors."""
    item = app_table.get(rows.last_test_key(app_table.app_apple_id))
    try:
        return LastTest(rows.string(item, "lastTest"), rows.number(item, "at"))
    except UnreadableRowError:
        return None
