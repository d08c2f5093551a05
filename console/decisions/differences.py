"""`retention diff`: how two editions differ for customers, entry by entry, not line by line."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from console.file.edition import Side
from console.file.entries import Document, ExperimentEntry, ProductEntry, RuleEntry
from console.file.experiment_checks import share_changing
from console.file.wording import (
    answer_text,
    condition_text,
    layer_text,
    percent,
    plan_text,
    rule_answer_text,
    schedule_text,
    text_fields,
    traffic_text,
)
from console.terminal.json_form import camel, form_of

_Entry = TypeVar("_Entry")
_OTHER_IMAGE: Final = "the same text under another id: an image of it has another content, size or revision"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that differs. `what`: added, removed, changed or moved. Before and after are field → value."""

    what: str
    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Differences:
    """Changes by section. `same_bytes`: the two files do not even differ in a comment."""

    before: str
    after: str
    sections: Mapping[str, tuple[Change, ...]]
    same_bytes: bool

    @property
    def any(self) -> bool:
        return any(self.sections.values())


def differences(before: Side, after: Side) -> Differences:
    """Compare two editions. Comments, layout and the order of everything but rules and arms make no difference."""
    old, new = before.document, after.document
    sections: dict[str, Iterator[Change]] = {
        "settings": _changes(_settings(old), _settings(new), dict),
        "products": _changes(old.products, new.products, _product),
        "rules": _rules(old, new),
        "schedules": _changes(_schedules(old), _schedules(new), lambda schedule: {"during": schedule}),
        "experiments": _experiments(old, new),
        "holdout": _changes(_holdout(old), _holdout(new), dict),
        "offers": _changes(old.offers, new.offers, lambda offer: _plain(offer, "name", "at", "limit_at")),
        "messages": _messages(before, after),
        "images": _changes(old.images, new.images, lambda image: _plain(image, "name", "at")),
    }
    made = {name: tuple(changes) for name, changes in sections.items()}
    return Differences(before.name, after.name, made, old.source == new.source)


def _changes(
    before: Mapping[str, _Entry], after: Mapping[str, _Entry], fields: Callable[[_Entry], Mapping[str, Any]]
) -> Iterator[Change]:
    """Yield what was removed, then what was added or changed, in the order of the file."""
    for name in before:
        if name not in after:
            yield Change("removed", name, fields(before[name]), {})
    for name in after:
        if name not in before:
            yield Change("added", name, {}, fields(after[name]))
        else:
            change = _changed(name, fields(before[name]), fields(after[name]))
            if change is not None:
                yield change


def _changed(name: str, before: Mapping[str, Any], after: Mapping[str, Any], note: str = "") -> Change | None:
    """Return the change of an entry, with the fields that differ alone."""
    differing = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    if not differing and not note:
        return None
    old = {key: before[key] for key in differing if key in before}
    new = {key: after[key] for key in differing if key in after}
    return Change("changed", name, old, new, note)


def _plain(entry: Any, *without: str) -> dict[str, Any]:  # noqa: ANN401  # any entry of the file
    left_out = set(map(camel, without))
    return {name: value for name, value in form_of(entry).items() if name not in left_out and value is not None}


def _product(product: ProductEntry) -> dict[str, Any]:
    return _plain(product, "product_id", "at")


def _settings(document: Document) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    if document.app is not None:
        found["app"] = {name: value for name, value in _plain(document.app, "at").items() if value != ""}
    if document.locales is not None:
        fallbacks = {f"fallbacks.{key}": list(values) for key, values in document.locales.fallbacks.items()}
        found["locales"] = {"default": document.locales.default, **fallbacks}
    for name, environment in document.environments.items():
        found[f"environment {name}"] = _plain(environment, "name")
    return found


# Rules --------------------------------------------------------------------------------------------------------------


def _rules(old: Document, new: Document) -> Iterator[Change]:
    before, after = ({rule.name: rule for rule in document.rules} for document in (old, new))
    yield from _changes(before, after, lambda rule: _rule(rule, old if before.get(rule.name) is rule else new))
    yield from _moves(list(before), list(after))


def _rule(rule: RuleEntry, document: Document) -> dict[str, Any]:
    fields = {"when": condition_text(rule.condition), "says": rule_answer_text(rule, document)}
    return {name: value for name, value in fields.items() if value}


