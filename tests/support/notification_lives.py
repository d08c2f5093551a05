"""Simulated subscriptions of many customers, as the bodies that Apple would post: random events of all kinds.

    bodies = life_bodies(seed=1, person="2000000000000101", events=20, authority=AUTHORITY)    # in order

Each body is signed, with both tokens in it. One event in thirty is signed in the same millisecond as the one before.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from console.simulator.authority import Authority
from console.simulator.subscriptions.event import Event
from console.simulator.subscriptions.notification_claims import notification_claims
from console.simulator.subscriptions.purchases import bought
from console.terminal.failure import Failure
from tests.support.random_lives import ACTIONS, BEGINNINGS
from tests.support.simulated_lives import BEGAN, SELLER, Life

# Later than any event of a life of 200 events; the authority's certificates are valid then.
AFTERWARDS: Final = datetime(2040, 1, 1, tzinfo=UTC)
_TIE: Final = 1 / 30


def life_events(choose: random.Random, person: str, number: int) -> list[Event]:
    """Return `number` events of one subscription whose original transaction id is `person`, in order."""
    product, offer, customer = choose.choice(BEGINNINGS)
    begun, first = bought(SELLER, product, person, BEGAN, customer=customer, offer=offer)
    life = Life(begun, [first])
    while len(life.events) < number:
        try:
            life.then(choose.choice(ACTIONS), days=choose.uniform(0.001, 20))
        except Failure:  # it cannot happen to this subscription now
            continue
    return [_tied(choose, life.events, place) for place in range(number)]


def life_bodies(seed: int, person: str, events: int, authority: Authority) -> list[str]:
    """Return what Apple would post of one subscription, in order."""
    choose = random.Random(seed)
    return [
        json.dumps({"signedPayload": authority.sign(notification_claims(event, authority, _uuid(choose)))})
        for event in life_events(choose, person, events)
    ]


def person_of(number: int) -> str:
    return str(2_000_000_000_000_000 + number)


def _tied(choose: random.Random, events: Sequence[Event], place: int) -> Event:
    if place and choose.random() < _TIE:
        return events[place].dated(events[place - 1].signed_date)
    return events[place]


def _uuid(choose: random.Random) -> str:
    return str(uuid.UUID(int=choose.getrandbits(128), version=4))


def notice(authority: Authority, notification_type: str, signed_date: int, **data: object) -> str:
    """Return the body of a notification without tokens: a TEST, or one with fields of `data` that are changed."""
    claims = {
        "notificationType": notification_type,
        "notificationUUID": str(uuid.UUID(int=signed_date, version=4)),
        "version": "2.0",
        "signedDate": signed_date,
        "data": {
            "appAppleId": SELLER.app_apple_id,
            "bundleId": SELLER.bundle_id,
            "environment": SELLER.environment,
            **data,
        },
    }
    return json.dumps({"signedPayload": authority.sign(claims)})
