"""Rules, spread over one sheet for each product: what a request for that product has to look at, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from retention.catalog import Sheet
from retention.conditions import Condition, document_of
from retention.locales import APPLE_LOCALES, LocaleTable
from retention.table import ANY_PRODUCT, MAX_DOCUMENT, canonical, pack

from console.file.entries import AnswerEntry, Document, ExperimentEntry, RuleEntry
from console.file.mistakes import Mistake, Notes, Place
from console.file.product_conditions import asks_product, for_product, named_products

# DynamoDB takes 400 KB an item; the rest keeps a request to one small read (design.md, section 5).
MAX_SHEET_BYTES: Final = 350 * 1024
# Unpacked, a sheet is compiled while a customer waits, and no deadline can end that: some 0.1 s for as much as this.
MAX_SHEET_JSON: Final = 1024 * 1024
MAX_RULES: Final = 500
# BatchGetItem takes 100 keys: the states of everything one request could be answered with.
MAX_LOCALE_MESSAGES: Final = 100
# What a device may ask for that Apple does not list; every candidate for it comes from fallbacks and the default.
_UNKNOWN_LOCALE: Final = "xx"

SheetDocument = dict[str, Any]
# Message set → locale → message ids, newest first.
Texts = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class RuleReach:
    """One rule with the products it may answer, and what then remains of its condition."""

    rule: RuleEntry
    conditions: Mapping[str, Condition | None]

    @property
    def restricted(self) -> bool:
        """Return whether the rule asks for the product; with a mistake in the rule, whether it names products.

        For any fact other than a product the file does not name, what is left of the condition is not known.
        """
        condition = self.rule.condition
        if condition is None or not asks_product(condition):
            return False
        return self.rule.understood or named_products(condition) is not None

    @property
    def products(self) -> tuple[str, ...]:
        return tuple(product for product in self.conditions if product != ANY_PRODUCT)


def reach(rule: RuleEntry, products: Mapping[str, object]) -> RuleReach:
    """Return where `rule` may answer: the declared products and ANY_PRODUCT, for everything undeclared."""
    condition = rule.condition
    if condition is None or not asks_product(condition):
        return RuleReach(rule, dict.fromkeys((*products, ANY_PRODUCT), condition))
    named = named_products(condition)
    candidates = (*products, ANY_PRODUCT) if named is None else sorted(named & products.keys())
    return RuleReach(rule, dict(_remaining(condition, candidates)))


def _remaining(condition: Condition, candidates: tuple[str, ...] | list[str]) -> Iterator[tuple[str, Condition | None]]:
    for product in candidates:
        remains = for_product(condition, None if product == ANY_PRODUCT else product)
        if remains is True:
            yield product, None
        elif remains is not False:
            yield product, remains


@dataclass(slots=True)
class SheetDraft:
    """One product's rules so far. After `closed` no rule can answer, after `settled` hardly any; both are names."""

    rules: list[dict[str, Any]] = field(default_factory=list)
    sets: dict[str, None] = field(default_factory=dict)
    closed: str | None = None
    settled: str | None = None


def spread(
    document: Document, reaches: list[RuleReach], notes: Notes, warnings: list[Mistake]
) -> dict[str, SheetDraft]:
    """Put each rule on the sheets it may answer on, noting rules that no request can come to."""
    drafts = {product: SheetDraft() for product in (*document.products, ANY_PRODUCT)}
    held_out = document.holdout and document.holdout.answer
    if held_out and held_out.messages:
        for draft in drafts.values():
            draft.sets[held_out.messages] = None
    for reached in reaches:
        if not reached.rule.understood:
            continue  # with a mistake in it, the requests it would match are unknown
        _check_reachable(reached, drafts, notes, warnings)
        rule = reached.rule
        compiled = _rule(rule, document)
        always = rule.schedule.starts is None and rule.schedule.ends is None and _answers_everyone(rule)
        falls_back = all(answer.kind == "fallback" for answer in rule.answers)
        for_everyone = isinstance(rule.gives, AnswerEntry) and "limit" not in compiled["answer"]
        for product, condition in reached.conditions.items():
            draft = drafts[product]
            if draft.closed is None:
                draft.rules.append({**compiled, "when": None if condition is None else document_of(condition)})
                draft.sets.update(dict.fromkeys(answer.messages for answer in rule.answers if answer.messages))
            if always and condition is None and falls_back:
                draft.closed = draft.closed or rule.name
            elif always and condition is None and for_everyone:
                draft.settled = draft.settled or rule.name
    return drafts


def _answers_everyone(rule: RuleEntry) -> bool:
    """Return whether no customer who comes to this rule is left to the next: no layer or traffic is in the way."""
    gives = rule.gives
    partial = isinstance(gives, ExperimentEntry) and (gives.layer is not None or gives.traffic is not None)
    return bool(rule.answers) and not partial


def _check_reachable(
    reached: RuleReach, drafts: Mapping[str, SheetDraft], notes: Notes, warnings: list[Mistake]
) -> None:
    rule, found = reached.rule, [drafts[product] for product in reached.conditions]
    if not found:
        notes.add(rule.at, f"The rule `{rule.name}` matches no product.", "Correct what it asks of `productId`.")
    elif all(draft.closed for draft in found):
        wrong = f"No request comes to `{rule.name}`: `{found[0].closed}` falls back for every one before it."
        notes.add(rule.at, wrong, f"Move it above `{found[0].closed}`, or remove it.")
    elif all(draft.closed or draft.settled for draft in found):
        before = found[0].settled or found[0].closed
        wrong = (
            f"`{rule.name}` answers only while `{before}`, which matches every request before it, cannot be delivered."
        )
        warnings.append(Mistake(rule.at.line, rule.at.where, wrong, f"Move it above `{before}` if it should answer."))