def _moves(before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    """Yield the rules that changed places among those that are in both."""
    old, new = ({name: place for place, name in enumerate(names, 1)} for names in (before, after))
    order = [name for name in after if name in old]
    still = {order[index] for index in _longest_rise([old[name] for name in order])}
    for name in order:
        if name not in still:
            yield Change("moved", name, {"place": old[name]}, {"place": new[name]})


def _longest_rise(numbers: Sequence[int]) -> list[int]:
    """Return the indices of a longest rising subsequence: what stayed in order, so that the fewest entries moved.

    `difflib.SequenceMatcher` looks for long runs instead: of 20 rules of which 5 were moved, it reports more moves
    than that in 9 of 100 cases.
    """
    ends: list[int] = []  # ends[n]: where the rise of length n + 1 ends lowest
    before: dict[int, int | None] = {}
    for index, number in enumerate(numbers):
        length = bisect.bisect_left(ends, number, key=numbers.__getitem__)
        before[index] = ends[length - 1] if length else None
        ends[length : length + 1] = [index]
    rise, at = [], ends[-1] if ends else None
    while at is not None:
        rise.append(at)
        at = before[at]
    return rise


def _schedules(document: Document) -> dict[str, str]:
    return {rule.name: text for rule in document.rules if (text := schedule_text(rule.schedule))}


def _experiments(old: Document, new: Document) -> Iterator[Change]:
    before, after = _by_key(old), _by_key(new)
    for change in _changes(before, after, dict):
        if change.what == "changed":
            note = _experiment_note(change, old.experiments[change.name], new.experiments[change.name])
            yield Change("changed", change.name, change.before, change.after, note)
        else:
            yield change


def _experiment_note(change: Change, old: ExperimentEntry, new: ExperimentEntry) -> str:
    """Return what a change means to customers, and to a result that has begun."""
    notes = []
    if old.shares != new.shares:
        notes.append(f"{share_changing(old.shares, new.shares)} % of the customers change arm")
    if "reading planned" in {**change.before, **change.after} or old.control != new.control:
        notes.append("a plan that changes after the first exposure has no appointed reading")
    return "; ".join(notes)


def _by_key(document: Document) -> dict[str, dict[str, Any]]:
    """Return each experiment as it stands in its first rule, with the order of its arms: slots follow from it."""
    found: dict[str, dict[str, Any]] = {}
    for rule in document.rules:
        if isinstance(rule.gives, ExperimentEntry):
            found.setdefault(rule.gives.key, _experiment(rule.gives, document))
    return found


def _experiment(entry: ExperimentEntry, document: Document) -> dict[str, Any]:
    # An arm is a field under its own name, and is often called control: no other field has such a name.
    arms = {arm.name: f"{percent(arm.slots or 0)}: {answer_text(arm.answer, document)}" for arm in entry.arms}
    fields = {
        "order": ", ".join(arm.name for arm in entry.arms),
        "compared with": entry.control,
        "in layer": layer_text(entry.layer),
        "traffic by time": traffic_text(entry.traffic),
        "reading planned": plan_text(entry.plan),
    }
    return {**arms, **{name: value for name, value in fields.items() if value}}


def _holdout(document: Document) -> dict[str, dict[str, Any]]:
    """Return the holdout by its key: under another key other customers are held out."""
    holdout = document.holdout
    if holdout is None:
        return {}
    fields = {"percent": percent(holdout.slots or 0), "answer": answer_text(holdout.answer, document)}
    return {holdout.key: fields}


# Messages -----------------------------------------------------------------------------------------------------------


def _messages(before: Side, after: Side) -> Iterator[Change]:
    old, new = _texts(before.document), _texts(after.document)
    same_app = _app(before.document) == _app(after.document)  # else every id differs
    changes = {change.name: change for change in _changes(old, new, dict)}
    yield from (change for change in changes.values() if change.what == "removed")
    for name in new:
        if name in changes:
            yield changes[name]
        elif same_app and _replaced(before.ids, after.ids, name):
            yield Change("changed", name, {}, {}, _OTHER_IMAGE)


def _app(document: Document) -> int | None:
    return None if document.app is None else document.app.app_apple_id


def _texts(document: Document) -> dict[str, dict[str, Any]]:
    return {
        f"{name} in {locale}": text_fields(text)
        for name, texts in document.messages.items()
        for locale, text in texts.items()
    }


def _replaced(before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]], name: str) -> bool:
    messages, _, locale = name.rpartition(" in ")
    old, new = before.get(messages, {}).get(locale), after.get(messages, {}).get(locale)
    return None not in {old, new} and old != new
