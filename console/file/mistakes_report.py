"""Mistakes and warnings of a file as commands print them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from console.file.mistakes import Mistake
from console.terminal.output import Output


def warn(file: str, warnings: Sequence[Mistake], out: Output) -> None:
    """Print each warning with its file and line."""
    for warning in warnings:
        out.warn(f"{file}:{warning.line}: warning: {warning}")


def as_documents(file: str, mistakes: Sequence[Mistake]) -> list[dict[str, Any]]:
    """Return mistakes or warnings as `--json` has them."""
    return [
        {"file": file, "line": found.line, "where": found.where, "wrong": found.wrong, "instead": found.instead}
        for found in mistakes
    ]
