"""From what was decided to what Apple is told: the RealtimeResponseBody of one delivery, signed where it must be."""

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
    """Return the body that tells Apple of `delivery`.

    `signer` is asked only for answers that are signed, and may raise SigningError. `transaction_id` is the request's
    originalTransactionId, which every signature but V1 covers.
    """
    answer, message = delivery.answer, delivery.message_id
    fields = answer.fields
    match answer.kind:
        case "message":
            return response.message(message)
        case "alternateProduct":
            return response.alternate_product(message, fields["productId"], fields.get("billingPlanType"))
        case "promotionalOffer" if fields["signature"] == "v1":
            signature = signer().promotional_offer_v1(
                bundle_id=settings.bundle_id,
                product_id=fields["productId"],
                offer_identifier=fields["offerIdentifier"],
                now=now,
            )
            return response.promotional_offer_v1(message, signature)
        case "promotionalOffer":
            token = signer().promotional_offer_v2(
                issuer_id=settings.issuer_id,
                bundle_id=settings.bundle_id,
                product_id=fields["productId"],
                offer_identifier=fields["offerIdentifier"],
                transaction_id=transaction_id,
                now=now,
            )
            return response.promotional_offer_v2(message, token)
        case "advancedCommerce":
            data = signer().advanced_commerce(
                issuer_id=settings.issuer_id,
                bundle_id=settings.bundle_id,
                request=fields["request"],
                transaction_id=transaction_id,
                now=now,
            )
            return response.advanced_commerce(message, data)
    raise ValueError(f"nothing can be told of a {answer.kind}")
