"""The fields of what Apple signs for a subscription: each may be missing, and one that is there has its type.

Enums are open: a reader takes any text, or any number. Fields that nothing here asks for are never looked at, so that
a new one changes nothing. A field that is null counts as missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from retention.errors import NotUnderstoodError

_T = TypeVar("_T")

_INT64: Final = range(-(2**63), 2**63)

# Instants that a calendar has: UNIX milliseconds from 1970 to the end of the year 9999.
_INSTANTS: Final = range(253_402_300_800_000)


class Claims:
    """Reads an object of Apple's by the names of its fields; for a missing field, each method returns None.

    Raises NotUnderstoodError, with the field's name as evidence, for a value that is not of the type asked for.
    """

    __slots__ = ("_claims", "_within")

    def __init__(self, claims: Mapping[str, object], within: str = "") -> None:
        self._claims = claims
        self._within = within

    def text(self, name: str) -> str | None:
        return self._of_type(name, str)

    def number(self, name: str) -> int | None:
        """Return an int64. `1.0` is none: Apple never writes it."""
        value = self._of_type(name, int)
        if value is not None and value not in _INT64:
            raise self._not_understood(name)
        return value

    def instant(self, name: str) -> int | None:
        """Return UNIX milliseconds of a date that a calendar has."""
        value = self._of_type(name, int)
        if value is not None and value not in _INSTANTS:
            raise self._not_understood(name)
        return value

    def truth(self, name: str) -> bool | None:
        return self._of_type(name, bool)

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return a list of texts."""
        values = self._of_type(name, list)
        if values is None:
            return None
        if not all(isinstance(value, str) for value in values):
            raise self._not_understood(name)
        return tuple(values)

    def part(self, name: str) -> Claims:
        """Return a reader of the object in this field; all of its fields are missing where the object is."""
        return Claims(self._of_type(name, dict) or {}, f"{self._within}{name}.")

    def _of_type(self, name: str, kind: type[_T]) -> _T | None:
        value = self._claims.get(name)
        if value is None:
            return None
        if type(value) is not kind:  # to `isinstance`, a truth value is an int
            raise self._not_understood(name)
        return value

    def _not_understood(self, name: str) -> NotUnderstoodError:
        return NotUnderstoodError(
            "claim_type", "a documented field is not of its documented type", field=f"{self._within}{name}"
        )
