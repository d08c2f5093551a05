"""Reading transaction info."""

from __future__ import annotations

import pytest
from retention.errors import NotUnderstoodError
from retention.notifications.transaction import TransactionInfo

from tests.minting.notifications import ABSENT, BOUGHT_MS, ORIGINAL_TRANSACTION, RENEWAL_MS, transaction_claims


def test_a_transaction_is_read() -> None:
    """Each field that is read has the value of its claim."""
    commitment = {"billingPeriodNumber": 4, "totalBillingPeriods": 12, "commitmentPrice": 119880}
    info = TransactionInfo.from_claims(
        transaction_claims(
            offerType=2,
            offerIdentifier="half",
            offerDiscountType="PAY_AS_YOU_GO",
            offerPeriod="P1M",
            revocationDate=RENEWAL_MS,
            revocationType="REFUND_PRORATED",
            revocationPercentage=50_000,
            billingPlanType="MONTHLY",
            commitmentInfo=commitment,
            previousOriginalTransactionId="2000000400000001",
        )
    )
    assert info.original_transaction_id == ORIGINAL_TRANSACTION
    assert info.original_purchase_date == BOUGHT_MS
    assert (info.billing_plan, info.billing_period_number, info.total_billing_periods) == ("MONTHLY", 4, 12)
    assert None not in [getattr(info, name) for name in TransactionInfo.__slots__]


def test_every_field_may_be_missing() -> None:
    """A transaction without any field is read; all of its fields are None."""
    assert TransactionInfo.from_claims({}) == TransactionInfo()


def test_a_field_of_another_type_is_not_understood() -> None:
    """A field that is read and is of another type is named; one that nothing reads may be anything."""
    assert TransactionInfo.from_claims({"quantity": "one", "advancedCommerceInfo": 1, "new": {}}) == TransactionInfo()
    with pytest.raises(NotUnderstoodError) as refused:
        TransactionInfo.from_claims(transaction_claims(price="9.99"))
    assert refused.value.evidence == {"field": "price"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"type": "Consumable"}, False),
        ({"type": "Non-Renewing Subscription"}, False),
        ({"type": "Of the future"}, False),
        ({"type": ABSENT}, True),
        ({"type": ABSENT, "expiresDate": ABSENT}, True),
        ({"type": ABSENT, "expiresDate": ABSENT, "subscriptionGroupIdentifier": ABSENT}, False),
    ],
    ids=str,
)
def test_only_auto_renewable_subscriptions_are_kept(changes: dict[str, object], expected: object) -> None:
    """The type decides; where it is missing, an end or a group shows a subscription."""
    assert TransactionInfo.from_claims(transaction_claims(**changes)).is_of_a_subscription is expected


def test_a_transaction_names_nobody_in_its_repr() -> None:
    """The ids of a transaction are not in its repr."""
    shown = repr(TransactionInfo.from_claims(transaction_claims(previousOriginalTransactionId="2000000400000001")))
    assert "2000000" not in shown
    assert "704000000000000001" not in shown