def _rule(rule: RuleEntry, document: Document) -> dict[str, Any]:
    compiled: dict[str, Any] = {"name": rule.name, "from": rule.schedule.starts, "until": rule.schedule.ends}
    if isinstance(rule.gives, ExperimentEntry):
        return {**compiled, "experiment": _experiment(rule.gives, document)}
    return {**compiled, "answer": rule.gives and answer_document(rule.gives, document)}


def _experiment(experiment: ExperimentEntry, document: Document) -> dict[str, Any]:
    """Return what a request needs of an experiment: who is in which arm. The plan and the control are the report's."""
    arms = [[arm.name, arm.slots, arm.answer and answer_document(arm.answer, document)] for arm in experiment.arms]
    compiled: dict[str, Any] = {"key": experiment.key, "arms": arms}
    if experiment.layer is not None:
        compiled["layer"] = {"name": experiment.layer.name, "slots": [experiment.layer.first, experiment.layer.last]}
    if experiment.traffic is not None:
        compiled["traffic"] = [[step.starts, step.slots] for step in experiment.traffic]
    return compiled


def answer_document(answer: AnswerEntry, document: Document) -> dict[str, Any]:
    """Return an answer in the form of `retention.catalog`; what a name does not resolve to is left out."""
    compiled: dict[str, Any] = {"kind": answer.kind}
    if answer.kind == "fallback":
        return compiled
    compiled["set"] = answer.messages
    if answer.kind == "alternateProduct":
        target = document.products.get(answer.target)
        compiled |= {"productId": answer.target, "group": target.group if target else ""}
        if answer.billing_plan_type is not None:
            compiled["billingPlanType"] = answer.billing_plan_type
    elif answer.kind == "promotionalOffer" and answer.target in document.offers:
        offer = document.offers[answer.target]
        compiled |= {
            "productId": offer.product_id,
            "offerIdentifier": offer.offer_identifier,
            "signature": offer.signature,
        }
        if offer.limit is not None:
            compiled["limit"] = {"times": offer.limit.times, "days": offer.limit.days, "of": offer.limit.of}
    elif answer.kind == "advancedCommerce":
        compiled["request"] = answer.request
    return compiled


def sheet_document(
    product: str, draft: SheetDraft, document: Document, texts: Texts, pictured: frozenset[str]
) -> SheetDocument:
    """Return the sheet of one product, in the form of `retention.catalog`."""
    declared = document.products.get(product)
    sets = {
        name: {locale: list(ids) for locale, ids in sorted(texts[name].items())}
        for name in sorted(draft.sets)
        if name in texts
    }
    named = {message for by_locale in sets.values() for ids in by_locale.values() for message in ids}
    sheet: SheetDocument = {
        "product": declared
        and {
            "productId": product,
            "group": declared.group,
            "advancedCommerce": declared.advanced_commerce,
            "bundle": declared.bundle,
        },
        "rules": draft.rules,
        "sets": sets,
        "pictured": sorted(named & pictured),
    }
    holdout = document.holdout
    if holdout is not None and holdout.answer is not None:
        answer = answer_document(holdout.answer, document)
        sheet["holdout"] = {"key": holdout.key, "slots": holdout.slots, "answer": answer}
    return sheet


def check_limits(product: str, sheet: SheetDocument, locales: LocaleTable, at: Place, notes: Notes) -> None:
    """Note where a sheet is more than one request may have to read, with the figure."""
    who = "products the file does not name" if product == ANY_PRODUCT else f"`{product}`"
    if len(sheet["rules"]) > MAX_RULES:
        notes.add(
            at,
            f"{len(sheet['rules'])} rules may answer {who}.",
            f"At most {MAX_RULES} may: add a condition on `productId`.",
        )
        return
    content = canonical(sheet)
    size = len(pack(content)) if len(content) <= MAX_DOCUMENT else len(content)
    if size > MAX_SHEET_BYTES:
        limit = f"At most {MAX_SHEET_BYTES} fit: ask for `productId` in more rules."
        notes.add(at, f"The rules that may answer {who} take {size} bytes.", limit)
    elif len(content) > MAX_SHEET_JSON:
        limit = (
            f"At most {MAX_SHEET_JSON} can be compiled in time: ask for `productId` in more rules, with fewer in each."
        )
        notes.add(at, f"The rules that may answer {who} take {len(content)} bytes unpacked.", limit)
    locale, number = _most_messages(sheet, locales)
    if number > MAX_LOCALE_MESSAGES:
        limit = f"At most {MAX_LOCALE_MESSAGES} can be looked up: use fewer message sets for it."
        notes.add(at, f"Rules for {who} name {number} messages that may serve `{locale}`.", limit)


def _most_messages(sheet: SheetDocument, locales: LocaleTable) -> tuple[str, int]:
    every = {message for texts in sheet["sets"].values() for ids in texts.values() for message in ids}
    if len(every) <= MAX_LOCALE_MESSAGES:
        return "", len(every)
    compiled = Sheet.from_document(sheet, locales)
    asked = [*sorted(APPLE_LOCALES), *sorted(locales.fallbacks), _UNKNOWN_LOCALE]
    return max(((locale, len(compiled.plan(locale).message_ids)) for locale in asked), key=lambda found: found[1])
