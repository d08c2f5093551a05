"""Conditions as documents; their three values are tests/conformance/cases/conditions.json."""

from __future__ import annotations

import pytest
from retention.rules import UNREADABLE, Facts, compile_condition, facts_named


def test_an_unknown_operator_is_refused() -> None:
    """A document of a newer console fails when it is loaded, not when a customer asks."""
    with pytest.raises(ValueError, match="unknown operator 'matches'"):
        compile_condition(["all", ["matches", "productId", "x"]])


def test_facts_are_found_by_name() -> None:
    """A condition tells what it looks at, however deep."""
    document = [
        "all",
        ["any", ["is", "productId", ["a"]], ["not", ["present", "customer.x"]]],
        ["least", "customer.y", 1],
    ]
    assert facts_named(document) == {"productId", "customer.x", "customer.y"}


def test_facts_come_from_request_and_customer() -> None:
    """Facts have the names an owner gives them; what is not there is None, and so is everything unreadable."""
    facts = Facts.of("p", "fr-CA", {"x": 0})
    assert (facts.get("productId"), facts.get("userLocale"), facts.get("customer.x")) == ("p", "fr-CA", 0)
    assert facts.get("customer.y") is None
    assert Facts.of("p", "fr", UNREADABLE).get("customer.x") is None


def test_true_is_not_one() -> None:
    """To Python True equals 1; to an owner it does not."""
    is_one, is_true = compile_condition(["is", "customer.x", [1]]), compile_condition(["is", "customer.x", [True]])
    assert is_one(Facts.of("p", "en", {"x": True})) is None
    assert is_true(Facts.of("p", "en", {"x": 1})) is None
    both = compile_condition(["is", "customer.x", [1, "a"]])
    assert both(Facts.of("p", "en", {"x": 1.0})) is True


def test_empty_combinations_are_neutral() -> None:
    """The file cannot write them; a loaded document that has them still has an answer."""
    assert compile_condition(["all"])(Facts.of("p", "en", {})) is True
    assert compile_condition(["any"])(Facts.of("p", "en", {})) is False
