"""What the verbs about subscriptions print."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from retention.request import SANDBOX

from console.simulator.endpoint_call import SUCCESS, TIMED_OUT, Attempt
from console.simulator.outbox import SendAttempt
from console.simulator.subscriptions import happening_report
from console.simulator.subscriptions.customers import Customers, NamedCustomer
from console.simulator.subscriptions.endings import expired, refunded
from console.simulator.subscriptions.happening_report import delivered, documents, lines_of, show, show_all, state
from console.simulator.subscriptions.purchases import downgraded, redeemed
from console.simulator.subscriptions.renewals import billing_failed, renewed, turned_off, turned_on
from console.terminal.output import Output
from tests.support.simulated_app import APP, MONTHLY, NOW, make_simulator
from tests.support.simulated_lives import BASIC, COMMITTED, FIRST, HALF, PRO, Life

BY_PRODUCT = NamedCustomer(product_id=MONTHLY)


@pytest.fixture
def customers() -> Iterator[Customers]:
    with make_simulator() as simulator:
        yield Customers(simulator, APP, SANDBOX)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch, customers: Customers) -> Callable[[Attempt], None]:
    """Let an endpoint be configured, every call of which ends in the same way."""

    def ends(attempt: Attempt) -> None:
        customers.simulator.outbox(APP.app_apple_id, SANDBOX).set_url("https://a.example/")
        monkeypatch.setattr(happening_report, "notify", lambda *_: attempt)

    return ends


@pytest.mark.parametrize(
    ("attempt", "fate"),
    [
        (Attempt(SUCCESS, "", 1, 200), " delivered, HTTP 200"),
        (Attempt(TIMED_OUT, "No answer came.", 5000), " not delivered: No answer came."),
    ],
)
def test_a_notification_and_what_became_of_it(
    customers: Customers, post: Callable[[Attempt], None], attempt: Attempt, fate: str
) -> None:
    """Each notification has a line with its UUID and its delivery; the last line is what the customer has."""
    post(attempt)
    made = customers.act(BY_PRODUCT, turned_off)
    first, second, last = lines_of(customers, made, delivered(customers, made))
    assert first == f"SUBSCRIBED INITIAL_BUY: notification {made[0].notification.uuid}{fate}"
    assert second.startswith("DID_CHANGE_RENEWAL_STATUS AUTO_RENEW_DISABLED: notification ")
    assert last.startswith("Customer 2000000000000000 has pro.monthly, auto-renew off, ends 2027-02-15 ")


def test_without_a_url_apple_sends_nothing(customers: Customers) -> None:
    """Without a notification URL, the last line reports it and names the verb that sets one."""
    made = customers.act(BY_PRODUCT, turned_off)
    assert "notification-url" in list(lines_of(customers, made, delivered(customers, made)))[-1]


@pytest.mark.parametrize(
    ("result", "fate"), [(SUCCESS, " delivered"), (TIMED_OUT, " not delivered: TIMED_OUT"), (None, "")]
)
def test_what_another_process_sends_is_waited_for(customers: Customers, result: str | None, fate: str) -> None:
    """Where `simulator serve` was quicker, its attempt is waited for, and printed; if it takes too long, nothing is."""
    outbox = customers.simulator.outbox(APP.app_apple_id, SANDBOX)
    outbox.set_url("https://a.example/")
    made = customers.act(BY_PRODUCT)
    (taken,) = outbox.due(NOW)
    assert outbox.claim(taken.number, NOW, NOW + 60)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if result is not None:
            outbox.record(taken.number, SendAttempt(NOW, result), None)

    attempts = delivered(customers, made, sleep)
    assert next(lines_of(customers, made, attempts)).endswith(f"{made[0].notification.uuid}{fate}")
    assert len(waited) == (20 if result is None else 1)


def test_many_notifications_are_counted(customers: Customers, post: Callable[[Attempt], None]) -> None:
    """More than a dozen notifications are counted instead of listed."""
    post(Attempt(SUCCESS, "", 1, 200))
    made = customers.act(BY_PRODUCT, *(renewed,) * 13)
    first, _ = lines_of(customers, made, delivered(customers, made))
    assert first == "14 notifications, 14 delivered; the last is DID_RENEW."


def test_nothing_that_happened(customers: Customers) -> None:
    """Where nothing happened, there is no notification."""
    assert list(lines_of(customers, [], [])) == ["Nothing happened to the subscription, so there is no notification."]


def test_the_document(
    customers: Customers, post: Callable[[Attempt], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """With --json there is an entry for each notification, with its delivery and the subscription after it."""
    post(Attempt(SUCCESS, "", 1, 200))
    made = customers.act(BY_PRODUCT, turned_off)
    show(customers, made, delivered(customers, made), Output(as_json=True))
    bought, off = json.loads(capsys.readouterr().out)
    assert (bought["type"], bought["subtype"], off["attempt"]["status"]) == ("SUBSCRIBED", "INITIAL_BUY", 200)
    assert [one["subscription"]["autoRenew"] for one in (bought, off)] == [True, False]
    assert documents(made, [])[0]["attempt"] is None


def happened(life: Life, *transitions: Any) -> str:
    """Let transitions happen, each with what it is given; return in words what the customer has."""
    for transition, *given in transitions:
        life.then(transition, *given)
    return state(life.subscription)


OFF, HALF_PRICE = (turned_off,), (redeemed, replace(HALF, price=5000))


@pytest.mark.parametrize(
    ("transitions", "words"),
    [
        ([OFF], "auto-renew off, ends 2026-02-28 12:00"),
        ([OFF, (turned_on,)], "renews 2026-02-28 12:00 for 9.99 USD"),
        ([(downgraded, BASIC)], "renews 2026-02-28 12:00 as basic.monthly for 4.99 USD"),
        ([HALF_PRICE], "renews 2026-02-28 12:00 with the offer half for 5.00 USD"),
        ([(billing_failed,)], "not billed, in billing retry"),
        ([(billing_failed, "P16D")], "not billed, in its grace period until 2026-03-16 12:00"),
        ([OFF, (expired,)], "expired"),
        ([(refunded,)], "revoked"),
    ],
)
def test_what_a_customer_has_in_words(transitions: list[Any], words: str) -> None:
    """Each state of a subscription has its words."""
    assert happened(Life.begun(), *transitions) == f"pro.monthly, {words}"


def test_a_cancelled_commitment_in_words() -> None:
    """A customer who cancels a commitment has it to its end."""
    words = happened(Life.begun(COMMITTED), OFF)
    assert words == "pro.annual, renews 2026-02-28 12:00 for 8.99 USD, cancelled: its commitment goes on"


def test_listing_subscriptions(capsys: pytest.CaptureFixture[str]) -> None:
    """The list has transaction, product, number of transactions and state; as JSON, every transaction."""
    life = Life.begun()
    life.then(renewed)
    show_all([life.subscription], Output())
    assert FIRST in capsys.readouterr().out
    show_all([life.subscription], Output(as_json=True))
    ((listed,), price) = (json.loads(capsys.readouterr().out), PRO.price)
    assert [one["price"] for one in listed["transactions"]] == [price, price]
    show_all([], Output())
    assert "simulator subscribe" in capsys.readouterr().out
