"""`answer:` in the file → an entry, with the limits of what Apple takes in each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from retention.limits import MAX_DESCRIPTION, MAX_DISPLAY_NAME, MAX_SKU, utf16_length

from console.file.entries import AnswerEntry
from console.file.fields import Fields
from console.file.mistakes import Notes, suggestion
from console.file.periods import OFFER_PERIODS, PERIODS
from console.file.tree import Node

KINDS: Final = ("message", "alternateProduct", "promotionalOffer", "advancedCommerce", "fallback")
BILLING_PLANS: Final = ("BILLED_UPFRONT", "MONTHLY")

# Field by field: what each kind may hold in addition to the message.
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "message": ("message",),
    "alternateProduct": ("alternateProduct", "message", "billingPlanType"),
    "promotionalOffer": ("promotionalOffer", "message"),
    "advancedCommerce": ("advancedCommerce", "message"),
}

# SubscriptionModifyInAppRequest (apple-api.md, section 3; Apple's library checks the same lengths).
_MAX_PERIOD_COUNT: Final = 12
_EFFECTIVE: Final = ("IMMEDIATELY", "NEXT_BILL_CYCLE")
_REASONS: Final = ("UPGRADE", "DOWNGRADE", "APPLY_OFFER")
_OFFER_REASONS: Final = ("ACQUISITION", "WIN_BACK", "RETENTION")
_THREE_CAPITALS = re.compile("[A-Z]{3}")
_ADVANCED_COMMERCE: Final = (
    "currentSKU SKU displayName description effective reason price currency storefront retainBillingCycle offer taxCode"
    " periodChange"
).split()


def read_answer(node: Node, notes: Notes) -> AnswerEntry | None:
    """Return an `answer:`; None where it could not be understood, which is noted."""
    if node.value == "fallback":
        return AnswerEntry("fallback", "", node.at, node.at)
    if not isinstance(node.value, Mapping):
        instead = suggestion(node.value, ("fallback",)) if isinstance(node.value, str) else "Write `{message: …}`."
        notes.add(node.at, f"An answer is a mapping or `fallback`, not {node.kind}.", instead)
        return None
    kinds = _kinds(node, notes)
    if not kinds:
        return None
    kind = kinds[0]
    noted = {"fallback", *kinds[1:]}
    rest = Node(node.at, {key: entry for key, entry in node.entries.items() if key not in noted})
    fields = Fields.of(rest, notes, f"an answer that is `{kind}`", _FIELDS[kind])
    # Of several that exclude each other none is meant for sure.
    target = fields.text(kind) if kind in {"alternateProduct", "promotionalOffer"} and len(kinds) == 1 else ""
    return AnswerEntry(
        kind=kind,
        messages=fields.text("message") or "",
        at=fields.place(kind),
        messages_at=fields.place("message"),
        target=target or "",
        billing_plan_type=fields.choice("billingPlanType", BILLING_PLANS) if kind == "alternateProduct" else None,
        request=_advanced_commerce(node.entries[kind], notes) if kind == "advancedCommerce" else None,
    )


def _kinds(node: Node, notes: Notes) -> list[str]:
    """Return the kinds of answer in a mapping, of which there must be one. A message is one where it is alone."""
    kinds = [kind for kind in KINDS[1:4] if kind in node.entries]
    if len(kinds) > 1:
        both = " and ".join(f"`{kind}`" for kind in kinds)
        notes.add(node.at, f"{both} exclude each other: Apple takes one answer.", "Keep one of them.")
    if "fallback" in node.entries:
        wrong = "`fallback` is a complete answer: it takes no value and no other key."
        notes.add(node.entries["fallback"].at, wrong, "Write `answer: fallback`.")
    elif not node.entries:
        notes.add(node.at, "This answer is empty.", suggestion("", KINDS))
    elif not kinds and "message" not in node.entries:
        for key, entry in node.entries.items():
            notes.unknown(entry.at, "answer called", key, KINDS)
    return kinds or ["message"] * ("message" in node.entries)


def _advanced_commerce(node: Node, notes: Notes) -> Mapping[str, Any]:
    """Return the owner's part of a SubscriptionModifyInAppRequest with one change item."""
    fields = Fields.of(node, notes, "an advancedCommerce answer", _ADVANCED_COMMERCE)
    item: dict[str, Any] = {
        "currentSKU": _limited(fields, "currentSKU", MAX_SKU),
        "SKU": _limited(fields, "SKU", MAX_SKU),
        "displayName": _limited(fields, "displayName", MAX_DISPLAY_NAME, shown=True),
        "description": _limited(fields, "description", MAX_DESCRIPTION, shown=True),
        "effective": fields.choice("effective", _EFFECTIVE, required=True),
        "reason": fields.choice("reason", _REASONS, required=True),
        "price": fields.integer("price", least=0, like=9990),
        "offer": _offer(node.entries["offer"], notes) if "offer" in node.entries else None,
    }
    if item["reason"] == "APPLY_OFFER" and "offer" not in node.entries:
        notes.add(fields.place("reason"), "APPLY_OFFER needs an `offer`.", "Add one, or give another reason.")
    request: dict[str, Any] = {
        "retainBillingCycle": fields.flag("retainBillingCycle", required=True),
        "changeItems": [_present(item)],
        "currency": _code(fields, "currency", "USD"),
        "storefront": _code(fields, "storefront", "USA"),
        "taxCode": fields.text("taxCode", required=False),
        "periodChange": _period_change(node.entries["periodChange"], notes) if "periodChange" in node.entries else None,
    }
    return _present(request)


def _offer(node: Node, notes: Notes) -> Mapping[str, Any]:
    fields = Fields.of(node, notes, "an Advanced Commerce offer", ("period", "periodCount", "price", "reason"))
    count = fields.integer("periodCount", least=1, like=1)
    if count is not None and count > _MAX_PERIOD_COUNT:
        notes.add(fields.place("periodCount"), f"`periodCount` is {count}.", f"Write 1 to {_MAX_PERIOD_COUNT}.")
    return _present(
        {
            "period": fields.period("period", OFFER_PERIODS),
            "periodCount": count,
            "price": fields.integer("price", least=0, like=9990),
            "reason": fields.choice("reason", _OFFER_REASONS, required=True),
        }
    )


def _period_change(node: Node, notes: Notes) -> Mapping[str, Any]:
    fields = Fields.of(node, notes, "a period change", ("effective", "period"))
    return _present(
        {
            "effective": fields.choice("effective", _EFFECTIVE, required=True),
            "period": fields.period("period", PERIODS),
        }
    )


def _limited(fields: Fields, key: str, limit: int, *, shown: bool = False) -> str | None:
    text = fields.line(key) if shown else fields.text(key)
    if text is not None and utf16_length(text) > limit:
        length = utf16_length(text)
        fields.notes.add(fields.place(key), f"`{key}` has {length} characters.", f"Apple takes at most {limit}.")
    return text


def _code(fields: Fields, key: str, example: str) -> str | None:
    code = fields.text(key, required=False)
    if code is not None and not _THREE_CAPITALS.fullmatch(code):
        fields.notes.add(
            fields.place(key), f"`{key}` is a code of three capitals, not `{code}`.", f"Write one like `{example}`."
        )
    return code


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}
