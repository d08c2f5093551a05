"""How many customers a question needs, how long they take to arrive, and what each week could show.

For a base p, an effect d (fractions of 1), alpha two-sided and a power of 1 - beta, with r customers of the arm for
each of the control:

    n of the control = (z(1 - alpha/2) s0 + z(1 - beta) s1)^2 / d^2
    s1^2 = p (1 - p) + (p + d) (1 - p - d) / r

The appointed reading takes its noise from what both arms show (Newcombe's interval), so s0 = s1. Evan Miller's
calculator takes s0^2 = p (1 - p) (1 + 1/r), the noise at the base: 20 % to 25 % at alpha 0.05 then needs 1 030 an arm
instead of 1 091. From 1.7 % to 3.1 % at alpha 0.04 it asks for 1 586 an arm instead of 2 000, and the reading would
have a power of 70 % instead of 80 %. alpha is that of the appointed reading; the sequence only adds power. Needs no
library, so that `retention power` answers at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from console.effect.statistics import READING_ALPHA

POWER: Final = 0.8
WEEK: Final = 7
LEAST_WEEKS: Final = 2
_NEAR: Final = 1e-12


@dataclass(frozen=True, slots=True)
class PlannedWeek:
    """One week of an experiment: customers seen by its end, all arms, and the smallest difference they could show."""

    week: int
    customers: int
    difference: float | None


def customers_of_control(
    base: float,
    effect: float,
    *,
    alpha: float = READING_ALPHA,
    power: float = POWER,
    ratio: float = 1.0,
    at_base: bool = False,
) -> float:
    """Return the customers of the control that are needed, not rounded; the arm needs `ratio` times as many.

    With `at_base` as Evan Miller's calculator has it: to compare with, not to plan with.

    `base` is strictly between 0 and 1, and so is base + effect; the effect is not 0. Raises ValueError otherwise.
    """
    if not (0 < base < 1 and 0 < base + effect < 1) or effect == 0:
        raise ValueError(f"A base of {base} cannot change by {effect}: both shares must be between 0 and 1.")
    after = base + effect
    some = math.sqrt(base * (1 - base) + after * (1 - after) / ratio)
    none = math.sqrt(base * (1 - base) * (1 + 1 / ratio)) if at_base else some
    normal = NormalDist()
    return ((normal.inv_cdf(1 - alpha / 2) * none + normal.inv_cdf(power) * some) / effect) ** 2


def planned_customers(
    base: float, effect: float, shares: Sequence[float], *, alpha: float = READING_ALPHA, power: float = POWER
) -> int:
    """Return the customers of all arms together; `shares` are the slots of the arms, the control first.

    The arm with the fewest slots decides; alpha is divided by the number of arms next to the control. Raises ValueError
    for fewer than two arms, for an arm without slots, and as `customers_of_control` does.
    """
    control, *arms = shares
    if not arms or min(shares) <= 0:
        raise ValueError("A plan needs a control and at least one arm, each with slots.")
    least = customers_of_control(base, effect, alpha=alpha / len(arms), power=power, ratio=min(arms) / control)
    return math.ceil(least * sum(shares) / control)


def detectable_difference(
    base: float,
    customers: float,
    shares: Sequence[float],
    *,
    alpha: float = READING_ALPHA,
    power: float = POWER,
    sign: int = 1,
) -> float | None:
    """Return the smallest difference (above 0) that `customers` of all arms together show with this power.

    `sign` is 1 for a rise of the base and -1 for a fall. None where not even the largest possible one is shown.
    """
    control, *arms = shares
    have = customers * control / sum(shares)
    low, high = 0.0, (1 - base if sign > 0 else base) - _NEAR

    def shown(effect: float) -> bool:
        needed = customers_of_control(
            base, sign * effect, alpha=alpha / len(arms), power=power, ratio=min(arms) / control
        )
        return needed <= have

    if not shown(high):
        return None
    while high - low > _NEAR:
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high


def exposure_days(customers: float, customers_a_day: float) -> int:
    """Return the days in which so many customers are first seen: complete weeks, at least two.

    Weekdays differ, so a part of a week would weigh some of them more. Raises ValueError without new customers.
    """
    if customers_a_day <= 0:
        raise ValueError("No new customers a day: the number of days is not known.")
    return WEEK * max(LEAST_WEEKS, math.ceil(customers / customers_a_day / WEEK))


def planned_weeks(
    base: float,
    customers_a_day: float,
    shares: Sequence[float],
    *,
    weeks: int,
    alpha: float = READING_ALPHA,
    power: float = POWER,
) -> tuple[PlannedWeek, ...]:
    """Return what a plan that ends after each of the first `weeks` weeks could show; two weeks are the shortest."""
    seen = [(week, customers_a_day * WEEK * week) for week in range(LEAST_WEEKS, weeks + 1)]
    return tuple(
        PlannedWeek(week, math.floor(total), detectable_difference(base, total, shares, alpha=alpha, power=power))
        for week, total in seen
    )
