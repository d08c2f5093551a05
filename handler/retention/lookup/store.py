"""Reading the table in the path of a request: little, consistently, never past the deadline, never forgetting.

Cold, three calls: `head`; settings and sheets; the states of the messages that could answer this locale, with the
default's row. Warm, none. The rows of a release never change once they are there, so they are read eventually
consistent, at half the price and from every replica, and consistently only where one is missing.

What is in memory is replaced when its successor has been read whole, and not before: a catalog once loaded outlives
DynamoDB.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final, TypeAlias, TypeVar

from retention import table as rows
from retention.aws.connection import Caller, CallFailedError
from retention.aws.deadline import Deadline, OutOfTimeError, Workers
from retention.catalog import FORMAT, Answer, Catalog, MessageState, Product, Settings, Sheet
from retention.errors import CatalogUnavailableError, RowGoneError, UnreadableRowError
from retention.locales import LocaleTable, listed
from retention.lookup.memory import Ahead, Memory, SheetKey, View, ViewKey
from retention.rules import NO_FACTS, UNREADABLE, Customer
from retention.table import ANY_PRODUCT, BATCH_KEYS, Head, Item, Key, ReleaseRow

# One absolute deadline for all I/O of a request (design, section 4).
CACHED_SECONDS: Final = 0.200
COLD_SECONDS: Final = 0.350
INIT_SECONDS: Final = 0.150
CUSTOMER_SECONDS: Final = 0.060

HEAD_SECONDS: Final = 30.0
STATES_SECONDS: Final = 300.0
# After a failure, what is in memory serves this long before DynamoDB is asked again.
QUIET_SECONDS: Final = 5.0

# What reading an answer or a document of another shape raises, beyond our own UnreadableRowError.
_NONSENSE = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError)

_FIRST_PAUSE = 0.010  # before asking for unprocessed keys again; doubled each time
_MAX_RELEASES = 4  # the live one, those that last good views are of
_MAX_TROUBLES = 1000

T = TypeVar("T")
Found: TypeAlias = dict[tuple[str, str], Item]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A catalog, and how far it can be relied on.

    `has_default`: whether this product and locale has a default message, None where nobody looked. `age`: seconds since
    `head` was last confirmed. `degraded`: what is not as it should be,

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


class FormatTooNewError(Exception):
    """The release was compiled for a newer function."""


# Why there is no catalog to be had, or not now.
_UNREADY = (CatalogUnavailableError, OutOfTimeError, CallFailedError, UnreadableRowError, FormatTooNewError)


class _App:
    """What is known of one app: its head, when that was confirmed and is due again, and its releases' settings."""

    __slots__ = ("ahead", "comparing", "confirmed", "due", "head", "releases")

    def __init__(self) -> None:
        self.ahead: Ahead | None = None
        self.head: Head | None = None
        self.comparing = False  # one request is at it, and those beside it need not doubt
        self.confirmed = 0.0
        self.due = float("-inf")
        self.releases: dict[int, _Release] = {}


@dataclass(frozen=True, slots=True)
class _Release:
    row: ReleaseRow
    settings: Settings


