"""The live release: its number, its documents, and what the real-time function reads of it and of a customer."""

from __future__ import annotations

from typing import Final

from retention.aws.app_table import AppTable
from retention.aws.deadline import Deadline
from retention.aws.sdk import SdkConnection
from retention.lookup.app import Loaded
from retention.lookup.store import Store
from retention.rules import Customer

from console.releases.attributes import current_in
from console.releases.read import StoredRelease, read_live
from console.terminal.failure import Failure

# An operator waits longer than the App Store.
_CATALOG_SECONDS: Final = 30.0
_PROFILE_SECONDS: Final = 5.0


def live_number(app_table: AppTable) -> int | None:
    """Return the number of the live release; None before the first publishing."""
    return current_in(app_table.head())


def require_live(app_table: AppTable) -> StoredRelease:
    """Return the live release. Raises Failure where there is none, ReleaseError where it is damaged."""
    number = live_number(app_table)
    return require_published(None if number is None else read_live(app_table, number))


def require_published(live: StoredRelease | None) -> StoredRelease:
    """Return the live release. Raises Failure where there is none."""
    if live is None:
        raise Failure("Nothing has been published for this app.")
    return live


def load_live(app_table: AppTable, product_id: str, user_locale: str) -> Loaded:
    """Return what the function would decide with, read the way the function reads. Raises CatalogUnavailableError."""
    deadline = Deadline.after(_CATALOG_SECONDS)
    return _store(app_table).catalog(app_table.app_apple_id, product_id, user_locale, deadline)


def read_profile(app_table: AppTable, original_transaction_id: str) -> Customer:
    """Return a customer's facts, read the way the function reads them; they may be unreadable, or none."""
    deadline = Deadline.after(_PROFILE_SECONDS)
    return _store(app_table).customer(app_table.app_apple_id, original_transaction_id, deadline, _PROFILE_SECONDS)


def _store(app_table: AppTable) -> Store:
    return Store(lambda: SdkConnection(app_table.client), app_table.name)
