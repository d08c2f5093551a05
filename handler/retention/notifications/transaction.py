"""Apple's transaction info, JWSTransactionDecodedPayload: what is read of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from retention.notifications.claims import Claims

AUTO_RENEWABLE: Final = "Auto-Renewable Subscription"


@dataclass(frozen=True, slots=True)
class TransactionInfo:
    """One transaction as Apple signed it. None: Apple left the field out. Codes are Apple's, unknown ones too.

    Instants are UNIX milliseconds; prices and percentages are milliunits. Ids that name a person stay out of every
    `repr`. Not read, since nothing needs it and it must not be kept: appAccountToken, appTransactionId,
    webOrderLineItemId, and the names and taxes of Advanced Commerce.
    """

    transaction_id: str | None = field(default=None, repr=False)
    original_transaction_id: str | None = field(default=None, repr=False)
    previous_original_transaction_id: str | None = field(default=None, repr=False)
    bundle_id: str | None = None
    product_id: str | None = None
    group: str | None = None
    type: str | None = None
    environment: str | None = None
    signed_date: int | None = None
    purchase_date: int | None = None
    original_purchase_date: int | None = None
    expires_date: int | None = None
    revocation_date: int | None = None
    revocation_type: str | None = None
    revocation_percentage: int | None = None
    price: int | None = None
    currency: str | None = None
    storefront: str | None = None
    reason: str | None = None
    offer_type: int | None = None
    offer_identifier: str | None = None
    offer_discount_type: str | None = None
    offer_period: str | None = None
    ownership: str | None = None
    billing_plan: str | None = None
    billing_period_number: int | None = None
    total_billing_periods: int | None = None

    @classmethod
    def from_claims(cls, payload: Mapping[str, object]) -> TransactionInfo:
        """Read the payload of a `signedTransactionInfo`. Raises NotUnderstoodError for a field of another type."""
        claims = Claims(payload)
        commitment = claims.part("commitmentInfo")
        return cls(
            transaction_id=claims.text("transactionId"),
            original_transaction_id=claims.text("originalTransactionId"),
            previous_original_transaction_id=claims.text("previousOriginalTransactionId"),
            bundle_id=claims.text("bundleId"),
            product_id=claims.text("productId"),
            group=claims.text("subscriptionGroupIdentifier"),
            type=claims.text("type"),
            environment=claims.text("environment"),
            signed_date=claims.instant("signedDate"),
            purchase_date=claims.instant("purchaseDate"),
            original_purchase_date=claims.instant("originalPurchaseDate"),
            expires_date=claims.instant("expiresDate"),
            revocation_date=claims.instant("revocationDate"),
            revocation_type=claims.text("revocationType"),
            revocation_percentage=claims.number("revocationPercentage"),
            price=claims.number("price"),
            currency=claims.text("currency"),
            storefront=claims.text("storefront"),
            reason=claims.text("transactionReason"),
            offer_type=claims.number("offerType"),
            offer_identifier=claims.text("offerIdentifier"),
            offer_discount_type=claims.text("offerDiscountType"),
            offer_period=claims.text("offerPeriod"),
            ownership=claims.text("inAppOwnershipType"),
            billing_plan=claims.text("billingPlanType"),
            billing_period_number=commitment.number("billingPeriodNumber"),
            total_billing_periods=commitment.number("totalBillingPeriods"),
        )

    @property
    def is_of_a_subscription(self) -> bool:
        """Whether this can be a transaction of an auto-renewable subscription; only those renew, and are kept.

        Apple writes `type` into each. Should it be missing, what other products do not have decides.
        """
        if self.type is None:
            return self.expires_date is not None or self.group is not None
        return self.type == AUTO_RENEWABLE
