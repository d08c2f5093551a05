"""The appointed reading: Newcombe's interval, Koopman's ratio, and both over epochs."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from console.effect.reading import LIFT_NEEDS, lift_estimate, lift_interval, newcombe, reading_interval
from console.effect.results import ArmCount, Epoch
from tests.support.analysis_parts import needs_analysis

pytestmark = needs_analysis
PUBLISHED = (ArmCount(80, 48), ArmCount(70, 56))


def test_newcombes_published_digits() -> None:
    """56 of 70 against 48 of 80 (Newcombe 1998, table II, method 10): 0.0524 to 0.3339."""
    found = newcombe(*PUBLISHED, 0.05)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)


def test_one_epoch_is_newcombes_interval() -> None:
    """And two equal epochs are narrower by the square root of two."""
    assert reading_interval([PUBLISHED], 0.04) == newcombe(*PUBLISHED, 0.04)
    one, two = reading_interval([PUBLISHED], 0.04), reading_interval([PUBLISHED, PUBLISHED], 0.04)
    assert (two.high - two.low) * math.sqrt(2) == pytest.approx(one.high - one.low)


def test_an_epoch_without_one_of_the_arms_is_left_out() -> None:
    """Its customers have no customers to be compared with."""
    found = reading_interval([PUBLISHED, (ArmCount(50, 20), ArmCount(0, 0))], 0.04)
    alone = newcombe(*PUBLISHED, 0.04)
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))


def constrained(ratio: float, control: ArmCount, arm: ArmCount) -> float:
    """The likeliest share of the control if the arm's is `ratio` times as large (Miettinen and Nurminen 1985)."""
    square = (control.customers + arm.customers) * ratio
    linear = ratio * (arm.customers + control.hits) + arm.hits + control.customers
    return float((linear - math.sqrt(linear**2 - 4 * square * (control.hits + arm.hits))) / (2 * square))


def score(control: ArmCount, arm: ArmCount, critical: float) -> Callable[[float], float]:
    """Koopman's statistic less what it may be, with the correction n / (n - 1)."""
    total = control.customers + arm.customers

    def of(ratio: float) -> float:
        base = constrained(ratio, control, arm)
        share = ratio * base
        variance = share * (1 - share) / arm.customers + ratio**2 * base * (1 - base) / control.customers
        return float((arm.share - ratio * control.share) ** 2 / variance * (total - 1) / total - critical)

    return of


@pytest.mark.parametrize("smaller", [50, 10, 5, 0.5])
def test_the_lift_is_koopmans_by_root_finding(smaller: float) -> None:
    """Roots of the score statistic agree to 1e-9 down to 95/5; at 99.5/0.5 statsmodels has seven digits."""
    from scipy.optimize import brentq  # noqa: PLC0415
    from scipy.stats import norm  # noqa: PLC0415

    draw = random.Random(12)
    for _ in range(50):
        base = draw.choice((0.02, 0.2, 0.5, 0.9))
        total = 10 ** draw.uniform(5, 6)
        sizes = [round(total * (100 - smaller) / 100), round(total * smaller / 100)]
        draw.shuffle(sizes)
        control, arm = (ArmCount(size, round(size * base * draw.uniform(0.9, 1.05))) for size in sizes)
        if control.hits < LIFT_NEEDS:
            continue
        statistic, middle = score(control, arm, norm.isf(0.02) ** 2), arm.share / control.share
        found = lift_interval([(control, arm)], 0.04)
        assert found is not None
        for end, outside in ((found.low, middle / 3), (found.high, middle * 3)):
            root = brentq(statistic, *sorted((outside, middle)), xtol=1e-14, rtol=1e-14)
            assert end + 1 == pytest.approx(root, rel=1e-9 if smaller >= 5 else 1e-6)


def test_a_lift_needs_a_base() -> None:
    """With 49 hits in the control it is not shown."""
    few: Epoch = (ArmCount(1_000, LIFT_NEEDS - 1), ArmCount(1_000, 80))
    assert lift_interval([few], 0.04) is None
    assert lift_estimate([few]) is None
    enough: Epoch = (ArmCount(1_000, LIFT_NEEDS), ArmCount(1_000, 80))
    assert lift_estimate([enough]) == pytest.approx(0.6)


@pytest.mark.parametrize("hits", [300, 299, 200])
def test_a_control_that_has_only_hits_has_no_lift(hits: int) -> None:
    """There statsmodels excludes the estimate, or warns of complex numbers; one customer fewer is enough."""
    arm = ArmCount(300, hits)
    assert lift_interval([(ArmCount(700, 700), arm)], 0.04) is None
    found, estimate = lift_interval([(ArmCount(700, 699), arm)], 0.04), lift_estimate([(ArmCount(700, 699), arm)])
    assert found is not None
    assert estimate is not None
    assert found.low <= estimate <= found.high


def test_a_lift_over_epochs_is_that_of_the_weighted_shares() -> None:
    """Two equal epochs have nearly Koopman's interval of their sum."""
    half: Epoch = (ArmCount(20_000, 4_000), ArmCount(10_000, 2_200))
    total: Epoch = (ArmCount(40_000, 8_000), ArmCount(20_000, 4_400))
    lone: Epoch = (ArmCount(7, 2), ArmCount(0, 0))
    found, expected = lift_interval([half, half, lone], 0.04), lift_interval([total], 0.04)
    assert found is not None
    assert expected is not None
    assert lift_estimate([half, half]) == pytest.approx(0.1)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=2e-4)
