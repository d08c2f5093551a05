"""Explanations: why each rule answers or does not, and the body that would be sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from retention.catalog import MessageState
from retention.request import RetentionRequest
from retention.rules import NO_FACTS, NO_SUBSCRIPTION, UNREADABLE, Customer, Reported, Subscription

from console.decisions.reasons import AskedRequest, Basis, Explanation, explain
from console.file.compile import compile_document
from console.file.document import read_document
from console.file.edition import edition_of
from console.local.samples import SAMPLE, SAMPLE_CLOCK, compile_sample

RELEASE = compile_sample().release


DOCUMENT = read_document(SAMPLE)


EDITION = edition_of(DOCUMENT, RELEASE)


def request(product: str, locale: str = "en-US", app: int = 6745974591) -> RetentionRequest:
    return RetentionRequest(
        "99371282", app, product, locale, "3db5c98d-8acf-4e29-831e-8e1f82f9f6e9", "Sandbox", 1795521600000
    )


def explained(asked: RetentionRequest, customer: Customer = NO_FACTS, **catalog: Any) -> Explanation:  # handed on
    return explain(basis(asked.product_id, customer, **catalog), AskedRequest(asked), SAMPLE_CLOCK)


def basis(product: str, customer: Customer = NO_FACTS, **catalog: Any) -> Basis:  # handed on
    return Basis(DOCUMENT, lambda _: EDITION.catalog(product, **catalog), customer, DOCUMENT.file)


def verdicts(explanation: Explanation) -> dict[str, str]:
    return {verdict.rule: verdict.verdict for verdict in explanation.verdicts}


def test_every_rule_of_the_file_has_a_verdict_in_its_order() -> None:
    """A rule that is not on the product's sheet has a verdict too."""
    explanation = explained(request("trailhead.basic.monthly"))
    assert [verdict.rule for verdict in explanation.verdicts] == [rule.name for rule in DOCUMENT.rules]
    assert verdicts(explanation)["courses-at-half-price"] == "passed_over"
    assert verdicts(explanation)["basic-commits-to-a-year"] == "answers"
    assert verdicts(explanation)["keep-basic"] == "not_reached"


def test_a_condition_is_explained_test_by_test() -> None:
    """Each test has the value that was found, and whether it holds."""
    explanation = explained(request("trailhead.pro.monthly", "ja"), {"tenureDays": 200})
    [winter] = [verdict for verdict in explanation.verdicts if verdict.rule == "winter-half-price"]
    assert winter.reason == "condition_false"
    found = {test.asks: (test.found, test.holds) for test in winter.tests}
    assert found["userLocale is one of en, fr, de, es"] == ("ja", "no")
    assert found["customer.tenureDays is at least 180"] == ("200", "yes")
    assert found["customer.usedOffers is present"] == ("missing", "no")


def test_an_unreadable_profile_is_not_a_missing_fact() -> None:
    """UNKNOWN has two causes, and the explanation names the right one."""
    explanation = explained(request("trailhead.pro.monthly"), UNREADABLE)
    found = [test.found for verdict in explanation.verdicts for test in verdict.tests if "customer." in test.asks]
    assert set(found) == {"unreadable"}


LIMITED = SAMPLE.read_text(encoding="utf-8").replace(
    "retention_annual_30\n", "retention_annual_30\n    limit: {times: 2, days: 90}\n"
)
LIMITED_DOCUMENT = read_document(LIMITED.encode(), SAMPLE.parent)
LIMITED_EDITION = edition_of(LIMITED_DOCUMENT, compile_document(LIMITED_DOCUMENT, now=SAMPLE_CLOCK).release)
_RECENTLY = ("retention_annual_30", int(SAMPLE_CLOCK.timestamp() * 1000))


