"""`retention rehearse`: its options become a plan, and a rehearsal that does not pass ends with 1."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from console.cli.decisions_loading import Subject
from console.cli.rehearsal_run import RehearsalPlan
from console.deployment.where import Where
from console.simulator.simulator import TestConfig
from tests.support.called_verb import Call, Recorded

URL = "https://api.example.com/v1/retention-message"


@pytest.fixture
def carried_out(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """The rehearsal, replaced: it passes."""
    made = Recorded(SimpleNamespace(passed=True))
    monkeypatch.setattr("console.cli.rehearsal_run.carry_out", made)
    return made


def test_without_options_it_is_apples_published_test(call: Call, carried_out: Recorded) -> None:
    """100 requests in a minute, ten at a time, 700 ms each, 95 percent."""
    assert call("rehearse", URL).code == 0
    assert carried_out.given[0][0] == RehearsalPlan(
        URL, TestConfig(10, 100, 60_000, 700, 95), Subject("99371282"), None, Where(), None, anyway=False
    )


def test_options_become_the_plan(call: Call, carried_out: Recorded) -> None:
    """Each option has its place in it."""
    call(
        "rehearse", URL, "--product", "pro", "--transaction", "2000", "--locale", "ja", "--requests", "7", "--duration",
        "9", "--concurrency", "3", "--threshold", "500", "--success-rate", "50", "--ca", "ca", "--anyway",
        "--table", "t", "--app", "1",
    )  # fmt: skip
    assert carried_out.given[0][0] == RehearsalPlan(
        URL,
        TestConfig(3, 7, 9, 500, 50),
        Subject("2000", "pro"),
        "ja",
        Where(table="t", app=1),
        Path("ca"),
        anyway=True,
    )


def test_a_rehearsal_that_fails_ends_with_1(call: Call, carried_out: Recorded) -> None:
    """As Apple's test would."""
    carried_out.answer = SimpleNamespace(passed=False)
    assert call("rehearse", URL).code == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "name your endpoint"),
        (("http://api.example.com/x",), "https"),
        (("ftp://example.com",), "https"),
        ((URL, "--locale", "\udcff"), "UTF-8"),
        ((URL, "--requests", "0"), "greater than or equal to 1"),
        ((URL, "--requests", "2001"), "less than or equal to 2000"),
    ],
)
def test_a_wrong_command_line_sends_nothing(
    call: Call, carried_out: Recorded, words: tuple[str, ...], reason: str
) -> None:
    """The reason names what to write."""
    with pytest.raises(typer.BadParameter, match=reason):
        call("rehearse", *words)
    assert carried_out.given == []


def test_the_anchor_needs_no_endpoint(call: Call, carried_out: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is rehearsed then."""
    shown = Recorded()
    monkeypatch.setattr("console.cli.rehearsal_run.show_anchor", shown)
    assert call("rehearse", "--anchor", "--ca", "ca").code == 0
    assert (shown.given[0][0], carried_out.given) == (Path("ca"), [])
