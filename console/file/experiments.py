"""`experiment:` in the file → an entry: its arms, who takes part in it, and the plan that it is read by."""

from __future__ import annotations

import re
import zoneinfo
from decimal import Decimal
from typing import Final

from retention.catalog import SLOTS

from console.file.answers import read_answer
from console.file.entries import METRICS, ArmEntry, ExperimentEntry, ExperimentPlan, LayerEntry, TrafficStep
from console.file.fields import Fields
from console.file.identifiers import QUERY_MARKS, unfit_in_query
from console.file.mistakes import Notes
from console.file.percentages import read_slots
from console.file.schedules import first_moment, read_zone, zone_of
from console.file.tree import Node
from console.terminal.characters import describe_character, invisible_in_name

MAX_KEY: Final = 100  # characters, of keys and names: the log has all of them (`retention.log.record.MAX_TEXT`)

_FIELDS: Final = ("key", "arms", "control", "layer", "traffic", "plan")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME_ZONE: Final = "timeZone"
_MAX_HORIZON: Final = 400  # days: a year's subscription has renewed by then
_HORIZON: Final = 30
_LEAST_CUSTOMERS: Final = 20  # no result is shown before some are kept and some are lost in each arm
_PAIR: Final = 2


def read_experiment(node: Node, during: Node | None, notes: Notes) -> ExperimentEntry | None:
    """Return an `experiment:`; None where it could not be understood, which is noted.

    `during` is the schedule of its rule, whose time zone the dates of its `traffic` are in.
    """
    fields = Fields.of(node, notes, "an experiment", _FIELDS)
    key = read_key(fields, "key")
    arms = tuple(_arm(name, arm, notes) for name, arm in fields.named("arms").items())
    layer, traffic, plan = (fields.entries.get(name) for name in ("layer", "traffic", "plan"))
    entry = ExperimentEntry(
        key=key or "",
        arms=arms,
        at=node.at,
        control=_control(fields, arms),
        layer=None if layer is None else _layer(layer, notes),
        traffic=None if traffic is None else _traffic(traffic, during, notes),
        plan=None if plan is None else _plan(plan, notes),
    )
    if plan is not None:
        check_reported(fields, key)
    if not arms:
        if fields.is_mapping and ("arms" not in fields.entries or fields.entries["arms"].value == {}):
            example = "Write `control: {weight: 50, answer: …}` each."
            notes.add(fields.place("arms"), "An experiment needs arms.", example)
        return None
    weights = [arm.slots for arm in arms if arm.slots is not None]
    if len(weights) == len(arms):
        _check_weights(fields, entry)
    return entry


def read_key(fields: Fields, name: str) -> str | None:
    """Return a key or a name that the log shows in full; None where it is missing or no text, which is noted."""
    key = fields.text(name)
    if key is not None and len(key) > MAX_KEY:
        wrong = f"This {'key' if name == 'key' else 'name'} has {len(key)} characters."
        fields.notes.add(fields.place(name), wrong, f"Use at most {MAX_KEY}.")
    return key


def check_reported(fields: Fields, key: str | None) -> None:
    """Note a key that no report could be made of: months later, it would be too late for another one."""
    unfit = None if key is None else unfit_in_query(key)
    if unfit is not None and invisible_in_name(unfit) is None:
        wrong = f"`key` has the character {describe_character(unfit)} in it, and a report is queried by its key."
        instead = f"Write letters, digits, blanks and `{QUERY_MARKS.strip()}`."
        fields.notes.add(fields.place("key"), wrong, instead)


