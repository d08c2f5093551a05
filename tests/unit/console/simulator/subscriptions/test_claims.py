"""The claims of the two tokens, compared with Apple's own models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.simulator.subscriptions.claims import renewal_claims, transaction_claims
from console.simulator.subscriptions.endings import expired, refunded
from console.simulator.subscriptions.life import SoldProduct, UpcomingRenewal
from console.simulator.subscriptions.purchases import redeemed
from console.simulator.subscriptions.renewals import billing_failed, price_raised, turned_off
from tests.support.simulated_lives import ANNUAL, BEGAN, COMMITTED, FIRST, HALF, PRO, TRIAL, Life, some

REQUIRED_T = {
    "transactionId", "originalTransactionId", "webOrderLineItemId", "appTransactionId", "bundleId", "productId",
    "subscriptionGroupIdentifier", "purchaseDate", "originalPurchaseDate", "expiresDate", "quantity", "type",
    "inAppOwnershipType", "signedDate", "environment", "transactionReason", "storefront", "storefrontId", "price",
    "currency",
}  # fmt: skip
REQUIRED_R = {
    "originalTransactionId", "appTransactionId", "productId", "autoRenewProductId", "autoRenewStatus", "renewalDate",
    "renewalPrice", "currency", "recentSubscriptionStartDate", "signedDate", "environment",
}  # fmt: skip


def test_an_ordinary_purchase_has_these_claims_and_no_others() -> None:
    """The tokens of an ordinary purchase have no field of an offer, a plan, a trouble or an end."""
    subscription = Life.begun().subscription
    transaction = transaction_claims(subscription, subscription.current, BEGAN)
    assert set(transaction) == REQUIRED_T
    assert some(transaction, "originalTransactionId", "price", "transactionReason") == (FIRST, 9990, "PURCHASE")
    assert set(renewal_claims(subscription, BEGAN)) == REQUIRED_R


def test_both_tokens_agree_about_the_current_transaction() -> None:
    """Product and renewal date of the renewal info are product and end of the current transaction."""
    event = Life.begun(offer=TRIAL).events[0]
    assert some(event.renewal, "productId", "renewalDate") == some(event.transaction, "productId", "expiresDate")


def test_no_price_while_auto_renew_is_off() -> None:
    """Price and currency of the next period are absent while auto-renew is off."""
    event = Life.begun().then(turned_off)
    assert some(event.renewal, "autoRenewStatus", "renewalPrice", "currency") == (0, None, None)


def test_a_customer_who_cancels_a_commitment_changes_its_end_alone() -> None:
    """With a commitment, autoRenewStatus stays 1 and the commitment's status becomes 0."""
    event = Life.begun(COMMITTED).then(turned_off)
    assert some(event.renewal, "autoRenewStatus", "renewalPrice") == (1, COMMITTED.price)
    assert event.renewal is not None
    commitment = event.renewal["commitmentInfo"]
    assert isinstance(commitment, dict)
    assert (commitment["commitmentAutoRenewStatus"], "commitmentRenewalPrice" in commitment) == (0, False)


@pytest.mark.parametrize(("follows", "price"), [(COMMITTED, 12 * COMMITTED.price), (ANNUAL, ANNUAL.price)])
def test_what_follows_a_commitment_has_its_complete_price(follows: SoldProduct, price: int) -> None:
    """The price after a commitment is that of the next commitment, or of the year paid at once."""
    subscription = replace(Life.begun(COMMITTED).subscription, renewal=UpcomingRenewal(follows))
    commitment = renewal_claims(subscription, BEGAN)["commitmentInfo"]
    assert isinstance(commitment, dict)
    assert commitment["commitmentRenewalPrice"] == price


def test_a_commitment_counts_its_periods() -> None:
    """The transaction has the number of its period, and price and end of the commitment."""
    (event,) = Life.begun(COMMITTED).events
    assert event.transaction is not None
    assert event.transaction["commitmentInfo"] == {
        "billingPeriodNumber": 1,
        "totalBillingPeriods": 12,
        "commitmentExpiresDate": BEGAN + 365 * 86_400_000,
        "commitmentPrice": 12 * COMMITTED.price,
    }


def test_an_offer_of_one_period_is_not_in_the_renewal() -> None:
    """Renewal info has an offer only if it applies to the next period."""
    event = Life.begun(offer=TRIAL).events[0]
    names = ("offerType", "offerIdentifier", "offerDiscountType", "offerPeriod")
    assert some(event.transaction, *names, "price") == (1, None, "FREE_TRIAL", "P1W", 0)
    assert some(event.renewal, *names, "renewalPrice") == (None, None, None, None, PRO.price)
    promised = Life.begun().then(redeemed, HALF)
    assert some(promised.transaction, *names) == (None, None, None, None)
    assert some(promised.renewal, *names, "renewalPrice") == (2, "half", "PAY_AS_YOU_GO", "P1M", HALF.price)


def test_trouble_and_end_are_absent_before_they_come() -> None:
    """isInBillingRetryPeriod is there from the first failure on; expirationIntent and win-back offers at the end."""
    life = Life.begun()
    names = ("isInBillingRetryPeriod", "expirationIntent", "gracePeriodExpiresDate", "eligibleWinBackOfferIds")
    assert some(life.events[0].renewal, *names) == (None, None, None, None)
    failed = life.then(billing_failed, "P16D")
    assert some(failed.renewal, *names) == (True, None, life.subscription.current.expires + 16 * 86_400_000, None)
    ended = life.then(expired, win_back_offers=["back"])
    assert some(ended.renewal, *names) == (False, 2, None, ["back"])


def test_a_raised_price_is_the_next_one() -> None:
    """A price increase has the new price of the next period, and whether the customer has consented."""
    event = Life.begun().then(price_raised, 12990)
    assert some(event.renewal, "priceIncreaseStatus", "renewalPrice") == (0, 12990)
    assert some(event.transaction, "price") == (PRO.price,)


def test_a_refund_is_in_its_transaction() -> None:
    """A refunded transaction has date, reason, type and share of the refund."""
    life = Life.begun()
    event = life.then(refunded, None, 50_000)
    names = ("revocationDate", "revocationReason", "revocationType", "revocationPercentage")
    assert some(event.transaction, *names) == (life.now, 0, "REFUND_PRORATED", 50_000)
