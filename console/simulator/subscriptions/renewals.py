"""How a subscription goes on: renewed, turned off and on, not billed, at another price, until a later date.

Each function returns the subscription and its event. `now` is in UNIX milliseconds. What cannot happen raises Failure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from console.simulator.subscriptions.billing_periods import DAY, period_end
from console.simulator.subscriptions.event import Outcome, reported
from console.simulator.subscriptions.life import (
    ACTIVE,
    BILLING_RETRY,
    GRACE_PERIOD,
    MONTHLY,
    RENEWAL,
    SimulatedSubscription,
    UpcomingRenewal,
)
from console.simulator.subscriptions.next_transaction import continued
from console.terminal.failure import Failure

# priceIncreaseStatus
PENDING: Final = 0
ACCEPTED: Final = 1


def renewed(subscription: SimulatedSubscription, now: int) -> Outcome:
    """The next period is billed. Apple may sign this before the period begins: it bills up to a day ahead."""
    _billable(subscription)
    if subscription.renewal.price_increase == PENDING:
        raise Failure("The customer has not consented to the price increase, without which the subscription expires.")
    begins = subscription.current.expires
    return reported(_next_period(subscription, begins, begins), now, "DID_RENEW")


def billed(subscription: SimulatedSubscription, now: int) -> Outcome:
    """The next period is billed, or the one that could not be billed before."""
    failed = subscription.status in {BILLING_RETRY, GRACE_PERIOD}
    return recovered(subscription, now) if failed else renewed(subscription, now)


def turned_off(subscription: SimulatedSubscription, now: int) -> Outcome:
    """The customer cancels. What is left of a commitment is billed nevertheless, and autoRenewStatus stays 1."""
    if not subscription.renewal.on or subscription.status not in {ACTIVE, BILLING_RETRY, GRACE_PERIOD}:
        raise Failure("Auto-renew is off already.")
    return _with_auto_renew(subscription, now, on=False)


def turned_on(subscription: SimulatedSubscription, now: int) -> Outcome:
    """The customer who had cancelled subscribes on, before the end of the period."""
    if subscription.status != ACTIVE:
        raise Failure("The subscription is not active: auto-renew can be turned on only before it ends.")
    if subscription.renewal.on:
        raise Failure("Auto-renew is on already.")
    return _with_auto_renew(subscription, now, on=True)


def billing_failed(subscription: SimulatedSubscription, now: int, grace: str | None = None) -> Outcome:
    """The renewal cannot be billed, and Apple tries again; with a `grace` period (ISO 8601), the customer keeps access.

    A commitment has no grace period.
    """
    _billable(subscription)
    current = subscription.current
    if grace is not None and current.product.billing_plan == MONTHLY:
        raise Failure("A subscription with a commitment has no grace period.")
    ends = None if grace is None else period_end(current.expires, grace, accelerated=subscription.accelerated)
    after = replace(subscription, renewal=replace(subscription.renewal, retrying=True, grace_expires=ends))
    return reported(after, now, "DID_FAIL_TO_RENEW", None if grace is None else "GRACE_PERIOD")


def grace_expired(subscription: SimulatedSubscription, now: int) -> Outcome:
    """The grace period ends, and Apple goes on trying to bill."""
    if subscription.status != GRACE_PERIOD:
        raise Failure("The subscription is not in a grace period.")
    after = replace(subscription, renewal=replace(subscription.renewal, grace_expires=None))
    return reported(after, now, "GRACE_PERIOD_EXPIRED")


def recovered(subscription: SimulatedSubscription, now: int) -> Outcome:
    """Apple bills after all. In a grace period the renewal date stays; after it, the new period begins now."""
    if subscription.status not in {BILLING_RETRY, GRACE_PERIOD}:
        raise Failure("The last renewal was billed: there is nothing to recover.")
    if not subscription.renews:
        raise Failure("Auto-renew is off: Apple does not try to bill any more.")
    ended = subscription.current.expires
    billed = max(now, ended)
    begins = ended if subscription.status == GRACE_PERIOD else billed
    return reported(_next_period(subscription, billed, begins), now, "DID_RENEW", "BILLING_RECOVERY")


def price_raised(subscription: SimulatedSubscription, now: int, price: int, *, consent: bool = True) -> Outcome:
    """The next renewal costs `price` (milliunits). Without the need of `consent`, it counts as accepted at once."""
    _billable(subscription)
    renewal = subscription.renewal
    if price <= renewal.product.price:
        raise Failure(f"The new price is not higher than the old one, {renewal.product.price} milliunits.")
    raised = replace(
        renewal, product=replace(renewal.product, price=price), price_increase=PENDING if consent else ACCEPTED
    )
    return reported(replace(subscription, renewal=raised), now, "PRICE_INCREASE", "PENDING" if consent else "ACCEPTED")


def price_accepted(subscription: SimulatedSubscription, now: int) -> Outcome:
    """The customer consents to the higher price."""
    _billable(subscription)
    if subscription.renewal.price_increase != PENDING:
        raise Failure("No price increase waits for the customer's consent.")
    after = replace(subscription, renewal=replace(subscription.renewal, price_increase=ACCEPTED))
    return reported(after, now, "PRICE_INCREASE", "ACCEPTED")


def extended(subscription: SimulatedSubscription, now: int, days: int) -> Outcome:
    """The owner extends the current period by some days. Assumption: expiresDate moves together with renewalDate."""
    if subscription.status != ACTIVE:
        raise Failure("The subscription is not active: only the date of an active one can be extended.")
    current = subscription.current
    longer = replace(current, expires=current.expires + days * DAY)
    after = replace(subscription, transactions=(*subscription.transactions[:-1], longer))
    return reported(after, now, "RENEWAL_EXTENDED")


def _billable(subscription: SimulatedSubscription) -> None:
    if subscription.status != ACTIVE:
        raise Failure("The subscription is not active: it has ended, or its last renewal could not be billed.")
    if not subscription.renews:
        raise Failure("Auto-renew is off: the subscription expires instead of being renewed.")


def _with_auto_renew(subscription: SimulatedSubscription, now: int, *, on: bool) -> Outcome:
    after = replace(subscription, renewal=replace(subscription.renewal, on=on))
    subtype = "AUTO_RENEW_ENABLED" if on else "AUTO_RENEW_DISABLED"
    return reported(after, now, "DID_CHANGE_RENEWAL_STATUS", subtype)


def _next_period(subscription: SimulatedSubscription, purchased: int, begins: int) -> SimulatedSubscription:
    """Return the subscription after its next period is billed: product, price and offer are those of its renewal."""
    renewal = subscription.renewal
    after = continued(subscription, subscription.next_product, purchased, RENEWAL, renewal.offer, begins=begins)
    left = max(renewal.offer_periods - 1, 0)
    follows = UpcomingRenewal(
        renewal.product,
        renewal.on,
        renewal.offer if left else None,
        left,
        # Within a commitment, a raised price waits for its end, and so does what the customer answered.
        renewal.price_increase if renewal.product != subscription.next_product else None,
    )
    return replace(after, renewal=follows)
