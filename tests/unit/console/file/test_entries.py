"""What follows from a file's entries: which texts are pictured, how customers are split, which answers a rule has."""

from __future__ import annotations

import pytest

from tests.support.compiled_file import HEAD
from tests.support.owner_file import FULL, document_of


@pytest.mark.parametrize(
    ("fields", "pictured"),
    [
        ("", False),
        (", image: ridge, altText: A ridge", True),
        (", bullets: [{text: a, image: tick, altText: b}]", True),
    ],
)
def test_a_text_with_an_image_or_bullets_is_pictured(fields: str, *, pictured: bool) -> None:
    """Apple accepts neither an image nor bullets next to an offer."""
    document = document_of(HEAD.replace("{header: Offer, body: Text}", f"{{header: Offer, body: Text{fields}}}"))
    assert document.messages["text"]["en-US"].pictured is pictured


def test_an_experiment_has_its_arms_with_their_slots() -> None:
    """Customers are assigned by the names and slots of the arms, in the order of the file."""
    document = document_of(FULL)
    assert document.experiments["trial"].shares == (("control", 5000), ("other", 5000))


def test_a_rule_may_give_the_answer_of_any_arm() -> None:
    """All answers of a rule are checked, in the order of the file."""
    experiment, answer = document_of(FULL).rules
    assert [each.kind for each in experiment.answers] == ["promotionalOffer", "fallback"]
    assert [each.kind for each in answer.answers] == ["advancedCommerce"]


def test_a_rule_without_an_answer_has_none() -> None:
    """A rule whose answer is a mistake still has a name and a place."""
    rule = document_of(FULL.replace("answer: {advancedCommerce:", "anser: {advancedCommerce:")).rules[1]
    assert (rule.name, rule.gives, rule.answers, rule.understood) == ("two", None, (), False)
