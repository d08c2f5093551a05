"""The table in memory answers what DynamoDB answers, and refuses what it does not know."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.notifications.customers import learn
from retention.subscription import RenewalSnapshot, State

from console.local.memory_table import MemoryTable
from tests.support.fake_table import APP, TABLE, published
from tests.support.writable_table import WritableTable

KEY = rows.key("a", "b")


def item(**attributes: str) -> dict[str, Any]:
    return {**KEY, **{name: {"S": value} for name, value in attributes.items()}}


def update(condition: str, expression: str = "SET #digest = :digest") -> dict[str, Any]:
    return {
        "Key": KEY,
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {"#digest": "digest", "#movedTo": "movedTo"},
        "ExpressionAttributeValues": {":digest": {"S": "new"}, ":read": {"S": "old"}},
    }


@pytest.mark.parametrize(
    ("before", "condition", "written"),
    [
        ([], "attribute_not_exists(#digest)", True),
        ([], "#digest = :read", False),
        ([item(digest="old")], "attribute_not_exists(#digest)", False),
        ([item(digest="old")], "#digest = :read AND attribute_not_exists(#movedTo)", True),
        ([item(digest="old", movedTo="x")], "#digest = :read AND attribute_not_exists(#movedTo)", False),
        ([item(digest="other")], "#digest = :read", False),
    ],
)
def test_an_update_under_a_condition(before: list[dict[str, Any]], condition: str, written: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """A row is written where its condition holds; else AppTable returns False, and the row stays."""
    table = MemoryTable.of(before)
    assert AppTable(table, TABLE, APP).update(update(condition)) is written
    after = table.get_item(Key=KEY).get("Item", {})
    assert after.get("digest") == ({"S": "new"} if written else (before[0] if before else {}).get("digest"))


@pytest.mark.parametrize(
    ("condition", "expression"),
    [("size(#digest) = :read", "SET #digest = :digest"), ("#digest = :read", "SET #digest = #movedTo")],
)
def test_a_form_that_is_not_known(condition: str, expression: str) -> None:
    """An expression of another form is refused, and not taken for one that it resembles."""
    with pytest.raises(ValueError, match="does not know the expression"):
        MemoryTable.of([item(digest="old")]).update_item(**update(condition, expression))


def test_reading() -> None:
    """One row, several, and rows that do not exist."""
    table = MemoryTable.of([item(digest="old")])
    other = rows.key("a", "c")
    assert table.call("get_item", rows.get(TABLE, KEY)) == {"Item": item(digest="old")}
    assert table.call("get_item", rows.get(TABLE, other)) == {}
    answer = table.call("batch_get_item", rows.batch_get(TABLE, [KEY, other]))
    assert answer == {"Responses": {TABLE: [item(digest="old")]}, "UnprocessedKeys": {}}
    table.close()


def test_the_intake_leaves_the_same_rows_in_either_table() -> None:
    """What is learned of subscriptions, in any order, leaves the rows that a table like DynamoDB has."""
    random = Random(5)
    model = WritableTable(items=dict(published().items))
    table = MemoryTable.of(model.items.values())
    for _ in range(200):
        person, signed = str(random.randrange(5)), random.randrange(1, 60) * 1_000
        state = State(RenewalSnapshot(signed, auto_renew_status=random.randrange(2)))
        moved_to = str(random.randrange(5, 8)) if random.random() < 0.1 else None
        for client in (model.client(), table):
            learn(AppTable(client, TABLE, APP), person, state, moved_to=moved_to)
    assert table.rows == model.items
