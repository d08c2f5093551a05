"""Functions and classes are short enough to be read at once: decorators, signature and docstring included."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.support.sam_template import ROOT

FUNCTION_LINES = 40
CLASS_LINES = 200


def too_long() -> Iterator[str]:
    """Yield `file: name` of each function and class over its limit."""
    for room in ("console", "handler"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    limit = CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES
                    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                    if (node.end_lineno or first) - first + 1 > limit:
                        yield f"{path.relative_to(ROOT)}: {node.name}"


def test_every_function_and_class_is_short() -> None:
    """At most 40 lines a function and 200 a class."""
    assert list(too_long()) == []
