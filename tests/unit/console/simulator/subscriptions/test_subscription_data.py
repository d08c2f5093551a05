"""The subscriptions in the simulator's database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from retention.request import PRODUCTION, SANDBOX

from console.simulator.database import Database
from console.simulator.subscriptions.endings import refunded
from console.simulator.subscriptions.purchases import bought, upgraded
from console.simulator.subscriptions.renewals import renewed
from console.simulator.subscriptions.subscription_data import SubscriptionData
from tests.support.simulated_lives import ANNUAL, BEGAN, FIRST, PRO, SELLER, Life


@pytest.fixture
def data() -> Iterator[SubscriptionData]:
    database = Database(":memory:")
    yield SubscriptionData(database, SELLER.app_apple_id, SANDBOX)
    database.close()


def test_a_subscription_is_found_by_each_of_its_transactions(data: SubscriptionData) -> None:
    """Any transaction id finds the subscription as it was saved last."""
    life = Life.begun()
    data.save(life.subscription)
    life.then(renewed)
    data.save(life.subscription)
    assert data.find(FIRST) == data.find(life.subscription.current.transaction_id) == life.subscription
    assert data.find("2") is None
    assert data.all() == [life.subscription]


def test_each_environment_has_its_own(data: SubscriptionData) -> None:
    """A subscription of the sandbox is not found in production."""
    data.save(Life.begun().subscription)
    assert SubscriptionData(data.database, data.app, PRODUCTION).find(FIRST) is None


def test_the_first_holder_of_a_product(data: SubscriptionData) -> None:
    """`holder` finds who has the product now; who switched to another or has ended does not have it."""
    for number in (2, 1):
        data.save(bought(SELLER, PRO, str(2000000000000000 + number), BEGAN)[0])
    first, second = data.all()
    assert data.holder(PRO.product_id) == first
    data.save(upgraded(first, BEGAN + 1, ANNUAL)[0])
    assert data.holder(PRO.product_id) == second
    data.save(refunded(second, BEGAN + 1)[0])
    assert data.holder(PRO.product_id) is None
