"""The live release: its number, its documents, and what the real-time function reads of it and of a customer."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from retention.aws.app_table import AppTable
from retention.aws.deadline import Deadline
from retention.aws.sdk import SdkConnection
from retention.catalog import Product, Sheet
from retention.locales import LocaleTable
from retention.lookup.app import Loaded
from retention.lookup.customer_facts import CustomerFacts
from retention.lookup.store import Store
from retention.subscription import FACT_KINDS

from console.releases.attributes import current_in
from console.releases.read import StoredRelease, read_live
from console.terminal.failure import Failure

# An operator waits longer than the App Store.
_CATALOG_SECONDS: Final = 30.0
_CUSTOMER_SECONDS: Final = 5.0
_EVERY_FACT: Final = Sheet(
    *(Product(), (), {}, frozenset()),
    reads_customer=True,
    locales=LocaleTable("", {}),
    reads_subscription=True,
    subscription_facts=frozenset(FACT_KINDS),
)


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


def read_customer(app_table: AppTable, original_transaction_id: str, at: datetime) -> CustomerFacts:
    """Return all that is known of a customer as of `at`, read the way the function reads it; it may be unreadable."""
    deadline, clock = Deadline.after(_CUSTOMER_SECONDS), at.timestamp
    store = Store(lambda: SdkConnection(app_table.client), app_table.name, clock=clock)
    name = (app_table.app_apple_id, original_transaction_id)
    return store.customer_facts(*name, _EVERY_FACT, deadline, _CUSTOMER_SECONDS)


def _store(app_table: AppTable) -> Store:
    return Store(lambda: SdkConnection(app_table.client), app_table.name)
