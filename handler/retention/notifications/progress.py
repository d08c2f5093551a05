"""How far an app's notification history has been read: the row `pull`, and the places at which readings stopped.

Three readings go on next to each other: of the news since the watermark, and the hourly and the nightly repair, which
read again what may have been listed late. Each ends at an instant that never goes back: it is written on the condition
that it is later than the one in the row, so that of two runs at once the slower one changes nothing.

A reading that runs out of time leaves its place: the query, exactly as it was asked, and the token of the next page.
Whichever run writes the place, all pages before that one are merged, so any run may go on from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.errors import UnreadableRowError
from retention.notifications.history import HistoryQuery


class Reading(StrEnum):
    """The readings of a history, by the prefix of their attributes."""

    NEWS = "news"
    HOURLY = "hourly"
    NIGHTLY = "nightly"


# The attributes with the instants, UNIX ms, up to which each reading is complete.
_UNTIL: Final[Mapping[Reading, str]] = {
    Reading.NEWS: "watermark",
    Reading.HOURLY: "hourlyUntil",
    Reading.NIGHTLY: "nightlyUntil",
}
# From when on the news is complete up to the watermark, without a gap.
_SINCE: Final = "since"

# What was damaged is written over: it would keep the reading where it is.
_LATER: Final = "attribute_not_exists(#until) OR NOT attribute_type(#until, :number) OR #until < :end"


@dataclass(frozen=True, slots=True)
class StoppedAt:
    """Where a reading stopped: the query, and the token of its next page."""

    query: HistoryQuery
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """The row `pull`. `until` has the instants in UNIX ms of the readings that ended once; `since` is None before."""

    since: int | None = None
    until: Mapping[Reading, int] = field(default_factory=dict)
    places: Mapping[Reading, StoppedAt] = field(default_factory=dict)

    @property
    def watermark(self) -> int | None:
        """Up to which instant all news is merged; None before the first run has ended."""
        return self.until.get(Reading.NEWS)

    def place(self, reading: Reading) -> StoppedAt | None:
        """Return where a reading goes on. A place before the instant that another run reached meanwhile is none."""
        found = self.places.get(reading)
        return found if found is not None and found.query.end > self.until.get(reading, 0) else None


def read_progress(item: rows.Item) -> Progress:
    """Read the row `pull`. Never raises: without a watermark that can be read, the pull begins anew.

    A repair then is due as well, and reads again what the days before brought.
    """
    until = {reading: found for reading, name in _UNTIL.items() if (found := _number(item, name)) is not None}
    since = _number(item, _SINCE)
    if Reading.NEWS not in until or since is None:
        return Progress(places=_places(item))
    return Progress(since, until, _places(item))


def _places(item: rows.Item) -> dict[Reading, StoppedAt]:
    return {reading: place for reading in Reading if (place := _place(item.get(f"{reading}StoppedAt"))) is not None}


def _number(item: rows.Item, name: str) -> int | None:
    try:
        return rows.number(item, name)
    except UnreadableRowError:
        return None


def _place(attribute: object) -> StoppedAt | None:
    held = attribute.get("M") if isinstance(attribute, Mapping) else None
    if not isinstance(held, Mapping):
        return None
    try:
        query = HistoryQuery(rows.number(held, "start"), rows.number(held, "end"))
        return StoppedAt(query, rows.string(held, "token"))
    except UnreadableRowError:
        return None


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """The row `pull` of one app, read and written."""

    app_table: AppTable

    def read(self) -> Progress:
        """Return how far the readings are."""
        return read_progress(self.app_table.get(self._key))

    def stop_at(self, reading: Reading, place: StoppedAt) -> None:
        """Note where a reading goes on."""
        self.app_table.update(
            {
                "Key": self._key,
                "UpdateExpression": "SET #place = :place",
                "ExpressionAttributeNames": {"#place": f"{reading}StoppedAt"},
                "ExpressionAttributeValues": {":place": {"M": _held(place)}},
            }
        )

    def end_at(self, reading: Reading, end: int, since: int | None = None) -> bool:
        """Note that a reading is complete up to `end`, UNIX ms, and is at no place any more.

        `since` is written with the news: from when on there is no gap. Returns False, having changed nothing, where
        another run has come as far.
        """
        values: dict[str, Any] = {":end": _n(end), ":number": {"S": "N"}}
        if since is not None:
            values[":since"] = _n(since)
        names = {"#until": _UNTIL[reading], "#place": f"{reading}StoppedAt"}
        if since is not None:
            names["#since"] = _SINCE
        noted = "SET #until = :end" + ("" if since is None else ", #since = :since")
        return self.app_table.update(
            {
                "Key": self._key,
                "UpdateExpression": f"{noted} REMOVE #place",
                "ConditionExpression": _LATER,
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
            }
        )

    @property
    def _key(self) -> rows.Key:
        return rows.pull_key(self.app_table.app_apple_id)


def _held(place: StoppedAt) -> dict[str, Any]:
    return {"start": _n(place.query.start), "end": _n(place.query.end), "token": {"S": place.token}}


def _n(number: int) -> dict[str, str]:
    return {"N": str(number)}
