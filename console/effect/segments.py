"""The primary effect among segments of the customers: by week, product and locale of their first exposure.

Segments are looked at after the fact. Each has an ordinary 95 % interval of its own, so one in twenty excludes no
difference by chance: they suggest what to test next, and prove nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist
from typing import Final

from console.effect.effects import epochs_of
from console.effect.epoch_groups import EpochGroups
from console.effect.epochs import difference
from console.effect.findings import ReportSegment
from console.effect.gate import gate_open, totals
from console.effect.novelty import Heterogeneity, heterogeneity
from console.effect.results import Difference, Epoch
from console.effect.rows import LOCALE, PRODUCT, WEEK, CohortRow, EffectData
from console.effect.studied import Studied
from console.effect.words import REVENUE

LEVEL: Final = 0.95
# Of products and locales no more than these have a segment of their own, those with the most customers.
MOST: Final = 12


@dataclass(frozen=True, slots=True)
class Segments:
    """All segments, by kind, arm and name; and how far each arm's effect differs between those of a kind."""

    found: tuple[ReportSegment, ...] = ()
    differing: tuple[tuple[str, str, Heterogeneity], ...] = ()  # kind, arm

    @property
    def shown(self) -> int:
        """The number of intervals that are shown."""
        return sum(one.interval is not None for one in self.found)

    @property
    def excluding(self) -> int:
        """The number of intervals that exclude no difference."""
        return sum(one.interval is not None and not one.interval[0] <= 0 <= one.interval[1] for one in self.found)


def segments_of(data: EffectData, studied: Studied, groups: EpochGroups) -> Segments:
    """Return the primary effect in every segment, but of revenue. Where all customers are in one, it is left out."""
    if studied.plan.metric == REVENUE:
        return Segments()
    found: list[ReportSegment] = []
    differing: list[tuple[str, str, Heterogeneity]] = []
    for kind, divided in _divided(data):
        if len(divided) < 2:  # noqa: PLR2004  # all customers are no segment
            continue
        for arm in studied.arms[1:]:
            known: list[Difference] = []
            for name, rows in divided:
                epochs = epochs_of(rows, groups, studied.control, arm.name, studied.plan.metric)
                effect = difference(epochs)
                found.append(_segment(kind, name, arm.name, epochs, effect))
                known += [effect] if found[-1].interval is not None else []
            differing.append((kind, arm.name, heterogeneity(known)))
    return Segments(tuple(found), tuple(differing))


def _divided(data: EffectData) -> Iterable[tuple[str, list[tuple[str | None, list[CohortRow]]]]]:
    """Yield the rows of every segment, by kind: weeks in their order, others by their customers."""
    weeks: dict[str, list[CohortRow]] = defaultdict(list)
    for row in data.cohort:
        weeks[_monday(row.seen_day)].append(row)
    yield WEEK, [*sorted(weeks.items())]
    for kind in (PRODUCT, LOCALE):
        rows: dict[str, list[CohortRow]] = defaultdict(list)
        for one in data.segments:
            if one.kind == kind:
                rows[one.name].append(one.row)
        yield kind, _largest(rows)


def _monday(day: str) -> str:
    found = date.fromisoformat(day)
    return (found - timedelta(days=found.weekday())).isoformat()


def _largest(rows: dict[str, list[CohortRow]]) -> list[tuple[str | None, list[CohortRow]]]:
    """Return the segments with the most customers, and all others together under None."""
    customers = Counter({name: sum(row.customers for row in held) for name, held in rows.items()})
    names = sorted(rows, key=lambda name: (-customers[name], name))
    own = names if len(names) <= MOST else names[: MOST - 1]
    others = [row for name in names[len(own) :] for row in rows[name]]
    return [*((name, rows[name]) for name in own), *([(None, others)] if others else [])]


def _segment(kind: str, name: str | None, arm: str, epochs: Sequence[Epoch], found: Difference) -> ReportSegment:
    control, treated = totals(epochs)
    readable = bool(found.customers) and bool(found.se > 0) and bool(gate_open((control, treated)))
    half = float(NormalDist().inv_cdf((1 + LEVEL) / 2) * found.se)
    return ReportSegment(
        kind,
        name,
        arm,
        (int(control.customers), int(control.hits)),
        (int(treated.customers), int(treated.hits)),
        float(found.estimate) if readable else None,
        (float(found.estimate) - half, float(found.estimate) + half) if readable else None,
    )
