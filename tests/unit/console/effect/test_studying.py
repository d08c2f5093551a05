"""What a report is about: from a file, from the releases of a table, or from the log alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from retention.catalog import FALLBACK
from retention.log.record import HELD, SERVED

from console.effect.rows import RatioRow
from console.effect.studied import FILE, NONE, RELEASE, StudiedArm
from console.effect.studying import Trials, no_exposures, study, study_log
from console.file.document import read_named
from console.file.entries import AnswerEntry, Document, ExperimentPlan, HoldoutEntry
from console.file.mistakes import Place
from console.local.samples import SAMPLE
from console.releases.experiments import PublishedExperiment, PublishedHoldout, PublishedTrials
from console.terminal.failure import Failure
from tests.support.made_reports import data_of

AT = Place(1, "file")
SAMPLE_FILE = read_named(SAMPLE, "")
KEY = "switch-2026q4"
PLAN = ExperimentPlan("kept", 45, 62_000, ("refunded",))
HOLDOUT = HoldoutEntry("h-2026h2", 500, AnswerEntry(FALLBACK, "", AT, AT), AT, AT)
WHEN = datetime(2026, 9, 30, 8, tzinfo=UTC)


def document(**changed: object) -> Document:
    """Return the sample with other fields of its experiment."""
    entry = SAMPLE_FILE.experiments[KEY]
    rules = tuple(
        replace(rule, gives=replace(entry, **changed)) if rule.gives == entry else rule  # type: ignore[arg-type]  # fields by name
        for rule in SAMPLE_FILE.rules
    )
    return replace(SAMPLE_FILE, rules=rules, holdout=HOLDOUT)


def published(release: int, *, live: bool = True, plan: ExperimentPlan | None = PLAN) -> PublishedExperiment:
    return PublishedExperiment(
        release, WHEN, live, KEY, "switch", (("control", 9000), ("switch", 1000)), plan, "ab" * 32
    )


def test_a_file_s_experiment_has_its_plan_and_control() -> None:
    """The control is named, else the first arm; an arm that answers `fallback` is known."""
    found = study(Trials(document(plan=PLAN)), KEY)
    assert [arm.name for arm in found.arms] == ["control", "switch"]
    assert (found.plan.origin, found.plan.horizon_days, found.plan.customers) == (FILE, 45, 62_000)
    assert (found.versions, found.is_holdout) == ((), False)
    entry = SAMPLE_FILE.experiments[KEY]
    fallback = replace(entry.arms[1], answer=HOLDOUT.answer)
    turned = study(Trials(document(control="switch", arms=(entry.arms[0], fallback))), KEY)
    assert [(arm.name, arm.is_fallback) for arm in turned.arms] == [("switch", True), ("control", False)]
    assert study(Trials(document(plan=None)), KEY).plan.origin == NONE


def test_releases_whose_file_cannot_be_read_are_known() -> None:
    """Damaged, or of another version: what they planned is not known. Those before the experiment do not matter."""
    trials = Trials(document(plan=PLAN), PublishedTrials((published(12),), (), (3, 13)))
    assert study(trials, KEY).unreadable == (13,)
    assert study(Trials(document(plan=PLAN)), KEY).unreadable == ()


def test_releases_count_more_than_the_file() -> None:
    """Their control, shares and plan; what never went live is no version."""
    trials = Trials(
        document(),
        PublishedTrials((published(12), published(13), published(14, live=False)), (), ()),
        "production",
        ("x",),
    )
    found = study(trials, KEY)
    assert [version.release for version in found.versions] == [12, 13]
    assert [(arm.name, arm.slots) for arm in found.arms] == [("switch", 1000), ("control", 9000)]
    assert (found.plan.origin, found.plan.release, found.plan.published_at) == (
        RELEASE,
        13,
        "2026-09-30T08:00:00+00:00",
    )
    assert (found.environment, found.defaults_changed) == ("production", ("x",))
    gone = study(Trials(None, PublishedTrials((published(12, plan=None),), (), ())), KEY)
    assert (gone.plan.origin, gone.versions[0].plan) == (NONE, None)


def test_a_holdout_is_compared_with_those_held_out() -> None:
    """Left to Apple's fallback, or shown a named message."""
    found = study(Trials(document()), "h-2026h2")
    assert found.arms == (StudiedArm(HELD, 500, is_fallback=True), StudiedArm(SERVED, 9500))
    assert found.is_holdout
    released = PublishedHoldout(12, WHEN, True, "h-2026h2", 1000, "keep-pro", "ab")  # noqa: FBT003  # went live
    named = study(Trials(None, PublishedTrials((), (released,), ())), "h-2026h2")
    assert named.arms == (StudiedArm(HELD, 1000), StudiedArm(SERVED, 9000))
    assert [version.arms for version in named.versions] == [((HELD, 1000), (SERVED, 9000))]


def test_another_key_is_refused_with_the_nearest_one() -> None:
    """Of the file and of all releases."""
    trials = Trials(document(), PublishedTrials((replace(published(3), key="older"),), (), ()))
    assert trials.keys == (KEY, "h-2026h2", "older")
    with pytest.raises(Failure, match=r"no experiment or holdout `switch-2026q5`.*switch-2026q4"):
        study(trials, "switch-2026q5")


def test_the_log_alone_has_arms_and_no_plan() -> None:
    """The control is the arm named so, else the first by name."""
    ratio = [RatioRow(arm, 12, slots, "2026-10-01", 9) for arm, slots in (("b", 3000), ("control", 7000))]
    found = study_log(KEY, data_of((), None, ratio=tuple(ratio)))
    assert found.arms == (StudiedArm("control", 7000), StudiedArm("b", 3000))
    assert (found.plan.origin, found.is_holdout, found.is_known) == (NONE, False, False)
    held = [RatioRow(arm, 12, None, "2026-10-01", 9) for arm in (SERVED, HELD)]
    holdout = study_log("h", data_of((), None, ratio=tuple(held)))
    assert (holdout.is_holdout, holdout.control, holdout.arms[0].slots) == (True, HELD, 0)
    with pytest.raises(Failure, match=f"No exposure of `{KEY}` is in the log"):
        study_log(KEY, data_of((), None, ratio=()))
    assert "switch" in str(no_exposures("swich", ["switch"]))
