"""What an app's releases hold: their settings and sheets, from memory or the table.

The rows of a release never change once they are there, so they are read eventually consistent, at half the price and
from every replica, and consistently only where one is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final, TypeVar

from retention import table as rows
from retention.aws.deadline import Deadline
from retention.catalog import FORMAT, MessageState, Settings, Sheet
from retention.errors import FormatTooNewError, RowGoneError, UnreadableRowError
from retention.lookup.customer_facts import prepare
from retention.lookup.head import release_of
from retention.lookup.memory import Memory, SheetKey
from retention.lookup.table_reader import Found, Place, TableReader, place_of
from retention.table import ANY_PRODUCT, Head, Item, Key, ReleaseRow

_MAX_RELEASES: Final = 4  # the live one, and those that the last good views are of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Release:
    """A release's `settings` row, and the settings in it."""

    row: ReleaseRow
    settings: Settings


@dataclass(frozen=True, slots=True)
class Ahead:
    """What init has read of one release before the first request: rows as they are in the table, and message states.

    `states` are of one `version` of the catalog, read at `read_at`: None is a message that has no row. A message that
    is not in them was not looked for.
    """

    release: int
    version: int
    rows: Mapping[Place, Item]
    states: Mapping[str, MessageState | None]
    read_at: float

    def states_of(self, messages: list[str], version: int) -> dict[str, MessageState] | None:
        """Return the states of these messages under `version`; None where one was not looked for, or none has a row."""
        if version != self.version or not self.states.keys() >= set(messages):
            return None
        found = {message: state for message in messages if (state := self.states[message]) is not None}
        return found or None


class Releases:
    """One app's releases. `ahead` is what was read before the first request, and is used in the place of a call."""

    def __init__(self, app_apple_id: int, reader: TableReader, memory: Memory) -> None:
        self.ahead: Ahead | None = None
        self._app = app_apple_id
        self._reader = reader
        self._memory = memory
        self._lock = Lock()
        self._known: dict[int, Release] = {}

    def live(self, head: Head, deadline: Deadline) -> tuple[Release, Found]:
        """Return the live release, and the rows of it that were read on the way."""
        known = self._known.get(release_of(head))
        if known is not None:
            return known, {}
        keys = self._first_keys(head)
        return self._read(head, keys, lambda found: (self._keep_release(head, found), found), deadline)

    def sheet_for(
        self, product_id: str, user_locale: str, head: Head, deadline: Deadline
    ) -> tuple[SheetKey, Release, Sheet]:
        """Return what rules a product under `head`: its sheet's name in memory, the release, the sheet.

        Raises RowGoneError where the table has a row of the release no more, UnreadableRowError for a damaged one.
        """
        release = self._known.get(release_of(head))
        name = self._sheet_name(product_id, head, release)
        sheet = self._memory.sheet(name)
        if release is not None and sheet is not None:
            return name, release, sheet

        def keep(found: Found) -> tuple[SheetKey, Release, Sheet]:
            kept = release or self._keep_release(head, found)
            named = self._sheet_name(product_id, head, kept)
            return named, kept, self.keep_sheet(named, kept, user_locale, found)

        return self._read(head, self._sheet_keys(product_id, head, release), keep, deadline)

    def keep_sheet(self, name: SheetKey, release: Release, user_locale: str, found: Mapping[Place, Item]) -> Sheet:
        """Compile a sheet whose row was read, make sure that it can answer in a locale, and keep it in memory."""
        item = found.get(place_of(rows.sheet_key(*name)))
        if item is None:
            raise RowGoneError("a sheet of the release is missing")
        content = rows.content_of(item)
        sheet = Sheet.from_document(rows.parse(content), release.settings.locales)
        sheet.plan(user_locale)
        if sheet.reads_subscription:
            prepare()
        self._memory.keep_sheet(name, sheet, len(content))
        return sheet

    def _read(self, head: Head, keys: list[Key], keep: Callable[[Found], T], deadline: Deadline) -> T:
        """Return what `keep` makes of these rows of the live release.

        They never change, so what was read ahead and any replica's will do; a replica that lags behind a publishing may
        not have them all yet. What was read ahead and is damaged is read again: it may have been repaired meanwhile.
        """
        ahead = self.ahead.rows if self.ahead is not None and self.ahead.release == head.current else {}
        found = {place_of(key): ahead[place_of(key)] for key in keys if place_of(key) in ahead}
        for consistent in (False, True):
            try:
                return keep(found)
            except RowGoneError:
                pass
            except UnreadableRowError:
                if consistent:
                    raise
                found = {}
            missing = [key for key in keys if place_of(key) not in found]
            found |= self._reader.rows(missing, deadline, consistent=consistent)
        return keep(found)

    def _sheet_name(self, product_id: str, head: Head, release: Release | None) -> SheetKey:
        known = release is not None and release.row.names(product_id)
        return self._app, release_of(head), product_id if known else ANY_PRODUCT

    def _sheet_keys(self, product_id: str, head: Head, release: Release | None) -> list[Key]:
        """Return the keys of this product's rules: once the release is known, one; before, every one it may be."""
        if release is not None:
            return [rows.sheet_key(*self._sheet_name(product_id, head, release))]
        own, keys = rows.sheet_key(self._app, release_of(head), product_id), self._first_keys(head)
        return [*keys, own] if own not in keys and rows.names_row(own) else keys

    def _first_keys(self, head: Head) -> list[Key]:
        current = release_of(head)
        return [rows.settings_key(self._app, current), rows.sheet_key(self._app, current, ANY_PRODUCT)]

    def _keep_release(self, head: Head, found: Found) -> Release:
        item = found.get(place_of(rows.settings_key(self._app, release_of(head))))
        if item is None:
            raise RowGoneError("the release has no settings")
        if rows.format_of(item) > FORMAT:
            raise FormatTooNewError
        row = rows.read_settings(item)
        release = Release(row, Settings.from_document(row.document))
        with self._lock:
            self._known[release_of(head)] = release
            while len(self._known) > _MAX_RELEASES:
                del self._known[next(iter(self._known))]
        return release
