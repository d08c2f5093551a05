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

from console.effect.epochs import counts_in
from console.effect.results import ArmCount, Epoch, MeanEpoch, Numbers

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


def money_gate_open(epochs: Sequence[MeanEpoch]) -> Numbers:
    """Return whether the variance of each arm is carried by CARRIERS_AT_LEAST customers; for sequence and reading.

    An arm's carriers are added up over the epochs that are used.
    """
    control, arm = (sum(counts_in(*epoch) * epoch[side].carriers for epoch in epochs) for side in (0, 1))
    return (control >= CARRIERS_AT_LEAST) & (arm >= CARRIERS_AT_LEAST)


def totals(epochs: Sequence[Epoch]) -> Epoch:
    """Return the control and the arm over all epochs that are used: for the gate, never for a difference."""
    used = [counts_in(*epoch) for epoch in epochs]
    control, arm = (
        ArmCount(
            sum(one * epoch[side].customers for one, epoch in zip(used, epochs, strict=True)),
            sum(one * epoch[side].hits for one, epoch in zip(used, epochs, strict=True)),
        )
        for side in (0, 1)
    )
    return control, arm
