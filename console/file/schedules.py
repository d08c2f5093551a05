"""`during:` in the file → half-open UTC seconds, so that the function needs no time zones."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from console.file.mistakes import Notes
from console.file.tree import Node
from console.file.zones import doubt, refusal, zone_names
from console.terminal.characters import non_ascii_hint

_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?")
_FIELDS: Final = ("from", "until", "timeZone")
_HALF_OPEN: Final = "`until` is the first moment that no longer counts: write one after `from`."


@dataclass(frozen=True, slots=True)
class Schedule:
    """[starts, ends) in UTC seconds; None is open."""

    starts: float | None = None
    ends: float | None = None

    def holds_at(self, instant: float) -> bool:
        """Return whether the instant, in UTC seconds, is in the schedule."""
        return (self.starts is None or instant >= self.starts) and not self.is_over(instant)

    def is_over(self, instant: float) -> bool:
        """Return whether the schedule has ended at the instant, in UTC seconds."""
        return self.ends is not None and instant >= self.ends


def read_schedule(node: Node, notes: Notes) -> Schedule | None:
    """Return the schedule of a `during:`; None where it could not be understood, which is noted."""
    if not node.entries:
        wrong = "This schedule is empty." if node.value == {} else f"A schedule is a mapping, not {node.kind}."
        notes.add(node.at, wrong, "Write `{from: 2026-12-01, until: 2027-01-01, timeZone: …}`, or leave `during` out.")
        return None
    unknown = [key for key in node.entries if key not in _FIELDS]
    for key in unknown:
        notes.unknown_field(node.entries[key].at, "a schedule", key, _FIELDS)
    zone = read_zone(node, notes)
    if not node.entries.keys() & {"from", "until"}:
        notes.add(node.at, "This schedule neither begins nor ends.", "Give it `from`, `until` or both.")
        return None
    # A date that is not in the calendar is noted even where the zone is a mistake. The first of two ambiguous times
    # is meant, so instants stand in the order of their local times.
    bounds = {key: node.entries[key] for key in ("from", "until") if key in node.entries}
    local = {key: found for key, bound in bounds.items() if (found := _local(bound, notes)) is not None}
    if len(local) > 1 and local["from"] >= local["until"]:
        notes.add(node.at, "This schedule is empty: it ends before it has begun.", _HALF_OPEN)
        return None
    if zone is None:
        return None
    instants = {key: _instant(bounds[key], found, zone, notes) for key, found in local.items()}
    if len(local) < len(bounds) or None in instants.values():
        return None
    return Schedule(instants.get("from"), instants.get("until"))


def read_zone(node: Node, notes: Notes) -> zoneinfo.ZoneInfo | None:
    """Return the zone that a mapping's `timeZone` names; None where it is missing or is none, which is noted."""
    named = node.entries.get("timeZone")
    if named is None:
        notes.add(node.at, "`timeZone` is missing.", "Write one like `timeZone: Europe/Paris`, or `timeZone: UTC`.")
        return None
    if not zone_names():
        notes.add(named.at, "This machine has no time zones.", "Run `pip install tzdata` and try again.")
        return None
    if not isinstance(named.value, str):
        wrong = f"A time zone is a text, not {named.kind}."
        notes.add(named.at, wrong, "Write one like `timeZone: Europe/Paris`, or `timeZone: UTC`.")
        return None
    refused, doubted = refusal(named.value), doubt(named.value)
    if refused is not None:
        notes.add(named.at, *refused)
        return None
    if doubted is not None:
        notes.warn(named.at, *doubted)
    return zoneinfo.ZoneInfo(named.value)


def zone_of(node: Node) -> zoneinfo.ZoneInfo | None:
    """Return the zone that a mapping's `timeZone` names, and note nothing: `read_zone` does where it is none."""
    return read_zone(node, Notes())


def first_moment(day: str, zone: zoneinfo.ZoneInfo) -> int:
    """Return when a day, `2026-12-01`, begins in a zone, in UTC seconds. Raises ValueError for one of no calendar.

    Where the clocks go forward over midnight, that is the moment at which they do.
    """
    try:
        return int(datetime.fromisoformat(day).replace(tzinfo=zone).astimezone(UTC).timestamp())
    except OverflowError:
        raise ValueError(day) from None


def _local(node: Node, notes: Notes) -> datetime | None:
    text = node.value
    if not isinstance(text, str) or not _LOCAL.fullmatch(text):
        notes.add(
            node.at,
            f"A date or a local time belongs here, not {node.kind}.{non_ascii_hint(node.written)}",
            "Write `2026-12-01` or `2026-12-01T09:00`; `timeZone` names the zone, so no `Z` and no offset.",
        )
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        notes.add(node.at, f"The calendar has no `{text}`.", "Write a date that exists.")
        return None


def _instant(node: Node, local: datetime, zone: zoneinfo.ZoneInfo, notes: Notes) -> int | None:
    try:
        instant = local.replace(tzinfo=zone).astimezone(UTC)  # fold 0: the first of two ambiguous times
        existing = instant.astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError):
        notes.add(node.at, f"The calendar has no `{node.value}` there.", "Write a date that exists.")
        return None
    if existing != local:
        notes.add(
            node.at,
            f"`{node.value}` does not exist in {zone.key}: the clocks go forward over it.",
            f"Write `{existing.isoformat(timespec='minutes')}`.",
        )
        return None
    return int(instant.timestamp())
