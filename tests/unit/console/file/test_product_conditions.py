"""What a condition tests of the product, and what a product's sheet keeps of it."""

from __future__ import annotations

from typing import Any

import pytest
from retention.conditions import FactTest, Not, condition_of, document_of, truth_of
from retention.rules import NO_FACTS, Facts

from console.file.conditions import OPERATORS, read_condition
from console.file.mistakes import Notes
from console.file.product_conditions import asks_product, for_product, named_products
from console.file.tree import parse

PRODUCTS = ("pro.monthly", "pro.annual", "basic")
A, B = ["is", "productId", ["pro.monthly"]], ["present", "customer.x"]


@pytest.mark.parametrize(
    ("document", "product", "remains"),
    [
        (A, "pro.monthly", True),
        (A, "basic", False),
        (A, None, False),
        (["not", A], "basic", True),
        (["all", A, B], "pro.monthly", B),
        (["all", A, B], "basic", False),
        (["any", A, B], "pro.monthly", True),
        (["any", A, B], "basic", B),
        (["not", ["all", A, B]], "pro.monthly", ["not", B]),
        (["all", A, B, B], "pro.monthly", ["all", B, B]),
        (["all", A, A], "pro.monthly", True),
        (["starts", "productId", ["pro."]], "pro.annual", True),
        (["starts", "productId", ["pro."]], "basic", False),
        (["starts", "productId", ["pro."]], None, ["starts", "productId", ["pro."]]),
    ],
)
def test_a_known_product_decides_its_part(document: list[Any], product: str | None, remains: object) -> None:
    """For one product, only the part of a condition that productId does not decide remains."""
    found = for_product(condition_of(document), product)
    assert (found if isinstance(found, bool) else document_of(found)) == remains


# An operand for each operator; None where the operator cannot be asked of a product.
ABOUT_PRODUCTS: dict[str, str | None] = {
    "equals": "basic",
    "in": "[basic, pro.annual]",
    "startsWith": "pro.",
    "not": "basic",
    **dict.fromkeys(("atLeast", "atMost", "above", "below", "present")),
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_restricts_products_as_it_is_evaluated(operator: str) -> None:
    """Once the product is known, a test of `productId` is True or False: what the function would answer.

    A test that stayed open would count as a possible match, and refuse answers that the product can never get.
    """
    operand = ABOUT_PRODUCTS[operator]
    notes = Notes()
    text = f"productId: {{{operator}: {'1' if operand is None else operand}}}"
    condition = read_condition(parse(text.encode(), "case", notes), notes, PRODUCTS)
    if operand is None:
        assert condition is None
        assert len(notes.mistakes) == 1
        return
    assert condition is not None
    assert notes.mistakes == []
    found = {product: for_product(condition, product) for product in PRODUCTS}
    assert found == {product: truth_of(condition, Facts.of(product, "en-US", NO_FACTS)) for product in PRODUCTS}
    assert set(found.values()) == {True, False}


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (None, None),
        (A, {"pro.monthly"}),
        (B, None),
        (["all", A, B], {"pro.monthly"}),
        (["any", A, B], None),
        (["any", A, ["is", "productId", ["basic"]]], {"pro.monthly", "basic"}),
        (["all", A, ["is", "productId", ["basic"]]], set()),
        (["not", A], None),
    ],
)
def test_products_outside_the_named_ones_are_never_true(document: list[Any] | None, named: set[str] | None) -> None:
    """`named_products` never leaves out a product that the condition could match."""
    condition = None if document is None else condition_of(document)
    assert named_products(condition) == named
    if condition is not None and named is not None:
        assert all(for_product(condition, product) is False for product in PRODUCTS if product not in named)


def test_asks_product_finds_a_test_of_the_product() -> None:
    """A test of productId at any depth of a condition counts."""
    assert asks_product(condition_of(["not", ["all", B, A]]))
    assert not asks_product(Not(FactTest("present", "customer.x")))
