"""Reading notifications: what is verified, which object is read, and for whom a notification is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from retention.errors import ForbiddenError, NoReleaseError, NotUnderstoodError, RetentionError, VerificationError
from retention.notifications import notification as module
from retention.notifications.judge import MAX_CHARACTERS, NotificationJudge
from retention.notifications.notification import read_notification, read_report

from tests.minting import APP_ID, NOW, NOW_MS, claims, key, signed
from tests.minting.notifications import (
    ABSENT,
    BUNDLE,
    NOTIFICATION_UUID,
    ORIGINAL_TRANSACTION,
    body,
    notification,
    renewal_claims,
    transaction_claims,
)

AHEAD: Final = NOW_MS + 300_001
OTHER_SUBSCRIPTION: Final = {"originalTransactionId": "2000000500000099"}


def test_a_notification_is_read(judge: NotificationJudge) -> None:
    """A genuine notification has its type, its app, its date, its status and what is in its two tokens."""
    found = read_notification(body(notification("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED")), judge)
    assert (found.notification_type, found.subtype) == ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED")
    assert (found.notification_uuid, found.signed_date, found.kind) == (NOTIFICATION_UUID, NOW_MS, "data")
    assert (found.app_apple_id, found.bundle_id, found.environment) == (APP_ID, BUNDLE, "Production")
    assert found.status == 1
    assert found.transaction is not None
    assert found.transaction.price == 9990
    assert found.renewal is not None
    assert found.renewal.auto_renews is True
    assert found.original_transaction_id == ORIGINAL_TRANSACTION
    assert found.leaf_not_after == NOW + timedelta(days=300)


def test_the_token_alone_is_read_like_the_body(judge: NotificationJudge) -> None:
    """What Apple's history lists is the token; a body may have white space and other fields around it."""
    token = notification()
    found = read_notification(token, judge)
    assert found == read_notification(body(token), judge)
    assert found == read_notification(f'\n {{"x": [1], "signedPayload": "{token}"}} ', judge)


def test_no_id_and_no_token_is_in_its_repr(judge: NotificationJudge) -> None:
    """The repr of a notification names no customer and holds no token."""
    shown = repr(read_notification(notification(), judge))
    assert "2000000" not in shown
    assert "eyJ" not in shown


def test_the_other_objects_are_read(judge: NotificationJudge) -> None:
    """A summary, an external purchase and a rescinded consent have an app and an environment, and no subscription."""
    app = {"appAppleId": APP_ID, "bundleId": BUNDLE}
    summary = {**app, "environment": "Production", "productId": "journal.monthly", "succeededCount": 5}
    purchase = {**app, "externalPurchaseId": "b2158121-7af9-49d4-9561-1f588205523e"}
    consent = {**app, "environment": "Production", "signedAppTransactionInfo": "eyJ.not.read"}
    for kind, held in (("summary", summary), ("externalPurchaseToken", purchase), ("appData", consent)):
        found = read_notification(notification("ANY", data=None, **{kind: held}), judge)
        assert (found.kind, found.app_apple_id, found.environment) == (kind, APP_ID, "Production")
        assert (found.transaction, found.renewal, found.original_transaction_id) == (None, None, None)


def test_the_sandbox_is_named_by_the_id_of_an_external_purchase(judge: NotificationJudge) -> None:
    """An external purchase has no environment: in the sandbox its id begins with SANDBOX."""
    purchase = {"appAppleId": APP_ID, "bundleId": BUNDLE, "externalPurchaseId": "SANDBOX_b2158121"}
    token = notification("EXTERNAL_PURCHASE_TOKEN", "CREATED", data=None, externalPurchaseToken=purchase)
    assert read_notification(token, replace(judge, environment="Sandbox")).environment == "Sandbox"
    with pytest.raises(ForbiddenError):
        read_notification(token, judge)


def test_a_test_notification_has_an_app_alone(judge: NotificationJudge) -> None:
    """TEST has neither tokens nor a status."""
    found = read_notification(notification("TEST", transaction=None, renewal=None, data={"status": ABSENT}), judge)
    assert (found.notification_type, found.transaction, found.renewal, found.status) == ("TEST", None, None, None)


def test_without_a_subscription_the_environment_may_be_missing(judge: NotificationJudge) -> None:
    """Where nothing is to be learned, a notification without an environment is taken for ours."""
    token = notification("TEST", transaction=None, renewal=None, data={"environment": ABSENT})
    assert read_notification(token, judge).environment == "Production"


