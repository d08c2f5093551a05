"""Which version of a plan counts, and whether plan and split stayed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from console.effect.epoch_groups import find_epochs
from console.effect.plan_checks import as_planned, first_version, plan_unchanged, split_unchanged, utc
from console.effect.studied import NONE, ReadingPlan, StudiedVersion
from tests.support.made_reports import PLAN, cohort_row, studied_of

FIRST = "2026-10-01 00:00:07.123"
BEFORE, AFTER = "2026-09-30T08:00:00+00:00", "2026-10-05T08:00:00+00:00"
DAY = "2026-10-02"
EVEN = (("control", 5000), ("switch", 5000))


def version(release: int, at: str, plan: ReadingPlan | None = PLAN, control: str = "control") -> StudiedVersion:
    return StudiedVersion(release, at, control, EVEN, plan)


def test_instants_are_compared_in_utc() -> None:
    """In the form of the rows, from every zone that a release has."""
    assert utc("2026-10-01T02:00:07.123+02:00") == FIRST
    assert utc("2026-10-01T00:00:07.123Z") == FIRST


def test_the_plan_before_the_first_exposure_counts() -> None:
    """Of several the newest; a later one does not, and without one there is none."""
    edited = replace(PLAN, customers=99)
    studied = studied_of(edited, versions=(version(11, BEFORE, None), version(12, BEFORE), version(15, AFTER, edited)))
    assert as_planned(studied, FIRST).plan == PLAN
    assert first_version(studied, None) == version(15, AFTER, edited)
    none = as_planned(studied_of(versions=(version(12, BEFORE, None), version(15, AFTER))), FIRST).plan
    assert (none.origin, none.metric, none.horizon_days, none.customers) == (NONE, "kept", 30, None)
    assert as_planned(studied_of(versions=()), FIRST).plan == PLAN


@pytest.mark.parametrize(
    "changed",
    [{"metric": "renewed"}, {"horizon_days": 60}, {"customers": 99}, {"guardrails": ()}],
    ids=["metric", "days", "customers", "guardrails"],
)
def test_an_edit_after_the_first_exposure_is_named(changed: dict[str, Any]) -> None:
    """With both releases; what a release does not change is no edit."""
    found = plan_unchanged(
        studied_of(versions=(version(12, BEFORE), version(15, AFTER, replace(PLAN, **changed)))), FIRST
    )
    assert (found.ok, found.withholds, found.value) == (False, True, "12, 15")
    assert found.found == "release 12 had the plan, and release 15 changed it after the first exposure"
    same = replace(PLAN, release=15, published_at=AFTER, digest="other")
    assert plan_unchanged(studied_of(versions=(version(12, BEFORE), version(15, AFTER, same))), FIRST).ok


def test_a_plan_that_came_late_or_went_is_an_edit() -> None:
    """Added, taken away, first published after the first exposure, or with another control."""
    added = plan_unchanged(studied_of(versions=(version(12, BEFORE, None), version(15, AFTER))), FIRST)
    assert added.found == "release 12 had no plan, and release 15 changed it after the first exposure"
    assert not plan_unchanged(studied_of(versions=(version(12, BEFORE), version(15, AFTER, None))), FIRST).ok
    late = plan_unchanged(studied_of(versions=(version(15, AFTER),)), FIRST)
    assert (late.ok, late.value) == (False, "15")
    assert late.found == "release 15 published the plan after the first exposure"
    turned = (version(12, BEFORE), version(15, AFTER, control="switch"))
    assert not plan_unchanged(studied_of(versions=turned), FIRST).ok


def test_where_no_release_is_known_nothing_is_found() -> None:
    """A file alone does not show when it was written."""
    assert plan_unchanged(studied_of(versions=()), FIRST).found == "not judged: only --env knows the releases"
    assert plan_unchanged(studied_of(versions=(version(12, BEFORE, None),)), FIRST).found == "no plan of release 12"


def test_other_shares_are_a_remark_and_other_arms_a_fault() -> None:
    """Shares are compared epoch by epoch, which works only between the same arms."""
    even = [cohort_row("control", "2026-10-01", 1, 1), cohort_row("switch", "2026-10-01", 1, 1)]
    studied = studied_of(versions=())
    assert split_unchanged(find_epochs(even, studied), " --env e").ok
    shares = [
        *even,
        cohort_row("control", "2026-10-02", 1, 1, 14, 9000),
        cohort_row("switch", "2026-10-02", 1, 1, 14, 1000),
    ]
    found = split_unchanged(find_epochs(shares, studied), " --env e")
    assert (found.ok, found.withholds) == (False, False)
    assert found.found == "the shares changed with releases 12 and 14, so arms are compared epoch by epoch"
    arms = [
        *even,
        cohort_row("control", "2026-10-02", 1, 1, 14, 5000),
        cohort_row("offer", "2026-10-02", 1, 1, 14, 5000),
    ]
    other = split_unchanged(find_epochs(arms, studied), " --env e")
    assert (other.ok, other.withholds) == (False, True)
    assert other.remedy == "Begin again under a new key: retention publish FILE --env e."
