"""Conditions, answers and schedules in words: one line each, the same in every command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from retention.catalog import SLOTS, Limit
from retention.conditions import AllOf, AnyOf, Condition, FactTest, Not

from console.file.entries import (
    AnswerEntry,
    Document,
    ExperimentEntry,
    ExperimentPlan,
    LayerEntry,
    RuleEntry,
    Text,
    TrafficStep,
)
from console.file.schedules import Schedule

_RANGES: Final = {"least": "at least", "most": "at most", "above": "above", "below": "below"}


def condition_text(condition: Condition | None) -> str:
    """Return a condition in words; empty where there is none."""
    match condition:
        case None:
            return ""
        case Not(part):
            return f"not ({condition_text(part)})"
        case AllOf(parts):
            return " and ".join(map(_part_text, parts))
        case AnyOf(parts):
            return " or ".join(map(_part_text, parts))
    return fact_test_text(condition)


def _part_text(part: Condition) -> str:
    text = condition_text(part)
    return f"({text})" if isinstance(part, AllOf | AnyOf) else text


def fact_test_text(test: FactTest) -> str:
    """Return what one test of a condition asks, in words."""
    if test.operator == "present":
        return f"{test.fact} is present"
    if not isinstance(test.operand, tuple):
        return f"{test.fact} is {_RANGES[test.operator]} {test.operand}"
    values = ", ".join(map(value_text, test.operand))
    verb = "starts with" if test.operator == "starts" else "is"
    return f"{test.fact} {verb} {'one of ' if len(test.operand) > 1 else ''}{values}"


def value_text(value: object) -> str:
    """Return a fact, or a value it is compared with, as the file would write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def schedule_text(schedule: Schedule) -> str:
    """Return a schedule in UTC; empty where it is always."""
    bounds = (("from", schedule.starts), ("until", schedule.ends))
    return " ".join(f"{word} {instant_text(bound)}" for word, bound in bounds if bound is not None)


def instant_text(seconds: float) -> str:
    """Return UTC seconds as `2026-12-01 09:00 UTC`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def percent(slots: int) -> str:
    """Return a share of the 10 000 slots: `50 %`, `0.25 %`."""
    return f"{(Decimal(slots) * 100 / SLOTS).normalize():f} %"


def layer_text(layer: LayerEntry | None) -> str:
    """Return which slots of which layer an experiment has; empty where it is in none."""
    return "" if layer is None else f"slots {layer.first} to {layer.last} of {layer.name}"


def traffic_text(traffic: Sequence[TrafficStep] | None) -> str:
    """Return from when on which share of the customers takes part; empty where all do."""
    return ", ".join(f"{percent(step.slots)} from {instant_text(step.starts)}" for step in traffic or ())


def plan_text(plan: ExperimentPlan | None) -> str:
    """Return what an experiment is to show; empty where it has no plan."""
    if plan is None:
        return ""
    guarded = f", guardrails {', '.join(plan.guardrails)}" if plan.guardrails else ""
    return f"{plan.metric} at day {plan.horizon_days}, {plan.customers} customers{guarded}"


def answer_text(answer: AnswerEntry | None, document: Document) -> str:
    """Return what an entry of the file answers, its offer spelled out."""
    if answer is None:
        return "nothing"
    if answer.kind == "fallback":
        return "fallback"
    terms = terms_text(answer, document)
    return f"{terms} {'' if answer.kind == 'message' else 'with '}{answer.messages}"


def terms_text(answer: AnswerEntry, document: Document) -> str:
    """Return what an entry of the file answers without its message: the offer, product or plan, spelled out."""
    offer = document.offers.get(answer.target)
    return fields_text(
        answer.kind,
        {
            "productId": offer.product_id if offer else answer.target,
            "offerIdentifier": offer.offer_identifier if offer else answer.target,
            "signature": offer.signature if offer else "",
            "billingPlanType": answer.billing_plan_type,
            "request": answer.request,
        },
    )


def fields_text(kind: str, fields: Mapping[str, Any]) -> str:
    """Return an answer without its message, by its kind and the fields of `retention.catalog`."""
    match kind:
        case "alternateProduct":
            plan = fields.get("billingPlanType")
            return f"alternateProduct {fields['productId']}" + (f" ({plan})" if plan else "")
        case "promotionalOffer":
            return f"promotionalOffer {fields['offerIdentifier']} of {fields['productId']} ({fields['signature']})"
        case "advancedCommerce":
            request = fields["request"] or {}
            return "advancedCommerce " + ", ".join(f"{name} {_value(request[name])}" for name in sorted(request))
    return kind


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} {_value(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return value_text(value)


def limit_text(limit: Mapping[str, Any]) -> str:
    """Return a limit of an offer, by its fields in `retention.catalog`: how often it may be redeemed."""
    offer = "this offer" if limit["of"] == "this" else "any offer"
    return f"at most {_redemptions(limit['times'], offer, limit['days'])}"


def within_limit_text(limit: Limit) -> str:
    """Return what a customer must not have redeemed to be made an offer."""
    few = "no" if limit.times == 1 else f"fewer than {limit.times}"
    return _redemptions(limit.times, limit.offer or "any offer", limit.days).replace(str(limit.times), few, 1)


def _redemptions(times: int, offer: str, days: float) -> str:
    return f"{times} redemption{'s' * (times != 1)} of {offer} in {days} day{'s' * (days != 1)}"


def rule_answer_text(rule: RuleEntry, document: Document) -> str:
    """Return the answer of a rule, or its experiment arm by arm."""
    if not isinstance(rule.gives, ExperimentEntry):
        return answer_text(rule.gives, document)
    arms = "; ".join(
        f"{percent(arm.slots or 0)} {arm.name}: {answer_text(arm.answer, document)}" for arm in rule.gives.arms
    )
    return f"experiment {rule.gives.key}: {arms}"


def text_fields(text: Text) -> dict[str, Any]:
    """Return a message's text as the file has it; what is not there is left out."""
    fields: dict[str, Any] = {
        "header": text.header,
        "body": text.body,
        "image": text.image,
        "altText": text.alt_text,
        "headerPosition": "ABOVE_IMAGE" if text.above_image else None,
        "bullets": [
            {"text": bullet.text, "image": bullet.image, "altText": bullet.alt_text} for bullet in text.bullets
        ],
        "revision": text.revision,
    }
    return {name: value for name, value in fields.items() if value}


def text_line(text: Mapping[str, Any]) -> str:
    """Return a message on one line: what `text_fields` gives, header first."""
    parts = [f"“{text['header']}” {text['body']}"]
    if "image" in text:
        parts.append(f"[{text['image']}: {text.get('altText', '')}]")
    parts += [f"• {bullet['text']}" for bullet in text.get("bullets", ())]
    return " ".join(" ".join(parts).split())
