"""Means of money: winsorised amounts and Welch's interval."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

from console.effect.means import arm_mean, welch_interval, winsorising_cut
from console.effect.results import ArmMean
from tests.support.analysis_parts import needs_analysis

pytestmark = needs_analysis
CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("oracle_cases.json").read_text(encoding="utf-8"))[
    "means"
]


def test_welch_is_that_of_gbstats() -> None:
    """The intervals of 60 frozen cases agree to 1e-9."""
    for case in CASES:
        control, arm = (ArmMean(*each) for each in case["arms"])
        found = welch_interval([(control, arm)], case["alpha"])
        low, high = case["welch"]["interval"]
        assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9 * (high - low))


def test_welch_over_epochs_leaves_out_one_without_an_arm() -> None:
    """Two equal epochs are one with twice the customers, but for the degrees of freedom."""
    half = (ArmMean(5_000, 10.0, 25.0), ArmMean(5_000, 11.0, 36.0))
    total = (ArmMean(10_000, 10.0, 25.0), ArmMean(10_000, 11.0, 36.0))
    lone = (ArmMean(40, 10.0, 25.0), ArmMean(0, 0.0, 0.0))
    found, expected = welch_interval([half, lone, half], 0.04), welch_interval([total], 0.04)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-5)


def test_a_mean_counts_every_customer() -> None:
    """The variance is the sample's; amounts above the cut count as the cut."""
    paid = [0] * 5 + [4_990] * 3 + [9_990] * 2
    found = arm_mean({0: 5, 4_990: 3, 49_990: 2}, cut=9_990)
    assert found.customers == 10
    assert found.mean == pytest.approx(statistics.mean(paid))
    assert found.variance == pytest.approx(statistics.variance(paid))
    assert found.carriers == pytest.approx(sum(x**2 for x in paid) ** 2 / sum(x**4 for x in paid))
    assert arm_mean({0: 900, 4_990: 70}, cut=9_990).carriers == pytest.approx(70)


@pytest.mark.parametrize(("amounts", "mean"), [({}, 0), ({5: 1}, 5)])
def test_an_arm_of_one_customer_or_none_has_no_variance(amounts: dict[int, int], mean: int) -> None:
    """It is shown with the variance 0, and never compared."""
    assert arm_mean(amounts, float("inf")) == ArmMean(sum(amounts.values()), mean, 0, len(amounts))


def test_the_cut_is_a_percentile_of_what_was_paid() -> None:
    """Of 1 000 paying customers in all arms the largest amount alone is cut; refunds and zeros do not count."""
    arms = [{0: 900_000, 4_990: 600, -990: 4}, {0: 900_000, 4_990: 399, 999_990: 1}]
    assert winsorising_cut(arms) == 4_990
    assert winsorising_cut([{0: 10}]) == float("inf")
    assert winsorising_cut([{100: 1, 200: 1}], share=0.5) == 100
    assert winsorising_cut([{100: 1, 200: 1}]) == 200
