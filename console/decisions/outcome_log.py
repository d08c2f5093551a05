"""Logged outcomes: what Apple's notifications reported of a subscription, read from any export of their log.

`retention.log.outcome` lists the members of a line. Here times are in UTC seconds, and amounts in milliunits of a
currency.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from console.decisions.log_export import Line, LineKind

_HASH: Final = re.compile("[0-9a-f]{64}")
_NUMBER: Final = re.compile("-?[0-9]{1,18}")
# The members that every outcome has.
_OUTCOME: Final = ("customerHash", "notificationUuid", "signedAt")
_COMPLETE: Final = "completeUntil"
_SINCE: Final = "completeSince"


@dataclass(frozen=True, slots=True)
class LoggedOutcome:
    """One notification that taught something. What Apple left out is None.

    `product_id` is today's and `next_product_id` the next period's; `transaction` is a keyed digest, and `amount`,
    `purchased_at`, `reason`, `revoked` and the offer are that transaction's, which need not be today's.
    """

    customer_hash: str
    uuid: str
    signed_at: float
    type: str | None = None
    purchased_at: float | None = None
    renewal_at: float | None = None
    status: str | None = None
    auto_renew: bool | None = None
    product_id: str | None = None
    next_product_id: str | None = None
    billing_plan: str | None = None
    next_billing_plan: str | None = None
    transaction: str | None = None
    reason: str | None = None
    amount: int | None = None
    currency: str | None = None
    revoked: bool = False
    revocation_percentage: int | None = None
    offer_type: int | None = None
    offer: str | None = None
    next_offer_type: int | None = None
    next_offer: str | None = None
    expiration_intent: int | None = None
    ownership: str | None = None


def is_outcome(line: Line) -> bool:
    """Return whether a line is an outcome of one customer."""
    return all(_text(line, name) is not None for name in _OUTCOME)


def is_watermark(line: Line) -> bool:
    """Return whether a line states until when notifications are complete."""
    return _text(line, _COMPLETE) is not None


OUTCOMES: Final = LineKind(
    lambda line: is_outcome(line) or is_watermark(line), (frozenset(_OUTCOME), frozenset({_COMPLETE}))
)


@dataclass(frozen=True, slots=True)
class LoggedCompleteness:
    """Of an app, since when and until when every notification is there, in UTC seconds.

    `since` is when the stack began to take them in, or after a gap began again.
    """

    app: str
    since: float
    until: float


def logged_completeness(line: Line) -> LoggedCompleteness | None:
    """Read a line that `is_watermark`; None where its instants are not as we write them."""
    since, until = _instant(line, _SINCE), _instant(line, _COMPLETE)
    return None if since is None or until is None else LoggedCompleteness(str(line.get("appAppleId")), since, until)


def logged_outcome(line: Line) -> LoggedOutcome | None:
    """Read a line that `is_outcome`; None where its instant or its customer is not as we write them."""
    signed_at = _instant(line, "signedAt")
    customer_hash = _text(line, "customerHash") or ""
    if signed_at is None or not _HASH.fullmatch(customer_hash):
        return None
    auto_renew = _number(line, "autoRenew")
    return LoggedOutcome(
        customer_hash=customer_hash,
        uuid=_text(line, "notificationUuid") or "",
        signed_at=signed_at,
        type=_text(line, "type"),
        purchased_at=_instant(line, "purchasedAt"),
        renewal_at=_instant(line, "renewalAt"),
        status=_text(line, "status"),
        auto_renew=None if auto_renew is None else auto_renew == 1,
        product_id=_text(line, "productId"),
        next_product_id=_text(line, "nextProductId"),
        billing_plan=_text(line, "billingPlan"),
        next_billing_plan=_text(line, "nextBillingPlan"),
        transaction=_text(line, "transaction"),
        reason=_text(line, "reason"),
        amount=_number(line, "amount"),
        currency=_text(line, "currency"),
        revoked=_number(line, "revoked") == 1,
        revocation_percentage=_number(line, "revocationPercentage"),
        offer_type=_number(line, "offerType"),
        offer=_text(line, "offerIdentifier"),
        next_offer_type=_number(line, "nextOfferType"),
        next_offer=_text(line, "nextOffer"),
        expiration_intent=_number(line, "expirationIntent"),
        ownership=_text(line, "ownership"),
    )


def _text(line: Line, name: str) -> str | None:
    value = line.get(name)
    return value if isinstance(value, str) and value else None  # a table has empty cells


def _number(line: Line, name: str) -> int | None:
    """Return a whole number; a table has it as text."""
    value = line.get(name)
    if isinstance(value, int):
        return int(value)
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def _instant(line: Line, name: str) -> float | None:
    """Return UTC seconds of `2026-11-30 00:53:20.122`."""
    try:
        return datetime.fromisoformat(_text(line, name) or "").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
