"""The gate: no result is shown before every arm has ten customers of either kind; of money, forty that carry it.

The sequence is asymptotic. Without the gate it errs in up to a third of all experiments with few customers at 90/10;
with it, in every setting that tests/reliability/test_effect_errors.py simulates, it keeps its level.

A mean of money depends on the few who pay most, so its gate counts customers by their part in the variance
(`ArmMean.carriers`). With ten paying customers in each arm, sequence and reading would err in up to 20 % of experiments
at 95/5, with forty carriers in 5 % (tests/reliability/test_effect_guardrails.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from console.effect.results import ArmCount, ArmMean, Epoch, Numbers

AT_LEAST: Final = 10
CARRIERS_AT_LEAST: Final = 40


def gate_open(arms: Sequence[ArmCount], at_least: float = AT_LEAST) -> Numbers:
    """Return whether each arm has `at_least` customers that count and as many that do not.

    Takes the totals of at least one arm; arrays give an array of truth values.
    """
    first, *rest = ((arm.hits >= at_least) & (arm.others >= at_least) for arm in arms)
    for arm in rest:
        first = first & arm
    return first


def money_gate_open(arms: Sequence[ArmMean]) -> Numbers:
    """Return whether the variance of each arm is carried by CARRIERS_AT_LEAST customers; for sequence and reading.

    Over several epochs, an arm's carriers are added up.
    """
    first, *rest = (arm.carriers >= CARRIERS_AT_LEAST for arm in arms)
    for arm in rest:
        first = first & arm
    return first


def totals(epochs: Sequence[Epoch]) -> Epoch:
    """Return the control and the arm over all epochs: for the gate and for display, never for a difference."""
    control, arm = (
        ArmCount(sum(epoch[side].customers for epoch in epochs), sum(epoch[side].hits for epoch in epochs))
        for side in (0, 1)
    )
    return control, arm
