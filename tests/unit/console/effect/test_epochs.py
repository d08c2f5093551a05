"""Differences within epochs, weighted by customers."""

from __future__ import annotations

import math

import pytest

from console.effect.epochs import count_difference, difference, difference_of_means, mean_difference, weights
from console.effect.gate import totals
from console.effect.results import ArmCount, ArmMean, Difference
from tests.support.analysis_parts import needs_analysis

pytestmark = needs_analysis
FIRST = (ArmCount(9_000, 4_500), ArmCount(1_000, 500))
SECOND = (ArmCount(5_000, 2_000), ArmCount(5_000, 2_000))


def test_one_epoch_is_the_difference_of_its_shares() -> None:
    """The standard error is the unpooled one."""
    found = difference([(ArmCount(80, 48), ArmCount(70, 56))])
    assert found.estimate == pytest.approx(0.2)
    assert found.se == pytest.approx(math.sqrt(0.6 * 0.4 / 80 + 0.8 * 0.2 / 70))
    assert found.customers == 150


def test_epochs_undo_what_pooling_invents() -> None:
    """The base falls from 50 to 40 % while the arm goes from 10 to 50 %: pooled -4.8 points without any effect."""
    pooled = difference([totals([FIRST, SECOND])])
    assert pooled.estimate == pytest.approx(-0.048, abs=5e-4)
    assert difference([FIRST, SECOND]).estimate == 0


def test_epochs_weigh_by_their_information() -> None:
    """The formula of the module: 50 and 50 customers weigh 25, 300 and 100 weigh 75."""
    small, large = (ArmCount(50, 20), ArmCount(50, 30)), (ArmCount(300, 120), ArmCount(100, 50))
    one, two = count_difference(*small), count_difference(*large)
    found = difference([small, large])
    assert weights([small, large]) == [0.25, 0.75]
    assert found.estimate == pytest.approx(0.25 * one.estimate + 0.75 * two.estimate)
    assert found.se == pytest.approx(math.sqrt((0.25 * one.se) ** 2 + (0.75 * two.se) ** 2))
    assert found.customers == 500


@pytest.mark.parametrize("lone", [(ArmCount(700, 3), ArmCount(19, 9)), (ArmCount(0, 0), ArmCount(7, 3))])
def test_an_epoch_with_few_customers_in_an_arm_is_left_out(lone: tuple[ArmCount, ArmCount]) -> None:
    """19 are too few: it shows no difference, and its customers do not count."""
    assert difference([FIRST, lone]) == difference([FIRST])
    assert difference([lone]) == Difference(0, 0, 0)
    assert weights([lone]) == [0]


def test_means_are_weighted_alike() -> None:
    """Means have Welch's standard error."""
    epoch = (ArmMean(100, 5.0, 40.0), ArmMean(50, 6.0, 30.0))
    found = difference_of_means([epoch, epoch])
    assert found.estimate == 1
    assert found.se == pytest.approx(math.sqrt((40 / 100 + 30 / 50) / 2))
    assert mean_difference(ArmMean(19, 5.0, 1.0), ArmMean(50, 6.0, 30.0)) == Difference(0, 0, 0)
