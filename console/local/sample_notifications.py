"""The sample notifications: events of SQS as Lambda hands them on, one for each scene, with the fate in the name.

Values and ids are invented. The test authority signed them at fixed instants before SAMPLE_CLOCK. `make events` writes
them into `events/notifications`.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from retention.request import PRODUCTION, SANDBOX

from console.local.sample_events import APP, RENEWED
from console.local.samples import EVENTS, SAMPLE_CLOCK, write_document
from console.simulator.authority import Authority
from console.simulator.subscriptions.billing_periods import DAY
from console.simulator.subscriptions.endings import expired, refunded, revoked
from console.simulator.subscriptions.event import Event, Outcome
from console.simulator.subscriptions.life import (
    FREE_TRIAL,
    INTRODUCTORY,
    MONTHLY,
    PAY_UP_FRONT,
    PROMOTIONAL,
    RedeemableOffer,
    Seller,
    SimulatedCustomer,
    SimulatedSubscription,
    SoldProduct,
)
from console.simulator.subscriptions.notification_claims import notification_claims
from console.simulator.subscriptions.purchases import bought, downgraded, redeemed, resubscribed, upgraded
from console.simulator.subscriptions.renewals import billing_failed, price_raised, recovered, renewed, turned_off

BUNDLE: Final = "com.example.trailhead"

_CLOCK: Final = int(SAMPLE_CLOCK.timestamp() * 1000)
_GROUP: Final = "trailhead"
_PRO: Final = SoldProduct("trailhead.pro.monthly", _GROUP)
_BASIC: Final = SoldProduct("trailhead.basic.monthly", _GROUP, price=3990)
_ANNUAL: Final = SoldProduct("trailhead.pro.annual", _GROUP, "P1Y", 5_000_000)
_COMMITTED: Final = SoldProduct("trailhead.pro.annual", _GROUP, "P1Y", 5990, MONTHLY)
_DISCOUNT: Final = RedeemableOffer(PROMOTIONAL, "retention_annual_30", PAY_UP_FRONT, "P1Y", 3_500_000)
_IN_JAPAN: Final = SimulatedCustomer("JPN", "143462", "JPY")
_TRIAL: Final = RedeemableOffer(INTRODUCTORY, None, FREE_TRIAL, "P1W", 0)

Transition = Callable[[SimulatedSubscription, int], Outcome]


@dataclass(frozen=True, slots=True)
class NotificationSample:
    """One scene: the claims of its notification, and the fate that it meets, in words (retention.notifications.fates).

    `tampered`: a claim was changed after signing.
    """

    name: str
    fate: str
    claims: Mapping[str, object]
    tampered: bool = False

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.fate.replace(' ', '-')}.json"


@dataclass(frozen=True, slots=True)
class _Scene:
    """A subscription, and what happened to it last."""

    subscription: SimulatedSubscription
    event: Event

    def after(self, days_ago: float, transition: Transition) -> _Scene:
        """Return the scene after a transition, so many days before SAMPLE_CLOCK."""
        return _Scene(*transition(self.subscription, _ago(days_ago)))

    def at_the_end(self, transition: Transition) -> _Scene:
        """Return the scene after a transition at the end of the current period."""
        return _Scene(*transition(self.subscription, self.subscription.current.expires))


def notification_samples(authority: Authority) -> list[NotificationSample]:
    """Return all samples; `authority` signs the tokens in them."""
    merged = [_of_event(name, scene.event, authority) for name, scene in (*_offers(), *_endings(), *_changes())]
    return [*merged, *_without_subscription(), *_refused(_bought(RENEWED, 70).event, authority)]


def sample_notification(sample: NotificationSample, authority: Authority) -> dict[str, Any]:
    """Return the event with which Lambda hands the notification on."""
    signed = authority.sign(sample.claims)
    if sample.tampered:
        head, payload, signature = signed.split(".")
        signed = f"{head}.{payload.swapcase()}.{signature}"
    body = json.dumps({"signedPayload": signed}, separators=(",", ":"))
    received = str(_CLOCK)
    attributes = {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": received,
        "SenderId": "AROAEXAMPLE:apigateway",
        "ApproximateFirstReceiveTimestamp": received,
    }
    record = {
        "messageId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"message {sample.name}")),
        "receiptHandle": "sample",
        "body": body,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:retention-sandbox-NotificationQueue",
        "awsRegion": "us-east-1",
    }
    return {"Records": [record]}


def write_sample_notifications(directory: Path) -> None:
    """Write every sample into `directory`."""
    authority = Authority.load(EVENTS / "ca")
    directory.mkdir(parents=True, exist_ok=True)
    for sample in notification_samples(authority):
        write_document(directory / sample.file_name, sample_notification(sample, authority))


def _offers() -> Iterator[tuple[str, _Scene]]:
    yield "renewed", _bought(RENEWED, 70, _BASIC).at_the_end(renewed)
    scene = _bought("2000000900000210", 400, _ANNUAL, customer=_IN_JAPAN)
    yield "subscribed", scene
    scene = scene.after(50, partial(redeemed, offer=_DISCOUNT))
    yield "offer-redeemed", scene
    yield "renewed-with-offer", scene.at_the_end(renewed)
    yield "trial-begun", _bought("2000000900000211", 3, offer=_TRIAL)


def _endings() -> Iterator[tuple[str, _Scene]]:
    scene = _bought("2000000900000220", 50).at_the_end(renewed).after(3, turned_off)
    yield "turned-off", scene
    # Auto-renew is on again, and Apple sends no AUTO_RENEW_ENABLED.
    yield "turned-on-by-downgrade", scene.after(2, partial(downgraded, product=_BASIC))
    scene = _bought("2000000900000221", 70).at_the_end(renewed).after(20, turned_off).at_the_end(expired)
    yield "expired", scene
    yield "resubscribed", scene.after(1, resubscribed)
    scene = _bought("2000000900000222", 70).at_the_end(renewed).at_the_end(partial(billing_failed, grace="P16D"))
    yield "billing-failed-in-grace", scene
    yield "billing-recovered", scene.after(2, recovered)
    family = SimulatedCustomer(ownership="FAMILY_SHARED")
    yield "family-access-revoked", _bought("2000000900000223", 10, customer=family).after(1, revoked)


def _changes() -> Iterator[tuple[str, _Scene]]:
    scene = _bought("2000000900000230", 20, _BASIC).after(5, partial(upgraded, product=_PRO))
    yield "upgraded", scene
    # An old transaction next to today's renewal info.
    first = scene.subscription.original.transaction_id
    yield "old-plan-refunded", scene.after(1, partial(refunded, transaction_id=first))
    # autoRenewStatus stays 1: only the status of the commitment is 0.
    scene = _bought("2000000900000231", 40, _COMMITTED).at_the_end(renewed)
    yield "turned-off-in-commitment", scene.after(2, turned_off)
    scene = _bought("2000000900000232", 40).at_the_end(renewed)
    yield "price-increase-pending", scene.after(3, partial(price_raised, price=11990))
    # A type that Apple has not invented yet teaches what it holds.
    scene = _bought("2000000900000233", 40).at_the_end(renewed)
    unknown = replace(scene.event, notification_type="SUBSCRIPTION_PAUSED", subtype="BY_CUSTOMER")
    yield "unknown-type", _Scene(scene.subscription, unknown)


def _without_subscription() -> Iterator[NotificationSample]:
    app = {"appAppleId": APP, "bundleId": BUNDLE, "environment": SANDBOX}
    yield _envelope("test", "test", "TEST", None, data={**app, "bundleVersion": "1"})
    extension = {
        "requestIdentifier": str(uuid.uuid5(uuid.NAMESPACE_URL, "extension")),
        "productId": _PRO.product_id,
        "storefrontCountryCodes": ["USA", "FRA"],
        "succeededCount": 41,
        "failedCount": 1,
    }
    yield _envelope("extension-summary", "ignored", "RENEWAL_EXTENSION", "SUMMARY", summary={**app, **extension})
    token = {"externalPurchaseId": "SANDBOX_4b1c7d0e", "tokenCreationDate": _ago(1), "tokenType": "SERVICES"}
    purchase = {"appAppleId": APP, "bundleId": BUNDLE, **token}
    yield _envelope(
        "external-purchase", "ignored", "EXTERNAL_PURCHASE_TOKEN", "CREATED", externalPurchaseToken=purchase
    )


def _refused(event: Event, authority: Authority) -> Iterator[NotificationSample]:
    """Yield notifications that change no row: not signed by the App Store, for another app, not understood."""
    yield replace(_of_event("tampered", event, authority), fate="forged", tampered=True)
    for name, seller in (
        ("another-app", Seller(APP + 1, "com.example.other", SANDBOX)),
        ("another-environment", Seller(APP, BUNDLE, PRODUCTION)),
    ):
        stranger = _bought(RENEWED, 70, seller=seller).event
        yield replace(_of_event(name, stranger, authority), fate="other app")
    odd = replace(event, transaction={**(event.transaction or {}), "expiresDate": "tomorrow"})
    yield replace(_of_event("date-is-text", odd, authority), fate="parked")


def _bought(
    customer_id: str,
    days_ago: float,
    product: SoldProduct = _PRO,
    *,
    customer: SimulatedCustomer | None = None,
    offer: RedeemableOffer | None = None,
    seller: Seller | None = None,
) -> _Scene:
    sold_by, who = seller or Seller(APP, BUNDLE, SANDBOX), customer or SimulatedCustomer()
    return _Scene(*bought(sold_by, product, customer_id, _ago(days_ago), customer=who, offer=offer))


def _of_event(name: str, event: Event, authority: Authority) -> NotificationSample:
    return NotificationSample(name, "merged", notification_claims(event, authority, _uuid_of(name)))


def _envelope(name: str, fate: str, kind: str, subtype: str | None, **content: object) -> NotificationSample:
    named = {"notificationType": kind, **({} if subtype is None else {"subtype": subtype})}
    signed = {"notificationUUID": _uuid_of(name), **content, "version": "2.0", "signedDate": _ago(1)}
    return NotificationSample(name, fate, {**named, **signed})


def _uuid_of(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"notification {name}"))


def _ago(days: float) -> int:
    return _CLOCK - round(days * DAY)
