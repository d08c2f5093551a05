"""YAML 1.2's core schema (section 10.3.2 of its specification): which plain scalars are no texts.

ruamel's own table also takes `1_000`, `0b11` and `+0x1F` for numbers, as YAML 1.1 did; to YAML 1.2 they are texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ruamel.yaml.resolver import VersionedResolver

TAG: Final = "tag:yaml.org,2002:"

_OCTAL: Final = re.compile(r"0o([0-7]+)")
_HEXADECIMAL: Final = re.compile(r"0x([0-9a-fA-F]+)")
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

_TABLE: Final = (
    ("null", r"(~|null|Null|NULL)?", ("", *"~nN")),
    ("bool", r"true|True|TRUE|false|False|FALSE", (*"tTfF",)),
    ("int", "|".join(form.pattern for form in (_INTEGER, _OCTAL, _HEXADECIMAL)), (*"-+0123456789",)),
    ("float", rf"{_FLOAT.pattern}|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", (*"-+.0123456789",)),
    # No part of the core schema: recognised here so that it can be refused by its name.
    ("merge", r"<<", ("<",)),
)


def _by_first_character() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    found: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for kind, form, firsts in _TABLE:
        for first in firsts:
            found.setdefault(first, []).append((TAG + kind, re.compile(rf"(?:{form})\Z")))
    return found


class CoreResolver(VersionedResolver):
    """Gives each plain scalar its tag by the core schema, even where a directive asks for another version."""

    _by_first: Final[Mapping[str, list[tuple[str, re.Pattern[str]]]]] = _by_first_character()

    @property
    def versioned_resolver(self) -> Any:  # noqa: ANN401  # as ruamel declares it
        return self._by_first


def number(text: str) -> int | float:
    """Return what a number of the core schema is. Raises ValueError for what is none, or none that is finite."""
    for form, base in ((_OCTAL, 8), (_HEXADECIMAL, 16)):
        digits = form.fullmatch(text)
        if digits is not None:
            return int(digits[1], base)
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    raise ValueError(f"{text!r} is no number")
