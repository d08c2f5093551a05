"""Signing an event as Apple does."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier
from retention.jws import SignedPayloadVerifier
from retention.notifications.judge import NotificationJudge
from retention.notifications.learning import learned
from retention.notifications.notification import read_notification
from retention.subscription import facts

from console.simulator.subscriptions.event import Event
from console.simulator.subscriptions.notification_claims import notification_claims, signed
from console.simulator.subscriptions.renewals import renewed, turned_off
from tests.support.simulated_app import AUTHORITY
from tests.support.simulated_lives import FIRST, SELLER, Life


def payload(token: object) -> dict[str, Any]:
    part = str(token).split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


def test_two_signed_tokens_are_nested_in_a_signed_notification() -> None:
    """The tokens' claims are those of the event; the date of the notification is theirs."""
    event = Life.begun().then(turned_off)
    sent = signed(event, AUTHORITY)
    claims = payload(sent.signed_payload)
    assert (claims["notificationType"], claims["subtype"], claims["version"]) == (
        "DID_CHANGE_RENEWAL_STATUS",
        "AUTO_RENEW_DISABLED",
        "2.0",
    )
    assert (claims["notificationUUID"], claims["signedDate"]) == (sent.uuid, event.signed_date)
    assert payload(claims["data"]["signedTransactionInfo"]) == event.transaction
    assert payload(claims["data"]["signedRenewalInfo"]) == event.renewal


def test_what_the_outbox_keeps_about_a_notification() -> None:
    """The notification can be found by its type, its date, its transaction and the original one."""
    life = Life.begun()
    sent = signed(life.then(renewed), AUTHORITY)
    assert (sent.notification_type, sent.subtype, sent.signed_date) == ("DID_RENEW", "", life.now)
    assert (sent.original_transaction_id, sent.transaction_id) == (FIRST, "2000001000000007")
    assert "subtype" not in payload(sent.signed_payload)
    assert str(uuid.UUID(sent.uuid)) == sent.uuid


def test_without_a_subscription_there_are_no_tokens() -> None:
    """An event without transaction and renewal has neither token."""
    event = Event("TEST", None, 7, {"bundleId": "b"})
    assert notification_claims(event, AUTHORITY, "u")["data"] == {"bundleId": "b"}
    assert signed(event, AUTHORITY).transaction_id == ""


def test_apples_library_accepts_all_three_tokens() -> None:
    """Apple's own verifier, with our root, verifies the notification and both nested tokens."""
    sent = signed(Life.begun().then(renewed), AUTHORITY, "00000000-0000-4000-8000-000000000001")
    verifier = SignedDataVerifier(
        root_certificates=[AUTHORITY.root_der],
        enable_online_checks=False,
        environment=Environment(SELLER.environment),
        bundle_id=SELLER.bundle_id,
        app_apple_id=SELLER.app_apple_id,
    )
    read = verifier.verify_and_decode_notification(sent.signed_payload)
    assert read.notificationUUID == "00000000-0000-4000-8000-000000000001"
    assert read.data is not None
    assert verifier.verify_and_decode_signed_transaction(str(read.data.signedTransactionInfo)).price == 9990
    assert verifier.verify_and_decode_renewal_info(str(read.data.signedRenewalInfo)).renewalPrice == 9990


def test_our_own_reader_learns_what_happened() -> None:
    """What the receiving functions verify and read is what happened to the customer."""
    life = Life.begun()
    event = life.then(turned_off)
    verifier = SignedPayloadVerifier([AUTHORITY.root_der])
    now = datetime.fromtimestamp(life.now / 1000, UTC)
    apps = {SELLER.app_apple_id: SELLER.bundle_id}
    judge = NotificationJudge(verifier, apps, SELLER.environment, now)
    found = facts(learned(read_notification(signed(event, AUTHORITY).signed_payload, judge)), now.timestamp())
    assert (found["autoRenew"], found["price"], found["status"]) == (False, 9.99, "active")
