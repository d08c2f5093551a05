"""The line of a notification: each field from what Apple signed, and nothing that names a person."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from retention.aws.app_table import AppTable
from retention.catalog import Settings
from retention.decision import hash_customer, identify_key
from retention.jws import APPLE_ROOT_FINGERPRINT, SignedPayloadVerifier
from retention.log.outcome import hash_transaction
from retention.notifications.judge import NotificationJudge
from retention.notifications.live_apps import LiveApp
from retention.notifications.notification import Notification, read_notification
from retention.notifications.outcome_lines import new_leaf, outcome_line

from console.decisions.outcome_log import logged_outcome
from tests.minting.certificates import NOW, good_chain
from tests.minting.notifications import ABSENT, NOTIFICATION_UUID, ORIGINAL_TRANSACTION, notification
from tests.support.fake_table import APP, CUSTOMER_KEY, SETTINGS, TABLE
from tests.support.writable_table import WritableTable

LIVE = LiveApp(AppTable(WritableTable().client(), TABLE, APP), Settings.from_document(SETTINGS), CUSTOMER_KEY)


def read(token: str) -> Notification:
    verifier = SignedPayloadVerifier([good_chain()[2]])
    return read_notification(token, NotificationJudge(verifier, {APP: None}, "Production", NOW))


def line(found: Notification, **changes: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {"source": "push", "now": NOW, "known_leaves": frozenset(), **changes}
    return outcome_line(found, ORIGINAL_TRANSACTION, LIVE, **asked).fields()


def test_a_renewal_s_line() -> None:
    """The renewal info gives what is next, the transaction what was paid; the customer is a hash."""
    root = hashlib.sha256(good_chain()[2]).hexdigest()
    assert line(read(notification("DID_RENEW", "BILLING_RECOVERY")), now=NOW + timedelta(seconds=7)) == {
        "type": "DID_RENEW",
        "subtype": "BILLING_RECOVERY",
        "notificationUuid": NOTIFICATION_UUID,
        "signedAt": "2026-11-24 12:00:00.000",
        "purchasedAt": "2026-11-14 12:00:00.000",
        "renewalAt": "2026-12-14 12:00:00.000",
        "ageMs": 7000,
        "appAppleId": APP,
        "customerHash": hash_customer(CUSTOMER_KEY, ORIGINAL_TRANSACTION),
        "keyId": identify_key(CUSTOMER_KEY),
        "source": "push",
        "productId": "journal.monthly",
        "nextProductId": "journal.monthly",
        "autoRenew": 1,
        "reason": "RENEWAL",
        "transaction": hash_transaction(CUSTOMER_KEY, "2000000500000004"),
        "amount": 9990,
        "currency": "USD",
        "storefront": "USA",
        "revoked": 0,
        "status": "active",
        "ownership": "PURCHASED",
        "trustAnchor": root,
    }


def test_a_commitment_decides_whether_it_renews() -> None:
    """A customer with a commitment who cancels keeps autoRenewStatus 1."""
    found = read(notification(renewal={"commitmentInfo": {"commitmentAutoRenewStatus": 0}}))
    assert line(found)["autoRenew"] == 0


def test_offers_and_plans_of_both_periods() -> None:
    """What the customer has comes from the transaction, what follows from the renewal info."""
    bought = {"offerType": 2, "offerIdentifier": "half", "offerPeriod": "P1M", "billingPlanType": "MONTHLY"}
    follows = {"offerType": 3, "offerIdentifier": "code", "renewalBillingPlanType": "BILLED_UPFRONT"}
    found = line(read(notification(transaction=bought, renewal={**follows, "expirationIntent": 1})))
    assert [found[name] for name in ("offerType", "offerIdentifier", "offerPeriod")] == [2, "half", "P1M"]
    assert (found["nextOfferType"], found["nextOffer"]) == (3, "code")
    assert (found["billingPlan"], found["nextBillingPlan"]) == ("MONTHLY", "BILLED_UPFRONT")
    assert found["expirationIntent"] == 1


def test_a_refund_is_marked_and_keeps_today_s_product() -> None:
    """A refund carries an old transaction; today's product is the renewal info's."""
    refunded = {"productId": "journal.weekly", "revocationDate": 1, "revocationPercentage": 50_000}
    found = line(read(notification("REFUND", transaction=refunded)))
    assert (found["revoked"], found["revocationPercentage"], found["productId"]) == (1, 50_000, "journal.monthly")


def test_a_past_transaction_s_billing_plan_is_not_today_s() -> None:
    """A refund of a transaction of the past names its plan; the line has none, since its product is today's."""
    past = {"productId": "journal.annual", "billingPlanType": "MONTHLY"}
    found = line(read(notification("REFUND", transaction=past)))
    assert found["productId"] == "journal.monthly"
    assert "billingPlan" not in found


