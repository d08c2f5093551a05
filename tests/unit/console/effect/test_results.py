"""Counts and intervals."""

from __future__ import annotations

import pytest

from console.effect.results import ArmCount, Interval


def test_a_count_has_its_share_and_the_others() -> None:
    """Three of four are three quarters; one is not."""
    assert (ArmCount(4, 3).share, ArmCount(4, 3).others) == (0.75, 1)


@pytest.mark.parametrize(("low", "high", "outside"), [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False)])
def test_an_interval_excludes_what_it_does_not_cover(low: float, high: float, *, outside: bool) -> None:
    """Both ends belong to it."""
    interval = Interval(low, high)
    assert interval.excludes() == outside
    assert interval.covers(0) == (not outside)
    assert interval.covers(low)
    assert interval.covers(high)
