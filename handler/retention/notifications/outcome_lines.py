"""The log line of a notification about a subscription: its fields from what Apple signed, and its pseudonyms."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from retention.decision import hash_customer, identify_key
from retention.jws import APPLE_ROOT_FINGERPRINT
from retention.log.outcome import OutcomeLine, hash_transaction, instant
from retention.log.record import APPLE
from retention.notifications.learning import is_current
from retention.notifications.live_apps import LiveApp
from retention.notifications.notification import Notification
from retention.notifications.renewal import RenewalInfo
from retention.notifications.transaction import TransactionInfo
from retention.subscription import STATUSES

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def outcome_line(
    notification: Notification,
    original_transaction_id: str,
    app: LiveApp,
    *,
    source: str,
    now: datetime,
    known_leaves: frozenset[str],
) -> OutcomeLine:
    """Return the line of a notification about this subscription. `now` is the server's clock, aware."""
    by_apple = notification.anchor == APPLE_ROOT_FINGERPRINT
    line = OutcomeLine(
        type=notification.notification_type,
        subtype=notification.subtype,
        notification_uuid=notification.notification_uuid,
        signed_at=instant(notification.signed_date),
        age_ms=_age_ms(notification, now),
        app_apple_id=app.app_apple_id,
        customer_hash=hash_customer(app.customer_key, original_transaction_id),
        key_id=identify_key(app.customer_key),
        source=source,
        status=status_of(notification.status),
        trust_anchor=APPLE if by_apple else notification.anchor,
        leaf_days_left=(notification.leaf_not_after - now).days if by_apple else None,
        new_leaf=new_leaf(notification, known_leaves),
    )
    if notification.transaction is not None:
        line = _with_transaction(line, notification.transaction, app.customer_key)
    if notification.renewal is None:
        return line
    # A past transaction next to today's product, as with a refund, may be of another billing plan than today's.
    past = notification.transaction is not None and not is_current(notification.transaction, notification.renewal)
    return _with_renewal(replace(line, billing_plan=None) if past else line, notification.renewal)


def _with_transaction(line: OutcomeLine, transaction: TransactionInfo, customer_key: bytes) -> OutcomeLine:
    id_ = transaction.transaction_id
    return replace(
        line,
        purchased_at=instant(transaction.purchase_date),
        product_id=transaction.product_id,
        billing_plan=transaction.billing_plan,
        reason=transaction.reason,
        offer_type=transaction.offer_type,
        offer_identifier=transaction.offer_identifier,
        offer_period=transaction.offer_period,
        transaction=None if id_ is None else hash_transaction(customer_key, id_),
        amount=transaction.price,
        currency=transaction.currency,
        storefront=transaction.storefront,
        revoked=int(transaction.revocation_date is not None),
        revocation_percentage=transaction.revocation_percentage,
        ownership=transaction.ownership,
    )


def _with_renewal(line: OutcomeLine, renewal: RenewalInfo) -> OutcomeLine:
    renews = renewal.auto_renews
    return replace(
        line,
        # Today's product: the transaction may be one of the past, of another product.
        product_id=renewal.product_id or line.product_id,
        next_product_id=renewal.auto_renew_product_id,
        auto_renew=None if renews is None else int(renews),
        next_billing_plan=renewal.billing_plan,
        next_offer_type=renewal.offer_type,
        next_offer=renewal.offer_identifier,
        renewal_at=instant(renewal.renewal_date),
        expiration_intent=renewal.expiration_intent,
    )


def new_leaf(notification: Notification, known_leaves: frozenset[str]) -> str | None:
    """Return the fingerprint of the certificate that signed, where it is Apple's and neither we nor the owner know it.

    As with requests, certificates of a rehearsal's authority are not reported.
    """
    leaf = notification.leaf_fingerprint
    return leaf if notification.anchor == APPLE_ROOT_FINGERPRINT and leaf not in known_leaves else None


def _age_ms(notification: Notification, now: datetime) -> int | None:
    signed = notification.signed_date
    return None if signed is None else (now - _EPOCH) // _MILLISECOND - signed


def status_of(code: int | None) -> str | None:
    """Return Apple's status as rules name it; one that this release does not know, as its number."""
    return None if code is None else STATUSES.get(code, str(code))
