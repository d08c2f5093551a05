"""Lines that the functions logged, found in the exports of a log: read line by line.

Understood are bare JSON lines; lines with a time stamp or other columns before the JSON (an export to S3, `aws logs
tail`); a line of JSON that carries others (a subscription's `logEvents`); JSON on many lines (`aws logs
filter-log-events`, `get-query-results`, `tail --format json`, what Logs Insights downloads); and the CSV of the log
viewer and of Logs Insights, its columns in any order. All of it gzipped, once or twice, or not; in UTF-8, or in the
UTF-16 that PowerShell writes. What is no line of the wanted kind (START, REPORT, metrics) is passed over.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import os
import re
import stat
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeAlias

from console.terminal.failure import Failure
from console.terminal.ordinary_file import NotOrdinaryError

Line: TypeAlias = Mapping[str, Any]

_GZIP: Final = b"\x1f\x8b"
_MAX_MAGIC: Final = 512
# What an export may be if it is not text, and what to do about it.
_FOREIGN: Final = (
    (rb"PK\x03\x04.*(\[Content_Types\]|xl/)", "a workbook of a spreadsheet program: export it as CSV"),
    (rb"PK\x03\x04", "a ZIP archive: unpack it, and name what was in it"),
    (rb"\x28\xb5\x2f\xfd", "packed by zstd: unpack it first"),
    (rb"BZh[1-9]1AY", "packed by bzip2: unpack it first"),
    (rb"\xfd7zXZ\0", "packed by xz: unpack it first"),
    (rb"PAR1|Obj\x01|ORC", "a table in Parquet, Avro or ORC: export it as JSON or CSV"),
    (rb"\s*<(!DOCTYPE|!doctype|html|HTML|\?xml)", "a page of HTML or XML, and no log"),
    (rb"%PDF", "a PDF: export the log as text"),
)
_LAYERS: Final = 3
_MAX_FIELD: Final = 2**24
_MAX_HEAD: Final = 2**13
# More lines than a record has that was written with one line for each of its fields.
_MAX_BLOCK: Final = 400
# Excel's first line of a table, which names what separates the columns.
_SEPARATOR: Final = re.compile(r"(?i:\"?sep=.\"?)\s*")
_STDIN: Final = Path("-")
_DECODER = json.JSONDecoder()
# One member of an indented document, "message": "{…}\n", or one of a list of messages, as --query gives them.
_MEMBER = re.compile(r'\s*(?:"(?:@?message|value|Message)"\s*:\s*)?(".*"),?\s*')
# Braces that begin no JSON; a line with more of them is something else, and may be long.
_MAX_WRONG: Final = 20
_NESTED: Final = ("logEvents", "events", "results", "message", "@message", "value", "Records", "data")


@dataclass(frozen=True, slots=True)
class LineKind:
    """Which lines are wanted: whether a JSON object is one, and which columns, each set enough, a table of them has."""

    is_line: Callable[[Line], bool]
    columns: tuple[frozenset[str], ...]


def read_lines(path: Path, kind: LineKind) -> Iterator[Line]:
    """Yield the lines of a kind in one log, `-` for standard input. Raises Failure or OSError if it cannot be read.

    A pipe is read to its end, however long its writer takes: `aws logs tail --follow` may be one.
    """
    with ExitStack() as stack:
        raw = sys.stdin.buffer if path == _STDIN else stack.enter_context(path.open("rb"))
        if path != _STDIN:
            _check_ends(raw, path)
        try:
            yield from _read(_unpacked(raw, path), kind)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Failure(f"{path} is no complete gzip file: {error}.") from None
        except csv.Error as error:
            raise Failure(f"{path} is no CSV that can be read: {error}.") from None


def _check_ends(raw: Any, path: Path) -> None:  # noqa: ANN401  # a buffered reader
    """Raise NotOrdinaryError for a device such as /dev/zero, whose one line never ends. A terminal is no such."""
    if stat.S_ISCHR(os.fstat(raw.fileno()).st_mode) and not raw.isatty() and not path.samefile(os.devnull):
        raise NotOrdinaryError(0, "is a device", str(path))


def _unpacked(raw: Any, path: Path) -> Any:  # noqa: ANN401  # a buffered reader: typeshed calls standard input something else
    """Return the bytes of a log. Firehose packs once more what CloudWatch gave it packed."""
    for _ in range(_LAYERS):
        if raw.peek(2)[:2] != _GZIP:
            break
        raw = gzip.GzipFile(fileobj=raw, mode="rb")  # before 3.13 it takes the mode of the one below, a number
    head = raw.peek(_MAX_MAGIC)[:_MAX_MAGIC]
    for magic, what in _FOREIGN:
        if re.match(magic, head, re.DOTALL):
            raise Failure(f"{path} is {what}.")
    return raw


def _read(raw: Any, kind: LineKind) -> Iterator[Line]:  # noqa: ANN401  # as above
    csv.field_size_limit(_MAX_FIELD)
    lines = _lines(raw)
    first = next((line for line in lines if line.strip() and not _SEPARATOR.fullmatch(line)), "")
    delimiter = _delimiter(first, kind.columns)
    if delimiter is not None:
        head = [_column(name) for name in next(csv.reader([first], delimiter=delimiter))]
        for row in csv.reader(lines, delimiter=delimiter):
            yield from _inside(dict(zip(head, row, strict=False)), kind)
        return
    for block in _blocks(chain([first], lines)):
        yield from _found(block, kind)


def _lines(raw: Any) -> Iterator[str]:  # noqa: ANN401  # as above
    if raw.peek(2)[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        text = io.TextIOWrapper(raw, "utf-16", "replace", newline="")
        yield from text
        text.detach()
        return
    for number, line in enumerate(raw):
        yield line.decode("utf-8" if number else "utf-8-sig", "replace")


def _delimiter(line: str, wanted: tuple[frozenset[str], ...]) -> str | None:
    """Return what separates the columns of a table, if the line is the head of one with messages or wanted columns."""
    if "{" not in line and len(line) <= _MAX_HEAD:
        for delimiter in ",;\t":
            columns = {_column(name) for name in next(csv.reader([line], delimiter=delimiter), [])}
            if len(columns) > 1 and ("message" in columns or any(columns >= each for each in wanted)):
                return delimiter
            if columns == {"message"}:
                return ","
    return None


def _column(name: str) -> str:
    """Return a column's name: Logs Insights calls `@message` what the log viewer calls `message`."""
    bare = name.strip().lstrip("@")
    return bare.casefold() if bare.casefold() == "message" else bare


