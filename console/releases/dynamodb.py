"""What is asked of DynamoDB: `head`, a batch that comes whole, a transaction that says whether it took place."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from retention import table as rows
from retention.aws.sdk import Client
from retention.table import BATCH_KEYS, Item, Key, Request

_ATTEMPTS: Final = 6
_PAUSE: Final = 0.05


def head_of(client: Client, table: str, app_apple_id: int) -> Item:
    found: Item = client.get_item(**rows.get(table, rows.head_key(app_apple_id))).get("Item", {})
    return found


def current_in(head: Item) -> int | None:
    return rows.number(head, "current") if "current" in head else None


def batch(client: Client, table: str, keys: Sequence[Key]) -> Iterator[Item]:
    for start in range(0, len(keys), BATCH_KEYS):
        request, pause = rows.batch_get(table, keys[start : start + BATCH_KEYS]), _PAUSE
        while True:
            answer = client.batch_get_item(**request)
            yield from answer["Responses"].get(table, ())
            request = {"RequestItems": answer.get("UnprocessedKeys")}
            if not request["RequestItems"]:
                break
            time.sleep(pause)
            pause *= 2


def transacted(client: Client, actions: Sequence[Request]) -> bool:
    """Send a transaction. Returns False where one of its conditions does not hold."""
    for attempt in range(_ATTEMPTS):
        try:
            client.transact_write_items(TransactItems=list(actions))
        except client.exceptions.TransactionCanceledException as error:
            codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
            if "ConditionalCheckFailed" in codes:
                return False
            if "TransactionConflict" not in codes or attempt + 1 == _ATTEMPTS:
                raise
            time.sleep(_PAUSE * 2**attempt)  # somebody else's transaction holds one of the rows
        else:
            return True
    return False


def said(item: Item, name: str) -> str:
    return rows.string(item, name) if name in item else ""


def count(item: Item, name: str) -> int:
    return rows.number(item, name) if name in item else 0


def instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
