"""What a report of Apple's teaches about a subscription: its small `State`, to be merged with what is known.

No type and no subtype is looked at: an unknown one teaches as well as a known one. What is kept is what facts need;
no token, no id, no account and no name of a person is.
"""

from __future__ import annotations

import hashlib

from retention.notifications.notification import Notification
from retention.notifications.renewal import RenewalInfo
from retention.notifications.transaction import TransactionInfo
from retention.subscription import EMPTY, PastTransaction, RenewalSnapshot, State, TransactionSnapshot

# `data.status`: Apple is retrying a failed payment, without access or in a grace period.
_RETRYING = frozenset({3, 4})

# Of a transaction's digest, which is a key among the few transactions of one subscription.
_DIGEST_BYTES = 8


def learned(notification: Notification) -> State:
    """Return what a notification teaches; EMPTY for those about other things than an auto-renewable subscription."""
    return learned_from(notification.transaction, notification.renewal, notification.status, notification.signed_date)


def learned_from(
    transaction: TransactionInfo | None,
    renewal: RenewalInfo | None = None,
    status: int | None = None,
    signed_date: int | None = None,
) -> State:
    """Return what a transaction and a renewal info teach that Apple signed for one moment.

    `status` is `data.status`. `signed_date` (UNIX ms) stands in for the date of a token that has none; a token without
    any date teaches nothing, since it has no place among the others.
    """
    state = EMPTY
    if renewal is not None and (at := _first(renewal.signed_date, signed_date)) is not None:
        state = _of_renewal(renewal, status, at)
    if transaction is None or not transaction.is_of_a_subscription:
        return state
    if (at := _first(transaction.signed_date, signed_date)) is None:
        return state
    # Not by `dataclasses.replace`: in the built functions State is an ordinary class (scripts/compile.py).
    return State(
        renewal=state.renewal,
        transaction=_current(transaction, at) if is_current(transaction, renewal) else None,
        transactions=_past(transaction, at),
        auto=state.auto,
        trouble=state.trouble,
    )


def is_current(transaction: TransactionInfo, renewal: RenewalInfo | None) -> bool:
    """Return whether this is the transaction that the renewal info of the same moment continues.

    A refund, or a request for consumption data, comes with the transaction it is about, often one of the past, next to
    today's renewal info. Its price and product are not today's.
    """
    return (
        renewal is not None
        and transaction.product_id is not None
        and transaction.product_id == renewal.product_id
        and transaction.expires_date is not None
        and transaction.expires_date == renewal.renewal_date
    )


def _first(one: int | None, other: int | None) -> int | None:
    return other if one is None else one


def _of_renewal(renewal: RenewalInfo, status: int | None, at: int) -> State:
    on = renewal.auto_renews
    return State(
        renewal=RenewalSnapshot(
            signed_date=at,
            status=status,
            product_id=renewal.product_id,
            auto_renew_product_id=renewal.auto_renew_product_id,
            auto_renew_status=renewal.auto_renew_status,
            commitment_auto_renew_status=renewal.commitment_auto_renew_status,
            renewal_billing_plan=renewal.billing_plan,
            renewal_date=renewal.renewal_date,
            grace_period_expires_date=renewal.grace_period_expires_date,
            in_billing_retry=renewal.in_billing_retry,
            expiration_intent=renewal.expiration_intent,
            renewal_price=renewal.price,
            offer_type=renewal.offer_type,
            offer_identifier=renewal.offer_identifier,
            recent_subscription_start_date=renewal.recent_subscription_start_date,
            price_increase_status=renewal.price_increase_status,
            win_back_offers=renewal.win_back_offers,
        ),
        auto=() if on is None else ((at, on),),
        trouble=((at, bool(renewal.in_billing_retry) or status in _RETRYING),),
    )


def _current(transaction: TransactionInfo, at: int) -> TransactionSnapshot:
    return TransactionSnapshot(
        signed_date=at,
        product_id=transaction.product_id,
        original_purchase_date=transaction.original_purchase_date,
        expires_date=transaction.expires_date,
        group=transaction.group,
        storefront=transaction.storefront,
        currency=transaction.currency,
        price=transaction.price,
        offer_type=transaction.offer_type,
        offer_identifier=transaction.offer_identifier,
        offer_discount_type=transaction.offer_discount_type,
        billing_plan=transaction.billing_plan,
        billing_period_number=transaction.billing_period_number,
        total_billing_periods=transaction.total_billing_periods,
        ownership=transaction.ownership,
    )


def _past(transaction: TransactionInfo, at: int) -> tuple[PastTransaction, ...]:
    """Return the entry of a transaction; none for one without an id or without its place among the others."""
    if transaction.transaction_id is None or transaction.purchase_date is None:
        return ()
    return (
        PastTransaction(
            purchase_date=transaction.purchase_date,
            digest=hashlib.sha256(transaction.transaction_id.encode()).digest()[:_DIGEST_BYTES].hex(),
            signed_date=at,
            product_id=transaction.product_id,
            reason=transaction.reason,
            offer_type=transaction.offer_type,
            offer_identifier=transaction.offer_identifier,
            price=transaction.price,
            revocation_date=transaction.revocation_date,
        ),
    )
