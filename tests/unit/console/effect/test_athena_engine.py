"""Athena runs the same queries: started, waited for, and read page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from console.deployment.stack import Analysis
from console.deployment.stored_lines import StoredObject
from console.effect.athena_engine import AthenaEngine
from console.effect.literals import render
from console.effect.queries import literals_of, sql_digest, sql_text
from console.terminal.failure import Failure
from tests.unit.console.effect.test_queries import QUESTION

PLACE: Final = Analysis("bucket", "database", "group", "stream")
LITERALS: Final = literals_of(QUESTION)
SUCCEEDED: Final = {"State": "SUCCEEDED"}


def page(*rows: list[str | None]) -> dict[str, Any]:
    columns = [{"Name": "ARM", "Type": "varchar"}, {"Name": "customers", "Type": "bigint"}]
    cells = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows]
    return {"ResultSet": {"ResultSetMetadata": {"ColumnInfo": columns}, "Rows": cells}}


class FakeAthena:
    """Answers with these states in turn, the last one again and again, and then with these pages."""

    def __init__(self, *states: dict[str, Any], pages: tuple[dict[str, Any], ...] = ()) -> None:
        self.states, self.pages = [*states], pages
        self.started: dict[str, Any] = {}
        self.stopped: list[str] = []

    def start_query_execution(self, **given: Any) -> dict[str, str]:
        self.started = given
        return {"QueryExecutionId": "q1"}

    def get_query_execution(self, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803  # AWS's name
        assert QueryExecutionId == "q1"
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"QueryExecution": {"Status": state}}

    def stop_query_execution(self, QueryExecutionId: str) -> None:  # noqa: N803  # AWS's name
        self.stopped.append(QueryExecutionId)

    def get_paginator(self, name: str) -> Any:
        assert name == "get_query_results"
        return self

    def paginate(self, QueryExecutionId: str) -> Iterator[dict[str, Any]]:  # noqa: N803  # AWS's name
        assert QueryExecutionId == "q1"
        return iter(self.pages)


def engine(athena: FakeAthena, waits: list[float] | None = None) -> AthenaEngine:
    """Return an engine whose time passes only while it waits."""
    waited = [] if waits is None else waits
    return AthenaEngine(athena, PLACE, (), sleep=waited.append, clock=lambda: sum(waited))


def test_the_text_of_the_file_is_sent() -> None:
    """Athena gets the query with its literals, the database and the work group."""
    athena = FakeAthena(SUCCEEDED, pages=(page(["arm", "customers"]),))
    assert engine(athena).run("ratio", LITERALS) == []
    assert athena.started == {
        "QueryString": render(sql_text("ratio"), LITERALS),
        "QueryExecutionContext": {"Database": "database"},
        "WorkGroup": "group",
    }


def test_rows_come_from_all_pages() -> None:
    """Only the first page begins with the names; numbers are numbers, and nothing is None."""
    athena = FakeAthena(
        SUCCEEDED, pages=(page(["arm", "customers"], ["keep", "5"]), page(["switch", None], [None, "7"]))
    )
    assert engine(athena).run("ratio", LITERALS) == [
        {"arm": "keep", "customers": 5},
        {"arm": "switch", "customers": None},
        {"arm": None, "customers": 7},
    ]


def test_waits_grow() -> None:
    """A short query is read soon, and a long one is not asked about often."""
    waits: list[float] = []
    running = [{"State": "QUEUED"}] + [{"State": "RUNNING"}] * 6
    engine(FakeAthena(*running, SUCCEEDED, pages=(page(["arm", "customers"]),)), waits).run("ratio", LITERALS)
    assert waits == [0.5, 1, 2, 4, 8, 8, 8]


def test_a_query_that_does_not_end_is_stopped() -> None:
    """After half an hour Athena is asked to stop, so that it reads no more."""
    athena = FakeAthena({"State": "RUNNING"})
    with pytest.raises(Failure, match="within 30 minutes"):
        engine(athena).run("ratio", LITERALS)
    assert athena.stopped == ["q1"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Bytes scanned limit was exceeded", "scan limit"),
        ("TABLE_NOT_FOUND: line 3:8: Table 'awsdatacatalog.a.exposures' does not exist", "no such table"),
        ("SCHEMA_NOT_FOUND: Schema 'database' does not exist", "no such table"),
        ("PERMISSION_DENIED: Access Denied (Service: S3; canary)", "OperatorPolicyArn"),
        ("HIVE_CURSOR_ERROR: Row is not a valid JSON Object canary", "no JSON"),
        ("canary", "it ended as FAILED, error type 233"),
    ],
)
def test_a_failure_has_its_reason_and_what_to_do(message: str, reason: str) -> None:
    """Athena's own message, which may quote a line, is not repeated."""
    failed = {"State": "FAILED", "StateChangeReason": message, "AthenaError": {"ErrorType": 233}}
    with pytest.raises(Failure, match=reason) as raised:
        engine(FakeAthena(failed)).run("ratio", LITERALS)
    assert "`ratio`" in str(raised.value)
    assert "canary" not in str(raised.value)


def test_a_cancelled_query_is_a_failure() -> None:
    """It was stopped in the console of AWS, which gives no reason."""
    with pytest.raises(Failure, match=r"it ended as CANCELLED\."):
        engine(FakeAthena({"State": "CANCELLED"})).run("ratio", LITERALS)


def test_the_inputs_are_the_objects_of_the_bucket() -> None:
    """The digest is over keys, sizes and ETags, in any order."""
    objects = [
        StoredObject(f"exposures/day=2026-09-01/{n}", f"e{n}", n, datetime(2026, 9, 1, tzinfo=UTC)) for n in (1, 2)
    ]
    digests = {AthenaEngine(None, PLACE, order).inputs() for order in (objects, objects[::-1])}
    assert len(digests) == 1
    (found,) = digests
    assert (found.engine, found.files, found.sql_digest) == ("athena", 2, sql_digest())
