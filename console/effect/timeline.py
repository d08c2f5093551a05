"""The primary effect day by day as it became readable, who is kept on each day, and when it can be read next."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from console.effect.effects import planned_of
from console.effect.epoch_groups import EpochGroups
from console.effect.epochs import difference
from console.effect.findings import NextReading, ReportArm, ReportCurve, ReportDay, ReportSeries
from console.effect.gate import AT_LEAST, gate_open, totals
from console.effect.packages import AnalysisPackage
from console.effect.power import detectable_difference
from console.effect.results import ArmCount, Difference
from console.effect.rows import CohortRow, EffectData, EffectQuestion, RatioRow
from console.effect.sequence import sequence_interval
from console.effect.statistics import SEQUENCE_ALPHA
from console.effect.studied import Studied
from console.effect.words import COUNTED, REVENUE

np = AnalysisPackage("numpy")

# A page and its table hold no more days of one arm.
MOST_DAYS: Final = 40
_RECENT_DAYS: Final = 14


def series_of(data: EffectData, studied: Studied, groups: EpochGroups) -> tuple[ReportSeries, ...]:
    """Return the effect as it could be read once the customers first seen until each day were ripe; not of revenue."""
    if studied.plan.metric == REVENUE:
        return ()
    days = sorted({row.seen_day for row in data.cohort})
    step = max(1, math.ceil(len(days) / MOST_DAYS))
    chosen = [at for at in range(len(days)) if (len(days) - 1 - at) % step == 0]
    return tuple(_series(arm.name, data, studied, groups, days, chosen) for arm in studied.arms[1:])


def _series(
    arm: str, data: EffectData, studied: Studied, groups: EpochGroups, days: Sequence[str], chosen: Sequence[int]
) -> ReportSeries:
    if not days:
        return ReportSeries(arm, ())
    metric = studied.plan.metric
    epochs = [
        (_running(rows, studied.control, metric, days), _running(rows, arm, metric, days))
        for rows in groups.grouped(data.cohort)
    ]
    found, open_at = difference(epochs), np.asarray(gate_open(totals(epochs)))
    known = open_at & (np.asarray(found.se) > 0)
    safe = Difference(found.estimate, np.where(known, found.se, 1.0), np.maximum(found.customers, 1))
    level = SEQUENCE_ALPHA / (len(studied.arms) - 1)
    bounds = sequence_interval(safe, planned=planned_of(studied)(arm), alpha=level)
    low, high, estimate, customers = (
        np.broadcast_to(np.asarray(each, dtype=float), (len(days),))
        for each in (bounds.low, bounds.high, found.estimate, found.customers)
    )
    return ReportSeries(
        arm,
        tuple(
            ReportDay(days[at], int(customers[at]), float(estimate[at]), (float(low[at]), float(high[at])))
            if known[at]
            else ReportDay(days[at], int(customers[at]), None, None)
            for at in chosen
        ),
    )


def _running(rows: Iterable[CohortRow], arm: str, metric: str, days: Sequence[str]) -> ArmCount:
    """Return customers and hits of an arm until each day."""
    places = {day: at for at, day in enumerate(days)}
    customers, hits = np.zeros(len(days)), np.zeros(len(days))
    for row in rows:
        if row.arm == arm:
            customers[places[row.seen_day]] += row.customers
            hits[places[row.seen_day]] += getattr(row, metric)
    return ArmCount(np.cumsum(customers), np.cumsum(hits))


# Who is kept --------------------------------------------------------------------------------------------------------


def curves_of(data: EffectData, studied: Studied) -> tuple[ReportCurve, ...]:
    """Return the share kept by days since the first exposure, of every arm that has ripe customers."""
    points: Mapping[str, list[tuple[int, int, int]]] = defaultdict(list)
    for row in sorted(data.curve, key=lambda row: row.day):
        points[row.arm].append((row.day, row.customers, row.kept))
    return tuple(ReportCurve(arm.name, tuple(points[arm.name])) for arm in studied.arms if points[arm.name])


# What comes next ----------------------------------------------------------------------------------------------------


def customers_a_day(ratio: Iterable[RatioRow]) -> float:
    """Return new customers a day in the last two weeks that the log has; of its first day, one is not complete."""
    counts: dict[str, int] = defaultdict(int)
    for row in ratio:
        counts[row.seen_day] += row.customers
    if not counts:
        return 0.0
    last = date.fromisoformat(max(counts))
    first = max(date.fromisoformat(min(counts)), last - timedelta(days=_RECENT_DAYS - 1))
    recent = sum(customers for day, customers in counts.items() if date.fromisoformat(day) >= first)
    return recent / ((last - first).days + 1)


def next_reading(data: EffectData, studied: Studied, arms: Sequence[ReportArm]) -> NextReading | None:
    """Return how far the planned customers are, and when the last of them is ripe; None without a planned number."""
    planned, reading = studied.plan.customers, data.reading
    if planned is None or reading is None:
        return None
    ripe = min(sum(arm.ripe for arm in arms), planned)
    return NextReading(
        ripe, planned, _due(data, studied, planned), _detectable(arms[0].rate(studied.plan.metric), planned, studied)
    )


def _due(data: EffectData, studied: Studied, planned: int) -> str | None:
    reading = data.reading
    wait = timedelta(days=studied.plan.horizon_days)
    if reading is None:
        return None
    if reading.last is not None:
        return (datetime.fromisoformat(reading.last).date() + wait).isoformat()
    rate, days = customers_a_day(data.ratio), sorted({row.seen_day for row in data.ratio})
    if not rate or not days:
        return None
    more = timedelta(days=math.ceil((planned - reading.seen) / rate))
    try:
        return (date.fromisoformat(days[-1]) + more + wait).isoformat()
    except OverflowError:
        return None


def _detectable(base: float | None, planned: int, studied: Studied) -> float | None:
    shares = [arm.slots for arm in studied.arms]
    if base is None or not 0 < base < 1 or len(shares) < 2 or min(shares) <= 0:  # noqa: PLR2004  # control and an arm
        return None
    return detectable_difference(base, planned, shares)


def first_readable(
    data: EffectData, question: EffectQuestion, arms: Sequence[ReportArm], studied: Studied
) -> str | None:
    """Return the day on which the gate opens, if the customers of either kind go on as they have.

    Before any customer is ripe, it is the day on which the first ones are.
    """
    metric = studied.plan.metric
    if data.first_exposure is None or metric not in COUNTED:
        return None
    first = date.fromisoformat(data.first_exposure[:10]) + timedelta(days=question.horizon_days)
    until = question.complete_until.date()
    if not any(arm.ripe for arm in arms):
        return first.isoformat() if first > until else None
    rarest = min(min(arm.counts[metric], arm.ripe - arm.counts[metric]) for arm in arms)
    if until <= first or not 0 < rarest < AT_LEAST:
        return None
    return (first + (until - first) * (AT_LEAST / rarest)).isoformat()
