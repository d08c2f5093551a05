"""What became of the customers who were shown an answer: one result for each, from the outcomes that Apple reported.

The state that a notification carries proves a result, not its type: automatic renewal comes back with a downgrade, a
switch can arrive as a renewal, and a refund carries an old transaction. One result leaves no other trace than a type:
an offer that is redeemed once more while it goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from console.decisions.outcome_log import LoggedOutcome

# Apple's numbers: offer types of a transaction, why a subscription expired, and 100 % as a revocationPercentage.
PROMOTIONAL: Final = 2
WIN_BACK: Final = 4
RETENTION: Final = 5
_BILLING: Final = 2
_FULL: Final = 100_000

_ENDED: Final = frozenset({"expired", "revoked"})
_WITH_COMMITMENT: Final = "MONTHLY"
_PURCHASED: Final = "PURCHASED"
_REDEMPTION: Final = "OFFER_REDEEMED"
_PURCHASE: Final = "PURCHASE"
_RENEWAL: Final = "RENEWAL"


@dataclass(frozen=True, slots=True)
class Exposure:
    """The first answer that a customer was shown. `at` is in UTC seconds, `product_id` the product then held."""

    customer_hash: str
    at: float
    product_id: str


@dataclass(frozen=True, slots=True)
class Became:
    """What became of one customer within a window after the answer.

    `kept`: whether the subscription goes on at the window's end, None where that is not known yet. `switched` means to
    another product, `switch_pending` with the next renewal, `plan_changed` to another billing plan of the same product.
    `revenue` is in milliunits by currency, less what was refunded.
    """

    kept: bool | None
    turned_off: bool = False
    turned_on_again: bool = False
    switched: bool = False
    switch_pending: bool = False
    plan_changed: bool = False
    redeemed: bool = False
    redeemed_retention_offer: bool = False
    won_back: bool = False
    renewed: bool = False
    lost: bool = False
    lost_to_billing: bool = False
    refunded: bool = False
    revenue: Mapping[str, int] = field(default_factory=dict)


def became(
    exposure: Exposure, reported: Iterable[LoggedOutcome], window: float, complete: tuple[float, float]
) -> Became:
    """Return what became of a customer within `window` seconds after an exposure.

    `reported` are all outcomes of that customer, in any order, each any number of times. Whether a customer was kept is
    known where outcomes are complete from the exposure to the window's end: `complete` is since when and until when
    they are, in UTC seconds. Before and after that, more may have happened than was reported.
    """
    end = exposure.at + window
    since, until = complete
    known = [each for each in _in_order(reported) if each.signed_at <= end]
    before = [each for each in known if each.signed_at <= exposure.at]
    within = known[len(before) :]
    bought = {
        name: each
        for name, each in _by_transaction(known).items()
        if each.purchased_at is not None and exposure.at < each.purchased_at <= end
    }
    lost = bool(within) and _has_ended(known, end)
    renews = _renews(within)
    redeemed = _redeemed_types(exposure, before, within, bought.values())
    return Became(
        kept=None if exposure.at < since or until < end else not lost and renews[-1:] != [False],
        turned_off=False in renews,
        turned_on_again=False in renews and True in renews[renews.index(False) :],
        switched=any(each.product_id not in {None, exposure.product_id} for each in within),
        switch_pending=bool(within) and within[-1].next_product_id not in {None, within[-1].product_id},
        plan_changed=_changes_plan(before, within),
        redeemed=PROMOTIONAL in redeemed,
        redeemed_retention_offer=RETENTION in redeemed,
        won_back=WIN_BACK in redeemed,
        renewed=any(each.reason == _RENEWAL for each in bought.values()),
        lost=lost,
        lost_to_billing=lost and within[-1].expiration_intent == _BILLING,
        refunded=bool(_refunded(known) - _refunded(before)),
        revenue=_revenue(bought.values()),
    )


def _in_order(reported: Iterable[LoggedOutcome]) -> list[LoggedOutcome]:
    """Return each outcome once, by the instant Apple signed it; notifications of one instant by their UUIDs."""
    once = {each.uuid: each for each in reported}
    return sorted(once.values(), key=lambda each: (each.signed_at, each.uuid))


def _renews(outcomes: Sequence[LoggedOutcome]) -> list[bool]:
    return [each.auto_renew for each in outcomes if each.auto_renew is not None]


def _has_ended(known: Sequence[LoggedOutcome], at: float) -> bool:
    """Return whether the subscription has ended by `at`, by the last that is known of it."""
    last = known[-1]
    if last.status in _ENDED:
        return True
    # What is left of a commitment is billed although the customer has cancelled: there Apple reports the end.
    ends = last.auto_renew is False and _plan(known) != _WITH_COMMITMENT
    return ends and last.renewal_at is not None and last.renewal_at <= at


def _plan(known: Sequence[LoggedOutcome]) -> str | None:
    """Return the billing plan of today's product. A notification about a past transaction does not have it."""
    plans = (each.billing_plan for each in reversed(known) if each.product_id == known[-1].product_id)
    return next((plan for plan in plans if plan is not None), None)


