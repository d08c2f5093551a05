"""Many experiments at once, looked at every day, judged by the functions that the report calls.

A setting is what is true: the arms' shares by day, the base by day, the effect, and the customers a day. `simulate`
draws each day's customers of both arms and how many of them are hits, and returns the counts of every look as arrays of
the shape (runs, looks), by epoch. `looked_at` judges them by a method: ours, or a wrong one that the proofs must find.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from console.effect.epochs import difference
from console.effect.gate import AT_LEAST, gate_open, totals
from console.effect.packages import AnalysisPackage
from console.effect.reading import reading_interval
from console.effect.results import ArmCount, Difference, Epoch, Interval, Numbers
from console.effect.sequence import sequence_interval
from console.effect.statistics import READING_ALPHA, SEQUENCE_ALPHA
from tests.support.evidence_page import PROVING, size

np = AnalysisPackage("numpy")
LOOKS: Final = 60
RUNS: Final = size(10_000, 500)

BASES: Final = (0.02, 0.5, 0.95)
ARM_SHARES: Final = (0.5, 0.1, 0.05)
CUSTOMERS_A_DAY: Final = (20, 200, 2_000)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is true of an experiment. `shares` are of the arm, from a day (counted from 0) on; the base goes in a line.

    The reading is of the customers of the first `reading_after` days.
    """

    a_day: int
    shares: tuple[tuple[int, float], ...]
    bases: tuple[float, float]
    effect: float = 0.0
    reading_after: int = LOOKS

    @property
    def planned(self) -> int:
        return self.a_day * self.reading_after


def constant(base: float, share: float, a_day: int, effect: float = 0.0, reading_after: int = LOOKS) -> Setting:
    """Return a setting in which nothing changes."""
    return Setting(a_day, ((0, share),), (base, base), effect, reading_after)


def constant_settings() -> list[tuple[float, float, int]]:
    """Return every base with every share of the arm and every number of customers a day."""
    return [(base, share, a_day) for base in BASES for share in ARM_SHARES for a_day in CUSTOMERS_A_DAY]


def generator(*seed: int) -> Any:
    return np.random.default_rng([20261130, *seed])


def limit(error: float, runs: int = RUNS) -> float:
    """Return how often an error may be seen: 0.5 points more in 10 000 runs, four standard errors more in few."""
    return error + (0.005 if PROVING else 4 * (error * (1 - error) / runs) ** 0.5)


def simulate(setting: Setting, runs: int, draw: Any) -> tuple[Epoch, ...]:
    """Return the counts after each day, by epoch: cumulative, and constant after the epoch's end."""
    days = np.arange(LOOKS)
    starts = [start for start, _ in setting.shares]
    share = np.array([next(value for start, value in reversed(setting.shares) if start <= day) for day in days])
    base = np.linspace(*setting.bases, LOOKS)
    in_arm = draw.binomial(setting.a_day, share, size=(runs, LOOKS))
    in_control = setting.a_day - in_arm
    hits = draw.binomial(in_control, base), draw.binomial(in_arm, base + setting.effect)
    epochs = []
    for start, end in zip(starts, [*starts[1:], LOOKS], strict=True):
        inside = (days >= start) & (days < end)
        control, arm = (
            ArmCount((customers * inside).cumsum(axis=1), (each * inside).cumsum(axis=1))
            for customers, each in zip((in_control, in_arm), hits, strict=True)
        )
        epochs.append((control, arm))
    return tuple(epochs)


def after(epochs: Sequence[Epoch], days: int) -> tuple[Epoch, ...]:
    """Return the counts after so many days: the customers of the reading."""
    return tuple(
        (
            ArmCount(control.customers[:, days - 1], control.hits[:, days - 1]),
            ArmCount(arm.customers[:, days - 1], arm.hits[:, days - 1]),
        )
        for control, arm in epochs
    )


def computable(found: Difference) -> Difference:
    """Return a difference with which a sequence can be computed where nothing is shown: no warning, any number."""
    return Difference(found.estimate, np.where(found.se > 0, found.se, 1.0), np.maximum(found.customers, 1))


def our_sequence(found: Difference, planned: int) -> Interval:
    return sequence_interval(computable(found), planned=planned, alpha=SEQUENCE_ALPHA)


def our_reading(epochs: Sequence[Epoch]) -> Interval:
    return reading_interval(epochs, READING_ALPHA)


@dataclass(frozen=True, slots=True)
class Method:
    """How an experiment is judged; by default as the report does it. No reading: the daily interval alone."""

    daily: Callable[[Difference, int], Interval] = our_sequence
    reading: Callable[[Sequence[Epoch]], Interval] | None = our_reading
    at_least: int = AT_LEAST


OURS: Final = Method()


@dataclass(frozen=True, slots=True)
class Looked:
    """What was shown in each run: the daily intervals where the gate was open, and the reading if it has customers."""

    shown: Numbers
    daily: Interval
    reading: Interval | None
    read: Numbers
    truth: float

    def wrong_daily(self) -> Numbers:
        """Whether a daily interval that was shown left out the truth, by run."""
        return (self.shown & ~self.daily.covers(self.truth)).any(axis=1)

    def wrong_reading(self) -> Numbers:
        """Whether the reading left out the truth, by run."""
        return self.read & (False if self.reading is None else ~self.reading.covers(self.truth))

    def wrong(self) -> float:
        """The share of runs in which any interval that was shown left out the truth."""
        return float((self.wrong_daily() | self.wrong_reading()).mean())

    def found(self) -> float:
        """The share of runs in which any interval that was shown excluded no difference."""
        found = (self.shown & self.daily.excludes()).any(axis=1)
        return float((found if self.reading is None else found | (self.read & self.reading.excludes())).mean())


def looked_at(setting: Setting, epochs: Sequence[Epoch], method: Method = OURS) -> Looked:
    """Return what a method shows at every look and at the reading."""
    found = difference(epochs)
    last = after(epochs, setting.reading_after)
    return Looked(
        shown=gate_open(totals(epochs), method.at_least) & (found.se > 0),
        daily=method.daily(found, setting.planned),
        reading=None if method.reading is None else method.reading(last),
        read=difference(last).customers > 0,
        truth=setting.effect,
    )
