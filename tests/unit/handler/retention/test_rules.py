"""Conditions compiled from documents; their three values are tests/conformance/cases/conditions.json."""

from __future__ import annotations

from typing import Any

import pytest
from retention.rules import NO_SUBSCRIPTION, UNREADABLE, Facts, Reported, compile_condition, facts_named


def test_facts_named_finds_every_fact() -> None:
    """`facts_named` returns every fact that a condition names, at any depth."""
    document = [
        "all",
        ["any", ["is", "productId", ["a"]], ["not", ["present", "customer.x"]]],
        ["least", "customer.y", 1],
    ]
    assert facts_named(document) == {"productId", "customer.x", "customer.y"}


def test_facts_come_from_request_and_customer() -> None:
    """Facts have the names that the file uses; a missing fact is None, and so is each of an unreadable profile."""
    facts = Facts.of("p", "fr-CA", {"x": 0})
    assert (facts.get("productId"), facts.get("userLocale"), facts.get("customer.x")) == ("p", "fr-CA", 0)
    assert facts.get("customer.y") is None
    assert Facts.of("p", "fr", UNREADABLE).get("customer.x") is None


def test_facts_from_apple_have_names_of_their_own() -> None:
    """`subscription.x` is what Apple has reported, never the profile's `x`, nor the other way round."""
    facts = Facts.of("p", "fr", {"x": 0}, Reported({"x": 1, "y": 2}, ()))
    assert (facts.get("customer.x"), facts.get("subscription.x"), facts.get("subscription.y")) == (0, 1, 2)
    assert facts.get("customer.y") is None
    assert Facts.of("p", "fr", {"x": 0}).get("subscription.x") is None
    assert Facts.of("p", "fr", UNREADABLE, Reported({"x": 1}, ())).get("subscription.x") == 1
    assert Facts.of("p", "fr", {"x": 0}, UNREADABLE).get("subscription.x") is None


def test_what_apple_has_reported_is_in_no_repr() -> None:
    """Neither facts nor redemptions are in a `repr`, which a log or a traceback may quote."""
    reported = Reported({"storefront": "FRA"}, (("half-off", 1),))
    for shown in (repr(reported), repr(Facts.of("p", "fr", {}, reported))):
        assert "FRA" not in shown
        assert "half-off" not in shown
    assert NO_SUBSCRIPTION.redemptions is None


def test_true_is_not_one() -> None:
    """In Python True equals 1; in a condition it does not."""
    is_one, is_true = compile_condition(["is", "customer.x", [1]]), compile_condition(["is", "customer.x", [True]])
    assert is_one(Facts.of("p", "en", {"x": True})) is None
    assert is_true(Facts.of("p", "en", {"x": 1})) is None
    both = compile_condition(["is", "customer.x", [1, "a"]])
    assert both(Facts.of("p", "en", {"x": 1.0})) is True


def test_empty_combinations_are_neutral() -> None:
    """The file cannot hold an empty `all` or `any`; in a loaded document they are TRUE and FALSE."""
    assert compile_condition(["all"])(Facts.of("p", "en", {})) is True
    assert compile_condition(["any"])(Facts.of("p", "en", {})) is False


@pytest.mark.parametrize("value", [["gold", 5], ("gold",), [{"a": 1}, "gold"]])
def test_a_list_passes_when_one_of_its_texts_does(value: Any) -> None:
    """A fact may be a list or tuple; members that are not texts match nothing."""
    facts = Facts.of("p", "fr", {"x": value})
    assert compile_condition(["is", "customer.x", ["gold", 5]])(facts) is True
    assert compile_condition(["starts", "customer.x", ["go"]])(facts) is True
    assert compile_condition(["is", "customer.x", ["silver"]])(facts) is False


@pytest.mark.parametrize("value", [{"gold": 1}, {"gold"}, b"gold", object()])
def test_a_fact_of_any_other_type_is_unknown(value: Any) -> None:
    """A condition on a fact of another type is UNKNOWN, never TRUE."""
    facts = Facts.of("p", "fr", {"x": value})
    assert [
        compile_condition([*test, ["gold"]])(facts) for test in (("is", "customer.x"), ("starts", "customer.x"))
    ] == [
        None,
        None,
    ]
    assert compile_condition(["least", "customer.x", 1])(facts) is None
