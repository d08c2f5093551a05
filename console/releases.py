"""Releases in the table: publish, list, roll back, pause, collect.

Publishing reserves a number, writes under it what nobody reads yet, reads it all back, and only then moves `current`,
on the condition that it is still what the publisher started from. What stops half way leaves rows that nothing points
to; `collect` takes them away. A release's `claim` is its birth certificate, `settings` its last row: transactions
check both, so that collecting and publishing or rolling back cannot meet in the middle.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from retention import table as rows
from retention.catalog import FORMAT, UNKNOWN, MessageState
from retention.deadline import Deadline
from retention.errors import RetentionError
from retention.sdk import Client, SdkConnection
from retention.snapshot import read_all, succeeds
from retention.store import Loaded, Store
from retention.table import BATCH_KEYS, Item, Key, Request

from console.file.release import ImageFacts, Release

Progress: TypeAlias = Callable[[str, int, int], None]

KEEP: Final = 20
ABANDONED_AFTER: Final = timedelta(hours=1)
# A publisher that slept (a lid was closed) writes nothing more after this: a request counts for 15 minutes after it was
# signed, and nothing may arrive once the collector has taken the release for abandoned. Nobody would find it.
_LEASE: Final = timedelta(minutes=40)

_CHUNK: Final = 350_000
# DynamoDB takes 400 KB; the compiler holds sheets to 350, other documents are far smaller.
_MAX_ROW: Final = 390_000
_MAX_SOURCE: Final = 64 * 1024 * 1024
_WRITERS: Final = 8
_CUSTOMER_KEY_BYTES: Final = 32
_EXPLAIN_SECONDS: Final = 30.0
_ATTEMPTS: Final = 6
_PAUSE: Final = 0.05


class ReleaseError(RetentionError):
    """There is no such release, or it is not whole; `current` was not touched."""


class PublishConflictError(ReleaseError):
    """Somebody else's release went live first. Ours was taken back; nothing changed."""


class ReleaseLostError(ReleaseError):
    """The release was collected, or is about to be, before it went live; `current` was not touched."""


class _AsFound:
    """`based_on` for those who compiled against nothing in particular."""


AS_FOUND: Final = _AsFound()


@dataclass(frozen=True, slots=True)
class Published:
    """A release that is live now. `created` counts rows of messages and images the table did not know."""

    number: int
    previous: int | None
    digest: str
    sheets: int
    created: int


@dataclass(frozen=True, slots=True)
class Moved:
    """`current` after a rollback, and before."""

    number: int
    previous: int


