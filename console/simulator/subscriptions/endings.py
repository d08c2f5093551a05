"""How a subscription ends, and how Apple gives money back. Each function returns the subscription and its event.

`now` is in UNIX milliseconds. What cannot happen to the subscription raises Failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from console.simulator.subscriptions.event import Outcome, reported
from console.simulator.subscriptions.life import (
    EXPIRED,
    REVOKED,
    SimulatedSubscription,
    SimulatedTransaction,
    TakenBack,
    UpcomingRenewal,
)
from console.simulator.subscriptions.renewals import PENDING
from console.terminal.failure import Failure

VOLUNTARY: Final = "VOLUNTARY"
BILLING: Final = "BILLING_RETRY"
PRICE: Final = "PRICE_INCREASE"
NOT_FOR_SALE: Final = "PRODUCT_NOT_FOR_SALE"
OTHER: Final = "OTHER"  # the notification has no subtype then

# Why a subscription ended → expirationIntent.
INTENTS: Final = {VOLUNTARY: 1, BILLING: 2, PRICE: 3, NOT_FOR_SALE: 4, OTHER: 5}

_FAMILY: Final = "FAMILY_REVOKE"
FULL: Final = 100_000  # revocationPercentage: thousandths of 1 %


def expired(
    subscription: SimulatedSubscription,
    now: int,
    why: str | None = None,
    *,
    win_back_offers: Sequence[str] = (),
    leaves_on: bool = False,
) -> Outcome:
    """The subscription ends, by default for the reason that its state gives; `why` is a key of INTENTS.

    Assumption: auto-renew is off afterwards, for every reason. `leaves_on` leaves it as it was.
    """
    if subscription.status in {EXPIRED, REVOKED}:
        raise Failure("The subscription has ended already.")
    reason = why or _reason(subscription)
    renewal = UpcomingRenewal(
        subscription.renewal.product,
        leaves_on and subscription.renewal.on,
        price_increase=subscription.renewal.price_increase,
        expiration_intent=INTENTS[reason],
    )
    after = replace(subscription, renewal=renewal, win_back_offers=tuple(win_back_offers))
    return reported(after, now, "EXPIRED", None if reason == OTHER else reason)


def refunded(
    subscription: SimulatedSubscription, now: int, transaction_id: str | None = None, percentage: int = FULL
) -> Outcome:
    """Apple refunds a transaction, by default the current one; `percentage` is in thousandths of 1 %.

    The notification has that transaction, next to today's renewal info. Without its current transaction the
    subscription ends, and so does a commitment; the refund of an earlier one changes neither.
    """
    found = transaction(subscription, transaction_id)
    if found.taken_back is not None:
        raise Failure("The transaction is refunded already.")
    kind = "REFUND_FULL" if percentage == FULL else "REFUND_PRORATED"
    return _taken_back(subscription, now, found, TakenBack(now, kind, 0, percentage), "REFUND")


def refund_reversed(subscription: SimulatedSubscription, now: int, transaction_id: str | None = None) -> Outcome:
    """Apple takes a refund back. Auto-renew stays off, if the refund turned it off."""
    found = transaction(subscription, transaction_id)
    if found.taken_back is None or found.taken_back.kind == _FAMILY:
        raise Failure("The transaction is not refunded.")
    restored = replace(found, taken_back=None)
    return reported(_replaced(subscription, restored), now, "REFUND_REVERSED", transaction=restored)


def refund_declined(subscription: SimulatedSubscription, now: int, transaction_id: str | None = None) -> Outcome:
    """Apple declines a refund: nothing changes."""
    return reported(subscription, now, "REFUND_DECLINED", transaction=transaction(subscription, transaction_id))


def consumption_requested(
    subscription: SimulatedSubscription,
    now: int,
    transaction_id: str | None = None,
    reason: str = "UNSATISFIED_WITH_PURCHASE",
) -> Outcome:
    """A customer has asked for a refund, and Apple asks the owner how the purchase was used. Nothing changes."""
    found = transaction(subscription, transaction_id)
    return reported(subscription, now, "CONSUMPTION_REQUEST", transaction=found, consumption_reason=reason)


def revoked(subscription: SimulatedSubscription, now: int) -> Outcome:
    """The customer loses access to what another member of the family, or an organization, pays for."""
    if subscription.customer.ownership == "PURCHASED":
        raise Failure("The customer pays for this subscription: Apple revokes only what others share.")
    if subscription.status == REVOKED:
        raise Failure("The subscription is revoked already.")
    return _taken_back(subscription, now, subscription.current, TakenBack(now, _FAMILY, 0, None), "REVOKE")


def transaction(subscription: SimulatedSubscription, transaction_id: str | None = None) -> SimulatedTransaction:
    """Return the transaction with this id, the current one without an id. Raises Failure."""
    if transaction_id is None:
        return subscription.current
    for one in subscription.transactions:
        if one.transaction_id == transaction_id:
            return one
    raise Failure("The subscription has no transaction with this id: `retention simulator subscriptions` lists them.")


def _reason(subscription: SimulatedSubscription) -> str:
    if not subscription.renews:
        return VOLUNTARY
    if subscription.renewal.retrying:
        return BILLING
    if subscription.renewal.price_increase == PENDING:
        return PRICE
    raise Failure(
        "The subscription renews: the customer has not cancelled, and billing has not failed. Let one of them happen"
        " first, or name another reason with --why."
    )


def _taken_back(
    subscription: SimulatedSubscription, now: int, found: SimulatedTransaction, taken: TakenBack, kind: str
) -> Outcome:
    taken_transaction = replace(found, taken_back=taken)
    after = _replaced(subscription, taken_transaction)
    if found == subscription.current:
        renewal = UpcomingRenewal(
            subscription.renewal.product, on=False, expiration_intent=subscription.renewal.expiration_intent
        )
        after = replace(after, renewal=renewal)
    return reported(after, now, kind, transaction=taken_transaction)


def _replaced(subscription: SimulatedSubscription, changed: SimulatedTransaction) -> SimulatedSubscription:
    transactions = (
        changed if one.transaction_id == changed.transaction_id else one for one in subscription.transactions
    )
    return replace(subscription, transactions=tuple(transactions))
