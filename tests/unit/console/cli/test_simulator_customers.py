"""`simulator customers`: what it asks its room, and what it prints without playing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.cli.simulator_customers import _MOST
from console.deployment.where import Where
from console.file.mistakes import Mistakes
from console.simulator.place import DIRECTORY
from console.simulator.scripted.plans import MOST_CUSTOMERS
from console.simulator.scripted.reading import BUILT_IN, read_script, script_text
from tests.support.called_verb import Call, Recorded, caller


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    return caller(capsys)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    made = Recorded()
    monkeypatch.setattr("console.cli.simulator_customers_run.run", made)
    return made


def test_without_options(call: Call, ran: Recorded) -> None:
    """Two thousand customers without an effect, from now on, at the sandbox of retention.yaml."""
    before = datetime.now(UTC)
    assert call("simulator", "customers").code == 0
    [(script, count, seed, starts, where, directory, logs, _)] = ran.given
    assert (script, count, seed) == (read_script("no-effect"), 2000, 0)
    assert before <= starts <= before + timedelta(minutes=5)
    assert (where, directory, logs) == (Where(), DIRECTORY, Path("simulated-logs"))


def test_every_option(call: Call, ran: Recorded, tmp_path: Path) -> None:
    """Script, number, seed, beginning, stack and folders."""
    own = tmp_path / "mine.yaml"
    own.write_text("confirm: 10\nreactions: [keep: 1]\n", encoding="utf-8")
    words = ("--script", str(own), "--count", "7", "--seed", "3", "--starts", "2026-12-01T00:00:00Z")
    call("simulator", "customers", *words, "--env", "staging", "--file", "a.yaml", "--logs", "b", "--directory", "c")
    [(script, count, seed, starts, where, directory, logs, _)] = ran.given
    assert (script.name, script.confirm, count, seed) == ("mine", 10, 7, 3)
    assert starts == datetime(2026, 12, 1, tzinfo=UTC)
    assert (where, directory, logs) == (Where("staging", Path("a.yaml")), Path("c"), Path("b"))


@pytest.mark.parametrize("name", BUILT_IN)
def test_showing_a_script(call: Call, ran: Recorded, name: str) -> None:
    """`--show` prints the script as it could be saved, and plays nothing."""
    assert call("simulator", "customers", "--script", name, "--show").out == script_text(name)
    assert ran.given == []


def test_a_script_with_a_mistake(call: Call, ran: Recorded, tmp_path: Path) -> None:
    """A mistake in a script ends the verb before anything is played."""
    own = tmp_path / "mine.yaml"
    own.write_text("confirm: 200\nreactions: [keep: 1]\n", encoding="utf-8")
    with pytest.raises(Mistakes, match=r"mine\.yaml:1: confirm: `confirm` is a percentage"):
        call("simulator", "customers", "--script", str(own))
    assert ran.given == []


def test_the_help_names_every_script(call: Call) -> None:
    """The built-in scripts are in the help, and the most customers are those that plans have numbers for."""
    printed = " ".join(call("simulator", "customers", "--help").out.split())
    assert all(name in printed for name in BUILT_IN)
    assert _MOST == MOST_CUSTOMERS