def test_what_is_missing_is_left_out() -> None:
    """A notification without renewal info, without a status, or without a UUID has a line all the same."""
    found = line(read(notification(renewal=None, data={"status": ABSENT}, notificationUUID=ABSENT, signedDate=ABSENT)))
    assert not {"autoRenew", "nextProductId", "status", "notificationUuid", "signedAt", "ageMs"} & set(found)
    assert found["productId"] == "journal.monthly"
    found = line(read(notification(transaction=None)))
    assert not {"amount", "transaction", "revoked", "reason"} & set(found)


@pytest.mark.parametrize("code", [6, -1])
def test_an_unknown_status_is_logged_as_its_number(code: int) -> None:
    """Lists of codes are open: the line has what Apple wrote."""
    assert line(read(notification(data={"status": code})))["status"] == str(code)


def test_nothing_that_names_a_person_or_an_account_is_in_a_line() -> None:
    """Neither ids, nor tokens, nor names of Advanced Commerce, nor the reason of a consumption request."""
    canaries = [f"canary-{number}-{'x' * 16}" for number in range(8)]
    item = {"SKU": canaries[0], "displayName": canaries[1], "description": canaries[2]}
    token = notification(
        "CONSUMPTION_REQUEST",
        transaction={
            "appAccountToken": canaries[3],
            "webOrderLineItemId": canaries[4],
            "appTransactionId": canaries[5],
            "advancedCommerceInfo": {"items": [item], "descriptors": item},
        },
        renewal={"appAccountToken": canaries[3], "advancedCommerceInfo": {"items": [item]}},
        data={"consumptionRequestReason": canaries[6], "bundleVersion": canaries[7]},
    )
    found = read(token)
    for shown in (json.dumps(line(found)), repr(found)):
        for canary in (*canaries, ORIGINAL_TRANSACTION, "2000000500000004", *token.split(".")):
            assert canary not in shown


def test_apple_s_certificate_is_reported_as_for_requests() -> None:
    """Apple's root by its name, the days its leaf is valid for, and a leaf that is not known yet."""
    found = read(notification())
    apple = Notification(**{
        **{name: getattr(found, name) for name in Notification.__slots__}, "anchor": APPLE_ROOT_FINGERPRINT
    })  # fmt: skip
    shown = line(apple)
    assert (shown["trustAnchor"], shown["newLeaf"]) == ("apple", found.leaf_fingerprint)
    assert shown["leafDaysLeft"] == (found.leaf_not_after - NOW).days
    assert "newLeaf" not in line(apple, known_leaves=frozenset({found.leaf_fingerprint}))
    assert new_leaf(found, frozenset()) is None


def test_the_console_reads_the_line() -> None:
    """What the function writes is an outcome to `retention outcomes`, with every member."""
    read_back = logged_outcome(line(read(notification("REFUND", transaction={"revocationDate": 1}))))
    assert read_back is not None
    assert (read_back.revoked, read_back.amount, read_back.status) == (True, 9990, "active")
    assert read_back.signed_at == NOW.timestamp()
