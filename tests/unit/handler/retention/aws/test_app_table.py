"""One app's rows in one table: page after page, under conditions, and next to another program's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable

from console.local.rows import create_table
from tests.support.moto_client import dynamodb_client

APP = 6745974591
HEAD = rows.head_key(APP)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTable]:
    monkeypatch.setattr("retention.aws.app_table._PAUSE", 0.0)
    with mock_aws():
        client = dynamodb_client()
        create_table(client, "retention")
        yield AppTable(client, "retention", APP)


def refusal(client: Any, *codes: str) -> Exception:
    """Return the SDK's exception: of a single write for one code, of a transaction's actions for several."""
    if len(codes) == 1:
        made: Exception = getattr(client.exceptions, f"{codes[0]}Exception")(
            {"Error": {"Code": codes[0]}}, "UpdateItem"
        )
        return made
    reasons = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": c} for c in codes]}
    cancelled: Exception = client.exceptions.TransactionCanceledException(reasons, "TransactWriteItems")
    return cancelled


def refuse_next(monkeypatch: pytest.MonkeyPatch, client: Any, operation: str, *refusals: Exception) -> list[Exception]:
    """Make the next calls of an operation raise these exceptions, in this order; return those not raised yet."""
    left, send = list(refusals), getattr(client, operation)

    def sent(**request: Any) -> Any:
        if left:
            raise left.pop(0)
        return send(**request)

    monkeypatch.setattr(client, operation, sent)
    return left


def test_put_if_absent_writes_a_row_once(table: AppTable) -> None:
    """A row that does not exist reads as empty; `put_if_absent` writes it for the first caller only."""
    assert table.head() == {}
    assert table.put_if_absent({**HEAD, "paused": {"BOOL": True}})
    assert not table.put_if_absent({**HEAD, "paused": {"BOOL": False}})
    assert table.head()["paused"] == {"BOOL": True}
    table.delete(HEAD)
    assert table.get(HEAD) == {}


def test_rows_of_an_app_and_of_a_release_are_read_page_by_page(table: AppTable) -> None:
    """`of_app`, `of_release` and `scan` return all rows, although DynamoDB returns at most 1 MB for each call."""
    for number in range(5):
        content = {"document": {"B": bytes(300_000)}}
        table.put({"Item": {**rows.image_key(APP, f"{number}"), **content}})
        table.put({"Item": {**rows.sheet_key(APP, 7, f"{number}"), **content}})
    table.put({"Item": {**rows.message_key(APP, "m")}})
    assert [rows.id_of(item) for item in table.of_app(rows.IMAGE)] == ["0", "1", "2", "3", "4"]
    assert len(list(table.of_app())) == 6
    assert [set(item) for item in table.of_release(7, attributes="sk")] == [{"sk"}] * 5
    assert len(list(table.scan({}))) == 11


def test_a_transaction_writes_all_its_rows_or_none(table: AppTable) -> None:
    """If one action's condition does not hold, the transaction's other action is not written either."""
    absent = {"Item": {**HEAD}, "ConditionExpression": "attribute_not_exists(pk)"}
    assert table.transact({"Put": absent}, {"Put": {"Item": rows.message_key(APP, "one")}})
    assert not table.transact({"Put": absent}, {"Put": {"Item": rows.message_key(APP, "two")}})
    assert [rows.id_of(item) for item in table.of_app(rows.MESSAGE)] == ["one"]


UPDATE = {
    "Key": HEAD,
    "UpdateExpression": "SET paused = :paused",
    "ExpressionAttributeValues": {":paused": {"BOOL": True}},
}


def test_a_write_refused_for_a_transaction_is_sent_again(table: AppTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single write and a transaction are both repeated: another program holds the row for milliseconds."""
    left = refuse_next(monkeypatch, table.client, "update_item", refusal(table.client, "TransactionConflict"))
    assert table.update_and_read(UPDATE)["paused"] == {"BOOL": True}
    held = refusal(table.client, "None", "TransactionConflict")
    also_left = refuse_next(monkeypatch, table.client, "transact_write_items", held)
    assert table.transact({"Delete": {"Key": HEAD}})
    assert (left, also_left, table.head()) == ([], [], {})


@pytest.mark.parametrize(
    ("operation", "codes"),
    [
        ("update_item", ("ConditionalCheckFailed",)),
        ("transact_write_items", ("ConditionalCheckFailed", "TransactionConflict")),
    ],
)
def test_a_failed_condition_returns_false_and_raises_nothing(
    table: AppTable, monkeypatch: pytest.MonkeyPatch, operation: str, codes: tuple[str, ...]
) -> None:
    """A transaction returns False also if another of its actions met a conflict: a repetition could not succeed."""
    refuse_next(monkeypatch, table.client, operation, refusal(table.client, *codes))
    assert not (table.update(UPDATE) if operation == "update_item" else table.transact({"Update": UPDATE}))


@pytest.mark.parametrize(
    ("operation", "codes"),
    [
        ("update_item", ("TransactionConflict",)),
        ("transact_write_items", ("TransactionConflict", "None")),
        ("transact_write_items", ("ProvisionedThroughputExceeded", "None")),
    ],
)
def test_a_write_that_is_always_refused_raises(
    table: AppTable, monkeypatch: pytest.MonkeyPatch, operation: str, codes: tuple[str, ...]
) -> None:
    """After its last attempt a refused write raises the SDK's error, and does not return False as for a condition."""
    refused = refusal(table.client, *codes)
    refuse_next(monkeypatch, table.client, operation, *[refused] * 6)
    with pytest.raises(type(refused)):
        table.update(UPDATE) if operation == "update_item" else table.transact({"Update": UPDATE})
