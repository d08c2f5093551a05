"""How a command ends: an exit code, and one sentence or one document for every failure."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from retention.errors import RetentionError

from console.cli.main import main
from console.cli.verbs import CommandCall
from console.terminal.failure import Failure, Misuse

Run = Callable[..., tuple[int, str, str]]
WORDS = ("releases", "--env", "sandbox")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process; returns its exit code and what it printed."""

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(words)
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def ends(monkeypatch: pytest.MonkeyPatch, result: object) -> None:
    """Have the verb return `result`, or raise it."""

    def ended(*_: object, **__: object) -> object:
        if isinstance(result, BaseException):
            raise result
        return result

    monkeypatch.setattr(CommandCall, "run", ended)


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (3, 3), ("text", 0)])
def test_the_exit_code_is_the_verbs(run: Run, result: object, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb that returns none has succeeded."""
    ends(monkeypatch, result)
    assert run(*WORDS) == (code, "", "")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (Failure("There is no such table."), 1, "There is no such table."),
        (Misuse("Name the environment with --env."), 2, "Name the environment with --env."),
        (RetentionError("already_live", "release 3 is live already", release=3), 1, "Release 3 is live already."),
    ],
)
def test_a_failure_is_one_sentence_on_standard_error(
    run: Run, error: Exception, code: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was called wrongly ends with 2, everything else with 1."""
    ends(monkeypatch, error)
    assert run(*WORDS) == (code, "", f"{text}\n")


def test_with_json_a_failure_is_a_document(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the sentence, and what is known of the error besides."""
    ends(monkeypatch, RetentionError("already_live", "release 3 is live already", release=3))
    code, out, err = run(*WORDS, "--json")
    assert (code, err) == (1, "")
    assert json.loads(out) == {"error": "Release 3 is live already.", "code": "already_live", "release": 3}


def test_a_fault_of_the_program_quotes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message of an unexpected error could hold a key; its class and the variable for a traceback are printed."""
    ends(monkeypatch, ZeroDivisionError("secret"))
    code, out, err = run(*WORDS)
    assert (code, out, "secret" in err) == (1, "", False)
    assert "ZeroDivisionError" in err
    assert "RETENTION_TRACEBACK" in err


def test_mistakes_of_a_file_are_all_printed(run: Run, tmp_path: Path) -> None:
    """Each with its line, then their number; the document has them as a list."""
    file = tmp_path / "bad.yaml"
    file.write_text("rules: 1\nproducts: 2\n")
    code, out, err = run("validate", str(file))
    assert (code, out, f"{file}:1" in err, f"{file}:2" in err) == (1, "", True, True)
    document = json.loads(run("validate", str(file), "--json")[1])
    assert document["ok"] is False
    assert err.endswith(f"{len(document['mistakes'])} mistakes in {file}.\n")


@pytest.mark.parametrize(
    "words",
    [("nope",), ("releases", "--nope"), ("publish",), ("explain", "--at", "yesterday"), ("rollback", "x")],
    ids=" ".join,
)
def test_a_command_line_that_cannot_be_read_is_misuse(run: Run, words: tuple[str, ...]) -> None:
    """With --json the same reason is in a document."""
    code, out, err = run(*words)
    assert (code, out, bool(err)) == (2, "", True)
    code, out, err = run(*words, "--json")
    assert (code, list(json.loads(out)), err) == (2, ["error"], "")


def test_a_question_that_was_interrupted_changes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is one word; an input that ended is named."""
    import typer  # noqa: PLC0415  # its Abort is what Typer makes of both

    interrupted = typer.Abort()
    interrupted.__cause__ = KeyboardInterrupt()
    ends(monkeypatch, interrupted)
    assert run(*WORDS) == (1, "", "Interrupted.\n")
    ends(monkeypatch, typer.Abort())
    assert run(*WORDS) == (1, "", "The question was not answered; nothing was changed.\n")


@pytest.mark.parametrize("result", [130, SystemExit(130)], ids=["returned", "raised"])
def test_an_interrupted_verb_ends_in_one_word(run: Run, monkeypatch: pytest.MonkeyPatch, result: object) -> None:
    """Typer makes an exit code of Ctrl-C and prints nothing: the command names it, with --json in a document."""
    ends(monkeypatch, result)
    assert run(*WORDS) == (130, "", "Interrupted.\n")
    code, out, err = run(*WORDS, "--json")
    assert (code, json.loads(out), err) == (130, {"error": "Interrupted."}, "")


def test_output_that_cannot_be_written_is_reported_on_the_other_stream(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full ends a command with 1."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    ends(monkeypatch, Failure("There is no such table."))
    monkeypatch.setattr("console.cli.main.Output.failure", full)
    assert run(*WORDS) == (1, "", "This could not be printed: No space left on device.\n")
