"""Calls that read rows of the table, each within a deadline; what they return is checked for its form."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any, Final, TypeAlias

from retention import table as rows
from retention.aws.connection import Caller, CallFailedError
from retention.aws.deadline import Deadline
from retention.table import BATCH_KEYS, Item, Key

Place: TypeAlias = tuple[str, str]  # partition key and sort key
Found: TypeAlias = dict[Place, Item]

_FIRST_PAUSE: Final = 0.010  # seconds before unprocessed keys are asked for again; doubled each time

# All that GetItem answers, from DynamoDB or through the SDK, where there is no such row.
_WITHOUT_ITEM: Final = frozenset({"ConsumedCapacity", "ResponseMetadata"})


class TableReader:
    """One table, read over one connection, which `connect` makes when it is first needed. Threads may share it.

    Reading raises OutOfTimeError where the deadline comes first, and CallFailedError for every other failure of a call.
    """

    def __init__(self, connect: Callable[[], Caller], table: str) -> None:
        self._connect = connect
        self._table = table
        self._connecting = Lock()
        self._connection: Caller | None = None

    def row(self, key: Key, deadline: Deadline, *, consistent: bool = True) -> Item | None:
        """Read one row, None where it does not exist."""
        answer = self._call("get_item", rows.get(self._table, key, consistent=consistent), deadline)
        return _read_item(answer, key)

    def rows(self, keys: list[Key], deadline: Deadline, *, consistent: bool = True) -> Found:
        """Read those of these rows that exist, asking again for what DynamoDB left unprocessed."""
        found: Found = {}
        for start in range(0, len(keys), BATCH_KEYS):
            wanted = keys[start : start + BATCH_KEYS]
            pause = _FIRST_PAUSE
            while True:
                request = rows.batch_get(self._table, wanted, consistent=consistent)
                items, wanted = _read_batch(self._call("batch_get_item", request, deadline), self._table, wanted)
                found |= items
                if not wanted:
                    break
                time.sleep(min(pause, deadline.left()))
                pause *= 2
        return found

    def drop_connections(self) -> None:
        """Close idle connections; the next call opens a new one."""
        if self._connection is not None:
            self._connection.close()

    def _call(self, operation: str, request: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
        return self._connected().call(operation, request, deadline)

    def _connected(self) -> Caller:
        with self._connecting:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection


def place_of(key: Key) -> Place:
    """Return where a row is."""
    return key["pk"]["S"], key["sk"]["S"]


def _read_item(answer: Mapping[str, Any], wanted: Key) -> Item | None:
    """Return GetItem's row, None where there is none; raise CallFailedError for another row or form.

    A customer whose profile could not be read is not one without a profile, nor one with another customer's.
    """
    if answer.keys() <= _WITHOUT_ITEM:
        return None
    item = answer.get("Item")
    if not isinstance(item, Mapping) or any(item.get(name) != value for name, value in wanted.items()):
        raise CallFailedError("UnexpectedAnswer")
    return item


def _read_batch(answer: Mapping[str, Any], table: str, wanted: list[Key]) -> tuple[Found, list[Key]]:
    """Return BatchGetItem's rows, and which of the `wanted` keys it left unprocessed."""
    responses, unprocessed = answer.get("Responses"), answer.get("UnprocessedKeys") or {}
    if not isinstance(responses, Mapping) or not isinstance(unprocessed, Mapping):
        raise CallFailedError("UnexpectedAnswer")
    items = responses.get(table, ())
    lists = [held.get("Keys") if isinstance(held, Mapping) else None for held in unprocessed.values()]
    found = dict(zip(_places(items), items, strict=True))
    left = {place for keys in lists for place in _places(keys)}
    again = [key for key in wanted if place_of(key) in left]
    if len(again) != len(left):
        raise CallFailedError("UnexpectedAnswer")
    return found, again


def _places(items: object) -> Iterable[Place]:
    """Return where each of these rows is. Raises CallFailedError for anything but a list of rows or keys."""
    if not isinstance(items, (list, tuple)):
        raise CallFailedError("UnexpectedAnswer")
    return [_place(item) for item in items]


def _place(item: object) -> Place:
    match item:
        case {"pk": {"S": str(pk)}, "sk": {"S": str(sk)}}:
            return pk, sk
    raise CallFailedError("UnexpectedAnswer")
