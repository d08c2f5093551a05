"""Benjamini and Hochberg's q values."""

from __future__ import annotations

import pytest

from console.effect.q_values import q_values
from tests.support.analysis_parts import needs_analysis


@needs_analysis
def test_q_values_keep_the_order_of_the_p_values() -> None:
    """q of the i-th smallest of m is the smallest p_j m / j of all j from i."""
    assert q_values([0.04, 0.01, 0.03, 0.5]) == pytest.approx((0.16 / 3, 0.04, 0.16 / 3, 0.5))


def test_no_metric_has_no_q_value() -> None:
    """Without p values scipy is not even asked."""
    assert q_values([]) == ()