def _check_weights(fields: Fields, entry: ExperimentEntry) -> None:
    """Note weights that do not sum to 100, and a comparison that they leave nothing for."""
    weights, notes = dict(entry.shares), fields.notes
    if sum(weights.values()) != SLOTS:
        wrong = f"These weights sum to {Decimal(sum(weights.values())) / 100}, not 100."
        notes.add(fields.place("arms"), wrong, "Write percentages that sum to exactly 100.")
        return
    compared = "plan" in fields.entries or "control" in fields.entries
    if not compared or entry.control not in weights:
        return
    if not weights[entry.control]:
        wrong = f"No customer comes to `{entry.control}`, and the other arms are compared with it: its weight is 0."
        notes.add(fields.place("control"), wrong, "Write `control: …` with an arm that has a weight above 0.")
    elif sum(map(bool, weights.values())) < _PAIR:
        wrong = "Only one arm has a weight above 0, so there is nothing to compare."
        notes.add(fields.place("arms"), wrong, "Give another arm a weight, or leave `plan` and `control` out.")


def _arm(name: str, node: Node, notes: Notes) -> ArmEntry:
    fields = Fields.of(node, notes, "an arm", ("weight", "answer"))
    if not fields.is_mapping:
        return ArmEntry(name, None, None)
    weight = node.entries.get("weight")
    if weight is None:
        notes.add(node.at, "`weight` is missing.", "Write the arm's share in percent, such as `weight: 50`.")
    slots = None if weight is None else read_slots(weight, notes, "A weight")
    if "answer" not in node.entries:
        notes.add(node.at, "`answer` is missing.", "Write `answer: {message: …}` or `answer: fallback`.")
        return ArmEntry(name, slots, None)
    return ArmEntry(name, slots, read_answer(fields.entries["answer"], notes))


def _control(fields: Fields, arms: tuple[ArmEntry, ...]) -> str:
    """Return the name of the control: the first arm unless another is named."""
    names = [arm.name for arm in arms]
    control = fields.text("control", required=False)
    if control is None:
        return names[0] if names else ""
    if names and control not in names:
        fields.notes.unknown(fields.place("control"), "arm", control, names)
    return control


def _layer(node: Node, notes: Notes) -> LayerEntry | None:
    fields = Fields.of(node, notes, "a layer", ("name", "slots"))
    name = read_key(fields, "name")
    if not fields.is_mapping:
        return None
    if "slots" not in fields.entries:
        notes.add(node.at, "`slots` is missing.", "Write the first and the last slot, such as `slots: [0, 4999]`.")
        return None
    slots = fields.entries["slots"]
    bounds = [item.value for item in slots.items]
    numbers = [bound for bound in bounds if isinstance(bound, int) and not isinstance(bound, bool)]
    if len(bounds) != _PAIR or len(numbers) != _PAIR:
        wrong = "The slots of a layer are two whole numbers in a list: the first slot and the last."
        notes.add(slots.at, wrong, "Write `slots: [0, 4999]` for the first half.")
        return None
    first, last = numbers
    if not (0 <= first < SLOTS and 0 <= last < SLOTS):
        wrong = f"A layer has the slots 0 to {SLOTS - 1}, not {first} to {last}."
        notes.add(slots.at, wrong, f"Write two numbers from 0 to {SLOTS - 1}.")
        return None
    if first > last:
        notes.add(slots.at, f"These slots end before they begin: {first} to {last}.", f"Write `[{last}, {first}]`.")
        return None
    return LayerEntry(name, first, last, node.at) if name else None


def _traffic(node: Node, during: Node | None, notes: Notes) -> tuple[TrafficStep, ...] | None:
    """Return the steps of a `traffic:`; None where one could not be understood."""
    example = "Write the percentage from a day on, such as `{2026-12-01: 5, 2026-12-08: 100}`."
    days = {day: step for day, step in node.entries.items() if day != _TIME_ZONE}
    if not days:
        wrong = "This traffic has no step." if node.value == {} or node.entries else f"Traffic is no {_bare(node)}."
        notes.add(node.at, wrong, example)
        return None
    zone, before = _zone(node, during, notes), notes.found
    steps: list[TrafficStep] = []
    for day, step in days.items():
        read = _step(day, step, zone, notes)
        if read is not None:
            if steps:
                _check_order(steps[-1], read, step, notes)
            steps.append(read)
    return None if zone is None or notes.found > before else tuple(steps)


