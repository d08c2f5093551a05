"""Mistakes and warnings as commands print them, and as `--json` has them."""

from __future__ import annotations

import pytest

from console.file.mistakes import Mistake
from console.file.mistakes_report import as_documents, warn
from console.terminal.output import Output

FOUND = (Mistake(3, "rules[1]", "This is wrong.", "Write that."), Mistake(9, "", "So is this.", "Leave it out."))


def test_each_warning_is_a_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line begins with the file and the line number, in the form in which compilers print them."""
    warn("a.yaml", FOUND, Output())
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "a.yaml:3: warning: rules[1]: This is wrong. Write that.",
        "a.yaml:9: warning: So is this. Leave it out.",
    ]


def test_each_mistake_is_a_json_object() -> None:
    """The two sentences are separate fields, next to the place."""
    assert as_documents("a.yaml", FOUND) == [
        {"file": "a.yaml", "line": 3, "where": "rules[1]", "wrong": "This is wrong.", "instead": "Write that."},
        {"file": "a.yaml", "line": 9, "where": "", "wrong": "So is this.", "instead": "Leave it out."},
    ]
    assert as_documents("a.yaml", ()) == []
