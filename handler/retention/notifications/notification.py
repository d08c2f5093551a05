"""App Store Server Notifications V2: a posted text is verified and read. Total: every text is read or refused.

    1    the body `{"signedPayload": …}`, or the token itself; at most 256 K characters
    2-6  signed by the App Store, as `retention.jws` judges; late deliveries as `judge` does
    7    of the four objects the one that is there; for an app of ours, this environment, and not ahead of our clock
    8    the tokens inside `data`: each is verified by itself, and is of the same app, environment and subscription

Refusals: VerificationError, Apple did not sign this, or signed it as another thing than a notification; ForbiddenError,
it is for another app or environment; NotUnderstoodError, it is a notification and cannot be read; NoReleaseError, it is
not known yet for which app. No message of an error has anything from the text in it. Their codes:

    1    text_too_long  body_not_json  signed_payload_missing  version_1
    2-6  those of `retention.jws`
    7    not_a_notification  wrong_app  wrong_environment  too_new; no_release; object_missing  app_missing
         environment_missing  claim_type
    8    2-6 of each token; claim_type  another_token  apps_differ  environments_differ  transaction_id_form
         subscriptions_differ
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from retention.errors import NotUnderstoodError, VerificationError
from retention.notifications.claims import Claims
from retention.notifications.judge import MAX_CHARACTERS, NotificationJudge
from retention.notifications.renewal import RenewalInfo
from retention.notifications.transaction import TransactionInfo
from retention.request import PRODUCTION, SANDBOX
from retention.strict_json import StrictJSONError, read_object

# The four objects of which a notification has one.
DATA: Final = "data"
SUMMARY: Final = "summary"
EXTERNAL_PURCHASE_TOKEN: Final = "externalPurchaseToken"  # noqa: S105  # no secret: Apple's name of an object
APP_DATA: Final = "appData"
KINDS: Final = (DATA, SUMMARY, EXTERNAL_PURCHASE_TOKEN, APP_DATA)


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification that Apple signed for an app of ours. None: Apple left the field out.

    `kind` is one of KINDS. `status`, `transaction` and `renewal` are of `data` alone, and of it where Apple wrote
    them. Types are Apple's text, unknown ones too. `signed_date` is in UNIX ms. The last three name the root and the
    leaf (lower-case hex SHA-256) that signed it, and the leaf's end. No token is kept.
    """

    notification_type: str | None
    subtype: str | None
    notification_uuid: str | None
    signed_date: int | None
    kind: str
    app_apple_id: int
    bundle_id: str | None
    environment: str
    status: int | None
    transaction: TransactionInfo | None
    renewal: RenewalInfo | None
    original_transaction_id: str | None = field(repr=False)
    anchor: str
    leaf_fingerprint: str
    leaf_not_after: datetime


@dataclass(frozen=True, slots=True)
class SubscriptionReport:
    """What Apple's API reports of a subscription: a transaction, and where it was asked for, how it goes on."""

    app_apple_id: int
    original_transaction_id: str | None = field(repr=False)
    transaction: TransactionInfo
    renewal: RenewalInfo | None


