"""A report as data: what was counted, what was computed from it, and what it is worth.

Words for people are those of the verdict, the checks and the notes alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from console.effect.apple_report import AppleContrast
from console.effect.rows import InputDigest
from console.effect.studied import ReadingPlan

Bounds: TypeAlias = tuple[float, float]

# What an effect is for.
PRIMARY: Final = "primary"
GUARDRAIL: Final = "guardrail"
EXPLORATORY: Final = "exploratory"

# Exit codes of `retention report`.
READABLE: Final = 0
NOT_YET: Final = 3
NOT_TRUSTED: Final = 4


@dataclass(frozen=True, slots=True)
class ReportArm:
    """The counts of one arm. `customers` are all first seen in it, `ripe` those whose days are over and complete.

    `share` is of the slots. `counts` are ripe customers by metric; `requests`, `delivered`, `fallbacks` and `repeats`
    are of all its requests.
    """

    name: str
    is_control: bool
    is_fallback: bool
    share: float
    customers: int
    ripe: int
    counts: Mapping[str, int]
    heard_of: int
    crossed: int
    requests: int
    delivered: int
    fallbacks: int
    repeats: int

    def rate(self, metric: str) -> float | None:
        """Return the share of ripe customers with a metric; None without any."""
        return self.counts[metric] / self.ripe if self.ripe and metric in self.counts else None


@dataclass(frozen=True, slots=True)
class ReportEpoch:
    """Releases with the same shares: ripe customers and hits of the control and of the arm."""

    releases: tuple[int, ...]
    control: tuple[int, int]
    arm: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ReportEffect:
    """One arm against the control in one metric.

    Shares are differences in proportions (0.013 is 1.3 points), or in currency units for `revenue`. `anytime` is valid
    however often one looks; None: the gate is closed. `reading` is the appointed one, None before it or without a plan.
    `lift` is a ratio minus 1, None where the base is too small. `differs` is Holm's verdict over all arms. `harm` are a
    guardrail's one-sided bounds: harm of at least the first is shown where it is above 0, harm of more than the second
    is ruled out. `q` is Benjamini and Hochberg's, of exploratory metrics.
    """

    arm: str
    metric: str
    role: str
    currency: str | None = None
    control_rate: float | None = None
    arm_rate: float | None = None
    estimate: float | None = None
    anytime: Bounds | None = None
    reading: Bounds | None = None
    lift: Bounds | None = None
    harm: Bounds | None = None
    differs: bool = False
    q: float | None = None
    epochs: tuple[ReportEpoch, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportDay:
    """The primary effect as it could be read once the customers first seen until `day` were ripe."""

    day: str
    ripe: int
    estimate: float | None
    anytime: Bounds | None


@dataclass(frozen=True, slots=True)
class ReportSeries:
    arm: str
    days: tuple[ReportDay, ...]


@dataclass(frozen=True, slots=True)
class ReportCurve:
    """The share of an arm's ripe customers that was kept, by days since the first exposure."""

    arm: str
    points: tuple[tuple[int, int, int], ...]  # day, customers, kept


@dataclass(frozen=True, slots=True)
class ReportSegment:
    """The primary effect among customers first seen in one week, for one product, or in one locale (`kind`).

    `name` is the Monday on which the week begins, the product or the locale; None: all others together. `control` and
    `treated` are ripe customers and hits. `estimate` and `interval` (95 %, of this segment alone) are None while the
    gate is closed.
    """

    kind: str
    name: str | None
    arm: str
    control: tuple[int, int]
    treated: tuple[int, int]
    estimate: float | None
    interval: Bounds | None


@dataclass(frozen=True, slots=True)
class ReportCheck:
    """Whether one thing is as a report needs it.

    `found` is what was found in a few words. `remedy` is what to type or do, "" where it is in order. A check that
    `withholds` replaces the report's sentence when it fails; another is a remark.
    """

    name: str
    ok: bool
    value: float | str | None
    threshold: float | str | None
    found: str
    remedy: str = ""
    withholds: bool = True


@dataclass(frozen=True, slots=True)
class ReportVerdict:
    """The report's one sentence, the state it stands for, and the exit code."""

    state: str
    sentence: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class NextReading:
    """The appointed reading: how many planned customers are ripe, and the day it can be read, if that can be forecast.

    `detectable` is the difference that it shows in 4 of 5 cases.
    """

    ripe: int
    planned: int
    day: str | None
    detectable: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that terminal, JSON and page show; each only prints it. Instants are ISO 8601 in UTC."""

    experiment: str
    is_holdout: bool
    environment: str | None
    plan: ReadingPlan
    alpha: Bounds  # of the sequence, and of the reading
    as_of: str
    complete_until: str
    first_exposure: str | None
    verdict: ReportVerdict
    arms: tuple[ReportArm, ...]
    effects: tuple[ReportEffect, ...]
    next_reading: NextReading | None
    series: tuple[ReportSeries, ...]
    curves: tuple[ReportCurve, ...]
    segments: tuple[ReportSegment, ...]
    checks: tuple[ReportCheck, ...]
    notes: tuple[str, ...]
    apple: tuple[AppleContrast, ...] | None
    inputs: InputDigest

    @property
    def control(self) -> ReportArm:
        return next(arm for arm in self.arms if arm.is_control)

    @property
    def primary(self) -> tuple[ReportEffect, ...]:
        return tuple(one for one in self.effects if one.role == PRIMARY)

    @property
    def failed(self) -> tuple[ReportCheck, ...]:
        return tuple(check for check in self.checks if not check.ok)
