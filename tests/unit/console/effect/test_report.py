"""A report: everything that terminal, JSON and page show, made from rows alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from retention.log.record import HELD, SERVED

from console.effect.rows import RatioRow
from console.effect.studied import ReadingPlan, StudiedArm
from tests.support.analysis_parts import needs_analysis
from tests.support.made_reports import CLEAR, NOT_DUE, cohort, data_of, reading_of, report_of, studied_of

pytestmark = needs_analysis
ROWS = cohort(CLEAR)
DATA = data_of(ROWS, NOT_DUE)
ANSWERED = "Effects are of being answered, not of having seen: Apple asks at the page view, and shows after the tap."
NONE = "Apple's fallback was not part of this experiment."


def test_an_arm_has_its_counts() -> None:
    """All first seen, the ripe of them, what became of these, and its requests."""
    control, switch = report_of(DATA).arms
    assert (control.name, control.is_control, switch.is_control, control.share) == ("control", True, False, 0.5)
    assert (control.customers, control.ripe) == (250 * 59, 250 * 29)
    assert (control.counts["kept"], control.rate("kept")) == (120 * 29, 0.48)
    assert (switch.counts["switched"], switch.rate("none")) == (12 * 29, None)
    assert (control.requests, control.delivered, control.repeats) == (9000, 8990, 800)


def test_an_arm_that_the_log_alone_has_is_shown() -> None:
    """A later release may have dropped it."""
    report = report_of(replace(DATA, ratio=(*DATA.ratio, RatioRow("gone", 11, 3000, "2026-10-01", 7))))
    assert [(arm.name, arm.customers, arm.share) for arm in report.arms][2:] == [("gone", 7, 0.0)]


def test_the_report_has_its_instants_in_utc() -> None:
    """`as_of` is when it was made, and all else is of the log."""
    report = report_of(DATA)
    assert (report.as_of, report.complete_until) == ("2026-11-30T12:00:00Z", "2026-11-29T21:00:00Z")
    assert (report.first_exposure, report.alpha) == ("2026-10-01 00:00:07.123", (0.01, 0.04))
    later = report_of(DATA, as_of=datetime(2026, 12, 2, tzinfo=UTC))
    assert replace(later, as_of=report.as_of) == report


def test_every_report_names_what_it_compares() -> None:
    """Being answered is not having seen, and Apple's fallback is named where an arm is left to it."""
    assert report_of(DATA).notes[:2] == (NONE, ANSWERED)
    arms = (StudiedArm("control", 5000), StudiedArm("switch", 5000, is_fallback=True))
    assert report_of(DATA, studied_of(arms=arms)).notes[0] == (
        "switch is left to Apple's fallback at that time: App Store Connect's message with its automatic offers, else"
        " your default message, else no message."
    )


def test_a_holdout_is_compared_with_apple_s_fallback() -> None:
    """Never with "no message" or a "control group"."""
    rows = cohort({HELD: 480, SERVED: 530}, slots=None)
    arms = (StudiedArm(HELD, 500, is_fallback=True), StudiedArm(SERVED, 9500))
    report = report_of(data_of(rows, NOT_DUE), studied_of(arms=arms, is_holdout=True))
    assert report.notes[0].startswith("served compared with Apple's fallback at that time: App Store Connect's message")
    assert report.control.name == HELD
    assert (
        "A holdout has no plan, so there is no appointed reading: the interval at any time is its result."
        in report.notes
    )
    assert "control group" not in str(report)


def test_without_a_plan_the_report_shows_how_to_add_one() -> None:
    """It is descriptive: 30 days, and the interval at any time."""
    report = report_of(data_of(ROWS), studied_of(ReadingPlan()))
    assert any("no appointed reading. Add `plan:` to the next experiment" in note for note in report.notes)
    assert report.next_reading is None
    assert (report.verdict.state, report.verdict.exit_code) == ("sequence", 0)


def test_releases_that_cannot_be_read_are_named() -> None:
    """A change of the plan in one of them is not found, so the report names the release."""
    [one] = [note for note in report_of(DATA, studied_of(unreadable=(13,))).notes if "cannot be read" in note]
    assert one.startswith("The file of release 13 cannot be read here, so a change of the plan there")
    [two] = [note for note in report_of(DATA, studied_of(unreadable=(13, 14))).notes if "cannot be read" in note]
    assert two.startswith("The files of releases 13 and 14 cannot be read here")
    assert not any("cannot be read" in note for note in report_of(DATA).notes)


def test_an_experiment_of_the_log_alone_asks_for_its_file() -> None:
    """Its control was chosen by name, and it may well have a plan: another file has both."""
    report = report_of(data_of(ROWS), replace(studied_of(ReadingPlan()), is_known=False))
    [note] = [note for note in report.notes if "plan" in note and "control" in note]
    assert "No file and no release that was read has this experiment" in note
    assert f"{report.control.name} is taken as the control" in note
    assert "FILE`" in note
    assert not any("No plan was published" in note for note in report.notes)


def test_how_many_went_on_to_cancel_is_estimated_from_below() -> None:
    """Who is not kept after a day has seen the confirmation; the effect is diluted by all others."""
    [note] = [each for each in report_of(DATA).notes if "went on to" in each]
    assert note.startswith("At least 18.7")
    assert note.endswith("an effect is larger: at most this one divided by that share.")
    assert not any("went on to" in each for each in report_of(replace(DATA, curve=())).notes)


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (130, "40 more stay. It pays where one who stays goes on to pay at least 5.0 times the discount."),
        (118, "8 fewer stay. It does not pay, at any cost of the discount."),
    ],
    ids=["more", "fewer"],
)  # fmt: skip
def test_an_offer_has_its_break_even(kept: int, words: str) -> None:
    """Customers who would have stayed take the discount, too."""
    rows = [replace(row, redeemed=50, kept=kept) if row.arm == "switch" else row for row in ROWS]
    assert (
        f"Break-even of switch: per 1\u00a0000 customers 200 more redeem an offer, and {words}"
        in report_of(data_of(rows, NOT_DUE)).notes
    )
    assert not any("Break-even" in note for note in report_of(DATA).notes)


def test_a_void_plan_has_no_next_reading() -> None:
    """The sequence stands, and the reading is not read."""
    studied = studied_of()
    later = replace(studied.versions[0], release=15, published_at="2026-10-05T08:00:00+00:00", plan=None)
    report = report_of(data_of(ROWS, reading_of(ROWS)), replace(studied, versions=(*studied.versions, later)))
    assert (report.next_reading, report.primary[0].reading, report.verdict.state) == (None, None, "planEdited")


def test_an_experiment_that_no_customer_has_met() -> None:
    """Is not known yet, and nothing fails."""
    empty = data_of((), None, ratio=(), delivery=(), curve=(), keys=(), first_exposure=None)
    report = report_of(empty)
    assert (report.verdict.state, report.verdict.exit_code) == ("unknown", 3)
    assert (report.series[0].days, report.segments, report.curves) == ((), (), ())
