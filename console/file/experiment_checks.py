"""What is wrong with experiments and the holdout though each is well formed, and what changes for customers in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from retention.catalog import SLOTS
from retention.locales import APPLE_LOCALES

from console.file.checks import some
from console.file.entries import Document, ExperimentEntry, HoldoutEntry, LayerEntry, Shares, TrafficStep
from console.file.mistakes import Mistake, Notes


@dataclass(frozen=True, slots=True)
class RunningExperiments:
    """What the live release tries: its experiments by key, and its holdout."""

    experiments: Mapping[str, ExperimentEntry] = field(default_factory=dict)
    holdout: HoldoutEntry | None = None


def check_experiments(
    document: Document,
    live: RunningExperiments,
    now: datetime,
    notes: Notes,
    warnings: list[Mistake],
    *,
    reshuffle: bool,
) -> None:
    """Note a key used for two experiments, or for other arms than the `live` ones, and slots that two layers share.

    Warns where customers change arm, or drop out, as of `now`.
    """
    seen: dict[str, ExperimentEntry] = {}
    for rule in document.rules:
        experiment = rule.gives
        if not isinstance(experiment, ExperimentEntry) or any(arm.slots is None for arm in experiment.arms):
            continue
        _check_common_locale(experiment, document, notes)
        if not experiment.key:
            continue
        first = seen.setdefault(experiment.key, experiment)
        if first is not experiment:
            _check_same(first, experiment, notes)
        elif experiment.key in live.experiments:
            before = live.experiments[experiment.key]
            _check_live(experiment, before.shares, notes, warnings, reshuffle=reshuffle)
            warnings += _changes(experiment, before, now.timestamp())
    _check_layers(seen, notes)
    if document.holdout is not None:
        _check_holdout(document.holdout, document, notes)
        warnings += _holdout_changes(document.holdout, live.holdout)


def _check_same(first: ExperimentEntry, experiment: ExperimentEntry, notes: Notes) -> None:
    """Note what two rules with one experiment do not have in common: its customers have one arm, and it one result."""
    if first.shares != experiment.shares:
        notes.add(
            experiment.at,
            f"The experiment `{experiment.key}` stands on line {first.at.line} with other arms or weights.",
            "Give both the same arms and weights in the same order, or another `key` to one.",
        )
        return
    for name in ("control", "layer", "traffic", "plan"):
        if getattr(first, name) != getattr(experiment, name):
            wrong = f"The experiment `{experiment.key}` stands on line {first.at.line} with another `{name}`."
            notes.add(experiment.at, wrong, f"Give both the same `{name}`, or another `key` to one.")


def _check_common_locale(experiment: ExperimentEntry, document: Document, notes: Notes) -> None:
    """Arms are given in one locale that all of them have. Where there is none, no customer ever comes to one."""
    sets = {arm.answer.messages for arm in experiment.arms if arm.slots and arm.answer and arm.answer.messages}
    texts = [document.messages.get(name, {}).keys() for name in sorted(sets)]
    if not texts or not all(locales and locales <= APPLE_LOCALES for locales in texts):
        return  # nothing is shown, or what is wrong with the sets is noted there
    if not frozenset.intersection(*map(frozenset, texts)):
        names = some(sorted(sets))
        notes.add(
            experiment.at,
            f"No arm can ever be given: {names} have no locale in common, and arms are compared in one.",
            f"Give each of them a text in the same locale, such as `{_default_locale(document)}`.",
        )


def _default_locale(document: Document) -> str:
    return document.locales.default if document.locales is not None else "en-US"


def _check_layers(experiments: Mapping[str, ExperimentEntry], notes: Notes) -> None:
    """Note slots of a layer that two experiments have: customers there would be in both."""
    taken: dict[str, list[tuple[LayerEntry, str]]] = {}
    for key, experiment in experiments.items():
        if experiment.layer is not None:
            taken.setdefault(experiment.layer.name, []).append((experiment.layer, key))
    for layers in taken.values():
        layers.sort(key=lambda found: (found[0].first, found[0].last))
        furthest, other = layers[0]
        for layer, key in layers[1:]:
            if layer.first <= furthest.last:
                _note_shared((furthest, other), (layer, key), notes)
            if layer.last > furthest.last:
                furthest, other = layer, key


def _note_shared(one: tuple[LayerEntry, str], two: tuple[LayerEntry, str], notes: Notes) -> None:
    (first, _), (layer, key) = sorted((one, two), key=lambda found: found[0].at.line)
    other = next(name for found, name in (one, two) if found is first)
    wrong = (
        f"`{key}` and `{other}` share slots of the layer `{layer.name}`: {layer.first} to {layer.last}, and on line"
        f" {first.at.line} {first.first} to {first.last}. Customers there would be in both."
    )
    notes.add(layer.at, wrong, "Give each experiment of a layer slots that no other one has.")


def _check_holdout(holdout: HoldoutEntry, document: Document, notes: Notes) -> None:
    answer = holdout.answer
    if answer is not None and answer.messages and answer.messages not in document.messages:
        notes.unknown(answer.messages_at, "message set", answer.messages, document.messages)
    if holdout.key in document.experiments and holdout.key:
        line = document.experiments[holdout.key].at.line
        wrong = f"The experiment on line {line} has the key `{holdout.key}` too, so their results would mix."
        notes.add(holdout.key_at, wrong, "Give the holdout another `key`.")


def _check_live(
    experiment: ExperimentEntry, live: Shares, notes: Notes, warnings: list[Mistake], *, reshuffle: bool
) -> None:
    changing = share_changing(live, experiment.shares)
    warning = f"{changing} % of the customers in `{experiment.key}` change arm."
    if [name for name, _ in live] != [name for name, _ in experiment.shares] and not reshuffle:
        notes.add(
            experiment.at,
            f"The arms of `{experiment.key}` or their order changed while it runs: {warning}",
            "Give the experiment a new `key`, or publish with --reshuffle.",
        )
    elif changing:
        warnings.append(
            Mistake(experiment.at.line, experiment.at.where, warning, "A new `key` starts a clean experiment.")
        )


def _changes(experiment: ExperimentEntry, live: ExperimentEntry, now: float) -> list[Mistake]:
    """Return a warning for each change that a running experiment has, its arms aside."""
    key, changes = experiment.key, []
    if experiment.layer != live.layer:
        changes.append(f"The layer of `{key}` changed while it runs: customers drop out of it, or come in.")
    fewer = _taking_part(live.traffic, now) - _taking_part(experiment.traffic, now)
    if fewer > 0:
        changes.append(f"{Decimal(fewer) / 100} % of the customers drop out of `{key}`: its traffic fell.")
    planned = experiment.plan is not None or live.plan is not None
    if planned and (experiment.plan, experiment.control) != (live.plan, live.control):
        changes.append(f"The plan of `{key}` changed while it runs: its reading is void once it has customers.")
    return [
        Mistake(experiment.at.line, experiment.at.where, change, "A new `key` starts a clean experiment.")
        for change in changes
    ]


def _taking_part(traffic: tuple[TrafficStep, ...] | None, now: float) -> int:
    """Return how many of the 10 000 slots take part at `now`, UTC seconds: all of them without `traffic`."""
    if traffic is None:
        return SLOTS
    return next((step.slots for step in reversed(traffic) if step.starts <= now), 0)


def _holdout_changes(holdout: HoldoutEntry, live: HoldoutEntry | None) -> list[Mistake]:
    if live is None or live.key != holdout.key or None in {live.slots, holdout.slots}:
        return []
    place, percents = holdout.at, [Decimal(found.slots or 0) / 100 for found in (live, holdout)]
    if live.slots != holdout.slots:
        change = f"`{holdout.key}` held out {percents[0]} % of the customers, and now {percents[1]} %."
        return [Mistake(place.line, place.where, change, "A new `key` draws them anew, and starts a clean comparison.")]
    before, after = live.answer, holdout.answer
    if before is not None and after is not None and before.messages != after.messages:
        change = f"`{holdout.key}` has another answer than in the live release."
        return [Mistake(place.line, place.where, change, "A new `key` draws them anew, and starts a clean comparison.")]
    return []


def share_changing(before: Shares, after: Shares) -> Decimal:
    """Return the percentage of customers whose arm has another name under `after` than under `before`."""
    changed, position, ends = 0, 0, sorted({*_ends(before), *_ends(after)})
    for end in ends:
        if _arm_at(before, position) != _arm_at(after, position):
            changed += end - position
        position = end
    return Decimal(changed) * 100 / SLOTS


def _ends(shares: Shares) -> list[int]:
    ends, end = [], 0
    for _, slots in shares:
        end += slots
        ends.append(end)
    return ends


def _arm_at(shares: Shares, slot: int) -> str | None:
    return next((name for (name, _), end in zip(shares, _ends(shares), strict=True) if slot < end), None)
