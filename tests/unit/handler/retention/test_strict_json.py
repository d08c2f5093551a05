"""JSON that two readers could read differently is refused; the rest is read as the standard library reads it."""

from __future__ import annotations

import json

import pytest
from retention.strict_json import StrictJSONError, read_object


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        ' \t\r\n{"a": [1, -2, 2.5, 1e3, true, false, null, {"b": ""}]}\n',
        '{"a": 9223372036854775807, "b": -9223372036854775808}',
        '{"smiling": "\U0001f600", "escaped": "\\ud83d\\ude00", "slashes": "\\\\ud800 \\/"}',
        '{"tiny": 1e-999, "large": 1.7976931348623157e308}',
        '{"a": {"b": 1}, "b": {"a": 1}}',
    ],
)
def test_unambiguous_json_is_read_as_by_the_standard_library(text: str) -> None:
    """An object that can be read in one way only has the value of `json.loads`."""
    assert read_object(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"[]",
        b"null",
        b'"{}"',
        b"{}{}",
        b"{},",
        b'{"a": 1,}',
        b"{'a': 1}",
        b"{a: 1}",
        b'{"a": 01}',
        b'{"a": +1}',
        b'{"a": .5}',
        b'{"a": 0x1}',
        b'{"a": 1_000}',
        b'{"a": True}',
        '{"a": \u0661}'.encode(),
        '{"a": 1\u00a0}'.encode(),
        b'{"a": "\n"}',
        b'{"a": "\x00"}',
        b'{"a": "\\x41"}',
        b'{"a": "\\ud8"}',
        b'\x00{"a": 1}',
        b'{"a": 1}\x00',
    ],
)
def test_refuses_every_other_document(raw: bytes) -> None:
    """Dialects of JSON, and documents with anything but an object at the top, are refused."""
    with pytest.raises(StrictJSONError):
        read_object(raw)


@pytest.mark.parametrize("raw", [b'{"a": 1, "a": 1}', b'{"a": 1, "\\u0061": 2}', b'{"x": [{"y": {"a": 1, "a": 2}}]}'])
def test_refuses_a_key_twice(raw: bytes) -> None:
    """A key that occurs twice, in any spelling and at any depth, could be read with either value."""
    with pytest.raises(StrictJSONError, match="twice"):
        read_object(raw)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 400 + ".5"])
def test_refuses_infinite_numbers_and_nan(number: str) -> None:
    """NaN, Infinity and numbers too large for a float are refused."""
    with pytest.raises(StrictJSONError):
        read_object(f'{{"a": {number}}}'.encode())


@pytest.mark.parametrize("digits", ["1" * 21, "-" + "1" * 20, "9" * 5000, "9" * 60_000])
def test_refuses_integers_longer_than_any_of_apples(digits: str) -> None:
    """An integer beyond 64 bits is refused before it is converted."""
    with pytest.raises(StrictJSONError, match="digits"):
        read_object(f'{{"a": {digits}}}'.encode())


@pytest.mark.parametrize(
    "raw",
    [b'{"a": 1}'.decode().encode(encoding) for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig")]
    + [b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b'{"a": "\xc0\xaf"}'],
)
def test_refuses_other_encodings(raw: bytes) -> None:
    """Only UTF-8 without a byte order mark is read, and only well-formed UTF-8."""
    with pytest.raises(StrictJSONError):
        read_object(raw)


@pytest.mark.parametrize(
    "text", ['{"a": "\\ud800"}', '{"\\udc00": 1}', '{"a": ["\\ude00\\ud83d"]}', '{"a": "\\ud83dx"}']
)
def test_refuses_a_lone_surrogate(text: str) -> None:
    """A string that no encoding can write is refused when it is read, not when it is first logged."""
    with pytest.raises(StrictJSONError):
        read_object(text.encode())


@pytest.mark.parametrize("bracket", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("close", [True, False])
def test_refuses_very_deep_nesting(bracket: str, *, close: bool) -> None:
    """Brackets nested 20 000 deep, closed or not, are refused without an unexpected exception."""
    ends = {"[": "]", '{"a":': "}", '[{"a":': "}]"}
    text = '{"a":' + bracket * 20_000 + "1" + (ends[bracket] * 20_000 + "}" if close else "")
    with pytest.raises(StrictJSONError):
        read_object(text.encode())


def test_the_reason_holds_no_text_of_the_caller() -> None:
    """The reason may be logged: it names the broken rule and quotes nothing of the input."""
    for raw in (b'{"secret": 1, "secret": 2}', b'{"a": secret}', b'{"a": "secret\xff"}', b'"secret"'):
        with pytest.raises(StrictJSONError) as refused:
            read_object(raw)
        assert "secret" not in str(refused.value)
        assert refused.value.__cause__ is None
