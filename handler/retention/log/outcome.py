"""The log line of one outcome: what a notification taught of a subscription, as it may be written.

A line can hold only the fields of `OutcomeLine`, the second allow-list (the first is `record.Record`). It has no field
for a token, an account, or a plain transaction id: the customer is a hash under a key that never leaves the table, and
so is the transaction. Instants are texts in UTC that any engine can cast to a timestamp; amounts are in milliunits of
the currency, as Apple writes prices. Names that Apple lists (types, reasons, plans) are logged as Apple writes them,
also those that this release does not know.

A line is written before the row it announces, so each outcome is printed at least once: readers take one line of each
`notificationUuid`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from retention.log.record import MAX_TEXT, camel_case

_TRANSACTION_BYTES: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """All that a line may hold. Names become JSON keys in camelCase; None is left out.

    `transaction`, `amount`, `purchased_at`, `reason`, `revoked` and the offer are those of the transaction that the
    notification carries, which need not be today's. `source`: push or pull.
    """

    app_apple_id: int
    customer_hash: str
    key_id: str
    source: str
    type: str | None = None
    subtype: str | None = None
    notification_uuid: str | None = None
    signed_at: str | None = None
    age_ms: int | None = None
    purchased_at: str | None = None
    product_id: str | None = None
    next_product_id: str | None = None
    auto_renew: int | None = None
    billing_plan: str | None = None
    next_billing_plan: str | None = None
    reason: str | None = None
    offer_type: int | None = None
    offer_identifier: str | None = None
    offer_period: str | None = None
    next_offer_type: int | None = None
    next_offer: str | None = None
    transaction: str | None = None
    amount: int | None = None
    currency: str | None = None
    storefront: str | None = None
    revoked: int | None = None
    revocation_percentage: int | None = None
    renewal_at: str | None = None
    status: str | None = None
    expiration_intent: int | None = None
    ownership: str | None = None
    trust_anchor: str | None = None
    leaf_days_left: int | None = None
    new_leaf: str | None = None

    def fields(self) -> dict[str, object]:
        """Return the members of the JSON line, texts cut to MAX_TEXT characters."""
        held = ((key, getattr(self, name)) for name, key in _KEYS.items())
        return {key: value[:MAX_TEXT] if isinstance(value, str) else value for key, value in held if value is not None}


_KEYS: Final = {name: camel_case(name) for name in OutcomeLine.__slots__}


def hash_transaction(customer_key: bytes, transaction_id: str) -> str:
    """Return a transaction's pseudonym in logs: 16 hex digits of HMAC-SHA-256 under the key of customers' hashes."""
    text = f"transaction {transaction_id}".encode("utf-8", "surrogatepass")
    return hmac.digest(customer_key, text, hashlib.sha256)[:_TRANSACTION_BYTES].hex()


def instant(milliseconds: int | None) -> str | None:
    """Return UNIX milliseconds as `2026-11-30 00:53:20.122` in UTC; None where no calendar has the instant."""
    if milliseconds is None:
        return None
    try:
        at = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
    return at.replace(tzinfo=None).isoformat(" ", "milliseconds")
