"""Review states: Apple's two complete lists, written into the rows of messages and images.

Order makes it safe. The table is read before Apple is asked: a row written since may be newer than our lists, and is
not overwritten. Then image rows are written, then message rows with the states of their images, each only where it
differs and only over what was read; last, on the condition that no other run did so first, `statesDigest` and a higher
`catalogVersion` on `head`. A run that stops half way has changed rows and not the digest, so the next one repairs it.
Of two runs at once, the second starts again, with lists that are newer than what the first one wrote.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, TypeVar

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import ABSENT, REJECTED, MessageState
from retention.errors import RetentionError, UnreadableRowError
from retention.request import is_uuid
from retention.review.stored import NO_TEXTS, ReleaseTexts, read_texts
from retention.table import Item, Request

V = TypeVar("V")

_ATTEMPTS: Final = 6
_WRITERS: Final = 8
_MAX_STATE: Final = 40


class SnapshotFormatError(RetentionError):
    """This is not the body of Apple's Get Message List or Get Image List."""


class SnapshotRefusedError(RetentionError):
    """More than half of what live rules can serve could no longer be served. Nothing was written."""


class SnapshotConflictError(RetentionError):
    """Other programs kept writing at the same time; the next run repairs what this one left."""


@dataclass(frozen=True, slots=True)
class ImageState:
    """An image in Apple's list. `size` is FULL_SIZE or BULLET_POINT, empty where Apple's list has none."""

    state: str
    size: str = ""


Lists: TypeAlias = tuple[Mapping[str, str], Mapping[str, ImageState]]  # of messages and of images, by id


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """What one snapshot found and did.

    `servable` counts the messages that live rules could serve before, `silenced` those of them that they no longer can;
    `rejected_…` count what App Review rejected of what the live release names.
    """

    messages: int
    images: int
    written: int
    absent: int
    servable: int
    silenced: int
    rejected_messages: int
    rejected_images: int
    version: int
    digest: str


# Apple's lists ------------------------------------------------------------------------------------------------------


def read_message_list(body: bytes | str) -> dict[str, str]:
    """Return message id → state from Get Message List's body. Raises SnapshotFormatError, saying what is wrong."""
    entries = _entries(body, "messageIdentifiers")
    return _by_id((_text(entry, "messageIdentifier"), _text(entry, "messageState")) for entry in entries)


def read_image_list(body: bytes | str) -> dict[str, ImageState]:
    """Return image id → state and size from Get Image List's body. Raises SnapshotFormatError."""
    entries = _entries(body, "imageIdentifiers")
    return _by_id(
        (
            _text(entry, "imageIdentifier"),
            ImageState(_text(entry, "imageState"), _text(entry, "imageSize") if "imageSize" in entry else ""),
        )
        for entry in entries
    )


def _entries(body: bytes | str, name: str) -> list[Mapping[str, Any]]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SnapshotFormatError("snapshot_format", f"not JSON ({error})") from error
    # Apple documents no field of its lists as required, and none of what an app without messages gets.
    entries = [] if document == {} else document.get(name) if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SnapshotFormatError("snapshot_format", f"expected an object with a list of objects named {name}")
    return entries


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_STATE or not value.isascii():
        raise SnapshotFormatError("snapshot_format", f"an entry's {name} is missing or not a short text")
    return value


def _by_id(pairs: Iterable[tuple[str, V]]) -> dict[str, V]:
    found: dict[str, V] = {}
    for name, value in pairs:
        if found.setdefault(name.lower(), value) != value:
            # Text in the place of an id may be anything, and is not repeated.
            named = name.lower() if is_uuid(name) else "an id that is none"
            raise SnapshotFormatError("snapshot_format", f"{named} is listed twice with different states")
    return found


# Reading the table --------------------------------------------------------------------------------------------------


def _live(app_table: AppTable, release: int | None) -> ReleaseTexts:
    """Read the texts of `release`. Raises UnreadableRowError."""
    if release is None:
        return NO_TEXTS
    return read_texts(app_table.get(rows.texts_key(app_table.app_apple_id, release)))


@dataclass(frozen=True, slots=True)
class _Before:
    """`head` and the rows a run started from."""

    current: int | None
    version: Mapping[str, Any] | None
    digest: Mapping[str, Any] | None
    images: Mapping[str, Item]
    messages: Mapping[str, Item]


def _look(app_table: AppTable) -> _Before:
    head = app_table.head()
    return _Before(
        current=rows.number(head, "current") if "current" in head else None,
        version=head.get("catalogVersion"),
        digest=head.get("statesDigest"),
        images=_rows(app_table, rows.IMAGE),
        messages=_rows(app_table, rows.MESSAGE),
    )


def _rows(app_table: AppTable, prefix: str) -> dict[str, Item]:
    return {rows.id_of(item): item for item in app_table.of_app(prefix)}


