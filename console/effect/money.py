"""What customers of each arm paid, currency by currency: revenue as a metric. Exploratory unless the plan names it.

Amounts are in milliunits in the rows, and in units of the currency in an effect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from console.effect.epoch_groups import EpochGroups
from console.effect.epochs import difference_of_means
from console.effect.findings import Bounds, ReportEffect
from console.effect.gate import money_gate_open
from console.effect.means import arm_mean, welch_interval, winsorising_cut
from console.effect.results import ArmMean, Interval, MeanEpoch
from console.effect.rows import AmountRow, CohortRow, EffectData
from console.effect.sequence import sequence_interval
from console.effect.statistics import READING_ALPHA, SEQUENCE_ALPHA
from console.effect.studied import Studied
from console.effect.words import REVENUE

_MILLI: Final = 1000


def revenue_effects(
    data: EffectData,
    studied: Studied,
    groups: EpochGroups,
    *,
    role: str,
    planned: Callable[[str], float],
    reading: bool,
) -> list[ReportEffect]:
    """Return revenue by arm and currency, the currency that most customers paid in first.

    With `reading` the appointed one is due: its rows are in `data.reading`.
    """
    currencies = Counter[str]()
    for row in data.amounts:
        currencies[row.currency] += row.customers if row.amount else 0
    names = sorted(
        (name for name, customers in currencies.items() if customers), key=lambda one: (-currencies[one], one)
    )
    found: list[ReportEffect] = []
    for currency in names:
        means = _means(data.cohort, data.amounts, currency, studied, groups)
        read = (
            _means(data.reading.rows, data.reading.amounts, currency, studied, groups)
            if reading and data.reading
            else {}
        )
        found += [
            _effect(arm.name, currency, role, means, read, planned(arm.name), studied) for arm in studied.arms[1:]
        ]
    return found


# The means of every arm, epoch by epoch.
MeansOfArms = Mapping[str, Sequence[ArmMean]]


def _means(
    cohort: Iterable[CohortRow], amounts: Iterable[AmountRow], currency: str, studied: Studied, groups: EpochGroups
) -> MeansOfArms:
    """Return means in milliunits; a ripe customer in no row paid nothing."""
    customers, paid = groups.grouped(cohort), groups.grouped([row for row in amounts if row.currency == currency])
    spent: dict[str, list[Counter[int]]] = {}
    for arm in studied.arms:
        spent[arm.name] = []
        for held, rows in zip(customers, paid, strict=True):
            of_arm = Counter[int]()
            for row in rows:
                of_arm[row.amount] += row.customers if row.arm == arm.name else 0
            of_arm[0] += sum(row.customers for row in held if row.arm == arm.name) - sum(of_arm.values())
            spent[arm.name].append(+of_arm)
    cut = winsorising_cut([each for of_arm in spent.values() for each in of_arm])
    return {name: [arm_mean(each, cut) for each in of_arm] for name, of_arm in spent.items()}


def _effect(
    arm: str,
    currency: str,
    role: str,
    means: MeansOfArms,
    read: MeansOfArms,
    planned: float,
    studied: Studied,
) -> ReportEffect:
    comparisons = len(studied.arms) - 1
    epochs = _epochs(means, studied.control, arm)
    found = difference_of_means(epochs)
    anytime = reading = None
    if bool(money_gate_open(epochs)):
        anytime = _bounds(sequence_interval(found, planned=planned, alpha=SEQUENCE_ALPHA / comparisons))
        planned_epochs = _epochs(read, studied.control, arm) if read else ()
        if planned_epochs and bool(money_gate_open(planned_epochs)):
            reading = _bounds(welch_interval(planned_epochs, READING_ALPHA / comparisons))
    return ReportEffect(
        arm,
        REVENUE,
        role,
        currency=currency,
        control_rate=_mean(means[studied.control]),
        arm_rate=_mean(means[arm]),
        estimate=float(found.estimate) / _MILLI if found.customers else None,
        anytime=anytime,
        reading=reading,
    )


def _epochs(means: MeansOfArms, control: str, arm: str) -> tuple[MeanEpoch, ...]:
    return tuple(zip(means[control], means[arm], strict=True))


def _mean(epochs: Sequence[ArmMean]) -> float | None:
    """Return the mean over all epochs in units of the currency, for display."""
    customers = sum(one.customers for one in epochs)
    return float(sum(one.mean * one.customers for one in epochs) / customers) / _MILLI if customers else None


def _bounds(interval: Interval) -> Bounds:
    return float(interval.low) / _MILLI, float(interval.high) / _MILLI