def test_the_environment_may_be_in_the_tokens_alone(judge: NotificationJudge) -> None:
    """If `data` does not name the environment, its tokens do, and are judged by it."""
    token = notification(data={"environment": ABSENT})
    assert read_notification(token, judge).environment == "Production"
    with pytest.raises(ForbiddenError):
        read_notification(token, replace(judge, environment="Sandbox"))


def stranger() -> str:
    return signed(body=transaction_claims(), signing_key=key("stranger"))


def unsigned(claims_of: Callable[[], dict[str, Any]]) -> str:
    header, payload, _ = signed(body=claims_of()).split(".")
    return f"{header}.{payload}."


# What is posted, and the code and kind of its refusal.
REFUSED: Final[list[tuple[str, str, type[RetentionError], Callable[[], str]]]] = [
    ("too long", "text_too_long", VerificationError, lambda: "x" * (MAX_CHARACTERS + 1)),
    ("no JSON", "body_not_json", VerificationError, lambda: "{"),
    ("half a character", "body_not_json", VerificationError, lambda: '{"signedPayload": "\ud800"}'),
    ("no token", "signed_payload_missing", VerificationError, lambda: "{}"),
    ("a list", "token_not_three_parts", VerificationError, lambda: "[]"),
    ("nothing", "token_not_three_parts", VerificationError, lambda: ""),
    ("version 1", "version_1", VerificationError, lambda: '{"notification_type": "CANCEL", "unified_receipt": {}}'),
    ("forged", "signature_invalid", VerificationError, lambda: notification(signed_by=key("stranger"))),
    ("forged inside", "signature_invalid", VerificationError, lambda: notification(transaction=stranger())),
    ("unsigned inside", "signature_invalid", VerificationError, lambda: notification(renewal=unsigned(renewal_claims))),
    ("no token inside", "token_not_three_parts", VerificationError, lambda: notification(transaction="")),
    ("a request", "not_a_notification", VerificationError, lambda: signed(body=claims())),
    ("a transaction", "not_a_notification", VerificationError, lambda: signed(body=transaction_claims())),
    ("renewal info", "not_a_notification", VerificationError, lambda: signed(body=renewal_claims())),
    ("an app transaction", "not_a_notification", VerificationError, lambda: signed(body={"receiptType": "Sandbox"})),
    ("another app", "wrong_app", ForbiddenError, lambda: notification(data={"appAppleId": 1})),
    ("sandbox", "wrong_environment", ForbiddenError, lambda: notification(data={"environment": "Sandbox"})),
    ("Xcode", "wrong_environment", ForbiddenError, lambda: notification(data={"environment": "Xcode"})),
    ("ahead", "too_new", ForbiddenError, lambda: notification(signedDate=AHEAD)),
    ("transaction ahead", "too_new", ForbiddenError, lambda: notification(transaction={"signedDate": AHEAD})),
    ("renewal ahead", "too_new", ForbiddenError, lambda: notification(renewal={"signedDate": AHEAD})),
    ("no object", "object_missing", NotUnderstoodError, lambda: notification(data=None)),
    ("something new", "object_missing", NotUnderstoodError, lambda: signed(body={"version": "3.0"})),
    (
        "no app",
        "app_missing",
        NotUnderstoodError,
        lambda: notification(data={"appAppleId": ABSENT, "bundleId": ABSENT}),
    ),
    (
        "no environment",
        "environment_missing",
        NotUnderstoodError,
        lambda: notification(
            transaction={"environment": ABSENT}, renewal={"environment": ABSENT}, data={"environment": ABSENT}
        ),
    ),
    ("object of another type", "claim_type", NotUnderstoodError, lambda: notification(data=None, summary=[])),
    ("field of another type", "claim_type", NotUnderstoodError, lambda: notification(renewal={"autoRenewStatus": "1"})),
    ("type of another type", "claim_type", NotUnderstoodError, lambda: notification(7)),
    (
        "tokens exchanged",
        "another_token",
        NotUnderstoodError,
        lambda: notification(transaction=signed(body=renewal_claims())),
    ),
    (
        "a transaction twice",
        "another_token",
        NotUnderstoodError,
        lambda: notification(renewal=signed(body=transaction_claims())),
    ),
    (
        "another app inside",
        "apps_differ",
        NotUnderstoodError,
        lambda: notification(transaction={"bundleId": "com.example.other"}),
    ),
    (
        "sandbox inside",
        "environments_differ",
        NotUnderstoodError,
        lambda: notification(renewal={"environment": "Sandbox"}),
    ),
    ("two subscriptions", "subscriptions_differ", NotUnderstoodError, lambda: notification(renewal=OTHER_SUBSCRIPTION)),
    (
        "an id that no key can hold",
        "transaction_id_form",
        NotUnderstoodError,
        lambda: notification(transaction={"previousOriginalTransactionId": "2000000" * 500}),
    ),
    ("a list, signed", "payload_not_json", NotUnderstoodError, lambda: signed(body=b"[]")),
]


