"""Each check finds one fault, names it, and has the command that repairs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from console.effect.evidence import TrustEvidence
from console.effect.findings import Report, ReportCheck
from console.effect.rows import DeliveryRow, EffectData, KeyRow, RatioRow
from console.effect.studied import Studied, StudiedArm
from console.effect.studying import study_log
from tests.support.analysis_parts import needs_analysis
from tests.support.made_reports import (
    CLEAR,
    NOT_DUE,
    PLAN,
    cohort,
    cohort_row,
    data_of,
    evidence_of,
    reading_of,
    report_of,
    seen_days,
    studied_of,
)  # fmt: skip

pytestmark = needs_analysis

ROWS = cohort(CLEAR)
GOOD = data_of(ROWS, reading_of(ROWS))
AFTER = "2026-10-05T08:00:00+00:00"
FALLBACK = (StudiedArm("control", 5000, is_fallback=True), StudiedArm("switch", 5000))
NAMES = [
    "sampleRatio", "outcomesComplete", "notifiedDaily", "heardOf", "oneKey", "rehearsals", "planUnchanged",
    "splitUnchanged", "crossedOver", "guardrail", "delivered",
]  # fmt: skip


def made(data: EffectData = GOOD, studied: Studied | None = None, evidence: TrustEvidence | None = None) -> Report:
    return report_of(data, studied, evidence)


def check(report: Report, name: str) -> ReportCheck:
    return next(one for one in report.checks if one.name == name)


def test_a_good_report_passes_every_check() -> None:
    """In a fixed order, and none of them has a remedy."""
    report = made()
    assert [one.name for one in report.checks] == NAMES
    assert [one.name for one in report.failed] == []
    assert {one.remedy for one in report.checks} == {""}
    assert report.verdict.exit_code == 0


def one_arm_unheard() -> EffectData:
    rows = [replace(row, heard_of=0) if row.arm == "switch" else row for row in ROWS]
    return data_of(rows, reading_of(rows))


def one_day_missing() -> TrustEvidence:
    return evidence_of(notified=tuple((day, 500) for day in seen_days(61) if day != "2026-10-14"))


def edited() -> Studied:
    studied = studied_of()
    later = replace(studied.versions[0], release=15, published_at=AFTER, plan=replace(PLAN, customers=9))
    return replace(studied, versions=(*studied.versions, later))


def other_key() -> EffectData:
    return replace(GOOD, keys=(*GOOD.keys, KeyRow("outcomes", "ffffffff", 10, "2026-10-20", "2026-11-29")))


ROW_14 = {
    "heardOf": lambda: made(one_arm_unheard()),
    "notifiedDaily": lambda: made(evidence=one_day_missing()),
    "oneKey": lambda: made(other_key()),
    "planUnchanged": lambda: made(studied=edited()),
    "rehearsals": lambda: made(evidence=evidence_of(rehearsals=12)),
}


@pytest.mark.parametrize("name", ROW_14)
def test_what_spoils_a_report_is_named_by_its_own_check(name: str) -> None:
    """Outcomes withheld for one arm, a day without notifications, another customerKey, an edited plan, a rehearsal.

    The sentence is withheld with exit code 4, and the check alone fails, with what to do.
    """
    report = ROW_14[name]()
    assert [one.name for one in report.failed] == [name]
    assert report.verdict.state in {"withheld", "planEdited"}
    assert report.verdict.exit_code == 4
    assert check(report, name).found in report.verdict.sentence
    assert check(report, name).remedy


def test_a_wrong_ratio_is_found() -> None:
    """By the e-value, over all epochs; an arm without a share must have no customers."""
    ratio = tuple(replace(row, customers=row.customers + (row.arm == "switch") * 40) for row in GOOD.ratio)
    report = made(replace(GOOD, ratio=ratio))
    found = check(report, "sampleRatio")
    assert [one.name for one in report.failed] == ["sampleRatio"]
    assert isinstance(found.value, float)
    assert (found.value > 100, found.threshold) == (True, 100)
    assert "chi-square p" in found.found
    stray = RatioRow("gone", 12, 5000, "2026-10-02", 5)
    assert not check(made(replace(GOOD, ratio=(*GOOD.ratio, stray))), "sampleRatio").ok


def test_outcomes_must_be_there_and_reach_the_exposures() -> None:
    """Without any the log is missing; without a watermark it is stated that the end is assumed."""
    none = check(made(replace(GOOD, keys=GOOD.keys[:1])), "outcomesComplete")
    assert none.found == "there is no outcome at all in the log of notifications"
    assert check(made(evidence=evidence_of(has_watermark=False)), "outcomesComplete").found == (
        "until 2026-11-29 21:00, assumed, since no line states it"
    )
    later = (replace(GOOD.keys[0], last_day="2026-12-20"), GOOD.keys[1])
    late = check(made(replace(GOOD, keys=later)), "outcomesComplete")
    assert (late.ok, late.remedy) == (False, "Find out why: retention notifications status --env production.")
    assert "exposures go on for 21 days more" in late.found


def test_a_log_of_rehearsals_alone_has_the_option_that_counts_them() -> None:
    """Next to customers of Apple they are a fault of the log; without any, they are what a sandbox has."""
    evidence = evidence_of(rehearsals=12)
    assert check(made(evidence=evidence), "rehearsals").remedy.startswith("Export the log of the stack that Apple")
    played = replace(GOOD, ratio=(), cohort=(), reading=None)
    assert (
        "Add --rehearsals to report on what was played" in check(made(played, evidence=evidence), "rehearsals").remedy
    )


def test_few_notifications_a_day_are_not_judged() -> None:
    """A small app has days without one, and so has one whose last customers fade; that is no fault."""
    few = check(made(evidence=evidence_of(notified=(("2026-10-03", 4), ("2026-10-09", 6)))), "notifiedDaily")
    assert (few.ok, few.value, few.found) == (True, 0, "too few a day to judge")
    fading = tuple((day, 500 >> (at // 4)) for at, day in enumerate(seen_days(61)))
    assert check(made(evidence=evidence_of(notified=fading)), "notifiedDaily").ok
    gap = evidence_of(notified=tuple((day, 500) for day in seen_days(50)))
    assert check(made(evidence=gap), "notifiedDaily").found == (
        "no notification arrived on 2026-11-20, 2026-11-21, 2026-11-22 and 6 days more"
    )


def test_arms_may_differ_a_little_in_what_is_heard() -> None:
    """An arm that keeps customers has fewer notifications; a fifth less is a fault. Few customers are not judged."""
    for heard, ok in ((170, True), (150, False)):
        rows = [replace(row, heard_of=heard if row.arm == "switch" else 200) for row in ROWS]
        assert check(made(data_of(rows, NOT_DUE)), "heardOf").ok == ok
    rows = [replace(row, heard_of=0) for row in ROWS]
    assert not check(made(data_of(rows, NOT_DUE)), "heardOf").ok
    few = check(made(data_of(cohort(CLEAR, customers=1, days=10), NOT_DUE)), "heardOf")
    assert (few.ok, few.value, few.found) == (True, None, "too few ripe customers to judge")


@pytest.mark.parametrize(
    ("customers", "heard", "kept", "ok"),
    [
        (100, (10, 5), (90, 95), True),  # chance, of a yearly subscription
        (100, (50, 36), (50, 64), True),  # chance, and fewer than four fifths
        (100, (50, 0), (50, 100), False),
        (10_000, (1200, 800), (8800, 9200), True),  # all who were lost, and no one else, are heard of
        (10_000, (1200, 200), (8800, 9800), False),
        (10_000, (9600, 4800), (5000, 7500), False),  # half of what was reported is missing
    ],
)
def test_an_effect_and_chance_are_no_missing_outcomes(
    customers: int, heard: tuple[int, int], kept: tuple[int, int], *, ok: bool
) -> None:
    """Who stays with a yearly subscription is not heard of, so an arm that keeps more may be heard of less."""
    arms = zip(("control", "switch"), heard, kept, strict=True)
    rows = [
        replace(cohort_row(arm, ROWS[0].seen_day, customers, stayed), heard_of=count, cancelled=customers - stayed)
        for arm, count, stayed in arms
    ]
    assert check(made(data_of(rows, NOT_DUE)), "heardOf").ok == ok


def test_shares_that_are_not_known_are_not_judged() -> None:
    """A holdout's lines have no slots: without the file, no number of customers is too high."""
    rows = tuple(RatioRow(arm, 12, None, "2026-10-01", count) for arm, count in (("held", 268), ("served", 4732)))
    data = data_of((), None, ratio=rows)
    found = check(made(data, study_log("h-1", data)), "sampleRatio")
    assert (found.ok, found.found) == (True, "not judged: the log alone does not have the shares; name FILE")


