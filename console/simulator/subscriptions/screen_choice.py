"""What a customer does after the screen of a retention message: cancel, keep the subscription, redeem or switch."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from console.simulator.customer import APP_STORE_CONNECT, CustomerScreen
from console.simulator.subscriptions.customers import Customers, NamedCustomer, Transition
from console.simulator.subscriptions.event import Outcome
from console.simulator.subscriptions.life import (
    FREE_TRIAL,
    PROMOTIONAL,
    RETENTION,
    RedeemableOffer,
    SimulatedSubscription,
    SoldProduct,
)
from console.simulator.subscriptions.price_list import is_higher, offered
from console.simulator.subscriptions.purchases import downgraded, redeemed, upgraded
from console.simulator.subscriptions.renewals import turned_off
from console.terminal.failure import Failure

CANCEL: Final = "cancel"
KEEP: Final = "keep"
REDEEM: Final = "redeem"
SWITCH: Final = "switch"
CHOICES: Final = (CANCEL, KEEP, REDEEM, SWITCH)


def check_may_cancel(customers: Customers, name: NamedCustomer) -> None:
    """Raise Failure for a customer who has nothing to cancel: then the App Store shows no Cancel button."""
    subscription = customers.find(name)
    if subscription is not None and not subscription.can_be_cancelled:
        raise Failure(
            "The customer sees no Cancel button: the subscription is not active, or auto-renew is off. `retention"
            " simulator subscriptions` lists them all."
        )


def transitions_of(customers: Customers, choice: str, seen: CustomerScreen) -> tuple[Transition, ...]:
    """Return what happens to the subscription by a choice of CHOICES on this screen. Raises Failure.

    Failure is raised for what the screen does not offer.
    """
    if choice == KEEP:
        return ()
    if choice == CANCEL:
        return (turned_off,)
    return (_redeem(customers, seen) if choice == REDEEM else _switch(customers, seen),)


def switched(product: SoldProduct, *, at_once: bool | None = None, offer: RedeemableOffer | None = None) -> Transition:
    """Return the switch to a product, now or at the next renewal; by default, its price decides."""

    def switch(subscription: SimulatedSubscription, now: int) -> Outcome:
        higher = is_higher(product, subscription.current.product) if at_once is None else at_once
        return (upgraded if higher else downgraded)(subscription, now, product, offer)

    return switch


def _redeem(customers: Customers, seen: CustomerScreen) -> Transition:
    if seen.kind == "promotionalOffer":
        return _promotional(customers, *_named_offer(seen.detail))
    identifier = seen.content.get("offer")
    if seen.source != APP_STORE_CONNECT or not isinstance(identifier, str):
        raise Failure(
            "The screen has no offer to redeem: a promotional offer has one, and so has an App Store Connect message"
            " that was set with --offer."
        )
    return lambda subscription, now: redeemed(
        subscription, now, offered(subscription.current.product, RETENTION, identifier, FREE_TRIAL)
    )


def _promotional(customers: Customers, product_id: str, identifier: str) -> Transition:
    """Return the redemption of a promotional offer; for another product than the customer's, it is a switch too."""

    def redeem(subscription: SimulatedSubscription, now: int) -> Outcome:
        current = subscription.current.product
        if product_id == current.product_id:
            return redeemed(subscription, now, offered(current, PROMOTIONAL, identifier))
        product = customers.product(product_id)
        return switched(product, offer=offered(product, PROMOTIONAL, identifier))(subscription, now)

    return redeem


def _named_offer(detail: Mapping[str, Any]) -> tuple[str, str]:
    """Return product and offer of an answer whose signature the simulator has accepted, of either version."""
    token = detail.get("promotionalOfferSignatureV2")
    named = detail["promotionalOfferSignatureV1"] if token is None else _claims(token)
    return str(named["productId"]), str(named["offerIdentifier"])


def _claims(token: str) -> Any:  # noqa: ANN401  # a JSON object
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _switch(customers: Customers, seen: CustomerScreen) -> Transition:
    if seen.kind != "alternateProduct":
        raise Failure("The screen has no other product to switch to.")
    plan = seen.detail.get("billingPlanType")
    return switched(customers.product(str(seen.detail["productId"]), billing_plan=plan))
