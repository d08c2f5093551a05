"""Failures: each is written as a finished sentence, because it reaches the reader as it stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.sam_template import ROOT


def raised(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line, first and last part of each text that is raised as a `Failure`; a part is empty where a value is."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            call = node.exc
            if isinstance(call.func, ast.Name) and call.func.id == "Failure":
                text = call.args[0]
                parts = text.values if isinstance(text, ast.JoinedStr) else [text]
                first, last = (
                    str(each.value) if isinstance(each, ast.Constant) else "" for each in (parts[0], parts[-1])
                )
                yield node.lineno, first, last


def test_a_failure_is_a_finished_sentence() -> None:
    """It begins with a capital or something quoted, or with a value, and ends with a full stop, or with a value."""
    texts = {
        f"{path.relative_to(ROOT)}:{line}": (first, last)
        for path in sorted((ROOT / "console").rglob("*.py"))
        for line, first, last in raised(path)
    }
    assert len(texts) > 50
    unfinished = {
        place: text
        for place, text in texts.items()
        if (text[0] and not text[0][0].isupper() and text[0][0] != "`") or (text[1] and not text[1].endswith("."))
    }
    assert unfinished == {}