def test_customers_of_two_arms_are_one_in_a_hundred_at_most() -> None:
    """More mean that weights were changed under a live key."""
    for crossed, ok in ((2, True), (3, False)):
        rows = [replace(row, crossed=crossed) for row in ROWS]
        found = check(made(data_of(rows, NOT_DUE)), "crossedOver")
        assert (found.ok, found.withholds, found.threshold) == (ok, True, 0.01)


def test_a_guardrail_stops_the_experiment() -> None:
    """Harm that is shown at any time withholds the sentence, with the command that ends the arm."""
    rows = [replace(row, refunded=25 if row.arm == "switch" else 2) for row in ROWS]
    report = made(data_of(rows, reading_of(rows)))
    found = check(report, "guardrail")
    assert report.verdict.state == "withheld"
    assert found.found.startswith("switch, refunded: at least ")
    assert found.found.endswith(" points worse than control")
    assert found.remedy == "End switch: give its weight to the control, then retention publish FILE --env production."
    few = [replace(row, refunded=0) for row in ROWS]
    assert "guardrail" not in [one.name for one in made(data_of(few, NOT_DUE)).checks]


def test_answers_that_were_not_delivered_are_a_remark() -> None:
    """Customers stay in their arm; an arm that is left to Apple's fallback delivers nothing."""
    delivery = (DeliveryRow("control", 9000, 0, 9000, 0), DeliveryRow("switch", 9000, 8000, 0, 0))
    report = made(replace(GOOD, delivery=delivery), studied_of(arms=FALLBACK))
    found = check(report, "delivered")
    assert (found.ok, found.withholds, report.verdict.exit_code) == (False, False, 0)
    assert found.found == "only 88.89\u00a0% of the requests of switch got the arm's answer"
    assert check(made(replace(GOOD, delivery=())), "delivered").found == "nothing to deliver"


