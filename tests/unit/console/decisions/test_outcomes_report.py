"""Outcomes are counted by the answer that customers were shown first, and printed without a claim of effect."""

from __future__ import annotations

import json

import pytest

from console.decisions.outcomes import Exposure
from console.decisions.outcomes_evidence import OutcomeEvidence
from console.decisions.outcomes_report import count_outcomes, show
from console.terminal.output import Output
from tests.unit.console.decisions.test_outcomes import BOUGHT, COMPLETE, OFF, SHOWN, UPGRADE


def evidence(complete: tuple[float, float] | None = (SHOWN, COMPLETE)) -> OutcomeEvidence:
    """Return three customers: two of one rule, of whom one turns off and one switches, and one of another rule."""
    customers = ("a" * 64, "b" * 64, "c" * 64)
    return OutcomeEvidence(
        exposures={name: Exposure(name, SHOWN, "pro.monthly") for name in customers},
        answers=dict(zip(customers, ("keep", "keep", "other"), strict=True)),
        outcomes={customers[0]: [BOUGHT, OFF], customers[1]: [BOUGHT, UPGRADE]},
        complete=complete,
        rehearsals=0,
    )


def test_customers_are_counted_by_answer() -> None:
    """Each answer has its customers, how many are known, how many of these were kept, and what else became of them."""
    keep, other = count_outcomes(evidence(), 7).answers
    assert (keep.answer, keep.customers, keep.known, keep.kept) == ("keep", 2, 2, 1)
    assert (keep.counts["turnedOff"], keep.counts["switched"], keep.revenue) == (1, 1, {"EUR": 59_990})
    assert (other.answer, other.customers, other.known, other.kept) == ("other", 1, 1, 1)


def test_without_a_watermark_nothing_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no line states that notifications are complete, no customer counts as kept, and the text explains it."""
    found = count_outcomes(evidence(None), 7)
    assert [(each.known, each.kept) for each in found.answers] == [(0, 0), (0, 0)]
    show(found, Output())
    assert "Not known yet who was kept" in capsys.readouterr().out


def test_the_text_names_the_time_in_which_notifications_are_complete(capsys: pytest.CaptureFixture[str]) -> None:
    """Of answers outside it, nothing is known of who was kept."""
    show(count_outcomes(evidence(), 7), Output())
    assert "Notifications are complete from 1970-04-11 00:00 to 1970-04-18 00:00 UTC" in capsys.readouterr().out
    assert [each.known for each in count_outcomes(evidence((SHOWN + 1, COMPLETE)), 7).answers] == [0, 0]


def test_two_tables_have_room_on_a_narrow_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Each answer is in both tables, and no line of them is longer than 80 characters."""
    show(count_outcomes(evidence(), 7), Output())
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.startswith("keep ")]
    assert rows == [
        ["keep", "2", "2", "1", "(50.0%)", "0", "0", "59.99", "EUR"],
        ["keep", "1", "0", "1", "0", "0", "0", "0"],
    ]
    tables = lines[1 : next(at for at, line in enumerate(lines) if line.startswith("Kept:"))]
    assert max(len(line.rstrip()) for line in tables) <= 80


def test_the_document_has_every_count(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json the counts are one document."""
    show(count_outcomes(evidence(), 7), Output(as_json=True))
    document = json.loads(capsys.readouterr().out)
    assert (document["customers"], document["days"], document["completeUntil"]) == (3, 7, "1970-04-18T00:00:00+00:00")
    assert document["answers"][0]["counts"]["turnedOff"] == 1
