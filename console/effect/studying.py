"""What a report is about, found in a file, in the releases of a table, or in the log alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from retention.catalog import FALLBACK, SLOTS
from retention.log.record import HELD, SERVED

from console.effect.rows import EffectData
from console.effect.studied import FILE, RELEASE, ReadingPlan, Studied, StudiedArm, StudiedVersion
from console.file.entries import AnswerEntry, Document, ExperimentEntry, ExperimentPlan, HoldoutEntry
from console.file.mistakes import suggestion
from console.releases.experiments import PublishedExperiment, PublishedHoldout, PublishedTrials
from console.terminal.failure import Failure

# A log that has no arm of this name is compared with the first arm by name.
CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Trials:
    """What can be reported on: a file's experiments and holdout, and every version that was published of any.

    `document` is the file, or the newest release's; it has the answers of the arms.
    """

    document: Document | None
    published: PublishedTrials | None = None
    environment: str | None = None
    defaults_changed: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Return every key once, those of the file first."""
        found = [*self.document.experiments] if self.document is not None else []
        if self.document is not None and self.document.holdout is not None:
            found.append(self.document.holdout.key)
        if self.published is not None:
            found += [one.key for one in reversed(self.published.experiments) if one.went_live]
            found += [one.key for one in reversed(self.published.holdouts) if one.went_live]
        return tuple(dict.fromkeys(found))

    def holdout(self, key: str) -> HoldoutEntry | None:
        """Return the file's holdout, if it has this key."""
        found = None if self.document is None else self.document.holdout
        return found if found is not None and found.key == key else None


def study(trials: Trials, key: str) -> Studied:
    """Return what is studied under a key. Raises Failure, with the nearest key, where there is none."""
    if key not in trials.keys:
        raise Failure(f"There is no experiment or holdout `{key}`. {suggestion(key, trials.keys)}".rstrip())
    experiments: Sequence[PublishedExperiment] = ()
    holdouts: Sequence[PublishedHoldout] = ()
    if trials.published is not None:
        experiments = [one for one in trials.published.experiments if one.key == key and one.went_live]
        holdouts = [one for one in trials.published.holdouts if one.key == key and one.went_live]
    entry = None if trials.document is None else trials.document.experiments.get(key)
    holdout = trials.holdout(key)
    if entry is not None or experiments:
        found = _experiment(key, entry, experiments)
    else:
        found = _holdout(key, holdout, holdouts)
    unreadable = () if trials.published is None else trials.published.unreadable
    first = found.versions[0].release if found.versions else 0
    return replace(
        found,
        environment=trials.environment,
        defaults_changed=trials.defaults_changed,
        unreadable=tuple(release for release in unreadable if release > first),
    )


def _experiment(key: str, entry: ExperimentEntry | None, published: Sequence[PublishedExperiment]) -> Studied:
    versions = tuple(_version(one) for one in published)
    newest = versions[-1] if versions else None
    answers = {} if entry is None else {arm.name: arm.answer for arm in entry.arms}
    arms = newest.arms if newest else entry.shares if entry else ()
    control = newest.control if newest else (entry.control if entry and entry.control else arms[0][0])
    plan = newest.plan if newest else None if entry is None else plan_of(entry.plan)
    ordered = sorted(arms, key=lambda arm: arm[0] != control)
    return Studied(
        key=key,
        is_holdout=False,
        environment=None,
        arms=tuple(StudiedArm(name, slots, _falls_back(answers.get(name))) for name, slots in ordered),
        plan=plan or ReadingPlan(),
        versions=versions,
    )


def _version(one: PublishedExperiment) -> StudiedVersion:
    at = "" if one.published_at is None else one.published_at.isoformat()
    plan = plan_of(one.plan)
    if plan is not None:
        plan = replace(plan, origin=RELEASE, release=one.release, published_at=at, digest=one.digest)
    return StudiedVersion(one.release, at, one.control or one.arms[0][0], tuple(one.arms), plan)


def plan_of(plan: ExperimentPlan | None) -> ReadingPlan | None:
    """Return a file's plan as a report reads it."""
    if plan is None:
        return None
    return ReadingPlan(plan.metric, plan.horizon_days, plan.customers, tuple(plan.guardrails), FILE)


def _falls_back(answer: AnswerEntry | None) -> bool:
    return answer is not None and answer.kind == FALLBACK


def _holdout(key: str, entry: HoldoutEntry | None, published: Sequence[PublishedHoldout]) -> Studied:
    """Return a holdout: those held out are what those served are compared with. It has no plan."""
    versions = tuple(
        StudiedVersion(
            one.release, "" if one.published_at is None else one.published_at.isoformat(), HELD, tuple(one.arms), None
        )
        for one in published
    )
    slots = published[-1].slots if published else (entry.slots or 0) if entry is not None else 0
    falls_back = not published[-1].messages if published else entry is not None and _falls_back(entry.answer)
    return Studied(
        key=key,
        is_holdout=True,
        environment=None,
        arms=(StudiedArm(HELD, slots, falls_back), StudiedArm(SERVED, SLOTS - slots)),
        plan=ReadingPlan(),
        versions=versions,
    )


def study_log(key: str, data: EffectData) -> Studied:
    """Return what the log alone shows of an experiment: its arms with their slots, and no plan.

    The control is the arm named so, else the first by name. A holdout's lines have no slots, so its shares are not
    known and are 0. Raises Failure where the log has no arm of it.
    """
    slots: dict[str, int] = {}
    for row in data.ratio:
        slots[row.arm] = row.slots or slots.get(row.arm, 0)
    if not slots:
        raise no_exposures(key)
    is_holdout = set(slots) <= {HELD, SERVED}
    names = sorted(slots, key=lambda name: (name not in {CONTROL, HELD}, name))
    even = SLOTS // len(names) if any(slots.values()) else 0
    return Studied(
        key=key,
        is_holdout=is_holdout,
        environment=None,
        arms=tuple(StudiedArm(name, slots[name] or even) for name in names),
        plan=ReadingPlan(),
        is_known=False,
    )


def no_exposures(key: str, known: Iterable[str] = ()) -> Failure:
    """Return the error for a key that no line of the log has."""
    others = list(known)
    hint = f" {suggestion(key, others)}" if others else ""
    return Failure(f"No exposure of `{key}` is in the log.{hint} Name the log of the function that Apple calls.")
