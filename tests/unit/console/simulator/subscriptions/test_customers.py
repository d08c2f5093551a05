"""Customers of a simulator: found, changed, and reported to the outbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from retention.request import PRODUCTION, SANDBOX

from console.simulator.accounts import Purchase
from console.simulator.simulator import Simulator
from console.simulator.subscriptions.billing_periods import DAY
from console.simulator.subscriptions.customers import Customers, Happening, NamedCustomer
from console.simulator.subscriptions.endings import expired, revoked
from console.simulator.subscriptions.event import Outcome
from console.simulator.subscriptions.life import MONTHLY, SimulatedSubscription, SoldProduct
from console.simulator.subscriptions.purchases import upgraded
from console.simulator.subscriptions.renewals import renewed, turned_off, turned_on
from console.terminal.failure import Failure
from tests.support import simulated_app
from tests.support.simulated_app import APP, NOW, Clock, make_simulator

BY_PRODUCT = NamedCustomer(product_id=simulated_app.MONTHLY)
NOW_MS = int(NOW * 1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def customers(clock: Clock) -> Iterator[Customers]:
    with make_simulator(clock) as simulator:
        simulator.wall = clock
        yield Customers(simulator, APP, SANDBOX)


def names(made: list[Happening]) -> list[str | None]:
    return [one.event.subtype or one.event.notification_type for one in made]


def waiting(simulator: Simulator) -> list[str]:
    """Return the UUIDs in the outbox, in their order; a URL is set first, or nothing would wait."""
    return [stored.sent.uuid for stored in simulator.outbox(APP.app_apple_id, SANDBOX).due(simulator.now())]


def test_a_new_customer_buys(customers: Customers) -> None:
    """A purchase gets a transaction id of the sandbox, is saved, and is in the outbox."""
    customers.simulator.outbox(APP.app_apple_id, SANDBOX).set_url("https://a.example/")
    (made,) = customers.buy(customers.product(simulated_app.MONTHLY))
    original = made.subscription.original.transaction_id
    assert customers.simulator.accounts.purchase(APP.app_apple_id, original) is not None
    assert customers.find(NamedCustomer(original)) == made.subscription
    assert (made.event.subtype, made.event.signed_date) == ("INITIAL_BUY", NOW_MS)
    assert waiting(customers.simulator) == [made.notification.uuid]


def test_a_customer_of_long_ago_was_renewed_since(customers: Customers) -> None:
    """A purchase of 100 days ago has three renewals, each signed when its period began."""
    made = customers.buy(customers.product(simulated_app.MONTHLY), days_ago=100)
    assert names(made) == ["INITIAL_BUY", "DID_RENEW", "DID_RENEW", "DID_RENEW"]
    transactions = made[-1].subscription.transactions
    assert [one.event.signed_date for one in made] == [one.purchased for one in transactions]
    assert transactions[0].purchased == NOW_MS - 100 * DAY
    assert transactions[-1].expires > NOW_MS


def test_a_named_customer_is_new_under_that_name(customers: Customers) -> None:
    """A transaction that the simulator does not know begins with a purchase of the product, if one is named."""
    made = customers.act(NamedCustomer("12", simulated_app.MONTHLY), turned_off)
    assert names(made) == ["INITIAL_BUY", "AUTO_RENEW_DISABLED"]
    assert made[0].subscription.original.transaction_id == "12"
    with pytest.raises(Failure, match="does not know this transaction"):
        customers.act(NamedCustomer("13"), turned_off)


def test_an_earlier_purchase_keeps_its_transaction(customers: Customers) -> None:
    """A purchase that was made before, for example for a performance test, keeps its original transaction id."""
    bought = customers.simulator.accounts.subscribe(APP.app_apple_id, simulated_app.MONTHLY)
    for name in (BY_PRODUCT, NamedCustomer(bought.transaction_id)):
        (*_, made) = customers.act(name, turned_off if name == BY_PRODUCT else turned_on)
        assert made.subscription.original.transaction_id == bought.transaction_id


def test_a_customer_who_has_left_is_not_found_by_product(customers: Customers) -> None:
    """By product, who has an active subscription is found before a new customer is made."""
    customers.act(BY_PRODUCT, turned_off, expired)
    (first, second) = customers.act(BY_PRODUCT, turned_off)
    assert first.event.subtype == "INITIAL_BUY"
    assert [one.status for one in customers.data.all()] == [2, 1]
    assert customers.act(BY_PRODUCT, turned_on)[0].subscription.original == second.subscription.original


def test_the_only_customer_needs_no_name(customers: Customers) -> None:
    """Without a name, the only subscription is meant; with none or several, the error counts them."""
    with pytest.raises(Failure, match="has 0 subscriptions in Sandbox"):
        customers.act(NamedCustomer(), turned_off)
    customers.buy(customers.product(simulated_app.MONTHLY))
    assert names(customers.act(NamedCustomer(), turned_off)) == ["AUTO_RENEW_DISABLED"]
    customers.buy(customers.product(simulated_app.MONTHLY))
    with pytest.raises(Failure, match="has 2 subscriptions"):
        customers.act(NamedCustomer(), turned_off)


def test_what_fails_leaves_nothing(customers: Customers) -> None:
    """If one of several transitions cannot happen, none has happened."""
    with pytest.raises(Failure, match="off already"):
        customers.act(BY_PRODUCT, turned_off, turned_off)
    assert customers.data.all() == []
    assert customers.simulator.accounts.subscribers(APP.app_apple_id, simulated_app.MONTHLY) == []


def test_signatures_keep_to_the_real_time(customers: Customers, clock: Clock) -> None:
    """After `advance`, periods follow the simulator's clock; events are signed at the real time, one after another."""
    customers.act(BY_PRODUCT)
    customers.simulator.advance(40 * 86_400)
    clock.time += 1
    (off, on) = customers.act(BY_PRODUCT, turned_off, turned_on)
    assert (off.event.signed_date, on.event.signed_date) == (NOW_MS + 1000, NOW_MS + 1001)
    assert customers.act(BY_PRODUCT, upgrade)[0].subscription.current.purchased == NOW_MS + 1000 + 40 * DAY


