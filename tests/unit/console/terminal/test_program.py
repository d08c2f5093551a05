"""How a program ends: with its exit code, or with one sentence instead of a traceback."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from console.terminal import program, shell
from console.terminal.failure import Failure
from console.terminal.program import TRACEBACK, carry_out, explanation, flush, write_error


def sentence(error: Exception) -> str | None:
    return str(error) if isinstance(error, Failure) else None


def failing(error: Exception) -> int:
    raise error


def test_a_program_ends_with_its_own_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that does its work prints nothing more."""
    assert carry_out(lambda: 3, sentence) == 3
    assert capsys.readouterr() == ("", "")


def test_a_known_error_is_its_sentence_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence goes to standard error alone."""
    assert carry_out(lambda: failing(Failure("The table is not there.")), sentence) == 1
    assert capsys.readouterr() == ("", "The table is not there.\n")


def test_an_unknown_error_is_named_by_class_and_place_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Its message could quote a key, so that it is not printed."""
    assert carry_out(lambda: failing(RuntimeError("secret")), sentence) == 1
    printed = capsys.readouterr().err
    assert "RuntimeError at test_program.py:" in printed
    assert f"Set {TRACEBACK}=1" in printed
    assert "secret" not in printed


def test_an_error_that_was_not_raised_has_no_place() -> None:
    """Without a traceback the sentence has the class only."""
    assert "RuntimeError. Set" in explanation(RuntimeError(), sentence)


@pytest.mark.parametrize("given", [True, False])
def test_the_traceback_is_printed_where_the_shell_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, given: bool
) -> None:
    """A program that ignores the shell's variables still uses this one, as the shell had it."""
    if given:
        monkeypatch.setattr(shell, "GIVEN", {TRACEBACK: "1"})
    else:
        monkeypatch.setenv(TRACEBACK, "1")
    carry_out(lambda: failing(Failure("No.")), sentence)
    lines = capsys.readouterr().err.splitlines()
    assert (lines[0], lines[-1]) == ("Traceback (most recent call last):", "No.")


@pytest.mark.parametrize(
    ("error", "printed"),
    [(KeyboardInterrupt(), "Interrupted.\n"), (BrokenPipeError(), ""), (Failure("No."), "No.\n")],
)
def test_an_error_during_imports_is_reported_like_any_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, printed: str
) -> None:
    """Ctrl-C prints `Interrupted.`, and a reader that closed the pipe is no error."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr("console.terminal.output.prepare_streams", lambda: None)
    program.begin(sentence)
    sys.excepthook(type(error), error, None)
    assert capsys.readouterr().err == printed


def test_a_closed_standard_error_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without standard error still ends with its exit code."""
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        write_error("No.")
    assert sys.stderr is None


def test_output_that_cannot_be_written_is_discarded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Python would print an error of its own when it flushes at its end, so the descriptor leads to the null device."""

    with (tmp_path / "full").open("wb", buffering=0) as file:

        class Full:
            fileno = file.fileno

            def flush(self) -> None:
                raise OSError("No space left on device")

        monkeypatch.setattr(sys, "stdout", Full())
        flush()
        file.write(b"discarded")
    assert (tmp_path / "full").read_bytes() == b""


def test_an_error_prints_no_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal carries out nothing that a name in an error has in it."""
    write_error("a\x1b[2J is missing.")
    assert capsys.readouterr().err == "a\\x1b[2J is missing.\n"
