"""What each arm changed against the control: the planned metric, its guardrails, and all other metrics as explorations.

Counts become epochs here, and epochs go to the formulas of `statistics`, `guardrails` and `means`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from console.effect.epoch_groups import EpochGroups, RowOfRelease, find_epochs
from console.effect.findings import EXPLORATORY, GUARDRAIL, PRIMARY, ReportEffect, ReportEpoch
from console.effect.gate import gate_open, totals
from console.effect.guardrails import MORE_IS_WORSE, guardrail
from console.effect.money import revenue_effects
from console.effect.q_values import q_values
from console.effect.results import ArmCount, Epoch
from console.effect.rows import CohortRow, EffectData
from console.effect.statistics import UNPLANNED, Comparison, Judged, judge, measure
from console.effect.studied import Studied
from console.effect.words import COUNTED, REVENUE


@dataclass(frozen=True, slots=True)
class Measured:
    """All effects in the order in which they are shown, and the epochs that they were computed by."""

    effects: tuple[ReportEffect, ...]
    groups: EpochGroups

    @property
    def primary(self) -> tuple[ReportEffect, ...]:
        return tuple(one for one in self.effects if one.role == PRIMARY)


def measure_all(data: EffectData, studied: Studied, *, reading_stands: bool) -> Measured:
    """Return every effect. Without `reading_stands` the appointed reading is void, and only the sequence is read."""
    planned = data.reading.rows if data.reading is not None else ()
    rows: tuple[RowOfRelease, ...] = (*data.cohort, *data.ratio, *data.amounts, *planned)
    groups = find_epochs(rows, studied)
    planned_rows = data.reading.rows if reading_stands and data.reading is not None and data.reading.due else None
    effects = [*_primary(data, studied, groups, planned_rows), *_guarded(data, studied, groups, planned_rows)]
    named = {studied.plan.metric, *studied.plan.guardrails}
    explored = [(arm.name, metric) for metric in COUNTED if metric not in named for arm in studied.arms[1:]]
    effects += _explored(data, studied, groups, explored)
    if studied.plan.metric != REVENUE:
        effects += revenue_effects(data, studied, groups, role=EXPLORATORY, planned=planned_of(studied), reading=False)
    return Measured(tuple(effects), groups)


def planned_of(studied: Studied) -> Callable[[str], float]:
    """Return how many customers of the control and an arm together the plan has."""
    slots = {arm.name: arm.slots for arm in studied.arms}
    total = sum(slots.values())

    def planned(arm: str) -> float:
        if studied.plan.customers is None or not total:
            return UNPLANNED
        return studied.plan.customers * (slots[studied.control] + slots[arm]) / total

    return planned


def epochs_of(rows: Iterable[CohortRow], groups: EpochGroups, control: str, arm: str, metric: str) -> tuple[Epoch, ...]:
    """Return control and arm in every epoch, counted by one metric."""
    return tuple((_count(held, control, metric), _count(held, arm, metric)) for held in groups.grouped(rows))


def _read_epochs(
    rows: Iterable[CohortRow], groups: EpochGroups, control: str, arm: str, metric: str
) -> tuple[Epoch, ...]:
    """Return the epochs of the appointed reading. One that began after it is none of them, so the reading stays."""
    epochs = epochs_of(rows, groups, control, arm, metric)
    return tuple(epoch for epoch in epochs if any(count.customers for count in epoch))


def _count(rows: Sequence[CohortRow], arm: str, metric: str) -> ArmCount:
    own = [row for row in rows if row.arm == arm]
    return ArmCount(sum(row.customers for row in own), sum(getattr(row, metric) for row in own))


def report_epochs(groups: EpochGroups, epochs: Sequence[Epoch]) -> tuple[ReportEpoch, ...]:
    return tuple(
        ReportEpoch(
            of.releases,
            (int(control.customers), int(control.hits)),
            (int(arm.customers), int(arm.hits)),
        )
        for of, (control, arm) in zip(groups.epochs, epochs, strict=True)
    )


def _rates(epochs: Sequence[Epoch]) -> tuple[float | None, float | None]:
    """Return the shares of control and arm, for display; differences are taken within epochs."""
    first, second = (float(one.share) if one.customers else None for one in totals(epochs)) if epochs else (None, None)
    return first, second


def _primary(
    data: EffectData, studied: Studied, groups: EpochGroups, planned_rows: tuple[CohortRow, ...] | None
) -> list[ReportEffect]:
    metric, planned = studied.plan.metric, planned_of(studied)
    if metric == REVENUE:
        return revenue_effects(data, studied, groups, role=PRIMARY, planned=planned, reading=planned_rows is not None)
    names = [arm.name for arm in studied.arms[1:]]
    every = [epochs_of(data.cohort, groups, studied.control, name, metric) for name in names]
    read = [
        None if planned_rows is None else _read_epochs(planned_rows, groups, studied.control, name, metric)
        for name in names
    ]
    judged = judge([Comparison(epochs, planned(name), of) for name, epochs, of in zip(names, every, read, strict=True)])
    return [
        _judged(ReportEffect(name, metric, PRIMARY, epochs=report_epochs(groups, epochs)), epochs, found)
        for name, epochs, found in zip(names, every, judged, strict=True)
    ]


def _judged(blank: ReportEffect, epochs: Sequence[Epoch], found: Judged) -> ReportEffect:
    control, arm = _rates(epochs)
    effect, reading = found.effect, found.reading
    lift = None if reading is None or reading.lift_interval is None else reading.lift_interval
    return replace(
        blank,
        control_rate=control,
        arm_rate=arm,
        estimate=float(effect.found.estimate) if effect.found.customers else None,
        anytime=None if effect.anytime is None else (float(effect.anytime.low), float(effect.anytime.high)),
        reading=None if reading is None else (float(reading.interval.low), float(reading.interval.high)),
        lift=None if lift is None else (float(lift.low), float(lift.high)),
        differs=found.differs,
    )


def _guarded(
    data: EffectData, studied: Studied, groups: EpochGroups, planned_rows: tuple[CohortRow, ...] | None
) -> list[ReportEffect]:
    planned, found = planned_of(studied), []
    for metric in studied.plan.guardrails:
        for arm in studied.arms[1:] if metric in COUNTED else ():
            epochs = epochs_of(data.cohort, groups, studied.control, arm.name, metric)
            blank = _measured(ReportEffect(arm.name, metric, GUARDRAIL, epochs=report_epochs(groups, epochs)), epochs)
            if not gate_open(totals(epochs)):
                found.append(blank)
                continue
            read = planned_rows and _read_epochs(planned_rows, groups, studied.control, arm.name, metric)
            harm = guardrail(
                epochs, planned=planned(arm.name), more_is_worse=metric in MORE_IS_WORSE, reading=read or None
            )
            found.append(replace(blank, harm=(float(harm.harm_at_least), float(harm.harm_at_most))))
    return found


def _measured(blank: ReportEffect, epochs: Sequence[Epoch]) -> ReportEffect:
    control, arm = _rates(epochs)
    both = control is not None and arm is not None
    estimate = float(measure(epochs, planned=UNPLANNED).found.estimate) if both else None
    return replace(blank, control_rate=control, arm_rate=arm, estimate=estimate)


def _explored(
    data: EffectData, studied: Studied, groups: EpochGroups, pairs: Sequence[tuple[str, str]]
) -> list[ReportEffect]:
    """Return effects that no plan names, each with the share of false discoveries among those at most as small."""
    planned, found, p_values = planned_of(studied), [], []
    for name, metric in pairs:
        epochs = epochs_of(data.cohort, groups, studied.control, name, metric)
        effect = measure(epochs, planned=planned(name))
        bounds = None if effect.anytime is None else (float(effect.anytime.low), float(effect.anytime.high))
        blank = ReportEffect(name, metric, EXPLORATORY, anytime=bounds, epochs=report_epochs(groups, epochs))
        found.append(_measured(blank, epochs))
        p_values.append(effect.p_value)
    known = iter(q_values([p for p in p_values if p is not None]))
    return [replace(one, q=None if p is None else next(known)) for one, p in zip(found, p_values, strict=True)]
