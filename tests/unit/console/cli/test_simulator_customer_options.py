"""The options of verbs about one simulated customer."""

from __future__ import annotations

import pytest

from console.cli.simulator_customer_options import BillingPlan, Discount, OfferKind, milliunits
from console.simulator.answers import BILLING_PLAN_TYPES
from console.simulator.subscriptions.life import FREE_TRIAL, PAY_AS_YOU_GO, PAY_UP_FRONT
from console.simulator.subscriptions.price_list import OFFER_KINDS


def test_the_options_name_what_the_simulator_knows() -> None:
    """The values of options, repeated so that --help imports little, are those of the modules."""
    assert [kind.value for kind in OfferKind] == list(OFFER_KINDS)
    assert {plan.value for plan in BillingPlan} == set(BILLING_PLAN_TYPES)
    assert {discount.value for discount in Discount} == {FREE_TRIAL, PAY_AS_YOU_GO, PAY_UP_FRONT}


@pytest.mark.parametrize(("price", "expected"), [(None, None), (0.0, 0), (1.99, 1990), (300.0, 300_000)])
def test_prices_become_milliunits(price: float | None, expected: int | None) -> None:
    """A price is written in units of its currency, and Apple's are thousandths of them."""
    assert milliunits(price) == expected