def read_notification(body_or_token: str, judge: NotificationJudge) -> Notification:
    """Return the notification in an HTTP body, or in a token that Apple's history lists. Raises as documented above."""
    signed = judge.authenticate(_token(body_or_token))  # 1 to 6

    # 7. For an app of ours, this environment, and not ahead of our clock.
    payload = Claims(signed.payload)
    kind = _kind(signed.payload, judge)
    subject = payload.part(kind)
    bundle_id = subject.text("bundleId")
    # The environment first: without an appAppleId, another developer's sandbox would wait for a release of ours.
    environment = _environment(kind, subject)
    if environment is not None:
        judge.admit_environment(environment)
    app_apple_id = judge.app_of(subject.number("appAppleId"), bundle_id)
    judge.admit_date(payload.instant("signedDate"))

    # 8. The tokens inside, where the object has them.
    transaction, renewal = _nested(subject, judge) if kind == DATA else (None, None)
    environment = _agreed_environment(judge, environment, transaction, renewal)
    if transaction and transaction.bundle_id is not None and bundle_id not in {None, transaction.bundle_id}:
        raise NotUnderstoodError("apps_differ", "the transaction is of another app than the notification")
    return Notification(
        notification_type=payload.text("notificationType"),
        subtype=payload.text("subtype"),
        notification_uuid=payload.text("notificationUUID"),
        signed_date=payload.instant("signedDate"),
        kind=kind,
        app_apple_id=app_apple_id,
        bundle_id=bundle_id,
        environment=environment,
        status=subject.number("status") if kind == DATA else None,
        transaction=transaction,
        renewal=renewal,
        original_transaction_id=_agreed_subscription(transaction, renewal),
        anchor=signed.anchor,
        leaf_fingerprint=signed.leaf_fingerprint,
        leaf_not_after=signed.leaf_not_after,
    )


def read_report(transaction_token: str, renewal_token: str, judge: NotificationJudge) -> SubscriptionReport:
    """Return what is in a signed transaction and a signed renewal, empty where there is none, of Apple's API.

    The answer around them is not signed. So the transaction itself must name an app of ours by its bundle id, and this
    environment. Raises as documented above.
    """
    transaction = _transaction(transaction_token, judge)
    if transaction.environment is not None:
        judge.admit_environment(transaction.environment)
    app_apple_id = judge.app_of(None, transaction.bundle_id)
    renewal = _renewal(renewal_token, judge) if renewal_token else None
    _agreed_environment(judge, None, transaction, renewal)
    return SubscriptionReport(app_apple_id, _agreed_subscription(transaction, renewal), transaction, renewal)


# Step 1: the body.


