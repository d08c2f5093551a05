"""What happens to a subscription, as Apple reports it: the parts of a notification before they are signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from console.simulator.subscriptions.claims import renewal_claims, transaction_claims
from console.simulator.subscriptions.life import SimulatedSubscription, SimulatedTransaction

Claims = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Event:
    """One App Store Server Notification V2. `signed_date` is in UNIX milliseconds.

    `data` is the notification's object of that name, without its two tokens; `transaction` and `renewal` are the claims
    of these tokens, None where the notification has none.
    """

    notification_type: str
    subtype: str | None
    signed_date: int
    data: Claims
    transaction: Claims | None = field(default=None, repr=False)
    renewal: Claims | None = field(default=None, repr=False)

    def dated(self, signed_date: int) -> Event:
        """Return the event as if it were signed at another time (UNIX milliseconds)."""
        transaction, renewal = (
            None if claims is None else {**claims, "signedDate": signed_date}
            for claims in (self.transaction, self.renewal)
        )
        return replace(self, signed_date=signed_date, transaction=transaction, renewal=renewal)


Outcome = tuple[SimulatedSubscription, Event]


def reported(
    subscription: SimulatedSubscription,
    now: int,
    notification_type: str,
    subtype: str | None = None,
    *,
    transaction: SimulatedTransaction | None = None,
    consumption_reason: str | None = None,
) -> Outcome:
    """Return the subscription, and the event that reports it at `now` with its current or another `transaction`.

    No two events of a subscription have the same signedDate: Apple's order of events is the order of these dates.
    """
    signed = max(now, subscription.signed + 1)
    after = replace(subscription, signed=signed)
    seller = after.seller
    data: dict[str, object] = {
        "appAppleId": seller.app_apple_id,
        "bundleId": seller.bundle_id,
        "bundleVersion": "1",
        "environment": seller.environment,
        "status": after.status,
    }
    if consumption_reason is not None:
        data["consumptionRequestReason"] = consumption_reason
    shown = transaction_claims(after, transaction or after.current, signed)
    return after, Event(notification_type, subtype, signed, data, shown, renewal_claims(after, signed))
