"""Add a transaction to a subscription: the period it pays for, its price, and what follows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from console.simulator.subscriptions.billing_periods import allowed_gap, period_end
from console.simulator.subscriptions.life import (
    COMMITMENT_PERIODS,
    MONTHLY,
    PAY_AS_YOU_GO,
    RENEWAL,
    RedeemableOffer,
    SimulatedSubscription,
    SimulatedTransaction,
    SoldProduct,
    UpcomingRenewal,
)

# The n-th transaction after the first has the first one's number plus n times this. Sandbox ids have sixteen digits.
_STEP: Final = 1_000_000_000


def period_transaction(
    transaction_id: str,
    product: SoldProduct,
    purchased: int,
    reason: str,
    offer: RedeemableOffer | None,
    *,
    begins: int,
    accelerated: bool,
) -> SimulatedTransaction:
    """Return the transaction of one period that begins at `begins`; with MONTHLY, the first one of a commitment."""
    one_length = offer is not None and offer.discount != PAY_AS_YOU_GO
    period = offer.period if offer is not None and one_length else product.billing_period
    committed = product.billing_plan == MONTHLY
    return SimulatedTransaction(
        transaction_id,
        product,
        purchased,
        period_end(begins, period, accelerated=accelerated),
        product.price if offer is None else offer.price,
        reason,
        offer,
        number=1 if committed else 0,
        commitment_expires=period_end(begins, product.period, accelerated=accelerated) if committed else None,
    )


def continued(
    subscription: SimulatedSubscription,
    product: SoldProduct,
    purchased: int,
    reason: str,
    offer: RedeemableOffer | None = None,
    *,
    begins: int | None = None,
) -> SimulatedSubscription:
    """Return the subscription with one more transaction, which renews as `product`, with auto-renew on.

    `begins` is where its period begins, `purchased` unless given (all in UNIX milliseconds).
    """
    before = subscription.current
    transaction = period_transaction(
        next_transaction_id(subscription),
        product,
        purchased,
        reason,
        offer,
        begins=purchased if begins is None else begins,
        accelerated=subscription.accelerated,
    )
    if reason == RENEWAL and product == before.product and 0 < before.number < COMMITMENT_PERIODS:
        transaction = replace(transaction, number=before.number + 1, commitment_expires=before.commitment_expires)
    left = 0 if offer is None else offer.count - 1
    lapsed = purchased - before.expires >= allowed_gap(accelerated=subscription.accelerated)
    return replace(
        subscription,
        transactions=(*subscription.transactions, transaction),
        renewal=UpcomingRenewal(product, offer=offer if left else None, offer_periods=left),
        run_started=purchased if lapsed else subscription.run_started,
        win_back_offers=(),
    )


def next_transaction_id(subscription: SimulatedSubscription) -> str:
    """Return the id of the next transaction, which follows from the first one's: no other subscription has it."""
    first, number = subscription.original.transaction_id, len(subscription.transactions)
    return str(int(first) + number * _STEP) if first.isdecimal() and first.isascii() else f"{first}-{number}"
