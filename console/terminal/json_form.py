"""How `--json` writes what the console knows: Apple's and the file's spelling of names, instants in ISO 8601."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final


class Absent(Enum):
    """The one value of a field that the document leaves out: some entries of a list have a key, and others have not."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


def camel(name: str) -> str:
    """Return a field's name as Apple, and the file, would write it: `offer_identifier` → `offerIdentifier`.

    `retention.log.record.camel_case` does the same: this room imports nothing of ours. A test compares them.
    """
    first, *rest = name.split("_")
    return "".join([first, *map(str.capitalize, rest)])


def form_of(one: object) -> dict[str, Any]:
    """Return a dataclass's fields, those of the dataclasses in it too; keys that are data stay as they are.

    A field that is ABSENT is left out. A name that Python reserves ends in `_`, which its key does not have.
    """
    values = {field.name: getattr(one, field.name) for field in fields(one)}  # type: ignore[arg-type]  # a dataclass
    return {camel(name): _form(value) for name, value in values.items() if value is not ABSENT}


def _form(value: Any) -> Any:  # noqa: ANN401  # any value a field holds
    if is_dataclass(value) and not isinstance(value, type):
        return form_of(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _form(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_form(inner) for inner in value]
    return value
