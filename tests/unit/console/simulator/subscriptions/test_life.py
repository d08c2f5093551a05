"""What a subscription is, by its transactions and its renewal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.simulator.subscriptions.life import (
    ACTIVE,
    BILLING_RETRY,
    EXPIRED,
    GRACE_PERIOD,
    REVOKED,
    TakenBack,
    UpcomingRenewal,
)
from tests.support.simulated_lives import BASIC, COMMITTED, FIRST, HALF, PRO, Life


@pytest.mark.parametrize(
    ("renewal", "status"),
    [
        (UpcomingRenewal(PRO), ACTIVE),
        (UpcomingRenewal(PRO, on=False), ACTIVE),
        (UpcomingRenewal(PRO, retrying=True), BILLING_RETRY),
        (UpcomingRenewal(PRO, retrying=True, grace_expires=1), GRACE_PERIOD),
        (UpcomingRenewal(PRO, on=False, expiration_intent=1), EXPIRED),
    ],
)
def test_the_status_follows_from_the_renewal(renewal: UpcomingRenewal, status: int) -> None:
    """Apple's status: active, expired, in billing retry, in a grace period."""
    assert replace(Life.begun().subscription, renewal=renewal).status == status


def test_without_its_current_transaction_a_subscription_is_revoked() -> None:
    """A subscription whose current transaction was taken back is revoked, and nothing of a commitment is left."""
    subscription = Life.begun(COMMITTED).subscription
    assert subscription.committed
    taken = replace(subscription.current, taken_back=TakenBack(1, "REFUND_FULL", 0, 100_000))
    revoked = replace(subscription, transactions=(taken,))
    assert (revoked.status, revoked.committed) == (REVOKED, False)


def test_within_a_commitment_the_next_period_is_billed_whatever_the_customer_chose() -> None:
    """A commitment's periods renew as they are; a switch and a cancellation wait for its end."""
    subscription = Life.begun(COMMITTED).subscription
    switched = replace(subscription, renewal=UpcomingRenewal(BASIC, on=False))
    assert (switched.renews, switched.next_product, switched.next_price) == (True, COMMITTED, COMMITTED.price)
    last = replace(switched, transactions=(replace(subscription.current, number=12),))
    assert (last.renews, last.next_product) == (False, BASIC)


def test_an_offer_sets_the_next_price() -> None:
    """What the next period costs is the offer's price while one applies."""
    subscription = Life.begun().subscription
    assert subscription.next_price == PRO.price
    assert replace(subscription, renewal=UpcomingRenewal(PRO, offer=HALF, offer_periods=1)).next_price == HALF.price


def test_a_commitment_is_billed_each_month() -> None:
    """The billing period of a MONTHLY plan is a month, of every other plan the product's period."""
    assert (COMMITTED.billing_period, replace(COMMITTED, billing_plan=None).billing_period) == ("P1M", "P1Y")


def test_no_representation_has_a_transaction_id() -> None:
    """The id by which a customer can be recognized is in no `repr`."""
    assert FIRST not in repr(Life.begun().subscription)
