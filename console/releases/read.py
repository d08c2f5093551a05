"""Releases as they lie in the table: listed, read whole and judged; and the live one as the function reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.deadline import Deadline
from retention.aws.sdk import SdkConnection
from retention.catalog import FORMAT, MessageState
from retention.errors import RetentionError
from retention.lookup.store import Loaded, Store
from retention.table import Item

from console.releases.attributes import count, current_in, instant, text

_MAX_SOURCE: Final = 64 * 1024 * 1024
_EXPLAIN_SECONDS: Final = 30.0


class ReleaseError(RetentionError):
    """There is no such release, or it is not whole; `current` was not touched."""


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


def current_texts(app_table: AppTable) -> Current:
    """Return the live release's texts and the states of all messages; no texts before the first publishing."""
    current = current_in(app_table.head())
    states = {rows.id_of(item): rows.read_message(item) for item in app_table.of_app(rows.MESSAGE)}
    if current is None:
        return Current(None, {}, states)
    item = app_table.get(rows.texts_key(app_table.app_apple_id, current))
    if not item:
        raise ReleaseError("release_damaged", f"release {current} has lost its texts", release=current)
    texts = rows.document_of(item)["texts"]
    return Current(
        current,
        {name: {locale: tuple(ids) for locale, ids in by_locale.items()} for name, by_locale in texts.items()},
        states,
    )


def list_releases(app_table: AppTable) -> list[Listed]:
    """Return every release with rows in the table, newest first, incomplete ones too."""
    app, head = app_table.app_apple_id, app_table.head()
    last = rows.number(head, "lastReserved") if "lastReserved" in head else 0
    wanted = [key(app, number) for number in range(1, last + 1) for key in (rows.claim_key, rows.settings_key)]
    found = {(rows.string(item, "pk"), rows.string(item, "sk")): item for item in app_table.batch(wanted)}
    listed = []
    for number in range(last, 0, -1):
        pk = rows.release_pk(app, number)
        claim, settings = found.get((pk, rows.CLAIM)), found.get((pk, rows.SETTINGS))
        if claim is not None or settings is not None:
            listed.append(_listed(number, current_in(head), claim or {}, settings))
    return listed


def _listed(number: int, current: int | None, claim: Item, settings: Item | None) -> Listed:
    row = settings or claim
    return Listed(
        number=number,
        live=number == current,
        complete=settings is not None and "collecting" not in claim,
        went_live="wentLive" in row,
        published_at=instant(text(row, "publishedAt")),
        published_by=text(row, "publishedBy"),
        commit=text(row, "commit"),
        digest=text(row, "manifest"),
        source_digest=text(row, "sourceDigest"),
        format=count(row, "format"),
        products=count(row, "productCount"),
        rules=count(row, "rules"),
        messages=count(row, "messages"),
    )


def verify(app_table: AppTable, number: int) -> dict[str, Item]:
    """Read a release whole and return its rows by sort key. Raises ReleaseError unless every one is as it was written.

    Every document is read and compared with its digest, all digests and the number of rows with the manifest.
    """
    found = {rows.string(item, "sk"): item for item in app_table.of_release(number)}
    judge(found, number)
    return found


def judge(found: Mapping[str, Item], number: int) -> None:
    """Raise ReleaseError unless these rows, by sort key, are a whole release as it was written."""
    settings = found.get(rows.SETTINGS)
    if settings is None or "collecting" in found.get(rows.CLAIM, {}):
        raise ReleaseError("release_incomplete", f"there is no complete release {number}", release=number)
    try:
        if rows.format_of(settings) > FORMAT:
            raise ReleaseError("release_format", f"release {number} was made by a newer console", release=number)
        _check(found, settings)
    except rows.UnreadableRowError as error:
        raise ReleaseError("release_damaged", f"release {number} is damaged: {error}", release=number) from error


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
    if manifest_of(content, source, rows.string(settings, "digest")) != rows.string(settings, "manifest"):
        raise rows.UnreadableRowError("its rows are not the ones that were published together")


def manifest_of(content: Mapping[str, Item], source_digest: str, settings_digest: str) -> str:
    """Return the digest of a whole release: of the digest of each of its documents."""
    digests = {sk: rows.string(item, "digest") for sk, item in content.items() if not sk.startswith(rows.SOURCE)}
    return rows.digest_of(rows.canonical({**digests, "source": source_digest, "settings": settings_digest}))


def read_source(app_table: AppTable, number: int) -> bytes:
    """Return the file a release was published from, byte for byte. Raises ReleaseError."""
    return source_of(verify(app_table, number))


def source_of(found: Mapping[str, Item]) -> bytes:
    """Return the file in a release's rows, which `verify` gives."""
    chunks = sum(sk.startswith(rows.SOURCE) for sk in found)
    try:
        packed = b"".join(rows.binary(found[f"{rows.SOURCE}{chunk}"], "document") for chunk in range(chunks))
    except KeyError as error:
        raise rows.UnreadableRowError("a part of the source is missing") from error
    return rows.unpack(packed, _MAX_SOURCE)


def load_live(app_table: AppTable, product_id: str, user_locale: str) -> Loaded:
    """Return what the function would decide with, read the way the function reads. Raises CatalogUnavailableError."""
    store = Store(lambda: SdkConnection(app_table.client), app_table.name)
    return store.catalog(app_table.app_apple_id, product_id, user_locale, Deadline.after(_EXPLAIN_SECONDS))
