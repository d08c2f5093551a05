"""What a customer does after a screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from retention.request import SANDBOX

from console.simulator.customer import APP_STORE_CONNECT, DEFAULT, NOTHING, REAL_TIME, CustomerScreen, Step
from console.simulator.subscriptions.customers import Customers, NamedCustomer
from console.simulator.subscriptions.event import Event
from console.simulator.subscriptions.renewals import turned_off
from console.simulator.subscriptions.screen_choice import (
    CANCEL,
    CHOICES,
    KEEP,
    REDEEM,
    SWITCH,
    check_may_cancel,
    switched,
    transitions_of,
)
from console.terminal.failure import Failure
from tests.support import signed_offers
from tests.support.simulated_app import ANNUAL, APP, MONTHLY, make_simulator
from tests.support.simulated_lives import some

BY_PRODUCT = NamedCustomer(product_id=MONTHLY)


@pytest.fixture
def customers() -> Iterator[Customers]:
    with make_simulator() as simulator:
        found = Customers(simulator, APP, SANDBOX)
        found.act(BY_PRODUCT)
        found.buy(found.product(MONTHLY))
        yield found


def screen(kind: str, source: str = REAL_TIME, content: Any = None, **detail: Any) -> CustomerScreen:
    return CustomerScreen(source, (Step(source, ""),), kind, content or {"header": "Stay"}, detail)


def chosen(customers: Customers, choice: str, seen: CustomerScreen) -> Event:
    (made,) = customers.act(BY_PRODUCT, *transitions_of(customers, choice, seen))
    return made.event


def test_who_keeps_the_subscription_changes_nothing(customers: Customers) -> None:
    """A customer who keeps the subscription lets nothing happen."""
    assert transitions_of(customers, KEEP, screen("message")) == ()


def test_who_cancels_turns_auto_renew_off(customers: Customers) -> None:
    """A customer may cancel on every screen."""
    assert chosen(customers, CANCEL, screen("message", NOTHING)).subtype == "AUTO_RENEW_DISABLED"


@pytest.mark.parametrize(
    "detail",
    [{"promotionalOfferSignatureV2": signed_offers.v2()}, {"promotionalOfferSignatureV1": signed_offers.v1()}],
    ids=["v2", "v1"],
)
def test_a_promotional_offer_is_redeemed(customers: Customers, detail: dict[str, Any]) -> None:
    """The offer that the answer signed is redeemed, whichever signature it has."""
    event = chosen(customers, REDEEM, screen("promotionalOffer", **detail))
    assert event.notification_type == "OFFER_REDEEMED"
    assert some(event.renewal, "offerType", "offerIdentifier") == (2, "half")


def test_an_offer_for_another_product_is_a_switch(customers: Customers) -> None:
    """An offer for another product is redeemed together with the switch to it."""
    signature = signed_offers.v2(product_id=ANNUAL)
    event = chosen(customers, REDEEM, screen("promotionalOffer", promotionalOfferSignatureV2=signature))
    assert (event.notification_type, event.subtype) == ("OFFER_REDEEMED", "UPGRADE")
    assert some(event.transaction, "productId", "offerIdentifier") == (ANNUAL, "half")


def test_the_offer_of_an_app_store_connect_message_is_redeemed(customers: Customers) -> None:
    """The retention offer of an App Store Connect message has offerType 5."""
    seen = screen("message", APP_STORE_CONNECT, {"header": "Stay", "offer": "month"})
    assert some(chosen(customers, REDEEM, seen).renewal, "offerType", "offerIdentifier") == (5, "month")


@pytest.mark.parametrize("plan", [{}, {"billingPlanType": "MONTHLY"}], ids=["no plan", "MONTHLY"])
def test_the_other_product_is_switched_to(customers: Customers, plan: dict[str, str]) -> None:
    """The switch is the one that the answer offers, with its billing plan; a lower price a day waits."""
    customers.simulator.accounts.replace_products(APP.app_apple_id, [])
    seen = screen("alternateProduct", productId=ANNUAL, **plan)
    event = chosen(customers, SWITCH, seen)
    shown = event.renewal if plan else event.transaction
    assert some(shown, "autoRenewProductId" if plan else "productId") == (ANNUAL,)
    assert some(event.renewal, "renewalBillingPlanType") == (plan.get("billingPlanType"),)
    assert event.subtype == ("DOWNGRADE" if plan else "UPGRADE")


@pytest.mark.parametrize(
    ("choice", "seen", "reason"),
    [
        (REDEEM, screen("message"), "no offer to redeem"),
        (REDEEM, screen("message", DEFAULT, {"header": "Stay", "offer": "x"}), "no offer to redeem"),
        (REDEEM, screen("alternateProduct", productId=ANNUAL), "no offer to redeem"),
        (SWITCH, screen("message"), "no other product"),
        (SWITCH, screen("promotionalOffer"), "no other product"),
    ],
)
def test_what_the_screen_does_not_offer(customers: Customers, choice: str, seen: CustomerScreen, reason: str) -> None:
    """A customer can take only what the screen offers."""
    assert choice in CHOICES
    with pytest.raises(Failure, match=reason):
        transitions_of(customers, choice, seen)


def test_who_has_cancelled_sees_no_cancel_button(customers: Customers) -> None:
    """The App Store asks only customers whose auto-renew is on; one who is new to the simulator is such a customer."""
    check_may_cancel(customers, BY_PRODUCT)
    check_may_cancel(customers, NamedCustomer("12", MONTHLY))
    customers.act(BY_PRODUCT, turned_off)
    with pytest.raises(Failure, match="no Cancel button"):
        check_may_cancel(customers, BY_PRODUCT)


@pytest.mark.parametrize(("at_once", "subtype"), [(True, "UPGRADE"), (False, "DOWNGRADE"), (None, "UPGRADE")])
def test_when_a_switch_applies_can_be_named(customers: Customers, at_once: Any, subtype: str) -> None:
    """A switch applies now or at the renewal as named, otherwise as its price suggests."""
    product = customers.product(ANNUAL, price=100_000)
    (made,) = customers.act(BY_PRODUCT, switched(product, at_once=at_once))
    assert made.event.subtype == subtype
