"""The sample ratio against ssrm-test 0.1.5, frozen in oracle_cases.json."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from console.effect.sample_ratio import log_e_value, sample_ratio
from tests.support.analysis_parts import needs_analysis

pytestmark = needs_analysis
CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("oracle_cases.json").read_text(encoding="utf-8"))[
    "sample_ratio"
]


def test_the_e_value_is_that_of_ssrm_test() -> None:
    """ln e of 200 frozen cases agrees to 1e-9, of the sums of which it is the difference."""
    assert len(CASES) == 200
    for case in CASES:
        size = math.lgamma(sum(case["customers"]) + 1e4)
        found = log_e_value((case["customers"], case["shares"]))
        assert found == pytest.approx(case["log_e"], rel=1e-9, abs=1e-14 * size)


def test_a_right_split_has_a_small_e_and_a_large_p() -> None:
    """14 594 and 14 512 customers of equal shares are no alarm."""
    found = sample_ratio([((14_594, 14_512), (5_000, 5_000))])
    assert round(found.e_value, 2) == 0.55
    assert not found.alarm
    assert round(found.chi_square_p, 2) == 0.63


def test_a_wrong_split_raises_the_alarm() -> None:
    """52 to 48 in place of 50 to 50, of 20 000 customers."""
    found = sample_ratio([((10_400, 9_600), (5_000, 5_000))])
    assert found.alarm
    assert found.e_value >= 100
    assert found.chi_square_p < 1e-6


def test_the_chi_square_test_is_that_of_scipy() -> None:
    """The report computes it itself, because scipy's function takes a millisecond."""
    from scipy.stats import chisquare  # noqa: PLC0415

    for counts, slots in [((912, 110, 480), (6, 1, 3)), ((510, 490), (1, 1)), ((3, 1), (9, 1))]:
        expected = [sum(counts) * slot / sum(slots) for slot in slots]
        found = sample_ratio([(counts, slots)]).chi_square_p
        assert found == pytest.approx(chisquare(counts, expected).pvalue, rel=1e-9)


def test_epochs_are_multiplied() -> None:
    """Two epochs with shares of their own: their e-values multiply, and their chi-squares add."""
    one, two = ((900, 110), (9, 1)), ((510, 490), (1, 1))
    both = sample_ratio([one, two])
    assert both.e_value == pytest.approx(sample_ratio([one]).e_value * sample_ratio([two]).e_value)
    assert min(sample_ratio([one]).chi_square_p, sample_ratio([two]).chi_square_p) < both.chi_square_p < 1


def test_customers_in_an_arm_without_slots_are_an_alarm() -> None:
    """No customer can be there; an arm that has neither is left out."""
    found = sample_ratio([((100, 100, 1), (5_000, 5_000, 0))])
    assert found.alarm
    assert found.chi_square_p == 0
    assert sample_ratio([((100, 101, 0), (1, 1, 0))]) == sample_ratio([((100, 101), (1, 1))])


def test_no_customers_are_no_evidence() -> None:
    """e is 1 and p is 1, also where one arm has all slots."""
    for split in (((0, 0), (1, 1)), ((5,), (1,))):
        found = sample_ratio([split])
        assert (round(found.e_value, 9), found.alarm, found.chi_square_p) == (1, False, 1)