@dataclass(frozen=True, slots=True)
class Current:
    """What compiling needs to keep predecessors: the live release's texts, and where review stands with them."""

    release: int | None
    texts: Mapping[str, Mapping[str, tuple[str, ...]]]
    states: Mapping[str, MessageState]


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of `retention releases`. An incomplete one has only a number and when, and by whom, it was begun.

    One that is complete and never `went_live` is what a publisher left that died between the two.
    """

    number: int
    live: bool
    complete: bool
    went_live: bool
    published_at: datetime | None
    published_by: str
    commit: str
    digest: str
    source_digest: str
    format: int
    products: int
    rules: int
    messages: int


# Publishing ---------------------------------------------------------------------------------------------------------


def publish(
    client: Client,
    table: str,
    release: Release,
    *,
    who: str,
    commit: str | None,
    now: datetime,
    based_on: int | _AsFound | None = AS_FOUND,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.time,
) -> Published:
    """Write `release` under a number of its own and make it live.

    `based_on` is the release whose texts it was compiled against (`Current.release`). `progress(step, done, total)`.
    `clock`, in seconds, goes on while the machine sleeps.
    Raises PublishConflictError when another release went live meanwhile, ReleaseLostError when it took too long,
    ReleaseError when what was written does not read back; in all cases `current` is what it was.
    """
    return _Publishing(client, table, release, progress or _silent, clock).run(who, commit or "", now, based_on)


def _silent(_step: str, _done: int, _total: int) -> None:
    pass


class _Publishing:
    """One release on its way into the table."""

    def __init__(
        self, client: Client, table: str, release: Release, progress: Progress, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._table = table
        self._release = release
        self._progress = progress
        self._clock = clock
        self._ends = clock() + _LEASE.total_seconds()
        self._app = release.app_apple_id

    def run(self, who: str, commit: str, now: datetime, based_on: int | _AsFound | None) -> Published:
        content = _content(self._release)
        number, found = self._reserve()
        previous = found if isinstance(based_on, _AsFound) else based_on
        if previous != found:
            raise self._conflict(found)
        self._claim(number, who, commit, now)
        settings = _settings(self._release, content, who, commit, now)
        try:
            created = self._write(number, content, settings)
            make_current(self._client, self._table, self._app, number, previous)
        except (PublishConflictError, ReleaseLostError):
            # If it is whole, somebody may be rolling to it this moment; then it stays.
            if _condemn(self._client, self._table, self._app, number):
                delete_release(self._client, self._table, self._app, number)
            raise
        sheets = len(self._release.sheets)
        return Published(number, previous, rows.string(settings, "manifest"), sheets, created)

    def _write(self, number: int, content: Mapping[str, Item], settings: Item) -> int:
        """Write all of the release and read it back. Returns how many rows of messages and images are new."""
        put = [self._absent(rows.key(rows.release_pk(self._app, number), sk), item) for sk, item in content.items()]
        self._send("write", self._client.put_item, put)
        created = self._send("messages", self._client.update_item, self._asset_updates())
        self._refold()
        self._complete(number, settings)
        self._progress("read back", 0, 1)
        verify(self._client, self._table, self._app, number)
        self._progress("read back", 1, 1)
        return created

    def _reserve(self) -> tuple[int, int | None]:
        answer = self._client.update_item(
            TableName=self._table,
            Key=rows.head_key(self._app),
            UpdateExpression="SET customerKey = if_not_exists(customerKey, :key) ADD lastReserved :one",
            ExpressionAttributeValues={":key": {"B": os.urandom(_CUSTOMER_KEY_BYTES)}, ":one": {"N": "1"}},
            ReturnValues="ALL_NEW",
        )
        head = answer["Attributes"]
        return rows.number(head, "lastReserved"), rows.number(head, "current") if "current" in head else None

    def _claim(self, number: int, who: str, commit: str, now: datetime) -> None:
        item = {"publishedBy": {"S": who}, "publishedAt": {"S": now.isoformat()}, "commit": {"S": commit}}
        succeeds(
            self._client, self._client.put_item, self._absent(rows.claim_key(self._app, number), item)
        )  # False: an attempt of ours whose answer was lost

    def _absent(self, wanted: Key, item: Item) -> Request:
        return {"TableName": self._table, "Item": {**wanted, **item}, "ConditionExpression": "attribute_not_exists(pk)"}

    def _send(self, step: str, write: Callable[..., Any], requests: Sequence[Request]) -> int:
        """Send conditional writes, several at a time. Returns how many found their condition."""
        done = 0
        self._progress(step, 0, len(requests))
        with ThreadPoolExecutor(_WRITERS) as pool:
            written = 0
            for success in pool.map(lambda request: self._sent(write, request), requests):
                done, written = done + 1, written + success
                self._progress(step, done, len(requests))
        return written

    def _sent(self, write: Callable[..., Any], request: Request) -> bool:
        if self._clock() > self._ends:
            minutes = _LEASE.seconds // 60
            raise ReleaseLostError("release_lost", f"publishing took over {minutes} minutes; publish again")
        return succeeds(self._client, write, request)

    # Message and image rows: created or completed, no `state` ever overwritten.

    def _asset_updates(self) -> list[Request]:
        images, messages = self._known(rows.IMAGE), self._known(rows.MESSAGE)
        states = {name: rows.state_of(item) for name, item in images.items()}
        return [
            *(
                self._image(name, facts)
                for name, facts in self._release.images.items()
                if not _describes(images.get(name.lower()), facts)
            ),
            *(
                self._message(name, used, states)
                for name, used in self._release.messages.items()
                if not _folds(messages.get(name.lower()), used)
            ),
        ]

    def _known(self, prefix: str) -> dict[str, Item]:
        found = read_all(self._client, rows.query(self._table, rows.app_pk(self._app), prefix))
        return {rows.id_of(item): item for item in found}

    def _image(self, name: str, facts: ImageFacts) -> Request:
        return {
            "TableName": self._table,
            "Key": rows.image_key(self._app, name),
            "UpdateExpression": "SET #size = :size, fileName = :file, #state = if_not_exists(#state, :unknown)",
            "ExpressionAttributeNames": {"#size": "size", "#state": "state"},
            "ExpressionAttributeValues": {
                ":size": {"S": facts.size},
                ":file": {"S": facts.file_name},
                ":unknown": {"S": UNKNOWN},
            },
        }

    def _message(self, name: str, images: Iterable[str], states: Mapping[str, str]) -> Request:
        folded = {image.lower(): {"S": states.get(image.lower(), UNKNOWN)} for image in images}
        return {
            "TableName": self._table,
            "Key": rows.message_key(self._app, name),
            "UpdateExpression": "SET images = :images, #state = if_not_exists(#state, :unknown)",
            # An id comes from its content, images included: a map that is there is the same, with newer states.
            "ConditionExpression": "attribute_not_exists(images) OR NOT attribute_type(images, :map)",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":images": {"M": folded},
                ":unknown": {"S": UNKNOWN},
                ":map": {"S": "M"},
            },
        }

    def _refold(self) -> None:
        """Correct image states that a snapshot changed between our reading them and our writing them into messages.

        Messages are read before images, as a snapshot writes images before messages: so what we put into a message is
        never older than what we found there.
        """
        messages = self._known(rows.MESSAGE)
        states = {name: rows.state_of(item) for name, item in self._known(rows.IMAGE).items()}
        ours = {name.lower() for name in self._release.messages}
        updates = [
            self._refolded(message, image, state, states[image])
            for message, item in messages.items()
            if message in ours
            for image, state in rows.read_message(item).images.items()
            if states.get(image, state) != state
        ]
        self._send("image states", self._client.update_item, updates)

    def _refolded(self, message: str, image: str, seen: str, state: str) -> Request:
        return {
            "TableName": self._table,
            "Key": rows.message_key(self._app, message),
            "UpdateExpression": "SET images.#image = :state",
            "ConditionExpression": "images.#image = :seen",
            "ExpressionAttributeNames": {"#image": image},
            "ExpressionAttributeValues": {":state": {"S": state}, ":seen": {"S": seen}},
        }

    def _complete(self, number: int, settings: Item) -> None:
        """Write the last row, unless the collector has taken the release for abandoned."""
        claim = {
            "TableName": self._table,
            "Key": rows.claim_key(self._app, number),
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(collecting)",
        }
        put = self._absent(rows.settings_key(self._app, number), settings)
        if not _transacted(self._client, [{"ConditionCheck": claim}, {"Put": put}]):
            raise ReleaseLostError(
                "release_lost", f"release {number} was collected while it was written; publish again", release=number
            )

    def _conflict(self, current: int | None) -> PublishConflictError:
        return _conflict(self._client, self._table, self._app, current)


def _content(release: Release) -> dict[str, Item]:
    """Return every row of the release but `claim` and `settings`, by sort key."""
    served = sorted({name for sheet in release.sheets.values() for name in sheet["sets"]})
    content: dict[str, Item] = {
        rows.PRODUCT + product: rows.document_attributes(sheet) for product, sheet in release.sheets.items()
    }
    content[rows.TEXTS] = rows.document_attributes({"texts": release.texts, "served": served})
    packed = zlib.compress(release.source, 9)
    for chunk, start in enumerate(range(0, len(packed), _CHUNK)):
        content[f"{rows.SOURCE}{chunk}"] = {"document": {"B": packed[start : start + _CHUNK]}}
    for sk, item in content.items():
        if len(rows.binary(item, "document")) > _MAX_ROW:
            raise ReleaseError("row_too_large", f"{sk} would not fit into a row of DynamoDB ({_MAX_ROW} bytes)")
    return content


def _settings(release: Release, content: Mapping[str, Item], who: str, commit: str, now: datetime) -> dict[str, Any]:
    products = [product for product in release.sheets if product != rows.ANY_PRODUCT]
    attributes = rows.settings_attributes(release.settings, FORMAT, products)
    source = rows.digest_of(release.source)
    counts = {
        "rows": len(content),
        "rules": len({rule["name"] for sheet in release.sheets.values() for rule in sheet["rules"]}),
        "messages": len(release.messages),
        "images": len(release.images),
        "productCount": len(products),
    }
    return {
        **attributes,
        **{name: {"N": str(count)} for name, count in counts.items()},
        "sourceDigest": {"S": source},
        "manifest": {"S": _manifest(content, source, rows.string(attributes, "digest"))},
        "publishedBy": {"S": who},
        "publishedAt": {"S": now.isoformat()},
        "commit": {"S": commit},
    }


def _manifest(content: Mapping[str, Item], source_digest: str, settings_digest: str) -> str:
    """Return the digest of a whole release: of the digest of each of its documents."""
    digests = {sk: rows.string(item, "digest") for sk, item in content.items() if not sk.startswith(rows.SOURCE)}
    return rows.digest_of(rows.canonical({**digests, "source": source_digest, "settings": settings_digest}))


def _describes(item: Item | None, facts: ImageFacts) -> bool:
    return item is not None and (item.get("size"), item.get("fileName"), "state" in item) == (
        {"S": facts.size},
        {"S": facts.file_name},
        True,
    )


def _folds(item: Item | None, images: Iterable[str]) -> bool:
    """Return whether a message's row already has its state and its images."""
    if item is None or "state" not in item or "M" not in item.get("images", {}):
        return False
    return set(item["images"]["M"]) == {image.lower() for image in images}