@pytest.mark.parametrize(
    ("reported", "verdict", "detail"),
    [
        (
            Reported({}, (_RECENTLY,)),
            "answers",
            "within its limit: fewer than 2 redemptions of retention_a",
        ),
        (
            Reported({}, (_RECENTLY, _RECENTLY)),
            "passed_over",
            "redemptions of retention_annual_30 in 90 days",
        ),
        (NO_SUBSCRIPTION, "passed_over", "Apple has reported nothing of this subscription yet"),
        (UNREADABLE, "passed_over", "what Apple has reported of this subscription could not be read"),
    ],
)
def test_a_limit_is_explained(reported: Subscription, verdict: str, detail: str) -> None:
    """An offer names the limit that it is within; a rule that is passed over, what was counted, or is not known."""
    catalog = LIMITED_EDITION.catalog("trailhead.pro.annual")
    based = Basis(LIMITED_DOCUMENT, lambda _: catalog, NO_FACTS, "file", subscription=reported)
    found = explain(based, AskedRequest(request("trailhead.pro.annual", "ja")), SAMPLE_CLOCK)
    [offer] = [one for one in found.verdicts if one.rule == "annual-discount-in-japan"]
    assert (offer.verdict, detail in offer.detail) == (verdict, True), offer
    assert offer.reason in {"", "offer_limit", "offer_limit_unknown"}
    assert [fact.name for fact in found.facts] == ["customer.inTrial", "redemptions"]


def test_lists_and_booleans_are_shown_as_in_the_file() -> None:
    """Facts are shown in the form that an owner writes."""
    explanation = explained(
        request("trailhead.pro.monthly"), {"tenureDays": 1, "usedOffers": ("a", "b"), "inTrial": False}
    )
    found = {test.asks: test.found for verdict in explanation.verdicts for test in verdict.tests}
    assert found["customer.usedOffers is retention_half_3m"] == "a, b"
    assert found["customer.inTrial is true"] == "false"


@pytest.mark.parametrize(
    ("product", "locale", "customer", "key"),
    [
        ("trailhead.pro.annual", "en-US", {}, "message"),
        ("trailhead.basic.monthly", "en-US", {}, "alternateProduct"),
        ("trailhead.pro.monthly", "en-US", {"tenureDays": 200}, "promotionalOffer"),
        ("trailhead.pro.annual", "ja", {}, "promotionalOffer"),
        ("trailhead.courses", "en-US", {}, "advancedCommerceInfo"),
    ],
)
def test_the_body_is_the_one_that_would_be_sent(product: str, locale: str, customer: dict[str, int], key: str) -> None:
    """All four kinds of answer are shown in full; a signature is by a throwaway key, which a note states."""
    explanation = explained(request(product, locale), customer)
    assert explanation.status == 200
    assert explanation.body is not None
    assert set(explanation.body) == {key}
    signed = key in {"promotionalOffer", "advancedCommerceInfo"}
    assert any("throwaway key" in note for note in explanation.notes) is signed


@pytest.mark.parametrize(
    ("product", "customer", "outcome", "verdict"),
    [
        ("trailhead.family.monthly", {}, "fallback", "falls_back"),
        ("trailhead.pro.annual", {"inTrial": True}, "fallback", "falls_back"),
        ("trailhead.student.annual", {}, "no_rule", None),
        ("unheard.of", {}, "no_rule", None),
    ],
)
def test_no_answer_is_204(product: str, customer: dict[str, bool], outcome: str, verdict: str | None) -> None:
    """If no rule answers, or a rule falls back, the status is 204 without a body."""
    explanation = explained(request(product), customer)
    assert (explanation.status, explanation.body) == (204, None)
    assert explanation.decision.outcome.value == outcome
    assert ("falls_back" in verdicts(explanation).values()) is (verdict is not None)


def test_a_text_that_is_not_approved_is_the_reason() -> None:
    """The reason names the messages that are not approved, with their review state."""
    ids = [message for texts in RELEASE.texts.values() for ids in texts.values() for message in ids]
    explanation = explained(
        request("trailhead.pro.annual"), states={message: MessageState("PENDING") for message in ids}
    )
    [keep] = [verdict for verdict in explanation.verdicts if verdict.rule == "keep-pro"]
    assert keep.reason == "not_approved"
    assert "is PENDING" in keep.detail


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"app_apple_id": 7}, "wrong_app"),
        ({"environment": "Production"}, "wrong_environment"),
        ({"environment": "Xcode"}, "wrong_environment"),
        ({"signed_date": 0}, "too_old"),
        ({"signed_date": 1795521600000 + 61_000}, "too_new"),
    ],
)
def test_a_request_that_is_refused_gets_403_and_no_body(changed: dict[str, Any], code: str) -> None:
    """The status is the one that Apple would get; the answer that the rules would give is shown too."""
    asked = replace(request("trailhead.courses"), **changed)
    explanation = explain(basis(asked.product_id), AskedRequest(asked, "Sandbox"), SAMPLE_CLOCK)
    assert explanation.refused is not None
    assert (explanation.status, explanation.body, explanation.refused.code) == (403, None, code)
    assert (explanation.decided_status, set(explanation.decided or ())) == (200, {"advancedCommerceInfo"})