def _blocks(lines: Iterator[str]) -> Iterator[str]:
    """Yield each line, or the lines of one JSON object or array: from the one that opens it to the one that closes it.

    A block of very many lines is a list of others: it is left open, and what is in it is read block by block.
    """
    ahead: deque[str] = deque()
    while True:
        line = ahead.popleft() if ahead else next(lines, None)
        if line is None:
            return
        if not line.rstrip().endswith(("{", "[")):
            yield line
            continue
        block, closed = [line], False
        while not closed and len(block) < _MAX_BLOCK:
            following = ahead.popleft() if ahead else next(lines, None)
            if following is None:
                break
            block.append(following)
            closed = _closes(following, line)
        yield "".join(block) if closed else line
        if not closed:
            ahead.extendleft(reversed(block[1:]))


def _closes(line: str, opening: str) -> bool:
    """Return whether a line closes what the other opens: its indent is the same, and it does not open the next one."""
    bare = line.strip()
    indents = [len(each) - len(each.lstrip()) for each in (line, opening)]
    return bare.startswith(("}", "]")) and not bare.endswith(("{", "[")) and indents[0] == indents[1]


def _found(line: str, kind: LineKind) -> Iterator[Line]:
    member = _MEMBER.fullmatch(line)
    if member is not None:
        line = _text_of(member[1]) or line
    document = _listed(line)
    if document is not None:
        yield from _inside(document, kind)
        return
    for document in _documents(line):
        yield from _inside(document, kind)
    if document is None and '{""' in line:  # a row of a table whose head is not here
        for row in csv.reader([line]):
            yield from _inside(row, kind)


def _listed(block: str) -> Any:  # noqa: ANN401  # JSON
    """Return the list that a block is, whose members may be texts, or None."""
    if not block.lstrip().startswith("["):
        return None
    try:
        return json.loads(block)
    except (ValueError, RecursionError):
        return None


def _text_of(literal: str) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return ""


def _documents(line: str) -> Iterator[Any]:
    """Yield every JSON object or array on a line, skipping the text between them."""
    position, wrong = _next(line, 0), 0
    while position is not None and wrong < _MAX_WRONG:
        try:
            document, end = _DECODER.raw_decode(line, position)
        except (ValueError, RecursionError):
            position, wrong = _next(line, position + 1), wrong + 1
        else:
            yield document
            position = _next(line, end)


def _next(line: str, start: int) -> int | None:
    position = line.find("{", start)
    return None if position < 0 else position


def _inside(document: Any, kind: LineKind) -> Iterator[Line]:  # noqa: ANN401  # JSON
    """Yield the lines in a document: itself, or those in the messages that it carries."""
    if isinstance(document, list):
        for member in document:
            yield from _inside(member, kind)
    elif isinstance(document, str):
        if "{" in document:
            for inner in _documents(document):
                yield from _inside(inner, kind)
    elif isinstance(document, dict) and not _only_metrics(document):
        if kind.is_line(document):
            yield document
        else:
            yield from _carried(document, kind)


def _carried(document: Line, kind: LineKind) -> Iterator[Line]:
    """Yield the lines in what a document carries under a name that exports use, else under any name.

    Other programs have envelopes of their own: Docker's `log`, Loki's `line`, Splunk's `_raw`.
    """
    found = False
    for name in _NESTED:
        for line in _inside(document.get(name), kind):
            found = True
            yield line
    if not found:
        for name, value in document.items():
            if name not in _NESTED:
                yield from _inside(value, kind)


def _only_metrics(line: Line) -> bool:
    """Return whether a line is the metrics alone: releases before this one wrote them on a line of their own."""
    return "_aws" in line and "message" not in line
