"""`retention coverage`: the answer of every customer, product by locale by arm, and what is missing there.

Facts of customers are not known here. So a cell lists, in order, the answers that some customers may get, down to the
first rule that has an answer for every request that comes to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from retention.catalog import APPROVED, UNKNOWN, MessageState
from retention.conditions import Condition
from retention.decision import Delivery
from retention.locales import APPLE_LOCALES, listed
from retention.table import ANY_PRODUCT

from console.decisions.file_locales import own_locales
from console.decisions.inferred_facts import facts_of, open_part
from console.decisions.possible_answers import CandidateRule, candidate_rules, held_out
from console.decisions.unreachable import Unreachable, unreachable
from console.file.edition import UNKNOWN_PRODUCT, Edition, Standing
from console.file.entries import Document, ExperimentEntry
from console.file.mistakes import suggestion
from console.file.wording import (
    answer_text,
    condition_text,
    instant_text,
    percent,
    text_fields,
    within_limit_text,
)
from console.terminal.failure import Failure
from console.terminal.output import ReportProgress, no_progress

_UNKNOWN: Final = MessageState(UNKNOWN)


@dataclass(frozen=True, slots=True)
class RealTimeAnswer:
    """One answer that customers get by a rule; `delivery` None: Apple falls back.

    It goes to `everyone` whose request comes to the rule, or only to customers for whom `when` holds. `arm` and
    `share` are of an experiment, and `taking_part` is the share of customers in it now, None where all are.
    """

    rule: str
    everyone: bool
    when: str
    arm: str | None
    share: str | None
    delivery: Delivery | None
    taking_part: str | None = None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A rule that would apply and cannot be delivered, or whose schedule does not hold."""

    rule: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One product and locale. `default` is the id of Apple's default message there, or None.

    `complete`: some rule has an answer, or `fallback`, for everyone; else those left get no real-time answer. Customers
    who are held out get `held_out` instead of all this; None where they get no real-time answer.
    """

    product: str
    locale: str
    real_time: tuple[RealTimeAnswer, ...]
    passed_over: tuple[PassedOver, ...]
    complete: bool
    default: str | None
    held_out: Delivery | None = None

    @property
    def delivers(self) -> bool:
        """Whether some customer gets a real-time answer."""
        return self.held_out is not None or any(answer.delivery is not None for answer in self.real_time)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A text that is not approved, with the rules and arms that wait for it.

    `message` is its id, `state` where App Review stands with it and its images, and `predecessor` the id of the
    approved text that serves meanwhile.
    """

    messages: str
    locale: str
    message: str
    state: str
    predecessor: str | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoveredHoldout:
    """The holdout of an edition: its key, the `share` of customers that no rule is asked for, and what they get."""

    key: str
    share: str
    answer: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """The cells of an edition as of `at`, an aware instant, and what is missing in them.

    `judged` names the review states that were used; `texts` is message id → text, as far as they are known.
    """

    source: str
    judged: str
    at: datetime
    paused: bool
    cells: tuple[Cell, ...]
    unreachable: tuple[Unreachable, ...]
    waiting: tuple[Waiting, ...]
    texts: Mapping[str, Mapping[str, Any]] = field(repr=False)
    holdout: CoveredHoldout | None = None

    @property
    def without_default(self) -> tuple[Cell, ...]:
        """Where there are real-time answers and no default message, for products that have a name."""
        return tuple(cell for cell in self.cells if cell.delivers and not cell.default and cell.product != ANY_PRODUCT)

    @property
    def unknown_texts(self) -> frozenset[str]:
        """The messages whose text is not in this edition."""
        named = {
            answer.delivery.message_id.lower() for cell in self.cells for answer in cell.real_time if answer.delivery
        }
        named |= {cell.held_out.message_id.lower() for cell in self.cells if cell.held_out}
        named |= {cell.default for cell in self.cells if cell.default}
        return frozenset(named - self.texts.keys())

    @property
    def gaps(self) -> bool:
        return bool(self.unreachable or self.waiting or self.without_default)


@dataclass(frozen=True, slots=True)
class CellChoice:
    """Which cells are asked for; empty means all. `all_locales`: Apple's fifty next to the file's own."""

    products: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()
    all_locales: bool = False


def cover(
    edition: Edition, known: Standing | None, at: datetime, choice: CellChoice, progress: ReportProgress = no_progress
) -> Coverage:
    """Return the coverage of an edition, as of `at`.

    Without `known` every text is taken as approved, and the defaults are those that the file asks for.
    Raises Failure for a product that is not in the file.
    """
    products, locales = _chosen(edition.document, choice)
    texts = {message: text_fields(text) for message, text in edition.wording().items()}
    states = None if known is None else known.states
    paused = known is not None and known.paused
    cells, judged = [], edition.with_unknown_products()
    for done, product in enumerate(products, 1):
        catalog, conditions = judged.catalog(product, states), judged.conditions(product)
        for locale in locales:
            found = () if paused else candidate_rules(catalog, product, locale)
            default = _default(edition, known, product, locale)
            open_texts = _open_texts(conditions, product, locale)
            cell = _cell(product, locale, found, open_texts, at.timestamp(), default)
            held = None if paused else held_out(catalog, product, locale)
            cells.append(cell if held is None else replace(cell, held_out=held.delivery))
        progress("covering", done, len(products))
    return Coverage(
        source=edition.name,
        judged="every text taken as approved" if known is None else "the review states of the table",
        at=at,
        paused=paused,
        cells=tuple(cells),
        unreachable=tuple(unreachable(edition, at.timestamp(), progress)),
        waiting=() if states is None else tuple(_waiting(edition, states)),
        texts=texts,
        holdout=_holdout(edition.document),
    )


