"""While a stack takes in no notifications, rules lack facts and offers with limits are not made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.file.entries import Document
from console.rollout.unlearned_facts import unlearned_facts
from tests.support.owner_file import FULL, GOOD, document_of


def asking(*names: str) -> Document:
    document = document_of(GOOD.replace("productId: pro.monthly}", "subscription.renewals: 3}"))
    return replace(document, rules=tuple(replace(document.rules[0], name=name) for name in names))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("a",), "The rule `a` asks for `subscription.*` facts"),
        (("a", "b", "c"), "The rules `a`, `b`, `c` ask for `subscription.*` facts"),
        (("a", "b", "c", "d"), "The rules `a`, `b`, `c` and 1 more ask for `subscription.*` facts"),
    ],
)
def test_the_rules_that_ask_are_named(names: tuple[str, ...], sentence: str) -> None:
    """The first three rules are named, and the others counted."""
    assert sentence in str(unlearned_facts(asking(*names)))


def test_the_offers_that_have_a_limit_are_named() -> None:
    """An offer that may be over its limit is not made."""
    limited = document_of(FULL.replace("half-off}", "half-off, limit: {times: 1, days: 365}}"))
    expected = "The offer `half` has a limit, and without knowing what a customer has redeemed, no rule offers it."
    assert unlearned_facts(limited) == f"This stack takes in no notifications of Apple. {expected}"
    both = replace(limited, offers=dict.fromkeys(("half", "other"), limited.offers["half"]))
    rules = (limited.rules[0], replace(limited.rules[1], gives=replace(limited.rules[0].answers[0], target="other")))
    assert "The offers `half`, `other` have limits" in str(unlearned_facts(replace(both, rules=rules)))


def test_a_file_that_asks_for_nothing_lacks_nothing() -> None:
    """There is nothing to report of a file without such a rule or offer."""
    assert unlearned_facts(document_of(GOOD)) is None
