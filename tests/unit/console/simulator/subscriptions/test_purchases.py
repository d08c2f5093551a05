"""What a customer buys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from console.simulator.subscriptions.endings import expired, refunded
from console.simulator.subscriptions.purchases import (
    downgraded,
    redeemed,
    resubscribed,
    switch_withdrawn,
    upgraded,
)
from console.simulator.subscriptions.renewals import billing_failed, renewed, turned_off
from console.terminal.failure import Failure
from tests.support.simulated_lives import (
    ANNUAL,
    BASIC,
    BEGAN,
    COMMITTED,
    COUPON,
    FIRST,
    FREE_MONTH,
    HALF,
    PRO,
    TRIAL,
    Life,
    not_documented,
    shape,
    some,
)


@pytest.mark.parametrize("offer", [None, TRIAL, COUPON])
def test_the_first_purchase(offer: Any) -> None:
    """The first purchase is SUBSCRIBED with INITIAL_BUY, with an offer or without; its date is the original one."""
    (event,) = Life.begun(offer=offer).events
    assert shape(event) == ("SUBSCRIBED", "INITIAL_BUY", 1)
    assert some(event.transaction, "purchaseDate", "originalPurchaseDate", "transactionId") == (BEGAN, BEGAN, FIRST)
    assert not_documented(event) == []


def test_a_customer_who_comes_back() -> None:
    """After the end, a purchase is SUBSCRIBED with RESUBSCRIBE, under the same original transaction id."""
    life = Life.begun()
    life.then(turned_off)
    life.then(expired, win_back_offers=["back"])
    event = life.then(resubscribed, BASIC, COUPON)
    assert shape(event) == ("SUBSCRIBED", "RESUBSCRIBE", 1)
    names = ("originalTransactionId", "productId", "offerType", "transactionReason")
    assert some(event.transaction, *names) == (FIRST, BASIC.product_id, 3, "PURCHASE")
    assert some(event.renewal, "autoRenewStatus", "expirationIntent", "eligibleWinBackOfferIds") == (1, None, None)
    life.then(refunded)
    assert shape(life.then(resubscribed)) == ("SUBSCRIBED", "RESUBSCRIBE", 1)


def test_an_upgrade_is_a_transaction_now() -> None:
    """An upgrade is one notification, with a new transaction; the one before it is marked as upgraded."""
    life = Life.begun(BASIC)
    life.then(turned_off)
    event = life.then(upgraded, PRO)
    assert shape(event) == ("DID_CHANGE_RENEWAL_PREF", "UPGRADE", 1)
    assert some(event.transaction, "productId", "purchaseDate") == (PRO.product_id, life.now)
    assert some(event.renewal, "productId", "autoRenewStatus") == (PRO.product_id, 1)
    assert [one.upgraded for one in life.subscription.transactions] == [True, False]


def test_a_downgrade_waits_and_turns_auto_renew_on() -> None:
    """A downgrade changes the next product only, and turns auto-renew on without AUTO_RENEW_ENABLED."""
    life = Life.begun()
    life.then(turned_off)
    event = life.then(downgraded, BASIC)
    assert shape(event) == ("DID_CHANGE_RENEWAL_PREF", "DOWNGRADE", 1)
    assert some(event.transaction, "productId") == (PRO.product_id,)
    names = ("productId", "autoRenewProductId", "autoRenewStatus", "renewalPrice")
    assert some(event.renewal, *names) == (PRO.product_id, BASIC.product_id, 1, BASIC.price)
    assert some(life.then(renewed).transaction, "productId", "transactionReason") == (BASIC.product_id, "RENEWAL")


def test_a_switch_can_be_withdrawn() -> None:
    """A withdrawn switch is DID_CHANGE_RENEWAL_PREF without a subtype."""
    life = Life.begun()
    life.then(downgraded, BASIC)
    event = life.then(switch_withdrawn)
    assert shape(event) == ("DID_CHANGE_RENEWAL_PREF", None, 1)
    assert some(event.renewal, "autoRenewProductId") == (PRO.product_id,)


def test_a_change_of_the_billing_plan_keeps_the_product() -> None:
    """From a year paid at once to a commitment, the product stays, and the billing plan is another."""
    event = Life.begun(ANNUAL).then(upgraded, COMMITTED)
    assert some(event.transaction, "productId", "billingPlanType") == ("pro.annual", "MONTHLY")


@pytest.mark.parametrize("offer", [HALF, COUPON, FREE_MONTH], ids=["promotional", "code", "retention"])
def test_an_offer_is_redeemed(offer: Any) -> None:
    """An offer for the same product is in the renewal info, turns auto-renew on, and then in the next transaction."""
    life = Life.begun()
    life.then(turned_off)
    event = life.then(redeemed, offer)
    assert shape(event) == ("OFFER_REDEEMED", None, 1)
    assert some(event.transaction, "offerType", "transactionId") == (None, FIRST)
    assert some(event.renewal, "autoRenewStatus", "offerType", "offerIdentifier") == (1, offer.kind, offer.identifier)
    billed = life.then(renewed)
    assert some(billed.transaction, "offerType", "price") == (offer.kind, offer.price)
    assert not_documented(event) == not_documented(billed) == []


def test_an_offer_takes_a_pending_switch_back() -> None:
    """The offer is one of today's product, so that is what renews, at the offer's price, and no other product."""
    life = Life.begun()
    life.then(downgraded, BASIC)
    event = life.then(redeemed, HALF)
    assert shape(event) == ("OFFER_REDEEMED", None, 1)
    assert some(event.renewal, "autoRenewProductId", "renewalPrice") == (PRO.product_id, HALF.price)
    assert some(life.then(renewed).transaction, "productId", "price") == (PRO.product_id, HALF.price)


def test_an_offer_can_apply_at_once() -> None:
    """With `at_once`, the notification has a discounted transaction of now."""
    life = Life.begun()
    event = life.then(redeemed, HALF, at_once=True)
    assert some(event.transaction, "offerIdentifier", "purchaseDate", "price") == ("half", life.now, HALF.price)


@pytest.mark.parametrize(("switch", "subtype"), [(upgraded, "UPGRADE"), (downgraded, "DOWNGRADE")])
def test_an_offer_with_a_switch_has_its_subtype(switch: Callable[..., Any], subtype: str) -> None:
    """An offer for another product is OFFER_REDEEMED with UPGRADE or DOWNGRADE."""
    event = Life.begun().then(switch, ANNUAL, HALF)
    assert shape(event) == ("OFFER_REDEEMED", subtype, 1)
    shown = event.transaction if subtype == "UPGRADE" else event.renewal
    assert some(shown, "offerIdentifier") == ("half",)


@pytest.mark.parametrize(
    ("transition", "given", "reason"),
    [
        (resubscribed, (), "has not ended"),
        (upgraded, (PRO,), "renews as pro.monthly already"),
        (downgraded, (PRO,), "renews as pro.monthly already"),
        (switch_withdrawn, (), "no switch"),
    ],
)
def test_what_cannot_be_bought(transition: Callable[..., Any], given: tuple[Any, ...], reason: str) -> None:
    """What an active customer cannot buy is refused with the reason."""
    with pytest.raises(Failure, match=reason):
        Life.begun().then(transition, *given)


@pytest.mark.parametrize(
    ("transition", "given"),
    [(upgraded, (ANNUAL,)), (downgraded, (BASIC,)), (switch_withdrawn, ()), (redeemed, (HALF,))],
)
def test_a_customer_who_is_not_active_cannot_switch(transition: Callable[..., Any], given: tuple[Any, ...]) -> None:
    """While billing fails, the customer can neither switch nor redeem an offer."""
    life = Life.begun()
    life.then(billing_failed)
    with pytest.raises(Failure, match="not active"):
        life.then(transition, *given)