# Moving `current` ---------------------------------------------------------------------------------------------------


def verify(client: Client, table: str, app_apple_id: int, number: int) -> dict[str, Item]:
    """Read a release whole and return its rows by sort key. Raises ReleaseError unless every one is as it was written.

    Every document is read and compared with its digest, all digests and the number of rows with the manifest.
    """
    found = {
        rows.string(item, "sk"): item
        for item in read_all(client, rows.query(table, rows.release_pk(app_apple_id, number)))
    }
    settings = found.get(rows.SETTINGS)
    if settings is None or "collecting" in found.get(rows.CLAIM, {}):
        raise ReleaseError("release_incomplete", f"there is no complete release {number}", release=number)
    try:
        if rows.format_of(settings) > FORMAT:
            raise ReleaseError("release_format", f"release {number} was made by a newer console", release=number)
        _check(found, settings)
    except rows.UnreadableRowError as error:
        raise ReleaseError("release_damaged", f"release {number} is damaged: {error}", release=number) from error
    return found


def _check(found: Mapping[str, Item], settings: Item) -> None:
    content = {sk: item for sk, item in found.items() if sk not in {rows.SETTINGS, rows.CLAIM}}
    if len(content) != rows.number(settings, "rows"):
        raise rows.UnreadableRowError(f"{len(content)} rows instead of {rows.number(settings, 'rows')}")
    for sk, item in [*content.items(), (rows.SETTINGS, settings)]:
        if not sk.startswith(rows.SOURCE):
            try:
                rows.content_of(item)
            except rows.UnreadableRowError as error:
                raise rows.UnreadableRowError(f"{sk}: {error}") from error
    source = rows.digest_of(source_of(found))
    if _manifest(content, source, rows.string(settings, "digest")) != rows.string(settings, "manifest"):
        raise rows.UnreadableRowError("its rows are not the ones that were published together")


