"""The next transaction of a subscription."""

from __future__ import annotations

import pytest

from console.simulator.subscriptions.billing_periods import DAY, MINUTE
from console.simulator.subscriptions.endings import expired
from console.simulator.subscriptions.life import SimulatedSubscription
from console.simulator.subscriptions.next_transaction import next_transaction_id
from console.simulator.subscriptions.purchases import bought, resubscribed
from console.simulator.subscriptions.renewals import renewed, turned_off
from tests.support.simulated_lives import BEGAN, COMMITTED, HALF, PRO, SELLER, TRIAL, Life


def with_id(transaction_id: str) -> SimulatedSubscription:
    return bought(SELLER, PRO, transaction_id, BEGAN)[0]


@pytest.mark.parametrize(
    ("first", "second"),
    [("2000000000000007", "2000001000000007"), ("12", "1000000012"), ("gift", "gift-1"), ("٣", "٣-1")],
)
def test_ids_follow_from_the_first(first: str, second: str) -> None:
    """Each transaction has an id that no other subscription's transactions can have."""
    assert next_transaction_id(with_id(first)) == second


def test_a_trial_has_a_length_of_its_own() -> None:
    """A trial ends after its own period, a discounted period after the product's."""
    assert Life.begun(offer=TRIAL).subscription.current.expires == BEGAN + 7 * DAY
    assert Life.begun(offer=HALF).subscription.current.expires == BEGAN + 28 * DAY


def test_an_offer_of_several_periods_is_used_up() -> None:
    """An offer of three periods sets the price of three transactions."""
    life = Life.begun(offer=HALF)
    for _ in range(3):
        life.then(renewed, days=30)
    assert [one.price for one in life.subscription.transactions] == [4995, 4995, 4995, 9990]


def test_a_commitment_is_counted_and_begins_again() -> None:
    """After the twelfth period of a commitment, the first one of the next follows."""
    life = Life.begun(COMMITTED)
    for _ in range(12):
        life.then(renewed, days=30)
    transactions = life.subscription.transactions
    assert [one.number for one in transactions] == [*range(1, 13), 1]
    assert [len({one.commitment_expires for one in part}) for part in (transactions[:12], transactions)] == [1, 2]


@pytest.mark.parametrize(("away", "again"), [(59, False), (60, True)])
def test_a_new_run_begins_after_sixty_days(away: int, *, again: bool) -> None:
    """A gap of less than 60 days does not end a run of purchases."""
    life = Life.begun()
    life.then(turned_off)
    life.then(expired, days=27)
    life.then(resubscribed, days=away)
    assert (life.subscription.run_started == life.now) is again


def test_accelerated_periods_are_short() -> None:
    """With accelerated periods, twelve months of a commitment take an hour."""
    life = Life.begun(COMMITTED, accelerated=True)
    assert life.subscription.current.expires == BEGAN + 5 * MINUTE
    assert life.subscription.current.commitment_expires == BEGAN + 60 * MINUTE