def _holdout(document: Document) -> CoveredHoldout | None:
    holdout = document.holdout
    if holdout is None:
        return None
    return CoveredHoldout(holdout.key, percent(holdout.slots or 0), answer_text(holdout.answer, document))


def _chosen(document: Document, choice: CellChoice) -> tuple[Sequence[str], Sequence[str]]:
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


def _open_texts(conditions: Mapping[str, Condition], product: str, locale: str) -> dict[str, str]:
    """Return, by rule, the text of what its condition still asks, once product and locale are known."""
    facts = facts_of(product, locale)
    return {
        name: condition_text(open_part(condition, facts)).replace(UNKNOWN_PRODUCT, "productId")
        for name, condition in conditions.items()
    }


def _cell(
    product: str,
    locale: str,
    found: Iterable[CandidateRule],
    open_texts: Mapping[str, str],
    at: float,
    default: str | None,
) -> Cell:
    answers: list[RealTimeAnswer] = []
    passed: list[PassedOver] = []
    complete = False
    for candidate in found:
        if candidate.applies is False:
            continue
        if not candidate.at(at):
            passed.append(_out_of_time(candidate, at))
        elif not candidate.taking_part(at):
            passed.append(PassedOver(candidate.rule.name, "outside_traffic", "no customer takes part yet"))
        elif candidate.refusal is not None:
            passed.append(PassedOver(candidate.rule.name, candidate.refusal.reason, candidate.refusal.detail))
        else:
            answers += _answers(candidate, open_texts.get(candidate.rule.name, ""), at)
            if candidate.settles(at):
                complete = True
                break
    return Cell(product, locale, tuple(answers), tuple(passed), complete, default)


def _out_of_time(candidate: CandidateRule, at: float) -> PassedOver:
    rule = candidate.rule
    if rule.starts is not None and at < rule.starts:
        return PassedOver(rule.name, "before_schedule", f"its schedule begins {instant_text(rule.starts)}")
    return PassedOver(rule.name, "after_schedule", f"its schedule ended {instant_text(rule.ends or 0)}")


def _taking_part(candidate: CandidateRule, at: float) -> str | None:
    """Return the share of the customers who take part at UTC seconds; None where all do."""
    share = candidate.taking_part(at)
    return None if share == 1 else f"{float(share * 100):.4g} %"


def _who(candidate: CandidateRule, when: str, at: float) -> str:
    """Return, as text, what must hold of a customer to be answered at UTC seconds."""
    within = map(within_limit_text, candidate.limits)
    share = _taking_part(candidate, at)
    part = [] if share is None else [f"the customer takes part, as {share} do"]
    return ", and ".join([*([] if candidate.applies else [when]), *within, *part])


def _answers(candidate: CandidateRule, when: str, at: float) -> Iterator[RealTimeAnswer]:
    for share in candidate.shares:
        yield RealTimeAnswer(
            rule=candidate.rule.name,
            everyone=candidate.everyone(at),
            when=_who(candidate, when, at),
            arm=share.arm,
            share=None if share.arm is None else percent(share.slots),
            delivery=share.delivery,
            taking_part=_taking_part(candidate, at),
        )


def _waiting(edition: Edition, states: Mapping[str, MessageState]) -> Iterator[Waiting]:
    users: dict[str, list[str]] = {}
    for rule in edition.document.rules:
        if isinstance(rule.gives, ExperimentEntry):
            for arm in rule.gives.arms:
                if arm.answer is not None and arm.answer.messages and arm.slots:
                    users.setdefault(arm.answer.messages, []).append(f"{rule.name}, arm {arm.name}")
        elif rule.gives is not None and rule.gives.messages:
            users.setdefault(rule.gives.messages, []).append(rule.name)
    holdout = edition.document.holdout
    if holdout is not None and holdout.answer is not None and holdout.answer.messages:
        users.setdefault(holdout.answer.messages, []).append(f"the holdout {holdout.key}")
    for name, rules in users.items():
        for locale, ids in sorted(edition.texts.get(name, {}).items()):
            newest = states.get(ids[0].lower(), _UNKNOWN)
            if not newest.servable:
                served = (message for message in ids[1:] if states.get(message.lower(), _UNKNOWN).servable)
                yield Waiting(name, locale, ids[0].lower(), _state_text(newest), next(served, None), tuple(rules))


def _state_text(state: MessageState) -> str:
    images = [f"image {image} {name}" for image, name in state.images.items() if name != APPROVED]
    return ", ".join([state.message, *images])
