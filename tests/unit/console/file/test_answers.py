"""Answers as their owner writes them: what each may hold, and Apple's limits."""

from __future__ import annotations

import pytest

from tests.support.owner_file import GOOD, document_of, mistakes_of

ADVANCED = (
    "currentSKU: a, SKU: b, displayName: c, description: d, effective: IMMEDIATELY, reason: UPGRADE, price: 1,"
    " retainBillingCycle: false"
)


def advanced(fields: str) -> list[str]:
    text = GOOD.replace("{message: keep}", f"{{message: keep, advancedCommerce: {{{fields}}}}}")
    return [mistake for _, mistake in mistakes_of(text)]


def test_advanced_commerce_becomes_apples_request() -> None:
    """Fields are where SubscriptionModifyInAppRequest has them: in one change item, or next to it."""
    fields = f"{ADVANCED}, currency: USD, offer: {{period: P1M, periodCount: 3, price: 0, reason: RETENTION}}"
    text = GOOD.replace("{message: keep}", f"{{message: keep, advancedCommerce: {{{fields}}}}}")
    [answer] = document_of(text).rules[0].answers
    assert answer.request is not None
    assert answer.request["currency"] == "USD"
    assert answer.request["retainBillingCycle"] is False
    [item] = answer.request["changeItems"]
    assert item["offer"]["periodCount"] == 3
    assert set(item) == {
        *("currentSKU", "SKU", "displayName", "description", "effective", "reason", "price", "offer"),
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("SKU: b", f"SKU: {'b' * 129}", "at most 128"),
        ("displayName: c", f"displayName: {'c' * 31}", "at most 30"),
        ("description: d", f"description: {'d' * 46}", "at most 45"),
        ("IMMEDIATELY", "NOW", "`effective` called"),
        ("UPGRADE", "APPLY_OFFER", "APPLY_OFFER needs an `offer`"),
        ("price: 1", "price: 1.5", "whole number"),
        ("price: 1", "price: -1", "whole number"),
        ("retainBillingCycle: false", "currency: USD", "`retainBillingCycle` is missing."),
        ("price: 1", "price: 1, currency: usd", "three capitals"),
        (
            "price: 1",
            "price: 1, transactionId: t",
            "An advancedCommerce answer has no field `transactionId`. Write one of",
        ),
        ("price: 1", "price: 1, offer: {period: P4M, periodCount: 1, price: 1, reason: RETENTION}", "`period` called"),
        ("price: 1", "price: 1, offer: {period: P1M, periodCount: 13, price: 1, reason: RETENTION}", "Write 1 to 12."),
        ("price: 1", "price: 1, periodChange: {effective: IMMEDIATELY}", "`period` is missing."),
    ],
)
def test_advanced_commerce_obeys_apples_limits(old: str, new: str, expected: str) -> None:
    """Apple's limit on each field is checked."""
    found = advanced(ADVANCED.replace(old, new))
    assert any(expected in text for text in found), found


def answering(answer: str) -> list[str]:
    return [text for _, text in mistakes_of(GOOD.replace("answer: {message: keep}", answer))]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("answer: 7", "An answer is a mapping or `fallback`, not the number `7`."),
        ("answer: {}", "This answer is empty."),
        ("answer: {alternate: pro.annual}", "Did you mean `alternateProduct`?"),
        ("answer: {alternateProduct: pro.annual}", "`message` is missing."),
        ("answer: {alternateProduct: 7, message: keep}", 'Write `alternateProduct: "7"`.'),
        (
            "answer: {alternateProduct: a, message: keep, billingPlanType: YEARLY}",
            "no `billingPlanType` called `YEARLY`",
        ),
        ("experiment: {key: k}", "An experiment needs arms."),
        ("experiment: {arms: {a: {weight: 100, answer: fallback}}}", "`key` is missing."),
        (f"experiment: {{key: {'k' * 101}, arms: {{a: {{weight: 100, answer: fallback}}}}}}", "has 101 characters"),
        ("experiment: {key: k, arms: {a: {answer: fallback}}}", "`weight` is missing."),
        ("experiment: {key: k, arms: {a: {weight: 100}}}", "`answer` is missing."),
        ("experiment: {key: k, arms: {a: {weight: 100, answer: fallback, wait: 1}}}", "Did you mean `weight`?"),
        ("experiment: {key: k, arms: [a]}", "`arms` is a mapping, not a list."),
        ("experiment: {key: k, arms: {a: {weight: 1.0e-30, answer: fallback}}}", "more than two decimals"),
    ],
)
def test_answers_and_experiments_need_their_fields(answer: str, expected: str) -> None:
    """A missing or wrong field is reported where it belongs."""
    assert any(expected in text for text in answering(answer)), answering(answer)
