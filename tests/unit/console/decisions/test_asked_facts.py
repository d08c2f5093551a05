"""An explanation names each fact that rules of the product ask for, where it comes from, and how old it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from retention.rules import NO_FACTS, NO_SUBSCRIPTION, UNREADABLE, Customer, Facts, Reported, Subscription

from console.decisions.asked_facts import (
    OF_ROWS,
    REDEMPTIONS,
    AskedFact,
    KnownCustomer,
    Origin,
    Origins,
    asked_facts,
    found_text,
)
from tests.support.owner_file import GOOD, document_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = 86_400_000
ASKING = """\
  - name: trials
    when: {subscription.inTrial: true, userLocale: en}
    answer: fallback
  - name: offer
    when: {anyOf: [{customer.plan: gold}, {subscription.renewals: {atLeast: 3}}], not: {customer.plan: silver}}
    answer: {promotionalOffer: half, message: keep}
  - name: plain
    when: {subscription.status: active}
    answer: {message: keep}
"""
DOCUMENT = document_of(GOOD.split("  - name: one")[0].replace("half}", "half, limit: {times: 1, days: 30}}") + ASKING)


def known(
    subscription: Subscription = NO_SUBSCRIPTION, customer: Customer = NO_FACTS, origins: Origins = OF_ROWS
) -> KnownCustomer:
    return KnownCustomer(Facts.of("pro", "en-US", customer, subscription), subscription, origins, NOW)


def found(*rules: str, **given: object) -> dict[str, AskedFact]:
    return {fact.name: fact for fact in asked_facts(DOCUMENT, rules, known(**given))}  # type: ignore[arg-type]  # handed on


def test_each_fact_is_named_once_in_the_order_of_the_rules() -> None:
    """Product and locale are no facts about the customer; redemptions follow where a rule offers with a limit."""
    assert list(found("trials", "offer", "plain")) == [
        "subscription.inTrial",
        "customer.plan",
        "subscription.renewals",
        "subscription.status",
        REDEMPTIONS,
    ]
    assert list(found("plain")) == ["subscription.status"]
    assert found() == {}


def test_a_fact_has_its_own_origin_or_that_of_its_row() -> None:
    """What Apple signed has an age in full days, which is never below 0; what an owner wrote has none."""
    signed = NOW - timedelta(days=2, hours=23)
    origins = {
        **OF_ROWS,
        "subscription.renewals": Origin("Apple, all transactions", signed),
        "subscription.status": Origin("Apple, renewal info", NOW + timedelta(minutes=1)),
    }
    facts = found("offer", "plain", subscription=Reported({"renewals": 4}, ()), origins=origins)
    assert facts["subscription.renewals"] == AskedFact(
        "subscription.renewals", "4", "Apple, all transactions", signed, 2
    )
    assert facts["subscription.status"].age_days == 0
    assert facts["customer.plan"] == AskedFact("customer.plan", "missing", OF_ROWS["customer."].source, None, None)
    assert facts[REDEMPTIONS].source == OF_ROWS["subscription."].source


@pytest.mark.parametrize(
    ("subscription", "text"),
    [
        (UNREADABLE, "unreadable"),
        (NO_SUBSCRIPTION, "missing"),
        (Reported({}, ()), "none"),
        (
            Reported({}, tuple((name, int(NOW.timestamp() * 1000) - days * DAY) for name, days in
                               ((None, 90), ("half", 30), ("half", 0), ("next", -3)))),
            "next in 3 days, half today, half 30 days ago, an offer without identifier 90 days ago",
        ),
    ],
)  # fmt: skip
def test_redemptions_are_listed_with_their_age(subscription: Subscription, text: str) -> None:
    """The newest is first; an offer that was accepted may begin with the next period."""
    assert found("offer", subscription=subscription)[REDEMPTIONS].found == text


def test_a_fact_is_written_as_in_the_file() -> None:
    """A row that cannot be read is not one without the fact."""
    facts = Facts.of("pro", "en-US", {"a": True, "b": ("x", "y")}, UNREADABLE)
    texts = {fact: found_text(fact, facts) for fact in ("customer.a", "customer.b", "customer.c", "subscription.price")}
    assert list(texts.values()) == ["true", "x, y", "missing", "unreadable"]
    assert found_text("productId", facts) == "pro"
