"""The always-valid sequence against gbstats 0.8.0, frozen in oracle_cases.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from console.effect.epochs import difference, difference_of_means
from console.effect.results import ArmCount, ArmMean, Difference
from console.effect.sequence import half_width, sequence_interval, sequence_p_value, tuning
from tests.support.analysis_parts import needs_analysis

pytestmark = needs_analysis
CASES: dict[str, list[dict[str, Any]]] = json.loads(
    Path(__file__).with_name("oracle_cases.json").read_text(encoding="utf-8")
)


def nearly(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=0)


def agrees(found: Difference, case: dict[str, Any], expected: dict[str, Any]) -> None:
    """gbstats computes 1 - alpha with ends that can be next to 0: half the width is compared, and each end with it."""
    interval = sequence_interval(found, planned=case["planned"], alpha=case["alpha"])
    low, high = expected["interval"]
    assert found.estimate == nearly(expected["estimate"])
    assert half_width(found, planned=case["planned"], alpha=case["alpha"]) == nearly((high - low) / 2)
    assert interval.low == pytest.approx(low, rel=1e-9, abs=1e-9 * (high - low))
    assert interval.high == pytest.approx(high, rel=1e-9, abs=1e-9 * (high - low))
    assert sequence_p_value(found, planned=case["planned"], tuned_for=case["alpha"]) == nearly(expected["p"])


def test_differences_of_shares_are_those_of_gbstats() -> None:
    """Estimate, interval and p of 200 frozen cases agree to 1e-9."""
    assert len(CASES["sequence"]) == 200
    for case in CASES["sequence"]:
        epoch = (ArmCount(*case["control"]), ArmCount(*case["arm"]))
        agrees(difference([epoch]), case, case["absolute"])


def test_a_lift_with_its_standard_error_has_the_interval_of_gbstats() -> None:
    """The sequence takes any estimate with a standard error: here the lift, by the delta method."""
    for case in CASES["sequence"]:
        control, arm = ArmCount(*case["control"]), ArmCount(*case["arm"])
        base, share = control.share, arm.share
        se2 = share * (1 - share) / arm.customers / base**2
        se2 += base * (1 - base) / control.customers * share**2 / base**4
        lift = Difference((share - base) / base, se2**0.5, control.customers + arm.customers)
        agrees(lift, case, case["relative"])


def test_differences_of_means_are_those_of_gbstats() -> None:
    """Estimate, interval and p of 60 frozen cases of means agree to 1e-9."""
    assert len(CASES["means"]) == 60
    for case in CASES["means"]:
        control, arm = (ArmMean(*each) for each in case["arms"])
        agrees(difference_of_means([(control, arm)]), case, case["absolute"])


def test_arrays_give_what_single_numbers_give() -> None:
    """Ten thousand experiments at once are computed as one is."""
    import numpy as np  # noqa: PLC0415

    cases = CASES["sequence"][:50]
    columns = [np.array(column) for column in zip(*((*case["control"], *case["arm"]) for case in cases), strict=True)]
    planned = np.array([case["planned"] for case in cases])
    found = difference([(ArmCount(*columns[:2]), ArmCount(*columns[2:]))])
    together = sequence_interval(found, planned=planned, alpha=0.01)
    p_values = sequence_p_value(found, planned=planned, tuned_for=0.01)
    for place, case in enumerate(cases):
        one = difference([(ArmCount(*case["control"]), ArmCount(*case["arm"]))])
        alone = sequence_interval(one, planned=case["planned"], alpha=0.01)
        assert (together.low[place], together.high[place]) == (alone.low, alone.high)
        assert p_values[place] == sequence_p_value(one, planned=case["planned"], tuned_for=0.01)


@pytest.mark.parametrize("alpha", [0.01, 0.0025, 0.04])
def test_p_is_at_most_alpha_exactly_where_the_interval_excludes_zero(alpha: float) -> None:
    """Interval and p are two readings of one sequence, also at a level for which it is not tuned."""
    for estimate in [step / 100 for step in range(1, 200)]:
        found = Difference(estimate, 0.2, 12_345)
        interval = sequence_interval(found, planned=20_000, alpha=alpha, tuned_for=0.01)
        p_value = sequence_p_value(found, planned=20_000, tuned_for=0.01)
        assert bool(interval.excludes()) == bool(p_value < alpha)


def test_the_sequence_is_narrowest_at_the_plan() -> None:
    """At n* it is 1.39 times as wide as the ordinary 99 % interval, at a quarter of it 1.46 times."""
    from scipy.stats import norm  # noqa: PLC0415

    def times(customers: int) -> float:
        one = Difference(0.0, 1.0, customers)
        return float(half_width(one, planned=10_000, alpha=0.01) / norm.isf(0.005))

    assert round(times(10_000), 2) == 1.39
    assert round(times(2_500), 2) == 1.46
    assert tuning(10_000, 0.01) == 4 * tuning(40_000, 0.01)
