"""What became of a customer is read from the states that notifications carry, in any order."""

from __future__ import annotations

import itertools
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from console.decisions.outcome_log import LoggedOutcome
from console.decisions.outcomes import Became, Exposure, became

DAY = 86_400.0
SHOWN = 100 * DAY
WINDOW = 7 * DAY
COMPLETE = SHOWN + WINDOW
EXPOSURE = Exposure("0f" * 32, SHOWN, "pro.monthly")

# An ordinary monthly subscription that was bought ten days before the answer and renews in twenty.
BOUGHT = LoggedOutcome(
    customer_hash=EXPOSURE.customer_hash,
    uuid="bought",
    signed_at=SHOWN - 10 * DAY,
    purchased_at=SHOWN - 10 * DAY,
    renewal_at=SHOWN + 20 * DAY,
    status="active",
    auto_renew=True,
    product_id="pro.monthly",
    next_product_id="pro.monthly",
    transaction="t1",
    reason="PURCHASE",
    amount=9_990,
    currency="EUR",
)


def later(uuid: str, days: float, **changes: Any) -> LoggedOutcome:
    """Return a notification signed `days` after the answer, which otherwise carries what the first one did."""
    return replace(BOUGHT, uuid=uuid, signed_at=SHOWN + days * DAY, **changes)


OFF = later("off", 1, auto_renew=False)
ON = later("on", 2)
DOWNGRADE_ON = later("down", 2, next_product_id="pro.weekly")
UPGRADE = later(
    "up", 1, product_id="pro.annual", next_product_id="pro.annual", transaction="t2", purchased_at=SHOWN + DAY,
    renewal_at=SHOWN + 366 * DAY, amount=59_990,
)  # fmt: skip
RENEWED = later("renewed", 3, transaction="t2", reason="RENEWAL", purchased_at=SHOWN + 3 * DAY + 33)
REDEEMED_AT_ONCE = later(
    "offer", 1, transaction="t2", purchased_at=SHOWN + DAY, offer_type=2, offer="half", amount=4_990
)
REDEEMED_NEXT = later("offer", 1, next_offer_type=2, next_offer="half")
EXPIRED = later("expired", 5, auto_renew=False, status="expired", expiration_intent=1, renewal_at=SHOWN + 5 * DAY)
UNPAID = later("unpaid", 5, status="expired", expiration_intent=2)
RETRY = later("retry", 3, status="retry")
REFUNDED = later("refund", 4, revoked=True, auto_renew=False)

