"""The file of an exported app: gzip, one JSON document per line, each row in DynamoDB's JSON.

    {"retention-export": 1, "appAppleId": …, "table": …, "environment": …, "exportedAt": …, "profiles": false}
    {"Item": {"pk": {"S": "app#6745974591#release#12"}, "sk": {"S": "claim"}, …}}
    …                                  complete releases; images, messages, default records; profiles; `head` last
    {"rows": 812, "digest": "…"}       the number of rows, and SHA-256 (hex) over all lines before this one

`head` has the customer key, with which log lines can be traced to customers. So the file is a secret.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

from retention import table as rows
from retention.errors import RetentionError, UnreadableRowError
from retention.table import Item

from console.backup.dynamodb_json import item_of, json_of
from console.releases.read import checked_release

FORMAT: Final = 1

_FORMAT: Final = "retention-export"
# In bytes. A row of DynamoDB has at most 400 KB, and JSON needs up to six bytes for one of them.
_MAX_LINE: Final = 4 * 1024 * 1024

JsonObject: TypeAlias = dict[str, Any]


class ArchiveError(RetentionError):
    """The file is not a complete export that this console can read. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line. `environment` is "Sandbox" or "Production", "" if it was not known."""

    app_apple_id: int
    table: str
    environment: str
    exported_at: str
    profiles: bool


@dataclass(slots=True)
class Contents:
    """What a complete, undamaged file has. `releases` is number → manifest; `head` is its last row."""

    header: Header
    releases: dict[int, str] = field(default_factory=dict)
    profiles: int = 0
    head: Item = field(default_factory=dict, repr=False)
    rows: int = 0
    digest: str = ""


# Writing ------------------------------------------------------------------------------------------------------------


class Writer:
    """Writes a temporary file in the same folder, readable by its owner only, and renames it when it is complete.

    with Writer(path, header) as archive:
        archive.extend(items)
    archive.rows, archive.digest
    """

    def __init__(self, path: Path, header: Header) -> None:
        self._path = path
        self._header = header
        self._sum = hashlib.sha256()
        self._complete = True
        self.rows = 0

    @property
    def digest(self) -> str:
        return self._sum.hexdigest()

    def __enter__(self) -> Self:
        number, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)  # made with mode 0600
        self._part, self._raw = Path(name), os.fdopen(number, "wb")
        self._packed = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, mtime=0)
        header = self._header
        origin = {"appAppleId": header.app_apple_id, "table": header.table, "environment": header.environment}
        self._write({_FORMAT: FORMAT, **origin, "exportedAt": header.exported_at, "profiles": header.profiles})
        return self

    def extend(self, items: Iterable[Item]) -> int:
        """Write rows; return how many."""
        before = self.rows
        for item in items:
            self._write({"Item": json_of(item)})
            self.rows += 1
        return self.rows - before

    def discard(self) -> None:
        """Leave no file when the `with` block ends."""
        self._complete = False

    def _write(self, document: JsonObject) -> None:
        line = rows.canonical(document) + b"\n"
        self._sum.update(line)
        self._packed.write(line)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and self._complete:
                self._packed.write(rows.canonical({"rows": self.rows, "digest": self.digest}) + b"\n")
                self._packed.close()
                self._raw.flush()
                os.fsync(self._raw.fileno())
                self._part.replace(self._path)
        finally:
            self._packed.close()
            self._raw.close()
            with suppress(FileNotFoundError):
                self._part.unlink()


# Reading ------------------------------------------------------------------------------------------------------------


def inspect(path: Path, progress: Callable[[int], None] = lambda _: None) -> Contents:
    """Read and check a complete file. `progress` is called with the number of rows read so far.

    Raises ArchiveError unless the file is as it was exported, ReleaseError if a release in it is not complete.
    """
    with _reading(path) as reading:
        contents = Contents(reading.header)
        try:
            for pk, partition in groupby(reading.items(), key=lambda item: rows.string(item, "pk")):
                _check_partition(contents, pk, partition)
                progress(reading.rows)
            _check_head(contents)
        except UnreadableRowError as error:
            raise _damaged(str(error)) from error
        contents.rows, contents.digest = reading.rows, reading.digest
    return contents


def items(path: Path, contents: Contents) -> Iterator[Item]:
    """Yield the rows of a file that `inspect` accepted. Raises ArchiveError if the file has changed since."""
    with _reading(path) as reading:
        yield from reading.items()
        if reading.digest != contents.digest:
            raise ArchiveError("export_changed", f"{path} was changed while it was imported; import it again")


def release_of(app_apple_id: int, pk: str) -> int | None:
    """Return the number of the release that a partition key belongs to, None for other rows."""
    prefix = rows.release_pk(app_apple_id, 0)[:-1]
    number = pk.removeprefix(prefix)
    return int(number) if pk.startswith(prefix) and number.isascii() and number.isdecimal() else None


def _check_partition(contents: Contents, pk: str, partition: Iterator[Item]) -> None:
    """Check the consecutive rows of one partition, and note them in `contents`."""
    app = contents.header.app_apple_id
    if contents.head:
        raise UnreadableRowError("rows follow head")
    number = release_of(app, pk)
    if number is not None:
        found = {rows.string(item, "sk"): item for item in partition}
        if number in contents.releases:
            raise UnreadableRowError(f"it has release {number} twice")
        checked_release(found, number)
        contents.releases[number] = rows.string(found[rows.SETTINGS], "manifest")
        return
    for item in partition:
        sk = rows.string(item, "sk")
        if contents.head:
            raise UnreadableRowError("rows follow head")
        if pk == rows.app_pk(app) and sk == rows.HEAD:
            contents.head = item
        elif pk.startswith(rows.profile_key(app, "")["pk"]["S"]) and sk == rows.PROFILE:
            contents.profiles += 1
        elif pk != rows.app_pk(app):
            raise UnreadableRowError("a row is of another app")


def _check_head(contents: Contents) -> None:
    """Raise UnreadableRowError unless `head` points to a release that is in the file."""
    if rows.read_head(contents.head).current not in contents.releases:
        raise UnreadableRowError("head or its release is missing")
    rows.number(contents.head, "lastReserved")


class _Reading:
    """One pass over a file: its header, then its rows. After the last row, count and digest are compared."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        first = next(lines, b"")
        self._sum = hashlib.sha256(first)
        self.header = _header(_parsed(first))
        self.rows = 0

    @property
    def digest(self) -> str:
        return self._sum.hexdigest()

    def items(self) -> Iterator[Item]:
        for line in self._lines:
            document = _parsed(line)
            if "Item" not in document:
                if document != {"rows": self.rows, "digest": self.digest} or next(self._lines, None) is not None:
                    raise _damaged("its rows differ from those that were exported")
                return
            self._sum.update(line)
            self.rows += 1
            try:
                item = item_of(document["Item"])
            except ValueError as error:
                raise _damaged(str(error)) from error
            yield item
        raise _damaged("its end is missing")


