"""Holm's verdicts over several arms."""

from __future__ import annotations

import itertools

import pytest

from console.effect.several import holm
from tests.support.analysis_parts import needs_analysis

pytestmark = needs_analysis
P_VALUES = (0.001, 0.011, 0.013, 0.016, 0.02, 0.026, 0.04, 0.06)


def by_definition(p_values: tuple[float, ...], alpha: float) -> list[bool]:
    """Holm 1979: the i-th smallest of m p values is compared with alpha / (m - i), until one is larger."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    rejected = [False] * len(p_values)
    for step, place in enumerate(order):
        if p_values[place] > alpha / (len(p_values) - step):
            break
        rejected[place] = True
    return rejected


@pytest.mark.parametrize("arms", [1, 2, 3, 4])
def test_verdicts_are_holms(arms: int) -> None:
    """Every combination of p values, all experiments at once."""
    import numpy as np  # noqa: PLC0415

    drawn = list(itertools.product(P_VALUES, repeat=arms))
    p_values = np.array(drawn).T
    excluded = np.stack([p_values <= 0.05 / level for level in range(1, arms + 1)], axis=1)
    assert holm(excluded).T.tolist() == [by_definition(each, 0.05) for each in drawn]


def test_one_experiment_is_a_list_of_verdicts() -> None:
    """The second arm differs only because the first one does."""
    assert holm([[True, True], [True, False]]).tolist() == [True, True]
    assert holm([[True, False], [True, False]]).tolist() == [False, False]