def _by_transaction(outcomes: Iterable[LoggedOutcome]) -> dict[str, LoggedOutcome]:
    """Return the last outcome of each transaction: a refund may be reversed."""
    return {each.transaction: each for each in outcomes if each.transaction is not None}


def _refunded(outcomes: Iterable[LoggedOutcome]) -> set[str]:
    """Return the transactions that were refunded and not restored. A family's member is refunded nothing."""
    return {
        name
        for name, each in _by_transaction(outcomes).items()
        if each.revoked and each.ownership in {None, _PURCHASED}
    }


def _changes_plan(before: Sequence[LoggedOutcome], within: Sequence[LoggedOutcome]) -> bool:
    """Return whether a product, today's or the next period's, has another billing plan than it had before."""
    held = [(before[-1].product_id, _plan(before))] if before else []
    held += [(each.product_id, each.billing_plan) for each in within]
    held += [(each.next_product_id, each.next_billing_plan) for each in (*before[-1:], *within)]
    plans: dict[str | None, set[str]] = {}
    for product, plan in held:
        if plan is not None:
            plans.setdefault(product, set()).add(plan)
    return any(len(found) > 1 for found in plans.values())


def _redeemed_types(
    exposure: Exposure,
    before: Sequence[LoggedOutcome],
    within: Sequence[LoggedOutcome],
    bought: Iterable[LoggedOutcome],
) -> set[int]:
    """Return the types of the offers that the customer redeemed within the window.

    Apple does not document whether an offer shows in the transaction or in the renewal first, so either counts. An
    offer of several periods goes on with each renewal: what was there before the exposure counts only where Apple
    reports that it was redeemed once more.
    """
    earlier = {(each.next_offer_type, each.next_offer) for each in before}
    for each in (*before, *within):
        if each.purchased_at is not None and each.purchased_at <= exposure.at:
            earlier.add((each.offer_type, each.offer))
    found = {
        each.offer_type for each in bought if each.reason == _PURCHASE or (each.offer_type, each.offer) not in earlier
    }
    found |= {each.next_offer_type for each in within if (each.next_offer_type, each.next_offer) not in earlier}
    found |= {each.next_offer_type for each in within if each.type == _REDEMPTION}
    return {kind for kind in found if kind is not None}


def _revenue(bought: Iterable[LoggedOutcome]) -> Mapping[str, int]:
    """Return what was paid, by currency, in milliunits; of a refund in part, what remains."""
    total: Counter[str] = Counter()
    for each in bought:
        if each.amount is None or each.currency is None:
            continue
        refunded = (each.revocation_percentage or _FULL) if each.revoked else 0
        total[each.currency] += each.amount * (_FULL - min(refunded, _FULL)) // _FULL
    return dict(total)
