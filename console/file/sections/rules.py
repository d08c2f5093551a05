"""The section `rules`: each rule with its condition, its schedule, and its answer or experiment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from console.file.answers import read_answer
from console.file.conditions import read_condition
from console.file.entries import AnswerEntry, ExperimentEntry, Offer, ProductEntry, RuleEntry
from console.file.experiments import read_experiment
from console.file.fields import Fields
from console.file.mistakes import Notes
from console.file.schedules import Schedule, read_schedule
from console.file.tree import Node

_MAX_NAME: Final = 100


def read_rules(
    nodes: Iterable[Node], products: Mapping[str, ProductEntry], offers: Mapping[str, Offer], notes: Notes
) -> tuple[RuleEntry, ...]:
    """Return the rules in the order of the file. Conditions may name `products` and the identifiers of `offers`."""
    lines: dict[str, int] = {}
    identifiers = {name: offer.offer_identifier for name, offer in offers.items()}
    return tuple(_rule(node, products, identifiers, lines, notes) for node in nodes)


def _rule(
    node: Node,
    products: Mapping[str, ProductEntry],
    offers: Mapping[str, str],
    lines: dict[str, int],
    notes: Notes,
) -> RuleEntry:
    before = notes.found
    fields = Fields.of(node, notes, "a rule", ("name", "when", "during", "answer", "experiment"))
    name = _rule_name(fields, lines)
    when, during = fields.entries.get("when"), fields.entries.get("during")
    condition = None if when is None else read_condition(when, notes, products, offers)
    schedule = None if during is None else read_schedule(during, notes)
    gives = _gives(fields)
    return RuleEntry(
        name=name,
        condition=condition,
        understood=notes.found == before,
        schedule=schedule or Schedule(),
        gives=gives,
        at=node.at,
        schedule_at=fields.place("during"),
    )


def _gives(fields: Fields) -> AnswerEntry | ExperimentEntry | None:
    answer, experiment = fields.entries.get("answer"), fields.entries.get("experiment")
    if fields.is_mapping and (answer is None) is (experiment is None):
        wrong = (
            "This rule has neither an `answer` nor an `experiment`."
            if answer is None
            else "A rule has an `answer` or an `experiment`, not both."
        )
        fields.notes.add(fields.at, wrong, "Write one of `answer: {message: …}` and `experiment: {…}`.")
    found = None if experiment is None else read_experiment(experiment, fields.entries.get("during"), fields.notes)
    return found if answer is None else read_answer(answer, fields.notes)


def _rule_name(fields: Fields, lines: dict[str, int]) -> str:
    """Return a rule's name; `lines` has the line where each name stands first, and gains this one."""
    name = fields.text("name")
    if name is None:
        return fields.at.where
    at = fields.place("name")
    if name in lines:
        first = f"Rename it: the first is on line {lines[name]}."
        fields.notes.add(at, f"Another rule is called `{name}`.", first)
    if len(name) > _MAX_NAME:
        fields.notes.add(at, f"This name has {len(name)} characters.", f"Use at most {_MAX_NAME}.")
    lines.setdefault(name, at.line)
    return name
