"""What the statistics take and give: counts, means, differences and intervals, without any library.

A number is a float or an integer, or a numpy array of them: every formula of this room works on one experiment and on
ten thousand simulated ones alike. Shares and differences are fractions of 1, so 0.013 is 1.3 percentage points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

# A float, an integer or an array of them. numpy may not be installed when types are checked, so they are not.
Numbers: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class ArmCount:
    """Customers of one arm, and how many of them count for the metric (`hits`, for example kept)."""

    customers: Numbers
    hits: Numbers

    @property
    def others(self) -> Numbers:
        """Customers that do not count for the metric."""
        return self.customers - self.hits

    @property
    def share(self) -> Numbers:
        """Hits of all customers, from 0 to 1. The arm must have customers."""
        return self.hits / self.customers


# The control and one arm, under one set of shares.
Epoch: TypeAlias = tuple[ArmCount, ArmCount]


@dataclass(frozen=True, slots=True)
class ArmMean:
    """Customers of one arm, the mean of what each paid, and the sample variance (divisor n - 1).

    `carriers` is (sum of x^2)^2 / sum of x^4 over their amounts x: how many customers carry the variance. It is the
    number of paying customers if all pay the same, and far fewer if a few pay much more than the others.
    """

    customers: Numbers
    mean: Numbers
    variance: Numbers
    carriers: Numbers = 0


MeanEpoch: TypeAlias = tuple[ArmMean, ArmMean]


@dataclass(frozen=True, slots=True)
class Difference:
    """Arm less control, its standard error, and the customers of both arms together."""

    estimate: Numbers
    se: Numbers
    customers: Numbers


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval, both ends included."""

    low: Numbers
    high: Numbers

    def excludes(self, value: float = 0.0) -> Numbers:
        """Return whether `value` is outside."""
        return (self.low > value) | (self.high < value)

    def covers(self, value: Numbers) -> Numbers:
        """Return whether `value` is inside."""
        return (self.low <= value) & (self.high >= value)
