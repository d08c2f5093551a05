"""What a file asks of Apple's notifications while the stack takes in none: rules that lack facts, offers never made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from console.file.asked_of_apple import asked_of_apple
from console.file.entries import Document

ADVICE: Final = "Deploy with Notifications=pull."
_MOST_NAMES: Final = 3


def unlearned_facts(document: Document) -> str | None:
    """Return what a file lacks in a stack that takes in no notifications, in sentences; None where it needs none."""
    lacking = " ".join(_lacking(document))
    return f"This stack takes in no notifications of Apple. {lacking}" if lacking else None


def _lacking(document: Document) -> Iterator[str]:
    asked = asked_of_apple(document)
    if asked.rules:
        ask = "asks" if len(asked.rules) == 1 else "ask"
        yield f"{_named('rule', asked.rules)} {ask} for `subscription.*` facts, which are missing for every customer."
    if asked.offers:
        have, them = ("has a limit", "it") if len(asked.offers) == 1 else ("have limits", "them")
        offers = _named("offer", asked.offers)
        yield f"{offers} {have}, and without knowing what a customer has redeemed, no rule offers {them}."


def _named(what: str, names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names[:_MOST_NAMES]]
    more = len(names) - _MOST_NAMES
    listed = ", ".join(quoted) + (f" and {more} more" if more > 0 else "")
    return f"The {what} {listed}" if len(names) == 1 else f"The {what}s {listed}"