def test_without_a_stack_both_environments_are_accepted() -> None:
    """A file alone explains requests of Sandbox and Production, and refuses those of any other environment."""
    asked = request("trailhead.courses")
    assert explained(replace(asked, environment="Production")).refused is None
    assert explained(replace(asked, environment="Xcode")).status == 403


def held_basis(answer: str, percent: int = 50, **catalog: Any) -> Basis:  # handed on
    text = SAMPLE.read_text(encoding="utf-8").replace(
        "\nrules:\n", f"\nholdout: {{key: h, percent: {percent}, answer: {answer}}}\nrules:\n"
    )
    document = read_document(text.encode(), SAMPLE.parent)
    edition = edition_of(document, compile_document(document, now=SAMPLE_CLOCK).release)
    return Basis(document, lambda _: edition.catalog("trailhead.pro.monthly", **catalog), NO_FACTS, document.file)


def of_customer(transaction: str) -> AskedRequest:
    return AskedRequest(replace(request("trailhead.pro.monthly"), original_transaction_id=transaction))


# Under the key that a file is explained with, the holdout `h` of 50 percent has the one and not the other.
HELD, SERVED = "1", "0"


def test_a_customer_who_is_held_out_comes_to_no_rule() -> None:
    """No rule has a reason of its own: the note has the holdout."""
    explanation = explain(held_basis("fallback"), of_customer(HELD), SAMPLE_CLOCK)
    assert set(verdicts(explanation).values()) == {"not_reached"}
    assert explanation.notes == ("The holdout h has this customer, so no rule is asked.",)
    assert explanation.decided_status == 204


def test_a_customer_who_is_held_out_may_get_a_message() -> None:
    """The body is the message of the holdout; where that is not approved, the note has the reason."""
    explanation = explain(held_basis("keep-basic"), of_customer(HELD), SAMPLE_CLOCK)
    assert explanation.decided is not None
    assert list(explanation.decided) == ["message"]
    waiting = explain(held_basis("keep-basic", states={}), of_customer(HELD), SAMPLE_CLOCK)
    assert waiting.decided is None
    assert waiting.notes[1].startswith(
        "Its message cannot be delivered, so Apple falls back: keep-basic has no approved"
    )


def test_a_customer_who_is_not_held_out_is_asked_the_rules() -> None:
    """The note has the holdout, and the rules have their verdicts as without it."""
    explanation = explain(held_basis("fallback"), of_customer(SERVED), SAMPLE_CLOCK)
    assert explanation.notes == ("The holdout h does not have this customer, so the rules are asked.",)
    assert "answers" in verdicts(explanation).values()


def test_a_customer_outside_the_traffic_is_passed_over_with_the_reason() -> None:
    """The detail has the key of the experiment."""
    text = SAMPLE.read_text(encoding="utf-8").replace(
        "      key: switch-2026q4", "      traffic: {timeZone: UTC, 2100-01-01: 5}\n      key: switch-2026q4"
    )
    document = read_document(text.encode(), SAMPLE.parent)
    edition = edition_of(document, compile_document(document, now=SAMPLE_CLOCK).release)
    basis = Basis(document, lambda _: edition.catalog("trailhead.pro.monthly"), NO_FACTS, document.file)
    [tried] = [one for one in explain(basis, of_customer("0"), SAMPLE_CLOCK).verdicts if "switch" in one.rule]
    assert (tried.verdict, tried.reason) == ("passed_over", "outside_traffic")
    assert tried.detail == "the customer does not take part in switch-2026q4 yet"
