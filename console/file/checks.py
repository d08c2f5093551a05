"""What is wrong with a document though each entry is well formed: names, targets, schedules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from retention.catalog import SIGNED, TEXT_ONLY
from retention.request import is_uuid

from console.file.entries import AnswerEntry, Document, Offer, ProductEntry
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
                f"`{answer.messages}` has an image or bullets (in {some(pictured)}).",
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
    names = some([product.product_id for product in refusing])
    instead = "Restrict the rule with `productId` to products that can have this answer, or give another answer."
    notes.add(answer.at, f"{names} {wrong}.", instead)


def some(names: Sequence[str]) -> str:
    """Return the first of several names in a row, and how many more there are."""
    listed = ", ".join(f"`{name}`" for name in names[:_MOST_NAMES])
    return listed if len(names) <= _MOST_NAMES else f"{listed} and {len(names) - _MOST_NAMES} more"