def _token(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        raise VerificationError("text_too_long", "longer than any genuine notification", limit=MAX_CHARACTERS)
    if not text.lstrip().startswith("{"):
        return text
    try:
        body = read_object(text.encode())
    except (StrictJSONError, UnicodeEncodeError):
        raise VerificationError("body_not_json", "the body is no JSON object") from None
    token = body.get("signedPayload")
    if isinstance(token, str):
        return token
    if "unified_receipt" in body or "notification_type" in body:
        raise VerificationError("version_1", "a notification of version 1, which is not signed: choose version 2")
    raise VerificationError("signed_payload_missing", "the body has no text `signedPayload`")


# Step 7: the object, and whom it is for.

# Fields of other things that the App Store signs. Every customer's device has some, so every customer can post them.
_TRANSACTION_FIELDS: Final = frozenset({"transactionId"})
_RENEWAL_FIELDS: Final = frozenset({"autoRenewProductId", "autoRenewStatus"})
_OTHER_FIELDS: Final = frozenset({"requestIdentifier", "receiptType"})  # a retention request, an app transaction
_NOTIFICATION_FIELDS: Final = frozenset({"notificationType", "notificationUUID", *KINDS})


def _kind(payload: Mapping[str, object], judge: NotificationJudge) -> str:
    """Return which object is there. Raises where none is."""
    for kind in KINDS:
        if payload.get(kind) is not None:
            return kind
    if _NOTIFICATION_FIELDS.isdisjoint(payload) and _of_others(payload):
        raise VerificationError("not_a_notification", "signed by Apple as another thing than a notification")
    # Of a later version. Every developer gets some: those of other apps must not be parked here.
    for later in payload.values():
        if isinstance(later, dict):
            _judge_unknown(Claims(later), judge)
    raise NotUnderstoodError("object_missing", f"none of {', '.join(KINDS)} is there")


def _judge_unknown(subject: Claims, judge: NotificationJudge) -> None:
    environment, app_apple_id = subject.text("environment"), subject.number("appAppleId")
    if environment is not None:
        judge.admit_environment(environment)
    if app_apple_id is not None:
        judge.app_of(app_apple_id, None)


def _of_others(payload: Mapping[str, object]) -> bool:
    return not (_TRANSACTION_FIELDS | _RENEWAL_FIELDS | _OTHER_FIELDS).isdisjoint(payload)


def _environment(kind: str, subject: Claims) -> str | None:
    """Return the environment that the object names; an external purchase names it by its id alone."""
    environment = subject.text("environment")
    if environment is None and kind == EXTERNAL_PURCHASE_TOKEN:
        purchase = subject.text("externalPurchaseId")
        return purchase and (SANDBOX if purchase.startswith("SANDBOX") else PRODUCTION)
    return environment


# Step 8: the tokens inside.

# Apple's transaction ids are 16 digits or so. A longer one would not fit into a key of the table.
_MAX_ID: Final = 64


def _nested(data: Claims, judge: NotificationJudge) -> tuple[TransactionInfo | None, RenewalInfo | None]:
    transaction, renewal = data.text("signedTransactionInfo"), data.text("signedRenewalInfo")
    return (
        None if transaction is None else _transaction(transaction, judge),
        None if renewal is None else _renewal(renewal, judge),
    )


def _transaction(token: str, judge: NotificationJudge) -> TransactionInfo:
    payload = judge.authenticate(token).payload
    if not (_NOTIFICATION_FIELDS | _RENEWAL_FIELDS | _OTHER_FIELDS).isdisjoint(payload):
        raise NotUnderstoodError("another_token", "no transaction is where one belongs", field="signedTransactionInfo")
    transaction = TransactionInfo.from_claims(payload)
    judge.admit_date(transaction.signed_date)
    return transaction


def _renewal(token: str, judge: NotificationJudge) -> RenewalInfo:
    payload = judge.authenticate(token).payload
    if not (_NOTIFICATION_FIELDS | _TRANSACTION_FIELDS | _OTHER_FIELDS).isdisjoint(payload):
        raise NotUnderstoodError("another_token", "no renewal info is where one belongs", field="signedRenewalInfo")
    renewal = RenewalInfo.from_claims(payload)
    judge.admit_date(renewal.signed_date)
    return renewal


def _agreed_environment(
    judge: NotificationJudge, named: str | None, transaction: TransactionInfo | None, renewal: RenewalInfo | None
) -> str:
    """Return the environment that is named, everywhere the same; ours where it is not and nothing is to be learned."""
    claimed = (named, transaction.environment if transaction else None, renewal.environment if renewal else None)
    every = {environment for environment in claimed if environment is not None}
    if len(every) > 1:
        raise NotUnderstoodError("environments_differ", "the tokens inside name another environment")
    for environment in every:
        judge.admit_environment(environment)
        return environment
    if transaction or renewal:
        raise NotUnderstoodError("environment_missing", "no environment is named")
    return judge.environment


def _agreed_subscription(transaction: TransactionInfo | None, renewal: RenewalInfo | None) -> str | None:
    """Return the originalTransactionId, the same wherever it is named; None where it is named nowhere."""
    of_transaction = transaction.original_transaction_id if transaction else None
    of_renewal = renewal.original_transaction_id if renewal else None
    before = (transaction.previous_original_transaction_id or None) if transaction else None
    if not all(_names_a_row(each) for each in (of_transaction, of_renewal, before) if each is not None):
        raise NotUnderstoodError(
            "transaction_id_form", "an original transaction id is not of the form that Apple's have"
        )
    if of_transaction and of_renewal and of_transaction != of_renewal:
        raise NotUnderstoodError("subscriptions_differ", "transaction and renewal info are of two subscriptions")
    return of_transaction or of_renewal


def _names_a_row(name: str) -> bool:
    return name.isascii() and name.isprintable() and 0 < len(name) <= _MAX_ID
