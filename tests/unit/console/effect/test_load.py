"""Rows of the queries become the data of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from console.effect.load import load_data, load_traffic
from console.effect.rows import (
    AmountRow,
    CohortRow,
    CurveRow,
    DeliveryRow,
    InputDigest,
    KeyRow,
    Literals,
    PlannedReading,
    RatioRow,
    Row,
    SegmentRow,
    TrafficRow,
)
from tests.unit.console.effect.test_queries import QUESTION

INPUTS = InputDigest("fake", 2, "d1", "d2")
CELL = {"arm": "keep", "release": "12", "slots": "5000", "seen_day": "2026-09-01", "product_id": "pro"}
COUNTS = dict.fromkeys(
    ("customers", "kept", "cancelled", "switched", "redeemed", "renewed", "refunded", "crossed", "heard_of"), 0
)
ROWS: dict[str, list[Row]] = {
    "ratio": [
        {**CELL, "customers": 10, "first_exposure": "2026-09-01 08:00:00.000"},
        {**CELL, "product_id": "basic", "customers": 5, "first_exposure": "2026-09-01 07:00:00.000"},
    ],
    "cohort": [
        {**CELL, **COUNTS, "locale": "de-DE", "customers": 8, "kept": 6, "cancelled": 1, "heard_of": 3},
        {**CELL, **COUNTS, "locale": "de-DE", "product_id": "basic", "customers": 4, "kept": 4},
        {**CELL, **COUNTS, "locale": None, "arm": "switch", "release": "", "slots": "", "customers": 1, "kept": 1},
    ],
    "ordinal": [{"seen": 15, "last": "2026-09-02 00:00:00.000"}],
    "delivery": [{"arm": "keep", "requests": 20, "delivered": 18, "fallbacks": 1, "repeats": 5}],
    "curve": [{"arm": "keep", "day": 1, "change": -2}, {"arm": "keep", "day": 29, "change": 1}],
    "amounts": [
        {**CELL, "currency": "EUR", "amount": 999_000_000, "customers": 3},
        {**CELL, "currency": "EUR", "amount": 999_000_001, "customers": 1},
    ],
    "keys": [
        {"source": "outcomes", "key_id": "c0", "customers": 3, "first_day": "2026-09-01", "last_day": "2026-09-02"},
        {"source": "exposures", "key_id": None, "customers": 4, "first_day": "2026-09-01", "last_day": "2026-09-03"},
    ],
}


class FakeEngine:
    """Returns rows by the name of a query, and keeps what was asked."""

    def __init__(self, rows: Mapping[str, list[Row]] = ROWS) -> None:
        self.rows = rows
        self.asked: list[tuple[str, Literals]] = []

    def run(self, name: str, literals: Literals) -> list[Row]:
        self.asked.append((name, literals))
        return self.rows[name]

    def inputs(self) -> InputDigest:
        return INPUTS


def cohort_row(arm: str, release: int | None, slots: int | None, day: str, **counts: int) -> CohortRow:
    return CohortRow(arm, release, slots, day, **{**COUNTS, **counts})


def test_rows_have_names_and_types() -> None:
    """Products are summed, texts become numbers, and what a line lacked is None."""
    found = load_data(FakeEngine(), QUESTION)
    assert found.cohort == (
        cohort_row("keep", 12, 5000, "2026-09-01", customers=12, kept=10, cancelled=1, heard_of=3),
        cohort_row("switch", None, None, "2026-09-01", customers=1, kept=1),
    )
    assert found.ratio == (RatioRow("keep", 12, 5000, "2026-09-01", 15),)
    assert found.delivery == (DeliveryRow("keep", 20, 18, 1, 5),)
    assert found.traffic == (TrafficRow("2026-09-01", "basic", 5, 4, 4), TrafficRow("2026-09-01", "pro", 10, 9, 7))
    assert found.keys == (
        KeyRow("exposures", "", 4, "2026-09-01", "2026-09-03"),
        KeyRow("outcomes", "c0", 3, "2026-09-01", "2026-09-02"),
    )
    assert (found.first_exposure, found.reading, found.inputs) == ("2026-09-01 07:00:00.000", None, INPUTS)


def test_segments_are_by_product_and_by_locale() -> None:
    """The locale is asked for by a query of its own; a line without one has an empty name."""
    engine = FakeEngine()
    both = cohort_row("keep", 12, 5000, "", customers=12, kept=10, cancelled=1, heard_of=3)
    switch = cohort_row("switch", None, None, "", customers=1, kept=1)
    assert load_data(engine, QUESTION).segments == (
        SegmentRow("product", "basic", cohort_row("keep", 12, 5000, "", customers=4, kept=4)),
        SegmentRow("product", "pro", cohort_row("keep", 12, 5000, "", customers=8, kept=6, cancelled=1, heard_of=3)),
        SegmentRow("product", "pro", switch),
        SegmentRow("locale", "", switch),
        SegmentRow("locale", "de-DE", both),
    )
    assert [literals["by"] for name, literals in engine.asked if name == "cohort"] == ["day", "locale"]


def test_amounts_are_in_milliunits() -> None:
    """What is left of a milliunit after a refund in part is cut, and equal amounts are one row."""
    assert load_data(FakeEngine(), QUESTION).amounts == (AmountRow("keep", 12, 5000, "EUR", 9_990, 4),)


def test_a_curve_has_every_day() -> None:
    """All are kept on day 0; a change holds from its day on."""
    curve = [row for row in load_data(FakeEngine(), QUESTION).curve if row.arm == "keep"]
    assert curve[:3] == [CurveRow("keep", 0, 12, 12), CurveRow("keep", 1, 12, 10), CurveRow("keep", 2, 12, 10)]
    assert curve[29:] == [CurveRow("keep", 29, 12, 11), CurveRow("keep", 30, 12, 11)]


def test_a_due_reading_counts_the_first_customers() -> None:
    """The last of the planned customers is ripe: the same query counts those who were seen until then."""
    engine = FakeEngine()
    reading = load_data(engine, replace(QUESTION, planned=13)).reading
    assert reading is not None
    assert (reading.planned, reading.seen, reading.last, reading.due) == (13, 15, "2026-09-02 00:00:00.000", True)
    assert reading.rows[0] == cohort_row("keep", 12, 5000, "", customers=12, kept=10, cancelled=1, heard_of=3)
    assert reading.amounts == (AmountRow("keep", 12, 5000, "EUR", 9_990, 4),)
    limits = [literals["ripe_until"] for name, literals in engine.asked if name == "cohort"]
    assert limits == ["2026-10-30 21:00:00.000", "2026-09-02 00:00:00.000", "2026-10-30 21:00:00.000"]


@pytest.mark.parametrize("last", [None, "2026-10-30 21:00:00.001"])
def test_a_reading_that_is_not_due_has_no_rows(last: str | None) -> None:
    """Too few were seen, or the last of them is not ripe: nothing is counted."""
    engine = FakeEngine({**ROWS, "ordinal": [{"seen": 15, "last": last}]})
    assert load_data(engine, replace(QUESTION, planned=13)).reading == PlannedReading(13, 15, last, due=False)
    assert [name for name, _ in engine.asked].count("cohort") == 2


def test_a_day_that_there_is_not_is_left_out() -> None:
    """A damaged line may have the 31st of November: its customer is in no row, and the reading is not due by it."""
    rows = {name: [*held, *({**row, "seen_day": "2026-11-31"} for row in held)] for name, held in ROWS.items()}
    last = [{"seen": 15, "last": "2026-11-31 00:00:00.000"}]
    found = load_data(FakeEngine({**rows, "ordinal": last}), replace(QUESTION, planned=13))
    usual = load_data(FakeEngine(), QUESTION)
    assert (found.cohort, found.ratio, found.traffic) == (usual.cohort, usual.ratio, usual.traffic)
    assert found.reading == PlannedReading(13, 15, None, due=False)
    assert load_traffic(FakeEngine(rows), QUESTION) == usual.traffic


def test_an_empty_log_is_no_data() -> None:
    """Without an exposure there is no row, and no first exposure."""
    empty: dict[str, list[Row]] = {**{name: [] for name in ROWS}, "ordinal": [{"seen": 0, "last": None}]}
    found = load_data(FakeEngine(empty), replace(QUESTION, planned=1))
    assert (found.cohort, found.curve, found.first_exposure) == ((), (), None)
    assert found.reading == PlannedReading(1, 0, None, due=False)


def test_progress_never_passes_its_total() -> None:
    """Each query is a step."""
    steps: list[tuple[str, int, int]] = []
    load_data(FakeEngine(), replace(QUESTION, planned=13), lambda *step: steps.append(step))
    assert all(done <= total for _, done, total in steps)
    assert len(steps) == len(FakeEngine().rows) + 3


def test_traffic_needs_two_queries() -> None:
    """Before an experiment, new customers and who was kept are all that is asked."""
    engine: Any = FakeEngine()
    found = load_traffic(engine, replace(QUESTION, key=""))
    assert [name for name, _ in engine.asked] == ["ratio", "cohort"]
    assert found[0] == TrafficRow("2026-09-01", "basic", 5, 4, 4)
