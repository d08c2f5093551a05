"""Every life of a simulated subscription has consistent claims, and the facts that are read from them are true."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from retention.notifications.learning import learned_from
from retention.notifications.renewal import RenewalInfo
from retention.notifications.transaction import TransactionInfo
from retention.subscription import FACT_KINDS, State, facts, from_document, merge, to_document

from console.simulator.subscriptions import subscription_document
from console.simulator.subscriptions.billing_periods import DAY
from console.simulator.subscriptions.claims import transaction_claims
from console.simulator.subscriptions.event import Event
from console.simulator.subscriptions.life import SimulatedSubscription
from tests.support.random_lives import ACTIONS, BEGINNINGS, Step, lived, truth
from tests.support.simulated_lives import not_documented

CHOICES = st.tuples(st.integers(0, len(ACTIONS) - 1), st.integers(1, 2000))
LIVES = st.builds(lived, st.integers(0, len(BEGINNINGS) - 1), st.lists(CHOICES, max_size=40))


def taught(event: Event) -> State:
    """Return what our readers learn from an event."""
    assert event.transaction is not None
    assert event.renewal is not None
    status = event.data["status"]
    assert isinstance(status, int)
    return learned_from(TransactionInfo.from_claims(event.transaction), RenewalInfo.from_claims(event.renewal), status)


def claims_of(event: Event) -> tuple[Any, Any]:
    assert event.transaction is not None
    assert event.renewal is not None
    return event.transaction, event.renewal


@given(LIVES)
def test_every_claim_is_one_that_apple_documents(steps: list[Step]) -> None:
    """Apple's library knows every field and every value of every event."""
    assert [name for _, event in steps for name in not_documented(event)] == []


@given(LIVES)
def test_there_is_one_current_transaction(steps: list[Step]) -> None:
    """Renewal info is about the current transaction; ids are unique, and the original one stays."""
    for subscription, event in steps:
        transaction, renewal = claims_of(event)
        current = subscription.current
        assert (renewal["productId"], renewal["renewalDate"]) == (current.product.product_id, current.expires)
        assert (
            transaction["originalTransactionId"]
            == renewal["originalTransactionId"]
            == steps[0][0].original.transaction_id
        )
        ids = [one.transaction_id for one in subscription.transactions]
        assert len(set(ids)) == len(ids)
        assert transaction["transactionId"] in ids
        if transaction["transactionId"] == current.transaction_id:
            assert transaction == transaction_claims(subscription, current, event.signed_date)


@given(LIVES)
def test_what_apple_leaves_out_is_absent(steps: list[Step]) -> None:
    """A price is there while the subscription renews, a reason after its end, a count of periods with a commitment."""
    for subscription, event in steps:
        transaction, renewal = claims_of(event)
        on = renewal["autoRenewStatus"] == 1
        assert ("renewalPrice" in renewal, "currency" in renewal) == (on, on)
        assert ("expirationIntent" in renewal) == (subscription.renewal.expiration_intent is not None)
        assert not (event.data["status"] == 2 and "expirationIntent" not in renewal)
        assert renewal.get("isInBillingRetryPeriod", False) == (event.data["status"] in {3, 4})
        assert ("commitmentInfo" in transaction) == (transaction.get("billingPlanType") == "MONTHLY")
        assert None not in transaction.values()
        assert None not in renewal.values()


@given(LIVES)
def test_the_order_of_events_is_the_order_of_their_dates(steps: list[Step]) -> None:
    """Each event is signed after the one before; a commitment's periods are counted from 1 to 12."""
    dates = [event.signed_date for _, event in steps]
    assert dates == sorted(set(dates))
    transactions = steps[-1][0].transactions
    for before, after in pairwise(transactions):
        assert after.number in ({0, 1} if before.number in {0, 12} else {0, 1, before.number + 1})


@given(LIVES)
def test_a_subscription_is_kept_as_it_is(steps: list[Step]) -> None:
    """The simulator's data gives back the subscription that was saved."""
    subscription: SimulatedSubscription = steps[-1][0]
    assert subscription_document.from_document(subscription_document.to_document(subscription)) == subscription


@given(LIVES, st.integers(0, 2**32), st.integers(0, 800 * 24))
def test_the_facts_of_any_order_are_the_truth(steps: list[Step], seed: int, later: int) -> None:
    """Events merged in any order, some of them twice, give exactly the facts that are true of the customer."""
    states = [taught(event) for _, event in steps]
    arrived = states + [state for state in states if Random(seed).random() < 0.3]
    Random(seed).shuffle(arrived)
    half = len(arrived) // 2
    merged = merge(merge(*arrived[:half]), merge(*arrived[half:]))
    assert merged == merge(*states)
    assert from_document(json.loads(json.dumps(to_document(merged)))) == merged
    now = steps[-1][1].signed_date + later * 3_600_000
    known = dict(facts(merged, now / 1000))
    assert known == truth(steps, now)
    assert set(known) <= set(FACT_KINDS)


@given(LIVES)
def test_a_missing_event_teaches_the_next_one_no_less(steps: list[Step]) -> None:
    """Without any one earlier event, today's facts are the same: only what counts the past may differ."""
    now = steps[-1][1].signed_date + DAY
    complete = truth(steps, now)
    states = [taught(event) for _, event in steps]
    for left_out in range(len(states) - 1):
        known = dict(facts(merge(*states[:left_out], *states[left_out + 1 :]), now / 1000))
        for name in ("autoRenew", "status", "nextProductId", "renewalPrice", "daysUntilRenewal", "tenureDays"):
            assert known.get(name) == complete.get(name), name
