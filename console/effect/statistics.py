"""The statistics of a report: every arm against the control, at any time and at the appointed reading.

Of the error of 5 %, 1 % goes to the always-valid sequence and 4 % to the appointed reading, so that both hold together
with 95 %: looking is free, and the reading costs 6 % more customers than a test that is looked at once. With m arms
next to the control each interval has 1/m of that (several.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from console.effect.epochs import difference
from console.effect.gate import gate_open, totals
from console.effect.reading import lift_estimate, lift_interval, reading_interval
from console.effect.results import Difference, Epoch, Interval
from console.effect.sequence import sequence_interval, sequence_p_value
from console.effect.several import holm

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
    found = difference(epochs)
    shown = bool(gate_open(totals(epochs))) and bool(found.se > 0)
    if not shown:
        return Effect(_plain(found), gate_open=False, anytime=None, p_value=None)
    level = alpha / comparisons
    interval = sequence_interval(found, planned=planned, alpha=level)
    return Effect(
        found=_plain(found),
        gate_open=True,
        anytime=Interval(float(interval.low), float(interval.high)),
        p_value=float(sequence_p_value(found, planned=planned, tuned_for=level)),
    )


def read(epochs: Sequence[Epoch], *, comparisons: int = 1, alpha: float = READING_ALPHA) -> AppointedReading | None:
    """Return the appointed reading, or None where no epoch has enough customers (epochs.py).

    `epochs` are of the first n planned customers, all ripe. Newcombe's interval needs no gate.
    """
    found = difference(epochs)
    if not found.customers:
        return None
    interval = reading_interval(epochs, alpha / comparisons)
    return AppointedReading(
        found=_plain(found),
        interval=Interval(float(interval.low), float(interval.high)),
        lift=lift_estimate(epochs),
        lift_interval=lift_interval(epochs, alpha / comparisons),
    )


def judge(arms: Sequence[Comparison]) -> tuple[Judged, ...]:
    """Return every arm's effect and reading at alpha / m, and which arms differ by Holm, in their order."""
    if not arms:
        return ()
    count = len(arms)
    effects = [measure(arm.epochs, planned=arm.planned, comparisons=count) for arm in arms]
    readings = [None if arm.reading is None else read(arm.reading, comparisons=count) for arm in arms]
    excluded = [
        [_excluded(arm, effect, reading, level=level, count=count) for level in range(1, count + 1)]
        for arm, effect, reading in zip(arms, effects, readings, strict=True)
    ]
    return tuple(
        Judged(effect, reading, differs=bool(differs))
        for effect, reading, differs in zip(effects, readings, holm(excluded), strict=True)
    )


def _excluded(arm: Comparison, effect: Effect, reading: AppointedReading | None, *, level: int, count: int) -> bool:
    """Return whether the sequence or the reading excludes no difference at alpha / level."""
    by_sequence = effect.gate_open and bool(
        sequence_interval(
            effect.found, planned=arm.planned, alpha=SEQUENCE_ALPHA / level, tuned_for=SEQUENCE_ALPHA / count
        ).excludes()
    )
    if by_sequence or reading is None or arm.reading is None:
        return by_sequence
    return bool(reading_interval(arm.reading, READING_ALPHA / level).excludes())


def _plain(found: Difference) -> Difference:
    """Return a difference in Python's own numbers, for JSON."""
    return Difference(float(found.estimate), float(found.se), int(found.customers))
