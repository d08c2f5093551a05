"""One app's rows in one table: pages, conditions, and writes that meet another program's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import get_session
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable

from console.local.rows import create_table

APP = 6745974591
HEAD = rows.head_key(APP)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTable]:
    monkeypatch.setattr("retention.aws.app_table._PAUSE", 0.0)
    with mock_aws():
        client = get_session().create_client("dynamodb", region_name="us-east-1")
        create_table(client, "retention")
        yield AppTable(client, "retention", APP)


def refusal(client: Any, *codes: str) -> Exception:
    """Return what the SDK raises: one code is of a single write, more are of a transaction's actions."""
    if len(codes) == 1:
        made: Exception = getattr(client.exceptions, f"{codes[0]}Exception")(
            {"Error": {"Code": codes[0]}}, "UpdateItem"
        )
        return made
    reasons = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": c} for c in codes]}
    cancelled: Exception = client.exceptions.TransactionCanceledException(reasons, "TransactWriteItems")
    return cancelled


def meet(monkeypatch: pytest.MonkeyPatch, client: Any, operation: str, *refusals: Exception) -> list[Exception]:
    """Have the next calls of an operation refused, in this order; return those that are left."""
    left, send = list(refusals), getattr(client, operation)

    def sent(**request: Any) -> Any:
        if left:
            raise left.pop(0)
        return send(**request)

    monkeypatch.setattr(client, operation, sent)
    return left


def test_a_row_that_is_absent_is_empty_and_written_once(table: AppTable) -> None:
    """The second writer finds its condition broken."""
    assert table.head() == {}
    assert table.put_if_absent({**HEAD, "paused": {"BOOL": True}})
    assert not table.put_if_absent({**HEAD, "paused": {"BOOL": False}})
    assert table.head()["paused"] == {"BOOL": True}
    table.delete(HEAD)
    assert table.get(HEAD) == {}


def test_rows_of_an_app_and_of_a_release_are_read_page_by_page(table: AppTable) -> None:
    """A page of a query holds a megabyte."""
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
    """One condition that does not hold stops the other action too."""
    absent = {"Item": {**HEAD}, "ConditionExpression": "attribute_not_exists(pk)"}
    assert table.transact({"Put": absent}, {"Put": {"Item": rows.message_key(APP, "one")}})
    assert not table.transact({"Put": absent}, {"Put": {"Item": rows.message_key(APP, "two")}})
    assert [rows.id_of(item) for item in table.of_app(rows.MESSAGE)] == ["one"]


UPDATE = {
    "Key": HEAD,
    "UpdateExpression": "SET paused = :paused",
    "ExpressionAttributeValues": {":paused": {"BOOL": True}},
}


def test_a_write_that_meets_a_transaction_is_sent_again(table: AppTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single write and a transaction alike: the other program holds the row for milliseconds."""
    left = meet(monkeypatch, table.client, "update_item", refusal(table.client, "TransactionConflict"))
    assert table.update_and_read(UPDATE)["paused"] == {"BOOL": True}
    held = refusal(table.client, "None", "TransactionConflict")
    also_left = meet(monkeypatch, table.client, "transact_write_items", held)
    assert table.transact({"Delete": {"Key": HEAD}})
    assert (left, also_left, table.head()) == ([], [], {})


@pytest.mark.parametrize(
    ("operation", "codes"),
    [
        ("update_item", ("ConditionalCheckFailed",)),
        ("transact_write_items", ("ConditionalCheckFailed", "TransactionConflict")),
    ],
)
def test_a_condition_that_does_not_hold_is_an_answer_and_no_error(
    table: AppTable, monkeypatch: pytest.MonkeyPatch, operation: str, codes: tuple[str, ...]
) -> None:
    """Also where another action of the transaction met a conflict: sending it again could not succeed."""
    meet(monkeypatch, table.client, operation, refusal(table.client, *codes))
    assert not (table.update(UPDATE) if operation == "update_item" else table.transact({"Update": UPDATE}))


@pytest.mark.parametrize(
    ("operation", "codes"),
    [
        ("update_item", ("TransactionConflict",)),
        ("transact_write_items", ("TransactionConflict", "None")),
        ("transact_write_items", ("ProvisionedThroughputExceeded", "None")),
    ],
)
def test_a_write_that_cannot_succeed_is_an_error_in_the_end(
    table: AppTable, monkeypatch: pytest.MonkeyPatch, operation: str, codes: tuple[str, ...]
) -> None:
    """It is not taken for a condition that did not hold."""
    refused = refusal(table.client, *codes)
    meet(monkeypatch, table.client, operation, *[refused] * 6)
    with pytest.raises(type(refused)):
        table.update(UPDATE) if operation == "update_item" else table.transact({"Update": UPDATE})
