"""`retention coverage`: what every customer would be shown, product by locale by arm, and what is missing there.

Facts of customers are not known here. So a cell lists, in order, what some customers may be told, down to the first
rule that has an answer for everyone who comes to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from retention.catalog import APPROVED, UNKNOWN, MessageState
from retention.conditions import fact_tests
from retention.decision import Delivery
from retention.locales import APPLE_LOCALES, listed
from retention.table import ANY_PRODUCT

from console.decisions.inferred_facts import facts_of, open_part
from console.decisions.possible_answers import Chance, chances
from console.file.edition import UNKNOWN_PRODUCT, Edition, Standing
from console.file.entries import Document
from console.file.entries import Experiment as Trial
from console.file.mistakes import suggestion
from console.file.wording import condition_text, instant_text, percent, text_fields, text_line, told
from console.terminal.failure import Failure
from console.terminal.output import Output, Report

_NOT_TOLD: Final = MessageState(UNKNOWN)
_MOST_NAMES: Final = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing that customers are told by a rule; `delivery` None: Apple falls back.

    `everyone` who comes to the rule, or only customers for whom `when` holds. `arm` and `share` are of an experiment.
    """

    rule: str
    everyone: bool
    when: str
    arm: str | None
    share: str | None
    delivery: Delivery | None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A rule that would apply and cannot be delivered, or whose schedule does not hold."""

    rule: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One product and locale. `default` is the id of Apple's default message there, or None.

    `complete`: some rule has an answer, or `fallback`, for everyone; else those left get no real-time answer.
    """

    product: str
    locale: str
    shown: tuple[Shown, ...]
    passed: tuple[PassedOver, ...]
    complete: bool
    default: str | None

    @property
    def answers(self) -> bool:
        return any(shown.delivery is not None for shown in self.shown)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A rule, or an arm of it, that no request can come to or that can never be delivered."""

    rule: str
    arm: str | None
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A text that is not approved, with the rules and arms that wait for it. `meanwhile` is the predecessor's id."""

    messages: str
    locale: str
    message: str
    standing: str
    meanwhile: str | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """`judged` says by which states; `texts` is message id → text, as far as they are known."""

    source: str
    judged: str
    at: datetime
    paused: bool
    cells: tuple[Cell, ...]
    unreachable: tuple[Unreachable, ...]
    waiting: tuple[Waiting, ...]
    texts: Mapping[str, Mapping[str, Any]] = field(repr=False)

    @property
    def without_default(self) -> tuple[Cell, ...]:
        """Where there are real-time answers and no default message, for products that have a name."""
        return tuple(cell for cell in self.cells if cell.answers and not cell.default and cell.product != ANY_PRODUCT)

    @property
    def unknown_texts(self) -> frozenset[str]:
        """The messages whose text is not in this edition."""
        named = {shown.delivery.message_id.lower() for cell in self.cells for shown in cell.shown if shown.delivery}
        named |= {cell.default for cell in self.cells if cell.default}
        return frozenset(named - self.texts.keys())

    @property
    def gaps(self) -> bool:
        return bool(self.unreachable or self.waiting or self.without_default)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which cells are asked for; empty means all. `all_locales`: Apple's fifty besides the file's own."""

    products: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()
    all_locales: bool = False


def cover(
    edition: Edition, known: Standing | None, at: datetime, choice: Choice, progress: Report | None = None
) -> Coverage:
    """Return the coverage of an edition, as of `at`.

    Without `known` every text is taken as approved, and the defaults are those that the file asks for.
    Raises Failure for a product that is not in the file.
    """
    products, locales = _chosen(edition.document, choice)
    texts = {message: text_fields(text) for message, text in edition.wording().items()}
    states = None if known is None else known.states
    paused = known is not None and known.paused
    cells = []
    for done, product in enumerate(products, 1):
        catalog = edition.catalog(product, states)
        for locale in locales:
            found = () if paused else chances(catalog, product, locale)
            default = _default(edition, known, product, locale)
            asks = _asks(edition, product, locale)
            cells.append(_cell(product, locale, found, asks, at.timestamp(), default))
        if progress is not None:
            progress("covering", done, len(products))
    return Coverage(
        source=edition.name,
        judged="every text taken as approved" if known is None else "the review states of the table",
        at=at,
        paused=paused,
        cells=tuple(cells),
        unreachable=tuple(_unreachable(edition, at.timestamp(), progress)),
        waiting=() if states is None else tuple(_waiting(edition, states)),
        texts=texts,
    )


def _chosen(document: Document, choice: Choice) -> tuple[Sequence[str], Sequence[str]]:
    every = (*document.products, ANY_PRODUCT)
    for product in choice.products:
        if product not in every:
            raise Failure(
                f"{document.file} has no product `{product}`. {suggestion(product, document.products)} All that it does"
                " not name are `*`."
            )
    own = own_locales(document)
    locales = choice.locales or (sorted(own | APPLE_LOCALES) if choice.all_locales else sorted(own))
    return choice.products or every, locales


def own_locales(document: Document) -> frozenset[str]:
    """Return every locale the file speaks of: of its texts, fallbacks, default and conditions. No bare languages."""
    named = {locale for texts in document.messages.values() for locale in texts}
    if document.locales is not None:
        named |= {document.locales.default, *document.locales.fallbacks}
    for rule in document.rules:
        for test in fact_tests(rule.condition) if rule.condition is not None else ():
            if test.operator == "is" and test.fact == "userLocale" and isinstance(test.operand, tuple):
                named.update(map(str, test.operand))
    return frozenset(locale for locale in named if locale in APPLE_LOCALES or "-" in locale)


def _default(edition: Edition, known: Standing | None, product: str, locale: str) -> str | None:
    """Return the default message where Apple looks for one: in exactly this locale, in Apple's spelling."""
    place = listed(locale)
    if known is not None:
        return known.defaults.get((product, place))
    declared = edition.document.products.get(product)
    if declared is None or declared.default is None:
        return None
    ids = edition.texts.get(declared.default, {}).get(place, ())
    return ids[0].lower() if ids else None


