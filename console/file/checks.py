"""What is wrong with a document though each entry is well formed: names, targets, schedules, experiments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from retention.catalog import SIGNED, SLOTS, TEXT_ONLY
from retention.locales import APPLE_LOCALES
from retention.request import is_uuid

from console.file.entries import AnswerEntry, Document, ExperimentEntry, Offer, ProductEntry, Shares
from console.file.identifiers import ISSUER_ID_EXAMPLE
from console.file.mistakes import Mistake, Notes
from console.file.periods import days_of
from console.file.sheets import RuleReach
from console.file.subscription_facts import MOST_COUNTED
from console.terminal.characters import non_ascii_hint

_MOST_NAMES: Final = 3


def signs(document: Document) -> bool:
    """Return whether any answer of the document needs the signing key."""
    return any(answer.kind in SIGNED for rule in document.rules for answer in rule.answers)


def check_products(document: Document, notes: Notes) -> None:
    """Note defaults that are no message sets."""
    for product in document.products.values():
        if product.default is not None and product.default not in document.messages:
            notes.unknown(product.at.inside("default"), "message set", product.default, document.messages)


def check_signing_key(document: Document, notes: Notes) -> None:
    """Note what an app that signs leaves out about its key: Apple knows issuers by UUIDs."""
    key = document.signing_key
    if key is None or not signs(document):
        return
    for name, value in (("issuerId", key.issuer_id), ("keyId", key.key_id)):
        if value is None:
            notes.add(key.at, f"`{name}` is missing, and offers are signed with it.", f"Write `{name}: …`.")
    if key.issuer_id and not is_uuid(key.issuer_id):
        wrong = f"`{key.issuer_id}` is no issuer id, and offers are signed with it.{non_ascii_hint(key.issuer_id)}"
        notes.add(key.issuer_at, wrong, f"Write the UUID that App Store Connect shows, such as `{ISSUER_ID_EXAMPLE}`.")


def check_offers(document: Document, notes: Notes, warnings: list[Mistake]) -> None:
    """Note offers of products that the file does not declare; warn of limits over more time than is remembered."""
    for offer in document.offers.values():
        product = document.products.get(offer.product_id)
        if product is not None:
            warnings += _forgetful_limit(offer, product)
        elif offer.product_id:
            notes.unknown(offer.at, "product", offer.product_id, document.products)


def _forgetful_limit(offer: Offer, product: ProductEntry) -> Iterator[Mistake]:
    """Yield a warning where a limit looks further back than the transactions of its product reach, one each period."""
    kept = int(MOST_COUNTED * days_of(product.period))
    if offer.limit is not None and 0 < kept < offer.limit.days:
        yield Mistake(
            offer.limit_at.line,
            offer.limit_at.where,
            f"The {MOST_COUNTED} transactions that are remembered of a subscription to `{product.product_id}` take some"
            f" {kept} days: redemptions before that are not counted.",
            f"Write at most `days: {kept}`.",
        )


def check_schedules(document: Document, now: datetime, notes: Notes) -> None:
    """Note rules whose time is over."""
    for rule in document.rules:
        if rule.schedule.is_over(now.timestamp()):
            notes.add(
                rule.schedule_at,
                f"The schedule of `{rule.name}` is over: it ended before {now:%Y-%m-%d %H:%M} UTC.",
                "Write a later `until`, or remove the rule.",
            )


def check_answers(document: Document, reaches: Sequence[RuleReach], notes: Notes) -> None:
    """Note answers that name what there is not, and answers that Apple would refuse."""
    for reached in reaches:
        for answer in reached.rule.answers:
            if answer.messages:
                _check_messages(answer, document, notes)
            if answer.kind == "alternateProduct" and answer.target:
                _check_alternate(answer, reached, document, notes)
            elif answer.kind == "promotionalOffer" and answer.target and answer.target not in document.offers:
                notes.unknown(answer.at, "offer", answer.target, document.offers)
            elif answer.kind == "advancedCommerce":
                _check_advanced_commerce(answer, reached, document, notes)


def _check_messages(answer: AnswerEntry, document: Document, notes: Notes) -> None:
    texts = document.messages.get(answer.messages)
    if texts is None:
        notes.unknown(answer.messages_at, "message set", answer.messages, document.messages)
    elif answer.kind in TEXT_ONLY:
        pictured = [locale for locale, text in texts.items() if text.pictured]
        if pictured:
            notes.add(
                answer.messages_at,
                f"`{answer.messages}` has an image or bullets (in {_some(pictured)}).",
                f"Apple takes text alone next to `{answer.kind}`: use another message set.",
            )


def _check_alternate(answer: AnswerEntry, reached: RuleReach, document: Document, notes: Notes) -> None:
    target = document.products.get(answer.target)
    if target is None:
        notes.unknown(answer.at, "product", answer.target, document.products)
        return
    if answer.billing_plan_type == "MONTHLY" and target.period not in {"P1Y", ""}:
        notes.add(
            answer.at,
            f"MONTHLY billing exists for products of one year; the period of `{target.product_id}` is {target.period}.",
            "Leave `billingPlanType` out, or name a product with `period: P1Y`.",
        )
    holders = [document.products[product] for product in reached.products]
    refusing = [product for product in holders if not _may_switch(product, target)]
    _check_holders(
        answer,
        reached,
        holders,
        refusing,
        f"cannot switch to `{target.product_id}`: the target is another product of the same group",
        notes,
    )


def _may_switch(product: ProductEntry, target: ProductEntry) -> bool:
    same_group = product.group == target.group or not (product.group and target.group)
    return product.product_id != target.product_id and same_group


def _check_advanced_commerce(answer: AnswerEntry, reached: RuleReach, document: Document, notes: Notes) -> None:
    holders = [document.products[product] for product in reached.products]
    refusing = [product for product in holders if not product.advanced_commerce or product.bundle]
    wrong = "takes no Advanced Commerce answer: the product must be declared `advancedCommerce: true` and be no bundle"
    _check_holders(answer, reached, holders, refusing, wrong, notes)


def _check_holders(
    answer: AnswerEntry,
    reached: RuleReach,
    holders: Sequence[ProductEntry],
    refusing: Sequence[ProductEntry],
    wrong: str,
    notes: Notes,
) -> None:
    """A rule that names products means every one of them; one that does not, whichever can have the answer."""
    if not refusing or (not reached.restricted and len(refusing) < len(holders)):
        return
    names = _some([product.product_id for product in refusing])
    instead = "Restrict the rule with `productId` to products that can have this answer, or give another answer."
    notes.add(answer.at, f"{names} {wrong}.", instead)


def check_experiments(
    document: Document,
    live: Mapping[str, Shares],
    notes: Notes,
    warnings: list[Mistake],
    *,
    reshuffle: bool,
) -> None:
    """Note a key used for two experiments, or for other arms than the `live` ones; warn where customers change arm."""
    seen: dict[str, ExperimentEntry] = {}
    for rule in document.rules:
        experiment = rule.gives
        if not isinstance(experiment, ExperimentEntry) or any(arm.slots is None for arm in experiment.arms):
            continue
        _check_common_locale(experiment, document, notes)
        if not experiment.key:
            continue
        first = seen.setdefault(experiment.key, experiment)
        if first.shares != experiment.shares:
            notes.add(
                experiment.at,
                f"The experiment `{experiment.key}` stands on line {first.at.line} with other arms or weights.",
                "Give both the same arms and weights in the same order, or another `key` to one.",
            )
        elif first is experiment and experiment.key in live:
            _check_live(experiment, live[experiment.key], notes, warnings, reshuffle=reshuffle)


def _check_common_locale(experiment: ExperimentEntry, document: Document, notes: Notes) -> None:
    """Arms are given in one locale that all of them have. Where there is none, no customer ever comes to one."""
    sets = {arm.answer.messages for arm in experiment.arms if arm.slots and arm.answer and arm.answer.messages}
    texts = [document.messages.get(name, {}).keys() for name in sorted(sets)]
    if not texts or not all(locales and locales <= APPLE_LOCALES for locales in texts):
        return  # nothing is shown, or what is wrong with the sets is noted there
    if not frozenset.intersection(*map(frozenset, texts)):
        names = _some(sorted(sets))
        notes.add(
            experiment.at,
            f"No arm can ever be given: {names} have no locale in common, and arms are compared in one.",
            f"Give each of them a text in the same locale, such as `{_default_locale(document)}`.",
        )


def _default_locale(document: Document) -> str:
    return document.locales.default if document.locales is not None else "en-US"


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


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in names[:_MOST_NAMES])
    return listed if len(names) <= _MOST_NAMES else f"{listed} and {len(names) - _MOST_NAMES} more"
