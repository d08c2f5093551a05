"""`retention power`: how many customers a question needs, how many weeks they take, and the plan to write down."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from console.effect.power import PlannedWeek, exposure_days, planned_customers, planned_weeks
from console.effect.rows import TrafficRow
from console.effect.words import number, percent, size
from console.terminal.failure import Failure
from console.terminal.json_form import form_of
from console.terminal.output import Output

_RECENT_DAYS: Final = 28
_MOST_WEEKS: Final = 26
_ROUND_TO: Final = 100
# Customers whose days are over, without whom a base is not worth planning by.
_LEAST_RIPE: Final = 100
_LAG_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class TrafficBase:
    """What the log has: new customers a day, and the share of ripe ones that was kept. `ripe` is 0 for a given base."""

    per_day: float
    base: float
    ripe: int = 0


@dataclass(frozen=True, slots=True)
class PowerPlan:
    """What a question needs. Shares and effects are fractions of 1; `share` of new customers enter the experiment.

    `customers` are those of all arms together. `days` are of exposure, in complete weeks; `until_read` adds the
    `horizon_days` and the seven days until outcomes are complete.
    """

    base: float
    ripe: int
    per_day: float
    share: float
    arms: tuple[float, ...]
    effect: float
    horizon_days: int
    customers: int
    days: int
    until_read: int
    weeks: tuple[PlannedWeek, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the lines of `retention.yaml`, below `experiment:`."""
        return (
            "plan:",
            "  metric: kept",
            f"  horizonDays: {self.horizon_days}",
            f"  customers: {self.customers}",
            "  guardrails: [refunded]",
        )


def traffic_base(rows: Iterable[TrafficRow], products: Sequence[str], *, base: float | None = None) -> TrafficBase:
    """Return base and traffic of some products, of all where none is named; traffic from the last four weeks.

    With `base` that one counts. Raises Failure where the log has no such product, or too few customers whose days are
    over.
    """
    held = list(rows)
    chosen = [row for row in held if not products or row.product_id in products]
    known = sorted({row.product_id for row in held})
    missing = [product for product in products if product not in known]
    if missing:
        there = ", ".join(known[:5]) if known else "none"
        raise Failure(f"No request about {missing[0]} is in the log; it has {there}. Name another --product.")
    days = sorted({row.day for row in chosen})
    if not days:
        raise Failure("No request of a customer is in the log. Name another log, or give --base and --per-day.")
    recent = days[-_RECENT_DAYS:]
    per_day = sum(row.customers for row in chosen if row.day >= recent[0]) / len(recent)
    ripe, kept = sum(row.ripe for row in chosen), sum(row.kept_base for row in chosen)
    if base is not None:
        return TrafficBase(per_day, base)
    if ripe < _LEAST_RIPE:
        raise Failure(
            f"Only {ripe} customers in the log are ripe, too few for a base: name longer logs of both functions, or"
            " give --base."
        )
    return TrafficBase(per_day, kept / ripe, ripe)


def make_power(
    found: TrafficBase, *, effect: float, arms: Sequence[float], share: float, horizon_days: int
) -> PowerPlan:
    """Return the plan for an effect in fractions of 1. Raises Failure where no number of customers can show it."""
    try:
        customers = planned_customers(found.base, effect, arms)
        per_day = found.per_day * share
        days = exposure_days(customers, per_day)
    except ValueError as error:
        raise Failure(str(error)) from None
    customers = math.ceil(customers / _ROUND_TO) * _ROUND_TO
    weeks = planned_weeks(found.base, per_day, arms, weeks=min(max(days // 7 + 2, 4), _MOST_WEEKS))
    return PowerPlan(
        base=found.base,
        ripe=found.ripe,
        per_day=found.per_day,
        share=share,
        arms=tuple(arms),
        effect=effect,
        horizon_days=horizon_days,
        customers=customers,
        days=days,
        until_read=days + horizon_days + _LAG_DAYS,
        weeks=weeks,
    )


def show_power(plan: PowerPlan, out: Output) -> None:
    """Print the plan, the lines to paste, and what each week could show; or the JSON document."""
    source = f"of {number(plan.ripe)} ripe customers of the log" if plan.ripe else "as given"
    split = " / ".join(f"{arm:g}" for arm in plan.arms)
    enter = "" if plan.share == 1 else f", of whom {percent(plan.share)} enter"
    out.print(
        f"A difference of {size(plan.effect, None)} needs {number(plan.customers)} customers in all arms:"
        f" {plan.days // 7} weeks of exposure, and {plan.until_read} days until the appointed reading.",
        "bold",
    )
    out.print(
        f"Base: {percent(plan.base)} kept, {source}. Traffic: {number(round(plan.per_day))} new customers a day{enter}."
        f" Split {split}. It is shown 4 times in 5, at 96 %."
    )
    out.print("")
    out.table(
        ("week", "customers", "smallest difference shown"),
        [
            (str(week.week), number(week.customers), "-" if week.difference is None else size(week.difference, None))
            for week in plan.weeks
        ],
    )
    out.print("")
    out.print("Write it into the experiment before the first customer meets it:")
    for line in plan.lines:
        out.print(f"      {line}")
    out.print("")
    out.print(
        "New customers fall over time, as many come again: the last weeks bring fewer. A page view is no cancellation,"
        " so an effect is diluted by all who only look: a point among those who cancel is less among all customers."
    )
    out.document({**form_of(plan), "plan": {
        "metric": "kept", "horizonDays": plan.horizon_days, "customers": plan.customers, "guardrails": ["refunded"],
    }})  # fmt: skip
