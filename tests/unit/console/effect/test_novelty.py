"""Cochran's Q of the weeks."""

from __future__ import annotations

import pytest

from console.effect.novelty import heterogeneity
from console.effect.results import Difference
from tests.support.analysis_parts import needs_analysis

pytestmark = needs_analysis


def test_cochrans_q_by_hand() -> None:
    """Weights 100, 25 and 25: the mean is 0.2, and Q 100·0.1² + 25·0.1² + 25·0.3² = 3.5."""
    weeks = [Difference(0.1, 0.1, 10), Difference(0.3, 0.2, 10), Difference(0.5, 0.2, 10)]
    found = heterogeneity(weeks)
    assert found.q == pytest.approx(3.5)
    assert found.freedom == 2
    assert found.p_value == pytest.approx(0.17377394, abs=1e-8)


def test_a_week_without_an_error_is_left_out() -> None:
    """One week is left, and cannot differ from itself."""
    found = heterogeneity([Difference(0.1, 0.1, 10), Difference(0, 0, 0)])
    assert (found.q, found.freedom, found.p_value) == (0, 0, 1)
