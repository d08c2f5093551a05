"""Many customers by a script, through the function and the intake: the logs say what was made true."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.local.simulated_customers import Played, play
from console.simulator.scripted.reading import read_script
from tests.support.counted_experiment import built_in_difference, counted, kept_difference, misclassified
from tests.support.experiment_stack import TO_OFFER, TO_SWITCH, experiment_stack, options

CUSTOMERS = 2_000
DAYS = 30


def played(folder: Path, script: str, answer: str = TO_SWITCH, count: int = CUSTOMERS) -> Played:
    with experiment_stack(answer) as at:
        return play(at, options(script, count), folder)


@pytest.mark.parametrize(
    ("script", "answer", "found"),
    [
        ("switch-keeps-more", TO_SWITCH, True),
        ("offer-accepted", TO_OFFER, True),
        ("no-effect", TO_SWITCH, False),
    ],
)
def test_the_effect_of_a_script_is_in_the_logs(script: str, answer: str, found: bool, tmp_path: Path) -> None:  # noqa: FBT001  # a parameter of the test
    """Each customer's arm and outcome is that of the script, and a built-in effect shows; without one, none does."""
    made = played(tmp_path, script, answer)
    logged = counted(tmp_path, DAYS)
    assert len(logged) == len(made.truths) == CUSTOMERS
    assert misclassified(logged, made.truths) == []
    difference = kept_difference(list(logged.values()), "control", "switch")
    assert difference.excludes_zero is found
    read = read_script(script)
    built_in = built_in_difference(read, read.reactions[-1], read.reactions[0])
    assert difference.low < built_in < difference.high
    assert (built_in != 0) is found
