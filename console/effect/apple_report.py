"""Apple's own report, "App Store Retention Messaging": a second instrument, which counts events and not customers.

Source: Apple's documentation of Analytics Reports (2026-10). The file is tab-separated and may be gzipped. Apple moves
columns and adds new ones, so they are found by their names, and values are compared without regard to case. A report
comes in several files (instances and their batches): a line that a later file repeats counts once more, as Apple sends
late events as lines of their own.

Where an arm or a holdout is left to Apple's fallback, Default against Real-time within a subscription is our own
randomisation, seen by Apple. Events of one customer and of one day hang together, so the interval comes from the days:
the ratio's residuals day by day. It is never averaged with ours.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console.effect.packages import AnalysisPackage
from console.terminal.failure import Failure

stats = AnalysisPackage("scipy.stats")

NAME: Final = "App Store Retention Messaging"
# Columns that are read, by Apple's names.
_COLUMNS: Final = (
    "Date",
    "App Apple Identifier",
    "Current Subscription",
    "Current Subscription Identifier",
    "Event",
    "Message Selection Type",
    "Save Type",
    "Counts",
)
_GZIP: Final = b"\x1f\x8b"
_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COUNT: Final = re.compile("[0-9]{1,15}")
# Apple's documentation writes the events in the plural, its other reports in the singular.
_EVENTS: Final = {
    "page view": "views",
    "page views": "views",
    "cancel": "cancels",
    "cancels": "cancels",
    "save": "saves",
    "saves": "saves",
}
DEFAULT: Final = "default"
REAL_TIME: Final = "real-time"
_SELECTIONS: Final = {"default": DEFAULT, "real-time": REAL_TIME, "real time": REAL_TIME, "realtime": REAL_TIME}
# Days on which both were shown, without which their spread is not known.
LEAST_DAYS: Final = 7
LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class AppleDay:
    """What Apple counted of one subscription on one day, of one selection (`default`, `real-time`, or "")."""

    day: str
    app_apple_id: int
    subscription: str
    subscription_id: str
    selection: str
    views: int = 0
    cancels: int = 0
    saves: int = 0


@dataclass(frozen=True, slots=True)
class AppleSide:
    """Events of one selection in all days. `save_rate` is saves among those who chose, None where none did."""

    views: int
    cancels: int
    saves: int

    @property
    def chose(self) -> int:
        return self.cancels + self.saves

    @property
    def save_rate(self) -> float | None:
        return self.saves / self.chose if self.chose else None


@dataclass(frozen=True, slots=True)
class AppleContrast:
    """Real-time against Default within one subscription.

    `difference` is that of the save rates, `interval` its 95 % interval from day to day; None where there are fewer
    than LEAST_DAYS days with both. `default_share` is the share of page views that showed the default message.
    """

    subscription: str
    subscription_id: str
    days: int
    first_day: str
    last_day: str
    default: AppleSide
    real_time: AppleSide
    difference: float | None
    interval: tuple[float, float] | None

    @property
    def default_share(self) -> float | None:
        views = self.default.views + self.real_time.views
        return self.default.views / views if views else None


def read_apple_report(path: Path) -> tuple[AppleDay, ...]:
    """Read one file of the report. Raises Failure where it is another file, or damaged."""
    try:
        data = path.read_bytes()
        if data.startswith(_GZIP):
            data = gzip.decompress(data)
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror or 'its gzip is damaged'}.") from None
    except (EOFError, zlib.error):
        raise Failure(f"{path} is cut off: fetch the segment of the report again.") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Failure(f"{path} is not text in UTF-8. Name a segment of Apple's report “{NAME}”.") from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    try:
        return _sum(_days(path, reader))
    except csv.Error as error:
        raise Failure(f"{path}, line {reader.line_num}: {error}. Fetch the segment of the report again.") from None


def _days(path: Path, reader: Iterator[Sequence[str]]) -> Iterator[AppleDay]:
    heads = [name.strip().casefold() for name in next(reader, [])]
    missing = [name for name in _COLUMNS if name.casefold() not in heads]
    if missing:
        named = ", ".join(f"“{name}”" for name in missing)
        raise Failure(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {named}, so it is not Apple's report “{NAME}”"
            " as it is known here. Name a segment of that report, tab-separated, gzipped or not."
        )
    places = {name: heads.index(name.casefold()) for name in _COLUMNS}
    for number, cells in enumerate(reader, 2):
        if any(cell.strip() for cell in cells):
            yield _day(
                path, number, {name: cells[at].strip() if at < len(cells) else "" for name, at in places.items()}
            )


def _day(path: Path, number: int, cells: Mapping[str, str]) -> AppleDay:
    """Read one line. An event or selection that is not known here is refused: to pass it over would lose customers."""
    event = _EVENTS.get(cells["Event"].casefold())
    selection = cells["Message Selection Type"].casefold()
    wrong = [
        *([] if _DAY.fullmatch(cells["Date"]) else ["Date"]),
        *([] if _COUNT.fullmatch(cells["App Apple Identifier"]) else ["App Apple Identifier"]),
        *([] if event else ["Event"]),
        *([] if not _means(selection) or selection in _SELECTIONS else ["Message Selection Type"]),
        *([] if _COUNT.fullmatch(cells["Counts"]) else ["Counts"]),
    ]
    if wrong or event is None:
        raise Failure(
            f"{path}, line {number}: the column “{wrong[0]}” has “{cells[wrong[0]]}”, which is not known here."
            " Compare it with Apple's documentation of the report."
        )
    return AppleDay(
        day=cells["Date"],
        app_apple_id=int(cells["App Apple Identifier"]),
        subscription=cells["Current Subscription"],
        subscription_id=cells["Current Subscription Identifier"],
        selection=_SELECTIONS.get(selection, ""),
        **{event: int(cells["Counts"])},
    )


def _means(selection: str) -> bool:
    """Return whether a cell has a value: apps without the API have it empty."""
    return selection not in {"", "-", "n/a", "null"}


def _sum(lines: Iterable[AppleDay]) -> tuple[AppleDay, ...]:
    """Return the lines added up: Apple has one for each device, version, territory and message type."""
    total: dict[tuple[str, int, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in lines:
        held = total[one.day, one.app_apple_id, one.subscription_id, one.subscription, one.selection]
        for at, count in enumerate((one.views, one.cancels, one.saves)):
            held[at] += count
    return tuple(
        AppleDay(day, app, name, subscription_id, selection, *counts)
        for (day, app, subscription_id, name, selection), counts in sorted(total.items())
    )


def contrasts(lines: Sequence[AppleDay], first_day: str, last_day: str) -> tuple[AppleContrast, ...]:
    """Return Real-time against Default of every subscription that had both, from `first_day` to `last_day`."""
    within = [one for one in lines if first_day <= one.day <= last_day and one.selection]
    found = (_contrast(subscription, within) for subscription in sorted({one.subscription_id for one in within}))
    return tuple(one for one in found if one.default.views and one.real_time.views)


def _contrast(subscription_id: str, lines: Sequence[AppleDay]) -> AppleContrast:
    own = [one for one in lines if one.subscription_id == subscription_id]
    sides = {name: [one for one in own if one.selection == name] for name in (DEFAULT, REAL_TIME)}
    default, real_time = (_side(sides[name]) for name in (DEFAULT, REAL_TIME))
    days = sorted({one.day for one in own})
    difference = interval = None
    if default.save_rate is not None and real_time.save_rate is not None:
        difference = real_time.save_rate - default.save_rate
        interval = _interval(difference, sides, default, real_time)
    return AppleContrast(
        subscription=max(own, key=lambda one: one.day).subscription,
        subscription_id=subscription_id,
        days=len(days),
        first_day=days[0],
        last_day=days[-1],
        default=default,
        real_time=real_time,
        difference=difference,
        interval=interval,
    )


def _side(lines: Iterable[AppleDay]) -> AppleSide:
    total = [(one.views, one.cancels, one.saves) for one in lines]
    return AppleSide(*map(sum, zip(*total, strict=True))) if total else AppleSide(0, 0, 0)


def _interval(
    difference: float, sides: Mapping[str, Sequence[AppleDay]], default: AppleSide, real_time: AppleSide
) -> tuple[float, float] | None:
    """Return the interval of a difference of two ratios over the same days, by their residuals of each day.

    That of a ratio estimator, with days as the units (Cochran, Sampling Techniques, 1977, 6.4); Student's t.
    """
    chose = [{one.day for one in sides[name] if one.cancels + one.saves} for name in (DEFAULT, REAL_TIME)]
    days = sorted(chose[0] | chose[1])
    if len(chose[0] & chose[1]) < LEAST_DAYS:
        return None
    residuals = dict.fromkeys(days, 0.0)
    for name, side, sign in ((DEFAULT, default, -1), (REAL_TIME, real_time, 1)):
        for one in sides[name]:
            residuals[one.day] += sign * (one.saves - (side.save_rate or 0.0) * (one.cancels + one.saves)) / side.chose
    number = len(days)
    spread = math.sqrt(number / (number - 1) * sum(each * each for each in residuals.values()))
    half = float(stats.t.ppf((1 + LEVEL) / 2, number - 1)) * spread
    return difference - half, difference + half
