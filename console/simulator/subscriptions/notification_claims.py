"""Sign an event as Apple does: two signed tokens nested in a signed notification."""

from __future__ import annotations

import uuid

from console.simulator.authority import Authority
from console.simulator.outbox import OutgoingNotification
from console.simulator.subscriptions.event import Claims, Event


def notification_claims(event: Event, authority: Authority, identifier: str) -> dict[str, object]:
    """Return the claims of a notification with the notificationUUID `identifier`; its two tokens are signed.

    Without a subtype there is no field for it, as in Apple's notifications.
    """
    tokens = {"signedTransactionInfo": event.transaction, "signedRenewalInfo": event.renewal}
    signed = {name: authority.sign(claims) for name, claims in tokens.items() if claims is not None}
    return {
        "notificationType": event.notification_type,
        **({} if event.subtype is None else {"subtype": event.subtype}),
        "notificationUUID": identifier,
        "data": {**event.data, **signed},
        "version": "2.0",
        "signedDate": event.signed_date,
    }


def signed(event: Event, authority: Authority, identifier: str | None = None) -> OutgoingNotification:
    """Return the signed notification of an event; `identifier` is its notificationUUID, a new one unless given."""
    named = identifier or str(uuid.uuid4())
    return OutgoingNotification(
        named,
        event.notification_type,
        event.subtype or "",
        event.signed_date,
        authority.sign(notification_claims(event, authority, named)),
        _text(event.transaction, "originalTransactionId"),
        _text(event.transaction, "transactionId"),
    )


def _text(claims: Claims | None, name: str) -> str:
    return "" if claims is None else str(claims[name])