def make_current(client: Client, table: str, app_apple_id: int, number: int, seen: int | None) -> None:
    """Move `current` to a complete release, and note there that it went live.

    Raises PublishConflictError where `current` is no longer `seen`, ReleaseLostError where the release has gone.
    """
    went_live = {
        "TableName": table,
        "Key": rows.settings_key(app_apple_id, number),
        "UpdateExpression": "SET wentLive = :true",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": {":true": {"BOOL": True}},
    }
    move: Request = {
        "TableName": table,
        "Key": rows.head_key(app_apple_id),
        "UpdateExpression": "SET #current = :number ADD catalogVersion :one",
        "ConditionExpression": "attribute_not_exists(#current)" if seen is None else "#current = :seen",
        "ExpressionAttributeNames": {"#current": "current"},
        "ExpressionAttributeValues": {":number": {"N": str(number)}, ":one": {"N": "1"}},
    }
    if seen is not None:
        move["ExpressionAttributeValues"][":seen"] = {"N": str(seen)}
    if _transacted(client, [{"Update": went_live}, {"Update": move}]):
        return
    current = _current(_head(client, table, app_apple_id))
    if current == number:  # our own attempt, whose answer was lost
        return
    if current == seen and "Item" not in client.get_item(**rows.get(table, rows.settings_key(app_apple_id, number))):
        raise ReleaseLostError(
            "release_lost", f"release {number} was collected meanwhile; nothing was changed", release=number
        )
    raise _conflict(client, table, app_apple_id, current)


