"""The row `test`: the last TEST notification, by which the console sees that deliveries reach the stack."""

from __future__ import annotations

from dataclasses import dataclass

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.errors import UnreadableRowError


@dataclass(frozen=True, slots=True)
class LastTest:
    """A TEST notification by its UUID, and when it was delivered, or as the pull met it, signed (UTC epoch seconds)."""

    notification_uuid: str
    at: int


def note_test(app_table: AppTable, test: LastTest) -> None:
    """Write the row, unless it has a later one: the pull meets a test again and again. Raises the SDK's own errors."""
    row = {"lastTest": {"S": test.notification_uuid}, "at": {"N": str(test.at)}}
    app_table.put(
        {
            "Item": {**rows.last_test_key(app_table.app_apple_id), **row},
            # Also where there is no row, or a damaged one: nothing is less than what is no number.
            "ConditionExpression": "NOT :at < #at",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": {":at": row["at"]},
        }
    )


def last_test(app_table: AppTable) -> LastTest | None:
    """Return the last test, None where none arrived or the row is damaged. Raises the SDK's own errors."""
    item = app_table.get(rows.last_test_key(app_table.app_apple_id))
    try:
        return LastTest(rows.string(item, "lastTest"), rows.number(item, "at"))
    except UnreadableRowError:
        return None
