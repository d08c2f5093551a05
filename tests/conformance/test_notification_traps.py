"""The traps that receivers of Apple's notifications fell into, each with the value that is right.

The numbers are those of the list of traps that this project was designed by; 12 is about answering Apple, and is tested
where that happens. Each scene is tried in every order of its notifications, each delivered twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice, permutations
from typing import Any, Final

import pytest
from retention.errors import ForbiddenError, NotUnderstoodError, RetentionError, VerificationError
from retention.jws import SignedPayloadVerifier
from retention.notifications.judge import NotificationJudge
from retention.notifications.learning import learned
from retention.notifications.notification import read_notification
from retention.subscription import EMPTY, State, facts, merge, to_document
from retention.table import canonical

from tests.minting import APP_ID, NOW, NOW_MS, base64url, good_chain
from tests.minting.notifications import (
    ABSENT,
    BUNDLE,
    DAY_MS,
    PERIOD_MS,
    RENEWAL_MS,
    notification,
)

JUDGE: Final = NotificationJudge(SignedPayloadVerifier([good_chain()[2]]), {APP_ID: BUNDLE}, "Production", NOW)
NEXT_MS: Final = RENEWAL_MS + 30 * DAY_MS


def report(kind: str, subtype: object = ABSENT, *, at: int = 0, status: int = 1, **given: Any) -> State:
    """Return what a notification teaches that was signed `at` days before NOW, of the tests' subscription.

    `transaction` and `renewal` change its claims; `None` leaves the token out.
    """
    signed = {"signedDate": NOW_MS - at * DAY_MS}
    parts: dict[str, Any] = {**signed, "data": {"status": status}}
    for name in ("transaction", "renewal"):
        changes = given.get(name, {})
        parts[name] = None if changes is None else signed | changes
    return learned(read_notification(notification(kind, subtype, **parts), JUDGE))


def past(number: int, **changes: Any) -> dict[str, Any]:
    """Return changes that make the transaction that of an earlier period, `number` periods before the current one."""
    begun = PERIOD_MS - number * 30 * DAY_MS
    return {
        "transactionId": f"20000005000000{90 - number}",
        "purchaseDate": begun,
        "expiresDate": begun + 30 * DAY_MS,
        "transactionReason": "RENEWAL",
        **changes,
    }


@dataclass(frozen=True, slots=True)
class Scene:
    """What Apple reports, in the order of the events, and facts that are right afterwards; None: not to be known."""

    trap: int
    name: str
    reports: Callable[[], list[State]]
    expected: Mapping[str, object]


OFF: Final = {"autoRenewStatus": 0, "renewalPrice": ABSENT, "currency": ABSENT}
REFUNDED: Final = {"revocationDate": NOW_MS - DAY_MS, "revocationReason": 0}

SCENES: Final = [
    Scene(
        1,
        "an offer of type 5",
        lambda: [report("DID_RENEW", transaction={"offerType": 5, "offerIdentifier": "asc", "price": 0})],
        {
            "currentOfferType": "retention",
            "currentOffer": "asc",
            "offersRedeemed": 1,
            "lastOffer": "asc",
            "price": 0,
            "inTrial": False,
        },
    ),
    Scene(
        1,
        "access through an organization",
        lambda: [report("SUBSCRIBED", transaction={"inAppOwnershipType": "ASSIGNED"})],
        {"ownership": "assigned"},
    ),
    Scene(
        3,
        "without renewal info",
        lambda: [report("DID_RENEW", renewal=None)],
        {"renewals": 1, "autoRenew": None, "status": None, "price": None},
    ),
    Scene(
        6,
        "a renewal delivered after its refund",
        lambda: [report("DID_RENEW", at=5), report("REFUND", at=1, status=5, transaction=REFUNDED)],
        {"refunds": 1, "daysSinceRefund": 1, "status": "revoked", "renewals": 1},
    ),
    Scene(
        7,
        "a repaired delivery of the past",
        lambda: [
            report("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", at=5, renewal=OFF),
            report("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED", at=2),
        ],
        {"autoRenew": True, "renewalPrice": 9.99, "timesTurnedOff": 0, "factsAgeDays": 2},
    ),
    Scene(
        8,
        "a refund of an earlier period",
        lambda: [
            report("DID_RENEW", at=5),
            report("REFUND", transaction=past(2, price=1990, productId="journal.basic", **REFUNDED)),
        ],
        {
            "price": 9.99,
            "status": "active",
            "refunds": 1,
            "plansHeld": ("journal.basic", "journal.monthly"),
            "renewals": 2,
            "daysUntilRenewal": 20,
        },
    ),
    Scene(
        8,
        "a refund of an earlier period of a commitment",
        lambda: [
            report(
                "DID_RENEW",
                at=5,
                transaction={
                    "billingPlanType": "MONTHLY",
                    "commitmentInfo": {"billingPeriodNumber": 4, "totalBillingPeriods": 12},
                },
            ),
            report(
                "REFUND",
                transaction=past(
                    1,
                    billingPlanType="MONTHLY",
                    commitmentInfo={"billingPeriodNumber": 3, "totalBillingPeriods": 12},
                    **REFUNDED,
                ),
            ),
        ],
        {"commitmentMonth": 4, "commitmentMonthsLeft": 8, "billingPlan": "monthly", "refunds": 1},
    ),
    Scene(
        9,
        "a grace period",
        lambda: [
            report(
                "DID_FAIL_TO_RENEW",
                "GRACE_PERIOD",
                status=4,
                transaction={"expiresDate": NOW_MS - DAY_MS},
                renewal={
                    "renewalDate": NOW_MS - DAY_MS,
                    "isInBillingRetryPeriod": True,
                    "gracePeriodExpiresDate": NOW_MS + DAY_MS,
                },
            )
        ],
        {"status": "grace", "daysUntilRenewal": -1, "billingTroubles": 1, "price": 9.99},
    ),
    Scene(
        10,
        "an upgrade that arrives as a renewal",
        lambda: [
            report("DID_RENEW", at=5),
            report(
                "DID_RENEW",
                transaction={
                    "transactionId": "2000000500000005",
                    "productId": "journal.annual",
                    "transactionReason": "PURCHASE",
                    "purchaseDate": NOW_MS,
                    "expiresDate": NEXT_MS,
                    "price": 59990,
                },
                renewal={"productId": "journal.annual", "autoRenewProductId": "journal.annual", "renewalDate": NEXT_MS},
            ),
        ],
        {
            "price": 59.99,
            "upgrades": 1,
            "plansHeld": ("journal.annual", "journal.monthly"),
            "nextProductId": "journal.annual",
        },
    ),
    Scene(
        10,
        "a downgrade at the next renewal",
        lambda: [
            report(
                "DID_CHANGE_RENEWAL_PREF",
                "DOWNGRADE",
                renewal={"autoRenewProductId": "journal.basic", "renewalPrice": 1990},
            )
        ],
        {"nextProductId": "journal.basic", "renewalPrice": 1.99, "price": 9.99, "plansHeld": ("journal.monthly",)},
    ),
    Scene(
        10,
        "turned on again by a downgrade",
        lambda: [
            report("SUBSCRIBED", at=9),
            report("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", at=5, renewal=OFF),
            report("DID_CHANGE_RENEWAL_PREF", "DOWNGRADE", at=1, renewal={"autoRenewProductId": "journal.basic"}),
        ],
        {"autoRenew": True, "timesTurnedOff": 1, "daysSinceTurnedOff": 5},
    ),
    Scene(
        11,
        "a price in yen",
        lambda: [report("DID_RENEW", transaction={"price": 300_000, "currency": "JPY", "storefront": "JPN"})],
        {"price": 300, "currency": "JPY", "storefront": "JPN"},
    ),
    Scene(
        11,
        "no price while auto-renew is off",
        lambda: [report("DID_RENEW", at=5), report("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", renewal=OFF)],
        {"renewalPrice": None, "price": 9.99, "currency": "USD"},
    ),
    Scene(
        14,
        "requests for consumption data",
        lambda: [
            report("DID_RENEW", at=5),
            *(
                report("CONSUMPTION_REQUEST", at=at, transaction=past(2, price=1990), notificationUUID=f"{at}")
                for at in (3, 2, 1)
            ),
        ],
        {"price": 9.99, "refunds": 0, "renewals": 2, "offersRedeemed": 0},
    ),
    Scene(
        15,
        "a declined refund",
        lambda: [report("DID_RENEW", at=5), report("REFUND_DECLINED")],
        {"refunds": 0, "renewals": 1, "upgrades": 0, "offersRedeemed": 0},
    ),
    Scene(
        15,
        "a failed extension, changed names and a changed price",
        lambda: [
            report("DID_RENEW", at=5),
            *(report(kind) for kind in ("RENEWAL_EXTENSION", "METADATA_UPDATE", "PRICE_CHANGE")),
        ],
        {"renewals": 1, "upgrades": 0, "offersRedeemed": 0, "price": 9.99},
    ),
    Scene(
        16,
        "family sharing that ended",
        lambda: [
            report(
                "REVOKE",
                status=5,
                transaction={"inAppOwnershipType": "FAMILY_SHARED", "revocationType": "FAMILY_REVOKE", **REFUNDED},
            )
        ],
        {"ownership": "familyShared", "status": "revoked"},
    ),
    Scene(
        18,
        "signed before its purchase date",
        lambda: [
            report(
                "DID_RENEW",
                transaction={
                    "purchaseDate": NOW_MS + 33_000,
                    "offerType": 2,
                    "offerIdentifier": "half",
                    "expiresDate": RENEWAL_MS,
                },
            )
        ],
        {"offersRedeemed": 1, "daysSinceOffer": 0, "currentOffer": "half", "renewals": 1},
    ),
    Scene(
        19,
        "a year of the sandbox",
        lambda: [
            report(
                "DID_RENEW",
                transaction=past(0)
                | {
                    "transactionId": f"20000006000000{at}",
                    "purchaseDate": PERIOD_MS + at * 300_000,
                    "expiresDate": RENEWAL_MS,
                },
            )
            for at in range(10, 22)
        ][:6],
        {"renewals": 6, "tenureDays": 100},
    ),
    Scene(
        20,
        "a reversed refund",
        lambda: [
            report("DID_RENEW", at=5),
            report("REFUND", at=2, transaction=REFUNDED),
            report("REFUND_REVERSED", at=1),
        ],
        {"refunds": 0, "daysSinceRefund": None, "renewals": 1},
    ),
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.trap}: {scene.name}")
def test_facts_are_right_in_any_order(scene: Scene) -> None:
    """In any order, and each delivered twice, the notifications of a scene lead to the right facts."""
    reports = scene.reports()
    texts = set()
    for order in islice(permutations(reports), 120):
        state = merge(*order, *order[::-1])
        texts.add(canonical(to_document(state)))
        found = facts(state, NOW_MS / 1000)
        assert {name: found.get(name) for name in scene.expected} == scene.expected
    assert len(texts) == 1


def refused(token: str, judge: NotificationJudge = JUDGE) -> type[RetentionError]:
    with pytest.raises(RetentionError) as error:
        read_notification(token, judge)
    return type(error.value)


def test_2_the_object_that_is_there_is_read() -> None:
    """Trap 2: `data` is not the only object; a notification with none of the four is parked."""
    app = {"appAppleId": APP_ID, "bundleId": BUNDLE, "environment": "Production"}
    for kind in ("summary", "externalPurchaseToken", "appData"):
        assert learned(read_notification(notification("ANY", data=None, **{kind: app}), JUDGE)) == EMPTY
    assert refused(notification("ANY", data=None)) is NotUnderstoodError


@pytest.mark.parametrize("kind", ["Consumable", "Non-Consumable", "Non-Renewing Subscription"])
def test_3_other_products_are_ignored(kind: str) -> None:
    """Trap 3: ONE_TIME_CHARGE has neither renewal info nor status, and teaches nothing."""
    bought = {"type": kind, "expiresDate": ABSENT, "subscriptionGroupIdentifier": ABSENT}
    token = notification("ONE_TIME_CHARGE", transaction=bought, renewal=None, data={"status": ABSENT})
    assert learned(read_notification(token, JUDGE)) == EMPTY


@pytest.mark.parametrize("app_id", [ABSENT, None, APP_ID], ids=["missing", "null", "present"])
@pytest.mark.parametrize("environment", ["Sandbox", "Production"])
def test_4_the_app_id_may_be_missing(app_id: object, environment: str) -> None:
    """Trap 4: without appAppleId, in the sandbox or anywhere, the bundle id names the app."""
    named = {"environment": environment}
    token = notification(data={"appAppleId": app_id, **named}, transaction=named, renewal=named)
    assert read_notification(token, replace(JUDGE, environment=environment)).app_apple_id == APP_ID


def test_5_without_any_app_it_is_parked() -> None:
    """Trap 5: a missing bundle id is no crash: the app's id is enough, and without both the notification is parked."""
    assert read_notification(notification(data={"bundleId": ABSENT}), JUDGE).app_apple_id == APP_ID
    for nothing in (ABSENT, None):
        assert refused(notification(data={"bundleId": nothing, "appAppleId": nothing})) is NotUnderstoodError


