"""What products and offers cost."""

from __future__ import annotations

import pytest

from console.simulator.accounts import Subscription
from console.simulator.subscriptions.life import FREE_TRIAL, MONTHLY, PAY_UP_FRONT, PROMOTIONAL, SoldProduct
from console.simulator.subscriptions.price_list import is_higher, listed, offered
from tests.support.simulated_lives import ANNUAL, BASIC, COMMITTED, PRO

YEARLY = Subscription("pro.annual", "pro", period="P1Y")


@pytest.mark.parametrize(
    ("price", "plan", "expected"),
    [(None, None, 79990), (50000, None, 50000), (None, MONTHLY, 6660), (5990, MONTHLY, 5990)],
)
def test_a_product_has_the_price_of_its_period(price: int | None, plan: str | None, expected: int) -> None:
    """Without a price of its own, a product costs what its period does, and a commitment each month a twelfth."""
    assert listed(YEARLY, price, plan) == SoldProduct("pro.annual", "pro", "P1Y", expected, plan)


@pytest.mark.parametrize(
    ("discount", "price", "count", "expected"),
    [("PAY_AS_YOU_GO", None, 3, (4990, 3)), (FREE_TRIAL, None, 3, (0, 1)), (PAY_UP_FRONT, 1990, 1, (1990, 1))],
)
def test_an_offer_halves_the_price(discount: str, price: int | None, count: int, expected: tuple[int, int]) -> None:
    """An offer costs half unless a price is named, a trial nothing; only PAY_AS_YOU_GO has several periods."""
    offer = offered(PRO, PROMOTIONAL, "half", discount, price, count)
    assert (offer.price, offer.count) == expected
    assert (offer.period, offer.identifier) == ("P1M", "half")


@pytest.mark.parametrize(
    ("product", "than", "higher"),
    [(PRO, BASIC, True), (BASIC, PRO, False), (PRO, PRO, True), (ANNUAL, PRO, False), (COMMITTED, PRO, False)],
)
def test_what_costs_more_a_day_is_higher(product: SoldProduct, than: SoldProduct, *, higher: bool) -> None:
    """A switch to what costs as much or more a day is an upgrade."""
    assert is_higher(product, than) is higher
