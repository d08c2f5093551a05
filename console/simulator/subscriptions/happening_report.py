"""What the verbs that change a subscription print: what happened, and what became of the notification."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from console.simulator.endpoint_call import notify
from console.simulator.notification_delivery import Courier, DeliveryAttempt
from console.simulator.subscriptions.customers import Customers, Happening
from console.simulator.subscriptions.life import ACTIVE, BILLING_RETRY, EXPIRED, GRACE_PERIOD, SimulatedSubscription
from console.terminal.output import Output
from console.terminal.words import plural

# With more notifications than this, they are counted, not listed.
_LISTED: Final = 12
# How often, and how many seconds apart, the outbox is looked at for what another process sends.
_LOOKS: Final = 20
_PAUSE_SECONDS: Final = 0.1


def delivered(
    customers: Customers, made: Sequence[Happening], sleep: Callable[[float], None] = time.sleep
) -> list[DeliveryAttempt]:
    """Send what is due to the app's notification URL, and return the attempts; none without a URL.

    What another process sends, such as `simulator serve`, is waited for up to two seconds; its status is not known.
    """
    courier = Courier(customers.simulator, customers.app.app_apple_id, customers.environment, post=notify)
    attempts = list(courier.deliver())
    if courier.outbox.url is None:
        return attempts
    sent = {attempt.sent.uuid for attempt in attempts}
    elsewhere = [one.notification.uuid for one in made if one.notification.uuid not in sent]
    for _ in range(_LOOKS):
        found = [stored for uuid in elsewhere if (stored := courier.outbox.find(uuid)) and stored.attempts]
        if len(found) == len(elsewhere):
            break
        sleep(_PAUSE_SECONDS)
    others = (
        DeliveryAttempt(customers.environment, one.sent, len(one.attempts), one.attempts[-1].result, None, "", None)
        for one in found
    )
    return [*attempts, *others]


def show(customers: Customers, made: Sequence[Happening], attempts: Sequence[DeliveryAttempt], out: Output) -> None:
    """Print what happened, as lines or as one JSON document."""
    out.document(documents(made, attempts))
    for line in lines_of(customers, made, attempts):
        out.print(line)


def documents(made: Sequence[Happening], attempts: Sequence[DeliveryAttempt]) -> list[dict[str, Any]]:
    """Return the entries of the --json document. `attempt` is null for what was not sent."""
    sent = {attempt.sent.uuid: attempt for attempt in attempts}
    return [
        {
            "type": one.event.notification_type,
            "subtype": one.event.subtype,
            "notificationUuid": one.notification.uuid,
            "signedDate": one.event.signed_date,
            "attempt": sent[one.notification.uuid].document() if one.notification.uuid in sent else None,
            "subscription": subscription_document(one.subscription),
        }
        for one in made
    ]


def subscription_document(subscription: SimulatedSubscription) -> dict[str, Any]:
    """Return a subscription for programs: fields are named as Apple's claims are; dates are UNIX milliseconds."""
    return {
        "originalTransactionId": subscription.original.transaction_id,
        "productId": subscription.current.product.product_id,
        "status": subscription.status,
        "autoRenew": subscription.renewal.on,
        "autoRenewProductId": subscription.next_product.product_id,
        "renewalDate": subscription.current.expires,
        "transactions": [
            {
                "transactionId": one.transaction_id,
                "productId": one.product.product_id,
                "purchaseDate": one.purchased,
                "expiresDate": one.expires,
                "price": one.price,
                "transactionReason": one.reason,
                "offerIdentifier": None if one.offer is None else one.offer.identifier,
                "revocationDate": None if one.taken_back is None else one.taken_back.at,
            }
            for one in subscription.transactions
        ],
    }


def lines_of(customers: Customers, made: Sequence[Happening], attempts: Sequence[DeliveryAttempt]) -> Iterator[str]:
    """Yield the lines that a verb prints."""
    sent = {attempt.sent.uuid: attempt for attempt in attempts}
    for one in made if len(made) <= _LISTED else ():
        yield f"{_name(one)}: notification {one.notification.uuid}{_fate(sent.get(one.notification.uuid))}"
    if len(made) > _LISTED:
        arrived = sum(one.notification.uuid in sent and sent[one.notification.uuid].arrived for one in made)
        yield f"{plural(len(made), 'notification')}, {arrived} delivered; the last is {_name(made[-1])}."
    if made:
        subscription = made[-1].subscription
        yield f"Customer {subscription.original.transaction_id} has {state(subscription)}."
    if not made:
        yield "Nothing happened to the subscription, so there is no notification."
    elif customers.simulator.outbox(customers.app.app_apple_id, customers.environment).url is None:
        yield (
            f"No notification URL is set in {customers.environment}, so Apple sends nothing: set one with"
            " `retention simulator notification-url`."
        )


def state(subscription: SimulatedSubscription) -> str:
    """Return in words what the customer has."""
    product = subscription.current.product.product_id
    return f"{product}, {_state(subscription)}"


def show_all(found: Sequence[SimulatedSubscription], out: Output) -> None:
    """Print every subscription, as a table or as one JSON document."""
    out.document([subscription_document(one) for one in found])
    if not found:
        out.print("No customer has a subscription: `retention simulator subscribe` makes one.")
        return
    rows = [
        [one.original.transaction_id, one.current.product.product_id, str(len(one.transactions)), _state(one)]
        for one in found
    ]
    out.table(["transaction", "product", "transactions", "state"], rows)


def _state(subscription: SimulatedSubscription) -> str:
    date = _day(subscription.current.expires)
    if subscription.status == ACTIVE:
        return f"renews {date}{_next(subscription)}" if subscription.renews else f"auto-renew off, ends {date}"
    if subscription.status == GRACE_PERIOD:
        return f"not billed, in its grace period until {_day(subscription.renewal.grace_expires or 0)}"
    return {BILLING_RETRY: "not billed, in billing retry", EXPIRED: "expired"}.get(subscription.status, "revoked")


def _next(subscription: SimulatedSubscription) -> str:
    renewal, product = subscription.renewal, subscription.next_product
    parts = [
        f" as {product.product_id}" if product.product_id != subscription.current.product.product_id else "",
        f" with the offer {renewal.offer.identifier}" if renewal.offer is not None and renewal.offer.identifier else "",
        f" for {subscription.next_price / 1000:.2f} {subscription.customer.currency}",
        ", cancelled: its commitment goes on" if subscription.committed and not renewal.on else "",
    ]
    return "".join(parts)


def _name(happening: Happening) -> str:
    return " ".join(filter(None, (happening.event.notification_type, happening.event.subtype)))


def _fate(attempt: DeliveryAttempt | None) -> str:
    if attempt is None:
        return ""
    if attempt.arrived:
        return " delivered" if attempt.status is None else f" delivered, HTTP {attempt.status}"
    return f" not delivered: {attempt.reason or attempt.result}"


def _day(milliseconds: int) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds):%Y-%m-%d %H:%M}"
