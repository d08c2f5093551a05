"""Athena runs the same queries: started, waited for, and read page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from botocore.stub import Stubber

from console.deployment.failures import sentence
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
    with pytest.raises(Failure, match=r"within 30 minutes, and was stopped: run the command again, or let this mach"):
        engine(athena).run("ratio", LITERALS)
    assert athena.stopped == ["q1"]


def test_a_query_that_the_operator_ends_is_stopped() -> None:
    """Ctrl-C ends the query at Athena, too: what it reads is paid for."""
    athena = FakeAthena({"State": "RUNNING"})

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        AthenaEngine(athena, PLACE, (), sleep=interrupted).run("ratio", LITERALS)
    assert athena.stopped == ["q1"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Bytes scanned limit was exceeded", "scan limit: raise AnalysisScanLimit of the stack, or let this machine"),
        ("Query exhausted resources at this scale factor", "it needs more than Athena has for one query: let this"),
        ("Query timeout", "it took longer than Athena lets a query run: let this machine compute"),
        ("TABLE_NOT_FOUND: line 3:8: Table 'awsdatacatalog.a.exposures' does not exist", "no such table"),
        ("SCHEMA_NOT_FOUND: Schema 'database' does not exist", "no such table"),
        ("COLUMN_NOT_FOUND: line 8:7: Column 'slots' cannot be resolved", "lack a column .* deploy the stack again"),
        ("PERMISSION_DENIED: Access Denied (Service: S3; canary)", "OperatorPolicyArn"),
        ("Permission denied on S3 path: s3://canary/exposures/day=2026-09-01", "OperatorPolicyArn"),
        ("Insufficient permissions to execute the query. canary", "OperatorPolicyArn"),
        ("User: canary is not authorized to perform: glue:GetTable on resource: table/a/b", "OperatorPolicyArn"),
        ("Insufficient Lake Formation permission(s) on canary", "Lake Formation guards the tables: grant"),
        ("The specified bucket does not exist (Service: S3; Error Code: NoSuchBucket)", "Analysis=off, and then with"),
        ("HIVE_CANNOT_OPEN_SPLIT: The specified key does not exist (NoSuchKey; canary)", "deleted meanwhile: run the"),
        ("GENERIC_INTERNAL_ERROR: canary", "AWS had an error of its own: run the command again"),
        ("HIVE_CURSOR_ERROR: Row is not a valid JSON Object canary", "no JSON"),
        ("canary", "it ended as FAILED, error type 233: read Athena's own message, by `aws athena get-query-exec"),
    ],
)
@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])  # AWS cancels a query at the scan limit
def test_a_failure_has_its_reason_and_what_to_do(message: str, reason: str, state: str) -> None:
    """Athena's own message, which may quote a line, is not repeated."""
    failed = {"State": state, "StateChangeReason": message, "AthenaError": {"ErrorType": 233}}
    with pytest.raises(Failure, match=reason.replace("FAILED", state)) as raised:
        engine(FakeAthena(failed)).run("ratio", LITERALS)
    assert "`ratio`" in str(raised.value)
    assert "canary" not in str(raised.value)


def test_a_cancelled_query_is_a_failure() -> None:
    """It was stopped in the console of AWS, which gives no reason: the command to look it up has its id."""
    with pytest.raises(Failure, match=r"it ended as CANCELLED: read .* --query-execution-id q1`\.$"):
        engine(FakeAthena({"State": "CANCELLED"})).run("ratio", LITERALS)


def test_what_athena_would_do_again_is_to_be_tried_again() -> None:
    """Athena states of some errors that the same query may succeed."""
    failed = {"State": "FAILED", "AthenaError": {"ErrorType": 1, "Retryable": True}}
    with pytest.raises(Failure, match="error type 1: run the command again, or read Athena's own message"):
        engine(FakeAthena(failed)).run("ratio", LITERALS)


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("InvalidRequestException", "WorkGroup is not found.", "workgroup is not there: deploy the stack with Analysi"),
        ("InvalidRequestException", "WorkGroup group is disabled.", "is disabled: enable it in Athena's console"),
        ("InvalidRequestException", "Unable to verify/create output bucket bucket", "attach the stack's OperatorPolic"),
        ("InvalidRequestException", "Something else.", r"Athena did not take `ratio`: Something else\."),
        ("TooManyRequestsException", "Queue full", "takes no more queries of this account now: run the command again"),
    ],
)
def test_a_query_that_is_not_taken_has_its_reason_and_what_to_do(code: str, message: str, reason: str) -> None:
    """Athena answers at once that it does not run a query."""
    athena = get_session().create_client("athena", region_name="us-east-1")
    with Stubber(athena) as stub:
        stub.add_client_error("start_query_execution", code, message)
        with pytest.raises(Failure, match=reason) as raised:
            AthenaEngine(athena, PLACE, ()).run("ratio", LITERALS)
    assert sentence(raised.value) == str(raised.value)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("AccessDeniedException", "These credentials may not do StartQueryExecution: attach the stack's OperatorPol"),
        ("ExpiredTokenException", "AWS does not accept these credentials (ExpiredTokenException): sign in again."),
        ("UnrecognizedClientException", "AWS does not accept these credentials (UnrecognizedClientException): sign"),
    ],
)
def test_credentials_that_athena_refuses_are_a_sentence(code: str, text: str) -> None:
    """The error of botocore reaches the end of the command, which names the call."""
    athena = get_session().create_client("athena", region_name="us-east-1")
    with Stubber(athena) as stub:
        stub.add_client_error("start_query_execution", code, "no")
        with pytest.raises(ClientError) as raised:
            AthenaEngine(athena, PLACE, ()).run("ratio", LITERALS)
    assert str(sentence(raised.value)).startswith(text)


def test_the_inputs_are_the_objects_of_the_bucket() -> None:
    """The digest is over keys, sizes and ETags, in any order."""
    objects = [
        StoredObject(f"exposures/day=2026-09-01/{n}", f"e{n}", n, datetime(2026, 9, 1, tzinfo=UTC)) for n in (1, 2)
    ]
    digests = {AthenaEngine(None, PLACE, order).inputs() for order in (objects, objects[::-1])}
    assert len(digests) == 1
    (found,) = digests
    assert (found.engine, found.files, found.sql_digest) == ("athena", 2, sql_digest())
