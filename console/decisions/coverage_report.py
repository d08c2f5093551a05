"""How `retention coverage` prints: what customers get, cell by cell, and the one JSON document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from retention.decision import Delivery
from retention.table import ANY_PRODUCT

from console.decisions.coverage import Cell, Coverage, CoveredHoldout, PassedOver, RealTimeAnswer, Waiting
from console.decisions.unreachable import Unreachable
from console.file.wording import fields_text, instant_text, text_line
from console.terminal.json_form import ABSENT, Absent, camel, form_of
from console.terminal.output import Output


def show(found: Coverage, out: Output) -> None:
    """Print a coverage, as text or as one JSON document."""
    out.print(f"{found.source}, as of {instant_text(found.at.timestamp())}, {found.judged}.", "bold")
    if found.paused:
        out.print("Paused: no customer gets a real-time answer until `retention resume`.", "yellow")
    if found.holdout is not None and not found.paused:
        out.print(holdout_line(found.holdout))
    for product in dict.fromkeys(cell.product for cell in found.cells):
        out.print("")
        out.print("Products the file does not name" if product == ANY_PRODUCT else product, "bold")
        for locales, lines in _grouped(found, product).items():
            out.print("  " + ", ".join(locales), "cyan")
            for line in lines:
                out.print(f"    {line}")
    _show_list(out, "Rules and arms that no request can come to", map(_unreachable_line, found.unreachable))
    _show_list(out, "Not approved by App Review", map(_waiting_line, found.waiting))
    missing: dict[str, list[str]] = {}
    for cell in found.without_default:
        missing.setdefault(cell.product, []).append(cell.locale)
    _show_list(
        out,
        "Real-time answers without a default message: Apple requires one there, or may show nothing at all",
        (f"{product}: {', '.join(locales)}" for product, locales in missing.items()),
    )
    out.document(form_of(_document(found)))


def holdout_line(holdout: CoveredHoldout) -> str:
    """Return whom the rules are not asked for, and what these customers get."""
    return f"The holdout {holdout.key} has {holdout.share} of the customers, who get {holdout.answer}. All others:"


def _show_list(out: Output, heading: str, lines: Iterable[str]) -> None:
    listed = list(lines)
    if listed:
        out.print("")
        out.print(f"{heading}:", "yellow")
        for line in listed:
            out.print(f"  {line}")


def _grouped(found: Coverage, product: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return the lines of a product's cells, locales that read the same together."""
    locales: dict[tuple[str, ...], list[str]] = {}
    for cell in found.cells:
        if cell.product == product:
            locales.setdefault(tuple(_cell_lines(cell, found)), []).append(cell.locale)
    return {tuple(names): lines for lines, names in locales.items()}


def _cell_lines(cell: Cell, found: Coverage) -> Iterator[str]:
    if cell.held_out is not None:
        yield f"held out: {_delivery_text(cell.held_out, found)}"
    rule = None
    for answer in cell.real_time:
        if answer.rule != rule:
            rule = answer.rule
            who = _who(answer, cell)
            yield f"{who}: {_answer_text(answer, found)}" if answer.arm is None else f"{who}:"
        if answer.arm is not None:
            yield f"  {answer.share} {answer.arm}: {_answer_text(answer, found)}"
    if not cell.complete:
        who = "everyone else" if cell.real_time else "everyone"
        yield f"{who}: no real-time answer" + ("" if found.paused else ", since no rule has one")
    for passed in cell.passed_over:
        yield f"({passed.rule} does not answer: {passed.detail})"
    yield f"below it: {_below(cell, found)}"


def _who(answer: RealTimeAnswer, cell: Cell) -> str:
    if not answer.everyone:
        return f"some customers, by {answer.rule} (if {answer.when})"
    first = cell.real_time[0].rule == answer.rule
    return f"everyone{'' if first else ' else'}, by {answer.rule}"


def _answer_text(answer: RealTimeAnswer, found: Coverage) -> str:
    return "fallback" if answer.delivery is None else _delivery_text(answer.delivery, found)


def _delivery_text(delivery: Delivery, found: Coverage) -> str:
    text = found.texts.get(delivery.message_id.lower())
    wording = f"the text of an earlier release, {delivery.message_id}" if text is None else text_line(text)
    terms = fields_text(delivery.answer.kind, delivery.answer.fields)
    joint = " " if delivery.answer.kind == "message" else " with "
    return f"{terms}{joint}{delivery.answer.messages} in {delivery.locale}: {wording}"


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
    served = f"; meanwhile its predecessor {found.predecessor} serves" if found.predecessor else ""
    return f"{found.messages} in {found.locale} ({found.message}) is {found.state}{served}: {'; '.join(found.rules)}"


