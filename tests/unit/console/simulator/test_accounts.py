"""The simulator's apps, API keys, products and purchases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from console.simulator.accounts import (
    PURCHASES,
    SUBSCRIPTION,
    Accounts,
    Purchase,
    RegisteredKey,
    SimulatedApp,
    Subscription,
)
from console.simulator.database import Database

APP = SimulatedApp(1, "com.example.app", "issuer")
OTHER = SimulatedApp(2, "com.example.other", "issuer")


@pytest.fixture
def accounts() -> Iterator[Accounts]:
    with closing(Database(":memory:")) as database:
        yield Accounts(database)


def test_apps_are_listed_by_bundle_id(accounts: Accounts) -> None:
    """Saved apps are listed in the order of their bundle ids, and each is found by its own."""
    accounts.save_app(OTHER)
    accounts.save_app(APP)
    assert accounts.apps() == [APP, OTHER]
    assert accounts.app("com.example.other") == OTHER
    assert accounts.app("com.example.no") is None


@pytest.mark.parametrize(
    "changed",
    [replace(APP, access=False), replace(APP, app_apple_id=7), replace(APP, bundle_id="com.example.renamed")],
    ids=["access", "another id", "another bundle id"],
)
def test_an_app_is_replaced_by_either_of_its_ids(accounts: Accounts, changed: SimulatedApp) -> None:
    """An app with the same bundle id or the same Apple id is the same app, and is saved over."""
    accounts.save_app(APP)
    accounts.save_app(changed)
    assert accounts.apps() == [changed]


def test_a_key_is_found_by_its_id(accounts: Accounts) -> None:
    """The last key that was saved under an id is found by it."""
    accounts.save_key(RegisteredKey("K1", "issuer", b"old"))
    accounts.save_key(RegisteredKey("K1", "issuer", b"new"))
    assert accounts.key("K1") == RegisteredKey("K1", "issuer", b"new")
    assert accounts.key("K2") is None


def test_products_are_replaced_together(accounts: Accounts) -> None:
    """A new list replaces all products of one app, and leaves those of another app."""
    courses = Subscription("courses", "courses", advanced_commerce=True)
    accounts.replace_products(1, [Subscription("monthly", "pro"), Subscription("annual", "pro")])
    accounts.replace_products(2, [courses])
    accounts.replace_products(1, [Subscription("monthly", "basic")])
    assert accounts.products(1) == {"monthly": Subscription("monthly", "basic")}
    assert accounts.products(2) == {"courses": courses}


def test_a_product_keeps_its_period(accounts: Accounts) -> None:
    """A product has the period it was saved with; in data of before there were periods, it is sold by the month."""
    weekly, yearly = Subscription("weekly", "pro", period="P1W"), Subscription("yearly", "pro", period="P1Y")
    accounts.replace_products(1, [weekly, yearly])
    assert accounts.products(1) == {"weekly": weekly, "yearly": yearly}
    accounts.database.run("DELETE FROM period WHERE product_id = 'yearly'")
    assert accounts.products(1)["yearly"].period == "P1M"


def test_a_purchase_belongs_to_one_app(accounts: Accounts) -> None:
    """A transaction id finds the purchase of its own app only."""
    purchase = accounts.subscribe(1, "monthly")
    assert accounts.purchase(1, purchase.transaction_id) == purchase
    assert accounts.purchase(2, purchase.transaction_id) is None


@pytest.mark.parametrize("kind", PURCHASES)
def test_only_a_subscription_makes_a_subscriber(accounts: Accounts, kind: str) -> None:
    """A subscriber to a product is found if an active subscription was bought, and by no other kind of purchase."""
    purchase = accounts.subscribe(1, "monthly", kind)
    assert purchase.kind == kind
    assert accounts.subscription(1, "monthly") == (purchase if kind == SUBSCRIPTION else None)
    assert accounts.subscription(1, "annual") is None


def test_each_customer_has_a_transaction_id_of_the_sandbox(accounts: Accounts) -> None:
    """New transaction ids differ, have sixteen digits, and begin with 2; the first subscriber stays the one found."""
    bought = [accounts.subscribe(1, "monthly") for _ in range(3)]
    identifiers = [purchase.transaction_id for purchase in bought]
    assert len(set(identifiers)) == 3
    assert all(len(each) == 16 and each.isdecimal() and each.startswith("2") for each in identifiers)
    assert accounts.subscription(1, "monthly") == bought[0]


def test_no_repr_shows_a_transaction_id() -> None:
    """A purchase's `repr` does not show the transaction id, which names a customer."""
    assert "2000000000000009" not in repr(Purchase("2000000000000009", 1, "monthly"))
