"""The days of a backfill: which there are, and how far each has been read, in rows that outlive a killed command.

The newest day comes first: if the command is stopped, most of what rules ask for is already known. Any order gives the
same facts. A row is kept for a week; a command that is repeated later begins anew, and so does one that follows a
complete backfill, since its rows are deleted. So after an update of the console everything can be read again.

A backfill ends where the pull may not have read yet. A function writes an outcome's log line when it learns of it: what
a backfill had learned first would have no line, and `retention outcomes` would not know of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.errors import UnreadableRowError
from retention.notifications.history import DAY_MS, HISTORY_DAYS, HistoryQuery
from retention.notifications.progress import Progress, Reading
from retention.notifications.pulling import FIRST_MS, REPAIRS

_HOUR_MS: Final = 3_600_000
# What was listed late of a day that was read while it lasted.
_OVERLAP_MS: Final = 15 * 60_000
_KEPT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class HistoryDay:
    """A day in UTC, `2026-11-30`, as far as Apple lists it: from `start` up to `end`, UNIX ms."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DayProgress:
    """How far a day was read: the query, and the token of its next page, empty where all pages were merged."""

    query: HistoryQuery
    token: str = field(repr=False)


def last_instant(pulled: Progress, now: datetime) -> datetime:
    """Return up to when a backfill may read at `now` (aware), by how far the pull is.

    That is where the hourly repair begins, which reads once more what Apple listed late; before the pull's first run,
    where that run will begin.
    """
    if pulled.watermark is None:
        return now - timedelta(milliseconds=FIRST_MS)
    _, repaired = REPAIRS[Reading.HOURLY]
    return min(now, datetime.fromtimestamp((pulled.watermark - repaired) / 1000, UTC))


def days_back(now: datetime, number: int | None, environment: str, until: datetime | None = None) -> list[HistoryDay]:
    """Return so many days up to `until`, by default `now` (both aware), the newest first.

    By default and at most they are all days that Apple keeps.
    """
    first = _ms(now) - HISTORY_DAYS[environment] * DAY_MS + _HOUR_MS  # an hour for a clock that is behind Apple's
    last = now if until is None else until
    at = _ms(last)
    day = _ms(last.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))
    found: list[HistoryDay] = []
    while day + DAY_MS > first and (number is None or len(found) < number):
        name = datetime.fromtimestamp(day / 1000, UTC).date().isoformat()
        found.append(HistoryDay(name, max(day, first), min(day + DAY_MS, at)))
        day -= DAY_MS
    return found


def next_query(day: HistoryDay, progress: DayProgress | None) -> tuple[HistoryQuery, str | None] | None:
    """Return the query to go on with, and the token of its page; None where the day is read.

    A query must be asked exactly as before for Apple to take its token. A day that was read while it lasted goes on
    where it ended then.
    """
    if progress is None:
        return HistoryQuery(day.start, day.end), None
    if progress.token:
        return progress.query, progress.token
    if progress.query.end >= day.end:
        return None
    return HistoryQuery(max(day.start, progress.query.end - _OVERLAP_MS), day.end), None


@dataclass(frozen=True, slots=True)
class BackfillRows:
    """The rows `backfill#<day>` of one app."""

    app_table: AppTable
    clock: Callable[[], float] = time.time

    def read(self) -> dict[str, DayProgress]:
        """Return how far each day was read within a week, by its name. What is damaged counts as not read."""
        now = self.clock()
        found: dict[str, DayProgress] = {}
        for item in self._items():
            try:
                if rows.number(item, "expiresAt") > now:
                    query = HistoryQuery(rows.number(item, "start"), rows.number(item, "end"))
                    token = rows.string(item, "token") if "token" in item else ""
                    found[rows.id_of(item)] = DayProgress(query, token)
            except UnreadableRowError:
                continue
        return found

    def write(self, day: HistoryDay, progress: DayProgress) -> None:
        """Note how far a day was read, after all pages before that were merged."""
        held: Mapping[str, int] = {
            "start": progress.query.start,
            "end": progress.query.end,
            "expiresAt": int(self.clock() + _KEPT.total_seconds()),
        }
        item: dict[str, Any] = {**self._key(day), **{name: {"N": str(number)} for name, number in held.items()}}
        item |= {"token": {"S": progress.token}} if progress.token else {"done": {"BOOL": True}}
        self.app_table.put({"Item": item})

    def delete(self, day: HistoryDay) -> None:
        """Forget how far a day was read."""
        self.app_table.delete(self._key(day))

    def _items(self) -> Iterator[rows.Item]:
        return self.app_table.of_notifications(rows.BACKFILL)

    def _key(self, day: HistoryDay) -> rows.Key:
        return rows.backfill_key(self.app_table.app_apple_id, day.name)


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
