"""The effect over time: day by day, who is kept, and when it can be read next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.effect.rows import PlannedReading
from console.effect.studied import StudiedArm
from console.effect.timeline import MOST_DAYS, customers_a_day, first_readable
from tests.support.analysis_parts import needs_analysis
from tests.support.made_reports import (
    CLEAR,
    NOT_DUE,
    PLAN,
    cohort,
    data_of,
    question_of,
    ratio,
    report_of,
    studied_of,
)  # fmt: skip

pytestmark = needs_analysis
ROWS = cohort(CLEAR)
DATA = data_of(ROWS, NOT_DUE)


def test_the_last_day_is_the_report_s_own_interval() -> None:
    """And each day is what the report would have shown then."""
    report = report_of(DATA)
    [series] = report.series
    last = series.days[-1]
    assert (last.day, last.ripe) == ("2026-10-29", 2 * 250 * 29)
    assert last.estimate == report.primary[0].estimate
    assert last.anytime == pytest.approx(report.primary[0].anytime)
    then = [row for row in ROWS if row.seen_day <= series.days[9].day]
    assert series.days[9].anytime == pytest.approx(report_of(data_of(then, NOT_DUE)).primary[0].anytime)


def test_a_day_with_a_closed_gate_has_no_interval() -> None:
    """The first days of few customers."""
    rows = cohort(CLEAR, customers=4)
    [series] = report_of(data_of(rows, NOT_DUE)).series
    assert series.days[0].anytime is None
    assert series.days[-1].anytime is not None


def test_long_experiments_have_as_many_points() -> None:
    """Evenly chosen, the last day among them."""
    rows = cohort(CLEAR, customers=20, days=200)
    [series] = report_of(data_of(rows, NOT_DUE)).series
    assert len(series.days) <= MOST_DAYS
    assert series.days[-1].day == max(row.seen_day for row in rows)


def test_each_arm_has_its_series_and_its_curve() -> None:
    """Of three arms two; the control is what they are compared with."""
    arms = (StudiedArm("control", 4000), StudiedArm("switch", 3000), StudiedArm("offer", 3000))
    report = report_of(data_of(cohort({"control": 480, "switch": 530, "offer": 500}), NOT_DUE), studied_of(arms=arms))
    assert [series.arm for series in report.series] == ["switch", "offer"]
    assert [curve.arm for curve in report.curves] == ["control", "switch", "offer"]


def test_the_next_reading_is_forecast_from_the_last_two_weeks() -> None:
    """When the last planned customer is first seen, and N days later; what it would show."""
    upcoming = report_of(DATA).next_reading
    assert customers_a_day(DATA.ratio) == 500
    assert upcoming is not None
    # 3 000 more customers are 6 days after 2026-11-28, and 30 more days.
    assert (upcoming.ripe, upcoming.planned, upcoming.day) == (12_000, 12_000, "2027-01-03")
    assert upcoming.detectable == pytest.approx(0.0264, abs=1e-4)
    seen = PlannedReading(12_000, 12_000, "2026-11-02 08:00:00.000", due=False)
    known = report_of(replace(DATA, reading=seen)).next_reading
    assert known is not None
    assert known.day == "2026-12-02"
    empty = report_of(replace(DATA, ratio=())).next_reading
    assert empty is not None
    assert empty.day is None
    assert report_of(replace(DATA, reading=None)).next_reading is None
    assert report_of(DATA, studied_of(replace(PLAN, customers=None))).next_reading is None


def test_customers_a_day_of_a_short_log() -> None:
    """A log of fewer than two weeks counts by its own days; without customers there are 0 a day."""
    assert customers_a_day(ratio(cohort(CLEAR, days=2), more_days=0)) == 500
    assert customers_a_day(()) == 0


def test_the_day_on_which_the_gate_opens() -> None:
    """Before any customer is ripe: when the first are; later by how the rarer kind has grown."""
    early = question_of(complete_until=question_of().complete_until.replace(month=10, day=9))
    none = report_of(data_of((), None, ratio=ratio(ROWS)))
    assert first_readable(data_of((), None), early, none.arms, studied_of()) == "2026-10-31"
    few = report_of(data_of(cohort(CLEAR, customers=1, days=10), NOT_DUE))
    assert first_readable(DATA, question_of(), few.arms, studied_of()) is None  # some arm has none of a kind
    rows = cohort({"control": 500, "switch": 500}, customers=2, days=5)
    some = report_of(data_of(rows, NOT_DUE))
    assert first_readable(DATA, question_of(), some.arms, studied_of()) == "2026-12-28"
    assert first_readable(replace(DATA, first_exposure=None), early, some.arms, studied_of()) is None
    assert first_readable(DATA, question_of(), report_of(DATA).arms, studied_of()) is None
