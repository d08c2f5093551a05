"""Athena as the engine of an analysis: the same SQL, over the tables of the stack in S3."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from console.deployment.stack import Analysis
from console.deployment.stored_lines import StoredObject
from console.effect.athena_errors import AGAIN, HERE, reason, refusal
from console.effect.literals import render
from console.effect.queries import sql_digest, sql_text
from console.effect.rows import InputDigest, Literals, Row
from console.terminal.failure import Failure

_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 8.0
_PATIENCE: Final = 1800.0
_NUMBERS: Final = frozenset({"tinyint", "smallint", "integer", "int", "bigint", "decimal", "hugeint"})


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
                f"Athena takes no more queries of this account now: {AGAIN} in some minutes, or {HERE}."
            ) from None
        except self._athena.exceptions.InvalidRequestException as error:
            raise Failure(f"Athena did not take `{name}`: {refusal(error)}.") from None
        return str(started["QueryExecutionId"])

    def _wait(self, name: str, execution: str) -> None:
        wait, end = _FIRST_WAIT, self._clock() + _PATIENCE
        while True:
            status = self._athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
            if status["State"] == "SUCCEEDED":
                return
            if status["State"] in {"FAILED", "CANCELLED"}:
                raise Failure(f"Athena could not compute `{name}`: {reason(status, execution)}.")
            if self._clock() >= end:
                self._athena.stop_query_execution(QueryExecutionId=execution)
                raise Failure(
                    f"Athena did not compute `{name}` within {_PATIENCE / 60:.0f} minutes, and was stopped:"
                    f" {AGAIN}, or {HERE}."
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