# What is shown ------------------------------------------------------------------------------------------------------


def _asks(edition: Edition, product: str, locale: str) -> dict[str, str]:
    """Return what each rule of a product's sheet still asks, once product and locale are known."""
    facts = facts_of(product, locale)
    return {
        name: condition_text(open_part(condition, facts)).replace(UNKNOWN_PRODUCT, "productId")
        for name, condition in edition.conditions(product).items()
    }


def _cell(
    product: str, locale: str, found: Iterable[Chance], asks: Mapping[str, str], at: float, default: str | None
) -> Cell:
    shown: list[Shown] = []
    passed: list[PassedOver] = []
    complete = False
    for chance in found:
        if chance.applies is False:
            continue
        if not chance.at(at):
            passed.append(_out_of_time(chance, at))
        elif chance.refusal is not None:
            passed.append(PassedOver(chance.rule.name, chance.refusal.reason, chance.refusal.detail))
        else:
            shown += _shown(chance, asks.get(chance.rule.name, ""))
            if chance.settles:
                complete = True
                break
    return Cell(product, locale, tuple(shown), tuple(passed), complete, default)


def _out_of_time(chance: Chance, at: float) -> PassedOver:
    rule = chance.rule
    if rule.starts is not None and at < rule.starts:
        return PassedOver(rule.name, "before_schedule", f"its schedule begins {instant_text(rule.starts)}")
    return PassedOver(rule.name, "after_schedule", f"its schedule ended {instant_text(rule.ends or 0)}")


def _shown(chance: Chance, asks: str) -> Iterator[Shown]:
    for share in chance.shares:
        yield Shown(
            rule=chance.rule.name,
            everyone=chance.applies is True,
            when="" if chance.applies else asks,
            arm=share.arm,
            share=None if share.arm is None else percent(share.slots),
            delivery=share.delivery,
        )


# What nobody is shown -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Fate:
    """What became of one rule in all the cells it stands in."""

    applies: bool = False
    reached: bool = False
    delivered: bool = False
    behind: dict[str, None] = field(default_factory=dict)
    refusal: str = ""


Window = tuple[float, float, str]


def _unreachable(edition: Edition, now: float, progress: Report | None) -> Iterator[Unreachable]:
    """Yield what can never be shown from `now` on, even with every text approved."""
    fates = {rule.name: _Fate() for rule in edition.document.rules}
    locales = sorted(own_locales(edition.document) | APPLE_LOCALES)
    for done, product in enumerate(edition.sheets, 1):
        catalog = edition.catalog(product)
        for locale in locales:
            _follow(chances(catalog, product, locale), fates, now)
        if progress is not None:
            progress("looking for rules out of reach", done, len(edition.sheets))
    for rule in edition.document.rules:
        over = rule.schedule.ends is not None and rule.schedule.ends <= now
        why = "its schedule is over" if over else _why(fates[rule.name])
        if why:
            yield Unreachable(rule.name, None, rule.at.line, why)
        elif isinstance(rule.says, Trial):
            for arm in rule.says.arms:
                if not arm.slots:
                    yield Unreachable(rule.name, arm.name, rule.says.at.line, "its weight is 0: nobody is in it")


