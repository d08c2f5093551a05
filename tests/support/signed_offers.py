"""Offers for APP's customer TRANSACTION, signed with KEY as the function signs them, in each of Apple's three forms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from retention.signing.signer import Signer

from tests.support.simulated_app import APP, KEY, KEY_ID, MONTHLY, NOW

TRANSACTION: Final = "2000000000000001"
WHEN: Final = datetime.fromtimestamp(NOW, UTC)
SIGNER: Final = Signer(KEY_ID, KEY)


def v2(signer: Signer = SIGNER, **changes: str) -> str:
    given = {
        "issuer_id": APP.issuer_id,
        "bundle_id": APP.bundle_id,
        "product_id": MONTHLY,
        "offer_identifier": "half",
        "transaction_id": TRANSACTION,
    } | changes
    return signer.promotional_offer_v2(now=WHEN, **given)


def v1(**changes: Any) -> dict[str, Any]:
    signed = SIGNER.promotional_offer_v1(bundle_id=APP.bundle_id, product_id=MONTHLY, offer_identifier="half", now=WHEN)
    return {name: value for name, value in (signed | changes).items() if value is not None}


ITEM = {
    "currentSKU": "swift",
    "SKU": "swift-plus",
    "displayName": "Swift",
    "description": "A course",
    "effective": "IMMEDIATELY",
    "reason": "UPGRADE",
    "price": 4990,
}


REQUEST = {"retainBillingCycle": True, "changeItems": [ITEM]}


def commerce(request: dict[str, Any] = REQUEST, transaction_id: str = TRANSACTION) -> str:
    return SIGNER.advanced_commerce(
        issuer_id=APP.issuer_id, bundle_id=APP.bundle_id, request=request, transaction_id=transaction_id, now=WHEN
    )
