"""One customer of a script, from the purchase to the end of the horizon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from retention.request import SANDBOX

from console.simulator.customer import REAL_TIME, CustomerScreen
from console.simulator.scripted.agenda import Agenda, SimulatedClock
from console.simulator.scripted.plans import CustomerPlan
from console.simulator.scripted.script import CustomerScript, LaterEvents, Reaction, SeenAnswer
from console.simulator.scripted.scripted_customer import (
    CustomerTruth,
    PageView,
    ScriptedCustomer,
    offers,
)
from console.simulator.simulator import Simulator
from console.simulator.subscriptions.billing_periods import DAY
from console.simulator.subscriptions.customers import Customers
from console.simulator.subscriptions.event import Event
from tests.support.simulated_app import ANNUAL, APP, MONTHLY, make_simulator

BEGAN = 1_800_000_000_000
PLAN = CustomerPlan(
    number=0,
    transaction_id="2001000000000000",
    product_id=MONTHLY,
    bought_at=BEGAN,
    looks_at=BEGAN + 10 * DAY,
    confirms=True,
    choice=50.0,
    turns_on=None,
    cancels_at=None,
    refunded_at=None,
    failing=(),
    ids=count(),
)
SCRIPT = CustomerScript("s", 20, 30, 50, (Reaction({"arm": "a"}, keep=100), Reaction({})), LaterEvents(), 3, 25, {})
PLAIN = CustomerScreen(REAL_TIME, (), "message")
SWITCH = CustomerScreen(REAL_TIME, (), "alternateProduct", detail={"productId": ANNUAL})


@dataclass
class Store:
    """Shows every customer one screen, and keeps the notifications."""

    screen: CustomerScreen
    arm: str = "b"
    views: int = 0
    events: list[Event] = field(default_factory=list)

    def view(self, _plan: CustomerPlan, _product: str) -> PageView:
        self.views += 1
        return PageView(self.screen, SeenAnswer({"arm": self.arm}), "hash")

    def notify(self, _plan: CustomerPlan, event: Event) -> None:
        self.events.append(event)

    @property
    def types(self) -> list[str]:
        return [event.notification_type for event in self.events]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator() as made:
        yield made


def lived(
    simulator: Simulator, store: Store, plan: CustomerPlan = PLAN, script: CustomerScript = SCRIPT
) -> CustomerTruth:
    """Let one customer act until the horizon is over; return what is true then."""
    done: list[CustomerTruth] = []
    agenda = Agenda(SimulatedClock(BEGAN))
    ScriptedCustomer(plan, script, Customers(simulator, APP, SANDBOX), agenda, store, done).begin()
    agenda.run(lambda: not done)
    (truth,) = done
    assert truth.seen_at == plan.looks_at
    assert agenda.clock.milliseconds == plan.looks_at + script.horizon_days * DAY
    return truth


def test_a_customer_who_cancels(simulator: Simulator) -> None:
    """Nothing keeps the customer: auto-renew is turned off, and the subscription ends with its period."""
    store = Store(PLAIN)
    truth = lived(simulator, store)
    assert store.types == ["SUBSCRIBED", "DID_CHANGE_RENEWAL_STATUS", "EXPIRED"]
    assert (truth.kept, truth.turned_off, truth.renewed) == (False, True, False)


def test_a_customer_whom_the_screen_keeps(simulator: Simulator) -> None:
    """Apple reports nothing but the renewal."""
    store = Store(PLAIN, arm="a")
    truth = lived(simulator, store)
    assert store.types == ["SUBSCRIBED", "DID_RENEW"]
    assert (truth.kept, truth.turned_off, truth.renewed) == (True, False, True)


def test_a_customer_who_only_looks(simulator: Simulator) -> None:
    """Who does not go on to cancel is kept by no screen, and keeps the subscription."""
    store = Store(PLAIN)
    assert lived(simulator, store, replace(PLAN, confirms=False)).kept
    assert store.views == 1


@pytest.mark.parametrize(
    ("screen", "switched"), [(SWITCH, True), (PLAIN, False)], ids=["the screen has a switch", "it has none"]
)
def test_a_customer_who_switches(simulator: Simulator, screen: CustomerScreen, switched: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """Whom a switch would keep takes it where the screen has one, and cancels where it has none."""
    script = replace(SCRIPT, reactions=(Reaction({}, switch=100),))
    truth = lived(simulator, Store(screen), script=script)
    assert (truth.switched, truth.kept) == (switched, switched)


def test_a_customer_who_turns_auto_renew_on_again(simulator: Simulator) -> None:
    """Before the period ends, which is renewed then."""
    store = Store(PLAIN)
    truth = lived(simulator, store, replace(PLAN, turns_on=0.5))
    assert store.types == ["SUBSCRIBED", "DID_CHANGE_RENEWAL_STATUS", "DID_CHANGE_RENEWAL_STATUS", "DID_RENEW"]
    assert (truth.kept, truth.turned_off) == (True, True)


def test_a_customer_who_cancels_later(simulator: Simulator) -> None:
    """The page is opened once more, and the subscription is cancelled."""
    store = Store(PLAIN)
    truth = lived(simulator, store, replace(PLAN, confirms=False, cancels_at=PLAN.looks_at + 5 * DAY))
    assert (store.views, truth.kept, truth.turned_off) == (2, False, True)


def test_a_customer_with_a_refund(simulator: Simulator) -> None:
    """A refund ends the subscription, and turns auto-renew off."""
    store = Store(PLAIN, arm="a")
    truth = lived(simulator, store, replace(PLAN, refunded_at=PLAN.looks_at + 3 * DAY))
    assert store.types == ["SUBSCRIBED", "REFUND"]
    assert (truth.kept, truth.refunded, truth.turned_off) == (False, True, True)


def test_a_renewal_that_cannot_be_billed_at_first(simulator: Simulator) -> None:
    """It is billed three days later."""
    store = Store(PLAIN, arm="a")
    truth = lived(simulator, store, replace(PLAN, failing=(True,)))
    assert store.types == ["SUBSCRIBED", "DID_FAIL_TO_RENEW", "DID_RENEW"]
    assert truth.kept
    assert truth.renewed


def test_an_offer_on_the_screen() -> None:
    """A promotional offer can be redeemed, and the offer of an App Store Connect message."""
    promoted = CustomerScreen(REAL_TIME, (), "promotionalOffer")
    assert offers(promoted, "redeem")
    assert offers(replace(PLAIN, content={"offer": "free-month"}), "redeem")
    assert not offers(PLAIN, "redeem")
    assert not offers(promoted, "switch")