def _conflict(client: Client, table: str, app_apple_id: int, current: int | None) -> PublishConflictError:
    if current is None:
        return PublishConflictError("publish_conflict", "no release is live any more; publish again")
    winner = client.get_item(**rows.get(table, rows.settings_key(app_apple_id, current))).get("Item", {})
    who, when = _said(winner, "publishedBy") or "somebody", _said(winner, "publishedAt") or "an unknown time"
    return PublishConflictError(
        "publish_conflict",
        f"release {current}, published by {who} at {when}, is live now; nothing was changed. Once you know what it"
        f" brought, run this again: it then starts from release {current}",
        release=current,
        who=who,
        when=when,
    )


def rollback(client: Client, table: str, app_apple_id: int, to: int | None = None) -> Moved:
    """Make an earlier complete release live: `to`, or the one live before. Raises ReleaseError.

    One that never went live is gone to only by its number: nobody who wants back what was means that.
    """
    current = _current(_head(client, table, app_apple_id))
    if current is None:
        raise ReleaseError("no_release", "nothing has been published for this app")
    if to is None:
        listed = list_releases(client, table, app_apple_id)
        earlier = [one.number for one in listed if one.complete and one.went_live and one.number < current]
        if not earlier:
            raise ReleaseError(
                "no_earlier_release", f"there is no complete release before {current} that was ever live; name another"
            )
        to = max(earlier)
    if to == current:
        raise ReleaseError("already_live", f"release {to} is live already", release=to)
    verify(client, table, app_apple_id, to)
    make_current(client, table, app_apple_id, to, current)
    return Moved(to, current)


def pause(client: Client, table: str, app_apple_id: int) -> None:
    """Answer nobody until `resume`: Apple falls back. Raises ReleaseError where nothing was published."""
    _set_paused(client, table, app_apple_id, paused=True)


def resume(client: Client, table: str, app_apple_id: int) -> None:
    """Undo `pause`."""
    _set_paused(client, table, app_apple_id, paused=False)


def _set_paused(client: Client, table: str, app_apple_id: int, *, paused: bool) -> None:
    request: Request = {
        "TableName": table,
        "Key": rows.head_key(app_apple_id),
        "UpdateExpression": "SET paused = :paused ADD catalogVersion :one",
        "ConditionExpression": "attribute_exists(#current)",
        "ExpressionAttributeNames": {"#current": "current"},
        "ExpressionAttributeValues": {":paused": {"BOOL": paused}, ":one": {"N": "1"}},
    }
    if not succeeds(client, client.update_item, request):
        raise ReleaseError("no_release", "nothing has been published for this app")


# Reading ------------------------------------------------------------------------------------------------------------


def current_texts(client: Client, table: str, app_apple_id: int) -> Current:
    """Return the live release's texts and the states of all messages; no texts before the first publishing."""
    current = _current(_head(client, table, app_apple_id))
    found = read_all(client, rows.query(table, rows.app_pk(app_apple_id), rows.MESSAGE))
    states = {rows.id_of(item): rows.read_message(item) for item in found}
    if current is None:
        return Current(None, {}, states)
    item = client.get_item(**rows.get(table, rows.texts_key(app_apple_id, current))).get("Item")
    if item is None:
        raise ReleaseError("release_damaged", f"release {current} has lost its texts", release=current)
    texts = rows.document_of(item)["texts"]
    return Current(
        current,
        {name: {locale: tuple(ids) for locale, ids in by_locale.items()} for name, by_locale in texts.items()},
        states,
    )