def upgrade(subscription: SimulatedSubscription, now: int) -> Outcome:
    return upgraded(subscription, now, SoldProduct(simulated_app.ANNUAL, period="P1Y"))


def test_a_switch_is_known_to_the_accounts(customers: Customers) -> None:
    """The purchase of a customer who has switched is one of the new product."""
    (bought,) = customers.buy(customers.product(simulated_app.MONTHLY))
    original = bought.subscription.original.transaction_id
    customers.act(NamedCustomer(original), upgrade)
    assert customers.simulator.accounts.purchase(APP.app_apple_id, original) == Purchase(
        original, APP.app_apple_id, simulated_app.ANNUAL
    )


def test_a_member_of_a_family_shares(customers: Customers) -> None:
    """A purchase of the kind family is shared, and can be revoked; its kind stays."""
    bought = customers.simulator.accounts.subscribe(APP.app_apple_id, simulated_app.MONTHLY, "family")
    (first, last) = customers.act(NamedCustomer(bought.transaction_id), revoked)
    assert first.subscription.customer.ownership == "FAMILY_SHARED"
    assert last.event.notification_type == "REVOKE"
    assert customers.simulator.accounts.purchase(APP.app_apple_id, bought.transaction_id) == bought


@pytest.mark.parametrize("kind", ["expired", "one-time", "renewal", "app-transaction"])
def test_other_purchases_are_no_subscriptions(customers: Customers, kind: str) -> None:
    """What happens to a subscription does not happen to another kind of purchase."""
    bought = customers.simulator.accounts.subscribe(APP.app_apple_id, simulated_app.MONTHLY, kind)
    with pytest.raises(Failure, match=f"--kind {kind}"):
        customers.act(NamedCustomer(bought.transaction_id), renewed)


def test_a_transaction_is_bought_once(customers: Customers) -> None:
    """A transaction id that a subscription has cannot be bought again."""
    customers.buy(customers.product(simulated_app.MONTHLY), "12")
    with pytest.raises(Failure, match="belongs to a subscription already"):
        customers.buy(customers.product(simulated_app.MONTHLY), "12")


def test_the_environments_are_apart(customers: Customers) -> None:
    """A customer of the sandbox is not found in production."""
    customers.buy(customers.product(simulated_app.MONTHLY), "12")
    assert Customers(customers.simulator, APP, PRODUCTION).find(NamedCustomer("12")) is None


def test_products_are_those_of_the_app(customers: Customers) -> None:
    """A product that the app does not have is refused with the nearest one; a month has no MONTHLY plan."""
    with pytest.raises(Failure, match=r"Did you mean .pro\.monthly"):
        customers.product("pro.montly")
    with pytest.raises(Failure, match="one year"):
        customers.product(simulated_app.MONTHLY, billing_plan=MONTHLY)
    customers.simulator.accounts.replace_products(APP.app_apple_id, [])
    assert customers.product("any", billing_plan=MONTHLY).period == "P1Y"
