"""The formulas against other libraries: how far the frozen cases are from ours."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from console.effect.epochs import difference, difference_of_means
from console.effect.means import welch_interval
from console.effect.power import customers_of_control
from console.effect.reading import newcombe
from console.effect.results import ArmCount, ArmMean, Difference, Interval
from console.effect.sample_ratio import log_e_value
from console.effect.sequence import sequence_interval, sequence_p_value
from tests.support.analysis_parts import needs_analysis
from tests.support.evidence_page import keep
from tests.support.oracle_cases import CASES

pytestmark = needs_analysis
FROZEN: Final[dict[str, Any]] = json.loads(CASES.read_text(encoding="utf-8"))


def apart(found: float, expected: float, size: float | None = None) -> float:
    """Return the relative distance; an end of an interval is measured by the interval's width."""
    if float(found) == expected:
        return 0.0
    return abs(float(found) - expected) / abs(expected if size is None else size)


def ends(found: Interval, expected: list[float]) -> Iterable[float]:
    width = expected[1] - expected[0]
    return (apart(end, each, width) for end, each in zip((found.low, found.high), expected, strict=True))


def sequences(found: Difference, case: dict[str, Any]) -> tuple[float, float]:
    interval = sequence_interval(found, planned=case["planned"], alpha=case["alpha"])
    p_value = sequence_p_value(found, planned=case["planned"], tuned_for=case["alpha"])
    return max(ends(interval, case["absolute"]["interval"])), apart(p_value, case["absolute"]["p"])


def test_frozen_cases_are_no_more_than_1e_9_apart() -> None:
    """gbstats for the sequence, its p value and Welch; ssrm-test for the sample ratio."""
    shares = [
        sequences(difference([(ArmCount(*case["control"]), ArmCount(*case["arm"]))]), case)
        for case in FROZEN["sequence"]
    ]
    pairs = [((ArmMean(*case["arms"][0]), ArmMean(*case["arms"][1])), case) for case in FROZEN["means"]]
    means = [sequences(difference_of_means([pair]), case) for pair, case in pairs]
    welch = [max(ends(welch_interval([pair], case["alpha"]), case["welch"]["interval"])) for pair, case in pairs]
    ratios = [
        # ln e is the small difference of sums of ln Gamma, each of about N ln N
        apart(log_e_value((case["customers"], case["shares"])), case["log_e"], max(abs(case["log_e"]), 1.0))
        for case in FROZEN["sample_ratio"]
    ]
    found = [
        ("interval at any time, shares", "gbstats 0.8.0", [interval for interval, _ in shares]),
        ("p value, shares", "gbstats 0.8.0", [p_value for _, p_value in shares]),
        ("interval at any time, means", "gbstats 0.8.0", [interval for interval, _ in means]),
        ("p value, means", "gbstats 0.8.0", [p_value for _, p_value in means]),
        ("Welch's interval", "gbstats 0.8.0", welch),
        ("ln e of the sample ratio", "ssrm-test 0.1.5", ratios),
    ]
    assert all(max(each) <= 1e-9 for _, _, each in found)
    low, high = (
        newcombe(ArmCount(80, 48), ArmCount(70, 56), 0.05).low,
        newcombe(ArmCount(80, 48), ArmCount(70, 56), 0.05).high,
    )
    miller = customers_of_control(0.2, 0.05, alpha=0.05, at_base=True)
    assert (round(low, 4), round(high, 4), round(miller)) == (0.0524, 0.3339, 1_030)
    keep(
        "libraries",
        "Frozen cases (`tests/support/oracle_cases.py` makes them again) and how far ours are from them; at most 1e-9."
        f" Newcombe's published example, 56 of 70 against 48 of 80, is {low:.4f} to {high:.4f}; Evan Miller's"
        f" calculator asks for {miller:,.0f} an arm from 20 to 25 %. Koopman's lift equals an own root finding to 1e-9"
        " from 50/50 to 95/5 (`tests/unit/console/effect/test_reading.py`).",
        ("number", "library", "cases", "furthest apart"),
        [(name, library, len(each), f"{max(each):.0e}") for name, library, each in found],
    )
