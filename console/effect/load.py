"""The data of a report: every query of a question, run by an engine, as rows with names and types."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, TypeAlias

from console.effect.queries import literals_of
from console.effect.rows import (
    LOCALE,
    PRODUCT,
    AmountRow,
    CohortRow,
    CurveRow,
    DeliveryRow,
    EffectData,
    EffectQuestion,
    Engine,
    KeyRow,
    Literals,
    PlannedReading,
    RatioRow,
    Row,
    SegmentRow,
    TrafficRow,
)
from console.terminal.output import ReportProgress, no_progress

_Cell: TypeAlias = tuple[Any, ...]

_COHORT: Final = (
    *("customers", "kept", "cancelled", "switched", "redeemed"),
    *("renewed", "refunded", "crossed", "heard_of"),
)
# What a refund in part leaves of an amount is exact in these parts of a milliunit.
_PARTS: Final = 100_000
# Queries of every question, and those of a reading that is due.
_QUERIES: Final = 7
_OF_A_READING: Final = 3


def load_data(engine: Engine, question: EffectQuestion, report: ReportProgress = no_progress) -> EffectData:
    """Return the data of one question. Raises Failure where the engine cannot answer."""
    asked = _Asked(engine, question, report)
    ratio, cohort = _dated(asked.rows("ratio")), _dated(asked.rows("cohort"))
    rows = _cohort(cohort)
    return EffectData(
        cohort=rows,
        reading=None if question.planned is None else asked.reading(question.planned),
        ratio=tuple(RatioRow(*cell, *counts) for cell, counts in _totals(ratio, _by_day, ("customers",))),
        delivery=tuple(
            DeliveryRow(row["arm"], *_numbers(row, "requests", "delivered", "fallbacks", "repeats"))
            for row in asked.rows("delivery")
        ),
        traffic=_traffic(ratio, cohort),
        curve=_curve(rows, asked.rows("curve"), question.horizon_days),
        amounts=_amounts(asked.rows("amounts")),
        keys=tuple(sorted(map(_key_row, asked.rows("keys")), key=lambda key: (key.source, key.key_id))),
        first_exposure=min((str(row["first_exposure"]) for row in ratio), default=None),
        inputs=engine.inputs(),
        segments=(
            *_segments(PRODUCT, cohort, "product_id"),
            *_segments(LOCALE, asked.rows("cohort", literals_of(question, by=LOCALE)), "locale"),
        ),
    )


def load_traffic(engine: Engine, question: EffectQuestion) -> tuple[TrafficRow, ...]:
    """Return the new customers of each day and product. With an empty `key`, of all requests that Apple signed."""
    literals = literals_of(question)
    return _traffic(_dated(engine.run("ratio", literals)), _dated(engine.run("cohort", literals)))


class _Asked:
    """One question to one engine. It counts the queries, for the person who waits."""

    def __init__(self, engine: Engine, question: EffectQuestion, report: ReportProgress) -> None:
        self._engine, self._question, self._report, self._done = engine, question, report, 0

    def rows(self, name: str, literals: Literals | None = None) -> list[Row]:
        total = _QUERIES + (0 if self._question.planned is None else _OF_A_READING)
        self._report("computing", self._done, total)
        self._done += 1
        return self._engine.run(name, literals or literals_of(self._question))

    def reading(self, planned: int) -> PlannedReading:
        """Return the appointed reading; it has rows only if it is due."""
        (found,) = self.rows("ordinal")
        seen, last = int(found["seen"]), found["last"] or None
        if last is not None and not _is_instant(last):
            last = None
        if last is None or last > str(literals_of(self._question)["ripe_until"]):
            return PlannedReading(planned, seen, last, due=False)
        first = literals_of(self._question, last=last)
        rows = _cohort(self.rows("cohort", first), by_day=False)
        return PlannedReading(planned, seen, last, due=True, rows=rows, amounts=_amounts(self.rows("amounts", first)))


def _dated(rows: Iterable[Row]) -> list[Row]:
    """Return the rows of days that there are: a damaged line may be of another, such as `2026-11-31`."""
    return [row for row in rows if _is_instant(row["seen_day"])]


def _is_instant(text: object) -> bool:
    try:
        datetime.fromisoformat(str(text))
    except ValueError:
        return False
    return True


def _cohort(rows: Iterable[Row], *, by_day: bool = True) -> tuple[CohortRow, ...]:
    cell = _by_day if by_day else lambda row: (*_by_share(row), "")
    return tuple(CohortRow(*cell, *counts) for cell, counts in _totals(rows, cell, _COHORT))


def _segments(kind: str, rows: Iterable[Row], column: str) -> tuple[SegmentRow, ...]:
    found = _totals(rows, lambda row: (row[column] or "", *_by_share(row), ""), _COHORT)
    return tuple(SegmentRow(kind, cell[0], CohortRow(*cell[1:], *counts)) for cell, counts in found)


def _amounts(rows: Iterable[Row]) -> tuple[AmountRow, ...]:
    def cell(row: Row) -> _Cell:
        return (*_by_share(row), row["currency"], int(row["amount"]) // _PARTS)

    return tuple(AmountRow(*cell, *counts) for cell, counts in _totals(rows, cell, ("customers",)))


def _traffic(ratio: Iterable[Row], cohort: Iterable[Row]) -> tuple[TrafficRow, ...]:
    """Return all new customers by day and product, and which of them are ripe and kept, of all arms together."""
    rows = [{**row, "ripe": 0, "kept": 0} for row in ratio]
    rows += [{**row, "ripe": row["customers"], "customers": 0} for row in cohort]
    found = _totals(rows, lambda row: (row["seen_day"], row["product_id"]), ("customers", "ripe", "kept"))
    return tuple(TrafficRow(*cell, *counts) for cell, counts in found)


def _curve(cohort: Iterable[CohortRow], changes: Iterable[Row], horizon_days: int) -> tuple[CurveRow, ...]:
    """Return who is kept on each day: all at first, then as many as the changes leave."""
    customers: dict[str, int] = {}
    for row in cohort:
        customers[row.arm] = customers.get(row.arm, 0) + row.customers
    changed = {(row["arm"], int(row["day"])): int(row["change"]) for row in changes}
    curve = []
    for arm, everyone in customers.items():
        kept = everyone
        for day in range(horizon_days + 1):
            kept += changed.get((arm, day), 0)
            curve.append(CurveRow(arm, day, everyone, kept))
    return tuple(curve)


def _key_row(row: Row) -> KeyRow:
    return KeyRow(row["source"], row["key_id"] or "", int(row["customers"]), row["first_day"], row["last_day"])


def _by_share(row: Row) -> _Cell:
    return (row["arm"], _number(row["release"]), _number(row["slots"]))


def _by_day(row: Row) -> _Cell:
    return (*_by_share(row), row["seen_day"])


def _totals(rows: Iterable[Row], cell: Callable[[Row], _Cell], names: tuple[str, ...]) -> list[tuple[_Cell, list[int]]]:
    """Return the sums of some members over the rows of each cell, by cell."""
    sums: dict[_Cell, list[int]] = {}
    for row in rows:
        held = sums.setdefault(cell(row), [0] * len(names))
        for place, number in enumerate(_numbers(row, *names)):
            held[place] += number
    return sorted(sums.items(), key=lambda item: [(value is not None, value) for value in item[0]])


def _numbers(row: Row, *names: str) -> tuple[int, ...]:
    return tuple(int(row[name]) for name in names)


def _number(value: object) -> int | None:
    """Return a number that a query packed into a text; None where the line had none."""
    return int(str(value)) if value not in {None, ""} else None
