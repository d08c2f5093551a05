"""Exports of a log in any other form than lines of JSON, written again as such lines with what the tables have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from console.decisions.log_export import Line, read_lines
from console.decisions.outcomes_evidence import EITHER

_NUMBER: Final = re.compile("-?[0-9]{1,18}")
# What each type of a column can hold; DuckDB refuses a file for the sake of one larger number.
_BITS: Final = {"int": 31, "bigint": 63}
_BOOLEANS: Final = {"true": True, "false": False, "1": True, "0": False}


def rewritten(paths: Iterable[Path], to: Path, members: Mapping[str, str]) -> None:
    """Write the requests, outcomes and watermarks of exports as lines of JSON. Raises as `read_lines`."""
    with to.open("w", encoding="utf-8") as file:
        for path in paths:
            for line in read_lines(path, EITHER):
                file.write(json.dumps(_kept(line, members)) + "\n")


def _kept(line: Line, members: Mapping[str, str]) -> dict[str, Any]:
    held = {member: _value(line.get(member), kind) for member, kind in members.items()}
    return {name: value for name, value in held.items() if value is not None}


def _value(value: object, kind: str) -> str | int | bool | None:
    """Return a value of a column's type; a table has all as text, and empty cells. None where it is none such."""
    if kind == "string":
        # Half of a pair of UTF-16 is no character that a column can hold.
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) and value else None
    if kind == "boolean":
        return value if isinstance(value, bool) else _BOOLEANS.get(str(value).lower())
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >> _BITS[kind]:
        return None
    return value
