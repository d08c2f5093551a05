"""Lives of simulated subscriptions, made of numbers, and what is true of them: worked out from the customer's side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from random import Random
from typing import Final

from console.simulator.subscriptions.billing_periods import DAY
from console.simulator.subscriptions.endings import (
    NOT_FOR_SALE,
    consumption_requested,
    expired,
    refund_declined,
    refund_reversed,
    refunded,
    revoked,
)
from console.simulator.subscriptions.event import Event, Outcome
from console.simulator.subscriptions.life import (
    FREE_TRIAL,
    INTRODUCTORY,
    PROMOTIONAL,
    PURCHASE,
    RENEWAL,
    RETENTION,
    WIN_BACK,
    RedeemableOffer,
    SimulatedCustomer,
    SimulatedSubscription,
)
from console.simulator.subscriptions.purchases import (
    bought,
    downgraded,
    redeemed,
    resubscribed,
    switch_withdrawn,
    upgraded,
)
from console.simulator.subscriptions.renewals import (
    billed,
    billing_failed,
    extended,
    grace_expired,
    price_accepted,
    price_raised,
    turned_off,
    turned_on,
)
from console.terminal.failure import Failure
from tests.support.simulated_lives import (
    ANNUAL,
    BASIC,
    BEGAN,
    COMMITTED,
    COUPON,
    FREE_MONTH,
    HALF,
    PRO,
    SELLER,
    TRIAL,
)

Action = Callable[[SimulatedSubscription, int], Outcome]
Step = tuple[SimulatedSubscription, Event]

WELCOME: Final = RedeemableOffer(WIN_BACK, "welcome", "PAY_AS_YOU_GO", "P1M", 2990, 2)
BEGINNINGS: Final = tuple(
    (product, offer, SimulatedCustomer(ownership=ownership))
    for product in (PRO, BASIC, ANNUAL, COMMITTED)
    for offer in (None, TRIAL, COUPON)
    for ownership in ("PURCHASED", "FAMILY_SHARED")
)

# What can happen, more often what happens more often. What is not possible at a time is left out of the life.
ACTIONS: Final[tuple[Action, ...]] = (
    *(billed,) * 6,
    *(turned_off,) * 3,
    *(turned_on,) * 2,
    lambda subscription, now: upgraded(subscription, now, PRO),
    lambda subscription, now: upgraded(subscription, now, ANNUAL),
    lambda subscription, now: upgraded(subscription, now, COMMITTED),
    lambda subscription, now: upgraded(subscription, now, PRO, HALF),
    lambda subscription, now: downgraded(subscription, now, BASIC),
    lambda subscription, now: downgraded(subscription, now, COMMITTED),
    lambda subscription, now: downgraded(subscription, now, BASIC, HALF),
    switch_withdrawn,
    lambda subscription, now: redeemed(subscription, now, HALF),
    lambda subscription, now: redeemed(subscription, now, FREE_MONTH),
    lambda subscription, now: redeemed(subscription, now, COUPON, at_once=True),
    *(resubscribed,) * 2,
    lambda subscription, now: resubscribed(subscription, now, BASIC, WELCOME),
    billing_failed,
    lambda subscription, now: billing_failed(subscription, now, "P16D"),
    grace_expired,
    *(expired,) * 3,
    lambda subscription, now: expired(subscription, now, NOT_FOR_SALE, win_back_offers=["welcome", "again"]),
    lambda subscription, now: expired(subscription, now, leaves_on=True),
    refunded,
    lambda subscription, now: refunded(subscription, now, subscription.original.transaction_id, 50_000),
    lambda subscription, now: refunded(subscription, now, _middle(subscription)),
    refund_reversed,
    lambda subscription, now: refund_reversed(subscription, now, subscription.original.transaction_id),
    lambda subscription, now: refund_declined(subscription, now, subscription.original.transaction_id),
    lambda subscription, now: consumption_requested(subscription, now, subscription.original.transaction_id),
    revoked,
    lambda subscription, now: price_raised(subscription, now, subscription.renewal.product.price + 1000),
    lambda subscription, now: price_raised(subscription, now, subscription.renewal.product.price + 500, consent=False),
    price_accepted,
    lambda subscription, now: extended(subscription, now, 14),
)


def _middle(subscription: SimulatedSubscription) -> str:
    """Return the id of a transaction between the first and the current one, where there is one."""
    return subscription.transactions[len(subscription.transactions) // 2].transaction_id


def lived(beginning: int, choices: Sequence[tuple[int, int]], transaction_id: str = "2000000000000007") -> list[Step]:
    """Return a life: each subscription with the event that led to it, the purchase first.

    `beginning` is an index of BEGINNINGS; each choice is an index of ACTIONS, and the hours until then, at least one.
    """
    product, offer, customer = BEGINNINGS[beginning]
    now = BEGAN
    steps = [bought(SELLER, product, transaction_id, now, customer=customer, offer=offer)]
    for action, hours in choices:
        now += hours * 3_600_000
        try:
            steps.append(ACTIONS[action](steps[-1][0], now))
        except Failure:
            continue
    return steps


def random_life(random: Random, length: int, transaction_id: str) -> list[Step]:
    """Return a life in which at most `length` things happen after the purchase, chosen by `random`."""
    choices = [(random.randrange(len(ACTIONS)), random.randint(1, 1500)) for _ in range(length)]
    return lived(random.randrange(len(BEGINNINGS)), choices, transaction_id)


# What is true of a life -----------------------------------------------------------------------------------------------

_STATUSES: Final = {1: "active", 2: "expired", 3: "retry", 4: "grace", 5: "revoked"}
_OFFERS: Final = {1: "introductory", 2: "promotional", 3: "code", 4: "winBack", 5: "retention"}
_PLANS: Final = {"BILLED_UPFRONT": "upfront", "MONTHLY": "monthly", None: None}
_OWNERSHIPS: Final = {"PURCHASED": "purchased", "FAMILY_SHARED": "familyShared"}
_REDEEMED: Final = {PROMOTIONAL, WIN_BACK, RETENTION}


def truth(steps: Sequence[Step], now: int) -> dict[str, object]:
    """Return every fact that is true of a life at `now` (UNIX milliseconds); what is unknown is absent."""
    found = {**_of_today(steps, now), **_of_the_past(steps, now)}
    return {name: value for name, value in found.items() if value is not None}


def _of_today(steps: Sequence[Step], now: int) -> dict[str, object]:
    last, event = steps[-1]
    current, following = last.current, last.next_product
    intro = current.offer is not None and current.offer.kind == INTRODUCTORY and now < current.expires
    return {
        "tenureDays": _days(now, last.run_started),
        "customerDays": _days(now, last.original.purchased),
        "daysUntilRenewal": -((now - current.expires) // DAY),
        "nextProductId": following.product_id,
        "group": current.product.group,
        "storefront": last.customer.storefront,
        "currency": last.customer.currency,
        "price": current.price / 1000,
        "renewalPrice": last.next_price / 1000 if last.renews else None,
        "autoRenew": last.renewal.on,
        "status": _STATUSES[last.status],
        "inTrial": intro and current.offer is not None and current.offer.discount == FREE_TRIAL,
        "inIntro": intro,
        "currentOffer": None if current.offer is None else current.offer.identifier,
        "currentOfferType": None if current.offer is None else _OFFERS[current.offer.kind],
        "nextOffer": None if last.renewal.offer is None else last.renewal.offer.identifier,
        "billingPlan": _PLANS[current.product.billing_plan],
        "nextBillingPlan": _PLANS[following.billing_plan],
        "commitmentMonth": current.number or None,
        "commitmentMonthsLeft": 12 - current.number if current.number else None,
        "ownership": _OWNERSHIPS[last.customer.ownership],
        "priceIncreasePending": last.renewal.price_increase == 0,
        "winBackOffers": last.win_back_offers or None,
        "factsAgeDays": _days(now, event.signed_date),
        "historyComplete": False,
    }


def _of_the_past(steps: Sequence[Step], now: int) -> dict[str, object]:
    transactions = steps[-1][0].transactions
    offers = [one for one in transactions if one.offer is not None and one.offer.kind in _REDEEMED]
    newest = max(offers, key=lambda one: one.purchased, default=None)
    refunds = [one.taken_back.at for one in transactions if one.taken_back is not None]
    falls = [
        event.signed_date for before, after, event in _changes(steps) if before.renewal.on and not after.renewal.on
    ]
    troubles = [
        event.signed_date for before, after, event in _changes(steps) if _troubled(after) and not _troubled(before)
    ]
    return {
        "offersRedeemed": len(offers),
        "daysSinceOffer": None if newest is None else _days(now, newest.purchased),
        "lastOffer": None if newest is None or newest.offer is None else newest.offer.identifier,
        "renewals": sum(one.reason == RENEWAL for one in transactions),
        "timesTurnedOff": len(falls),
        "daysSinceTurnedOff": _days(now, falls[-1]) if falls else None,
        "refunds": len(refunds),
        "daysSinceRefund": _days(now, max(refunds)) if refunds else None,
        "upgrades": _upgrades(steps[-1][0]),
        "plansHeld": tuple(sorted({one.product.product_id for one in transactions})),
        "billingTroubles": sum(at > now - 365 * DAY for at in troubles),
    }


def _changes(steps: Sequence[Step]) -> Iterator[tuple[SimulatedSubscription, SimulatedSubscription, Event]]:
    for (before, _), (after, event) in pairwise(steps):
        yield before, after, event


def _troubled(subscription: SimulatedSubscription) -> bool:
    return subscription.renewal.retrying


def _upgrades(subscription: SimulatedSubscription) -> int:
    """Return how many purchases followed the transaction with which the current run began."""
    began = [one.purchased for one in subscription.transactions].index(subscription.run_started)
    return sum(one.reason == PURCHASE for one in subscription.transactions[began + 1 :])


def _days(now: int, instant: int) -> int:
    return max(0, (now - instant) // DAY)