CASES: dict[str, tuple[list[LoggedOutcome], Became]] = {
    "no notification at all": ([], Became(kept=True)),
    "nothing after the answer": ([BOUGHT], Became(kept=True)),
    "automatic renewal turned off": ([BOUGHT, OFF], Became(kept=False, turned_off=True)),
    "turned off and on again": ([BOUGHT, OFF, ON], Became(kept=True, turned_off=True, turned_on_again=True)),
    "on again by a downgrade": (
        [BOUGHT, OFF, DOWNGRADE_ON],
        Became(kept=True, turned_off=True, turned_on_again=True, switch_pending=True),
    ),
    "a downgrade that is withdrawn": (
        [BOUGHT, later("down", 1, next_product_id="pro.weekly"), later("back", 2)],
        Became(kept=True),
    ),
    "an upgrade at once": ([BOUGHT, UPGRADE], Became(kept=True, switched=True, revenue={"EUR": 59_990})),
    "a renewal, signed before its purchase date": (
        [BOUGHT, RENEWED],
        Became(kept=True, renewed=True, revenue={"EUR": 9_990}),
    ),
    "an offer redeemed with a transaction": (
        [BOUGHT, REDEEMED_AT_ONCE],
        Became(kept=True, redeemed=True, revenue={"EUR": 4_990}),
    ),
    "an offer redeemed for the next period": ([BOUGHT, REDEEMED_NEXT], Became(kept=True, redeemed=True)),
    "an offer of several periods that goes on": (
        [
            replace(BOUGHT, offer_type=2, offer="half", next_offer_type=2, next_offer="half"),
            replace(RENEWED, offer_type=2, offer="half", next_offer_type=2, next_offer="half"),
        ],
        Became(kept=True, renewed=True, revenue={"EUR": 9_990}),
    ),
    "Apple's own retention offer": (
        [BOUGHT, replace(RENEWED, offer_type=5, offer="asc", amount=0)],
        Became(kept=True, renewed=True, redeemed_retention_offer=True, revenue={"EUR": 0}),
    ),
    "a customer who leaves": ([BOUGHT, OFF, EXPIRED], Became(kept=False, turned_off=True, lost=True)),
    "a customer who does not pay": ([BOUGHT, UNPAID], Became(kept=False, lost=True, lost_to_billing=True)),
    "a billing retry": ([BOUGHT, RETRY], Became(kept=True)),
    "a lapse that no notification reports": (
        [replace(BOUGHT, renewal_at=SHOWN + 3 * DAY), later("off", 1, auto_renew=False, renewal_at=SHOWN + 3 * DAY)],
        Became(kept=False, turned_off=True, lost=True),
    ),
    "a refund of the old transaction": ([BOUGHT, REFUNDED], Became(kept=False, turned_off=True, refunded=True)),
    "a refund that is reversed": ([BOUGHT, REFUNDED, later("reversed", 5)],
        Became(kept=True, turned_off=True, turned_on_again=True)),
    "a refund of what was bought after the answer": (
        [BOUGHT, UPGRADE, replace(UPGRADE, uuid="r", signed_at=SHOWN + 2 * DAY, revoked=True)],
        Became(kept=True, switched=True, refunded=True, revenue={"EUR": 0}),
    ),
    "half of it refunded": (
        [
            BOUGHT,
            UPGRADE,
            replace(UPGRADE, uuid="r", signed_at=SHOWN + 2 * DAY, revoked=True, revocation_percentage=50_000),
        ],
        Became(kept=True, switched=True, refunded=True, revenue={"EUR": 29_995}),
    ),
    "the product stays and its plan becomes monthly": (
        [replace(BOUGHT, billing_plan="BILLED_UPFRONT"), later("plan", 1, next_billing_plan="MONTHLY")],
        Became(kept=True, plan_changed=True),
    ),
    "a notification after the window": ([BOUGHT, later("off", 8, auto_renew=False)], Became(kept=True)),
    "won back": (
        [BOUGHT, EXPIRED, later("back", 6, transaction="t3", purchased_at=SHOWN + 6 * DAY, offer_type=4, offer="w")],
        Became(kept=True, turned_off=True, turned_on_again=True, won_back=True, revenue={"EUR": 9_990}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_result_follows_from_the_states(case: str) -> None:
    """Each course of notifications has the one result that its states prove."""
    reported, expected = CASES[case]
    assert became(EXPOSURE, reported, WINDOW, (SHOWN, COMPLETE)) == expected


@pytest.mark.parametrize("case", CASES)
def test_neither_order_nor_copies_matter(case: str) -> None:
    """Notifications may come in any order, and each several times."""
    reported, expected = CASES[case]
    for order in itertools.islice(itertools.permutations(reported * 2), 30):
        assert became(EXPOSURE, order, WINDOW, (SHOWN, COMPLETE)) == expected
    shuffled = reported * 3
    Random(1).shuffle(shuffled)
    assert became(EXPOSURE, shuffled, WINDOW, (SHOWN, COMPLETE)) == expected


@pytest.mark.parametrize("case", CASES)
def test_whether_a_customer_was_kept_waits_for_complete_notifications(case: str) -> None:
    """Until notifications are complete to the window's end nothing is known of who was kept: more may come."""
    reported, expected = CASES[case]
    assert became(EXPOSURE, reported, WINDOW, (SHOWN, COMPLETE - 1)) == replace(expected, kept=None)


@pytest.mark.parametrize("case", CASES)
def test_whether_a_customer_was_kept_is_unknown_of_answers_before_notifications(case: str) -> None:
    """Who was answered before the stack took in notifications may have cancelled without a line about it."""
    reported, expected = CASES[case]
    assert became(EXPOSURE, reported, WINDOW, (SHOWN + 1, COMPLETE)) == replace(expected, kept=None)
