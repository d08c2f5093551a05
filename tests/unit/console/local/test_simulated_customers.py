"""What a run is asked and answers; complete runs are in tests/integration/test_simulated_customers.py."""

from __future__ import annotations

from pathlib import Path

from console.local.simulated_customers import EXPOSURES, OUTCOMES, play
from tests.support.experiment_stack import experiment_stack, options


def test_a_run_of_three_customers(tmp_path: Path) -> None:
    """A run writes two logs, reports its progress, and returns what became of each customer."""
    steps: list[tuple[str, int, int]] = []
    with experiment_stack() as at:
        made = play(at, options("no-effect", 3), tmp_path, lambda *step: steps.append(step))
    assert {path.name for path in tmp_path.iterdir()} == {EXPOSURES, OUTCOMES}
    assert (len(made.truths), made.release) == (3, 1)
    assert made.page_views >= 3
    assert steps[0] == ("customers", 0, 3)
    assert steps[-1] == ("customers", 3, 3)
    assert made.began < made.ended
