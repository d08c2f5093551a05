"""What `simulator customers` prints of a run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.local.simulated_customers import Played
from console.local.simulated_customers_report import arms_of, show, unmet
from console.simulator.scripted.reading import read_script
from console.simulator.scripted.script import Reaction, SeenAnswer
from console.simulator.scripted.scripted_customer import CustomerTruth
from console.terminal.output import Output


def truth(arm: str | None, *, kept: bool = True, switched: bool = False) -> CustomerTruth:
    names = {} if arm is None else {"experiment": "switch-1", "arm": arm}
    return CustomerTruth(
        "hash", 1, SeenAnswer(names), kept, not kept, switched, redeemed=False, renewed=kept, refunded=False
    )


PLAYED = Played(
    (truth("control"), truth("control", kept=False), truth("switch", switched=True), truth(None)),
    5,
    9,
    12,
    datetime(2026, 12, 1, tzinfo=UTC),
    datetime(2027, 1, 20, tzinfo=UTC),
)


def test_counts_by_arm() -> None:
    """Customers are counted by the arm of their first page view; those in no experiment are counted apart."""
    counted = [(one.experiment, one.arm, one.customers, one.kept, one.switched) for one in arms_of(PLAYED.truths)]
    assert counted == [("", "", 1, 1, 0), ("switch-1", "control", 2, 1, 0), ("switch-1", "switch", 1, 1, 1)]


def test_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    """One line on what was played, the table of what is true, and where the logs are."""
    show(PLAYED, read_script("no-effect"), Path("logs"), Path("retention.yaml"), Output())
    printed = capsys.readouterr().out
    assert (
        "4 customers by the script no-effect: 5 page views and 9 notifications, from 2026-12-01 to 2027-01-20."
        in printed
    )
    assert "30 days after the first page view" in printed
    assert "50.0 %" in printed
    assert "no experiment" in printed
    assert "The logs of release 12: logs/exposures.jsonl.gz, logs/outcomes.jsonl.gz" in printed
    logs = "--exposures logs/exposures.jsonl.gz --outcomes logs/outcomes.jsonl.gz"
    assert f"What they prove: retention report switch-1 {logs} --rehearsals\n" in printed


def test_the_report_s_line_names_another_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Without it, `report` would take the plan and the control from retention.yaml."""
    show(PLAYED, read_script("no-effect"), Path("logs"), Path("my own.yaml"), Output())
    assert "What they prove: retention report switch-1 'my own.yaml' --exposures" in capsys.readouterr().out


def test_a_reaction_that_no_customer_met_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelled arm would make an arm without an effect, and no other sign of it."""
    script = replace(
        read_script("no-effect"),
        reactions=(
            Reaction({"experiment": "switch-1", "arm": "switch"}),
            Reaction({"experiment": "switch-1", "arm": "swich"}),
            Reaction({}),
        ),
    )
    assert unmet(script, PLAYED.truths) == (2,)
    show(PLAYED, script, Path("logs"), Path("retention.yaml"), Output())
    printed = capsys.readouterr().out
    assert "Note: reaction 2 of the script is for {experiment: switch-1, arm: swich}" in printed
    assert printed.count("Note:") == 1


def test_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json, the same as one document."""
    show(PLAYED, read_script("no-effect"), Path("logs"), Path("retention.yaml"), Output(as_json=True))
    document = json.loads(capsys.readouterr().out)
    assert (document["customers"], document["pageViews"], document["release"]) == (4, 5, 12)
    assert document["arms"][1] == {
        "experiment": "switch-1",
        "arm": "control",
        "customers": 2,
        "kept": 1,
        "turnedOff": 1,
        "switched": 0,
        "redeemed": 0,
        "renewed": 1,
        "refunded": 0,
    }
    assert document["arms"][0]["arm"] is None
    assert document["exposures"] == "logs/exposures.jsonl.gz"
