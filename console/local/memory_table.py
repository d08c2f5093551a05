"""The rows of one app in this process, in the place of DynamoDB, for thousands of requests and notifications a minute.

It answers what the real-time function and the intake of notifications send, and refuses every other form of request: a
read of one row or of several, and an update that sets attributes under a condition of equalities. Tests compare its
answers with those of the embedded DynamoDB.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from retention.aws.deadline import Deadline
from retention.table import Item

_ABSENT: Final = re.compile(r"attribute_not_exists\((#\w+)\)")
_EQUAL: Final = re.compile(r"(#\w+) = (:\w+)")


class ConditionError(Exception):
    """DynamoDB's ConditionalCheckFailedException."""

    response: Final = {"Error": {"Code": "ConditionalCheckFailedException"}}


class _NeverError(Exception):
    """What a table with one writer never raises."""


class TableErrors:
    """The exceptions of an SDK's client, by DynamoDB's names."""

    ConditionalCheckFailedException: Final = ConditionError
    TransactionCanceledException: Final = _NeverError
    TransactionConflictException: Final = _NeverError


@dataclass(slots=True)
class MemoryTable:
    """Rows by their keys. It stands both for an SDK's client and for the function's own connection."""

    rows: dict[tuple[str, str], Item] = field(default_factory=dict, repr=False)
    exceptions: type[TableErrors] = TableErrors

    @classmethod
    def of(cls, items: Iterable[Item]) -> MemoryTable:
        """Return a table with these rows."""
        return cls({_place(item): item for item in items})

    def call(self, operation: str, request: Mapping[str, Any], _deadline: Deadline | None = None) -> dict[str, Any]:
        """Answer as a connection of the function does."""
        answer: dict[str, Any] = getattr(self, operation)(**request)
        return answer

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def get_item(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401  # DynamoDB's request
        """Return one row."""
        found = self.rows.get(_place(request["Key"]))
        return {} if found is None else {"Item": found}

    def batch_get_item(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401  # DynamoDB's request
        """Return those rows that exist."""
        ((table, wanted),) = request["RequestItems"].items()
        places = [_place(key) for key in wanted["Keys"]]
        return {
            "Responses": {table: [self.rows[place] for place in places if place in self.rows]},
            "UnprocessedKeys": {},
        }

    def update_item(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401  # DynamoDB's request
        """Set attributes where the condition holds, else raise ConditionError. Other forms raise ValueError."""
        place = _place(request["Key"])
        names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
        row = self.rows.get(place, {})
        for part in request["ConditionExpression"].split(" AND "):
            if not _holds(part, row, names, values):
                raise ConditionError
        clauses = request["UpdateExpression"].removeprefix("SET ").split(", ")
        assigned = [_matched(_EQUAL, clause) for clause in clauses]
        self.rows[place] = {**request["Key"], **row, **{names[name]: values[value] for name, value in assigned}}
        return {}


def _holds(part: str, row: Item, names: Mapping[str, str], values: Mapping[str, Any]) -> bool:
    absent = _ABSENT.fullmatch(part)
    if absent is not None:
        return names[absent[1]] not in row
    name, value = _matched(_EQUAL, part)
    return bool(row.get(names[name]) == values[value])


def _matched(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(f"this table does not know the expression {text!r}")
    return found[1], found[2]


def _place(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
