"""What every release of a table tries: its experiments with their plans, and its holdout, as they were published.

The function reads neither plan nor control. They are in the file that each release keeps, under the digest that the
release vouches for; so they are dated, and a plan that was changed after the start is found by its digest.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import SLOTS
from retention.errors import UnreadableRowError
from retention.log.record import HELD, SERVED

from console.file.document import read_document
from console.file.entries import Document, ExperimentEntry, ExperimentPlan, LayerEntry, Shares, TrafficStep
from console.file.mistakes import Mistakes
from console.file.plans import plan_document
from console.releases.listing import Listed, list_releases
from console.releases.read import source_of
from console.terminal.output import ReportProgress, no_progress


@dataclass(frozen=True, slots=True)
class PublishedExperiment:
    """One experiment of one release.

    `arms` are names and slots of 10 000, in the order that gives customers their arms. `digest` is of what was planned:
    key, control, names of the arms, plan. Two releases with one digest have the same plan, also with other shares.
    `went_live` is False for a release that no request has met.
    """

    release: int
    published_at: datetime | None
    went_live: bool
    key: str
    control: str
    arms: Shares
    plan: ExperimentPlan | None
    digest: str
    layer: LayerEntry | None = None
    traffic: tuple[TrafficStep, ...] | None = None


@dataclass(frozen=True, slots=True)
class PublishedHoldout:
    """The holdout of one release: `slots` of 10 000 are held out. `messages` is the set they get; empty: fallback.

    `digest` is of key, slots and answer: customers of two releases with one digest can be compared together.
    """

    release: int
    published_at: datetime | None
    went_live: bool
    key: str
    slots: int
    messages: str
    digest: str

    @property
    def arms(self) -> Shares:
        """The two arms, as the log line names them."""
        return ((HELD, self.slots), (SERVED, SLOTS - self.slots))


@dataclass(frozen=True, slots=True)
class PublishedTrials:
    """All of a table, by release. `unreadable`: releases whose file is damaged, or is one of another version."""

    experiments: tuple[PublishedExperiment, ...]
    holdouts: tuple[PublishedHoldout, ...]
    unreadable: tuple[int, ...]


def read_trials(app_table: AppTable, progress: ReportProgress = no_progress) -> PublishedTrials:
    """Return the experiments and holdouts of every complete release, oldest first. A file that two have is read once.

    A release that was deleted (`retention prune`) is not among them.
    """
    listed = [one for one in reversed(list_releases(app_table)) if one.complete]
    read: dict[str, Document | None] = {}
    experiments: list[PublishedExperiment] = []
    holdouts: list[PublishedHoldout] = []
    unreadable: list[int] = []
    for done, one in enumerate(listed, 1):
        if one.source_digest not in read:
            read[one.source_digest] = _document(app_table, one)
        document = read[one.source_digest]
        if document is None:
            unreadable.append(one.number)
        else:
            experiments += [_experiment(one, entry) for entry in document.experiments.values()]
            holdouts += _holdout(one, document)
        progress("reading releases", done, len(listed))
    return PublishedTrials(tuple(experiments), tuple(holdouts), tuple(unreadable))


def plan_digest(experiment: ExperimentEntry) -> str:
    """Return the digest of what an experiment plans, in lower-case hex: that of a file, to compare with a release's."""
    return rows.digest_of(rows.canonical(plan_document(experiment)))


def _document(app_table: AppTable, listed: Listed) -> Document | None:
    """Return the file of a release; None where it is not the published one, or this version cannot read it."""
    try:
        source = source_of(
            {rows.string(item, "sk"): item for item in app_table.of_release(listed.number, prefix=rows.SOURCE)}
        )
        if rows.digest_of(source) != listed.source_digest:
            return None
        document = read_document(source, file=f"release {listed.number}")
    except (UnreadableRowError, Mistakes, zlib.error):
        return None
    return None if document.mistakes else document


def _experiment(listed: Listed, entry: ExperimentEntry) -> PublishedExperiment:
    return PublishedExperiment(
        release=listed.number,
        published_at=listed.published_at,
        went_live=listed.went_live,
        key=entry.key,
        control=entry.control,
        arms=entry.shares,
        plan=entry.plan,
        digest=plan_digest(entry),
        layer=entry.layer,
        traffic=entry.traffic,
    )


def _holdout(listed: Listed, document: Document) -> list[PublishedHoldout]:
    holdout = document.holdout
    if holdout is None or holdout.slots is None or holdout.answer is None:
        return []
    messages = holdout.answer.messages
    digest = rows.digest_of(rows.canonical({"key": holdout.key, "slots": holdout.slots, "messages": messages}))
    return [
        PublishedHoldout(
            listed.number, listed.published_at, listed.went_live, holdout.key, holdout.slots, messages, digest
        )
    ]
