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


@needs_analysis
def test_totals_are_sums_over_epochs() -> None:
    """The gate counts all epochs of an arm together that are used; one with 19 customers in an arm is not."""
    epochs = [
        (ArmCount(100, 40), ArmCount(50, 10)),
        (ArmCount(30, 9), ArmCount(20, 2)),
        (ArmCount(99, 9), ArmCount(19, 9)),
    ]
    assert totals(epochs) == (ArmCount(130, 49), ArmCount(70, 12))


@needs_analysis
@pytest.mark.parametrize(("carriers", "is_open"), [(40, True), (39.9, False), (0, False)])
def test_money_needs_forty_carriers_in_every_arm(carriers: float, *, is_open: bool) -> None:
    """However many customers there are."""
    enough, half = ArmMean(10**6, 1.0, 4.0, 500), ArmMean(10**6, 1.0, 4.0, carriers / 2)
    few = ArmMean(19, 1.0, 4.0, 19)
    assert bool(money_gate_open([(enough, half), (half, half), (enough, few)])) is is_open
    assert bool(money_gate_open([(half, enough), (half, half), (few, enough)])) is is_open


@needs_analysis
def test_arrays_open_one_by_one() -> None:
    """Each of several experiments has its own gate."""
    import numpy as np  # noqa: PLC0415

    arm = ArmCount(np.array([20, 20, 100]), np.array([10, 9, 91]))
    assert gate_open([arm, ENOUGH]).tolist() == [True, False, False]
