"""Where simulated customers buy."""

from __future__ import annotations

import pytest

from console.simulator.subscriptions.life import SimulatedCustomer
from console.simulator.subscriptions.purchases import bought
from console.simulator.subscriptions.storefronts import customer_in
from tests.support.simulated_lives import BEGAN, FIRST, PRO, SELLER, some


@pytest.mark.parametrize(("storefront", "number"), [("FRA", "143442"), ("NZL", None)])
def test_a_storefront_has_its_number(storefront: str, number: str | None) -> None:
    """Transactions have the storefront, its number if it is known, and the customer's currency."""
    event = bought(SELLER, PRO, FIRST, BEGAN, customer=customer_in(storefront, "EUR"))[1]
    assert some(event.transaction, "storefront", "storefrontId", "currency") == (storefront, number, "EUR")


def test_a_shared_purchase_has_its_ownership() -> None:
    """A member of a family has a transaction that is FAMILY_SHARED."""
    assert customer_in("USA", "USD", shared=True) == SimulatedCustomer(ownership="FAMILY_SHARED")
