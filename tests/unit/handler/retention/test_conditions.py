"""Conditions, as JSON documents and as classes."""

from __future__ import annotations

import pytest
from retention.conditions import AllOf, AnyOf, FactTest, Not, condition_of, parts_of, with_tests
from retention.errors import DocumentError
from retention.rules import compile_condition


def test_an_unknown_operator_is_refused() -> None:
    """A document of a newer console fails when it is loaded, not at a customer's request."""
    with pytest.raises(DocumentError, match="unknown operator"):
        compile_condition(["all", ["matches", "productId", "x"]])
    with pytest.raises(DocumentError, match="unknown operator"):
        condition_of(["all", ["matches", "productId", "x"]])


def test_a_document_is_read_into_the_four_classes() -> None:
    """Each form of a document has its class, with the parts and the operands of the document."""
    document = ["all", ["any", ["is", "productId", ["a", "b"]], ["least", "customer.y", 1]], ["not", ["present", "f"]]]
    found = condition_of(document)
    either = AnyOf((FactTest("is", "productId", ("a", "b")), FactTest("least", "customer.y", 1)))
    assert found == AllOf((either, Not(FactTest("present", "f"))))
    assert parts_of(found) == (either, Not(FactTest("present", "f")))


def test_with_tests_replaces_every_test() -> None:
    """Every test of a condition is replaced, and the operators that join them stay."""
    found = condition_of(["all", ["any", ["present", "a"], ["present", "b"]], ["not", ["present", "a"]]])
    other = with_tests(found, lambda test: FactTest("present", test.fact.upper()))
    assert other == condition_of(["all", ["any", ["present", "A"], ["present", "B"]], ["not", ["present", "A"]]])
