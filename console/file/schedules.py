"""`during:` in the file → half-open UTC seconds, so that the function needs no time zones."""

from __future__ import annotations

import functools
import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from console.file.mistakes import Notes, suggestion
from console.file.tree import Node

_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?")
_FIELDS: Final = ("from", "until", "timeZone")
_HALF_OPEN: Final = "`until` is the first moment that no longer counts: write one after `from`."


@dataclass(frozen=True, slots=True)
class Schedule:
    """[starts, ends) in UTC seconds; None is open."""

    starts: int | None = None
    ends: int | None = None


def read_schedule(node: Node, notes: Notes) -> Schedule | None:
    """Return the schedule of a `during:`; None where it could not be understood, which is noted."""
    if not node.entries:
        notes.add(node.at, "A schedule is a mapping.", "Write `{from: 2026-12-01, until: 2027-01-01, timeZone: …}`.")
        return None
    unknown = [key for key in node.entries if key not in _FIELDS]
    for key in unknown:
        notes.unknown(node.entries[key].at, "field of a schedule called", key, _FIELDS)
    zone = _zone(node, notes)
    if not node.entries.keys() & {"from", "until"}:
        notes.add(node.at, "This schedule neither begins nor ends.", "Give it `from`, `until` or both.")
        return None
    if zone is None:
        return None
    bounds = {key: _instant(node.entries[key], zone, notes) for key in ("from", "until") if key in node.entries}
    if None in bounds.values():
        return None
    schedule = Schedule(bounds.get("from"), bounds.get("until"))
    if schedule.starts is not None and schedule.ends is not None and schedule.starts >= schedule.ends:
        notes.add(node.at, "This schedule is empty: it ends before it has begun.", _HALF_OPEN)
        return None
    return schedule


@functools.cache
def _zone_names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _zone(node: Node, notes: Notes) -> zoneinfo.ZoneInfo | None:
    named = node.entries.get("timeZone")
    if named is None:
        notes.add(node.at, "`timeZone` is missing.", "Write one like `timeZone: Europe/Paris`, or `timeZone: UTC`.")
        return None
    if not _zone_names():
        notes.add(named.at, "This machine has no time zones.", "Run `pip install tzdata` and try again.")
        return None
    if not isinstance(named.value, str) or named.value not in _zone_names():
        name = named.value if isinstance(named.value, str) else ""
        notes.add(named.at, f"There is no time zone `{name}`.", suggestion(name, _zone_names()))
        return None
    return zoneinfo.ZoneInfo(named.value)


def _instant(node: Node, zone: zoneinfo.ZoneInfo, notes: Notes) -> int | None:
    text = node.value
    if not isinstance(text, str) or not _LOCAL.fullmatch(text):
        notes.add(
            node.at,
            f"A date or a local time belongs here, not {node.kind}.",
            "Write `2026-12-01` or `2026-12-01T09:00`; `timeZone` says where, so no `Z` and no offset.",
        )
        return None
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=zone)  # fold 0: the first of two ambiguous times
        instant = local.astimezone(UTC)
        existing = instant.astimezone(zone)
    except (ValueError, OverflowError):
        notes.add(node.at, f"The calendar has no `{text}`.", "Write a date that exists.")
        return None
    if existing.replace(tzinfo=None) != local.replace(tzinfo=None):
        notes.add(
            node.at,
            f"`{text}` does not exist in {zone.key}: the clocks go forward over it.",
            f"Write `{existing.replace(tzinfo=None).isoformat(timespec='minutes')}`.",
        )
        return None
    return int(instant.timestamp())
