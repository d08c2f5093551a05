"""The effect by week, product and locale: explorations, with how many of them differ by chance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from console.effect.rows import LOCALE, PRODUCT, WEEK
from console.effect.segments import MOST
from console.effect.studied import StudiedArm
from tests.support.analysis_parts import needs_analysis
from tests.support.made_reports import CLEAR, NOT_DUE, PLAN, cohort, data_of, report_of, segment_rows, studied_of

pytestmark = needs_analysis
ROWS = cohort(CLEAR)
DATA = data_of(ROWS, NOT_DUE)
SAME = {"control": 480, "switch": 480}


def test_weeks_begin_on_mondays_and_have_all_customers() -> None:
    """Each with an ordinary interval of its own; one with a closed gate has none."""
    weeks = report_of(DATA).segments
    assert {week.kind for week in weeks} == {WEEK}
    assert all(date.fromisoformat(week.name or "").weekday() == 0 for week in weeks)
    assert sum(week.control[0] for week in weeks) == 250 * 29
    assert all(
        week.interval is not None and week.interval[0] < (week.estimate or 0) < week.interval[1] for week in weeks
    )
    assert report_of(data_of(cohort(CLEAR, customers=1, days=9), NOT_DUE)).segments[0].interval is None


def test_all_customers_are_no_segment() -> None:
    """One week, one product and one locale are left out."""
    held = (*segment_rows(PRODUCT, "pro", 500), *segment_rows(LOCALE, "en-US", 500))
    assert report_of(data_of(cohort(CLEAR, days=3), NOT_DUE, segments=held)).segments == ()


def test_segments_are_in_the_order_of_their_customers() -> None:
    """Weeks, then products, then locales; every arm in every segment, with its own numbers."""
    arms = (StudiedArm("control", 4000), StudiedArm("switch", 3000), StudiedArm("offer", 3000))
    kept = {"control": 480, "switch": 530, "offer": 500}
    held = (
        *segment_rows(PRODUCT, "basic", 1000, kept),
        *segment_rows(PRODUCT, "pro", 2000, kept),
        *segment_rows(LOCALE, "en-US", 2000, kept),
        *segment_rows(LOCALE, "de-DE", 1000, kept),
    )
    found = report_of(data_of(cohort(kept, days=3), NOT_DUE, segments=held), studied_of(arms=arms)).segments
    assert [(one.kind, one.arm, one.name) for one in found] == [
        *((PRODUCT, arm, name) for arm in ("switch", "offer") for name in ("pro", "basic")),
        *((LOCALE, arm, name) for arm in ("switch", "offer") for name in ("en-US", "de-DE")),
    ]
    assert (found[0].control, found[0].treated) == ((2000, 960), (2000, 1060))
    assert found[0].estimate == pytest.approx(0.05)


def test_small_segments_are_shown_together() -> None:
    """Those with the most customers have a line of their own; no customer is left out."""
    held = [row for at in range(MOST + 5) for row in segment_rows(LOCALE, f"l{at:02}", 1000 - 10 * at)]
    found = [one for one in report_of(data_of(ROWS, NOT_DUE, segments=tuple(held))).segments if one.kind == LOCALE]
    assert [one.name for one in found] == [*(f"l{at:02}" for at in range(MOST - 1)), None]
    assert sum(one.control[0] for one in found) == sum(1000 - 10 * at for at in range(MOST + 5))
    exactly = tuple(held[: 2 * MOST])
    named = [one.name for one in report_of(data_of(ROWS, NOT_DUE, segments=exactly)).segments if one.kind == LOCALE]
    assert None not in named
    assert len(named) == MOST


def test_an_epoch_is_compared_within_itself() -> None:
    """A segment whose shares changed while its base fell has no effect, though its sums have one."""
    early = segment_rows(PRODUCT, "pro", 9000, {"control": 500}, release=12, slots=9000)
    early += segment_rows(PRODUCT, "pro", 1000, {"switch": 500}, release=12, slots=1000)
    late = segment_rows(PRODUCT, "pro", 5000, {"control": 400, "switch": 400}, release=13, slots=5000)
    others = segment_rows(PRODUCT, "basic", 5000, SAME, release=13, slots=5000)
    rows = [replace(one.row, seen_day="2026-10-01") for one in (*early, *late)]
    found = report_of(data_of(rows, NOT_DUE, segments=(*early, *late, *others)), studied_of(versions=())).segments
    [one] = [one for one in found if one.name == "pro"]
    assert one.treated[1] / one.treated[0] < one.control[1] / one.control[0] - 0.04
    assert one.estimate == 0


def test_how_many_would_differ_by_chance_is_a_note() -> None:
    """The warning has the number of intervals that are shown, and of those that exclude no difference."""
    held = [row for at in range(10) for row in segment_rows(LOCALE, f"l{at}", 1000, SAME)]
    held += segment_rows(LOCALE, "one", 1000, {"control": 480, "switch": 560})
    data = data_of(cohort(SAME, days=3), NOT_DUE, segments=tuple(held))
    [note] = [note for note in report_of(data).notes if "after the fact" in note]
    assert "11 intervals are shown, each on its own, and 1 excludes no difference. About 0.6 would by chance" in note
    few = data_of(cohort(SAME, customers=1, days=9), NOT_DUE)
    assert not any("after the fact" in note for note in report_of(few).notes)


def test_an_effect_that_is_not_the_same_in_all_of_a_kind_is_a_note() -> None:
    """Cochran's Q, as a remark; segments with a closed gate are none of it."""
    rows = [row if row.seen_day < "2026-10-12" or row.arm == "control" else replace(row, kept=70) for row in ROWS]
    assert any("not the same in all weeks (Cochran's Q" in note for note in report_of(data_of(rows, NOT_DUE)).notes)
    assert not any("Cochran" in note for note in report_of(DATA).notes)
    turned = segment_rows(PRODUCT, "pro", 2000) + segment_rows(PRODUCT, "basic", 2000, {"control": 530, "switch": 480})
    notes = report_of(data_of(ROWS, NOT_DUE, segments=turned)).notes
    assert any("not the same in all products" in note and "read it product by product" in note for note in notes)
    tiny = segment_rows(PRODUCT, "pro", 2000) + segment_rows(PRODUCT, "basic", 25, {"control": 1000, "switch": 40})
    assert not any("Cochran" in note for note in report_of(data_of(ROWS, NOT_DUE, segments=tiny)).notes)


def test_revenue_has_no_segments() -> None:
    """Means of money by segment would be of a few payers."""
    held = (*segment_rows(PRODUCT, "pro", 500), *segment_rows(PRODUCT, "basic", 500))
    report = report_of(data_of(ROWS, NOT_DUE, segments=held), studied_of(replace(PLAN, metric="revenue")))
    assert report.segments == ()