def _follow(found: Iterable[Chance], fates: Mapping[str, _Fate], now: float) -> None:
    closed: list[Window] = []
    for chance in found:
        if chance.applies is False:
            continue
        fate = fates[chance.rule.name]
        fate.applies = True
        start, end = max(chance.rule.starts or now, now), chance.rule.ends or float("inf")
        behind = _covering(start, end, closed)
        if behind is not None:
            fate.behind.update(dict.fromkeys(behind))
            continue
        fate.reached = True
        if chance.refusal is not None:
            fate.refusal = chance.refusal.detail
            continue
        fate.delivered = True
        if chance.settles:
            closed.append((start, end, chance.rule.name))


def _covering(start: float, end: float, closed: Sequence[Window]) -> list[str] | None:
    """Return the rules whose windows leave no moment of [start, end) open, or None where one is."""
    used, moment = [], start
    while moment < end:
        window = max((found for found in closed if found[0] <= moment < found[1]), key=lambda w: w[1], default=None)
        if window is None:
            return None
        used.append(window[2])
        moment = window[1]
    return used


def _why(fate: _Fate) -> str:
    if fate.delivered:
        return ""
    if fate.reached:
        return f"it can never be delivered: {fate.refusal}"
    if not fate.applies:
        return "its condition holds for no product and locale"
    names = ", ".join(f"`{name}`" for name in list(fate.behind)[:_MOST_NAMES])
    return f"{names} has an answer for every request before it; it speaks only if that cannot be signed or delivered"


# What waits for App Review ------------------------------------------------------------------------------------------


def _waiting(edition: Edition, states: Mapping[str, MessageState]) -> Iterator[Waiting]:
    users: dict[str, list[str]] = {}
    for rule in edition.document.rules:
        if isinstance(rule.says, Trial):
            for arm in rule.says.arms:
                if arm.answer is not None and arm.answer.messages and arm.slots:
                    users.setdefault(arm.answer.messages, []).append(f"{rule.name}, arm {arm.name}")
        elif rule.says is not None and rule.says.messages:
            users.setdefault(rule.says.messages, []).append(rule.name)
    for name, rules in users.items():
        for locale, ids in sorted(edition.texts.get(name, {}).items()):
            newest = states.get(ids[0].lower(), _NOT_TOLD)
            if not newest.servable:
                served = (message for message in ids[1:] if states.get(message.lower(), _NOT_TOLD).servable)
                yield Waiting(name, locale, ids[0].lower(), _standing(newest), next(served, None), tuple(rules))


def _standing(state: MessageState) -> str:
    images = [f"image {image} {name}" for image, name in state.images.items() if name != APPROVED]
    return ", ".join([state.message, *images])


# Told ---------------------------------------------------------------------------------------------------------------


def show(found: Coverage, out: Output) -> None:
    """Print a coverage, as text or as one JSON document."""
    out.say(f"{found.source}, as of {instant_text(found.at.timestamp())}, {found.judged}.", "bold")
    if found.paused:
        out.say("Paused: nobody gets a real-time answer until `retention resume`.", "yellow")
    for product in dict.fromkeys(cell.product for cell in found.cells):
        out.say("")
        out.say("Products the file does not name" if product == ANY_PRODUCT else product, "bold")
        for locales, lines in _grouped(found, product).items():
            out.say("  " + ", ".join(locales), "cyan")
            for line in lines:
                out.say(f"    {line}")
    _show_list(out, "Rules and arms nobody can come to", map(_unreachable_line, found.unreachable))
    _show_list(out, "Not approved by App Review", map(_waiting_line, found.waiting))
    missing: dict[str, list[str]] = {}
    for cell in found.without_default:
        missing.setdefault(cell.product, []).append(cell.locale)
    _show_list(
        out,
        "Real-time answers without a default message: Apple requires one there, or may show nothing at all",
        (f"{product}: {', '.join(locales)}" for product, locales in missing.items()),
    )
    out.document(as_document(found))


def _show_list(out: Output, heading: str, lines: Iterable[str]) -> None:
    told_lines = list(lines)
    if told_lines:
        out.say("")
        out.say(f"{heading}:", "yellow")
        for line in told_lines:
            out.say(f"  {line}")


