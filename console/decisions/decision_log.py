"""Logged decisions, as the function writes them, read from any export of its log (`log_export`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from retention.log.record import HELD

from console.decisions.log_export import Line, LineKind, read_lines

_HASH: Final = re.compile("[0-9a-f]{64}")
_DECIDED: Final = frozenset({"answered", "fallback", "no_rule", "paused"})
# The members that every line of a verified request has.
_REQUEST: Final = ("productId", "localeAsked", "requestIdentifier")


@dataclass(frozen=True, slots=True)
class Logged:
    """One verified request and what was decided then. `at` is in UTC seconds, None where the line has no time.

    `customer_hash` is empty where the line has none. `delivered` False: the arm's answer could not be signed.
    `outcome` is that of the log line: answered, fallback, no_rule, paused; `unavailable` and `failed` decided nothing.
    `holdout` is its key, None where the release had none; of a customer who was `held`, no rule was asked.
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
    holdout: str | None = None
    held: bool = False

    @property
    def decided(self) -> bool:
        return self.outcome in _DECIDED


def read_log(path: Path) -> Iterator[Logged]:
    """Yield the requests of one log, `-` for standard input. Raises as `read_lines`."""
    return map(logged_request, read_lines(path, REQUESTS))


def is_request(line: Line) -> bool:
    """Return whether a line is about a verified request."""
    return all(_text(line, name) is not None for name in _REQUEST)


def logged_request(line: Line) -> Logged:
    """Read a line of `REQUESTS`."""
    product, locale, request = (_text(line, name) or "" for name in _REQUEST)
    release = line.get("release")
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
        delivered=line.get("delivered") not in {False, "false", "0"},
        message=_text(line, "messageIdentifier"),
        locale_served=_text(line, "localeServed"),
        release=int(str(release)) if str(release).isdecimal() else None,
        degraded=_degraded(line),
        trust_anchor=_text(line, "trustAnchor"),
        holdout=_text(line, "holdout"),
        held=_text(line, "holdoutArm") == HELD,
    )


def _degraded(line: Line) -> frozenset[str]:
    """Return the reasons in a line; a table has a column for each place in the list."""
    found = line.get("degraded")
    if isinstance(found, list):
        return frozenset(map(str, found))
    return frozenset(str(value) for name, value in line.items() if name.startswith("degraded.") and value)


def _text(line: Line, name: str) -> str | None:
    value = line.get(name)
    return value if isinstance(value, str) and value else None  # a table has empty cells


def _instant(text: str | None) -> float | None:
    """Return UTC seconds of `2026-11-24 03:09:31,646+0000`."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant.timestamp()


REQUESTS: Final = LineKind(is_request, (frozenset(_REQUEST),))
