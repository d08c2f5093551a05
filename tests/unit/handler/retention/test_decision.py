"""What a decision hides and what it records; its outcomes are tests/conformance/cases/decisions.json."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from retention.catalog import Answer, Arm, Catalog, Experiment, MessageState, Settings, Sheet
from retention.decision import Outcome, arm_at, decide, hash_customer, identify_key
from retention.locales import LocaleTable
from retention.request import RetentionRequest

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LOCALES = LocaleTable("en-US", {})
SETTINGS = Settings(1, "b", "i", "k", signs=False, locales=LOCALES)


def catalog(rules: list[dict[str, Any]], **states: MessageState) -> Catalog:
    sheet = {
        "product": {"productId": "p", "group": "g", "advancedCommerce": False, "bundle": False},
        "rules": [{"when": None, "from": None, "until": None, **rule} for rule in rules],
        "sets": {"keep": {"en-US": ["new", "old"]}},
        "pictured": [],
    }
    return Catalog(Sheet.from_document(sheet, LOCALES), SETTINGS, states, release=1, customer_key=bytes(32))


def request(transaction: str = "99371282") -> RetentionRequest:
    return RetentionRequest(transaction, 1, "p", "en-US", "3db5c98d-8acf-4e29-831e-8e1f82f9f6e9", "Sandbox", 0)


KEEP = {"name": "keep", "answer": {"kind": "message", "set": "keep"}}


def test_the_reason_names_each_message_that_could_not_serve() -> None:
    """The reason has the review state of each message, and of its images."""
    states = {"new": MessageState("PENDING"), "old": MessageState("APPROVED", {"i": "REJECTED", "j": "APPROVED"})}
    [passed] = decide(request(), catalog([KEEP], **states), NOW).passed
    assert passed.reason == "not_approved"
    assert passed.detail == (
        "keep has no approved text: en-US new is PENDING; en-US old is APPROVED, image i is REJECTED"
    )


def test_a_decision_shows_a_hash_and_no_transaction_id() -> None:
    """A decision has the customer hash; neither decision nor request shows the original transaction id."""
    decision = decide(request("2000000123456789"), catalog([KEEP]), NOW)
    assert decision.customer_hash == hash_customer(bytes(32), "2000000123456789")
    assert "2000000123456789" not in repr(decision) + repr(request("2000000123456789"))


def test_the_customer_key_is_in_no_repr() -> None:
    """`repr` of a catalog does not show the key that customer hashes are made with."""
    assert "customer_key" not in repr(catalog([]))


def test_any_transaction_id_has_a_hash() -> None:
    """A lone surrogate in a transaction id does not stop a decision."""
    assert decide(request("\ud800"), catalog([]), NOW).outcome is Outcome.NO_RULE


def test_two_experiments_assign_each_by_its_own_key() -> None:
    """An experiment that is passed over for its signature is recorded next to the one that answers."""
    offer = {"kind": "promotionalOffer", "set": "keep", "productId": "p", "offerIdentifier": "o", "signature": "v2"}
    rules = [
        {"name": "a", "experiment": {"key": "k1", "arms": [["x", 10_000, offer]]}},
        {"name": "b", "experiment": {"key": "k2", "arms": [["y", 10_000, KEEP["answer"]]]}},
    ]
    decision = decide(request(), catalog(rules, new=MessageState("APPROVED")), NOW, can_sign=False)
    assert [(assigned.key, assigned.delivered) for assigned in decision.assignments] == [("k1", False), ("k2", True)]
    assert decision.rule == "b"


def test_a_slot_beyond_all_arms_is_an_error() -> None:
    """Weights that do not add up to 10 000 would leave customers without an arm, so the decision raises."""
    experiment = Experiment("k", (Arm("a", 10, Answer("fallback", "", {})),))
    with pytest.raises(ValueError, match="no arm for slot 10"):
        arm_at(experiment, 10)


def test_a_time_without_a_zone_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision for a time without a zone does not depend on the machine's time zone."""
    scheduled = {**KEEP, "from": int(NOW.timestamp())}
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        decision = decide(request(), catalog([scheduled], new=MessageState("APPROVED")), NOW.replace(tzinfo=None))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert decision.outcome is Outcome.ANSWERED
    early = NOW.replace(tzinfo=None) - timedelta(seconds=1)
    assert [passed.reason for passed in decide(request(), catalog([scheduled]), early).passed] == ["before_schedule"]


def test_the_key_of_customers_hashes_is_named_by_its_digest() -> None:
    """Lines under different keys have different `keyId`s, and no key can be computed from one."""
    key = bytes(range(32))
    assert identify_key(key) == hashlib.sha256(key).hexdigest()[:8]
    assert identify_key(bytes(32)) != identify_key(key)
