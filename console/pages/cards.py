"""A screen as pages draw it, with its images, remarks and the words next to it: what the macro `card` takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from console.pages.remarks import Remark
from console.pages.screens import NEW, NOT_ASKED, DrawnScreen, language
from console.pages.thumbnails import Thumbnail

# A state's words, and the class that colours it.
STATES: Final = {
    "APPROVED": ("Approved", "ok"),
    "PENDING": ("Waits for Apple", "wait"),
    "REJECTED": ("Rejected", "bad"),
    NEW: ("Not uploaded yet", "wait"),
    "UNKNOWN": ("State not known yet", "wait"),
    "ABSENT": ("Not at Apple", "bad"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A screen as it is drawn. `images` by name; `english`: Apple's words are drawn, which it has in English alone."""

    screen: DrawnScreen
    classes: str
    images: Mapping[str, Thumbnail]
    remarks: tuple[Remark, ...]

    @property
    def english(self) -> bool:
        return language(self.screen.locale) == "en" and not self.screen.mirrored

    @property
    def note(self) -> str:
        """What Apple writes next to the text, which only Apple knows."""
        fields = self.screen.fields
        match self.screen.kind:
            case "alternateProduct":
                plan = ", billed monthly" if fields.get("billingPlanType") == "MONTHLY" else ""
                return f"Apple writes name and price of {fields['productId']}{plan}"
            case "promotionalOffer":
                return f"Apple writes name and price of {fields['productId']} with {fields['offerIdentifier']}"
            case "advancedCommerce":
                return f"Apple writes name and price of {_stock_unit(fields.get('request'))}"
        return ""

    @property
    def also(self) -> tuple[str, ...]:
        return tuple(locale for locale in self.screen.shown_to if locale != self.screen.locale)

    @property
    def default_products(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(product for product, _ in self.screen.default_of))

    @property
    def chips(self) -> Iterator[tuple[str, str]]:
        """Words and class of each chip of a state."""
        if self.screen.state != NOT_ASKED:
            yield STATES.get(self.screen.state, (self.screen.state, "wait"))
        for state in self.screen.images:
            words, colour = STATES.get(state, (state, "wait"))
            yield f"Image: {words}", colour


def _stock_unit(request: object) -> str:
    """Return the first SKU in a request of Advanced Commerce, wherever it has it."""
    if isinstance(request, Mapping):
        found = (str(request["SKU"]) if "SKU" in request else _stock_unit(inner) for inner in request.values())
        return next(filter(None, found), "")
    if isinstance(request, list | tuple):
        return next(filter(None, map(_stock_unit, request)), "")
    return ""
