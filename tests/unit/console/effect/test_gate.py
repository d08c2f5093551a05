"""The gate: ten customers of either kind in every arm."""

from __future__ import annotations

import pytest

from console.effect.gate import gate_open, money_gate_open, totals
from console.effect.results import ArmCount, ArmMean
from tests.support.analysis_parts import needs_analysis

ENOUGH = ArmCount(20, 10)


@pytest.mark.parametrize(
    ("control", "arm", "is_open"),
    [
        (ENOUGH, ENOUGH, True),
        (ArmCount(10_000, 9), ENOUGH, False),
        (ENOUGH, ArmCount(10_000, 9), False),
        (ArmCount(10_000, 9_991), ENOUGH, False),
        (ENOUGH, ArmCount(10_000, 9_990), True),
        (ENOUGH, ArmCount(0, 0), False),
    ],
)
def test_every_arm_needs_ten_kept_and_ten_lost(control: ArmCount, arm: ArmCount, *, is_open: bool) -> None:
    """Nine of either kind in one arm keep it closed."""
    assert gate_open([control, arm]) is is_open


def test_totals_are_sums_over_epochs() -> None:
    """The gate counts all epochs of an arm together."""
    epochs = [(ArmCount(10, 4), ArmCount(5, 1)), (ArmCount(30, 9), ArmCount(2, 2))]
    assert totals(epochs) == (ArmCount(40, 13), ArmCount(7, 3))


@pytest.mark.parametrize(("carriers", "is_open"), [(40, True), (39.9, False), (0, False)])
def test_money_needs_forty_carriers_in_every_arm(carriers: float, *, is_open: bool) -> None:
    """However many customers there are."""
    arms = [ArmMean(10**6, 1.0, 4.0, 500), ArmMean(10**6, 1.0, 4.0, carriers)]
    assert money_gate_open(arms) is is_open
    assert money_gate_open(arms[::-1]) is is_open


@needs_analysis
def test_arrays_open_one_by_one() -> None:
    """Each of several experiments has its own gate."""
    import numpy as np  # noqa: PLC0415

    arm = ArmCount(np.array([20, 20, 100]), np.array([10, 9, 91]))
    assert gate_open([arm, ENOUGH]).tolist() == [True, False, False]
