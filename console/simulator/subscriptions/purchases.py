"""What a customer buys: a subscription, another product, an offer.

Each function returns the subscription and its event. `now` is in UNIX milliseconds. What cannot happen to the
subscription raises Failure.
"""

from __future__ import annotations

from dataclasses import replace

from console.simulator.subscriptions.event import Outcome, reported
from console.simulator.subscriptions.life import (
    ACTIVE,
    EXPIRED,
    PURCHASE,
    REVOKED,
    RedeemableOffer,
    Seller,
    SimulatedCustomer,
    SimulatedSubscription,
    SoldProduct,
    UpcomingRenewal,
)
from console.simulator.subscriptions.next_transaction import continued, period_transaction
from console.terminal.failure import Failure

_USUAL_CUSTOMER = SimulatedCustomer()


def bought(
    seller: Seller,
    product: SoldProduct,
    transaction_id: str,
    now: int,
    *,
    customer: SimulatedCustomer = _USUAL_CUSTOMER,
    offer: RedeemableOffer | None = None,
    accelerated: bool = False,
) -> Outcome:
    """A customer buys a subscription for the first time, perhaps with an introductory offer or a code."""
    first = period_transaction(transaction_id, product, now, PURCHASE, offer, begins=now, accelerated=accelerated)
    left = 0 if offer is None else offer.count - 1
    renewal = UpcomingRenewal(product, offer=offer if left else None, offer_periods=left)
    # No event before: its signedDate is `now`.
    subscription = SimulatedSubscription(seller, customer, (first,), renewal, now, now - 1, accelerated)
    return reported(subscription, now, "SUBSCRIBED", "INITIAL_BUY")


def resubscribed(
    subscription: SimulatedSubscription,
    now: int,
    product: SoldProduct | None = None,
    offer: RedeemableOffer | None = None,
) -> Outcome:
    """A customer whose subscription has ended buys it again, or another product of the group, perhaps with an offer."""
    if subscription.status not in {EXPIRED, REVOKED}:
        raise Failure("The subscription has not ended: only one that has expired or was refunded can be bought again.")
    bought_product = product or subscription.current.product
    return reported(continued(subscription, bought_product, now, PURCHASE, offer), now, "SUBSCRIBED", "RESUBSCRIBE")


def upgraded(
    subscription: SimulatedSubscription, now: int, product: SoldProduct, offer: RedeemableOffer | None = None
) -> Outcome:
    """The customer switches at once, to a product of a higher level or, on the same level, of the same length.

    Auto-renew is on afterwards. The transaction before it is not refunded by a notification of its own.
    """
    _active(subscription)
    _another(subscription.current.product, product)
    transactions = (*subscription.transactions[:-1], replace(subscription.current, upgraded=True))
    after = continued(replace(subscription, transactions=transactions), product, now, PURCHASE, offer)
    return reported(after, now, "DID_CHANGE_RENEWAL_PREF" if offer is None else "OFFER_REDEEMED", "UPGRADE")


def downgraded(
    subscription: SimulatedSubscription, now: int, product: SoldProduct, offer: RedeemableOffer | None = None
) -> Outcome:
    """The customer switches at the next renewal. That turns auto-renew on, without a notification of its own."""
    _active(subscription)
    _another(subscription.renewal.product, product)
    renewal = UpcomingRenewal(product, offer=offer, offer_periods=0 if offer is None else offer.count)
    kind = "DID_CHANGE_RENEWAL_PREF" if offer is None else "OFFER_REDEEMED"
    return reported(replace(subscription, renewal=renewal), now, kind, "DOWNGRADE")


def switch_withdrawn(subscription: SimulatedSubscription, now: int) -> Outcome:
    """The customer stays with the current product after all. The notification has no subtype."""
    _active(subscription)
    current, planned = subscription.current.product, subscription.renewal.product
    if _plan(current) == _plan(planned):
        raise Failure("The subscription has no switch that could be withdrawn.")
    after = replace(subscription, renewal=replace(subscription.renewal, product=current, price_increase=None))
    return reported(after, now, "DID_CHANGE_RENEWAL_PREF")


def redeemed(
    subscription: SimulatedSubscription, now: int, offer: RedeemableOffer, *, at_once: bool = False
) -> Outcome:
    """An active customer redeems an offer for the same product, which turns auto-renew on.

    Assumption: the discount begins with the next renewal, and until then renewal info has the offer. With `at_once`, a
    discounted transaction is made now. A switch that waits for the renewal is taken back, since the offer is one of
    today's product. Apple documents none of these.
    """
    _active(subscription)
    current, renewal = subscription.current.product, subscription.renewal
    if _plan(renewal.product) != _plan(current):
        renewal = replace(renewal, product=current, price_increase=None)
    if at_once:
        after = continued(subscription, current, now, PURCHASE, offer)
    else:
        renewal = replace(renewal, on=True, offer=offer, offer_periods=offer.count)
        after = replace(subscription, renewal=renewal)
    return reported(after, now, "OFFER_REDEEMED")


def _active(subscription: SimulatedSubscription) -> None:
    if subscription.status != ACTIVE:
        raise Failure("The subscription is not active: it has ended, or its last renewal could not be billed.")


def _another(before: SoldProduct, product: SoldProduct) -> None:
    if _plan(before) == _plan(product):
        raise Failure(f"The subscription renews as {product.product_id} already.")


def _plan(product: SoldProduct) -> tuple[str, str | None]:
    return product.product_id, product.billing_plan