@contextmanager
def _reading(path: Path) -> Iterator[_Reading]:
    with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as unpacked:
        yield _Reading(_lines(unpacked))


def _lines(unpacked: gzip.GzipFile) -> Iterator[bytes]:
    try:
        while line := unpacked.readline(_MAX_LINE + 1):
            if len(line) > _MAX_LINE:
                raise _damaged("a line is longer than any row")
            yield line
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged("it is not a gzip file, or it is cut off") from error


def _header(document: JsonObject) -> Header:
    version = document.get(_FORMAT)
    if isinstance(version, int) and version > FORMAT:
        raise ArchiveError("export_format", "this export was made by a newer console; import it with that one")
    try:
        header = Header(
            document["appAppleId"],
            document["table"],
            document["environment"],
            document["exportedAt"],
            document["profiles"],
        )
    except KeyError as error:
        raise _damaged("its first line is not that of an export") from error
    if version != FORMAT or type(header.app_apple_id) is not int or not isinstance(header.environment, str):
        raise _damaged("its first line is not that of an export")
    return header


def _parsed(line: bytes) -> JsonObject:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _damaged("a line is not JSON") from error
    if not isinstance(document, dict):
        raise _damaged("a line is not a row")
    return document


def _damaged(why: str) -> ArchiveError:
    return ArchiveError("export_damaged", f"this is not a complete export: {why}")
