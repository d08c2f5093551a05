"""The statistics of a report: every arm against the control, at any time and at the appointed reading.

Of the error of 5 %, 1 % goes to the always-valid sequence and 4 % to the appointed reading, so that both hold together
with 95 %: looking is free, and the reading costs 6 % more customers than a test that is looked at once. With m arms
next to the control each interval has 1/m of that (several.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from console.effect.epochs import difference
from console.effect.gate import gate_open, totals
from console.effect.packages import AnalysisPackage
from console.effect.reading import lift_estimate, lift_interval, reading_interval
from console.effect.results import ArmCount, Difference, Epoch, Interval, Numbers
from console.effect.sequence import sequence_interval, sequence_p_value
from console.effect.several import holm

np = AnalysisPackage("numpy")

SEQUENCE_ALPHA: Final = 0.01
READING_ALPHA: Final = 0.04
# The tuning where no plan names a number of customers (GrowthBook's default). Without a plan there is no reading.
UNPLANNED: Final = 5_000


@dataclass(frozen=True, slots=True)
class Effect:
    """One arm against the control, from all ripe customers: fractions of 1.

    `anytime` and `p_value` are None while the gate is closed: nothing may be shown then. `p_value` is always valid;
    it belongs to the sequence alone, so it is at most `anytime`'s alpha exactly where `anytime` excludes 0.
    """

    found: Difference
    gate_open: bool
    anytime: Interval | None
    p_value: float | None


@dataclass(frozen=True, slots=True)
class AppointedReading:
    """One arm against the control, from the first n planned customers. The lift is None for a base below 50 hits."""

    found: Difference
    interval: Interval
    lift: float | None
    lift_interval: Interval | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One arm of an experiment: its epochs of all ripe customers, its planned customers, and those of the reading.

    `planned` are the planned customers of the control and this arm together. `reading` is None before it is due.
    """

    epochs: tuple[Epoch, ...]
    planned: float
    reading: tuple[Epoch, ...] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One arm's effect, its reading where it is due, and Holm's verdict over all arms and both instruments."""

    effect: Effect
    reading: AppointedReading | None
    differs: bool


def measure(epochs: Sequence[Epoch], *, planned: float, comparisons: int = 1, alpha: float = SEQUENCE_ALPHA) -> Effect:
    """Return the effect at any time; `comparisons` is the number of arms next to the control."""
    (effect,), _ = _effects([Comparison(tuple(epochs), planned)], alpha / comparisons)
    return effect


def read(epochs: Sequence[Epoch], *, comparisons: int = 1, alpha: float = READING_ALPHA) -> AppointedReading | None:
    """Return the appointed reading, or None where no epoch has enough customers (epochs.py).

    `epochs` are of the first n planned customers, all ripe. Newcombe's interval needs no gate.
    """
    level = alpha / comparisons
    interval = reading_interval(epochs, level)
    return _appointed(epochs, _plain(difference(epochs)), Interval(float(interval.low), float(interval.high)), level)


def judge(arms: Sequence[Comparison]) -> tuple[Judged, ...]:
    """Return every arm's effect and reading at alpha / m, and which arms differ by Holm, in their order."""
    if not arms:
        return ()
    effects, by_sequence = _effects(arms, SEQUENCE_ALPHA / len(arms))
    readings, by_reading = _readings(arms)
    return tuple(
        Judged(effect, reading, differs=bool(differs))
        for effect, reading, differs in zip(effects, readings, holm(by_sequence | by_reading), strict=True)
    )


def _effects(arms: Sequence[Comparison], level: float) -> tuple[list[Effect], Numbers]:
    """Return every arm's effect at `level`, and `excluded` of `holm`: what is shown and excludes no difference."""
    epochs = _stacked([arm.epochs for arm in arms])
    found = difference(epochs)
    shown = gate_open(totals(epochs)) & (found.se > 0)
    # What is not shown gets numbers with which it can be computed.
    safe = Difference(found.estimate, np.where(shown, found.se, 1.0), np.maximum(found.customers, 1))
    planned = np.array([[arm.planned] for arm in arms])
    interval = sequence_at_levels(safe, planned=planned, strictest=level, count=len(arms))
    p_values = sequence_p_value(safe, planned=planned, tuned_for=level)
    rows = zip(_rows(found), shown[:, 0], interval.low[:, -1], interval.high[:, -1], p_values[:, 0], strict=True)
    effects = [
        Effect(
            one,
            gate_open=bool(is_open),
            anytime=Interval(float(low), float(high)) if is_open else None,
            p_value=float(p_value) if is_open else None,
        )
        for one, is_open, low, high, p_value in rows
    ]
    return effects, shown & interval.excludes()


def sequence_at_levels(found: Difference, *, planned: Numbers, strictest: float, count: int) -> Interval:
    """Return the sequence at the levels of Holm's steps, tuned for the strictest of them.

    The last axis of the arrays has the length 1, and becomes the level j, of the error strictest * count / (j + 1).
    """
    levels = strictest * count / np.arange(1, count + 1)
    return sequence_interval(found, planned=planned, alpha=levels, tuned_for=strictest)


def _readings(arms: Sequence[Comparison]) -> tuple[list[AppointedReading | None], Numbers]:
    """Return every arm's reading at alpha / m, and `excluded` of `holm`; one that is not due excludes nothing."""
    count = len(arms)
    if all(arm.reading is None for arm in arms):
        return [None] * count, np.zeros((count, count), dtype=bool)
    epochs = _stacked([arm.reading or () for arm in arms])
    found = difference(epochs)
    interval = reading_interval(epochs, READING_ALPHA / np.arange(1, count + 1))
    readings = [
        _appointed(arm.reading or (), one, Interval(float(low), float(high)), READING_ALPHA / count)
        for arm, one, low, high in zip(arms, _rows(found), interval.low[:, -1], interval.high[:, -1], strict=True)
    ]
    return readings, (found.customers > 0) & interval.excludes()


def _stacked(arms: Sequence[Sequence[Epoch]]) -> tuple[Epoch, ...]:
    """Return the epochs of all arms as arrays of the shape (arms, 1), without customers where an arm has no epoch."""
    none = (ArmCount(0, 0), ArmCount(0, 0))
    rows = [*zip_longest(*arms, fillvalue=none)] or [(none,) * len(arms)]
    return tuple((_column([control for control, _ in row]), _column([arm for _, arm in row])) for row in rows)


def _column(counts: Sequence[ArmCount]) -> ArmCount:
    return ArmCount(np.array([[one.customers] for one in counts]), np.array([[one.hits] for one in counts]))


def _appointed(epochs: Sequence[Epoch], found: Difference, interval: Interval, alpha: float) -> AppointedReading | None:
    if not found.customers:
        return None
    return AppointedReading(found, interval, lift=lift_estimate(epochs), lift_interval=lift_interval(epochs, alpha))


def _rows(found: Difference) -> list[Difference]:
    """Return the differences of arrays of the shape (arms, 1), one by one."""
    columns = zip(found.estimate[:, 0], found.se[:, 0], found.customers[:, 0], strict=True)
    return [_plain(Difference(*row)) for row in columns]


def _plain(found: Difference) -> Difference:
    """Return a difference in Python's own numbers, for JSON."""
    return Difference(float(found.estimate), float(found.se), int(found.customers))
