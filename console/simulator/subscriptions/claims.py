"""The claims of Apple's two tokens about a subscription: JWSTransactionDecodedPayload and JWSRenewalInfoDecodedPayload.

A field that Apple leaves out is absent here: the renewal price while auto-renew is off, the reason of an expiry before
there is one.
"""

from __future__ import annotations

from console.simulator.subscriptions.life import (
    COMMITMENT_PERIODS,
    EXPIRED,
    REVOKED,
    RedeemableOffer,
    SimulatedSubscription,
    SimulatedTransaction,
)


def transaction_claims(
    subscription: SimulatedSubscription, transaction: SimulatedTransaction, signed: int
) -> dict[str, object]:
    """Return what Apple signs about one transaction at `signed` (UNIX milliseconds)."""
    product, customer, original = transaction.product, subscription.customer, subscription.original
    return _present(
        {
            "transactionId": transaction.transaction_id,
            "originalTransactionId": original.transaction_id,
            "webOrderLineItemId": _web_order_line(transaction),
            "appTransactionId": _app_transaction(original),
            "bundleId": subscription.seller.bundle_id,
            "productId": product.product_id,
            "subscriptionGroupIdentifier": product.group,
            "purchaseDate": transaction.purchased,
            "originalPurchaseDate": original.purchased,
            "expiresDate": transaction.expires,
            "quantity": 1,
            "type": "Auto-Renewable Subscription",
            "inAppOwnershipType": customer.ownership,
            "signedDate": signed,
            "environment": subscription.seller.environment,
            "transactionReason": transaction.reason,
            "storefront": customer.storefront,
            "storefrontId": customer.storefront_id,
            "price": transaction.price,
            "currency": customer.currency,
            "isUpgraded": transaction.upgraded or None,
            "billingPlanType": product.billing_plan,
            "commitmentInfo": _commitment(transaction),
            **_offer(transaction.offer),
            **_revocation(transaction),
        }
    )


def renewal_claims(subscription: SimulatedSubscription, signed: int) -> dict[str, object]:
    """Return what Apple signs about the next renewal at `signed` (UNIX milliseconds)."""
    current, renewal, product = subscription.current, subscription.renewal, subscription.next_product
    renews = subscription.renews
    ended = subscription.status == EXPIRED
    return _present(
        {
            "originalTransactionId": subscription.original.transaction_id,
            "appTransactionId": _app_transaction(subscription.original),
            "productId": current.product.product_id,
            "autoRenewProductId": product.product_id,
            "autoRenewStatus": int(renews),
            "renewalDate": current.expires,
            "renewalPrice": subscription.next_price if renews else None,
            "currency": subscription.customer.currency if renews else None,
            "recentSubscriptionStartDate": subscription.run_started,
            "signedDate": signed,
            "environment": subscription.seller.environment,
            "isInBillingRetryPeriod": renewal.retrying if renewal.retrying or ended else None,
            "gracePeriodExpiresDate": renewal.grace_expires,
            "expirationIntent": renewal.expiration_intent,
            "priceIncreaseStatus": renewal.price_increase,
            "eligibleWinBackOfferIds": list(subscription.win_back_offers) or None,
            "renewalBillingPlanType": product.billing_plan,
            "commitmentInfo": _next_commitment(subscription),
            **_offer(renewal.offer),
        }
    )


def _offer(offer: RedeemableOffer | None) -> dict[str, object]:
    if offer is None:
        return {}
    return {
        "offerType": offer.kind,
        "offerIdentifier": offer.identifier,
        "offerDiscountType": offer.discount,
        "offerPeriod": offer.period,
    }


def _revocation(transaction: SimulatedTransaction) -> dict[str, object]:
    taken = transaction.taken_back
    if taken is None:
        return {}
    return {
        "revocationDate": taken.at,
        "revocationReason": taken.reason,
        "revocationType": taken.kind,
        "revocationPercentage": taken.percentage,
    }


def _commitment(transaction: SimulatedTransaction) -> dict[str, object] | None:
    if not transaction.number:
        return None
    return {
        "billingPeriodNumber": transaction.number,
        "totalBillingPeriods": COMMITMENT_PERIODS,
        "commitmentExpiresDate": transaction.commitment_expires,
        "commitmentPrice": transaction.product.price * COMMITMENT_PERIODS,
    }


def _next_commitment(subscription: SimulatedSubscription) -> dict[str, object] | None:
    """What follows the commitment. A customer who cancels changes this alone: its periods are billed to the end."""
    current, renewal = subscription.current, subscription.renewal
    if not current.number:
        return None
    periods = COMMITMENT_PERIODS if renewal.product.billing_period != renewal.product.period else 1
    on = renewal.on and subscription.status != REVOKED
    return _present(
        {
            "commitmentAutoRenewStatus": int(on),
            "commitmentAutoRenewProductId": renewal.product.product_id,
            "commitmentRenewalBillingPlanType": renewal.product.billing_plan,
            "commitmentRenewalDate": current.commitment_expires,
            # Assumption: absent while auto-renew is off, like renewalPrice.
            "commitmentRenewalPrice": renewal.product.price * periods if on else None,
        }
    )


def _present(claims: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in claims.items() if value is not None}


def _web_order_line(transaction: SimulatedTransaction) -> str:
    return f"9{transaction.transaction_id[1:]}"


def _app_transaction(original: SimulatedTransaction) -> str:
    return f"70{original.transaction_id}"
