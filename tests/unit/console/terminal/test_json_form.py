"""The form of a `--json` document: keys in camel case, and only JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from console.terminal.json_form import ABSENT, Absent, camel, form_of


@dataclass(frozen=True, slots=True)
class Offer:
    offer_identifier: str | Absent = ABSENT
    from_: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    begins_at: datetime
    offers: tuple[Offer, ...]
    by_locale: Mapping[str, Offer]


@pytest.mark.parametrize(
    ("name", "key"), [("rule", "rule"), ("offer_identifier", "offerIdentifier"), ("from_", "from")]
)
def test_keys_are_in_camel_case(name: str, key: str) -> None:
    """A Python name that ends in `_` because it is reserved has a key without it."""
    assert camel(name) == key


def test_nested_dataclasses_become_objects() -> None:
    """Dataclasses in lists and mappings too; keys of a mapping are unchanged, and instants are ISO 8601."""
    document = Document(datetime(2026, 12, 1, tzinfo=UTC), (Offer("a"),), {"fr_CA": Offer("b", "c")})
    assert form_of(document) == {
        "beginsAt": "2026-12-01T00:00:00+00:00",
        "offers": [{"offerIdentifier": "a", "from": None}],
        "byLocale": {"fr_CA": {"offerIdentifier": "b", "from": "c"}},
    }


def test_an_absent_field_has_no_key() -> None:
    """None is written as null, and ABSENT is left out."""
    assert form_of(Offer()) == {"from": None}
