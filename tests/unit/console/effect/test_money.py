"""Revenue by currency: means of all ripe customers, of whom most pay nothing in most currencies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.effect.findings import EXPLORATORY, PRIMARY, ReportEffect
from console.effect.rows import AmountRow
from tests.support.analysis_parts import needs_analysis
from tests.support.made_reports import CLEAR, NOT_DUE, PLAN, cohort, data_of, reading_of, report_of, studied_of

pytestmark = needs_analysis
ROWS = cohort(CLEAR, customers=100, days=20)
AMOUNTS = (
    AmountRow("control", 12, 5000, "USD", 9990, 400), AmountRow("control", 12, 5000, "USD", 4990, 100),
    AmountRow("switch", 12, 5000, "USD", 9990, 700), AmountRow("switch", 12, 5000, "USD", 0, 50),
    AmountRow("control", 12, 5000, "EUR", 8990, 5), AmountRow("switch", 12, 5000, "EUR", 8990, 7),
)  # fmt: skip


def revenue(*, planned: bool = False, due: bool = False) -> list[ReportEffect]:
    studied = studied_of(replace(PLAN, metric="revenue")) if planned else studied_of()
    reading = reading_of(ROWS, amounts=AMOUNTS) if due else NOT_DUE
    report = report_of(data_of(ROWS, reading, amounts=AMOUNTS), studied)
    return [one for one in report.effects if one.metric == "revenue"]


def test_means_count_customers_who_paid_nothing() -> None:
    """In units of the currency, the currency with most payers first; a few payers have no interval."""
    dollars, euros = revenue()
    assert (dollars.currency, dollars.role, euros.currency) == ("USD", EXPLORATORY, "EUR")
    assert dollars.control_rate == pytest.approx((400 * 9.99 + 100 * 4.99) / 2000)
    assert dollars.arm_rate == pytest.approx(700 * 9.99 / 2000)
    assert dollars.estimate == pytest.approx((700 * 9.99 - 400 * 9.99 - 100 * 4.99) / 2000)
    assert dollars.anytime is not None
    assert dollars.anytime[0] < (dollars.estimate or 0) < dollars.anytime[1]
    assert (euros.anytime, dollars.reading) == (None, None)


def test_a_plan_may_name_revenue() -> None:
    """Then it is primary, and read once at the appointed time; explorations have none."""
    first, *_ = revenue(planned=True, due=True)
    assert first.role == PRIMARY
    assert first.reading is not None
    assert first.reading[0] < (first.estimate or 0) < first.reading[1]
    assert revenue(planned=True)[0].reading is None
    assert revenue(due=True)[0].reading is None


def test_without_payments_there_is_no_revenue() -> None:
    """A log without amounts."""
    assert [one for one in report_of(data_of(ROWS)).effects if one.metric == "revenue"] == []
