"""What a table knows of one customer, read the way the function reads it, with an operator's patience."""

from __future__ import annotations

from typing import Final

from retention.aws.app_table import AppTable
from retention.aws.deadline import Deadline
from retention.aws.sdk import SdkConnection
from retention.lookup.store import Store
from retention.rules import Customer

_SECONDS: Final = 5.0


def read_profile(app_table: AppTable, original_transaction_id: str) -> Customer:
    """Return the customer's facts, which may be unreadable or none."""
    store = Store(lambda: SdkConnection(app_table.client), app_table.name)
    return store.customer(app_table.app_apple_id, original_transaction_id, Deadline.after(_SECONDS), _SECONDS)