# The JSON document --------------------------------------------------------------------------------------------------

_TERMS: Final = ("product_id", "offer_identifier", "signature", "limit", "billing_plan_type", "request")


@dataclass(frozen=True, slots=True)
class _PlaceForm:
    product: str
    locale: str


@dataclass(frozen=True, slots=True)
class _AnswerForm:
    """`answer` is the kind; what a kind does not have is absent. `text` None: it is of an earlier release."""

    rule: str
    everyone: bool
    when: str | None
    arm: str | None
    share: str | None
    answer: str
    product_id: str | Absent = ABSENT
    offer_identifier: str | Absent = ABSENT
    signature: str | Absent = ABSENT
    limit: Mapping[str, Any] | Absent = ABSENT
    billing_plan_type: str | Absent = ABSENT
    request: Mapping[str, Any] | Absent = ABSENT
    messages: str | Absent = ABSENT
    locale: str | Absent = ABSENT
    message: str | Absent = ABSENT
    text: Mapping[str, Any] | Absent | None = ABSENT


@dataclass(frozen=True, slots=True)
class _HeldOutForm:
    """The message that customers who are held out get; absent where Apple falls back for them."""

    messages: str
    locale: str
    message: str
    text: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class _BelowForm:
    """One place where Apple looks after the real-time answer."""

    from_: str
    known: bool | Absent = ABSENT
    message: str | Absent = ABSENT
    text: Mapping[str, Any] | Absent | None = ABSENT


@dataclass(frozen=True, slots=True)
class _CellForm:
    product: str
    locale: str
    real_time: tuple[_AnswerForm, ...]
    everyone_answered: bool
    passed_over: tuple[PassedOver, ...]
    below: tuple[_BelowForm, ...]
    held_out: _HeldOutForm | Absent = ABSENT


@dataclass(frozen=True, slots=True)
class _CoverageForm:
    source: str
    at: datetime
    judged: str
    paused: bool
    cells: tuple[_CellForm, ...]
    unreachable: tuple[Unreachable, ...]
    waiting: tuple[Waiting, ...]
    without_default: tuple[_PlaceForm, ...]
    holdout: CoveredHoldout | None


def _document(found: Coverage) -> _CoverageForm:
    cells = tuple(_cell_form(cell, found.texts) for cell in found.cells)
    missing = tuple(_PlaceForm(cell.product, cell.locale) for cell in found.without_default)
    return _CoverageForm(
        found.source,
        found.at,
        found.judged,
        found.paused,
        cells,
        found.unreachable,
        found.waiting,
        missing,
        found.holdout,
    )


def _cell_form(cell: Cell, texts: Mapping[str, Mapping[str, Any]]) -> _CellForm:
    default = cell.default
    below = [_BelowForm("App Store Connect", known=False)]
    if default is not None:
        below.append(_BelowForm("default message", message=default, text=texts.get(default)))
    below.append(_BelowForm("nothing"))
    answers = tuple(_answer_form(answer, texts) for answer in cell.real_time)
    held = ABSENT if cell.held_out is None else _held_out_form(cell.held_out, texts)
    return _CellForm(cell.product, cell.locale, answers, cell.complete, cell.passed_over, tuple(below), held)


def _held_out_form(found: Delivery, texts: Mapping[str, Mapping[str, Any]]) -> _HeldOutForm:
    text = texts.get(found.message_id.lower())
    return _HeldOutForm(found.answer.messages, found.locale, found.message_id, text)


def _answer_form(found: RealTimeAnswer, texts: Mapping[str, Mapping[str, Any]]) -> _AnswerForm:
    delivery = found.delivery
    by = found.rule, found.everyone, found.when or None, found.arm, found.share
    if delivery is None:
        return _AnswerForm(*by, "fallback")
    fields = delivery.answer.fields
    return _AnswerForm(
        *by,
        delivery.answer.kind,
        **{name: fields[camel(name)] for name in _TERMS if camel(name) in fields},
        messages=delivery.answer.messages,
        locale=delivery.locale,
        message=delivery.message_id,
        text=texts.get(delivery.message_id.lower()),
    )
