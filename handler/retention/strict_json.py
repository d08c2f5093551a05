"""Strict JSON, for signed texts: refuses all that two parsers could read differently."""

from __future__ import annotations

import json
from math import isinf
from typing import NoReturn


class StrictJSONError(ValueError):
    """The text is no JSON, or JSON that we refuse. The message names the reason and quotes nothing."""


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise StrictJSONError("a key stands twice in one object")
    return found


def _constant(_: str) -> NoReturn:
    raise StrictJSONError("NaN and Infinity are not JSON")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise StrictJSONError("a number has more digits than any field of Apple's")
    return int(digits)


def _real(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise StrictJSONError("a number is beyond what a float holds")
    return number


# int64 has 19 digits and a sign. CPython itself only objects at 4 300, after quadratic work.
MAX_DIGITS = 20

_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_integer, parse_float=_real)


def read_object(raw: bytes) -> dict[str, object]:
    """Return the JSON object that `raw` holds.

    UTF-8 without a byte order mark, one object at the top, no duplicate keys at any depth, no NaN or Infinity (nor
    1e999, which reads as one), no integer longer than an int64, no half of a surrogate pair. Raises `StrictJSONError`
    for everything else, however deep it is nested.
    """
    try:
        found = _DECODER.decode(raw.decode("utf-8"))
        if b"\\u" in raw:
            # Only an escape can make half a pair. It can be read here, but would fail wherever it is written.
            json.dumps(found, ensure_ascii=False).encode("utf-8")
    except StrictJSONError:
        raise
    except (ValueError, RecursionError) as error:
        raise StrictJSONError(f"not UTF-8 JSON ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise StrictJSONError("not a JSON object")
    return found
