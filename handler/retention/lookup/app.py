"""One app: its head, its releases, and the views of its products, each read complete under one head."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from retention import table as rows
from retention.aws.deadline import Deadline
from retention.catalog import Catalog, MessageState, Product, Settings, Sheet
from retention.errors import CatalogUnavailableError, RowGoneError, UnreadableRowError
from retention.locales import LocaleTable, listed
from retention.lookup.failures import READ_ERRORS, Failures, unavailable
from retention.lookup.head import LiveHead, release_of
from retention.lookup.memory import Memory, View, ViewKey
from retention.lookup.releases import Ahead, Release, Releases
from retention.lookup.table_reader import TableReader, place_of
from retention.table import ANY_PRODUCT, BATCH_KEYS, Head

# Of a request's time, what is left for reading the customer's profile.
CUSTOMER_SECONDS: Final = 0.060
# How long review states are used before they are read again.
STATES_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """A catalog, and how far it can be relied on.

    `has_default`: whether this product and locale has a default message, None where it was not read. `age`: seconds
    since `head` was last confirmed. `degraded`: what is not as it should be,

        head       head is due and could not be compared
        catalog    another release is live and could not be read; this is the last good one
        states     review states are older than they may be and could not be read
        format     the live release is of a newer format than this function knows; this is the last good one
        malformed  the live release is not what we write; this is the last good one
    """

    catalog: Catalog
    has_default: bool | None
    age: float
    degraded: tuple[str, ...]


class App:
    """What serves one app. Views are in `memory`, which all apps share, as they share `reader` and `failures`."""

    def __init__(
        self,
        app_apple_id: int,
        reader: TableReader,
        memory: Memory,
        failures: Failures,
        monotonic: Callable[[], float],
    ) -> None:
        self.head = LiveHead(app_apple_id, reader, failures, monotonic)
        self._id = app_apple_id
        self._reader = reader
        self._memory = memory
        self._failures = failures
        self._monotonic = monotonic
        self._releases = Releases(app_apple_id, reader, memory)

    def renew(self) -> None:
        """Use nothing that was read ahead, and have the next request compare the head."""
        self.head.expire()
        self._releases.ahead = None

    def catalog(self, product_id: str, user_locale: str, deadline: Deadline) -> Loaded:
        """Return what decides a product in a locale; see `Store.catalog`."""
        name = (self._id, product_id, user_locale)
        view = self._memory.view(name)
        # Where memory can answer, reading anew leaves the customer's facts their share.
        spend = deadline if view is None else deadline.before(CUSTOMER_SECONDS)
        head = self.head.get(spend)
        if head.paused:
            return self._loaded(name, head, view or _nothing(self._id))
        if view is None or (not self._is_fresh(view, head) and self._failures.permit(name)):
            head, view = self._renewed(name, head, view, spend)
        return self._loaded(name, head, view)

    def warm(self, deadline: Deadline) -> Settings | None:
        """Read what the first request will need; see `Store.warm`. Returns the live settings, None without them."""
        settings = None
        with suppress(CatalogUnavailableError, *READ_ERRORS):
            head = self.head.get(deadline)
            release, read = self._releases.live(head, deadline)
            settings = release.settings
            self._releases.ahead = Ahead(release_of(head), head.version, read, {}, 0.0)
            if not head.paused:
                self._releases.ahead = self._read_ahead(self._releases.ahead, release, deadline)
        return settings

    # Views

    def _is_fresh(self, view: View, head: Head) -> bool:
        return (
            view.catalog.release == head.current
            and view.version == head.version
            and self._monotonic() < view.read_at + STATES_SECONDS
        )

    def _loaded(self, name: ViewKey, head: Head, view: View) -> Loaded:
        degraded = ["head"] if self.head.is_late() else []
        if not head.paused and not self._is_fresh(view, head):
            behind = view.catalog.release != head.current
            degraded.append(self._failures.reason(name) or "catalog" if behind else "states")
        catalog = view.catalog
        if catalog.paused != head.paused or catalog.customer_key != head.customer_key:
            catalog = replace(catalog, paused=head.paused, customer_key=head.customer_key)
        return Loaded(catalog, view.has_default, self.head.age(), tuple(degraded))

    def _renewed(self, name: ViewKey, head: Head, old: View | None, deadline: Deadline) -> tuple[Head, View]:
        """Return a view read complete and the head it is of, or the old one where that fails and there is one."""
        try:
            head, view = self._read_live(name, head, deadline)
        except READ_ERRORS as error:
            self._failures.note(error)
            if old is None:
                raise unavailable(error) from error
            self._failures.note_view(name, unavailable(error))
            return head, old
        self._failures.forget_view(name)
        self._memory.keep_view(name, view)
        return head, view

    def _read_live(self, name: ViewKey, head: Head, deadline: Deadline) -> tuple[Head, View]:
        """Read the view of `head`; where its release has gone, that of the head which DynamoDB's leader has."""
        try:
            return head, self._read_view(name, head, deadline)
        except RowGoneError:
            newer = self.head.replacement(head, deadline)
            if newer is None:
                raise
            return newer, self._read_view(name, newer, deadline)

    def _read_view(self, name: ViewKey, head: Head, deadline: Deadline) -> View:
        _, product_id, user_locale = name
        started = self._monotonic()
        sheet_name, release, sheet = self._releases.sheet_for(product_id, user_locale, head, deadline)
        messages = sorted(sheet.plan(user_locale).message_ids)
        ahead = self._releases.ahead
        states = ahead and ahead.states_of(messages, head.version)
        has_default = None
        if states and ahead and started < ahead.read_at + STATES_SECONDS:
            started = ahead.read_at
        else:
            states, has_default = self._read_states(name, messages, deadline)
        catalog = Catalog(sheet, release.settings, states, release_of(head), head.customer_key, head.paused)
        return View(catalog, has_default, sheet_name, head.version, started)

    def _read_states(
        self, name: ViewKey, messages: list[str], deadline: Deadline
    ) -> tuple[dict[str, MessageState], bool | None]:
        """Return the states of those messages that have a row, and whether product and locale have a default."""
        _, product_id, user_locale = name
        default = rows.default_key(self._id, product_id, listed(user_locale))
        wanted = [default] if rows.names_row(default) else []
        places = {message: rows.message_key(self._id, message) for message in messages}
        found = self._reader.rows([*places.values(), *wanted], deadline)
        states = {
            message: rows.read_message(found[place_of(key)])
            for message, key in places.items()
            if place_of(key) in found
        }
        if messages and not states:
            # Publishing writes these rows before it moves `head`: a table without one was emptied, or is half restored.
            raise UnreadableRowError("the release's messages have no rows")
        return states, place_of(default) in found if wanted else None

    # Reading ahead

    def _read_ahead(self, ahead: Ahead, release: Release, deadline: Deadline) -> Ahead:
        """Read the sheets that the release names first, and states that they will be asked with."""
        named = release.row.products_ahead()
        if named is None:
            return ahead
        products = named[: BATCH_KEYS - 1]
        unknown = [product for product in products if self._memory.sheet((self._id, ahead.release, product)) is None]
        keys = [rows.sheet_key(self._id, ahead.release, product) for product in unknown]
        read = {**ahead.rows, **self._reader.rows(keys, deadline, consistent=False)}
        ahead = replace(ahead, rows={place: item for place, item in read.items() if rows.is_light(item)})
        messages = self._messages_ahead(ahead, release, [*products, ANY_PRODUCT])
        read_at = self._monotonic()
        wanted = {message: rows.message_key(self._id, message) for message in messages}
        found = self._reader.rows([*wanted.values()], deadline)
        states = {
            message: rows.read_message(found[place_of(key)]) if place_of(key) in found else None
            for message, key in wanted.items()
        }
        return replace(ahead, states=states, read_at=read_at)

    def _messages_ahead(self, ahead: Ahead, release: Release, products: list[str]) -> list[str]:
        """Return what one call can read the states of, those in the default locale first.

        A sheet is compiled for it, and kept; no more of them than it takes, since imports wait meanwhile.
        """
        in_default: dict[str, None] = {}
        in_others: dict[str, None] = {}
        locale = release.settings.locales.default
        for product in products:
            if len(in_default) >= BATCH_KEYS:
                break
            with suppress(UnreadableRowError):  # the request that needs the sheet reports it
                name = self._id, ahead.release, product
                sheet = self._memory.sheet(name) or self._releases.keep_sheet(name, release, locale, ahead.rows)
                in_default |= dict.fromkeys(sorted(sheet.plan(locale).message_ids))
                in_others |= dict.fromkeys(
                    message for texts in sheet.sets.values() for ids in texts.values() for message in ids
                )
        return [*(in_default | in_others)][:BATCH_KEYS]


def _nothing(app_apple_id: int) -> View:
    """Return a view without a rule: enough for an app that is paused before anything was read."""
    settings = Settings(app_apple_id, "", "", "", signs=False, locales=LocaleTable("", {}))
    sheet = Sheet(Product(), (), {}, frozenset(), reads_customer=False, locales=settings.locales)
    return View(Catalog(sheet, settings, {}, 0, b""), None, (app_apple_id, 0, ANY_PRODUCT), 0, 0.0)
