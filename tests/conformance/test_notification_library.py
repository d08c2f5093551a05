"""Our reading of notifications next to that of Apple's App Store Server Library: the same fields, the same values."""

from __future__ import annotations

from typing import Any, Final

import attr
import pytest
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier, VerificationException
from hypothesis import given
from hypothesis import strategies as st
from retention.errors import RetentionError
from retention.jws import SignedPayloadVerifier
from retention.notifications.judge import NotificationJudge
from retention.notifications.notification import read_notification
from retention.notifications.renewal import RenewalInfo
from retention.notifications.transaction import TransactionInfo

from tests.minting import APP_ID, NOW, base64url, good_chain, key, signed
from tests.minting.notifications import ABSENT, BUNDLE, body, notification, renewal_claims, transaction_claims
from tests.support.apple_models import fields, full_object, is_enum, unknown
from tests.support.apple_verdicts import apples

ROOT: Final = good_chain()[2]
JUDGE: Final = NotificationJudge(SignedPayloadVerifier([ROOT]), {APP_ID: BUNDLE}, "Production", NOW)

# Our names → those of the library, where Apple's name is not ours in camelCase.
TRANSACTION: Final = {
    "group": "subscriptionGroupIdentifier",
    "reason": "transactionReason",
    "ownership": "inAppOwnershipType",
    "billing_plan": "billingPlanType",
    "billing_period_number": "commitmentInfo.billingPeriodNumber",
    "total_billing_periods": "commitmentInfo.totalBillingPeriods",
}
RENEWAL: Final = {
    "billing_plan": "renewalBillingPlanType",
    "price": "renewalPrice",
    "in_billing_retry": "isInBillingRetryPeriod",
    "win_back_offers": "eligibleWinBackOfferIds",
    "commitment_auto_renew_status": "commitmentInfo.commitmentAutoRenewStatus",
}
# In Apple's documentation (2025-03), not in the library.
NEWER: Final = {"previous_original_transaction_id"}


def library() -> SignedDataVerifier:
    verifier = apples((ROOT,))
    verifier._bundle_id = BUNDLE
    return verifier


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def theirs(payload: Any, path: str) -> Any:
    """Return what the library has at a path, as it was on the wire: an enum's value, and its raw one if unknown."""
    for name in path.split("."):
        if payload is None:
            return None
        raw = f"raw{name[0].upper()}{name[1:]}"
        payload = getattr(payload, raw) if raw in attr.fields_dict(type(payload)) else getattr(payload, name)
    return tuple(payload) if isinstance(payload, list) else payload


def values(model: str, good: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return claims of a model in which any fields are missing or have other values of their types."""

    def value(name: str, kind: Any) -> st.SearchStrategy[Any]:
        if name in {"environment", "bundleId", "signedDate", "originalTransactionId", "type"}:
            return st.just(good[name])  # by these the notification is known to be ours
        if is_enum(kind):
            return st.sampled_from([*(each.value for each in kind), unknown(kind)])
        if attr.has(kind):
            return values(kind.__name__, {})
        # The library's model holds no other number of billing periods.
        numbers = st.integers(1, 12) if "illingPeriod" in name else st.integers(0, 2**47)
        by_type = {str: st.text(max_size=8), int: numbers, bool: st.booleans()}
        return by_type.get(kind, st.lists(st.text(max_size=8), max_size=3))

    wanted = {name: kind for name, kind in fields(model).items() if "dvancedCommerce" not in name}
    return st.fixed_dictionaries({}, optional={name: value(name, kind) for name, kind in wanted.items()}).map(
        lambda found: {name: good[name] for name in ("environment", "bundleId", "signedDate") if name in good} | found
    )


@given(values("JWSTransactionDecodedPayload", transaction_claims()))
def test_transactions_are_read_alike(claims: dict[str, Any]) -> None:
    """Of any transaction, each field that we read has the value that the library has."""
    payload = library().verify_and_decode_signed_transaction(signed(body=claims))
    ours = TransactionInfo.from_claims(JUDGE.authenticate(signed(body=claims)).payload)
    for name in set(TransactionInfo.__slots__) - NEWER:
        assert getattr(ours, name) == theirs(payload, TRANSACTION.get(name, camel(name))), name


@given(values("JWSRenewalInfoDecodedPayload", renewal_claims()))
def test_renewal_info_is_read_alike(claims: dict[str, Any]) -> None:
    """Of any renewal info, each field that we read has the value that the library has."""
    payload = library().verify_and_decode_renewal_info(signed(body=claims))
    ours = RenewalInfo.from_claims(JUDGE.authenticate(signed(body=claims)).payload)
    for name in RenewalInfo.__slots__:
        assert getattr(ours, name) == theirs(payload, RENEWAL.get(name, camel(name))), name


OBJECTS: Final[dict[str, dict[str, Any]]] = {
    "data": {},
    "summary": {"data": None, "summary": full_object("Summary")},
    "externalPurchaseToken": {"data": None, "externalPurchaseToken": full_object("ExternalPurchaseToken")},
    "appData": {"data": None, "appData": full_object("AppData")},
    "test": {"transaction": None, "renewal": None},
}


@pytest.mark.parametrize("given_object", OBJECTS)
@pytest.mark.parametrize("subtype", [ABSENT, "DOWNGRADE", "OF_THE_FUTURE"], ids=["none", "known", "unknown"])
def test_envelopes_are_read_alike(given_object: str, subtype: object) -> None:
    """Each of the four objects is found, with the same type, id, date, app and status."""
    token = notification("DID_CHANGE_RENEWAL_PREF", subtype, **OBJECTS[given_object])
    payload = library().verify_and_decode_notification(token)
    ours = read_notification(body(token), JUDGE)
    assert ours.notification_type == payload.rawNotificationType
    assert ours.subtype == payload.rawSubtype
    assert (ours.notification_uuid, ours.signed_date) == (payload.notificationUUID, payload.signedDate)
    held = getattr(payload, ours.kind)
    assert (ours.app_apple_id, ours.bundle_id) == (held.appAppleId, held.bundleId)
    assert ours.status == theirs(payload, "data.status")


def damaged() -> dict[str, str]:
    """Return notifications of which no signature, or not the right one, covers the payload."""
    good = notification()
    header, payload, signature = good.split(".")
    other = notification("REFUND").split(".")[1]
    return {
        "another payload": f"{header}.{other}.{signature}",
        "no signature": f"{header}.{payload}.",
        "another key": notification(signed_by=key("stranger")),
        "half a signature": f"{header}.{payload}.{signature[:43]}",
        "no certificates": signed(head={"alg": "ES256"}),
        "another algorithm": f"{base64url(b'{}')}.{payload}.{signature}",
        "another app": notification(data={"appAppleId": 1, "bundleId": "com.example.other"}),
        "another environment": notification(data={"environment": "Sandbox"}),
    }


@pytest.mark.parametrize("name", damaged())
def test_both_refuse_what_is_forged_or_for_others(name: str) -> None:
    """What the library refuses is refused here."""
    token = damaged()[name]
    with pytest.raises(VerificationException):
        library().verify_and_decode_notification(token)
    with pytest.raises(RetentionError):
        read_notification(token, JUDGE)
