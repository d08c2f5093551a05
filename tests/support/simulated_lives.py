"""A simulated customer with a subscription, and Apple's own models, which its claims are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import attr
from appstoreserverlibrary.models.Data import Data
from appstoreserverlibrary.models.JWSRenewalInfoDecodedPayload import JWSRenewalInfoDecodedPayload
from appstoreserverlibrary.models.JWSTransactionDecodedPayload import JWSTransactionDecodedPayload
from appstoreserverlibrary.models.LibraryUtility import _get_cattrs_converter
from retention.request import SANDBOX

from console.simulator.subscriptions.billing_periods import DAY
from console.simulator.subscriptions.event import Event, Outcome
from console.simulator.subscriptions.life import (
    CODE,
    FREE_TRIAL,
    INTRODUCTORY,
    MONTHLY,
    PAY_AS_YOU_GO,
    PROMOTIONAL,
    RETENTION,
    RedeemableOffer,
    Seller,
    SimulatedCustomer,
    SimulatedSubscription,
    SoldProduct,
)
from console.simulator.subscriptions.purchases import bought

BEGAN: Final = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp() * 1000)
FIRST: Final = "2000000000000007"
SELLER: Final = Seller(6745974591, "com.example.app", SANDBOX)
PRO: Final = SoldProduct("pro.monthly")
BASIC: Final = SoldProduct("basic.monthly", price=4990)
ANNUAL: Final = SoldProduct("pro.annual", period="P1Y", price=99990, billing_plan="BILLED_UPFRONT")
COMMITTED: Final = SoldProduct("pro.annual", period="P1Y", price=8990, billing_plan=MONTHLY)
TRIAL: Final = RedeemableOffer(INTRODUCTORY, None, FREE_TRIAL, "P1W", 0)
HALF: Final = RedeemableOffer(PROMOTIONAL, "half", PAY_AS_YOU_GO, "P1M", 4995, 3)
COUPON: Final = RedeemableOffer(CODE, "SPRING", PAY_AS_YOU_GO, "P1M", 990)
FREE_MONTH: Final = RedeemableOffer(RETENTION, "stay", FREE_TRIAL, "P1M", 0)
FAMILY: Final = SimulatedCustomer(ownership="FAMILY_SHARED")


@dataclass
class Life:
    """A customer whose transitions follow one another, a day apart unless `days` differs."""

    subscription: SimulatedSubscription
    events: list[Event]
    now: int = field(default=BEGAN)

    @classmethod
    def begun(cls, product: SoldProduct = PRO, **changes: Any) -> Life:
        subscription, event = bought(SELLER, product, FIRST, BEGAN, **changes)
        return cls(subscription, [event])

    def then(self, transition: Callable[..., Outcome], *given: Any, days: float = 1, **named: Any) -> Event:
        """Let a transition happen `days` after the last one; return its event."""
        self.now += round(days * DAY)
        self.subscription, event = transition(self.subscription, self.now, *given, **named)
        self.events.append(event)
        return event


def shape(event: Event) -> tuple[str, str | None, object]:
    """Return an event's type, subtype and status."""
    return event.notification_type, event.subtype, event.data["status"]


def some(claims: Mapping[str, object] | None, *names: str) -> tuple[object, ...]:
    """Return some claims of a token; one that is absent is None."""
    assert claims is not None
    return tuple(claims.get(name) for name in names)


def not_documented(event: Event) -> list[str]:
    """Return the claims of an event that Apple's models do not have, or have with another type or no such value."""
    models = (
        (JWSTransactionDecodedPayload, event.transaction),
        (JWSRenewalInfoDecodedPayload, event.renewal),
        (Data, event.data),
    )
    return [f"{model.__name__}.{name}" for model, claims in models for name in _unread(model, claims or {})]


# Values that Apple documents and its library, version 3.1.2, does not know yet.
_NEWER: Final = (("offerType", RETENTION), ("inAppOwnershipType", "ASSIGNED"))


def _unread(model: Any, claims: Mapping[str, object]) -> list[str]:
    """Return the claims that are not in `model` after Apple's library has read them."""
    read = _get_cattrs_converter(model).structure(dict(claims), model)
    known = {one.name for one in attr.fields(model)}
    return [
        name
        for name, value in claims.items()
        if name not in known or (getattr(read, name) is None and (name, value) not in _NEWER)
    ]