class Store:
    """The table as one process sees it. Safe to share between threads.

    `connect` makes the connection when it is first needed. `monotonic` measures ages, `clock` (UTC epoch seconds) tells
    whether a profile has expired.
    """

    def __init__(
        self,
        connect: Callable[[], Caller],
        table: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connect = connect
        self._table = table
        self._monotonic = monotonic
        self._clock = clock
        self._lock = Lock()
        self._connecting = Lock()
        self._connection: Caller | None = None
        self._workers = Workers(self._abandon)
        self._memory = Memory()
        self._apps: dict[int, _App] = {}
        self._quiet_until = float("-inf")
        self._troubles: dict[ViewKey, tuple[float, str]] = {}

    # For the entry point ---------------------------------------------------------------------------------------------

    def budget(self, app_apple_id: int, product_id: str, user_locale: str) -> float:
        """Return the seconds a request may spend on I/O: fewer where memory can answer."""
        known = self._memory.view((app_apple_id, product_id, user_locale))
        return COLD_SECONDS if known is None else CACHED_SECONDS

    def catalog(self, app_apple_id: int, product_id: str, user_locale: str, deadline: Deadline) -> Loaded:
        """Return what decides this product in this locale, from memory wherever that is recent enough.

        Raises CatalogUnavailableError where neither memory nor DynamoDB has it: `no_release` (nothing published),
        `deadline`, `dynamodb`, `format` or `malformed`.
        """
        name = (app_apple_id, product_id, user_locale)
        view = self._memory.view(name)
        # Where memory can answer, reading anew leaves the customer's facts their share.
        spend = deadline if view is None else deadline.before(CUSTOMER_SECONDS)
        app = self._apps.setdefault(app_apple_id, _App())
        head = self._head_of(app_apple_id, app, spend)
        if head.paused:
            return self._loaded(name, app, head, view or _nothing(app_apple_id))
        if view is None or (not self._is_fresh(view, head) and self._may_ask(name)):
            head, view = self._renewed(name, app, head, view, spend)
        return self._loaded(name, app, head, view)

    def customer(
        self,
        app_apple_id: int,
        original_transaction_id: str,
        deadline: Deadline,
        seconds: float = CUSTOMER_SECONDS,
    ) -> Customer:
        """Return the facts of a customer's profile, none where there is no profile, UNREADABLE where nobody knows."""
        request = rows.get(self._table, rows.profile_key(app_apple_id, original_transaction_id))
        try:
            item = self._row(request, deadline.at_most(seconds))
            return NO_FACTS if item is None else rows.read_profile(item, self._clock())
        except (OutOfTimeError, CallFailedError, *_NONSENSE):
            return UNREADABLE

    def warm(self, app_apple_ids: Iterable[int], deadline: Deadline) -> dict[int, Settings]:
        """Open the connection and read what the first request will need. Returns the live settings it could read.

        Four calls, where the release tells which products are worth it: `head`; settings and the sheet for any other
        product; sheets; the states of the messages they name. What fails is left to the first request.
        """
        found = {}
        for app_apple_id in app_apple_ids:
            app = self._apps.setdefault(app_apple_id, _App())
            with suppress(*_UNREADY):
                head = self._head_of(app_apple_id, app, deadline)
                release, read = self._live(app_apple_id, app, head, deadline)
                found[app_apple_id] = release.settings
                app.ahead = Ahead(_current(head), head.version, read, {}, 0.0)
                if not head.paused:
                    app.ahead = self._read_ahead(app_apple_id, app.ahead, release, deadline)
        return found

    def renew(self) -> None:
        """Trust neither connections nor ages: time has passed that no clock here has seen (a snapshot was restored)."""
        self._abandon(0)
        self._memory.mark_stale()
        self._quiet_until = float("-inf")
        self._troubles.clear()
        for app in self._apps.values():
            app.due = float("-inf")
            app.ahead = None

    # Freshness -------------------------------------------------------------------------------------------------------

    def _is_fresh(self, view: View, head: Head) -> bool:
        return (
            view.catalog.release == head.current
            and view.version == head.version
            and self._monotonic() < view.read_at + STATES_SECONDS
        )

    def _may_ask(self, name: ViewKey) -> bool:
        until, _ = self._troubles.get(name, _NO_TROUBLE)
        return self._monotonic() >= max(until, self._quiet_until)

    def _loaded(self, name: ViewKey, app: _App, head: Head, view: View) -> Loaded:
        age = max(0.0, self._monotonic() - app.confirmed)
        degraded = ["head"] if age >= HEAD_SECONDS and not app.comparing else []
        if not head.paused and not self._is_fresh(view, head):
            behind = view.catalog.release != head.current
            _, reason = self._troubles.get(name, _NO_TROUBLE)
            degraded.append(reason or "catalog" if behind else "states")
        catalog = view.catalog
        if catalog.paused != head.paused or catalog.customer_key != head.customer_key:
            catalog = replace(catalog, paused=head.paused, customer_key=head.customer_key)
        return Loaded(catalog, view.has_default, age, tuple(degraded))

    # Head ------------------------------------------------------------------------------------------------------------

    def _head_of(self, app_apple_id: int, app: _App, deadline: Deadline) -> Head:
        """Return the head, compared where that is due. The one in memory serves on when it cannot be."""
        with self._lock:
            known, now = app.head, self._monotonic()
            if known is not None:
                if now < max(app.due, self._quiet_until):
                    return known
                app.due = now + HEAD_SECONDS  # this request compares; others meanwhile go on with what there is
            app.comparing = True
        try:
            return self._keep_head(app, known, self._read_head(app_apple_id, known, deadline), now)
        except (OutOfTimeError, CallFailedError, UnreadableRowError) as error:
            app.due = self._monotonic() + QUIET_SECONDS
            self._note_failure(error)
            if known is None:
                raise _unavailable(error) from error
            return known
        finally:
            app.comparing = False

    def _keep_head(self, app: _App, known: Head | None, head: Head, now: float) -> Head:
        """Replace `known`, unless a request beside this one has read a later head. Returns the one in force."""
        with self._lock:
            if app.head is known or app.head is None or head.version >= app.head.version:
                app.head, app.confirmed, app.due = head, now, now + HEAD_SECONDS
            return app.head

    def _read_head(self, app_apple_id: int, known: Head | None, deadline: Deadline) -> Head:
        head = self._get_head(app_apple_id, deadline, consistent=False)
        if known is not None and (head is None or head.version < known.version):
            # A replica that lags, or a table restored to an earlier day: the leader knows which.
            head = self._get_head(app_apple_id, deadline, consistent=True)
            if head is None:
                raise UnreadableRowError("head, once there, is gone")
        if head is None:
            raise CatalogUnavailableError("no_release", "nothing has been published for this app")
        return head

    def _get_head(self, app_apple_id: int, deadline: Deadline, *, consistent: bool) -> Head | None:
        """Return the head, or None where nothing was ever published."""
        request = rows.get(self._table, rows.head_key(app_apple_id), consistent=consistent)
        item = self._row(request, deadline)
        head = None if item is None else _sane(lambda: rows.read_head(item))
        return None if head is None or head.current is None else head

    # Views -----------------------------------------------------------------------------------------------------------

    def _renewed(self, name: ViewKey, app: _App, head: Head, old: View | None, deadline: Deadline) -> tuple[Head, View]:
        """Return a view read whole and the head it is of, or the old one where that fails and there is one."""
        try:
            head, view = self._read_live(name, app, head, deadline)
        except (OutOfTimeError, CallFailedError, UnreadableRowError, FormatTooNewError) as error:
            self._note_failure(error)
            unavailable = _unavailable(error)
            if old is None:
                raise unavailable from error
            if len(self._troubles) >= _MAX_TROUBLES:
                self._troubles.clear()
            reason = unavailable.code if unavailable.code in {"format", "malformed"} else ""
            self._troubles[name] = (self._monotonic() + QUIET_SECONDS, reason)
            return head, old
        self._troubles.pop(name, None)
        self._memory.keep_view(name, view)
        return head, view

    def _read_live(self, name: ViewKey, app: _App, head: Head, deadline: Deadline) -> tuple[Head, View]:
        """Read the view of `head`; where its release has gone, that of the head which the leader has.

        A release that was live until a moment ago may be older than those that are kept, and is collected at once,
        while `head` in memory or on a replica still names it.
        """
        try:
            return head, self._read_view(name, app, head, deadline)
        except RowGoneError:
            now = self._monotonic()
            newer = self._get_head(name[0], deadline, consistent=True)
            if newer is None or newer.current == head.current:
                raise
            head = self._keep_head(app, head, newer, now)
            return head, self._read_view(name, app, head, deadline)

    def _read_view(self, name: ViewKey, app: _App, head: Head, deadline: Deadline) -> View:
        user_locale = name[2]
        started = self._monotonic()
        sheet_name, release, sheet = self._sheet_of(name, app, head, deadline)
        messages = sorted(sheet.plan(user_locale).message_ids)
        ahead = app.ahead
        states = ahead and ahead.states_of(messages, head.version)
        has_default = None
        if states and ahead and started < ahead.read_at + STATES_SECONDS:
            started = ahead.read_at
        else:
            states, has_default = self._read_states(name, messages, deadline)
        return View(
            catalog=Catalog(sheet, release.settings, states, _current(head), head.customer_key, head.paused),
            has_default=has_default,
            sheet=sheet_name,
            version=head.version,
            read_at=started,
        )

    def _read_states(
        self, name: ViewKey, messages: list[str], deadline: Deadline
    ) -> tuple[dict[str, MessageState], bool | None]:
        """Return the states of those messages that have a row, and whether product and locale have a default."""
        app_apple_id, product_id, user_locale = name
        default = rows.default_key(app_apple_id, product_id, listed(user_locale))
        wanted = [default] if rows.names_row(default) else []
        keys = {message: rows.message_key(app_apple_id, message) for message in messages}
        found = self._batch([*keys.values(), *wanted], deadline)
        states = {message: rows.read_message(found[_name(key)]) for message, key in keys.items() if _name(key) in found}
        if messages and not states:
            # Publishing writes these rows before it moves `head`: a table without one was emptied, or is half restored.
            raise UnreadableRowError("the release's messages have no rows")
        return states, _name(default) in found if wanted else None

    def _sheet_of(self, name: ViewKey, app: _App, head: Head, deadline: Deadline) -> tuple[SheetKey, _Release, Sheet]:
        """Return what rules this product under `head`, from memory or the table: its sheet's name, settings, sheet."""
        release = app.releases.get(_current(head))
        sheet_name = self._sheet_name(name, head, release)
        sheet = self._memory.sheet(sheet_name)
        if release is not None and sheet is not None:
            return sheet_name, release, sheet

        def keep(found: Found) -> tuple[SheetKey, _Release, Sheet]:
            kept = release or self._keep_release(name[0], app, head, found)
            named = self._sheet_name(name, head, kept)
            return named, kept, self._keep_sheet(named, kept, name[2], found)

        return self._release_rows(app, head, self._sheet_keys(name, head, release), keep, deadline)

    def _release_rows(
        self, app: _App, head: Head, keys: list[Key], keep: Callable[[Found], T], deadline: Deadline
    ) -> T:
        """Return what `keep` makes of these rows of the live release.

        They never change, so what was read ahead and any replica's will do; a replica that lags behind a publishing may
        not have them all yet. What was read ahead and is damaged is read again: it may have been mended meanwhile.
        """
        ahead = app.ahead.rows if app.ahead is not None and app.ahead.release == head.current else {}
        found = {_name(key): ahead[_name(key)] for key in keys if _name(key) in ahead}
        for consistent in (False, True):
            try:
                return keep(found)
            except RowGoneError:
                pass
            except UnreadableRowError:
                if consistent:
                    raise
                found = {}
            missing = [key for key in keys if _name(key) not in found]
            found |= self._batch(missing, deadline, consistent=consistent)
        return keep(found)

    def _sheet_name(self, name: ViewKey, head: Head, release: _Release | None) -> SheetKey:
        app_apple_id, product_id, _ = name
        known = release is not None and release.row.names(product_id)
        return app_apple_id, _current(head), product_id if known else ANY_PRODUCT

    def _sheet_keys(self, name: ViewKey, head: Head, release: _Release | None) -> list[Key]:
        """Return the keys that hold this product's rules: once the release is known, one; before, whichever may be."""
        app_apple_id, product_id, _ = name
        current = _current(head)
        if release is not None:
            named = release.row.names(product_id)
            return [rows.sheet_key(app_apple_id, current, product_id if named else ANY_PRODUCT)]
        own = rows.sheet_key(app_apple_id, current, product_id)
        keys = [rows.settings_key(app_apple_id, current), rows.sheet_key(app_apple_id, current, ANY_PRODUCT)]
        return [*keys, own] if own not in keys and rows.names_row(own) else keys

    def _keep_sheet(
        self, name: SheetKey, release: _Release, user_locale: str, found: Mapping[tuple[str, str], Item]
    ) -> Sheet:
        item = found.get(_name(rows.sheet_key(*name)))
        if item is None:
            raise RowGoneError("a sheet of the release is missing")
        content = rows.content_of(item)
        sheet = _sane(lambda: _compiled(content, release.settings, user_locale))
        self._memory.keep_sheet(name, sheet, len(content))
        return sheet

    def _live(self, app_apple_id: int, app: _App, head: Head, deadline: Deadline) -> tuple[_Release, Found]:
        """Return the live release, and the rows of it that were read on the way."""
        current = _current(head)
        known = app.releases.get(current)
        if known is not None:
            return known, {}
        keys = [rows.settings_key(app_apple_id, current), rows.sheet_key(app_apple_id, current, ANY_PRODUCT)]
        return self._release_rows(
            app, head, keys, lambda found: (self._keep_release(app_apple_id, app, head, found), found), deadline
        )

    def _read_ahead(self, app_apple_id: int, ahead: Ahead, release: _Release, deadline: Deadline) -> Ahead:
        """Read the sheets that the release names first, and states that they will be asked with."""
        named = release.row.products_ahead()
        if named is None:
            return ahead
        products = named[: BATCH_KEYS - 1]
        unknown = [
            product for product in products if self._memory.sheet((app_apple_id, ahead.release, product)) is None
        ]
        keys = [rows.sheet_key(app_apple_id, ahead.release, product) for product in unknown]
        read = {**ahead.rows, **self._batch(keys, deadline, consistent=False)}
        ahead = replace(ahead, rows={name: item for name, item in read.items() if rows.is_light(item)})
        messages = self._messages_ahead(app_apple_id, ahead, release, [*products, ANY_PRODUCT])
        read_at = self._monotonic()
        wanted = {message: rows.message_key(app_apple_id, message) for message in messages}
        found = self._batch([*wanted.values()], deadline)
        states = {
            message: rows.read_message(found[_name(key)]) if _name(key) in found else None
            for message, key in wanted.items()
        }
        return replace(ahead, states=states, read_at=read_at)

    def _messages_ahead(self, app_apple_id: int, ahead: Ahead, release: _Release, products: list[str]) -> list[str]:
        """Return what one call can read the states of, those in the default locale first.

        A sheet is compiled for it, and kept; no more of them than it takes, since imports wait meanwhile.
        """
        in_default: dict[str, None] = {}
        in_others: dict[str, None] = {}
        locale = release.settings.locales.default
        for product in products:
            if len(in_default) >= BATCH_KEYS:
                break
            with suppress(UnreadableRowError):  # the request that needs it says so
                name = app_apple_id, ahead.release, product
                sheet = self._memory.sheet(name) or self._keep_sheet(name, release, locale, ahead.rows)
                in_default |= dict.fromkeys(sorted(sheet.plan(locale).message_ids))
                in_others |= dict.fromkeys(
                    message for texts in sheet.sets.values() for ids in texts.values() for message in ids
                )
        return [*(in_default | in_others)][:BATCH_KEYS]

    def _keep_release(self, app_apple_id: int, app: _App, head: Head, found: Found) -> _Release:
        item = found.get(_name(rows.settings_key(app_apple_id, _current(head))))
        if item is None:
            raise RowGoneError("the release has no settings")
        if rows.format_of(item) > FORMAT:
            raise FormatTooNewError
        row = _sane(lambda: rows.read_settings(item))
        release = _Release(row, _sane(lambda: Settings.from_document(row.document)))
        with self._lock:
            app.releases[_current(head)] = release
            while len(app.releases) > _MAX_RELEASES:
                del app.releases[next(iter(app.releases))]
        return release

    # Calls -----------------------------------------------------------------------------------------------------------

    def _row(self, request: Mapping[str, Any], deadline: Deadline) -> Item | None:
        """Read one row, None where it does not exist."""
        return _read_item(self._call("get_item", request, deadline), request["Key"])

    def _batch(self, keys: list[Key], deadline: Deadline, *, consistent: bool = True) -> Found:
        """Read these rows, whichever exist, asking again for what DynamoDB left unprocessed."""
        found: Found = {}
        for start in range(0, len(keys), BATCH_KEYS):
            wanted = keys[start : start + BATCH_KEYS]
            pause = _FIRST_PAUSE
            while True:
                request = rows.batch_get(self._table, wanted, consistent=consistent)
                answer = self._call("batch_get_item", request, deadline)
                items, wanted = _read_batch(answer, self._table, wanted)
                found |= items
                if not wanted:
                    break
                time.sleep(min(pause, deadline.left()))
                pause *= 2
        return found

    def _call(self, operation: str, request: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
        return self._workers.run(lambda: self._connected().call(operation, request), deadline)

    def _connected(self) -> Caller:
        with self._connecting:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection

    def _abandon(self, thread: int) -> None:
        if self._connection is not None:
            self._connection.abandon(thread)

    def _note_failure(self, error: Exception) -> None:
        """After a failed call, memory is left alone for a while; nonsense in one row says nothing about the others."""
        if isinstance(error, (OutOfTimeError, CallFailedError)):
            self._quiet_until = self._monotonic() + QUIET_SECONDS


_NO_TROUBLE = (float("-inf"), "")

# All that GetItem answers, from DynamoDB or by way of the SDK, where there is no such row.
_WITHOUT_ITEM = frozenset({"ConsumedCapacity", "ResponseMetadata"})


def _current(head: Head) -> int:
    """Return the live release; a head without one is never kept."""
    assert head.current is not None  # noqa: S101  # _get_head returns None instead
    return head.current


def _name(wanted: Key) -> tuple[str, str]:
    return wanted["pk"]["S"], wanted["sk"]["S"]


def _nothing(app_apple_id: int) -> View:
    """Return a view that answers nobody: enough for an app that is paused before anything was read."""
    settings = Settings(app_apple_id, "", "", "", signs=False, locales=LocaleTable("", {}))
    sheet = Sheet(Product(), (), {}, frozenset(), reads_customer=False, locales=settings.locales)
    return View(Catalog(sheet, settings, {}, 0, b""), None, (app_apple_id, 0, ANY_PRODUCT), 0, 0.0)


def _compiled(content: bytes, settings: Settings, user_locale: str) -> Sheet:
    """Compile a sheet and make sure, while nobody depends on it, that it can be asked."""
    sheet = Sheet.from_document(rows.parse(content), settings.locales)
    sheet.plan(user_locale)
    for rule in sheet.rules:
        for answer in [rule.gives] if isinstance(rule.gives, Answer) else [arm.answer for arm in rule.gives.arms]:
            if answer.kind != "fallback" and answer.messages not in sheet.sets:
                raise UnreadableRowError(f"rule {rule.name} names a set its sheet does not have")
    return sheet


def _sane(read: Callable[[], T]) -> T:
    """Translate whatever reading nonsense raises."""
    try:
        return read()
    except UnreadableRowError:
        raise
    except _NONSENSE as error:
        raise UnreadableRowError(f"a row is not what we write ({type(error).__name__})") from error


def _read_item(answer: Mapping[str, Any], wanted: Key) -> Item | None:
    """Return GetItem's row, None where there is none; raise CallFailedError for another row and for no row's shape.

    A customer whose profile could not be read is not one who has none, and nobody has another's.
    """
    if answer.keys() <= _WITHOUT_ITEM:
        return None
    item = answer.get("Item")
    if not isinstance(item, Mapping) or any(item.get(name) != value for name, value in wanted.items()):
        raise CallFailedError("UnexpectedAnswer")
    return item


def _read_batch(answer: Mapping[str, Any], table: str, wanted: list[Key]) -> tuple[Found, list[Key]]:
    """Return BatchGetItem's rows, and which of the `wanted` keys it left for another time."""
    try:
        found = {_name(item): item for item in answer["Responses"].get(table, ())}
        left = {_name(key) for held in (answer.get("UnprocessedKeys") or {}).values() for key in held["Keys"]}
    except _NONSENSE as error:
        raise CallFailedError("UnexpectedAnswer") from error
    unprocessed = [key for key in wanted if _name(key) in left]
    if len(unprocessed) != len(left):
        raise CallFailedError("UnexpectedAnswer")
    return found, unprocessed


def _unavailable(error: Exception) -> CatalogUnavailableError:
    if isinstance(error, OutOfTimeError):
        return CatalogUnavailableError("deadline", "DynamoDB did not answer in time")
    if isinstance(error, CallFailedError):
        return CatalogUnavailableError("dynamodb", "DynamoDB refused or failed", cause=error.code)
    if isinstance(error, FormatTooNewError):
        return CatalogUnavailableError("format", f"the live release is of a newer format than {FORMAT}")
    return CatalogUnavailableError("malformed", str(error))
