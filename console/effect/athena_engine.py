"""Athena as the engine of an analysis: the same SQL, over the tables of the stack in S3."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from console.deployment.stack import Analysis
from console.deployment.stored_lines import StoredObject
from console.effect.literals import render
from console.effect.queries import sql_digest, sql_text
from console.effect.rows import InputDigest, Literals, Row
from console.terminal.failure import Failure

_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 8.0
_PATIENCE: Final = 1800.0
_NUMBERS: Final = frozenset({"tinyint", "smallint", "integer", "int", "bigint", "decimal", "hugeint"})

_FORBIDDEN: Final = "these credentials may not read the bucket or the tables: attach the stack's OperatorPolicyArn"
_NO_TABLE: Final = "the database has no such table: deploy the stack with Analysis=on"
_NO_JSON: Final = "a line in the bucket is no JSON: look at the newest objects of the table"
_AGAIN: Final = "run the command again"
_HERE: Final = "let this machine compute, with --engine duckdb"

# Why Athena failed, by what its message has, and what to do about it: the first that fits.
_REASONS: Final = (
    (
        "bytes scanned limit",
        f"it would read more than the workgroup's scan limit: raise AnalysisScanLimit of the stack, or {_HERE}",
    ),
    ("exhausted", f"it needs more than Athena has for one query: {_HERE}"),
    ("query timeout", f"it took longer than Athena lets a query run: {_HERE}"),
    (
        "lake formation",
        "Lake Formation guards the tables: grant these credentials SELECT on the stack's database there",
    ),
    ("nosuchbucket", "the stack's bucket is not there: deploy the stack with Analysis=off, and then with Analysis=on"),
    ("nosuchkey", f"an object of the bucket was deleted meanwhile: {_AGAIN}"),
    ("table_not_found", _NO_TABLE),
    ("does not exist", _NO_TABLE),
    ("column_not_found", "the stack's tables lack a column that this version reads: deploy the stack again"),
    ("cannot be resolved", "the stack's tables lack a column that this version reads: deploy the stack again"),
    *((mark, _FORBIDDEN) for mark in ("access denied", "accessdenied", "permission denied", "permission_denied")),
    *((mark, _FORBIDDEN) for mark in ("insufficient permission", "not authorized")),
    *((mark, _NO_JSON) for mark in ("hive_cursor_error", "hive_bad_data")),
    *((mark, f"AWS had an error of its own: {_AGAIN}") for mark in ("internal error", "internal_error", "slowdown")),
)
# Why Athena takes no query at all, likewise.
_REFUSALS: Final = (
    ("workgroup is not found", "the stack's workgroup is not there: deploy the stack with Analysis=on"),
    ("disabled", "the stack's workgroup is disabled: enable it in Athena's console"),
    ("output bucket", "these credentials may not write results: attach the stack's OperatorPolicyArn"),
)


class AthenaEngine:
    """Runs queries by boto3's client `athena`. `objects` are those of the bucket, for the digest of what was read."""

    def __init__(
        self,
        athena: Any,  # noqa: ANN401  # boto3 makes clients at run time
        place: Analysis,
        objects: Sequence[StoredObject],
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._athena, self._place, self._objects = athena, place, objects
        self._sleep, self._clock = sleep, clock

    def run(self, name: str, literals: Literals) -> list[Row]:
        """Return the rows of a query. Raises Failure with Athena's reason, and botocore's errors.

        A query that the operator does not wait for is stopped, since what it reads is paid for.
        """
        execution = self._start(name, literals)
        try:
            self._wait(name, execution)
        except KeyboardInterrupt:
            self._athena.stop_query_execution(QueryExecutionId=execution)
            raise
        return list(self._rows(execution))

    def inputs(self) -> InputDigest:
        names = "\n".join(sorted(f"{one.key} {one.size} {one.etag}" for one in self._objects))
        digest = hashlib.sha256(names.encode()).hexdigest()
        return InputDigest("athena", len(self._objects), digest, sql_digest())

    def _start(self, name: str, literals: Literals) -> str:
        try:
            started = self._athena.start_query_execution(
                QueryString=render(sql_text(name), literals),
                QueryExecutionContext={"Database": self._place.database},
                WorkGroup=self._place.work_group,
            )
        except self._athena.exceptions.TooManyRequestsException:
            raise Failure(
                f"Athena takes no more queries of this account now: {_AGAIN} in some minutes, or {_HERE}."
            ) from None
        except self._athena.exceptions.InvalidRequestException as error:
            raise Failure(f"Athena did not take `{name}`: {_refusal(error)}.") from None
        return str(started["QueryExecutionId"])

    def _wait(self, name: str, execution: str) -> None:
        wait, end = _FIRST_WAIT, self._clock() + _PATIENCE
        while True:
            status = self._athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
            if status["State"] == "SUCCEEDED":
                return
            if status["State"] in {"FAILED", "CANCELLED"}:
                raise Failure(f"Athena could not compute `{name}`: {_reason(status, execution)}.")
            if self._clock() >= end:
                self._athena.stop_query_execution(QueryExecutionId=execution)
                raise Failure(
                    f"Athena did not compute `{name}` within {_PATIENCE / 60:.0f} minutes, and was stopped:"
                    f" {_AGAIN}, or {_HERE}."
                )
            self._sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    def _rows(self, execution: str) -> Iterator[Row]:
        head = True
        for page in self._athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution):
            columns = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            rows = page["ResultSet"]["Rows"]
            for row in rows[1:] if head else rows:  # the first row of all has the names
                cells = (cell.get("VarCharValue") for cell in row["Data"])
                yield {each["Name"].lower(): _value(cell, each) for each, cell in zip(columns, cells, strict=True)}
            head = False


def _value(cell: str | None, about: Mapping[str, Any]) -> str | int | None:
    """Return a cell; Athena returns texts and the type of each column."""
    if cell is None or about["Type"].partition("(")[0] not in _NUMBERS:
        return cell
    return int(cell)


def _reason(status: Mapping[str, Any], execution: str) -> str:
    """Return why a query failed. Athena's own message may quote a line of the log, so it is not repeated here."""
    message = str(status.get("StateChangeReason", "")).lower()
    for mark, reason in _REASONS:
        if mark in message:
            return reason
    error = status.get("AthenaError", {})
    kind = f", error type {error['ErrorType']}" if "ErrorType" in error else ""
    again = f" {_AGAIN}, or" if error.get("Retryable") else ""
    return (
        f"it ended as {status['State']}{kind}:{again} read Athena's own message, by `aws athena get-query-execution"
        f" --query-execution-id {execution}`"
    )


def _refusal(error: Exception) -> str:
    """Return why a query was not taken: AWS's message, where nothing better is known."""
    message = str(getattr(error, "response", {}).get("Error", {}).get("Message", "")).rstrip(".")
    for mark, reason in _REFUSALS:
        if mark in message.lower():
            return reason
    return message or "it gives no reason"
