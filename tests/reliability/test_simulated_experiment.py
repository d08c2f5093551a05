"""An experiment with a known effect, from signed requests and notifications to what can be counted from the logs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from console.local.simulated_customers import Played, play
from console.simulator.scripted.reading import read_script
from tests.support.counted_experiment import built_in_difference, counted, kept_difference, misclassified
from tests.support.evidence_page import keep, size
from tests.support.experiment_stack import TO_OFFER, TO_SWITCH, experiment_stack, options

DAYS: Final = 30
# Script, the second arm's answer, how many customers, and whether a difference is to be found.
EXPERIMENTS: Final = (
    ("switch-keeps-more", TO_SWITCH, 2_000, True),
    ("offer-accepted", TO_OFFER, 2_000, True),
    ("no-effect", TO_SWITCH, size(20_000, 2_000), False),
    ("small-effect", TO_SWITCH, size(5_000, 500), False),
)
COLUMNS: Final = (
    *("script", "customers", "page views", "notifications", "misclassified"),
    *("built-in difference, points", "found, points (99 %)", "excludes 0"),
)
TEXT: Final = (
    "Customers whose behaviour a script decides open the page, are answered by the function and act. Apple's"
    " notifications of it pass the intake, on a simulated clock of fifty days (`retention simulator customers`). Arm"
    " and outcome of each customer, counted from the two logs by `console/decisions/outcomes.py`, are compared with the"
    " simulated subscription itself. The difference is that of the share of customers who are kept after 30 days."
)


def points(share: float) -> str:
    return f"{100 * share:+.1f}"


def rows(folder: Path) -> Iterator[tuple[object, ...]]:
    """Play each experiment, assert what its logs prove, and yield its row of the page."""
    for script, answer, count, found in EXPERIMENTS:
        made = played(folder / script, script, answer, count)
        logged = counted(folder / script, DAYS)
        wrong = misclassified(logged, made.truths)
        assert len(made.truths) == count
        assert wrong == []
        difference = kept_difference(list(logged.values()), "control", "switch")
        read = read_script(script)
        built_in = built_in_difference(read, read.reactions[-1], read.reactions[0])
        assert difference.excludes_zero is found, script
        assert difference.low < built_in < difference.high, script
        yield (
            *(f"`{script}`", count, made.page_views, made.notifications, len(wrong)),
            *(points(built_in), f"{points(difference.estimate)} [{points(difference.low)}, {points(difference.high)}]"),
            "yes" if difference.excludes_zero else "no",
        )


def played(folder: Path, script: str, answer: str, count: int) -> Played:
    with experiment_stack(answer) as at:
        return play(at, options(script, count), folder)


def test_a_built_in_effect_is_found_and_no_other(tmp_path: Path) -> None:
    """No customer is misclassified; an effect that the script has is found, and none where it has none or too small."""
    keep("simulator", TEXT, COLUMNS, list(rows(tmp_path)))
