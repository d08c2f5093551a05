"""`retention power`: customers, weeks, and the plan to write down."""

from __future__ import annotations

import json

import pytest

from console.effect.power_plan import TrafficBase, make_power, show_power, traffic_base
from console.effect.rows import TrafficRow
from console.terminal.failure import Failure
from console.terminal.output import Output

BASE = TrafficBase(3000, 0.48, 20_000)
EVEN = (50.0, 50.0)


def test_a_plan_has_customers_and_complete_weeks() -> None:
    """Rounded up to a hundred; until it is read, the days of the plan and seven more pass."""
    plan = make_power(BASE, effect=0.007, arms=EVEN, share=1.0, horizon_days=30)
    assert (plan.customers, plan.days, plan.until_read) == (170_900, 63, 100)
    assert plan.lines == (
        "plan:",
        "  metric: kept",
        "  horizonDays: 30",
        "  customers: 170900",
        "  guardrails: [refunded]",
    )
    assert plan.weeks[0].week == 2
    assert [week.week for week in plan.weeks][-1] == 11


def test_a_part_of_the_traffic_takes_longer() -> None:
    """And uneven arms need more."""
    half = make_power(BASE, effect=0.007, arms=EVEN, share=0.5, horizon_days=30)
    assert (half.customers, half.days) == (170_900, 119)
    assert make_power(BASE, effect=0.007, arms=(95, 5), share=1.0, horizon_days=30).customers > 5 * half.customers


@pytest.mark.parametrize(
    ("base", "effect"),
    [(TrafficBase(3000, 0.99), 0.02), (TrafficBase(0, 0.5), 0.01), (BASE, 0.0)],
    ids=["high", "none", "zero"],
)  # fmt: skip
def test_what_no_number_can_show_is_refused(base: TrafficBase, effect: float) -> None:
    """A share above 1, no traffic, or no effect."""
    with pytest.raises(Failure):
        make_power(base, effect=effect, arms=EVEN, share=1.0, horizon_days=30)


def rows(product: str = "pro", days: int = 40) -> list[TrafficRow]:
    return [TrafficRow(f"2026-{10 + at // 30}-{at % 30 + 1:02}", product, 100 + at, 10, 5) for at in range(days)]


def test_base_and_traffic_come_from_the_log() -> None:
    """Traffic of the last four weeks, the base of all ripe customers; of the products that are named."""
    found = traffic_base([*rows(), *rows("basic")], ["pro"])
    assert (found.per_day, found.base, found.ripe) == (sum(100 + at for at in range(12, 40)) / 28, 0.5, 400)
    assert traffic_base([*rows(), *rows("basic")], []).per_day == 2 * found.per_day


def test_a_log_with_too_little_is_refused() -> None:
    """Another product, no customer, or too few whose days are over."""
    with pytest.raises(Failure, match=r"No request about annual is in the log; it has pro\. Name another --product\."):
        traffic_base(rows(), ["annual"])
    with pytest.raises(Failure, match="No request of a customer is in the log"):
        traffic_base([], [])
    with pytest.raises(Failure, match="Only 90 customers in the log are ripe"):
        traffic_base(rows(days=9), [])


def test_it_prints_the_lines_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    """With a table of what each week could show; with --json one document."""
    plan = make_power(BASE, effect=0.007, arms=EVEN, share=0.5, horizon_days=30)
    show_power(plan, Output())
    text = capsys.readouterr().out
    assert text.startswith(
        "A difference of 0.7 points needs 170\u00a0900 customers in all arms: 17 weeks of exposure, and 156"
    )
    assert "Base: 48.00\u00a0% kept, of 20\u00a0000 ripe customers of the log." in text
    assert "of whom 50.00\u00a0% enter" in text
    assert "      plan:\n        metric: kept\n        horizonDays: 30\n        customers: 170900\n" in text
    show_power(
        make_power(TrafficBase(3000, 0.48), effect=0.007, arms=EVEN, share=1.0, horizon_days=30), Output(as_json=True)
    )
    document = json.loads(capsys.readouterr().out)
    assert document["plan"] == {"metric": "kept", "horizonDays": 30, "customers": 170_900, "guardrails": ["refunded"]}
    assert (document["base"], document["perDay"], document["weeks"][0]["week"]) == (0.48, 3000, 2)
