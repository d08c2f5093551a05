"""The drawing of exceptions in `retention.errors` is complete, and a failed read leaves the store as one of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from retention import errors
from retention.aws.connection import CallFailedError
from retention.aws.deadline import Deadline, OutOfTimeError
from retention.errors import CatalogUnavailableError, UnreadableRowError
from retention.lookup.store import Store

from tests.support.fake_table import APP, TABLE, FakeTable
from tests.support.waiting import PATIENCE

HANDLER = Path(__file__).parents[4] / "handler"
_LINE = re.compile(r"    ((?:│   )*)(?:[├└]── )?([A-Z]\w+Error)\b")
_BUILT_IN = {"Exception", "ValueError", "TimeoutError"}


def drawn() -> dict[str, str]:
    """Return each exception of the drawing with the one above it, which is empty at the top."""
    above: list[str] = []
    found = {}
    for line in (errors.__doc__ or "").splitlines():
        if matched := _LINE.match(line):
            depth = len(matched.group(1)) // 4 + ("── " in line)
            above[depth:] = [matched.group(2)]
            found[matched.group(2)] = above[depth - 1] if depth else ""
    return found


def defined() -> dict[str, str]:
    """Return each exception that a module of handler/ defines with its base, which is empty if built in."""
    found = {}
    for path in HANDLER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
                (base,) = [ast.unparse(base) for base in node.bases]
                found[node.name] = "" if base in _BUILT_IN else base
    return found


def test_every_exception_is_in_the_drawing() -> None:
    """Each is drawn under its base class, and no other name is drawn."""
    assert drawn() == defined()
    assert len(drawn()) > 25


@pytest.mark.parametrize(
    "failure",
    [OutOfTimeError(), CallFailedError("ThrottlingException"), UnreadableRowError("x")],
)
def test_a_failure_to_read_leaves_the_store_as_one_error(failure: Exception) -> None:
    """Whichever way reading the table fails, `app` gets CatalogUnavailableError."""

    def fail(_operation: str, _request: object) -> None:
        raise failure

    table = FakeTable(fault=fail)
    with pytest.raises(CatalogUnavailableError):
        Store(lambda: table, TABLE).catalog(APP, "pro.monthly", "en-US", Deadline.after(PATIENCE))


def test_a_bug_in_reading_is_reported_as_a_bug() -> None:
    """A built-in exception does not count as a damaged table: `app` answers 500, and the log names the line."""

    def fail(_operation: str, _request: object) -> None:
        raise AttributeError

    table = FakeTable(fault=fail)
    with pytest.raises(AttributeError):
        Store(lambda: table, TABLE).catalog(APP, "pro.monthly", "en-US", Deadline.after(PATIENCE))
