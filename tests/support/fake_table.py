"""A fake DynamoDB for the store that can be made to fail, and a release to put into it."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from retention import table as rows
from retention.aws.connection import CallFailedError
from retention.aws.deadline import Deadline, OutOfTimeError
from retention.catalog import FORMAT

APP = 6745974591
TABLE = "retention"
CUSTOMER_KEY = bytes(range(32))

KEEP_EN = "11111111-1111-5111-8111-111111111111"
KEEP_FR = "22222222-2222-5222-8222-222222222222"
ANYONE_EN = "33333333-3333-5333-8333-333333333333"
HERO = "99999999-9999-5999-8999-999999999999"

SETTINGS = {
    "appAppleId": APP,
    "bundleId": "com.example.app",
    "issuerId": "57246542-96fe-1a63-e053-0824d011072a",
    "keyId": "ABC123DEFG",
    "signs": False,
    "locales": {"default": "en-US", "fallbacks": {}},
}


def sheet(product_id: str | None, rule: str, texts: Mapping[str, list[str]], **more: Any) -> dict[str, Any]:
    product = None
    if product_id is not None:
        product = {"productId": product_id, "group": "pro", "advancedCommerce": False, "bundle": False}
    answer = {"kind": "message", "set": "keep"}
    return {
        "product": product,
        "rules": [{"name": rule, "when": None, "from": None, "until": None, "answer": answer}],
        "sets": {"keep": dict(texts)},
        "pictured": [],
        **more,
    }


SHEETS = {
    "pro.monthly": sheet("pro.monthly", "monthly", {"en-US": [KEEP_EN], "fr-FR": [KEEP_FR]}),
    "*": sheet(None, "anyone", {"en-US": [ANYONE_EN]}),
}


@dataclass
class FakeTable:
    """Rows by key. It notes every call, and passes it to `fault` before the answer.

    Stands in for `retention.aws.connection.Connection` too.
    """

    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    fault: Callable[[str, dict[str, Any]], None] = lambda _operation, _request: None
    # How many BatchGetItem answers leave all but one key unprocessed.
    unprocessed: int = 0
    # Every BatchGetItem answer leaves all of it unprocessed.
    throttled: bool = False
    # What eventually consistent reads see instead, where it is set.
    lagging: dict[tuple[str, str], dict[str, Any]] | None = None
    closed: int = 0

    def put(self, key: rows.Key, attributes: Mapping[str, Any]) -> None:
        self.items[key["pk"]["S"], key["sk"]["S"]] = {**key, **attributes}

    def remove(self, key: rows.Key) -> None:
        del self.items[key["pk"]["S"], key["sk"]["S"]]

    def call(self, operation: str, request: Mapping[str, Any], deadline: Deadline | None = None) -> dict[str, Any]:
        self.calls.append((operation, dict(request)))
        if deadline is not None and not deadline.left():
            raise OutOfTimeError
        try:
            self.fault(operation, dict(request))
        except Hang:
            assert deadline is not None
            threading.Event().wait(deadline.left())
            raise OutOfTimeError from None
        answer: dict[str, Any] = getattr(self, operation)(**request)
        return copy.deepcopy(answer)

    def close(self) -> None:
        self.closed += 1

    def get_item(self, *, TableName: str, Key: rows.Key, ConsistentRead: bool) -> dict[str, Any]:  # noqa: N803  # theirs
        assert TableName == TABLE
        items = self.items if ConsistentRead or self.lagging is None else self.lagging
        item = items.get((Key["pk"]["S"], Key["sk"]["S"]))
        return {} if item is None else {"Item": item}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  # DynamoDB's name
        wanted = RequestItems[TABLE]
        keys = wanted["Keys"]
        names = [(key["pk"]["S"], key["sk"]["S"]) for key in keys]
        assert len(set(names)) == len(names) <= 100
        items = self.items if wanted["ConsistentRead"] or self.lagging is None else self.lagging
        if self.throttled:
            return {"Responses": {}, "UnprocessedKeys": RequestItems}
        left: dict[str, Any] = {}
        if self.unprocessed and len(keys) > 1:
            self.unprocessed -= 1
            left = {TABLE: {**wanted, "Keys": keys[1:]}}
            names = names[:1]
        return {"Responses": {TABLE: [items[n] for n in names if n in items]}, "UnprocessedKeys": left}

    # What tests do to it.

    def publish(
        self,
        release: int,
        sheets: Mapping[str, Any] = SHEETS,
        *,
        version: int | None = None,
        format_version: int = FORMAT,
        settings: Mapping[str, Any] = SETTINGS,
        first: Sequence[str] | None = None,
    ) -> None:
        for product, document in sheets.items():
            self.put(rows.sheet_key(APP, release, product), rows.document_attributes(document))
        named = [product for product in sheets if product != "*"]
        self.put(rows.settings_key(APP, release), rows.settings_attributes(settings, format_version, named, first))
        self.head(current=release, version=release if version is None else version)

    def head(self, *, current: int, version: int, paused: bool = False) -> None:
        self.put(
            rows.head_key(APP),
            {
                "current": {"N": str(current)},
                "catalogVersion": {"N": str(version)},
                "paused": {"BOOL": paused},
                "customerKey": {"B": CUSTOMER_KEY},
            },
        )

    def state(self, message: str, state: str, images: Mapping[str, str] | None = None) -> None:
        folded = {"M": {image: {"S": standing} for image, standing in (images or {}).items()}}
        self.put(rows.message_key(APP, message), {"state": {"S": state}, "images": folded})


def published() -> FakeTable:
    """Return a table with release 1 live and all its messages approved."""
    table = FakeTable()
    table.publish(1)
    for message in (KEEP_EN, KEEP_FR, ANYONE_EN):
        table.state(message, "APPROVED")
    return table


def fails(_operation: str, _request: dict[str, Any]) -> None:
    raise CallFailedError("InternalServerError")


class Hang(Exception):  # noqa: N818  # what happens, not what is raised
    """No answer comes until the deadline."""


def hangs(_operation: str, _request: dict[str, Any]) -> None:
    raise Hang


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
