"""What `retention validate` reports of a good file, and its warnings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.file.mistakes import Mistake, Mistakes
from console.file.validate import ValidFile, show, validate
from console.local.samples import SAMPLE
from console.terminal.output import Output

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WARNING = Mistake(3, "rules.a", "No request can get this.", "Move it up.")


def test_a_good_file_is_counted() -> None:
    """The counts are of the file's rules and products, and of messages and images as they are uploaded."""
    found = validate(SAMPLE, None, NOW, lambda *_: None)
    assert found.counts == {"rules": 9, "products": 6, "messages": 19, "images": 3}


def test_a_file_with_mistakes_raises_them(tmp_path: Path) -> None:
    """A file with mistakes is not counted."""
    file = tmp_path / "bad.yaml"
    file.write_text("rules: 1\n")
    with pytest.raises(Mistakes):
        validate(file, None, NOW, lambda *_: None)


def test_warnings_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Each warning has file and line, and a count of one is in the singular."""
    show(ValidFile(Path("a.yaml"), {"rules": 1, "products": 2}, (WARNING,)), Output())
    printed = capsys.readouterr()
    assert printed.out == "a.yaml is good: 1 rule, 2 products.\n"
    assert printed.err == "a.yaml:3: warning: rules.a: No request can get this. Move it up.\n"


def test_warnings_are_in_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json, warnings are in the document on standard output."""
    show(ValidFile(Path("a.yaml"), {"rules": 1}, (WARNING,)), Output(as_json=True))
    document = json.loads(capsys.readouterr().out)
    assert (document["file"], document["ok"], document["rules"]) == ("a.yaml", True, 1)
    assert document["warnings"] == [
        {"file": "a.yaml", "line": 3, "where": "rules.a", "wrong": "No request can get this.", "instead": "Move it up."}
    ]
