"""Reading fields that may be missing and, where they are there, have their type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from retention.errors import NotUnderstoodError
from retention.notifications.claims import Claims

Read = Callable[[Claims, str], object]

GOOD: list[tuple[Read, object, object]] = [
    (Claims.text, "", ""),
    (Claims.text, "a", "a"),
    (Claims.number, 0, 0),
    (Claims.number, -(2**63), -(2**63)),
    (Claims.instant, 0, 0),
    (Claims.instant, 253_402_300_799_999, 253_402_300_799_999),
    (Claims.truth, False, False),
    (Claims.texts, [], ()),
    (Claims.texts, ["a", "b"], ("a", "b")),
]
_BY_TYPE: list[tuple[Read, list[Any]]] = [
    (Claims.text, [1, True, ["a"], {}]),
    (Claims.number, [True, 1.0, "1", 2**63, [1]]),
    (Claims.instant, [-1, 253_402_300_800_000, False, 1.0, "0"]),
    (Claims.truth, [0, "true", []]),
    (Claims.texts, ["a", ["a", 1], {"a": "b"}, [None]]),
    (Claims.part, [[], "a", 1]),
]
WRONG = [(read, value) for read, values in _BY_TYPE for value in values]


def name_of(value: Any) -> str:
    return getattr(value, "__name__", None) or repr(value)


@pytest.mark.parametrize(("read", "value", "expected"), GOOD, ids=name_of)
def test_a_field_of_its_type_is_read(read: Read, value: object, expected: object) -> None:
    """A field of the type asked for has its value, also where that is 0, empty or false."""
    assert read(Claims({"field": value}), "field") == expected


@pytest.mark.parametrize(("read", "value"), WRONG, ids=name_of)
def test_a_field_of_another_type_is_not_understood(read: Read, value: object) -> None:
    """A value of another type is refused with the field's name, and without the value."""
    with pytest.raises(NotUnderstoodError) as refused:
        read(Claims({"field": value}), "field")
    assert (refused.value.code, refused.value.evidence) == ("claim_type", {"field": "field"})


@pytest.mark.parametrize("read", [Claims.text, Claims.number, Claims.instant, Claims.truth, Claims.texts], ids=name_of)
def test_a_field_that_is_missing_or_null_is_none(read: Read) -> None:
    """A field that is not there, and one that is null, are both missing."""
    assert read(Claims({}), "field") is read(Claims({"field": None}), "field") is None


def test_an_object_within_is_read_by_its_path() -> None:
    """The fields of an inner object are read likewise; of one that is missing, all are missing."""
    claims = Claims({"inner": {"number": 1, "text": 2}})
    assert claims.part("inner").number("number") == 1
    assert claims.part("other").number("number") is None
    with pytest.raises(NotUnderstoodError) as refused:
        claims.part("inner").text("text")
    assert refused.value.evidence == {"field": "inner.text"}
