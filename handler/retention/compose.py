"""From a decision to Apple's response body: which of its shapes a delivery needs, and its signature where it has one.

The shapes themselves are in `response`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from retention import response
from retention.catalog import Settings
from retention.decision import Delivery
from retention.signing.signer import Signer


def compose(
    delivery: Delivery, settings: Settings, transaction_id: str, now: datetime, signer: Callable[[], Signer]
) -> response.Body:
    """Return the body with which Apple delivers `delivery`.

    `signer` is called only for answers that are signed, and may raise SigningError. `transaction_id` is the request's
    originalTransactionId, which every signature but V1 covers.
    """
    answer, message = delivery.answer, delivery.message_id
    fields = answer.fields
    match answer.kind:
        case "message":
            return response.message(message)
        case "alternateProduct":
            return response.alternate_product(message, fields["productId"], fields.get("billingPlanType"))
        case "promotionalOffer":
            return _promotional_offer(delivery, settings, transaction_id, now, signer())
        case "advancedCommerce":
            data = signer().advanced_commerce(
                issuer_id=settings.issuer_id,
                bundle_id=settings.bundle_id,
                request=fields["request"],
                transaction_id=transaction_id,
                now=now,
            )
            return response.advanced_commerce(message, data)
    raise ValueError(f"Apple has no response body for an answer of the kind {answer.kind}")


def _promotional_offer(
    delivery: Delivery, settings: Settings, transaction_id: str, now: datetime, signer: Signer
) -> response.Body:
    fields = delivery.answer.fields
    product_id, offer_identifier = fields["productId"], fields["offerIdentifier"]
    if fields["signature"] == "v1":
        signature = signer.promotional_offer_v1(
            bundle_id=settings.bundle_id, product_id=product_id, offer_identifier=offer_identifier, now=now
        )
        return response.promotional_offer_v1(delivery.message_id, signature)
    token = signer.promotional_offer_v2(
        issuer_id=settings.issuer_id,
        bundle_id=settings.bundle_id,
        product_id=product_id,
        offer_identifier=offer_identifier,
        transaction_id=transaction_id,
        now=now,
    )
    return response.promotional_offer_v2(delivery.message_id, token)
