"""App Store Server Notifications as Apple nests and signs them, with invented values, under the tests' good chain.

    token = notification("DID_RENEW")                                a good one: signed at NOW, all three tokens
    token = notification("REFUND", transaction={"revocationDate": …}, renewal={"autoRenewStatus": 0})
    token = notification(data={"appAppleId": ABSENT}, renewal=None)  without a field, without renewal info
    token = notification(summary={…}, data=None)                     another of the four objects
    text = body(token)                                               what Apple posts

Each of `transaction`, `renewal` and `data` changes fields of the good claims (`transaction_claims` and so on, with the
same keyword arguments by Apple's names); ABSENT leaves a field out; None leaves the token or the object out. A text in
place of `transaction` or `renewal` is put in as it is: a token that was signed otherwise. All is signed by the good
leaf; `signed_by` gives another key.

The subscription: monthly, 9.99 USD, bought 100 days before NOW, in its fourth period, 20 days before its next renewal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from tests.minting.certificates import NOW_MS
from tests.minting.tokens import APP_ID, signed

BUNDLE: Final = "com.example.journal"
ORIGINAL_TRANSACTION: Final = "2000000500000001"
NOTIFICATION_UUID: Final = "7e3f0c52-91a4-4c8e-b0d5-0a6c1f2e9d11"
DAY_MS: Final = 86_400_000
BOUGHT_MS: Final = NOW_MS - 100 * DAY_MS
PERIOD_MS: Final = NOW_MS - 10 * DAY_MS  # the current period began
RENEWAL_MS: Final = NOW_MS + 20 * DAY_MS


class Absent(Enum):
    """The value of a field that is left out. Its name is the same in every process, as the ids of tests must be."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


def _changed(claims: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**claims, **changes}.items() if value is not ABSENT}


def transaction_claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a `signedTransactionInfo`: the third renewal, its current transaction."""
    return _changed(
        {
            "transactionId": "2000000500000004",
            "originalTransactionId": ORIGINAL_TRANSACTION,
            "webOrderLineItemId": "2000000100000004",
            "bundleId": BUNDLE,
            "productId": "journal.monthly",
            "subscriptionGroupIdentifier": "21500001",
            "purchaseDate": PERIOD_MS,
            "originalPurchaseDate": BOUGHT_MS,
            "expiresDate": RENEWAL_MS,
            "quantity": 1,
            "type": "Auto-Renewable Subscription",
            "inAppOwnershipType": "PURCHASED",
            "signedDate": NOW_MS,
            "environment": "Production",
            "transactionReason": "RENEWAL",
            "storefront": "USA",
            "storefrontId": "143441",
            "price": 9990,
            "currency": "USD",
            "appTransactionId": "704000000000000001",
        },
        changes,
    )


def renewal_claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a `signedRenewalInfo`: auto-renew is on, for the same product and price."""
    return _changed(
        {
            "originalTransactionId": ORIGINAL_TRANSACTION,
            "autoRenewProductId": "journal.monthly",
            "productId": "journal.monthly",
            "autoRenewStatus": 1,
            "renewalPrice": 9990,
            "currency": "USD",
            "signedDate": NOW_MS,
            "environment": "Production",
            "recentSubscriptionStartDate": BOUGHT_MS,
            "renewalDate": RENEWAL_MS,
            "appTransactionId": "704000000000000001",
        },
        changes,
    )


def data_claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of `data`, without its two tokens."""
    return _changed(
        {
            "appAppleId": APP_ID,
            "bundleId": BUNDLE,
            "bundleVersion": "41",
            "environment": "Production",
            "status": 1,
        },
        changes,
    )


def notification(
    notification_type: Any = "DID_RENEW",
    subtype: Any = ABSENT,
    *,
    transaction: Mapping[str, Any] | str | None = {},  # never changed
    renewal: Mapping[str, Any] | str | None = {},
    data: Mapping[str, Any] | None = {},
    signed_by: Any = None,
    **changes: Any,
) -> str:
    """Return a signed notification; `changes` are fields of its envelope by Apple's names."""
    envelope: dict[str, Any] = {
        "notificationType": notification_type,
        "subtype": subtype,
        "notificationUUID": NOTIFICATION_UUID,
        "version": "2.0",
        "signedDate": NOW_MS,
    }
    if data is not None:
        tokens = {
            name: token
            for name, token in (
                ("signedTransactionInfo", _token(transaction, transaction_claims, signed_by)),
                ("signedRenewalInfo", _token(renewal, renewal_claims, signed_by)),
            )
            if token is not None
        }
        envelope["data"] = _changed({**data_claims(), **tokens}, data)
    return signed(body=_changed(envelope, changes), signing_key=signed_by)


def _token(given: Mapping[str, Any] | str | None, claims: Any, signed_by: Any) -> str | None:
    if given is None or isinstance(given, str):
        return given
    return signed(body=claims(**given), signing_key=signed_by)


def body(token: str) -> str:
    """Return what Apple posts."""
    return json.dumps({"signedPayload": token})
