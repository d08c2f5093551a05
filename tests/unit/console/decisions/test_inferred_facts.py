"""What a logged decision proves about the facts of its customer, and what it leaves open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from retention.catalog import Limit
from retention.conditions import AllOf, AnyOf, Condition, FactTest, Not

from console.decisions.decision_log import Logged
from console.decisions.inferred_facts import NO_PROOF, Evidence, Proof, facts_of, name_of, open_part
from console.file.edition import Edition
from console.local.samples import SAMPLE_CLOCK
from tests.support.edited_sample import edition
from tests.support.logged_decisions import ANNUAL, BASIC, PRO

TRIAL, TENURE = FactTest("is", "customer.inTrial", (True,)), FactTest("above", "customer.tenureDays", 30)
OURS, OTHER = FactTest("is", "productId", (PRO,)), FactTest("is", "productId", (BASIC,))

LOGGED = Logged(
    outcome="answered", at=SAMPLE_CLOCK.timestamp(), product_id=ANNUAL, locale="en-US", request_identifier="request-0",
    customer_hash="ab" * 32, rule="keep-pro", kind="message", arm=None, delivered=True, message=None,
    locale_served="en-US", release=1, degraded=frozenset(), trust_anchor="apple",
)  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        (TRIAL, TRIAL),
        (AllOf((OURS, TRIAL)), TRIAL),
        (AnyOf((OTHER, TRIAL)), TRIAL),
        (AllOf((OURS, TRIAL, TENURE)), AllOf((TRIAL, TENURE))),
        (Not(AllOf((OURS, TRIAL))), Not(TRIAL)),
        (AnyOf((AllOf((OURS, TRIAL)), TENURE)), AnyOf((TRIAL, TENURE))),
        (AllOf((OURS, OURS)), AllOf((OURS, OURS))),
        (Not(OTHER), Not(OTHER)),
    ],
)
def test_the_open_part_of_a_condition_has_no_settled_part(condition: Condition, left: Condition) -> None:
    """Tests of product and locale are settled by the request; a condition without open parts stays as it is."""
    assert open_part(condition, facts_of(PRO, "en-US")) == left


def test_a_condition_has_one_name_in_all_editions() -> None:
    """The name is the canonical JSON of the condition, so equal conditions of two files have the same name."""
    assert (
        name_of(AllOf((TRIAL, TENURE))) == '["all",["is","customer.inTrial",[true]],["above","customer.tenureDays",30]]'
    )


def test_a_fallback_rule_that_was_passed_over_did_not_match(sample: Edition) -> None:
    """A rule that answers `fallback` can always be delivered, so it was passed over for its condition alone."""
    assert Evidence(sample).of(LOGGED).conditions == {name_of(TRIAL): False}


def test_the_rule_that_answered_did_match(sample: Edition) -> None:
    """That `leave-trials-alone` decided proves that the customer is in a trial."""
    logged = replace(LOGGED, outcome="fallback", rule="leave-trials-alone")
    assert Evidence(sample).of(logged).conditions == {name_of(TRIAL): True}


def test_the_parts_of_a_condition_that_matched_are_proved_too(tmp_path: Path) -> None:
    """Of two tests joined by `and`, both hold where the rule answered; where it did not, either may have failed."""
    both = edition(tmp_path, ("{customer.inTrial: true}", "{customer.inTrial: true, customer.tenureDays: {above: 30}}"))
    matched = Evidence(both).of(replace(LOGGED, outcome="fallback", rule="leave-trials-alone"))
    assert matched.conditions == dict.fromkeys((name_of(TRIAL), name_of(TENURE), name_of(AllOf((TRIAL, TENURE)))), True)
    assert Evidence(both).of(LOGGED).conditions == {name_of(AllOf((TRIAL, TENURE))): False}


@pytest.mark.parametrize(
    "changed",
    [{"degraded": frozenset({"customer"})}, {"at": None}, {"outcome": "paused"}, {"outcome": "unavailable"}],
    ids=str,
)
def test_a_decision_that_was_not_made_by_the_rules_proves_nothing(sample: Edition, changed: dict[str, object]) -> None:
    """Where something failed, a rule may have been passed over for that."""
    assert Evidence(sample).of(replace(LOGGED, **changed)) == NO_PROOF  # type: ignore[arg-type]  # one of its fields


@pytest.mark.parametrize(
    ("rule", "arm", "terms"),
    [
        ("annual-discount-in-japan", None, "promotionalOffer retention_annual_30 of trailhead.pro.annual (v1)"),
        ("half-of-monthly-tries-the-switch", "switch", "alternateProduct trailhead.pro.annual"),
        ("half-of-monthly-tries-the-switch", "gone", None),
        ("keep-pro", None, "message"),
        ("gone", None, None),
    ],
)
def test_the_release_names_the_terms_of_an_answer(
    sample: Edition, rule: str, arm: str | None, terms: str | None
) -> None:
    """The log has the rule and the arm; the offer or product is in the release, if it still has that rule and arm."""
    assert Evidence(sample).terms(rule, arm) == terms


HALF = "offerIdentifier: retention_half_3m"
OFFERED = replace(LOGGED, product_id=PRO, rule="winter-half-price", kind="promotionalOffer")


def test_an_offer_that_was_made_was_within_its_limit(tmp_path: Path) -> None:
    """The rule that answered proves the limits of all its offers; a rule below it proves none."""
    limited = Evidence(edition(tmp_path, (HALF, f"{HALF}\n    limit: {{times: 1, days: 365}}")))
    assert limited.of(OFFERED).limits == (Limit(1, 365, "retention_half_3m"),)
    assert limited.of(replace(OFFERED, rule="keep-pro")).limits == ()


@pytest.mark.parametrize(
    ("kept", "asked", "holds"),
    [
        (Limit(2, 90, "a"), Limit(2, 90, "a"), True),
        (Limit(2, 90, "a"), Limit(3, 30, "a"), True),
        (Limit(2, 90, "a"), Limit(1, 90, "a"), None),
        (Limit(2, 90, "a"), Limit(2, 91, "a"), None),
        (Limit(2, 90, "a"), Limit(2, 90, "b"), None),
        (Limit(2, 90, "a"), Limit(2, 90, None), None),
        (Limit(2, 90, None), Limit(2, 90, "a"), True),
        (Limit(2, 90, None), Limit(2, 90, None), True),
    ],
)
def test_a_limit_that_was_kept_proves_what_it_implies(
    kept: Limit,
    asked: Limit,
    holds: bool | None,  # noqa: FBT001  # a parameter
) -> None:
    """As few redemptions in as many days prove a limit that allows more in fewer; those of any offer, each offer's."""
    proof = Proof({"matched": True, "failed": False}, (kept,))
    assert (proof.of(None, [asked]), proof.of("matched", [asked])) == (holds, holds)
    assert (proof.of("failed", [asked]), proof.of("open", [asked]), proof.of("matched", [])) == (False, None, True)


def test_of_a_customer_who_is_held_out_nothing_is_proved(sample: Edition) -> None:
    """No rule was asked, so that a rule with `fallback` did not answer proves nothing."""
    held = replace(LOGGED, outcome="answered", rule=None, holdout="h", held=True)
    assert Evidence(sample).of(held) == NO_PROOF
