"""What `retention report` finds of an experiment whose effect a script decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from console.cli.report_run import ReportQuestion, run_report
from console.cli.report_sources import LogChoice
from console.deployment.where import Where
from console.effect.findings import Report
from console.local.simulated_customers import EXPOSURES, OUTCOMES, Played, play
from console.simulator.scripted.reading import read_script
from console.terminal.output import no_progress
from tests.support.analysis_parts import needs_analysis
from tests.support.counted_experiment import built_in_difference
from tests.support.evidence_page import keep
from tests.support.experiment_stack import (
    EXPERIMENT,
    PUBLISHED,
    TO_OFFER,
    TO_SWITCH,
    experiment_stack,
    options,
    with_plan,
)

CUSTOMERS: Final = 2_000
# Script, the second arm's answer, whether the report is to find a difference, and its remarks.
EXPERIMENTS: Final = (
    ("switch-keeps-more", TO_SWITCH, True, ()),
    ("offer-accepted", TO_OFFER, True, ("offerEnded",)),
    ("no-effect", TO_SWITCH, False, ()),
    ("small-effect", TO_SWITCH, False, ()),
)
COLUMNS: Final = (
    "script",
    "customers",
    "the report's sentence",
    "reading, points (96 %)",
    "built-in difference, points",
    "remarks",
)
TEXT: Final = (
    "The logs of simulated experiments, read by `retention report` with a plan of 2 000 customers. The counts of each"
    " arm are those of the simulated subscriptions, no check withholds the sentence, the reading covers the built-in"
    " difference, and it excludes 0 only where there is one that 2 000 customers can show."
)


def reported(folder: Path, script: str, answer: str) -> tuple[Played, Report]:
    """Play an experiment, and report on its two logs."""
    file = folder / "retention.yaml"
    folder.mkdir()
    file.write_text(with_plan(CUSTOMERS).replace("ANSWER", answer), encoding="utf-8")
    with experiment_stack(answer, with_plan(CUSTOMERS)) as at:
        made = play(at, options(script, CUSTOMERS), folder)
    logs = LogChoice(
        file,
        (folder / EXPOSURES,),
        (folder / OUTCOMES,),
        Where(),
        "duckdb",
        compare=False,
        until=PUBLISHED,
        rehearsals=True,
    )
    return made, run_report(ReportQuestion(EXPERIMENT, logs, None, (), None, None), no_progress).report


def counts(report: Report) -> dict[str, tuple[int, int]]:
    """Return customers and kept customers of each arm by the report."""
    return {arm.name: (arm.ripe, arm.counts["kept"]) for arm in report.arms}


def true_counts(made: Played) -> dict[str, tuple[int, int]]:
    """Return the same by the simulated subscriptions."""
    found: dict[str, tuple[int, int]] = {}
    for truth in made.truths:
        customers, kept = found.get(truth.decision.names["arm"], (0, 0))
        found[truth.decision.names["arm"]] = (customers + 1, kept + truth.kept)
    return found


def points(share: float) -> str:
    return f"{100 * share:+.1f}"


def rows(folder: Path) -> Iterator[tuple[object, ...]]:
    for script, answer, found, remarks in EXPERIMENTS:
        made, report = reported(folder / script, script, answer)
        assert counts(report) == true_counts(made), script
        assert tuple(check.name for check in report.failed) == remarks, script
        assert not any(check.withholds for check in report.failed), script
        (effect,) = report.primary
        assert effect.reading is not None
        assert (effect.reading[0] > 0 or effect.reading[1] < 0) is found, script
        read = read_script(script)
        built_in = built_in_difference(read, read.reactions[-1], read.reactions[0])
        assert effect.reading[0] < built_in < effect.reading[1], script
        reading = f"[{points(effect.reading[0])}, {points(effect.reading[1])}]"
        yield f"`{script}`", CUSTOMERS, report.verdict.sentence, reading, points(built_in), ", ".join(remarks)


@needs_analysis
def test_the_report_finds_a_built_in_effect_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a built-in effect the reading excludes 0 and covers it; without one, or with a small one, it includes 0."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    keep("simulator_report", TEXT, COLUMNS, list(rows(tmp_path)))