def _bare(node: Node) -> str:
    return node.kind.removeprefix("a ").removeprefix("the ")


def _zone(node: Node, during: Node | None, notes: Notes) -> zoneinfo.ZoneInfo | None:
    """Return the zone that the days begin in: the one of `traffic` itself, else the one of the rule's schedule."""
    if _TIME_ZONE in node.entries:
        return read_zone(node, notes)
    if during is not None and _TIME_ZONE in during.entries:
        return zone_of(during)  # what is wrong with it is noted there
    wrong = "The days of `traffic` begin in a time zone, and neither it nor the rule's `during` names one."
    notes.add(node.at, wrong, "Add one like `timeZone: Europe/Paris`, or `timeZone: UTC`.")
    return None


def _step(day: str, node: Node, zone: zoneinfo.ZoneInfo | None, notes: Notes) -> TrafficStep | None:
    slots = read_slots(node, notes, "A step of `traffic`")
    if not _DAY.fullmatch(day):
        notes.add(node.at, f"A step of `traffic` begins with a day, not with `{day}`.", "Write one like `2026-12-01`.")
        return None
    try:
        # Without a zone, the days are still checked.
        starts = first_moment(day, zone or zoneinfo.ZoneInfo("UTC"))
    except ValueError:
        notes.add(node.at, f"The calendar has no `{day}`.", "Write a date that exists.")
        return None
    return None if slots is None else TrafficStep(day, starts, slots)


def _check_order(before: TrafficStep, step: TrafficStep, node: Node, notes: Notes) -> None:
    if step.starts <= before.starts:
        wrong = f"The steps of `traffic` are in the order of their days: {step.day} is before {before.day}."
        notes.add(node.at, wrong, "Write the earlier day first.")
    elif step.slots < before.slots:
        wrong = "`traffic` never falls: customers who take part would drop out, and be missing in the result."
        notes.add(node.at, wrong, f"Write at least {Decimal(before.slots) / 100}, as from {before.day} on.")


def _plan(node: Node, notes: Notes) -> ExperimentPlan | None:
    """Return a `plan:`; None where it could not be understood."""
    before = notes.found
    fields = Fields.of(node, notes, "a plan", ("metric", "horizonDays", "customers", "guardrails"))
    metric = fields.choice("metric", METRICS, required=True)
    days = fields.integer("horizonDays", least=1, like=_HORIZON, required=False)
    if days is not None and days > _MAX_HORIZON:
        notes.add(fields.place("horizonDays"), f"`horizonDays` is {days}.", f"Write 1 to {_MAX_HORIZON}.")
    customers = fields.integer("customers", least=_LEAST_CUSTOMERS, like=62_000)
    guardrails = _guardrails(fields, metric)
    if notes.found > before or customers is None:
        return None
    return ExperimentPlan(metric, days or _HORIZON, customers, guardrails)


def _guardrails(fields: Fields, metric: str | None) -> tuple[str, ...]:
    """Return the guardrails: other metrics than the plan's, each once."""
    found: list[str] = []
    for item in fields.listed("guardrails", "- refunded"):
        others = [name for name in METRICS if name != metric]
        if item.value == metric:
            wrong = f"`{metric}` is the metric of this plan, so it is no guardrail of it."
            fields.notes.add(item.at, wrong, "Leave it out.")
        elif item.value in found:
            fields.notes.add(item.at, f"The guardrail `{item.value}` stands here twice.", "Keep one of the two.")
        elif item.value in METRICS:
            found.append(str(item.value))
        elif isinstance(item.value, str):
            fields.notes.unknown(item.at, "metric", item.value, others)
        else:
            fields.notes.add(item.at, f"A guardrail is a text, not {item.kind}.", "Write one like `refunded`.")
    return tuple(found)
