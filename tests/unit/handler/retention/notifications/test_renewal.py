"""Reading renewal info."""

from __future__ import annotations

import pytest
from retention.errors import NotUnderstoodError
from retention.notifications.renewal import RenewalInfo

from tests.minting.notifications import ORIGINAL_TRANSACTION, RENEWAL_MS, renewal_claims


def test_renewal_info_is_read() -> None:
    """Each field that is read has the value of its claim."""
    info = RenewalInfo.from_claims(
        renewal_claims(
            offerType=2,
            offerIdentifier="half",
            offerDiscountType="PAY_AS_YOU_GO",
            offerPeriod="P1M",
            gracePeriodExpiresDate=RENEWAL_MS,
            isInBillingRetryPeriod=True,
            expirationIntent=2,
            priceIncreaseStatus=0,
            eligibleWinBackOfferIds=["back-2", "back-1"],
            renewalBillingPlanType="MONTHLY",
            commitmentInfo={"commitmentAutoRenewStatus": 0},
        )
    )
    assert info.original_transaction_id == ORIGINAL_TRANSACTION
    assert info.win_back_offers == ("back-2", "back-1")
    assert info.auto_renews is False
    assert None not in [getattr(info, name) for name in RenewalInfo.__slots__]


def test_every_field_may_be_missing() -> None:
    """Renewal info without any field is read; all of its fields are None."""
    info = RenewalInfo.from_claims({})
    assert info == RenewalInfo()
    assert info.auto_renews is None


def test_a_field_of_another_type_is_not_understood() -> None:
    """A field of the commitment that is of another type is named by its path."""
    with pytest.raises(NotUnderstoodError) as refused:
        RenewalInfo.from_claims(renewal_claims(commitmentInfo={"commitmentAutoRenewStatus": "0"}))
    assert refused.value.evidence == {"field": "commitmentInfo.commitmentAutoRenewStatus"}


def test_renewal_info_names_nobody_in_its_repr() -> None:
    """No id of the customer is in its repr."""
    assert ORIGINAL_TRANSACTION not in repr(RenewalInfo.from_claims(renewal_claims()))
