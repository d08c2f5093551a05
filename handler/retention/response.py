"""The shapes of Apple's RealtimeResponseBody: one key of four, the others absent (RM/realtimeresponsebody)."""

from __future__ import annotations

import json
from typing import Final

# Numbers, not `http.HTTPStatus`: its import would make every cold start longer.
OK: Final = 200
NO_CONTENT: Final = 204

CONTENT_TYPE: Final = "application/json; charset=utf-8"

Body = dict[str, dict[str, object]]


def message(message_identifier: str) -> Body:
    """Show one message, with its image and bullets if it has any."""
    return {"message": {"messageIdentifier": message_identifier}}


def alternate_product(message_identifier: str, product_id: str, billing_plan_type: str | None = None) -> Body:
    """Suggest another product of the same subscription group, with a text-only message."""
    content: dict[str, object] = {"messageIdentifier": message_identifier, "productId": product_id}
    if billing_plan_type is not None:
        content["billingPlanType"] = billing_plan_type
    return {"alternateProduct": content}


def promotional_offer_v2(message_identifier: str, signature: str) -> Body:
    """Offer a discount, signed as a compact JWS."""
    return {"promotionalOffer": {"messageIdentifier": message_identifier, "promotionalOfferSignatureV2": signature}}


def promotional_offer_v1(message_identifier: str, signature: dict[str, object]) -> Body:
    """Offer a discount, signed the older way: an object with `encodedSignature` and what it covers."""
    return {"promotionalOffer": {"messageIdentifier": message_identifier, "promotionalOfferSignatureV1": signature}}


def advanced_commerce(message_identifier: str, advanced_commerce_data: str) -> Body:
    """Change an Advanced Commerce subscription: base64 of `{"signatureInfo": {"token": JWS}}`."""
    content: dict[str, object] = {
        "messageIdentifier": message_identifier,
        "advancedCommerceData": advanced_commerce_data,
    }
    return {"advancedCommerceInfo": content}


def encode(body: Body) -> str:
    """Return the JSON text that goes to Apple, in as few bytes as JSON allows."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