def list_releases(client: Client, table: str, app_apple_id: int) -> list[Listed]:
    """Return every release with rows in the table, newest first, incomplete ones too."""
    head = _head(client, table, app_apple_id)
    last = rows.number(head, "lastReserved") if "lastReserved" in head else 0
    wanted = [key(app_apple_id, number) for number in range(1, last + 1) for key in (rows.claim_key, rows.settings_key)]
    found = {(rows.string(item, "pk"), rows.string(item, "sk")): item for item in _batch(client, table, wanted)}
    listed = []
    for number in range(last, 0, -1):
        pk = rows.release_pk(app_apple_id, number)
        claim, settings = found.get((pk, rows.CLAIM)), found.get((pk, rows.SETTINGS))
        if claim is not None or settings is not None:
            listed.append(_listed(number, _current(head), claim or {}, settings))
    return listed


def _listed(number: int, current: int | None, claim: Item, settings: Item | None) -> Listed:
    row = settings or claim
    return Listed(
        number=number,
        live=number == current,
        complete=settings is not None and "collecting" not in claim,
        went_live="wentLive" in row,
        published_at=_instant(_said(row, "publishedAt")),
        published_by=_said(row, "publishedBy"),
        commit=_said(row, "commit"),
        digest=_said(row, "manifest"),
        source_digest=_said(row, "sourceDigest"),
        format=_count(row, "format"),
        products=_count(row, "productCount"),
        rules=_count(row, "rules"),
        messages=_count(row, "messages"),
    )


def read_source(client: Client, table: str, app_apple_id: int, number: int) -> bytes:
    """Return the file a release was published from, byte for byte. Raises ReleaseError."""
    return source_of(verify(client, table, app_apple_id, number))


def load_live(client: Client, table: str, app_apple_id: int, product_id: str, user_locale: str) -> Loaded:
    """Return what the function would decide with, read the way the function reads. Raises CatalogUnavailableError."""
    store = Store(lambda: SdkConnection(client), table)
    return store.catalog(app_apple_id, product_id, user_locale, Deadline.after(_EXPLAIN_SECONDS))


def source_of(found: Mapping[str, Item]) -> bytes:
    """Return the file in a release's rows, which `verify` gives."""
    chunks = sum(sk.startswith(rows.SOURCE) for sk in found)
    try:
        packed = b"".join(rows.binary(found[f"{rows.SOURCE}{chunk}"], "document") for chunk in range(chunks))
    except KeyError as error:
        raise rows.UnreadableRowError("a part of the source is missing") from error
    return rows.unpack(packed, _MAX_SOURCE)


# Collecting ---------------------------------------------------------------------------------------------------------


def collect(client: Client, table: str, app_apple_id: int, *, now: datetime, keep: int = KEEP) -> list[int]:
    """Delete incomplete releases begun over an hour ago and complete ones beyond the last `keep`, never the live one.

    Returns their numbers. What a collector leaves half way, the next one finishes.
    """
    listed = list_releases(client, table, app_apple_id)
    old = [release for release in listed if release.complete][keep:]
    abandoned = [release for release in listed if not release.complete and _is_abandoned(release, now)]
    gone = []
    for release in [*old, *abandoned]:
        if not release.live and _condemn(client, table, app_apple_id, release.number):
            delete_release(client, table, app_apple_id, release.number)
            gone.append(release.number)
    return sorted(gone)


def _is_abandoned(release: Listed, now: datetime) -> bool:
    return release.published_at is None or release.published_at + ABANDONED_AFTER < now


def _condemn(client: Client, table: str, app_apple_id: int, number: int) -> bool:
    """Make a release incomplete for good, unless it is live. From here on nobody can publish it or roll back to it."""
    not_live = {
        "TableName": table,
        "Key": rows.head_key(app_apple_id),
        "ConditionExpression": "attribute_not_exists(#current) OR #current <> :number",
        "ExpressionAttributeNames": {"#current": "current"},
        "ExpressionAttributeValues": {":number": {"N": str(number)}},
    }
    mark = {
        "TableName": table,
        "Key": rows.claim_key(app_apple_id, number),
        "UpdateExpression": "SET collecting = :true",
        "ExpressionAttributeValues": {":true": {"BOOL": True}},
    }
    settings = {"TableName": table, "Key": rows.settings_key(app_apple_id, number)}
    return _transacted(client, [{"ConditionCheck": not_live}, {"Update": mark}, {"Delete": settings}])


