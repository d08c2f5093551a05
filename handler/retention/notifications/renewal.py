"""Apple's renewal info, JWSRenewalInfoDecodedPayload: what is read of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from retention.notifications.claims import Claims
from retention.subscription import renews


@dataclass(frozen=True, slots=True)
class RenewalInfo:
    """How a subscription goes on, as Apple signed it. None: Apple left the field out. Codes are Apple's.

    `product_id` is today's product, `auto_renew_product_id` that of the next period; offer fields are of the next
    period as well. Instants are UNIX milliseconds, the price is in milliunits.
    """

    original_transaction_id: str | None = field(default=None, repr=False)
    environment: str | None = None
    signed_date: int | None = None
    product_id: str | None = None
    auto_renew_product_id: str | None = None
    auto_renew_status: int | None = None
    commitment_auto_renew_status: int | None = None
    billing_plan: str | None = None
    renewal_date: int | None = None
    grace_period_expires_date: int | None = None
    in_billing_retry: bool | None = None
    expiration_intent: int | None = None
    price: int | None = None
    currency: str | None = None
    offer_type: int | None = None
    offer_identifier: str | None = None
    offer_discount_type: str | None = None
    offer_period: str | None = None
    recent_subscription_start_date: int | None = None
    price_increase_status: int | None = None
    win_back_offers: tuple[str, ...] | None = None

    @classmethod
    def from_claims(cls, payload: Mapping[str, object]) -> RenewalInfo:
        """Read the payload of a `signedRenewalInfo`. Raises NotUnderstoodError for a field of another type."""
        claims = Claims(payload)
        return cls(
            original_transaction_id=claims.text("originalTransactionId"),
            environment=claims.text("environment"),
            signed_date=claims.instant("signedDate"),
            product_id=claims.text("productId"),
            auto_renew_product_id=claims.text("autoRenewProductId"),
            auto_renew_status=claims.number("autoRenewStatus"),
            commitment_auto_renew_status=claims.part("commitmentInfo").number("commitmentAutoRenewStatus"),
            billing_plan=claims.text("renewalBillingPlanType"),
            renewal_date=claims.instant("renewalDate"),
            grace_period_expires_date=claims.instant("gracePeriodExpiresDate"),
            in_billing_retry=claims.truth("isInBillingRetryPeriod"),
            expiration_intent=claims.number("expirationIntent"),
            price=claims.number("renewalPrice"),
            currency=claims.text("currency"),
            offer_type=claims.number("offerType"),
            offer_identifier=claims.text("offerIdentifier"),
            offer_discount_type=claims.text("offerDiscountType"),
            offer_period=claims.text("offerPeriod"),
            recent_subscription_start_date=claims.instant("recentSubscriptionStartDate"),
            price_increase_status=claims.number("priceIncreaseStatus"),
            win_back_offers=claims.texts("eligibleWinBackOfferIds"),
        )

    @property
    def auto_renews(self) -> bool | None:
        """Whether it renews at the end of its period, or of its commitment; None where that is not known."""
        return renews(self.auto_renew_status, self.commitment_auto_renew_status)
