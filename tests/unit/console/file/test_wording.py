"""Conditions, answers and schedules in words, which are the same in every command."""

from __future__ import annotations

from typing import Any

import pytest
from retention.catalog import Limit
from retention.conditions import condition_of

from console.file.schedules import Schedule
from console.file.wording import (
    condition_text,
    fields_text,
    instant_text,
    limit_text,
    percent,
    schedule_text,
    text_line,
    within_limit_text,
)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (["is", "userLocale", ["fr-FR"]], "userLocale is fr-FR"),
        (["is", "customer.plan", ["gold", "silver"]], "customer.plan is one of gold, silver"),
        (["is", "customer.inTrial", [True]], "customer.inTrial is true"),
        (["starts", "userLocale", ["fr"]], "userLocale starts with fr"),
        (["least", "customer.tenureDays", 180], "customer.tenureDays is at least 180"),
        (["below", "customer.tenureDays", 7], "customer.tenureDays is below 7"),
        (["present", "customer.plan"], "customer.plan is present"),
        (["not", ["present", "customer.plan"]], "not (customer.plan is present)"),
        (
            ["all", ["present", "customer.a"], ["any", ["present", "customer.b"], ["present", "customer.c"]]],
            "customer.a is present and (customer.b is present or customer.c is present)",
        ),
    ],
)
def test_a_condition_reads_as_a_sentence(document: list[Any], text: str) -> None:
    """Alternatives inside another condition are in brackets."""
    assert condition_text(condition_of(document)) == text


def test_no_condition_is_no_text() -> None:
    """A rule without a condition is for everyone."""
    assert condition_text(None) == ""


@pytest.mark.parametrize(
    ("starts", "ends", "text"),
    [
        (None, None, ""),
        (1_764_579_600, None, "from 2025-12-01 09:00 UTC"),
        (None, 1_764_579_600, "until 2025-12-01 09:00 UTC"),
        (1_764_579_600, 1_764_583_200, "from 2025-12-01 09:00 UTC until 2025-12-01 10:00 UTC"),
    ],
)
def test_a_schedule_is_in_utc(starts: int | None, ends: int | None, text: str) -> None:
    """Only the bounds that the schedule has are in the text."""
    assert schedule_text(Schedule(starts, ends)) == text


def test_an_instant_is_to_the_minute() -> None:
    """An instant is written as date, hour and minute, with the name UTC."""
    assert instant_text(0) == "1970-01-01 00:00 UTC"


@pytest.mark.parametrize(
    ("slots", "text"), [(5000, "50 %"), (25, "0.25 %"), (10_000, "100 %"), (0, "0 %"), (1, "0.01 %")]
)
def test_a_share_is_in_percent(slots: int, text: str) -> None:
    """The text has only the decimals that it needs."""
    assert percent(slots) == text


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        ("message", {}, "message"),
        ("alternateProduct", {"productId": "a"}, "alternateProduct a"),
        ("alternateProduct", {"productId": "a", "billingPlanType": "MONTHLY"}, "alternateProduct a (MONTHLY)"),
        (
            "promotionalOffer",
            {"offerIdentifier": "half", "productId": "a", "signature": "v2"},
            "promotionalOffer half of a (v2)",
        ),
        (
            "advancedCommerce",
            {"request": {"b": {"d": True, "c": 1}, "a": ["x", "y"]}},
            "advancedCommerce a x, y, b {c 1, d true}",
        ),
    ],
)
def test_an_answer_is_on_one_line(kind: str, fields: dict[str, Any], text: str) -> None:
    """The kind comes first; the fields of a request are in alphabetical order."""
    assert fields_text(kind, fields) == text


def test_a_message_is_on_one_line() -> None:
    """Header, body, image with its text, and bullets follow each other; line ends become spaces."""
    text = {
        "header": "Stay",
        "body": "Keep\n  it.",
        "image": "hero",
        "altText": "A hill",
        "bullets": [{"text": "More"}],
    }
    assert text_line(text) == "“Stay” Keep it. [hero: A hill] • More"


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        ({"times": 1, "days": 365, "of": "this"}, "at most 1 redemption of this offer in 365 days"),
        ({"times": 3, "days": 1, "of": "any"}, "at most 3 redemptions of any offer in 1 day"),
    ],
)
def test_a_limit_names_what_counts(limit: dict[str, Any], text: str) -> None:
    """The text has the number of redemptions, the offer that counts, and the days."""
    assert limit_text(limit) == text


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (Limit(1, 365, "half"), "no redemption of half in 365 days"),
        (Limit(3, 1, None), "fewer than 3 redemptions of any offer in 1 day"),
    ],
)
def test_a_customer_within_a_limit_has_redeemed_less(limit: Limit, text: str) -> None:
    """At the limit itself, the offer is no longer made."""
    assert within_limit_text(limit) == text
