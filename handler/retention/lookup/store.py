"""Reading the table in the path of a request: few calls, never past the deadline, from memory wherever possible.

Cold, three calls: `head`; settings and sheets; the states of the messages that could answer this locale, with the
default's row. Warm, none. What is in memory is replaced when its successor has been read completely, and not before: a
catalog that was loaded once is served while DynamoDB cannot be read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from retention.aws.connection import Caller
from retention.aws.deadline import Deadline
from retention.catalog import Product, Settings, Sheet
from retention.locales import LocaleTable
from retention.lookup.app import CUSTOMER_SECONDS, App, Loaded
from retention.lookup.customer_facts import NO_CUSTOMER_FACTS, CustomerFacts, read_customer_facts
from retention.lookup.failures import Failures
from retention.lookup.memory import MAX_BYTES, Memory
from retention.lookup.table_reader import TableReader
from retention.rules import Customer
from retention.table import Head

# One absolute deadline for all I/O of a request (design, section 4).
CACHED_SECONDS: Final = 0.200
COLD_SECONDS: Final = 0.350
INIT_SECONDS: Final = 0.150

_PROFILE_ALONE: Final = Sheet(Product(), (), {}, frozenset(), reads_customer=True, locales=LocaleTable("", {}))


@dataclass(frozen=True, slots=True)
class StoreStats:
    """What a store holds: views, the sheets they share, and the bytes of both by estimate."""

    views: int
    sheets: int
    held_bytes: int


class Store:
    """The apps of one table as one process knows them. Threads may share it.

    `connect` makes the connection when it is first needed. `monotonic` measures ages, in seconds; `clock` (UTC epoch
    seconds) decides whether a profile has expired. `max_bytes` bounds what is kept in memory, by estimate.
    """

    def __init__(
        self,
        connect: Callable[[], Caller],
        table: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._monotonic = monotonic
        self._clock = clock
        self._reader = TableReader(connect, table)
        self._memory = Memory(max_bytes)
        self._failures = Failures(monotonic)
        self._apps: dict[int, App] = {}

    def stats(self) -> StoreStats:
        """Return how much is held now."""
        memory = self._memory
        return StoreStats(len(memory), memory.sheets, memory.cost)

    def head(self, app_apple_id: int) -> Head | None:
        """Return the app's head in memory, None where none was read."""
        return self._app(app_apple_id).head.known

    def budget(self, app_apple_id: int, product_id: str, user_locale: str) -> float:
        """Return the seconds a request may spend on I/O: fewer where memory can answer."""
        known = self._memory.view((app_apple_id, product_id, user_locale))
        return COLD_SECONDS if known is None else CACHED_SECONDS

    def catalog(self, app_apple_id: int, product_id: str, user_locale: str, deadline: Deadline) -> Loaded:
        """Return what decides this product in this locale, from memory wherever that is recent enough.

        Raises CatalogUnavailableError where neither memory nor DynamoDB has it: `no_release` (nothing published),
        `deadline`, `dynamodb`, `format` or `malformed`.
        """
        return self._app(app_apple_id).catalog(product_id, user_locale, deadline)

    def customer(
        self,
        app_apple_id: int,
        original_transaction_id: str,
        deadline: Deadline,
        seconds: float | None = None,
    ) -> Customer:
        """Return the facts of a customer's profile, none where there is no profile, UNREADABLE where reading fails.

        Reading takes at most `seconds`, by default CUSTOMER_SECONDS, and ends with the deadline.
        """
        return self.customer_facts(app_apple_id, original_transaction_id, _PROFILE_ALONE, deadline, seconds).profile

    def customer_facts(
        self,
        app_apple_id: int,
        original_transaction_id: str,
        sheet: Sheet,
        deadline: Deadline,
        seconds: float | None = None,
    ) -> CustomerFacts:
        """Return what a sheet's rules need to know of a customer, read in one call; see `read_customer_facts`.

        Reading takes at most `seconds`, by default CUSTOMER_SECONDS, and ends with the deadline. Where the rules need
        nothing, nothing is read.
        """
        if not (sheet.reads_customer or sheet.reads_subscription):
            return NO_CUSTOMER_FACTS
        name, within = (app_apple_id, original_transaction_id), CUSTOMER_SECONDS if seconds is None else seconds
        return read_customer_facts(self._reader, name, sheet, deadline.at_most(within), self._clock())

    def warm(self, app_apple_ids: Iterable[int], deadline: Deadline) -> dict[int, Settings]:
        """Open the connection and read what the first request will need. Returns the live settings it could read.

        Four calls, where the release names the products that are worth it: `head`; settings and the sheet for any other
        product; sheets; the states of the messages they name. What fails is left to the first request.
        """
        read = {app_apple_id: self._app(app_apple_id).warm(deadline) for app_apple_id in app_apple_ids}
        return {app_apple_id: settings for app_apple_id, settings in read.items() if settings is not None}

    def renew(self) -> None:
        """Use neither connections nor ages: time has passed that no clock here has seen (a snapshot was restored)."""
        self._reader.drop_connections()
        self._memory.mark_stale()
        self._failures.forget()
        for app in self._apps.values():
            app.renew()

    def _app(self, app_apple_id: int) -> App:
        found = self._apps.get(app_apple_id)
        if found is None:
            made = App(app_apple_id, self._reader, self._memory, self._failures, self._monotonic)
            found = self._apps.setdefault(app_apple_id, made)  # another thread may have been first
        return found
