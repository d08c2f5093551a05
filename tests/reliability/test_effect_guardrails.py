"""Guardrails and means of money, looked at daily, by simulation."""

from __future__ import annotations

import itertools
from typing import Any, Final

from console.effect.epochs import difference, difference_of_means
from console.effect.gate import gate_open, money_gate_open
from console.effect.guardrails import guardrail
from console.effect.means import arm_mean, welch_interval
from console.effect.packages import AnalysisPackage
from console.effect.results import ArmMean, Difference
from console.effect.sequence import sequence_interval
from console.effect.statistics import READING_ALPHA, SEQUENCE_ALPHA
from tests.support.analysis_parts import needs_analysis
from tests.support.evidence_page import keep
from tests.support.simulated_experiments import (
    LOOKS,
    RUNS,
    after,
    computable,
    constant,
    generator,
    limit,
    simulate,
)

pytestmark = needs_analysis
np = AnalysisPackage("numpy")

# What customers pay who pay, in milliunits, and how many of them pay it.
PRICES: Final = {
    "one price": ((4_990,), (1.0,)),
    "a month to a year": ((4_990, 9_990, 49_990), (0.5, 0.35, 0.15)),
    "one in a hundred pays sixty times as much": ((4_990, 9_990, 49_990, 299_990), (0.6, 0.3, 0.09, 0.01)),
}


def stopped(base: float, share: float, a_day: int, harm: float, *seed: int) -> tuple[float, float]:
    """Return how often a guardrail ever stopped, and how often the reading's end lay below the true harm."""
    setting = constant(base, share, a_day, harm)
    epochs = simulate(setting, RUNS, generator(*seed))
    known = computable(difference(epochs))
    last = after(epochs, LOOKS)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = guardrail(epochs, planned=setting.planned, more_is_worse=True, reading=last)
    stop = found.stop & gate_open(epochs[0]) & (known.customers > 0)
    return float(stop.any(axis=1).mean()), float((found.harm_at_most < harm).mean())


def test_a_guardrail_rarely_stops_without_harm() -> None:
    """Looked at daily, in at most 5.5 % of experiments; what the reading rules out holds in 95 %."""
    rows = []
    for place, (base, share, a_day) in enumerate(
        (base, share, a_day) for base in (0.005, 0.02, 0.1) for share in (0.5, 0.1) for a_day in (200, 2_000)
    ):
        false, missed = stopped(base, share, a_day, 0.0, 13, place)
        true, _ = stopped(base, share, a_day, base, 13, place, 1)
        assert false <= limit(0.05), (base, share, a_day)
        assert missed <= limit(0.05), (base, share, a_day)
        shown = (f"{100 * base:g} %", f"{100 * share:g} %", a_day)
        rows.append([*shown, f"{100 * false:.1f} %", f"{100 * missed:.1f} %", f"{100 * true:.1f} %"])
    keep(
        "guardrails",
        f"{RUNS:,} experiments in each setting, looked at on 60 days. `false stop`: a guardrail ever stopped without"
        " harm, at most 5.5 %. `missed`: the reading ruled out a harm that is there, at most 5.5 %. `true stop`: it"
        " stopped where the arm doubles the base.",
        ("base", "arm's share", "customers a day", "false stop", "missed", "true stop"),
        rows,
    )


def drawn_means(prices: str, paying: float, share: float, a_day: int, draw: Any) -> tuple[ArmMean, ArmMean]:
    """Return the means of control and arm after each day, of the shape (runs, looks)."""
    amounts, parts = np.array(PRICES[prices][0], dtype=float), PRICES[prices][1]
    in_arm = draw.binomial(a_day, share, size=(RUNS, LOOKS))
    found = []
    for customers in (a_day - in_arm, in_arm):
        paid = draw.multinomial(draw.binomial(customers, paying), parts).cumsum(axis=1)
        total = customers.cumsum(axis=1)
        mean, squares = (paid @ amounts) / np.maximum(total, 1), paid @ amounts**2
        variance = np.maximum(squares - total * mean**2, 0) / np.maximum(total - 1, 1)
        found.append(ArmMean(total, mean, variance, squares**2 / np.maximum(paid @ amounts**4, 1)))
    return found[0], found[1]


def wrong_about_money(control: ArmMean, arm: ArmMean, planned: int) -> tuple[float, ...]:
    """Return how often the sequence, the reading and either were wrong, and how often there was a reading."""
    known = difference_of_means([(control, arm)])
    shown = money_gate_open([(control, arm)]) & (known.se > 0)
    daily = sequence_interval(computable(known), planned=planned, alpha=SEQUENCE_ALPHA)
    last = [
        ArmMean(one.customers[:, -1], one.mean[:, -1], np.maximum(one.variance[:, -1], 1)) for one in (control, arm)
    ]
    by_day = (shown & ~daily.covers(0.0)).any(axis=1)
    at_last = shown[:, -1] & ~welch_interval([(last[0], last[1])], READING_ALPHA).covers(0.0)
    return tuple(float(each.mean()) for each in (by_day, at_last, by_day | at_last, shown[:, -1]))


def test_means_of_money_are_rarely_ever_wrong() -> None:
    """Sequence and Welch's reading behind the gate of carriers, with amounts from even to very uneven."""
    rows = []
    for prices, paying, share, a_day in itertools.product(PRICES, (0.05, 0.5), (0.5, 0.1, 0.05), (200, 2_000)):
        seed = (14, [*PRICES].index(prices), int(100 * paying), int(100 * share), a_day)
        found = wrong_about_money(*drawn_means(prices, paying, share, a_day, generator(*seed)), LOOKS * a_day)
        assert found[2] <= limit(0.05), (prices, paying, share, a_day)
        cells = (f"{100 * each:.1f} %" for each in found)
        rows.append([prices, f"{100 * paying:g} %", f"{100 * share:g} %", a_day, *cells])
    keep(
        "money",
        f"{RUNS:,} experiments without an effect in each setting, looked at on 60 days and read once, both behind the"
        " gate of 40 carriers. At most 5.5 % may ever be wrong. `read`: experiments with enough carriers on day 60.",
        (
            "amounts",
            "customers who pay",
            "arm's share",
            "customers a day",
            "sequence wrong",
            "reading wrong",
            "ever wrong",
            "read",
        ),
        rows,
    )


def test_means_of_arrays_are_those_of_the_report() -> None:
    """The simulation's means and variances are what `arm_mean` computes from an arm's amounts."""
    draw = generator(15)
    amounts, parts = PRICES["a month to a year"]
    paid = draw.multinomial(300, parts)
    counted = {0: 700, **dict(zip(amounts, paid.tolist(), strict=True))}
    values = np.repeat([*counted], [*counted.values()])
    found = arm_mean(counted, float("inf"))
    assert abs(found.mean / values.mean() - 1) < 1e-12
    assert abs(found.variance / values.var(ddof=1) - 1) < 1e-12
    assert isinstance(difference_of_means([(found, found)]), Difference)
