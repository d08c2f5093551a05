"""`validate` and `init`: a file judged as of a moment, and a first one that overwrites nothing."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from console.file.mistakes import Mistakes
from console.file.starter import Given
from console.local.samples import SAMPLE
from console.terminal.failure import Failure
from console.terminal.output import ask_operator
from tests.support.called_verb import Call, Recorded

APP = ("--app", "6745974591", "--bundle", "com.example.app", "--product", "pro.monthly:P1M")


def test_a_good_file_is_counted(call: Call) -> None:
    """The document has the counts and no mistakes."""
    ended = call("validate", str(SAMPLE))
    assert (ended.code, ended.out.startswith(f"{SAMPLE} is good: 9 rules, 6 products, ")) == (0, True)
    assert call("validate", str(SAMPLE), "--json").document["ok"] is True


@pytest.mark.parametrize("written", ["2026-12-01T09:00:00Z", "2026-12-01T10:00:00+01:00"])
def test_a_file_is_judged_as_of_the_moment_named(call: Call, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, environment and instant are what the room is handed."""
    validate, show = Recorded("found"), Recorded()
    monkeypatch.setattr("console.file.validate.validate", validate)
    monkeypatch.setattr("console.file.validate.show", show)
    call("validate", "draft.yaml", "--env", "production", "--at", written)
    assert validate.given[0][:3] == (Path("draft.yaml"), "production", datetime(2026, 12, 1, 9, tzinfo=UTC))
    assert show.given[0][0] == "found"


def test_a_file_with_mistakes_is_none(call: Call, tmp_path: Path) -> None:
    """All mistakes are raised together."""
    (tmp_path / "bad.yaml").write_text("rules: 1\nproducts: 2\n")
    with pytest.raises(Mistakes) as found:
        call("validate", str(tmp_path / "bad.yaml"))
    assert len(found.value.mistakes) > 1


def test_a_first_file_is_valid(call: Call, tmp_path: Path) -> None:
    """`validate` has nothing to report of what `init` wrote."""
    file = tmp_path / "retention.yaml"
    assert call("init", "--file", str(file), *APP).code == 0
    assert call("validate", str(file)).code == 0


def test_an_existing_file_is_kept_without_force(call: Call, tmp_path: Path) -> None:
    """It is refused before any question, and overwritten with --force."""
    file = tmp_path / "retention.yaml"
    file.write_text("mine")
    with pytest.raises(Failure, match="overwrite it with --force"):
        call("init", "--file", str(file), *APP)
    assert file.read_text() == "mine"
    call("init", "--file", str(file), "--force", *APP)
    assert "6745974591" in file.read_text()


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_left_out_is_asked_for_on_a_terminal_only(
    call: Call,
    terminal: bool,  # noqa: FBT001  # a parameter
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A program that waits for no answer would hang otherwise."""
    stdin = io.StringIO()
    monkeypatch.setattr(stdin, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stdin", stdin)
    room = SimpleNamespace(complete=Recorded("made"), write=Recorded(), show=Recorded())
    for name in ("complete", "write", "show"):
        monkeypatch.setattr(f"console.file.starter.{name}", getattr(room, name))
    file = tmp_path / "new.yaml"
    call("init", "--file", str(file), "--app", "1", "--product", "a:P1M", "--product", "b:P1Y", "--locale", "ja")
    [(given, ask)] = room.complete.given
    assert given == Given("1", None, None, None, ["a:P1M", "b:P1Y"], "ja", "us-east-1")
    assert ask == (ask_operator if terminal else None)
    assert (room.write.given, room.write.named) == ([("made", file)], [{"force": False}])
