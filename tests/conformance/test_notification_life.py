"""One invented life of a sandbox subscription, notification by notification, with its facts worked out by hand.

Three returns after lapses, an upgrade, a downgrade that turns auto-renew on again, a refund and a request for
consumption data that carry an old transaction, an offer, and the end. A month lasts five minutes there, and a lapse of
ten minutes begins a new run.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any, Final

import pytest
from retention.jws import SignedPayloadVerifier
from retention.notifications.judge import LATE_DELIVERY, LATE_LISTING, NotificationJudge
from retention.notifications.learning import learned
from retention.notifications.notification import read_notification
from retention.subscription import EMPTY, State, facts, merge, redemptions, to_document
from retention.table import canonical

from tests.minting import APP_ID, NOW, NOW_MS, good_chain
from tests.minting.notifications import ABSENT, BUNDLE, body, notification

MINUTE: Final = 60_000
DAY: Final = 86_400_000
START: Final = NOW_MS - 10 * DAY
MONTH: Final = 5 * MINUTE
BASIC, PRO = ("journal.basic", 1990), ("journal.pro", 5990)
OFF: Final = {"autoRenewStatus": 0, "renewalPrice": ABSENT, "currency": ABSENT}


def bought(number: int, minute: float, plan: tuple[str, int], **changes: Any) -> dict[str, Any]:
    """Return the transaction that was bought `minute` minutes after the start."""
    return {
        "transactionId": f"20000008000000{number:02}",
        "purchaseDate": START + round(minute * MINUTE),
        "originalPurchaseDate": START,
        "expiresDate": START + round(minute * MINUTE) + MONTH,
        "productId": plan[0],
        "price": plan[1],
        "transactionReason": "PURCHASE",
        **changes,
    }


FIRST: Final = bought(1, 0, BASIC)
SECOND: Final = bought(2, 8, BASIC)  # 3 minutes after the first ended: the same run
THIRD: Final = bought(3, 30, BASIC)  # 17 minutes after: a new run
UPGRADED: Final = bought(4, 32, PRO)
RENEWED: Final = bought(5, 37, BASIC, transactionReason="RENEWAL")
FOURTH: Final = bought(6, 45, PRO, offerType=2, offerIdentifier="half", offerDiscountType="PAY_UP_FRONT", price=2990)

# Minutes after the start; type and subtype; transaction; what it is continued by: product, next product, run, changes.
LIFE: Final[list[tuple[float, str, object, int, dict[str, Any], dict[str, Any], dict[str, Any]]]] = [
    (0.2, "SUBSCRIBED", "INITIAL_BUY", 1, FIRST, FIRST, {}),
    (2.0, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", 1, FIRST, FIRST, OFF),
    (5.1, "EXPIRED", "VOLUNTARY", 2, FIRST, FIRST, OFF | {"expirationIntent": 1, "isInBillingRetryPeriod": False}),
    (8.2, "SUBSCRIBED", "RESUBSCRIBE", 1, SECOND, SECOND, {}),
    (9.0, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", 1, SECOND, SECOND, OFF),
    (13.1, "EXPIRED", "VOLUNTARY", 2, SECOND, SECOND, OFF | {"expirationIntent": 1, "isInBillingRetryPeriod": False}),
    (30.1, "SUBSCRIBED", "RESUBSCRIBE", 1, THIRD, THIRD, {}),
    (32.1, "DID_CHANGE_RENEWAL_PREF", "UPGRADE", 1, UPGRADED, UPGRADED, {}),
    (33.0, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", 1, UPGRADED, UPGRADED, OFF),
    (
        34.0,
        "DID_CHANGE_RENEWAL_PREF",
        "DOWNGRADE",
        1,
        UPGRADED,
        UPGRADED,
        {"autoRenewProductId": BASIC[0], "renewalPrice": 1990},
    ),
    (
        35.0,
        "REFUND",
        ABSENT,
        1,
        SECOND | {"revocationDate": START + 35 * MINUTE, "revocationReason": 0},
        UPGRADED,
        {"autoRenewProductId": BASIC[0], "renewalPrice": 1990},
    ),
    (35.5, "CONSUMPTION_REQUEST", ABSENT, 1, FIRST, UPGRADED, {"autoRenewProductId": BASIC[0], "renewalPrice": 1990}),
    (36.5, "DID_RENEW", ABSENT, 1, RENEWED, RENEWED, {}),  # half a minute before its purchase date
    (38.0, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", 1, RENEWED, RENEWED, OFF),
    (42.1, "EXPIRED", "VOLUNTARY", 2, RENEWED, RENEWED, OFF | {"expirationIntent": 1, "isInBillingRetryPeriod": False}),
    (45.1, "SUBSCRIBED", "RESUBSCRIBE", 1, FOURTH, FOURTH, {"renewalPrice": 5990}),
]
# When each run began, by the minute from which on it is the recent one.
RUNS: Final = ((30.0, 30), (0.0, 0))


def token(event: tuple[float, str, object, int, dict[str, Any], dict[str, Any], dict[str, Any]], at: int) -> str:
    minute, kind, subtype, status, transaction, current, changes = event
    signed = {"signedDate": START + round(minute * MINUTE), "environment": "Sandbox"}
    run = next(start for since, start in RUNS if minute >= since)
    renewal = {
        "productId": current["productId"],
        "autoRenewProductId": current["productId"],
        "renewalPrice": current["price"],
        "renewalDate": current["expiresDate"],
        "recentSubscriptionStartDate": START + run * MINUTE,
        **changes,
    }
    return notification(
        kind,
        subtype,
        transaction=transaction | signed,
        renewal=renewal | signed,
        data={"environment": "Sandbox", "status": status},
        notificationUUID=f"7e3f0c52-91a4-4c8e-b0d5-{at:012}",
        signedDate=signed["signedDate"],
    )


@cache
def tokens() -> tuple[str, ...]:
    return tuple(token(event, at) for at, event in enumerate(LIFE))


@cache
def reports() -> tuple[State, ...]:
    """Return what each notification teaches."""
    judge = NotificationJudge(SignedPayloadVerifier([good_chain()[2]]), {APP_ID: BUNDLE}, "Sandbox", NOW)
    return tuple(learned(read_notification(body(each), judge)) for each in tokens())


# After how many notifications, at which minute: facts, of which None is not to be known.
BY_HAND: Final[list[tuple[int, float, Mapping[str, object]]]] = [
    (
        1,
        1,
        {
            "status": "active",
            "autoRenew": True,
            "price": 1.99,
            "renewalPrice": 1.99,
            "renewals": 0,
            "upgrades": 0,
            "timesTurnedOff": 0,
            "daysUntilRenewal": 1,
            "tenureDays": 0,
            "nextProductId": "journal.basic",
        },
    ),
    (
        3,
        6,
        {
            "status": "expired",
            "autoRenew": False,
            "price": 1.99,
            "renewalPrice": None,
            "timesTurnedOff": 1,
            "daysUntilRenewal": 0,
            "billingTroubles": 0,
        },
    ),
    (
        6,
        14,
        {"status": "expired", "timesTurnedOff": 2, "upgrades": 1, "plansHeld": ("journal.basic",), "offersRedeemed": 0},
    ),
    (
        8,
        32.5,
        {
            "price": 5.99,
            "upgrades": 1,
            "renewals": 0,
            "plansHeld": ("journal.basic", "journal.pro"),
            "nextProductId": "journal.pro",
            "timesTurnedOff": 2,
        },
    ),
    (
        10,
        34.5,
        {"price": 5.99, "renewalPrice": 1.99, "autoRenew": True, "nextProductId": "journal.basic", "timesTurnedOff": 3},
    ),
    (
        12,
        36,
        {
            "price": 5.99,
            "renewalPrice": 1.99,
            "refunds": 1,
            "status": "active",
            "group": "21500001",
            "nextProductId": "journal.basic",
            "renewals": 0,
        },
    ),
    (13, 36.6, {"price": 1.99, "renewals": 1, "upgrades": 1, "refunds": 1, "timesTurnedOff": 3, "daysUntilRenewal": 1}),
    (15, 43, {"status": "expired", "price": 1.99, "timesTurnedOff": 4, "autoRenew": False, "renewalPrice": None}),
    (
        16,
        46,
        {
            "status": "active",
            "price": 2.99,
            "renewalPrice": 5.99,
            "currentOffer": "half",
            "currentOfferType": "promotional",
            "offersRedeemed": 1,
            "lastOffer": "half",
            "daysSinceOffer": 0,
            "upgrades": 2,
            "renewals": 1,
            "refunds": 1,
            "timesTurnedOff": 4,
            "inTrial": False,
            "inIntro": False,
            "historyComplete": False,
            "billingTroubles": 0,
            "customerDays": 0,
        },
    ),
    (
        16,
        24 * 60 * 3 + 46,
        {
            "tenureDays": 3,
            "customerDays": 3,
            "daysSinceOffer": 3,
            "daysSinceRefund": 3,
            "daysSinceTurnedOff": 3,
            "factsAgeDays": 3,
            "daysUntilRenewal": -2,
        },
    ),
]


@pytest.mark.parametrize(
    ("count", "minute", "expected"), BY_HAND, ids=[f"after {count}, {minute}" for count, minute, _ in BY_HAND]
)
def test_facts_are_those_worked_out_by_hand(count: int, minute: float, expected: Mapping[str, object]) -> None:
    """After each part of the life, the facts are those that its formulas give by hand."""
    found = facts(merge(*reports()[:count]), (START + minute * MINUTE) / 1000)
    assert {name: found.get(name) for name in expected} == expected


def test_what_was_redeemed_is_listed() -> None:
    """The promotional offer is the one redemption."""
    assert redemptions(merge(*reports())) == (("half", START + 45 * MINUTE),)


def test_shuffled_and_repeated_deliveries_give_the_same_state() -> None:
    """Two thousand shuffles with ten deliveries repeated, merged in batches: one document."""
    in_order = EMPTY
    for report in reports():
        in_order = merge(in_order, report)
    expected, order = canonical(to_document(in_order)), random.Random(10)
    for _ in range(2000):
        delivered = [*reports(), *order.choices(reports(), k=10)]
        order.shuffle(delivered)
        state, size = EMPTY, order.randint(1, 10)
        for at in range(0, len(delivered), size):
            state = merge(state, merge(*delivered[at : at + size]))
        assert canonical(to_document(state)) == expected


@pytest.mark.parametrize("max_late", [LATE_DELIVERY, LATE_LISTING], ids=["delivered", "listed"])
def test_late_deliveries_teach_the_same(max_late: timedelta) -> None:
    """Within seven days after the leaf's end, or listed by Apple within 200, the same notifications teach the same."""
    verifier = SignedPayloadVerifier([good_chain()[2]])
    late = NotificationJudge(verifier, {APP_ID: BUNDLE}, "Sandbox", NOW + timedelta(days=300) + max_late, max_late)
    assert tuple(learned(read_notification(each, late)) for each in tokens()) == reports()
