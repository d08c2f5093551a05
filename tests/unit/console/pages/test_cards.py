"""A screen as it is drawn: what Apple writes next to it, and its chips."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from console.pages.cards import Card
from console.pages.screens import NOT_ASKED
from tests.support.drawn_pages import previewed

PRICE = "Apple writes name and price of"
SCREEN = next(one for one in previewed().board.screens if one.locale == "en-US")


def card(**changed: Any) -> Card:
    return Card(replace(SCREEN, **changed), "", {}, ())


@pytest.mark.parametrize(
    ("kind", "fields", "note"),
    [
        ("message", {}, ""),
        ("alternateProduct", {"productId": "a"}, f"{PRICE} a"),
        (
            "alternateProduct",
            {"productId": "a", "billingPlanType": "MONTHLY"},
            f"{PRICE} a, billed monthly",
        ),
        ("promotionalOffer", {"productId": "a", "offerIdentifier": "b"}, f"{PRICE} a with b"),
        ("advancedCommerce", {"request": {"items": [{"SKU": "c"}]}}, f"{PRICE} c"),
        ("advancedCommerce", {"request": {"items": []}}, f"{PRICE} "),
    ],
    ids=str,
)
def test_the_note_names_what_apple_writes(kind: str, fields: dict[str, Any], note: str) -> None:
    """Products and offers by their ids, wherever a request of Advanced Commerce has them."""
    assert card(kind=kind, fields=fields).note == note


def test_apple_s_words_are_drawn_in_english_alone() -> None:
    """And not on a mirrored device."""
    assert card(locale="en-GB", mirrored=False).english
    assert not card(locale="en-GB", mirrored=True).english
    assert not card(locale="fr-FR", mirrored=False).english


def test_a_state_that_was_not_asked_has_no_chip() -> None:
    """A state that is not known here is shown as Apple has it."""
    assert list(card(state=NOT_ASKED, images=()).chips) == []
    assert list(card(state="APPROVED", images=("PENDING",)).chips) == [
        ("Approved", "ok"), ("Image: Waits for Apple", "wait"),
    ]  # fmt: skip
    assert list(card(state="SHELVED", images=()).chips) == [("SHELVED", "wait")]


def test_the_text_s_own_locale_is_not_among_the_others() -> None:
    """`also` has other locales of devices, and products of the default are named once."""
    shown = card(locale="en-US", shown_to=("en-US", "fr-FR"), default_of=(("a", "en-US"), ("a", "fr-FR")))
    assert shown.also == ("fr-FR",)
    assert shown.default_products == ("a",)