@pytest.mark.parametrize(("_", "code", "kind", "text"), REFUSED, ids=[name for name, *_ in REFUSED])
def test_what_is_not_a_notification_for_us_is_refused(
    judge: NotificationJudge, _: str, code: str, kind: type[RetentionError], text: Callable[[], str]
) -> None:
    """Each refusal has the kind that decides its fate, and a code, and nothing from the text."""
    for posted in (text(), body(text())) if text().count(".") == 2 else (text(),):
        with pytest.raises(RetentionError) as refused:
            read_notification(posted, judge)
        assert (refused.value.code, type(refused.value)) == (code, kind)
        assert "2000000" not in f"{refused.value} {refused.value.evidence}"


def test_a_bundle_id_of_no_release_is_not_refused_for_good(judge: NotificationJudge) -> None:
    """Without an app's id, before the first release, a notification waits."""
    with pytest.raises(NoReleaseError):
        read_notification(notification(data={"appAppleId": ABSENT}), replace(judge, apps={APP_ID: None}))


def test_codes_are_those_documented() -> None:
    """The module's docstring lists exactly the codes of its own refusals, but for the verifier's."""
    listed = set(re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", str(module.__doc__).partition("Their codes:")[2]))
    of_verifier = {"signature_invalid", "token_not_three_parts", "payload_not_json"}
    assert listed == {code for _, code, _, _ in REFUSED} - of_verifier | {"no_release"}


# --- what Apple's API reports ---


def test_a_report_is_read(judge: NotificationJudge) -> None:
    """A transaction with or without renewal info, each signed by itself, names the app and the subscription."""
    transaction, renewal = signed(body=transaction_claims()), signed(body=renewal_claims())
    found = read_report(transaction, renewal, judge)
    assert (found.app_apple_id, found.original_transaction_id) == (APP_ID, ORIGINAL_TRANSACTION)
    assert found.renewal is not None
    alone = read_report(transaction, "", judge)
    assert (alone.transaction, alone.renewal) == (found.transaction, None)


@pytest.mark.parametrize(
    ("transaction", "renewal", "code"),
    [
        ({"bundleId": "com.example.other"}, {}, "wrong_app"),
        ({"bundleId": ABSENT}, {}, "app_missing"),
        ({"environment": "Sandbox"}, {}, "wrong_environment"),
        ({"environment": ABSENT}, {"environment": ABSENT}, "environment_missing"),
        ({}, {"environment": "Sandbox"}, "environments_differ"),
        ({}, OTHER_SUBSCRIPTION, "subscriptions_differ"),
        ({"signedDate": AHEAD}, {}, "too_new"),
        ({"price": "1"}, {}, "claim_type"),
    ],
    ids=str,
)
def test_a_report_about_others_is_refused(
    judge: NotificationJudge, transaction: dict[str, Any], renewal: dict[str, Any], code: str
) -> None:
    """What Apple's API reports of another app, environment or subscription is refused like a notification."""
    tokens = signed(body=transaction_claims(**transaction)), signed(body=renewal_claims(**renewal))
    with pytest.raises(RetentionError) as refused:
        read_report(*tokens, judge)
    assert refused.value.code == code


def test_a_forged_report_is_refused(judge: NotificationJudge) -> None:
    """The answer around the tokens proves nothing: each token must be signed."""
    good = signed(body=transaction_claims())
    for transaction, renewal in ((stranger(), ""), (good, unsigned(renewal_claims)), ("", "")):
        with pytest.raises(VerificationError):
            read_report(transaction, renewal, judge)


def test_the_body_may_be_written_by_any_forwarder(judge: NotificationJudge) -> None:
    """Escapes and the order of fields do not matter: the proof is inside the token."""
    token = notification()
    escaped = json.dumps({"signedPayload": token}).replace("eyJ", "\\u0065yJ", 1)
    assert read_notification(escaped, judge) == read_notification(token, judge)
