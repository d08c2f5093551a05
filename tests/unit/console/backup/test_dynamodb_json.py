"""DynamoDB's attribute values become JSON and are read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from console.backup.dynamodb_json import item_of, json_of

ITEM: dict[str, Any] = {
    "pk": {"S": "app#1"},
    "count": {"N": "812"},
    "live": {"BOOL": True},
    "nothing": {"NULL": True},
    "key": {"B": b"\x00\xff"},
    "keys": {"BS": [b"\x00", b"\xff"]},
    "names": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2"]},
    "list": {"L": [{"S": "a"}, {"B": b"\xff"}]},
    "images": {"M": {"5aad": {"S": "APPROVED"}, "key": {"B": b"\xff"}}},
}


def test_a_row_of_every_type_is_read_as_it_was_written() -> None:
    """A row with each type of attribute is unchanged after JSON, which has no binary values."""
    assert item_of(json.loads(json.dumps(json_of(ITEM)))) == ITEM


def test_binary_values_are_base64() -> None:
    """Binary values have the form of DynamoDB's own JSON, so that other programs can read an export."""
    assert json_of({"key": {"B": b"\x00\xff"}}) == {"key": {"B": "AP8="}}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "not a row"),
        ({"pk": "app#1"}, "not a row"),
        ({"pk": {"S": "a", "N": "1"}}, "does not know"),
        ({"pk": {"S": 1}}, "does not know"),
        ({"pk": {"X": "a"}}, "does not know"),
        ({"pk": {"SS": ["a", 1]}}, "does not know"),
        ({"key": {"B": "no base64"}}, "not base64"),
        ({"list": {"L": [{"B": "="}]}}, "not base64"),
    ],
)
def test_an_invalid_row_is_refused(document: object, reason: str) -> None:
    """The error names what is wrong and does not quote the value."""
    with pytest.raises(ValueError, match=reason):
        item_of(document)
