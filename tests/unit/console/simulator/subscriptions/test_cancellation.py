"""A customer who taps Cancel, sees a screen, and acts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from retention.request import SANDBOX

from console.simulator import realtime
from console.simulator.endpoint_call import Attempt
from console.simulator.outbox import OutgoingNotification
from console.simulator.subscriptions.cancellation import cancel_then, show
from console.simulator.subscriptions.customers import Customers
from console.terminal.failure import Failure
from console.terminal.output import Output
from tests.support import signed_offers
from tests.support.simulated_app import APP, MONTHLY, Clock, answer_of, make_simulator, shelve


@pytest.fixture
def customers() -> Iterator[Customers]:
    clock = Clock()
    with make_simulator(clock) as simulator:
        simulator.wall = clock
        yield Customers(simulator, APP, SANDBOX)


def then(customers: Customers, choice: str, transaction: str | None = None) -> Any:
    return cancel_then(
        customers, choice, product_id=MONTHLY, locale="en-US", transaction_id=transaction, limit_ms=300_000
    )


def test_a_customer_redeems_what_the_endpoint_answers(customers: Customers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The customer who is asked about is the one who redeems; OFFER_REDEEMED names the offer that was signed."""
    app_data = customers.simulator.app_data(APP.app_apple_id, SANDBOX)
    app_data.set_realtime_url("https://a.example/")
    body = answer_of(
        "promotionalOffer", messageIdentifier=shelve(app_data), promotionalOfferSignatureV2=signed_offers.v2()
    )
    monkeypatch.setattr(realtime, "call", lambda *_: Attempt("SUCCESS", "", 31, 200, body))
    seen, made = then(customers, "redeem", signed_offers.TRANSACTION)
    assert seen.kind == "promotionalOffer"
    assert [one.event.notification_type for one in made] == ["SUBSCRIBED", "OFFER_REDEEMED"]
    assert {one.notification.original_transaction_id for one in made} == {signed_offers.TRANSACTION}


def test_a_customer_who_cancels_is_not_asked_again(customers: Customers) -> None:
    """After the customer has cancelled there is nothing to cancel, and the endpoint is not called."""
    _, made = then(customers, "cancel")
    transaction = made[-1].subscription.original.transaction_id
    with pytest.raises(Failure, match="no Cancel button"):
        then(customers, "cancel", transaction)


def test_a_customer_who_keeps_the_subscription_has_no_notification(customers: Customers) -> None:
    """Apple reports nothing of a customer who keeps the subscription."""
    _, made = then(customers, "keep")
    assert made == []
    assert customers.data.all() == []


def test_the_screen_and_what_followed_are_printed(customers: Customers, capsys: pytest.CaptureFixture[str]) -> None:
    """As lines, the screen comes first; as JSON, what followed is `then` of the screen's document."""
    seen, made = then(customers, "cancel")
    show(customers, seen, made, [], Output())
    printed = capsys.readouterr().out
    assert printed.index("sees no retention message") < printed.index("AUTO_RENEW_DISABLED: notification")
    show(customers, seen, made, [], Output(as_json=True))
    document = json.loads(capsys.readouterr().out)
    assert document["source"] == "nothing"
    assert [one["subtype"] for one in document["then"]] == ["INITIAL_BUY", "AUTO_RENEW_DISABLED"]
    assert isinstance(made[0].notification, OutgoingNotification)
