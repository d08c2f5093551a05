"""Whether an experiment was planned before it was seen: which version counts, and whether plan and split stayed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from console.effect.epoch_groups import EpochGroups
from console.effect.findings import ReportCheck
from console.effect.studied import ReadingPlan, Studied, StudiedVersion
from console.effect.words import listed


def utc(text: str) -> str:
    """Return an instant of ISO 8601 as the rows have it, so that both compare: `2026-11-30 00:53:20.122` in UTC."""
    at = datetime.fromisoformat(text)
    return (at.replace(tzinfo=None) - (at.utcoffset() or timedelta())).isoformat(" ", "milliseconds")


def as_planned(studied: Studied, first_exposure: str | None) -> Studied:
    """Return what is studied with the plan that was published before the first exposure: a later one does not count."""
    before = first_version(studied, first_exposure)
    return studied if before is None else replace(studied, plan=before.plan or ReadingPlan())


def first_version(studied: Studied, first_exposure: str | None) -> StudiedVersion | None:
    """Return the newest version that was published before the first exposure, or the first one at all."""
    before = [one for one in studied.versions if first_exposure is None or utc(one.published_at) <= first_exposure]
    return before[-1] if before else studied.versions[0] if studied.versions else None


def plan_unchanged(studied: Studied, first_exposure: str | None) -> ReportCheck:
    """Return the check that the plan is older than the first exposure: later ones could follow what was seen."""
    name, before = "planUnchanged", first_version(studied, first_exposure)
    if before is None:
        return ReportCheck(name, ok=True, value=None, threshold=None, found="not judged: only --env knows the releases")
    after = next((one for one in studied.versions if one.release > before.release and _differs(one, before)), None)
    late = before.plan is not None and first_exposure is not None and utc(before.published_at) > first_exposure
    if after is None and not late:
        found = f"{'plan' if before.plan else 'no plan'} of release {before.release}"
        return ReportCheck(name, ok=True, value=str(before.release), threshold=None, found=found)
    if after is None:
        found = f"release {before.release} published the plan after the first exposure"
    else:
        had = "had the plan" if before.plan else "had no plan"
        found = f"release {before.release} {had}, and release {after.release} changed it after the first exposure"
    return ReportCheck(
        name,
        ok=False,
        value=str(before.release) if after is None else f"{before.release}, {after.release}",
        threshold=None,
        found=found,
        remedy="The interval at any time stands. For a reading by a new plan begin again under a new key.",
    )


def _differs(one: StudiedVersion, before: StudiedVersion) -> bool:
    return _essence(one.plan) != _essence(before.plan) or (one.plan is not None and one.control != before.control)


def _essence(plan: ReadingPlan | None) -> tuple[object, ...] | None:
    """Return what may not change in a plan."""
    return None if plan is None else (plan.metric, plan.horizon_days, plan.customers, plan.guardrails)


def split_unchanged(groups: EpochGroups, environment: str) -> ReportCheck:
    """Return whether arms and shares stayed. Other shares are compared epoch by epoch; with other arms nothing is."""
    name, epochs = "splitUnchanged", groups.epochs
    if len(epochs) <= 1:
        return ReportCheck(name, ok=True, value=len(epochs), threshold=1, found="split unchanged")
    releases = listed([str(release) for epoch in epochs for release in epoch.releases[:1]])
    if len({frozenset(epoch.shares) for epoch in epochs}) > 1:
        return ReportCheck(
            name,
            ok=False,
            value=len(epochs),
            threshold=1,
            found=f"the arms changed with releases {releases}",
            remedy=f"Begin again under a new key: retention publish FILE{environment}.",
        )
    return ReportCheck(
        name,
        ok=False,
        value=len(epochs),
        threshold=1,
        found=f"the shares changed with releases {releases}, so arms are compared epoch by epoch",
        remedy="Use `traffic` to let more customers in: it keeps the shares.",
        withholds=False,
    )
