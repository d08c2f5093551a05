"""Logged decisions, as telemetry writes them, found in whatever a log was exported as: read line by line.

Understood are bare JSON lines; lines with a time stamp or other columns before the JSON (an export to S3, `aws logs
tail`); a line of JSON that carries others (a subscription's `logEvents`); and the indented output of `aws logs
filter-log-events` and `get-query-results`, where each message is a JSON text on a line of its own. All of it gzipped or
not. What is no decision (START, REPORT, metrics alone) is passed over.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from console.failure import Failure

# `Record` cuts its texts here: one that is as long may have been longer.
CUT: Final = 128

_GZIP: Final = b"\x1f\x8b"
_STDIN: Final = Path("-")
_HASH = re.compile("[0-9a-f]{64}")
_DECODER = json.JSONDecoder()
# One member of an indented document: "message": "{…}\n",
_MEMBER = re.compile(r'\s*"(?:@?message|value|Message)"\s*:\s*(".*"),?\s*')
_DECIDED: Final = frozenset({"answered", "fallback", "no_rule", "paused"})
# Braces that begin no JSON; a line with more of them is something else, and may be long.
_MAX_WRONG: Final = 20
_NESTED: Final = ("logEvents", "events", "results", "message", "@message", "value", "Records", "data")


@dataclass(frozen=True, slots=True)
class Logged:
    """One verified request and what was decided then. `at` is in UTC seconds, None where the line does not say.

    `customer_hash` is empty where the line has none. `delivered` False: the arm's answer could not be signed.
    `outcome` is that of the log line: answered, fallback, no_rule, paused; `unavailable` and `failed` decided nothing.
    """

    outcome: str
    at: float | None
    product_id: str
    locale: str
    request_identifier: str
    customer_hash: str
    rule: str | None
    kind: str | None
    arm: str | None
    delivered: bool
    message: str | None
    locale_served: str | None
    release: int | None
    degraded: frozenset[str]
    trust_anchor: str | None

    @property
    def decided(self) -> bool:
        return self.outcome in _DECIDED


def read_log(path: Path) -> Iterator[Logged]:
    """Yield the requests of one log, `-` for standard input. Raises Failure or OSError where it cannot be read."""
    with ExitStack() as stack:
        raw = sys.stdin.buffer if path == _STDIN else stack.enter_context(path.open("rb"))
        try:
            for line in _unpacked(raw):
                yield from _requests(line.decode("utf-8", "replace"))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Failure(f"{path} is no whole gzip file: {error}.") from None


def _unpacked(raw: Any) -> Iterable[bytes]:  # noqa: ANN401  # a buffered reader: typeshed calls standard input something else
    return gzip.GzipFile(fileobj=raw) if raw.peek(2)[:2] == _GZIP else raw


def _requests(line: str) -> Iterator[Logged]:
    member = _MEMBER.fullmatch(line)
    if member is not None:
        line = _text_of(member[1])
    for document in _documents(line):
        yield from _inside(document)


def _text_of(literal: str) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return ""


def _documents(line: str) -> Iterator[Any]:
    """Yield every JSON object or array on a line, whatever stands between them."""
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


def _inside(document: Any) -> Iterator[Logged]:  # noqa: ANN401  # JSON
    """Yield the requests in a document: itself, or those in the messages that it carries."""
    if isinstance(document, list):
        for member in document:
            yield from _inside(member)
    elif isinstance(document, str):
        if "{" in document:
            for inner in _documents(document):
                yield from _inside(inner)
    elif isinstance(document, dict) and not _only_metrics(document):
        logged = _logged(document)
        if logged is not None:
            yield logged
        else:
            for name in _NESTED:
                if name in document:
                    yield from _inside(document[name])


def _only_metrics(line: Mapping[str, Any]) -> bool:
    """Say whether a line is the metrics alone: releases before this one wrote them on a line of their own."""
    return "_aws" in line and "message" not in line


def _logged(line: Mapping[str, Any]) -> Logged | None:
    product, locale, request = (_text(line, name) for name in ("productId", "localeAsked", "requestIdentifier"))
    if product is None or locale is None or request is None:
        return None
    release, degraded = line.get("release"), line.get("degraded")
    customer_hash = _text(line, "customerHash") or ""
    return Logged(
        outcome=_text(line, "message") or "",
        at=_instant(_text(line, "timestamp")),
        product_id=product,
        locale=locale,
        request_identifier=request,
        customer_hash=customer_hash if _HASH.fullmatch(customer_hash) else "",
        rule=_text(line, "rule"),
        kind=_text(line, "kind"),
        arm=_text(line, "arm"),
        delivered=line.get("delivered") is not False,
        message=_text(line, "messageIdentifier"),
        locale_served=_text(line, "localeServed"),
        release=release if isinstance(release, int) else None,
        degraded=frozenset(map(str, degraded)) if isinstance(degraded, list) else frozenset(),
        trust_anchor=_text(line, "trustAnchor"),
    )


def _text(line: Mapping[str, Any], name: str) -> str | None:
    value = line.get(name)
    return value if isinstance(value, str) else None


def _instant(text: str | None) -> float | None:
    """Return UTC seconds of `2026-11-24 03:09:31,646+0000`."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant.timestamp()
