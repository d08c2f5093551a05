"""The rows of one app in one DynamoDB table, for what is off the request path: the console, and the sync of states.

Every write may carry a condition. A transaction of another program holds its rows for milliseconds; a write that meets
one is sent again, here and nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from retention import table as rows
from retention.aws.sdk import Client
from retention.table import Item, Key, Request

_ATTEMPTS: Final = 6
# Seconds before the second attempt; doubled before each further one.
_PAUSE: Final = 0.05
_REFUSED: Final = "ConditionalCheckFailed"
_HELD: Final = "TransactionConflict"


@dataclass(frozen=True, slots=True)
class AppTable:
    """One app's rows. `client` is an SDK's client of DynamoDB, `name` the table's name.

    Requests are written without `TableName`, which is added here. All reads are consistent. Every method raises the
    SDK's own errors.
    """

    client: Client = field(repr=False)
    name: str
    app_apple_id: int

    # Reading

    def get(self, wanted: Key) -> Item:
        """Return one row; empty where there is none."""
        found: Item = self.client.get_item(**rows.get(self.name, wanted)).get("Item", {})
        return found

    def head(self) -> Item:
        """Return the `head` row; empty before the first publishing."""
        return self.get(rows.head_key(self.app_apple_id))

    def of_app(self, prefix: str = "") -> Iterator[Item]:
        """Yield the rows of the app's own partition whose sort keys begin with `prefix`."""
        return self._pages("query", rows.query(self.name, rows.app_pk(self.app_apple_id), prefix))

    def of_notifications(self, prefix: str) -> Iterator[Item]:
        """Yield the rows about reading Apple's notifications whose sort keys begin with `prefix`."""
        return self._pages("query", rows.query(self.name, rows.notifications_pk(self.app_apple_id), prefix))

    def of_release(self, number: int, *, prefix: str = "", attributes: str = "") -> Iterator[Item]:
        """Yield the rows of a release whose sort keys begin with `prefix`.

        With `attributes`, a projection expression, only these of each.
        """
        request = rows.query(self.name, rows.release_pk(self.app_apple_id, number), prefix)
        if attributes:
            request["ProjectionExpression"] = attributes
        return self._pages("query", request)

    def scan(self, request: Request) -> Iterator[Item]:
        """Yield the rows of the complete table, of all apps, that a filter lets through."""
        return self._pages("scan", {"TableName": self.name, "ConsistentRead": True, **request})

    def batch(self, keys: Sequence[Key]) -> Iterator[Item]:
        """Yield the rows of these keys that exist, in any order."""
        for start in range(0, len(keys), rows.BATCH_KEYS):
            request, pause = rows.batch_get(self.name, keys[start : start + rows.BATCH_KEYS]), _PAUSE
            while True:
                answer = self.client.batch_get_item(**request)
                yield from answer["Responses"].get(self.name, ())
                request = {"RequestItems": answer.get("UnprocessedKeys")}
                if not request["RequestItems"]:
                    break
                time.sleep(pause)
                pause *= 2

    def _pages(self, operation: str, request: Request) -> Iterator[Item]:
        for page in self.client.get_paginator(operation).paginate(**request):
            yield from page["Items"]

    # Writing

    def put(self, request: Request) -> bool:
        """Send a PutItem. Returns False where its condition does not hold."""
        return self._send(self.client.put_item, {"TableName": self.name, **request}) is not None

    def put_if_absent(self, item: Item) -> bool:
        """Write a row unless one of its key exists. Returns whether it was written."""
        return self.put({"Item": item, "ConditionExpression": "attribute_not_exists(pk)"})

    def update(self, request: Request) -> bool:
        """Send an UpdateItem. Returns False where its condition does not hold."""
        return self._send(self.client.update_item, {"TableName": self.name, **request}) is not None

    def update_and_read(self, request: Request) -> Item:
        """Send an UpdateItem without a condition. Returns the row as it is afterwards."""
        answer = self._send(self.client.update_item, {"TableName": self.name, **request, "ReturnValues": "ALL_NEW"})
        found: Item = (answer or {})["Attributes"]
        return found

    def delete(self, wanted: Key) -> None:
        """Delete a row, which need not exist."""
        self._send(self.client.delete_item, {"TableName": self.name, "Key": wanted})

    def transact(self, *actions: Request) -> bool:
        """Send a transaction of actions, e.g. {"Put": {…}}. Returns False where one of its conditions does not hold."""
        named = [{kind: {"TableName": self.name, **request} for kind, request in action.items()} for action in actions]
        return self._send(self.client.transact_write_items, {"TransactItems": named}) is not None

    def _send(self, write: Callable[..., Any], request: Request) -> dict[str, Any] | None:
        """Send a write until no other transaction holds its rows. Returns None where a condition does not hold."""
        errors = self.client.exceptions
        conflicts = (
            errors.ConditionalCheckFailedException,
            errors.TransactionCanceledException,
            errors.TransactionConflictException,
        )
        for attempt in range(_ATTEMPTS):
            try:
                answer: dict[str, Any] = write(**request)
            except conflicts as error:
                reasons = _reasons(error)
                if _REFUSED in reasons:
                    return None
                if _HELD not in reasons or attempt + 1 == _ATTEMPTS:
                    raise
                time.sleep(_PAUSE * 2**attempt)
            else:
                return answer
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover


def _reasons(error: Any) -> set[str]:  # noqa: ANN401  # the SDK makes its exceptions' classes when it runs
    """Return why DynamoDB refused: a transaction names a reason for each of its actions, another write has one."""
    response = error.response
    if "CancellationReasons" in response:
        return {str(reason.get("Code")) for reason in response["CancellationReasons"]}
    return {str(response["Error"]["Code"]).removesuffix("Exception")}
