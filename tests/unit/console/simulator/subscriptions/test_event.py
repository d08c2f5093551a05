"""An event before it is signed."""

from __future__ import annotations

from console.simulator.subscriptions.event import reported
from console.simulator.subscriptions.renewals import turned_off
from tests.support.simulated_lives import BEGAN, FIRST, SELLER, Life, some


def test_an_event_names_app_and_status() -> None:
    """`data` has app, environment and status."""
    (event,) = Life.begun().events
    assert event.data == {
        "appAppleId": SELLER.app_apple_id,
        "bundleId": SELLER.bundle_id,
        "bundleVersion": "1",
        "environment": SELLER.environment,
        "status": 1,
    }


def test_all_dates_of_signing_are_the_same() -> None:
    """Both tokens are snapshots of the moment of the event."""
    event = Life.begun().then(turned_off)
    assert (event.signed_date, *some(event.transaction, "signedDate"), *some(event.renewal, "signedDate")) == (
        (BEGAN + 86_400_000,) * 3
    )


def test_no_two_events_have_the_same_date() -> None:
    """Events in one millisecond, or with a clock that went back, are dated one after another."""
    subscription = Life.begun().subscription
    after, event = reported(subscription, BEGAN - 1000, "TEST")
    assert event.signed_date == BEGAN + 1
    assert reported(after, BEGAN, "TEST")[1].signed_date == BEGAN + 2


def test_an_event_can_be_dated_anew() -> None:
    """`dated` changes the three signedDates, and nothing else."""
    event = Life.begun().then(turned_off)
    later = event.dated(7)
    assert (later.signed_date, *some(later.transaction, "signedDate"), *some(later.renewal, "signedDate")) == (7, 7, 7)
    assert later.dated(event.signed_date) == event


def test_no_representation_has_the_claims() -> None:
    """Claims name the customer, so no `repr` shows them."""
    assert FIRST not in repr(Life.begun().events[0])
