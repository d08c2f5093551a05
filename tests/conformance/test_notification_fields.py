"""Every field that Apple documents, alone: missing, null, with a value of the future; and fields of the future.

The list of fields is Apple's own library. Nothing may crash, and nothing authentic may be refused that can be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from appstoreserverlibrary.models.NotificationTypeV2 import NotificationTypeV2
from appstoreserverlibrary.models.Subtype import Subtype
from retention.errors import ForbiddenError, NotUnderstoodError
from retention.jws import SignedPayloadVerifier
from retention.notifications.judge import NotificationJudge
from retention.notifications.learning import learned
from retention.notifications.notification import Notification, read_notification
from retention.subscription import EMPTY, FACT_KINDS, facts

from tests.minting import APP_ID, NOW, NOW_MS, good_chain
from tests.minting.notifications import ABSENT, BUNDLE, notification
from tests.support.apple_models import (
    fields,
    full_data,
    full_object,
    full_renewal,
    full_transaction,
    is_enum,
    unknown,
)

JUDGE: Final = NotificationJudge(SignedPayloadVerifier([good_chain()[2]]), {APP_ID: BUNDLE}, "Production", NOW)
PARTS: Final = {
    "transaction": ("JWSTransactionDecodedPayload", full_transaction()),
    "renewal": ("JWSRenewalInfoDecodedPayload", full_renewal()),
    "data": ("Data", full_data()),
}
OBJECTS: Final = {"summary": "Summary", "externalPurchaseToken": "ExternalPurchaseToken", "appData": "AppData"}


def read(part: str, changes: dict[str, Any]) -> Notification:
    """Read a notification with every field, of which one part has changes."""
    parts = {name: dict(claims) for name, (_, claims) in PARTS.items()}
    parts[part] |= changes
    return read_notification(notification("DID_RENEW", "BILLING_RECOVERY", **parts), JUDGE)


def every_field() -> Iterator[tuple[str, str]]:
    for part, (name, claims) in PARTS.items():
        yield from ((part, field) for field in fields(name) if field in claims)


FIELDS: Final = list(every_field())


@pytest.mark.parametrize("without", [ABSENT, None], ids=["missing", "null"])
@pytest.mark.parametrize(("part", "field"), FIELDS, ids=str)
def test_every_field_may_be_missing_alone(part: str, field: str, without: object) -> None:
    """Without any one field, or with null there, a notification is read, teaches, and has facts."""
    state = learned(read(part, {field: without}))
    assert state.renewal is not None
    found = facts(state, NOW_MS / 1000)
    assert found["nextProductId" if field != "autoRenewProductId" else "status"]
    assert set(found) <= set(FACT_KINDS)


@pytest.mark.parametrize("object_name", OBJECTS)
def test_every_field_of_the_other_objects_may_be_missing_alone(object_name: str) -> None:
    """Without any one field, a summary, an external purchase and a rescinded consent are read, and teach nothing."""
    claims = full_object(OBJECTS[object_name])
    for field in [*claims, "none"]:
        for without in (ABSENT, None):
            held = {name: value for name, value in claims.items() if name != field or without is None}
            if without is None and field in held:
                held[field] = None
            found = read_notification(notification("ANY", data=None, **{object_name: held}), JUDGE)
            assert (found.kind, found.app_apple_id) == (object_name, APP_ID)
            assert learned(found) == EMPTY


@pytest.mark.parametrize("field", ["notificationType", "subtype", "notificationUUID", "version", "signedDate"])
def test_every_field_of_the_envelope_may_be_missing_alone(field: str) -> None:
    """Without its type, id, version or date, a notification is read and teaches the same."""
    expected = learned(read_notification(notification(), JUDGE))
    for without in (ABSENT, None):
        changes: dict[str, Any] = {
            "subtype": "ANY",
            ("notification_type" if field == "notificationType" else field): without,
        }
        assert learned(read_notification(notification(**changes), JUDGE)) == expected
    without_envelope = read_notification(notification(ABSENT, notificationUUID=ABSENT, version=ABSENT), JUDGE)
    assert learned(without_envelope) == expected


@pytest.mark.parametrize("token", ["transaction", "renewal"])
def test_either_token_may_be_missing(token: str) -> None:
    """With one token alone, what it holds is learned."""
    state = learned(read_notification(notification(**{token: None}), JUDGE))
    assert (state.renewal is None) is (token == "renewal")
    assert (state.transactions == ()) is (token == "transaction")
    assert state.transaction is None  # it takes both to know which transaction is the current one


def enums() -> list[tuple[str, str, Any]]:
    return [
        (part, field, unknown(kind))
        for part, (name, _) in PARTS.items()
        for field, kind in fields(name).items()
        if is_enum(kind)
    ]


@pytest.mark.parametrize(("part", "field", "value"), enums(), ids=str)
def test_every_enum_is_open(part: str, field: str, value: object) -> None:
    """A value that no enum of the library has is read; another environment is another deployment's."""
    if field == "environment":
        with pytest.raises(ForbiddenError if part == "data" else NotUnderstoodError):
            read(part, {field: value})
        return
    found = read(part, {field: value})
    assert set(facts(learned(found), NOW_MS / 1000)) <= set(FACT_KINDS)


