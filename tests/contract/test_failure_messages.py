"""Failures: each is written as a finished sentence, since nobody mends it on its way to the reader."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sam_template import ROOT

CONSOLE = ROOT / "console"


def _texts() -> Iterator[tuple[str, ast.expr]]:
    for path in sorted(CONSOLE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                call = node.exc
                if isinstance(call.func, ast.Name) and call.func.id == "Failure":
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", call.args[0]


def _ends(text: ast.expr) -> tuple[str, str]:
    """Return how it begins and ends; empty where a value stands there, which is a name or a sentence of its own."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    first, last = (part.value if isinstance(part, ast.Constant) else "" for part in (parts[0], parts[-1]))
    return str(first), str(last)


TEXTS = dict(_texts())


@pytest.mark.parametrize("place", TEXTS)
def test_a_failure_is_a_finished_sentence(place: str) -> None:
    """It begins with a capital, a name or something quoted, and ends with a full stop."""
    first, last = _ends(TEXTS[place])
    assert not first or first[0].isupper() or first[0] == "`"
    assert not last or last.endswith(".")


def test_there_are_failures_to_look_at() -> None:
    """The test above reads the console that is there."""
    assert len(TEXTS) > 50
    assert Path(CONSOLE / "terminal" / "failure.py").exists()
