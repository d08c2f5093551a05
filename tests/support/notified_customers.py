"""Customers of the simulator to whom things happened in the past, and the notifications that Apple has of them."""

from __future__ import annotations

from collections.abc import Iterator

from console.simulator.endpoint_call import SUCCESS
from console.simulator.outbox import Outbox, OutgoingNotification, SendAttempt
from console.simulator.simulator import Simulator
from console.simulator.subscriptions.event import Event
from console.simulator.subscriptions.life import Seller, SimulatedSubscription, SoldProduct
from console.simulator.subscriptions.notification_claims import signed
from console.simulator.subscriptions.purchases import bought
from console.simulator.subscriptions.renewals import turned_off, turned_on

DAY_MS = 86_400_000
# One purchase, and auto-renew turned off and on again.
EVENTS = 6


def transaction_id(number: int) -> str:
    return str(2_000_000_900_000_000 + 100 * number)


def life(number: int, seller: Seller, begin: int, days: int) -> tuple[SimulatedSubscription, list[Event]]:
    """Return a customer's subscription and what happened to it within `days` after `begin` (UNIX ms)."""
    step = days * DAY_MS // (EVENTS + 1)
    at = begin + number * 7_919 % step
    product = SoldProduct("pro.monthly", period="P1Y")
    subscription, event = bought(seller, product, transaction_id(number), at)
    events = [event]
    for place in range(1, EVENTS):
        change = turned_off if place % 2 else turned_on
        subscription, event = change(subscription, at + place * step)
        events.append(event)
    return subscription, events


def happened(number: int, seller: Seller, begin: int, days: int) -> Iterator[tuple[SimulatedSubscription, Event]]:
    """Yield what happened to so many customers, each with the subscription as it is at the end."""
    for each in range(number):
        subscription, events = life(each, seller, begin, days)
        yield from ((subscription, event) for event in events)


def fill(simulator: Simulator, seller: Seller, number: int, now: int, days: int) -> list[OutgoingNotification]:
    """Let it happen to so many customers in the days before `now` (UNIX ms), and Apple send notifications of it.

    They are in the order in which they happened.
    """
    outbox = simulator.outbox(seller.app_apple_id, seller.environment)
    subscriptions = simulator.subscriptions(seller.app_apple_id, seller.environment)
    found = sorted(happened(number, seller, now - days * DAY_MS, days), key=lambda one: one[1].signed_date)
    sent: list[OutgoingNotification] = []
    with simulator.database.transaction():
        for subscription, event in found:
            subscriptions.save(subscription)
            sent.append(signed(event, simulator.authority))
            send(outbox, sent[-1])
    return sent


def send(outbox: Outbox, notification: OutgoingNotification) -> None:
    """Let Apple have sent a notification, when it was signed: from then on its history lists it."""
    at = notification.signed_date / 1000
    outbox.add(notification, at)
    stored = outbox.find(notification.uuid)
    assert stored is not None
    outbox.record(stored.number, SendAttempt(at, SUCCESS), None)