def _grouped(found: Coverage, product: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return the lines of a product's cells, locales that read the same together."""
    locales: dict[tuple[str, ...], list[str]] = {}
    for cell in found.cells:
        if cell.product == product:
            locales.setdefault(tuple(_cell_lines(cell, found)), []).append(cell.locale)
    return {tuple(names): lines for lines, names in locales.items()}


def _cell_lines(cell: Cell, found: Coverage) -> Iterator[str]:
    rule = None
    for shown in cell.shown:
        if shown.rule != rule:
            rule = shown.rule
            who = _who(shown, cell)
            yield f"{who}: {_told(shown, found)}" if shown.arm is None else f"{who}:"
        if shown.arm is not None:
            yield f"  {shown.share} {shown.arm}: {_told(shown, found)}"
    if not cell.complete:
        who = "everyone else" if cell.shown else "everyone"
        yield f"{who}: no real-time answer" + ("" if found.paused else ", since no rule has one")
    for passed in cell.passed:
        yield f"({passed.rule} does not speak: {passed.detail})"
    yield f"below it: {_below(cell, found)}"


def _who(shown: Shown, cell: Cell) -> str:
    if not shown.everyone:
        return f"some customers, by {shown.rule} (if {shown.when})"
    first = cell.shown[0].rule == shown.rule
    return f"everyone{'' if first else ' else'}, by {shown.rule}"


def _told(shown: Shown, found: Coverage) -> str:
    delivery = shown.delivery
    if delivery is None:
        return "fallback"
    text = found.texts.get(delivery.message_id.lower())
    wording = f"the text of an earlier release, {delivery.message_id}" if text is None else text_line(text)
    says = told(delivery.answer.kind, delivery.answer.fields)
    joint = " " if delivery.answer.kind == "message" else " with "
    return f"{says}{joint}{delivery.answer.messages} in {delivery.locale}: {wording}"


def _below(cell: Cell, found: Coverage) -> str:
    first = "App Store Connect's message, if it has one"
    if cell.product == ANY_PRODUCT:
        return f"{first}; the default message, if there is one; else nothing"
    if cell.default is None:
        return f"{first}; else nothing: there is no default message"
    text = found.texts.get(cell.default)
    return f"{first}; the default message: {cell.default if text is None else text_line(text)}"


def _unreachable_line(found: Unreachable) -> str:
    arm = "" if found.arm is None else f", arm {found.arm}"
    return f"{found.rule}{arm} (line {found.line}): {found.why}"


def _waiting_line(found: Waiting) -> str:
    served = f"; meanwhile its predecessor {found.meanwhile} serves" if found.meanwhile else ""
    return f"{found.messages} in {found.locale} ({found.message}) is {found.standing}{served}: {'; '.join(found.rules)}"


def as_document(found: Coverage) -> dict[str, Any]:
    """Return a coverage as JSON: `below` is Apple's order after the real-time answer."""
    return {
        "source": found.source,
        "at": found.at.isoformat(),
        "judged": found.judged,
        "paused": found.paused,
        "cells": [_cell_document(cell, found) for cell in found.cells],
        "unreachable": [
            {"rule": lost.rule, "arm": lost.arm, "line": lost.line, "why": lost.why} for lost in found.unreachable
        ],
        "waiting": [
            {
                "messages": text.messages,
                "locale": text.locale,
                "message": text.message,
                "state": text.standing,
                "predecessor": text.meanwhile,
                "rules": list(text.rules),
            }
            for text in found.waiting
        ],
        "withoutDefault": [{"product": cell.product, "locale": cell.locale} for cell in found.without_default],
    }


def _cell_document(cell: Cell, found: Coverage) -> dict[str, Any]:
    return {
        "product": cell.product,
        "locale": cell.locale,
        "realTime": [_shown_document(shown, found) for shown in cell.shown],
        "everyoneAnswered": cell.complete,
        "passedOver": [
            {"rule": passed.rule, "reason": passed.reason, "detail": passed.detail} for passed in cell.passed
        ],
        "below": [
            {"from": "App Store Connect", "known": False},
            *([] if cell.default is None else [_default_document(cell.default, found)]),
            {"from": "nothing"},
        ],
    }


def _default_document(message: str, found: Coverage) -> dict[str, Any]:
    return {"from": "default message", "message": message, "text": found.texts.get(message)}


def _shown_document(shown: Shown, found: Coverage) -> dict[str, Any]:
    document: dict[str, Any] = {
        "rule": shown.rule,
        "everyone": shown.everyone,
        "when": shown.when or None,
        "arm": shown.arm,
        "share": shown.share,
    }
    delivery = shown.delivery
    if delivery is None:
        return {**document, "answer": "fallback"}
    return {
        **document,
        "answer": delivery.answer.kind,
        **{name: value for name, value in delivery.answer.fields.items() if name not in {"kind", "set", "group"}},
        "messages": delivery.answer.messages,
        "locale": delivery.locale,
        "message": delivery.message_id,
        "text": found.texts.get(delivery.message_id.lower()),
    }
