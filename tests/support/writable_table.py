"""A DynamoDB in memory that also takes writes: the conditions, updates and transactions that our code sends, no others.

    table = WritableTable()
    publish(table.client(), TABLE, …)       # the SDK's face of it, with the SDK's exceptions
    Store(lambda: table, TABLE)             # the connection's face of it, inherited

Quick enough for hundreds of thousands of calls. What it answers is compared with DynamoDB Local, request by request, in
tests/reliability/test_consistency.py: it is a model, and no better than that comparison.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from tests.support.fake_table import TABLE, FakeTable
from tests.support.pages import Pages

Row: TypeAlias = dict[str, Any]
Name: TypeAlias = tuple[str, str]

_TOKEN = re.compile(r"\s*(<>|[(),=<]|[#:]?[\w.#]+)")


class ConditionFailed(Exception):  # noqa: N818  # DynamoDB's name for it, shortened
    """ConditionalCheckFailedException."""

    response: Final = {"Error": {"Code": "ConditionalCheckFailedException"}}


class Conflict(Exception):  # noqa: N818  # likewise
    """TransactionConflictException: never raised here, where one call happens at a time."""


class Cancelled(Exception):  # noqa: N818  # likewise
    """TransactionCanceledException."""

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__(", ".join(codes))
        self.response = {"CancellationReasons": [{"Code": code} for code in codes]}


@dataclass(frozen=True)
class Change:
    """One row, before and after a write."""

    name: Name
    before: Row | None
    after: Row | None


@dataclass
class WritableTable(FakeTable):
    """`changed` is called for every write that changed rows, before another thread can read them."""

    changed: Callable[[Sequence[Change]], None] = lambda _: None
    # Every write sent, and the error it met, if any.
    sent: list[tuple[str, dict[str, Any], str | None]] = field(default_factory=list)

    def call(self, operation: str, request: Mapping[str, Any], _deadline: object = None) -> dict[str, Any]:
        kept = dict(request)
        if operation not in _WRITES:
            answer: dict[str, Any] = copy.deepcopy(getattr(self, operation)(**kept))
            return answer
        try:
            answer = copy.deepcopy(getattr(self, operation)(**kept))
        except ConditionFailed:
            self.sent.append((operation, kept, "ConditionFailed"))
            raise
        except Cancelled as error:
            self.sent.append((operation, kept, str(error)))
            raise
        self.sent.append((operation, kept, None))
        return answer

    def client(self, call: Callable[[str, dict[str, Any]], dict[str, Any]] | None = None) -> Client:
        return Client(call or self.call)

    def query(self, **request: Any) -> dict[str, Any]:
        values = request["ExpressionAttributeValues"]
        assert request["ConsistentRead"] is True
        pk, prefix = values[":pk"]["S"], values.get(":prefix", {"S": ""})["S"]
        assert request["KeyConditionExpression"] == ("pk = :pk AND begins_with(sk, :prefix)" if prefix else "pk = :pk")
        found = sorted(name for name in self.items if name[0] == pk and name[1].startswith(prefix))
        return {"Items": [self.items[name] for name in found]}

    def put_item(self, **request: Any) -> dict[str, Any]:
        item = request["Item"]
        self._write([self._judged(_name(item), request, lambda _: copy.deepcopy(item))])
        return {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        change = self._judged(_name(request["Key"]), request, lambda row: _updated(row, request))
        self._write([change])
        return {"Attributes": change.after} if request.get("ReturnValues") == "ALL_NEW" else {}

    def delete_item(self, **request: Any) -> dict[str, Any]:
        self._write([self._judged(_name(request["Key"]), request, lambda _: None)])
        return {}

    def transact_write_items(self, *, TransactItems: Sequence[Any]) -> dict[str, Any]:  # noqa: N803  # DynamoDB's name
        changes, codes = [], []
        for action in TransactItems:
            ((kind, request),) = action.items()
            try:
                changes.append(self._action(kind, request))
                codes.append("None")
            except ConditionFailed:
                codes.append("ConditionalCheckFailed")
        if set(codes) != {"None"}:
            raise Cancelled(codes)
        assert len({change.name for change in changes}) == len(changes)  # DynamoDB takes no row twice
        self._write(changes)
        return {}

    def _action(self, kind: str, request: Mapping[str, Any]) -> Change:
        if kind == "Put":
            return self._judged(_name(request["Item"]), request, lambda _: copy.deepcopy(request["Item"]))
        results: dict[str, Callable[[Row], Row | None]] = {
            "Update": lambda row: _updated(row, request),
            "Delete": lambda _: None,
            "ConditionCheck": lambda row: row or None,
        }
        return self._judged(_name(request["Key"]), request, results[kind])

    def _judged(self, name: Name, request: Mapping[str, Any], result: Callable[[Row], Row | None]) -> Change:
        assert request["TableName"] == TABLE
        before = self.items.get(name)
        if "ConditionExpression" in request and not _Condition(before or {}, request).holds():
            raise ConditionFailed
        return Change(name, before, result(copy.deepcopy(before or {})))

    def _write(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.after is not None:
                self.items[change.name] = dict(change.after)
            else:
                self.items.pop(change.name, None)
        self.changed([change for change in changes if change.before != change.after])


_WRITES = frozenset({"put_item", "update_item", "delete_item", "transact_write_items"})


class Exceptions:
    ConditionalCheckFailedException = ConditionFailed
    TransactionConflictException = Conflict
    TransactionCanceledException = Cancelled


class Client:
    """A stand-in for the SDK's client, for the console."""

    exceptions = Exceptions

    def __init__(self, call: Callable[[str, dict[str, Any]], dict[str, Any]]) -> None:
        self._call = call

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        if not hasattr(WritableTable, operation):
            raise AttributeError(operation)
        return lambda **request: self._call(operation, request)

    def get_paginator(self, operation: str) -> Pages:
        return Pages(getattr(self, operation))

    def close(self) -> None:
        pass