@pytest.mark.parametrize(
    ("at", "ok"), [("2026-10-14T10:00:00+00:00", False), ("2026-09-01T10:00:00+00:00", True), ("", True)], ids=str
)
def test_a_change_of_apple_s_fallback_is_a_remark(at: str, ok: bool) -> None:  # noqa: FBT001  # a parameter
    """Where an arm is left to it, and default messages changed within the window."""
    found = check(made(studied=studied_of(arms=FALLBACK, defaults_changed=(at,))), "fallbackUnchanged")
    assert (found.ok, found.withholds) == (ok, False)
    assert ok or found.found == "default messages changed, last on 14 Oct 2026"


@pytest.mark.parametrize(
    ("period", "longest", "proposed"), [("P2W", 14, None), ("P1M", 30, 67), ("P3M", 90, 127), ("P1Y", 365, 402)]
)
def test_an_offer_that_still_runs_at_the_last_day_is_a_remark(period: str, longest: int, proposed: int | None) -> None:
    """It measures who accepted the offer; the remark proposes the days to plan."""
    found = check(made(evidence=evidence_of(offers=(("switch", period, 9), ("switch", "?", 9)))), "offerEnded")
    assert (found.value, found.threshold, found.ok) == (longest, 30, proposed is None)
    assert proposed is None or f"Plan `horizonDays: {proposed}` next time" in found.remedy


def test_the_command_names_the_environment_to_fill_in() -> None:
    """Where only a file is known."""
    later = (replace(GOOD.keys[0], last_day="2026-12-20"), GOOD.keys[1])
    found = check(made(replace(GOOD, keys=later), studied_of(environment=None)), "outcomesComplete")
    assert found.remedy.endswith("--env ENV.")


def test_checks_do_not_depend_on_when_the_report_is_made() -> None:
    """Two days later, or twenty, they find the same."""
    assert report_of(GOOD, as_of=datetime(2026, 12, 24, tzinfo=UTC)).checks == made().checks


def test_an_experiment_without_customers_is_judged() -> None:
    """No check fails where nothing was seen."""
    empty = data_of((), None, ratio=(), delivery=(), keys=(), first_exposure=None)
    assert report_of(empty).failed == ()
    assert cohort_row("control", "2026-10-01", 1, 1).customers == 1
