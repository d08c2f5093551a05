"""Decisions as data: rules, states and a request in; outcome, message and the reasons against earlier rules out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from retention.catalog import APPROVED, Catalog, MessageState, Settings, Sheet
from retention.decision import Decision, decide
from retention.locales import LocaleTable
from retention.request import RetentionRequest
from retention.rules import NO_SUBSCRIPTION, UNREADABLE, Reported, Subscription

DATA: dict[str, Any] = json.loads((Path(__file__).parent / "cases" / "decisions.json").read_text())
LOCALES = LocaleTable("en-US", {})
SETTINGS = Settings(1, "com.example.app", "issuer", "KEY", signs=True, locales=LOCALES)


def catalog_of(case: dict[str, Any]) -> Catalog:
    document = {**DATA["sheet"], "rules": case["rules"]}
    if case["product"] is not None:
        document["product"] = None if "none" in case["product"] else case["product"]
    if "holdout" in case:
        document["holdout"] = case["holdout"]
    sheet = Sheet.from_document(document, LOCALES)
    every = {message for texts in sheet.sets.values() for ids in texts.values() for message in ids}
    states = {message: MessageState(APPROVED) for message in every}
    for message, state in case["states"].items():
        if state is None:
            del states[message]
        else:
            states[message] = MessageState(**state) if isinstance(state, dict) else MessageState(state)
    return Catalog(sheet, SETTINGS, states, release=1, customer_key=bytes(32), paused=case["paused"])


def subscription_of(case: dict[str, Any]) -> Subscription:
    found = case.get("subscription")
    if found is None:
        return NO_SUBSCRIPTION
    if found == "unreadable":
        return UNREADABLE
    redemptions = found["redemptions"]
    return Reported(found["facts"], None if redemptions is None else tuple(map(tuple, redemptions)))


def decision_of(case: dict[str, Any]) -> Decision:
    catalog = catalog_of(case)
    request = RetentionRequest(
        case["originalTransactionId"],
        1,
        catalog.sheet.product.product_id or "unheard.of",
        case["userLocale"],
        "3db5c98d-8acf-4e29-831e-8e1f82f9f6e9",
        "Sandbox",
        case["now"] * 1000,
    )
    customer = UNREADABLE if case["customer"] == "unreadable" else case["customer"]
    now, subscription = datetime.fromtimestamp(case["now"], UTC), subscription_of(case)
    return decide(request, catalog, now, customer, can_sign=case["canSign"], subscription=subscription)


@pytest.mark.parametrize("case", DATA["cases"], ids=[case["name"] for case in DATA["cases"]])
def test_decision_is_the_documented_one(case: dict[str, Any]) -> None:
    """A request has the decision of its case, with the reason against every earlier rule."""
    decision = decision_of(case)
    delivery, place = decision.delivery, decision.holdout
    assert {
        "outcome": decision.outcome.value,
        "rule": decision.rule,
        "kind": delivery and delivery.answer.kind,
        "message": delivery and delivery.message_id,
        "locale": delivery and delivery.locale,
        "passed": [[passed.rule, passed.reason] for passed in decision.passed],
        "arms": [[assigned.key, assigned.arm, assigned.delivered] for assigned in decision.assignments],
        "holdout": place and [place.key, place.held, place.reason and place.reason[0]],
    } == {"holdout": None, **case["expect"]}


@pytest.mark.parametrize("case", DATA["cases"], ids=[case["name"] for case in DATA["cases"]])
def test_deciding_twice_gives_the_same(case: dict[str, Any]) -> None:
    """The same request, catalog, time and customer give the same decision."""
    assert decision_of(case) == decision_of(case)
