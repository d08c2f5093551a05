"""Releases as they are stored: read completely, compared with what was published, and decoded.

What counts as damaged is decided here, for every command: a row whose digest or whose manifest is not the published
one, and a row that is intact and not of the shape that this version reads. Both are ReleaseError("release_damaged").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import FORMAT, Settings
from retention.errors import RetentionError, UnreadableRowError
from retention.review.stored import ReleaseTexts, Texts, read_settings, read_sheet, read_texts
from retention.table import ANY_PRODUCT, Item

from console.file.document import read_document
from console.file.edition import Edition
from console.file.entries import Document
from console.file.experiment_checks import RunningExperiments
from console.file.mistakes import Mistakes

_MAX_SOURCE: Final = 64 * 1024 * 1024


class ReleaseError(RetentionError):
    """There is no such release, or it is not complete, or damaged; `current` was not touched."""


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release of the table, read completely: every row as it was published, and one that this version can read.

    `settings` and `sheets` (by product id or ANY_PRODUCT) are documents; `texts` is set → locale → message ids, newest
    first; `source` is the file it was published from. `document` is that file as `read_document` returns it, None where
    this version cannot read it: another version published it.
    """

    number: int
    format: int
    settings: Mapping[str, Any]
    sheets: Mapping[str, Mapping[str, Any]]
    texts: Texts
    source: bytes = field(default=b"", repr=False)
    document: Document | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"release {self.number}"

    @property
    def running(self) -> RunningExperiments:
        """Return the experiments and the holdout of its file; none where the file cannot be read."""
        document = self.document
        return RunningExperiments() if document is None else RunningExperiments(document.experiments, document.holdout)

    def file(self) -> Document:
        """Return the file it was published from. Raises Mistakes where this console cannot read it."""
        return read_document(self.source, file=self.name) if self.document is None else self.document

    def edition(self) -> Edition:
        """Return what it answers. Raises Mistakes as `file` does."""
        return Edition(self.name, self.file(), Settings.from_document(self.settings), self.sheets, self.texts)


def read_release(app_table: AppTable, number: int) -> StoredRelease:
    """Read a release and the file it was published from. Raises ReleaseError where there is none, or it is damaged."""
    release = checked_release(_rows(app_table, number), number)
    try:
        return replace(release, document=read_document(release.source, file=release.name))
    except Mistakes:
        return release


def read_live(app_table: AppTable, number: int) -> StoredRelease:
    """Read the live release, as `read_release`; where it is damaged, the error names the ways to another one."""
    try:
        return read_release(app_table, number)
    except ReleaseError as error:
        if error.code != "release_damaged":
            raise
        way = "`retention rollback` makes another release live, `retention import --replace` repairs this one"
        raise ReleaseError(error.code, f"{error}; {way}", **error.evidence) from error


def verify(app_table: AppTable, number: int) -> dict[str, Item]:
    """Return the rows of a release by sort key. Raises ReleaseError where there is none, or it is damaged."""
    found = _rows(app_table, number)
    checked_release(found, number)
    return found


def _rows(app_table: AppTable, number: int) -> dict[str, Item]:
    return {rows.string(item, "sk"): item for item in app_table.of_release(number)}


def checked_release(found: Mapping[str, Item], number: int) -> StoredRelease:
    """Return the release that has these rows, by sort key. Raises ReleaseError for one incomplete, newer or damaged.

    Every document is compared with its digest, all digests and the number of rows with the manifest; then settings,
    texts and sheets are read as the real-time function reads them.
    """
    settings = found.get(rows.SETTINGS)
    if settings is None or "collecting" in found.get(rows.CLAIM, {}):
        raise ReleaseError("release_incomplete", f"there is no complete release {number}", release=number)
    try:
        if rows.format_of(settings) > FORMAT:
            raise ReleaseError("release_format", f"release {number} was made by a newer console", release=number)
        _check(found, settings)
        return _decoded(found, number)
    except UnreadableRowError as error:
        raise _damaged(number, error) from error


def texts_of(app_table: AppTable, number: int) -> ReleaseTexts | None:
    """Return the texts of a release, complete or not; None where it has no such row. Raises ReleaseError."""
    item = app_table.get(rows.texts_key(app_table.app_apple_id, number))
    try:
        return read_texts(item) if item else None
    except UnreadableRowError as error:
        raise _damaged(number, error) from error


def _damaged(number: int, error: UnreadableRowError) -> ReleaseError:
    return ReleaseError("release_damaged", f"release {number} is damaged: {error}", release=number)


def _check(found: Mapping[str, Item], settings: Item) -> None:
    """Raise UnreadableRowError unless these are the rows that were published together."""
    content = {sk: item for sk, item in found.items() if sk not in {rows.SETTINGS, rows.CLAIM}}
    if len(content) != rows.number(settings, "rows"):
        raise UnreadableRowError(f"{len(content)} rows instead of {rows.number(settings, 'rows')}")
    for sk, item in [*content.items(), (rows.SETTINGS, settings)]:
        if not sk.startswith(rows.SOURCE):
            try:
                rows.content_of(item)
            except UnreadableRowError as error:
                raise UnreadableRowError(f"{sk}: {error}") from error
    source = rows.digest_of(source_of(found))
    if manifest_of(content, source, rows.string(settings, "digest")) != rows.string(settings, "manifest"):
        raise UnreadableRowError("its rows are not the ones that were published together")


def _decoded(found: Mapping[str, Item], number: int) -> StoredRelease:
    """Return what the rows of a release hold. Raises UnreadableRowError for a document of another shape."""
    document, settings = read_settings(found[rows.SETTINGS])
    sheets = {
        sk.removeprefix(rows.PRODUCT): read_sheet(item, settings)
        for sk, item in found.items()
        if sk.startswith(rows.PRODUCT)
    }
    if ANY_PRODUCT not in sheets:
        raise UnreadableRowError(f"{rows.PRODUCT}{ANY_PRODUCT} is missing")
    texts = read_texts(found.get(rows.TEXTS, {})).texts
    return StoredRelease(number, rows.format_of(found[rows.SETTINGS]), document, sheets, texts, source_of(found))


def manifest_of(content: Mapping[str, Item], source_digest: str, settings_digest: str) -> str:
    """Return the digest of a complete release: of the digest of each of its documents."""
    digests = {sk: rows.string(item, "digest") for sk, item in content.items() if not sk.startswith(rows.SOURCE)}
    return rows.digest_of(rows.canonical({**digests, "source": source_digest, "settings": settings_digest}))


def source_of(found: Mapping[str, Item]) -> bytes:
    """Return the file in a release's rows, which `verify` gives."""
    chunks = sum(sk.startswith(rows.SOURCE) for sk in found)
    try:
        packed = b"".join(rows.binary(found[f"{rows.SOURCE}{chunk}"], "document") for chunk in range(chunks))
    except KeyError as error:
        raise UnreadableRowError("a part of the source is missing") from error
    return rows.unpack(packed, _MAX_SOURCE)