def _name(key: Mapping[str, Any]) -> Name:
    return key["pk"]["S"], key["sk"]["S"]


# Expressions -------------------------------------------------------------------------------------------------------


class _Expression:
    """Tokens read from left to right, and what their names and values stand for."""

    def __init__(self, text: str, row: Row, request: Mapping[str, Any]) -> None:
        self._tokens = _TOKEN.findall(text)
        assert "".join(self._tokens) == re.sub(r"\s", "", text), text
        self._row = row
        self._names = request.get("ExpressionAttributeNames", {})
        self._values = request.get("ExpressionAttributeValues", {})

    def ended(self) -> bool:
        return not self._tokens

    def peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def take(self, *expected: str) -> str:
        token: str = self._tokens.pop(0)
        assert not expected or token in expected, (token, expected)
        return token

    def path(self) -> list[str]:
        """An attribute's name, or the way into a map."""
        return [self._names[part] if part.startswith("#") else part for part in self.take().split(".")]

    def found(self, path: Sequence[str]) -> Any:
        """The value at a path, None where there is none."""
        first, *rest = path
        value = self._row.get(first)
        for part in rest:
            value = value.get("M", {}).get(part) if value is not None else None
        return value

    def value(self) -> Any:
        """A value by its name, an attribute's, or `if_not_exists(path, value)`."""
        if self.peek() == "if_not_exists":
            self.take()
            self.take("(")
            present = self.found(self.path())
            self.take(",")
            otherwise = self.value()
            self.take(")")
            return otherwise if present is None else present
        if self.peek().startswith(":"):
            return self._values[self.take()]
        return self.found(self.path())


class _Condition(_Expression):
    def __init__(self, row: Row, request: Mapping[str, Any]) -> None:
        super().__init__(request["ConditionExpression"], row, request)

    def holds(self) -> bool:
        held = self._any()
        assert self.ended()
        return held

    def _any(self) -> bool:
        held = [self._all()]
        while self.peek() == "OR":
            self.take()
            held.append(self._all())
        return any(held)

    def _all(self) -> bool:
        held = [self._one()]
        while self.peek() == "AND":
            self.take()
            held.append(self._one())
        return all(held)

    def _one(self) -> bool:
        match self.peek():
            case "NOT":
                self.take()
                return not self._one()
            case "attribute_exists" | "attribute_not_exists" | "attribute_type":
                return self._function(self.take())
            case _:
                left = self.value()
                operator = self.take("=", "<>", "<")
                right = self.value()
                if operator == "<":  # of what is missing, or of two types, neither is less
                    numbers = [value["N"] for value in (left, right) if value is not None and "N" in value]
                    return len(numbers) == 2 and float(numbers[0]) < float(numbers[1])
                # To DynamoDB an attribute that is not there equals nothing, and differs from everything.
                equal = left is not None and right is not None and left == right
                return equal if operator == "=" else not equal

    def _function(self, name: str) -> bool:
        self.take("(")
        present = self.found(self.path())
        kind = None
        if name == "attribute_type":
            self.take(",")
            kind = self.value()["S"]
        self.take(")")
        if kind is not None:
            return present is not None and kind in present
        return (present is not None) is (name == "attribute_exists")


def _updated(row: Row, request: Mapping[str, Any]) -> Row:
    """The row after an UpdateExpression of SET, ADD and REMOVE; every value is of the row before."""
    expression = _Expression(request["UpdateExpression"], copy.deepcopy(row), request)
    after = {**copy.deepcopy(request["Key"]), **row}
    for path, value in _assignments(expression):
        target = after
        for part in path[:-1]:
            target = target[part]["M"]
        if value is None:
            target.pop(path[-1], None)
        else:
            target[path[-1]] = copy.deepcopy(value)
    return after


def _assignments(expression: _Expression) -> Iterator[tuple[list[str], Any]]:
    """Yield each path with its new value, None for one that is removed."""
    clause = ""
    while not expression.ended():
        clause = expression.take() if expression.peek() in {"SET", "ADD", "REMOVE"} else clause
        path = expression.path()
        if clause == "REMOVE":
            yield path, None
        elif clause == "SET":
            expression.take("=")
            yield path, expression.value()
        else:
            present = expression.found(path) or {"N": "0"}
            yield path, {"N": str(int(present["N"]) + int(expression.value()["N"]))}
        if expression.peek() == ",":
            expression.take()
