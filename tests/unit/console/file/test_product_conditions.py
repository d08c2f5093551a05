"""What a condition asks of the product, and what a sheet keeps of it."""

from __future__ import annotations

from typing import Any

import pytest
from retention.conditions import FactTest, Not, condition_of, document_of

from console.file.product_conditions import asks_product, for_product, named_products

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
def test_a_known_product_settles_its_part(document: list[Any], product: str | None, remains: object) -> None:
    """Once the product is known, only what is still open remains."""
    found = for_product(condition_of(document), product)
    assert (found if isinstance(found, bool) else document_of(found)) == remains


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
    """The index of a rule's products never leaves out one that could match."""
    condition = None if document is None else condition_of(document)
    assert named_products(condition) == named
    if condition is not None and named is not None:
        assert all(for_product(condition, product) is False for product in PRODUCTS if product not in named)


def test_a_condition_tells_whether_it_asks_for_the_product() -> None:
    """A rule restricts products when productId stands anywhere in its condition."""
    assert asks_product(condition_of(["not", ["all", B, A]]))
    assert not asks_product(Not(FactTest("present", "customer.x")))