@pytest.mark.parametrize(
    ("part", "field", "value", "fact"),
    [
        ("transaction", "offerType", 6, "currentOfferType"),
        ("transaction", "inAppOwnershipType", "LENT", "ownership"),
        ("transaction", "billingPlanType", "WEEKLY", "billingPlan"),
        ("renewal", "renewalBillingPlanType", "WEEKLY", "nextBillingPlan"),
        ("data", "status", 6, "status"),
    ],
)
def test_an_unknown_value_is_a_fact_of_its_own(part: str, field: str, value: object, fact: str) -> None:
    """Where rules read an enum, a value of the future is `other`."""
    assert facts(learned(read(part, {field: value})), NOW_MS / 1000)[fact] == "other"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", [None, 1, 1.5, "text", True, [], {}, [{"deep": [None]}]], ids=str)
def test_fields_of_the_future_change_nothing(part: str, value: object) -> None:
    """A field that Apple adds, of any type, is not looked at."""
    assert learned(read(part, {"addedInTheFuture": value})) == learned(read(part, {}))


TYPES: Final = [*(each.value for each in NotificationTypeV2), "MIGRATE", "OF_THE_FUTURE", ABSENT]
SUBTYPES: Final = [*(each.value for each in Subtype), "CREATED", "ACTIVE_TOKEN_REMINDER", "OF_THE_FUTURE", ABSENT]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind if isinstance(kind, str) else "without")
def test_every_type_teaches_alike(kind: object) -> None:
    """With every type, known or not, every subtype, and without, the same tokens teach the same."""
    expected = learned(read_notification(notification(), JUDGE))
    for subtype in SUBTYPES if kind in {"DID_RENEW", "OF_THE_FUTURE"} else SUBTYPES[-2:]:
        assert learned(read_notification(notification(kind, subtype), JUDGE)) == expected


def refusal(part: str, field: str, value: object) -> NotUnderstoodError | None:
    try:
        read(part, {field: value})
    except NotUnderstoodError as error:
        return error
    return None


def test_any_other_type_of_a_read_field_is_not_understood() -> None:
    """A field that is read and is of another type parks the notification; one that is not read changes nothing."""
    refused = set()
    for part, field in FIELDS:
        errors = [refusal(part, field, value) for value in (1.5, {"an": "object"}, ["a list", 1])]
        if any(errors):
            assert {str(error.evidence["field"]).removeprefix("data.") for error in errors if error} == {field}
            refused.add(field)
    assert refused >= {"price", "autoRenewStatus", "signedDate", "offerType", "productId", "status", "environment"}
    assert not refused & {"appAccountToken", "appTransactionId", "webOrderLineItemId", "advancedCommerceInfo"}
