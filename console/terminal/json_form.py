"""How `--json` writes dataclasses: names in camelCase, as Apple and the file spell them, and instants in ISO 8601."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final


class Absent(Enum):
    """The value of a field that the document leaves out, for lists in which only some entries have a key."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


def camel(name: str) -> str:
    """Return a field's name in camelCase: `offer_identifier` → `offerIdentifier`.

    `retention.log.record.camel_case` does the same; this room must not import it. A test compares the two.
    """
    first, *rest = name.split("_")
    return "".join([first, *map(str.capitalize, rest)])


def form_of(one: object) -> dict[str, Any]:
    """Return a dataclass, and the dataclasses in it, as a dictionary for JSON. Keys of mappings stay as they are.

    A field that is ABSENT is left out. The final `_` of a name that Python reserves is not in its key.
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
