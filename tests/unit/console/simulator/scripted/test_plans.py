"""Plans of customers, drawn from a script: repeatable, and with the script's shares."""

from __future__ import annotations

from math import sqrt

from console.simulator.scripted.plans import (
    CANCEL,
    KEEP,
    MOST_CUSTOMERS,
    REDEEM,
    SWITCH,
    CustomerPlan,
    draw_plan,
)
from console.simulator.scripted.script import CustomerScript, LaterEvents, Reaction
from console.simulator.subscriptions.billing_periods import DAY

STARTS = 1_800_000_000_000
SCRIPT = CustomerScript("s", 20, 30, 40, (Reaction({}),), LaterEvents(10, 20, 30, 5), 3, 25, {})
NUMBER = 3_000


def plans(script: CustomerScript = SCRIPT, seed: int = 1, number: int = NUMBER) -> list[CustomerPlan]:
    products = {"pro.monthly": 3.0, "pro.annual": 1.0}
    return [draw_plan(script, products, seed=seed, number=each, starts=STARTS) for each in range(number)]


def near(count: int, share: float, of: int = NUMBER) -> bool:
    """Within five standard errors."""
    return abs(count / of - share) < 5 * sqrt(share * (1 - share) / of)


def test_the_same_seed_draws_the_same_plans() -> None:
    """A plan depends on seed and number alone, not on what was drawn before."""
    assert plans(number=50) == plans(number=50)
    assert plans(number=50) != plans(seed=2, number=50)
    assert plans(number=50)[7].new_id() == plans(number=8)[7].new_id()


def test_the_shares_of_the_script() -> None:
    """The shares of the script are those of the customers who are drawn from it."""
    found = plans()
    assert near(sum(plan.confirms for plan in found), 0.4)
    assert near(sum(plan.cancels_at is not None for plan in found), 0.1)
    assert near(sum(plan.turns_on is not None for plan in found), 0.2)
    assert near(sum(plan.refunded_at is not None for plan in found), 0.3)
    assert near(sum(plan.failing[0] for plan in found), 0.05)
    assert near(sum(plan.product_id == "pro.monthly" for plan in found), 0.75)


def test_when_it_happens() -> None:
    """The page is opened within the script's days, after the purchase; what follows is within the horizon."""
    for plan in plans(number=200):
        assert STARTS <= plan.looks_at < STARTS + 20 * DAY
        assert 3 * DAY <= plan.looks_at - plan.bought_at <= 25 * DAY
        for at in (plan.cancels_at, plan.refunded_at):
            assert at is None or plan.looks_at <= at <= plan.looks_at + 30 * DAY


def test_no_two_customers_have_a_transaction_in_common() -> None:
    """Original transaction ids have sixteen digits, and differ between customers and seeds."""
    found = [plan.transaction_id for seed in (0, 1, 899) for plan in plans(seed=seed, number=100)]
    assert len(set(found)) == len(found)
    assert {len(one) for one in found} == {16}
    last = draw_plan(SCRIPT, {"a": 1.0}, seed=0, number=MOST_CUSTOMERS - 1, starts=STARTS).transaction_id
    assert last < min(plan.transaction_id for plan in plans(seed=1, number=1))


def test_a_choice_is_a_place_among_the_shares() -> None:
    """Shares lie one after another on a scale up to 100; beyond them, the customer cancels."""
    reaction = Reaction({}, keep=10, switch=20, redeem=30)
    chosen = [plan.chosen(reaction) for plan in plans()]
    for choice, share in ((KEEP, 0.1), (SWITCH, 0.2), (REDEEM, 0.3), (CANCEL, 0.4)):
        assert near(chosen.count(choice), share)


def test_the_customer_does_the_same_on_any_screen_that_keeps_as_much() -> None:
    """Arms with equal shares have equal outcomes for each customer: no effect is no effect of chance either."""
    a, b = Reaction({"arm": "a"}, keep=12), Reaction({"arm": "b"}, keep=12)
    assert all(plan.chosen(a) == plan.chosen(b) for plan in plans(number=100))