def delete_release(client: Client, table: str, app_apple_id: int, number: int) -> None:
    """Delete a release's rows, the claim last, so that one that is stopped half way is found again.

    For releases that are not live and cannot become so.
    """
    found = read_all(client, rows.query(table, rows.release_pk(app_apple_id, number)))
    keys = sorted({rows.string(item, "sk") for item in found} - {rows.CLAIM}, key=lambda sk: sk != rows.SETTINGS)
    pk = rows.release_pk(app_apple_id, number)
    for sk in [*keys, rows.CLAIM]:
        client.delete_item(TableName=table, Key=rows.key(pk, sk))


# Other rows ---------------------------------------------------------------------------------------------------------


def record_default(
    client: Client, table: str, app_apple_id: int, product_id: str, locale: str, message_id: str, now: datetime
) -> None:
    """Note that `message_id` is the default message of a product in one of Apple's locales."""
    item = {"messageIdentifier": {"S": message_id.lower()}, "configuredAt": {"S": now.isoformat()}}
    client.put_item(TableName=table, Item={**rows.default_key(app_apple_id, product_id, locale), **item})


def forget_default(client: Client, table: str, app_apple_id: int, product_id: str, locale: str) -> None:
    """Note that a product has no default message in a locale any more."""
    client.delete_item(TableName=table, Key=rows.default_key(app_apple_id, product_id, locale))


def write_profile(
    client: Client,
    table: str,
    app_apple_id: int,
    original_transaction_id: str,
    facts: Mapping[str, str | float | bool | Sequence[str]],
    expires_at: int | None = None,
) -> None:
    """Write facts about one customer the way an owner's systems do. `expires_at` is in UTC epoch seconds."""
    item: dict[str, Any] = {name: _attribute(value) for name, value in facts.items()}
    if expires_at is not None:
        item["expiresAt"] = {"N": str(expires_at)}
    client.put_item(TableName=table, Item={**rows.profile_key(app_apple_id, original_transaction_id), **item})


def create_table(client: Client, table: str) -> None:
    """Create the table in a local DynamoDB; in AWS the template does."""
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})


def _attribute(value: str | float | bool | Sequence[str]) -> dict[str, Any]:  # noqa: FBT001  # a fact may be a bool
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, (int, float)):
        return {"N": str(value)}
    return {"L": [{"S": text} for text in value]}


# Calls --------------------------------------------------------------------------------------------------------------


def _head(client: Client, table: str, app_apple_id: int) -> Item:
    found: Item = client.get_item(**rows.get(table, rows.head_key(app_apple_id))).get("Item", {})
    return found


def _current(head: Item) -> int | None:
    return rows.number(head, "current") if "current" in head else None


def _batch(client: Client, table: str, keys: Sequence[Key]) -> Iterator[Item]:
    for start in range(0, len(keys), BATCH_KEYS):
        request, pause = rows.batch_get(table, keys[start : start + BATCH_KEYS]), _PAUSE
        while True:
            answer = client.batch_get_item(**request)
            yield from answer["Responses"].get(table, ())
            request = {"RequestItems": answer.get("UnprocessedKeys")}
            if not request["RequestItems"]:
                break
            time.sleep(pause)
            pause *= 2


def _transacted(client: Client, actions: Sequence[Request]) -> bool:
    """Send a transaction. Returns False where one of its conditions does not hold."""
    for attempt in range(_ATTEMPTS):
        try:
            client.transact_write_items(TransactItems=list(actions))
        except client.exceptions.TransactionCanceledException as error:
            codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
            if "ConditionalCheckFailed" in codes:
                return False
            if "TransactionConflict" not in codes or attempt + 1 == _ATTEMPTS:
                raise
            time.sleep(_PAUSE * 2**attempt)  # somebody else's transaction holds one of the rows
        else:
            return True
    return False


def _said(item: Item, name: str) -> str:
    return rows.string(item, name) if name in item else ""


def _count(item: Item, name: str) -> int:
    return rows.number(item, name) if name in item else 0


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
