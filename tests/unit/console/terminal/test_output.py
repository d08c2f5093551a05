"""What a long run prints while it continues, without a terminal to draw on."""

from __future__ import annotations

import os

import pytest

from console.terminal.output import Output, prepare_streams
from tests.support.simulated_app import Clock


@pytest.mark.parametrize("as_json", [False, True])
def test_a_long_run_prints_a_line_each_minute(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:  # noqa: FBT001  # a parameter
    """The lines are on standard error, apart from the document; a run of less than a minute prints none."""
    clock = Clock()
    with Output(as_json=as_json, clock=clock).progress() as report:
        for done in range(1, 301):
            clock.sleep(0.5)
            report("messages", done, 300)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == ["messages: 120 of 300", "messages: 240 of 300"]


def test_a_note_is_apart_from_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json a note is on standard error, and otherwise on standard output."""
    Output().note("About 5 h.")
    assert capsys.readouterr() == ("About 5 h.\n", "")
    Output(as_json=True).note("About 5 h.")
    assert capsys.readouterr() == ("", "About 5 h.\n")


def test_an_id_is_never_wrapped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a narrow terminal other columns wrap, so that an id can still be copied."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    identifier = "d43d7a4d-0d09-5f2c-8f6a-2f6c6f6f1d11"
    words = "a longer text of several words that needs a line or two"
    Output().table(("message", "state", "rules that wait", "id"), [(words, "APPROVED", words, identifier)])
    assert identifier in capsys.readouterr().out


def test_the_name_of_a_fact_is_never_wrapped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a narrow terminal a long name of a fact stays one word, and the columns next to it wrap."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    name, words = "subscription.priceIncreasePending", "a longer text of several words that needs a line or two"
    Output().table(("fact", "value", "from", "signed by Apple"), [(name, words, "current transaction", "1 s ago")])
    assert name in capsys.readouterr().out


@pytest.mark.parametrize(
    ("columns", "kept"),
    [("0", False), ("5", False), ("-3", False), ("\u00b2", False), ("99999999999", False), ("20", True), ("132", True)],
)
def test_an_unusable_width_is_ignored(monkeypatch: pytest.MonkeyPatch, columns: str, *, kept: bool) -> None:
    """Terminals without a size report 0 columns, with which rich prints nothing at all."""
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", "\u00b2")
    prepare_streams()
    assert ("COLUMNS" in os.environ) is kept
    assert "LINES" not in os.environ


def test_names_with_control_characters_are_printed_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    """Sentences, tables, warnings and failures have `\\x1b` where a name has the character."""
    name, out = "a\x1b]0;title\x07", Output()
    for show in (out.print, out.note, out.warn, out.failure):
        show(name)
    out.table(("name",), [(name,)])
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    assert (printed.out + printed.err).count("a\\x1b]0;title\\x07") == 5