# Writing ------------------------------------------------------------------------------------------------------------


def apply_snapshot(
    app_table: AppTable,
    messages: Mapping[str, str],
    images: Mapping[str, ImageState],
    *,
    allow_silencing: bool = False,
    now: datetime | None = None,
) -> SnapshotReport:
    """Write the states of these lists, however old they are; `follow` is for lists that can be read again."""
    return follow(app_table, lambda: (messages, images), allow_silencing=allow_silencing, now=now)


def follow(
    app_table: AppTable,
    read: Callable[[], Lists],
    *,
    allow_silencing: bool = False,
    before_silencing: Callable[[frozenset[str]], None] = lambda _: None,
    scheduled: bool = False,
    now: datetime | None = None,
) -> SnapshotReport:
    """Write the states of Apple's two complete lists; ids in neither become ABSENT.

    `read` asks Apple for both lists, again after each attempt in which another program wrote. `before_silencing` is
    called, possibly more than once, with the messages that live rules could serve and no longer can, before the first
    of them is written: afterwards the table no longer shows which they were. `now`, by default the time of day, is
    written as `since` to each row whose state changes, and to `head` as `statesAt`, the last import by any program,
    and with `scheduled` as `syncedAt`, which shows that the sync still runs.

    Raises SnapshotRefusedError before anything is written, if more than half of what live rules can serve now could no
    longer be served, unless `allow_silencing`; SnapshotConflictError where other programs kept writing.
    """
    noted = ("statesAt", "syncedAt") if scheduled else ("statesAt",)
    run = _Run(app_table, read, before_silencing, noted, now or datetime.now(UTC))
    for _ in range(_ATTEMPTS):
        report = run.attempt(allow_silencing=allow_silencing)
        if report is not None:
            return report
    conflict = f"other programs wrote review states during all of {_ATTEMPTS} attempts; try again"
    raise SnapshotConflictError("snapshot_conflict", conflict)


def _lowered(by_id: Mapping[str, V]) -> dict[str, V]:
    return {name.lower(): value for name, value in by_id.items()}


