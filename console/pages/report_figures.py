"""The three drawings of a report as places in pictures: intervals, the interval day by day, and curves of who is kept.

Values are in points (per cent of customers), places in pixels. Each drawing has the rows of its table too, so that the
numbers drawn, written and in the JSON are the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from console.effect.findings import PRIMARY, Bounds, Report, ReportCurve, ReportDay, ReportEffect, ReportSeries
from console.effect.report_text import shown_bounds, shown_difference
from console.effect.words import METRICS, percent, shown_name
from console.pages.axis import Axis, make_axis

WIDTH: Final = 640
_ROW: Final = 40
_TOP: Final = 10
_POINTS: Final = 100
_HIGH: Final = 190
_LABELS: Final = 46
_NAMES: Final = 150
_LONG_NAMES: Final = 210
_RIGHT: Final = 14
# Between two names at the ends of lines.
_NAME: Final = 18


@dataclass(frozen=True, slots=True)
class IntervalMark:
    """One interval: its row's label, its place from the top, and the places of estimate and ends."""

    label: str
    kind: str
    top: float
    estimate: float
    low: float
    high: float
    words: str


@dataclass(frozen=True, slots=True)
class IntervalFigure:
    height: float
    axis: Axis
    marks: tuple[IntervalMark, ...]


@dataclass(frozen=True, slots=True)
class SeriesFigure:
    """One arm day by day: the outline of the band, the line of estimates, and the rows of the table."""

    arm: str
    axis: Axis
    band: str
    line: str
    days: tuple[ReportDay, ...]


@dataclass(frozen=True, slots=True)
class CurveLine:
    """One arm's line: `number` is its place among the arms, which gives it its dashes and colour."""

    arm: str
    number: int
    line: str
    end: float


@dataclass(frozen=True, slots=True)
class CurveFigure:
    """Shares kept by day. `rows` have a day and the share of each arm."""

    axis: Axis
    days: Axis
    lines: tuple[CurveLine, ...]
    arms: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def drawn_effects(report: Report) -> tuple[ReportEffect, ...]:
    """Return the effects that are drawn: shares with an interval, the planned metric first. Money has its own unit."""
    shown = (
        one for one in report.effects if one.currency is None and (one.anytime is not None or one.reading is not None)
    )
    return tuple(sorted(shown, key=lambda one: one.role != PRIMARY))


def interval_figure(report: Report) -> IntervalFigure | None:
    """Return all intervals on one axis, or None where no gate is open."""
    effects = drawn_effects(report)
    if not effects:
        return None
    ends = [end * _POINTS for one in effects for bounds in (one.anytime, one.reading) if bounds for end in bounds]
    several = len(report.arms) > 2  # noqa: PLR2004  # one arm next to the control
    axis = make_axis([0.0, *ends], _LONG_NAMES if several else _NAMES, WIDTH - _RIGHT)
    marks = tuple(_marks(effects, axis, several=several))
    height = _TOP + _ROW * len({mark.top // _ROW for mark in marks}) + 30
    return IntervalFigure(height, axis, marks)


def _marks(effects: Sequence[ReportEffect], axis: Axis, *, several: bool) -> Iterator[IntervalMark]:
    for number, one in enumerate(effects):
        top = _TOP + _ROW * number + _ROW / 2
        label = METRICS[one.metric].noun + (f", {shown_name(one.arm)}" if several else "")
        for kind, bounds, drop in (("any", one.anytime, 0.0), ("read", one.reading, 11.0)):
            if bounds is not None:
                yield _mark(label, kind, top + drop, one.estimate, bounds, axis)


def _mark(label: str, kind: str, top: float, estimate: float | None, bounds: Bounds, axis: Axis) -> IntervalMark:
    low, high = bounds
    middle = (low + high) / 2 if kind == "read" or estimate is None else estimate
    words = f"{shown_difference(middle, None)} {shown_bounds(bounds)}"
    return IntervalMark(
        label, kind, top, axis.at(middle * _POINTS), axis.at(low * _POINTS), axis.at(high * _POINTS), words
    )


def series_figures(report: Report) -> tuple[SeriesFigure, ...]:
    """Return each arm's interval day by day; arms without a day with an open gate are left out."""
    return tuple(figure for one in report.series if (figure := _series(one)) is not None)


def _series(series: ReportSeries) -> SeriesFigure | None:
    known = [day for day in series.days if day.anytime is not None and day.estimate is not None]
    if not known:
        return None
    # The first days have very wide intervals: the axis is that of the last two thirds, and the band is cut there.
    calm = known[len(known) // 3 :]
    ends = [end * _POINTS for day in calm for end in day.anytime or ()]
    axis = make_axis([0.0, *ends], _HIGH - 30, 10)
    left, right = float(_LABELS), float(WIDTH - _RIGHT)
    step = (right - left) / max(len(series.days) - 1, 1)
    places = {day.day: round(left + step * at, 1) for at, day in enumerate(series.days)}
    over = [f"{places[day.day]},{_cut(axis, (day.anytime or (0, 0))[1])}" for day in known]
    under = [f"{places[day.day]},{_cut(axis, (day.anytime or (0, 0))[0])}" for day in reversed(known)]
    line = [f"{places[day.day]},{_cut(axis, day.estimate or 0.0)}" for day in known]
    return SeriesFigure(series.arm, axis, " ".join((*over, *under)), " ".join(line), series.days)


def _cut(axis: Axis, share: float) -> float:
    return axis.at(min(max(share * _POINTS, axis.low), axis.high))


def curve_figure(report: Report) -> CurveFigure | None:
    """Return the share kept by days since the first exposure, a line for each arm; None without ripe customers."""
    curves = [curve for curve in report.curves if curve.points and curve.points[0][1]]
    if not curves:
        return None
    shares = [_POINTS * kept / customers for curve in curves for _, customers, kept in curve.points if customers]
    axis = make_axis(shares, _HIGH - 30, 10)
    days = make_axis((day for curve in curves for day, _, _ in curve.points), _LABELS, WIDTH - 120)
    lines = tuple(_line(curve, number, axis, days) for number, curve in enumerate(curves))
    numbers = sorted({day for curve in curves for day, _, _ in curve.points})
    rows = tuple((day, tuple(_kept(curve, day) for curve in curves)) for day in numbers)
    return CurveFigure(axis, days, _apart(lines), tuple(curve.arm for curve in curves), rows)


def _line(curve: ReportCurve, number: int, axis: Axis, days: Axis) -> CurveLine:
    places = [(days.at(day), axis.at(_POINTS * kept / customers)) for day, customers, kept in curve.points if customers]
    return CurveLine(curve.arm, number, " ".join(f"{x},{y}" for x, y in places), places[-1][1])


def _apart(lines: Sequence[CurveLine]) -> tuple[CurveLine, ...]:
    """Return the lines with the places of their names so far apart that names do not lie on each other."""
    found: dict[int, float] = {}
    last = 0.0
    for one in sorted(lines, key=lambda line: line.end):
        last = max(one.end, last + _NAME)
        found[one.number] = round(last, 1)
    return tuple(CurveLine(one.arm, one.number, one.line, found[one.number]) for one in lines)


def _kept(curve: ReportCurve, day: int) -> str:
    held = next(((customers, kept) for at, customers, kept in curve.points if at == day), (0, 0))
    return percent(held[1] / held[0]) if held[0] else "-"