def test_13_xcode_and_local_testing_are_refused() -> None:
    """Trap 13: unsigned notifications are refused by their signature, and their environments by name."""
    for environment in ("Xcode", "LocalTesting"):
        assert refused(notification(data={"environment": environment})) is ForbiddenError
        own = replace(JUDGE, environment=environment)
        assert refused(notification(data={"environment": environment}), own) is ForbiddenError
    header, payload, _ = notification(data={"environment": "LocalTesting"}).split(".")
    assert refused(f"{header}.{payload}.") is VerificationError
    unsigned = base64url(b'{"alg": "none", "x5c": []}')
    assert refused(f"{unsigned}.{payload}.") is VerificationError


def test_17_a_migration_names_the_subscription_that_it_continues() -> None:
    """Trap 17: after a migration the transaction names the subscription before it, whose row is to be merged."""
    moved = {"originalTransactionId": "2000000700000001"}
    token = notification(
        "MIGRATION", transaction=moved | {"previousOriginalTransactionId": "2000000500000001"}, renewal=moved
    )
    found = read_notification(token, JUDGE)
    assert found.original_transaction_id == "2000000700000001"
    assert found.transaction is not None
    assert found.transaction.previous_original_transaction_id == "2000000500000001"


def test_every_trap_of_reading_or_merging_is_tried() -> None:
    """The table and the tests have every trap but 12, which is about answering."""
    tests = [name.removeprefix("test_").partition("_")[0] for name in globals() if name.startswith("test_")]
    tried = {scene.trap for scene in SCENES} | {int(number) for number in tests if number.isdigit()}
    assert tried == set(range(1, 21)) - {12}
