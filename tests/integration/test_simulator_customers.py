"""A customer from the Cancel button to the notification: the real endpoint answers, and a receiver reads the rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from retention.jws import SignedPayloadVerifier
from retention.notifications.judge import NotificationJudge
from retention.notifications.learning import learned
from retention.notifications.notification import read_notification
from retention.request import SANDBOX
from retention.subscription import facts, merge

from console.simulator.api import Request, Response
from console.simulator.server import Server
from console.simulator.subscriptions.cancellation import cancel_then
from console.simulator.subscriptions.customers import Customers, NamedCustomer
from console.simulator.subscriptions.happening_report import delivered
from console.simulator.subscriptions.renewals import renewed
from tests.integration.test_simulator_and_endpoint import served, simulator_with_messages
from tests.support.endpoint_on_fakes import MESSAGE, NOW, OFFER, SWITCH, catalog, make_endpoint, rule
from tests.support.simulated_app import APP, MONTHLY

TRANSACTION = "2000000000000001"


class NotificationReceiver:
    """Keeps what it gets, and answers 200."""

    def __init__(self) -> None:
        self.received: list[str] = []

    def __call__(self, request: Request) -> Response:
        self.received.append(json.loads(request.body)["signedPayload"])
        return Response(200)


def lived_through(answer: dict[str, Any], choice: str, *, then_renewed: bool = False) -> dict[str, Any]:
    """Let a customer be answered and choose; return the facts that a receiver of the notifications knows."""
    receiver = NotificationReceiver()
    with (
        simulator_with_messages() as simulator,
        served(make_endpoint(catalog(rule(answer))).endpoint.respond) as url,
        Server(receiver) as at,
    ):
        simulator.app_data(APP.app_apple_id, SANDBOX).set_realtime_url(url)
        simulator.outbox(APP.app_apple_id, SANDBOX).set_url(at.url)
        customers = Customers(simulator, APP, SANDBOX)
        _, made = cancel_then(
            customers, choice, product_id=MONTHLY, locale="en-US", transaction_id=TRANSACTION, limit_ms=300_000
        )
        if then_renewed:
            made += customers.act(NamedCustomer(TRANSACTION), renewed)
        assert all(attempt.arrived for attempt in delivered(customers, made))
        verifier = SignedPayloadVerifier([simulator.authority.root_der])
        judge = NotificationJudge(verifier, {APP.app_apple_id: APP.bundle_id}, SANDBOX, NOW)
    states = [learned(read_notification(token, judge)) for token in receiver.received]
    return dict(facts(merge(*states), datetime.now(UTC).timestamp()))


def test_a_customer_who_cancels_is_known_to_have_turned_auto_renew_off() -> None:
    """After `--then cancel`, the receiver knows that auto-renew is off, and that it was turned off once."""
    found = lived_through(MESSAGE, "cancel")
    assert (found["autoRenew"], found["timesTurnedOff"]) == (False, 1)


def test_a_customer_who_keeps_the_subscription_is_not_reported() -> None:
    """After `--then keep`, Apple has sent nothing."""
    assert lived_through(MESSAGE, "keep") == {}


@pytest.mark.parametrize("signature", ["v1", "v2"])
def test_a_customer_who_redeems_is_known_to_have_redeemed(signature: str) -> None:
    """The offer that the endpoint signed is the next one, and after the renewal the last one that was redeemed."""
    answer = {**OFFER, "signature": signature}
    promised = lived_through(answer, "redeem")
    assert (promised["nextOffer"], promised["offersRedeemed"]) == (OFFER["offerIdentifier"], 0)
    paid = lived_through(answer, "redeem", then_renewed=True)
    assert (paid["lastOffer"], paid["offersRedeemed"], paid["currentOfferType"]) == (
        OFFER["offerIdentifier"],
        1,
        "promotional",
    )


def test_a_customer_who_switches_is_known_to_switch() -> None:
    """The product that the endpoint offered is the customer's product."""
    found = lived_through(SWITCH, "switch")
    assert (found["nextProductId"], found["upgrades"]) == (SWITCH["productId"], 1)
