"""A line of the notifications' log is read as an outcome, or as the watermark of all outcomes."""

from __future__ import annotations

from typing import Any

import pytest

from console.decisions.outcome_log import (
    LoggedCompleteness,
    LoggedOutcome,
    is_outcome,
    is_watermark,
    logged_completeness,
    logged_outcome,
)

LINE: dict[str, Any] = {
    "message": "merged", "notificationUuid": "u-1", "signedAt": "1970-01-02 00:00:00.500",
    "purchasedAt": "1970-01-01 00:00:10.000", "renewalAt": "1970-02-01 00:00:00.000", "customerHash": "0f" * 32,
    "status": "active", "autoRenew": 0, "productId": "pro", "nextProductId": "pro.annual", "transaction": "ab" * 8,
    "reason": "RENEWAL", "amount": 1990, "currency": "USD", "revoked": 1, "revocationPercentage": 50_000,
    "offerType": 2, "offerIdentifier": "half", "nextOfferType": 3, "nextOffer": "code", "expirationIntent": 1,
    "billingPlan": "MONTHLY", "nextBillingPlan": "BILLED_UPFRONT", "type": "DID_RENEW", "ownership": "PURCHASED",
}  # fmt: skip

READ = LoggedOutcome(
    customer_hash="0f" * 32, uuid="u-1", signed_at=86_400.5, purchased_at=10.0, renewal_at=2_678_400.0, status="active",
    auto_renew=False, product_id="pro", next_product_id="pro.annual", billing_plan="MONTHLY",
    next_billing_plan="BILLED_UPFRONT", transaction="ab" * 8, reason="RENEWAL", amount=1990, currency="USD",
    revoked=True, revocation_percentage=50_000, offer_type=2, offer="half", next_offer_type=3, next_offer="code",
    expiration_intent=1, type="DID_RENEW", ownership="PURCHASED",
)  # fmt: skip


def test_every_member_is_read() -> None:
    """An outcome has what its line has."""
    assert is_outcome(LINE)
    assert logged_outcome(LINE) == READ


def test_a_row_of_a_table_is_read() -> None:
    """A table has numbers as texts, and empty cells where a line has no member."""
    row = {name: str(value) for name, value in LINE.items()} | {"offerIdentifier": "", "amount": ""}
    found = logged_outcome(row)
    assert found is not None
    assert (found.auto_renew, found.revoked, found.offer, found.amount) == (False, True, None, None)


@pytest.mark.parametrize(
    "changes", [{"signedAt": "yesterday"}, {"customerHash": "200000123"}], ids=["no instant", "no hash"]
)
def test_a_line_of_another_form_is_none(changes: dict[str, str]) -> None:
    """A line whose instant or customer is not as the function writes them is no outcome."""
    assert logged_outcome(LINE | changes) is None


def test_a_watermark_is_read() -> None:
    """The hourly line states for an app since when and until when notifications are complete."""
    line = {
        "message": "complete until",
        "appAppleId": 1,
        "completeSince": "1970-01-01 00:30:00.000",
        "completeUntil": "1970-01-01 01:00:00.000",
    }
    assert is_watermark(line)
    assert not is_outcome(line)
    assert logged_completeness(line) == LoggedCompleteness("1", 1800.0, 3600.0)
    for name in ("completeSince", "completeUntil"):
        assert logged_completeness(line | {name: "soon"}) is None