class _Run:
    """One snapshot while it is written."""

    def __init__(
        self,
        app_table: AppTable,
        read: Callable[[], Lists],
        before_silencing: Callable[[frozenset[str]], None],
        noted: tuple[str, ...],
        now: datetime,
    ) -> None:
        self._app_table = app_table
        self._app = app_table.app_apple_id
        self._read = read
        self._messages: Mapping[str, str] = {}
        self._images: Mapping[str, ImageState] = {}
        self._digest = ""
        self._before_silencing = before_silencing
        self._times = ", ".join(f"{name} = :now" for name in noted)
        self._now = now.isoformat(timespec="seconds")
        self._written = 0
        # Over all attempts: what an earlier one wrote, a later one no longer finds servable.
        self._servable: set[str] = set()
        self._silenced: set[str] = set()

    def attempt(self, *, allow_silencing: bool) -> SnapshotReport | None:
        """Return what was done, or None where another program wrote in between."""
        before = _look(self._app_table)
        self._ask()
        live = self._judge(before, allowed=allow_silencing)
        images = {**dict.fromkeys(before.images, ImageState(ABSENT)), **self._images}
        if not self._write(
            _image_update(self._app, name, before.images.get(name, {}), image, self._now)
            for name, image in images.items()
        ):
            return None
        # Read again: a publisher that put a message in since then folded in the image states from before our write.
        found = _rows(self._app_table, rows.MESSAGE)
        kept = found.keys() & before.messages.keys()
        if any(found[name].get("state") != before.messages[name].get("state") for name in kept):
            return None
        items = {name: found.get(name, {}) for name in [*found, *self._messages]}
        if not self._write(
            _message_update(self._app, name, item, self._after(name, item), self._now) for name, item in items.items()
        ):
            return None
        version = self._announce(before)
        return None if version is None else self._report(found, live, len(items), version)

    def _report(self, found: Mapping[str, Item], live: ReleaseTexts, known: int, version: int) -> SnapshotReport:
        return SnapshotReport(
            messages=len(self._messages),
            images=len(self._images),
            written=self._written,
            absent=known - len(self._messages),
            servable=len(self._servable),
            silenced=len(self._silenced),
            rejected_messages=sum(self._messages.get(name) == REJECTED for name in live.names),
            rejected_images=len(self._rejected_images(found, live)),
            version=version,
            digest=self._digest,
        )

    def _ask(self) -> None:
        """Ask Apple for both lists, after the table was read."""
        messages, images = self._read()
        self._messages, self._images = _lowered(messages), _lowered(images)
        sizes = {name: [image.state, image.size] for name, image in self._images.items()}
        self._digest = rows.digest_of(rows.canonical([self._messages, sizes]))

    def _after(self, message: str, item: Item) -> MessageState:
        """Return what to write into a message's row: its state, and that of every image it is known to use."""
        nothing = ImageState(ABSENT)
        images = {name: self._images.get(name.lower(), nothing).state for name in rows.read_message(item).images}
        return MessageState(self._messages.get(message, ABSENT), images)

    def _rejected_images(self, found: Mapping[str, Item], live: ReleaseTexts) -> set[str]:
        used = {image.lower() for name in live.names & set(found) for image in rows.read_message(found[name]).images}
        return {name for name in used if name in self._images and self._images[name].state == REJECTED}

    def _judge(self, before: _Before, *, allowed: bool) -> ReleaseTexts:
        """Return what is live, having reported which messages of it are lost; refuse if they are more than half."""
        try:
            live = _live(self._app_table, before.current)
        except UnreadableRowError as error:
            if allowed:
                return NO_TEXTS
            raise SnapshotRefusedError(
                "snapshot_blind",
                f"the live release does not show which messages rules can serve: {error}",
            ) from error
        serves = live.serves
        now = {name for name, item in before.messages.items() if name in serves and rows.read_message(item).servable}
        self._servable |= now
        self._silenced = {
            name for name in self._servable if not self._after(name, before.messages.get(name, {})).servable
        }
        if len(self._silenced) * 2 > len(self._servable) and not allowed:
            raise SnapshotRefusedError(
                "snapshot_refused",
                f"by these lists, {len(self._silenced)} of the {len(self._servable)} messages that live rules can serve"
                " could no longer be served",
                silenced=len(self._silenced),
                servable=len(self._servable),
            )
        if self._silenced:
            self._before_silencing(frozenset(self._silenced))
        return live

    def _write(self, updates: Iterable[Request | None]) -> bool:
        """Send the updates there are. Returns whether each found its row as it was read."""
        todo = [update for update in updates if update is not None]
        if not todo:
            return True
        with ThreadPoolExecutor(_WRITERS) as pool:
            done = list(pool.map(self._app_table.update, todo))
        self._written += sum(done)
        return all(done)

    def _announce(self, before: _Before) -> int | None:
        """Raise the version if anything changed since it was last raised. Returns it; None if another run raised it."""
        if not self._written and before.digest == {"S": self._digest}:
            self._note_time()
            return int(before.version["N"]) if before.version else 0
        condition = "attribute_not_exists(catalogVersion)" if before.version is None else "catalogVersion = :seen"
        request: Request = {
            "Key": rows.head_key(self._app),
            "UpdateExpression": f"SET statesDigest = :digest, {self._times} ADD catalogVersion :one",
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {
                ":digest": {"S": self._digest},
                ":now": {"S": self._now},
                ":one": {"N": "1"},
            },
        }
        if before.version is not None:
            request["ExpressionAttributeValues"][":seen"] = before.version
        if not self._app_table.update(request):
            return None
        return int(before.version["N"]) + 1 if before.version else 1

    def _note_time(self) -> None:
        """Note that an import happened. The version stays, so no function reads anything again."""
        request: Request = {
            "Key": rows.head_key(self._app),
            "UpdateExpression": f"SET {self._times}",
            "ExpressionAttributeValues": {":now": {"S": self._now}},
        }
        self._app_table.update(request)


def _image_update(app_apple_id: int, name: str, item: Item, image: ImageState, now: str) -> Request | None:
    wanted = {"state": {"S": image.state}, "size": {"S": image.size}}
    if not image.size:
        del wanted["size"]
    return _update(rows.image_key(app_apple_id, name), item, wanted, now)


def _message_update(app_apple_id: int, name: str, item: Item, after: MessageState, now: str) -> Request | None:
    wanted: dict[str, Any] = {"state": {"S": after.message}}
    if after.images:
        wanted["images"] = {"M": {image: {"S": state} for image, state in after.images.items()}}
    return _update(rows.message_key(app_apple_id, name), item, wanted, now)


def _update(key: rows.Key, item: Item, wanted: Mapping[str, Any], now: str) -> Request | None:
    """Return the update that makes these attributes so, on the condition that they are still as read; None if so."""
    changed = {name: value for name, value in wanted.items() if item.get(name) != value}
    if not changed:
        return None
    unchanged = [f"#{name} = :{name}Seen" if name in item else f"attribute_not_exists(#{name})" for name in changed]
    written = {**changed, "since": {"S": now}} if "state" in changed else changed
    return {
        "Key": key,
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in written),
        "ConditionExpression": " AND ".join(unchanged),
        "ExpressionAttributeNames": {f"#{name}": name for name in written},
        "ExpressionAttributeValues": {
            **{f":{name}": value for name, value in written.items()},
            **{f":{name}Seen": item[name] for name in changed if name in item},
        },
    }
