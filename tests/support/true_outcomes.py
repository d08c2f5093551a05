"""What became of a simulated customer, worked out from the subscription itself and not from notifications."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from console.decisions.outcomes import Became
from console.simulator.subscriptions.life import (
    EXPIRED,
    PROMOTIONAL,
    RENEWAL,
    RETENTION,
    REVOKED,
    WIN_BACK,
    SimulatedSubscription,
    SimulatedTransaction,
)
from tests.support.random_lives import Step

_FULL: Final = 100_000


def true_outcome(steps: Sequence[Step], exposed: int, end: int) -> Became:
    """Return what became of the customer from `exposed` to `end` (UNIX milliseconds), both without an event of theirs.

    The life has begun by `exposed`, and auto-renew is on then.
    """
    until = [step for step in steps if step[1].signed_date <= end]
    before = [step for step in until if step[1].signed_date <= exposed]
    within = until[len(before) :]
    shown, last = before[-1][0], until[-1][0]
    redeemed = _redeemed(until[len(before) - 1 :])
    bought = [one for one in last.transactions if exposed < one.purchased <= end]
    lost = bool(within) and _ended(last, end)
    on = [step[0].renewal.on for step in within]
    return Became(
        kept=last.renewal.on and not lost,
        turned_off=False in on,
        turned_on_again=any(later and not earlier for earlier, later in pairwise(on)),
        switched=any(step[0].current.product.product_id != shown.current.product.product_id for step in within),
        switch_pending=bool(within) and last.next_product.product_id != last.current.product.product_id,
        plan_changed=_changes_plan([before[-1], *within]),
        redeemed=PROMOTIONAL in redeemed,
        redeemed_retention_offer=RETENTION in redeemed,
        won_back=WIN_BACK in redeemed,
        renewed=any(one.reason == RENEWAL for one in bought),
        lost=lost,
        lost_to_billing=lost and last.renewal.expiration_intent == 2,
        refunded=last.customer.ownership == "PURCHASED" and bool(_taken_back(last) - _taken_back(shown)),
        revenue=_revenue(bought, last.customer.currency),
    )


def _ended(subscription: SimulatedSubscription, at: int) -> bool:
    if subscription.status in {EXPIRED, REVOKED}:
        return True
    return not subscription.renews and subscription.current.expires <= at


def _changes_plan(steps: Sequence[Step]) -> bool:
    plans: dict[str, set[str | None]] = {}
    for subscription, _ in steps:
        for product in (subscription.current.product, subscription.next_product):
            plans.setdefault(product.product_id, set()).add(product.billing_plan)
    return any(len(found) > 1 for found in plans.values())


def _redeemed(steps: Sequence[Step]) -> set[int]:
    """Return the types of the offers that came with a purchase or were redeemed; the first step is the state before."""
    found = set()
    for (before, _), (after, event) in pairwise(steps):
        if event.notification_type == "OFFER_REDEEMED":
            offer = after.renewal.offer or after.current.offer
        elif event.notification_type == "SUBSCRIBED" and len(after.transactions) > len(before.transactions):
            offer = after.current.offer
        else:
            continue
        if offer is not None:
            found.add(offer.kind)
    return found


def _taken_back(subscription: SimulatedSubscription) -> set[str]:
    return {one.transaction_id for one in subscription.transactions if one.taken_back is not None}


def _revenue(bought: Sequence[SimulatedTransaction], currency: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in bought:
        back = 0 if one.taken_back is None else one.taken_back.percentage or _FULL
        total[currency] += one.price * (_FULL - back) // _FULL
    return dict(total)
