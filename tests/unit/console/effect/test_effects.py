"""What each arm changed: the planned metric, guardrails and explorations, computed by epochs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.effect.findings import EXPLORATORY, GUARDRAIL, PRIMARY, ReportEffect
from console.effect.studied import ReadingPlan, StudiedArm
from tests.support.analysis_parts import needs_analysis
from tests.support.made_reports import (
    CLEAR,
    NOT_DUE,
    PLAN,
    cohort,
    cohort_row,
    data_of,
    reading_of,
    report_of,
    studied_of,
)  # fmt: skip

pytestmark = needs_analysis
ROWS = cohort(CLEAR)
DAY = "2026-10-01"
THREE = (StudiedArm("control", 4000), StudiedArm("switch", 3000), StudiedArm("offer", 3000))


def effects(*arguments: object, **more: object) -> dict[tuple[str, str], ReportEffect]:
    report = report_of(*arguments, **more)  # type: ignore[arg-type]  # as they are given
    return {(one.arm, one.metric): one for one in report.effects}


def test_every_metric_has_its_role() -> None:
    """The plan's, its guardrails, and all others as explorations with q values."""
    found = effects(data_of(ROWS, reading_of(ROWS)))
    assert {metric: one.role for (_, metric), one in found.items()} == {
        "kept": PRIMARY, "refunded": GUARDRAIL, "cancelled": EXPLORATORY, "switched": EXPLORATORY,
        "redeemed": EXPLORATORY, "renewed": EXPLORATORY,
    }  # fmt: skip
    assert [metric for (_, metric), one in found.items() if one.q is not None] == ["cancelled", "renewed"]
    assert all(one.q is None or 0 <= one.q <= 1 for one in found.values())


def test_the_design_s_example_has_its_numbers() -> None:
    """+1.30 points, from 0.82 fewer to 3.43 more, of 62 000 planned customers."""
    rows = cohort({"control": 480, "switch": 480}, customers=1, days=2)
    rows = tuple(
        replace(row, seen_day="2026-10-01", customers=customers, kept=kept)
        for row, (customers, kept) in zip(rows, ((14_594, 6_999), (14_512, 7_150)), strict=False)
    )
    one = effects(data_of(rows, NOT_DUE), studied_of(replace(PLAN, customers=62_000)))["switch", "kept"]
    assert one.estimate == pytest.approx(0.0131, abs=5e-5)
    assert one.anytime == pytest.approx((-0.0081, 0.0343), abs=1e-4)
    assert (one.control_rate, one.arm_rate) == pytest.approx((0.4796, 0.4927), abs=5e-5)


def test_the_reading_stays_when_the_shares_change_after_it() -> None:
    """Every digit of it, the lift and the guardrail: customers who came later are none of the appointed ones."""
    later = cohort(CLEAR, days=40, release=13)[-20:]
    later = tuple(replace(row, slots=3000 if row.arm == "switch" else 7000) for row in later)
    first = effects(data_of(ROWS, reading_of(ROWS)))
    second = effects(data_of((*ROWS, *later), reading_of(ROWS)))
    assert len(second["switch", "kept"].epochs) == 2
    assert (first["switch", "kept"].reading, first["switch", "kept"].lift) == (
        second["switch", "kept"].reading,
        second["switch", "kept"].lift,
    )
    assert first["switch", "kept"].lift is not None
    assert first["switch", "refunded"].harm is not None
    assert second["switch", "refunded"].harm is not None
    assert first["switch", "refunded"].harm[1] == second["switch", "refunded"].harm[1]


def test_a_reading_that_is_not_due_or_void_is_not_read() -> None:
    """Nor one without a plan, whose sequence is tuned for a fixed number."""
    assert effects(data_of(ROWS, reading_of(ROWS)))["switch", "kept"].reading is not None
    assert effects(data_of(ROWS, NOT_DUE))["switch", "kept"].reading is None
    one = effects(data_of(ROWS), studied_of(ReadingPlan()))["switch", "kept"]
    assert (one.reading, one.anytime is None) == (None, False)


def test_epochs_are_compared_within_themselves() -> None:
    """Shares that change while the base falls invent no effect."""
    before = (cohort_row("control", DAY, 900, 450, 12, 9000), cohort_row("switch", DAY, 100, 50, 12, 1000))
    after = (cohort_row("control", DAY, 500, 200, 13, 5000), cohort_row("switch", DAY, 500, 200, 13, 5000))
    one = effects(data_of((*before, *after)), studied_of(versions=()))["switch", "kept"]
    assert one.estimate == pytest.approx(0.0, abs=1e-12)
    assert [(epoch.releases, epoch.control, epoch.arm) for epoch in one.epochs] == [
        ((12,), (900, 450), (100, 50)), ((13,), (500, 200), (500, 200)),
    ]  # fmt: skip


def test_several_arms_have_wider_intervals() -> None:
    """Each at alpha over their number, and Holm's verdict for each."""
    rows = cohort({"control": 480, "switch": 530, "offer": 480})
    three = effects(data_of(rows, NOT_DUE), studied_of(arms=THREE))
    two = effects(data_of(ROWS, NOT_DUE))
    wide, narrow = three["switch", "kept"].anytime, two["switch", "kept"].anytime
    assert wide is not None
    assert narrow is not None
    assert wide[1] - wide[0] > narrow[1] - narrow[0]
    assert (three["switch", "kept"].differs, three["offer", "kept"].differs) == (True, False)


def test_a_guardrail_is_bounded_once_its_gate_is_open() -> None:
    """Refunds of ten customers in each arm."""
    assert effects(data_of(ROWS, NOT_DUE))["switch", "refunded"].harm is not None
    rows = [replace(row, refunded=0) for row in ROWS]
    assert effects(data_of(rows, NOT_DUE))["switch", "refunded"].harm is None


def test_without_customers_nothing_is_measured() -> None:
    """No rate, no difference, no interval."""
    empty = data_of((), None, ratio=(), first_exposure=None)
    one = effects(empty)["switch", "kept"]
    assert (one.control_rate, one.arm_rate, one.estimate, one.anytime, one.reading) == (None,) * 5
