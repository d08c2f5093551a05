"""Many experiments at once, looked at every day, judged by the functions that the report calls.

A setting says what is true: the arms' shares by day, the base by day, the effect, and the customers a day. `simulate`
draws each day's customers of both arms and how many of them are hits, and returns the counts of every look as arrays of
the shape (runs, looks), by epoch. `looked_at` judges them by a method: ours, or a wrong one that the proofs must find.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from console.effect.epochs import difference
from console.effect.gate import AT_LEAST, gate_open, totals
from console.effect.packages import AnalysisPackage
from console.effect.reading import reading_interval
from console.effect.results import ArmCount, Difference, Epoch, Interval, Numbers
from console.effect.sequence import sequence_interval
from console.effect.statistics import READING_ALPHA, SEQUENCE_ALPHA

np = AnalysisPackage("numpy")
LOOKS: Final = 60

BASES: Final = (0.02, 0.5, 0.95)
ARM_SHARES: Final = (0.5, 0.1, 0.05)
CUSTOMERS_A_DAY: Final = (20, 200, 2_000)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is true of an experiment. `shares` and `bases` change on the days (from 0) that they are given for."""

    a_day: int
    shares: tuple[tuple[int, float], ...]
    bases: tuple[tuple[int, float], ...]
    effect: float = 0.0
    drifts: bool = False
    looks: int = LOOKS

    @property
    def planned(self) -> int:
        return self.a_day * self.looks

    def base_on(self, day: int) -> float:
        """The base of a day: a step, or a straight line between the days given if it drifts."""
        days, values = zip(*self.bases, strict=True)
        if self.drifts:
            return float(np.interp(day, days, values))
        return next(value for start, value in reversed(self.bases) if start <= day)


def constant(base: float, share: float, a_day: int, effect: float = 0.0) -> Setting:
    """Return a setting in which nothing changes."""
    return Setting(a_day, ((0, share),), ((0, base),), effect)


def constant_settings() -> list[tuple[float, float, int]]:
    return [(base, share, a_day) for base in BASES for share in ARM_SHARES for a_day in CUSTOMERS_A_DAY]


def generator(*seed: int) -> Any:
    return np.random.default_rng([20261130, *seed])


def simulate(setting: Setting, runs: int, draw: Any) -> tuple[Epoch, ...]:
    """Return the counts after each day, by epoch: cumulative, and constant after the epoch's end."""
    starts = [start for start, _ in setting.shares]
    days = range(setting.looks)
    share = np.array([next(value for start, value in reversed(setting.shares) if start <= day) for day in days])
    base = np.array([setting.base_on(day) for day in days])
    in_arm = draw.binomial(setting.a_day, share, size=(runs, setting.looks))
    in_control = setting.a_day - in_arm
    hits = draw.binomial(in_control, base), draw.binomial(in_arm, base + setting.effect)
    epochs = []
    for start, end in zip(starts, [*starts[1:], setting.looks], strict=True):
        inside = (np.arange(setting.looks) >= start) & (np.arange(setting.looks) < end)
        control, arm = (
            ArmCount((customers * inside).cumsum(axis=1), (each * inside).cumsum(axis=1))
            for customers, each in zip((in_control, in_arm), hits, strict=True)
        )
        epochs.append((control, arm))
    return tuple(epochs)


def last(epochs: Sequence[Epoch]) -> tuple[Epoch, ...]:
    """Return the counts at the last look: the customers of the reading."""
    return tuple(
        (ArmCount(c.customers[:, -1], c.hits[:, -1]), ArmCount(a.customers[:, -1], a.hits[:, -1])) for c, a in epochs
    )


def our_sequence(found: Difference, planned: float) -> Interval:
    with np.errstate(divide="ignore", invalid="ignore"):
        return sequence_interval(found, planned=planned, alpha=SEQUENCE_ALPHA)


def our_reading(epochs: Sequence[Epoch]) -> Interval:
    return reading_interval(epochs, READING_ALPHA)


@dataclass(frozen=True, slots=True)
class Method:
    """How an experiment is judged; by default as the report does it. No reading: the daily interval alone."""

    daily: Callable[[Difference, float], Interval] = our_sequence
    reading: Callable[[Sequence[Epoch]], Interval] | None = our_reading
    at_least: int = AT_LEAST


OURS: Final = Method()


@dataclass(frozen=True, slots=True)
class Looked:
    """What was shown in each run: the daily intervals where the gate was open, and the reading."""

    shown: Numbers
    daily: Interval
    reading: Interval | None
    truth: float = field(default=0.0)

    def wrong_daily(self) -> Numbers:
        """Whether a daily interval that was shown left out the truth, by run and look."""
        return self.shown & ~self.daily.covers(self.truth)

    def wrong(self) -> Numbers:
        """Whether any interval that was shown left out the truth, by run."""
        found = self.wrong_daily().any(axis=1)
        return found if self.reading is None else found | ~self.reading.covers(self.truth)

    def found(self) -> Numbers:
        """Whether any interval that was shown excluded no difference, by run."""
        found = (self.shown & self.daily.excludes()).any(axis=1)
        return found if self.reading is None else found | self.reading.excludes()


def looked_at(setting: Setting, epochs: Sequence[Epoch], method: Method = OURS) -> Looked:
    """Return what a method shows at every look and at the reading."""
    found = difference(epochs)
    return Looked(
        shown=gate_open(totals(epochs), method.at_least) & (found.customers > 0) & (found.se > 0),
        daily=method.daily(found, setting.planned),
        reading=None if method.reading is None else method.reading(last(epochs)),
        truth=setting.effect,
    )
