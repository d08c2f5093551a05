"""Each rule of a product is judged alone: for whom it applies, and what those customers get."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from retention.catalog import Limit, MessageState
from retention.decision import LAYER as LAYER_SLOTS
from retention.decision import arm_at, slot_of

from console.decisions.possible_answers import CandidateRule, HeldOut, candidate_rules, held_out, share_of, takes_part
from console.file.edition import Edition
from console.local.samples import SAMPLE_CLOCK
from tests.support.edited_sample import edition
from tests.support.logged_decisions import ANNUAL, BASIC, FACTS_FROM_APPLE, PRO

EXPERIMENT = "half-of-monthly-tries-the-switch"


def candidates(edition: Edition, product: str, locale: str, states: object = None) -> dict[str, CandidateRule]:
    found = candidate_rules(edition.catalog(product, states), product, locale)  # type: ignore[arg-type]  # or None
    return {candidate.rule.name: candidate for candidate in found}


@pytest.mark.parametrize(
    ("product", "locale", "rule", "applies"),
    [
        (PRO, "en-US", EXPERIMENT, True),
        (PRO, "en-US", "leave-trials-alone", None),
        (PRO, "ja", "winter-half-price", False),
        (PRO, "de-DE", "winter-half-price", None),
        (ANNUAL, "ja", "annual-discount-in-japan", True),
        (BASIC, "en-US", "basic-commits-to-a-year", True),
        (BASIC, "de-DE", "basic-commits-to-a-year", None),
    ],
)
def test_a_rule_applies_to_all_some_or_no_customers(
    sample: Edition,
    product: str,
    locale: str,
    rule: str,
    applies: bool | None,  # noqa: FBT001  # a parameter
) -> None:
    """Product and locale are known; what asks for a fact about the customer is open."""
    assert candidates(sample, product, locale)[rule].applies is applies


def test_an_experiment_has_a_share_for_each_arm(sample: Edition) -> None:
    """Each arm has its slots of the 10 000 and the answer that its customers get."""
    shares = candidates(sample, PRO, "fr-CA")[EXPERIMENT].shares
    assert [(share.arm, share.slots, share.delivery and share.delivery.locale) for share in shares] == [
        ("control", 5000, "fr-FR"),
        ("switch", 5000, "fr-FR"),
    ]


def test_a_fallback_rule_has_one_share_without_a_delivery(sample: Edition) -> None:
    """`fallback` needs no text, so it is always an answer."""
    [share] = candidates(sample, PRO, "en-US")["leave-trials-alone"].shares
    assert (share.arm, share.delivery) == (None, None)


def test_a_rule_that_cannot_be_delivered_has_a_reason_and_no_share(sample: Edition) -> None:
    """Without an approved text no customer gets the answer, even where the rule applies to all of them."""
    states = {
        message: MessageState("PENDING") for by in sample.texts.values() for ids in by.values() for message in ids
    }
    keep = candidates(sample, ANNUAL, "en-US", states)["keep-pro"]
    assert (keep.shares, keep.settles(0)) == ((), False)
    assert keep.refusal is not None
    assert keep.refusal.reason == "not_approved"


def test_a_rule_for_everyone_with_an_answer_ends_the_list(sample: Edition) -> None:
    """No later rule is asked after a rule that applies to all customers and has an answer for them."""
    found = candidates(sample, PRO, "en-US")
    assert {name for name, candidate in found.items() if candidate.settles(0)} == {EXPERIMENT, "keep-pro"}


def test_a_rule_with_a_limit_is_for_some_customers_only(tmp_path: Path) -> None:
    """It has its shares, as made to a customer within the limits; every arm with a weight brings its own limit."""
    arms = ("switch: {weight: 50, answer: {alternateProduct: trailhead.pro.annual, message: switch-text}}",
            "switch: {weight: 50, answer: {promotionalOffer: half-for-three-months, message: offer-text}}")  # fmt: skip
    limited = edition(tmp_path, *FACTS_FROM_APPLE, arms)
    japan = candidates(limited, ANNUAL, "ja")["annual-discount-in-japan"]
    assert (japan.applies, japan.everyone(0), japan.settles(0)) == (True, False, False)
    assert (japan.limits, [share.delivery is None for share in japan.shares]) == (
        (Limit(2, 90, "retention_annual_30"),),
        [False],
    )
    assert candidates(limited, PRO, "en-US")[EXPERIMENT].limits == (Limit(1, 365, None),)
    unweighted = (arms[0], arms[1].replace("weight: 50", "weight: 0"))
    control = ("control: {weight: 50", "control: {weight: 100")
    assert candidates(edition(tmp_path, *FACTS_FROM_APPLE, unweighted, control), PRO, "en-US")[EXPERIMENT].settles(0)


@pytest.mark.parametrize(
    ("starts", "ends", "holds"),
    [(None, None, True), (0, None, True), (1, None, False), (None, 0, False), (None, 1, True), (-1, 1, True)],
)
def test_a_schedule_begins_at_its_first_second_and_ends_before_its_last(
    sample: Edition,
    starts: int | None,
    ends: int | None,
    holds: bool,  # noqa: FBT001  # a parameter
) -> None:
    """Bounds are relative to the moment asked for; a missing one is open."""
    now = SAMPLE_CLOCK.timestamp()
    rule = replace(
        candidates(sample, PRO, "en-US")["keep-pro"].rule,
        starts=None if starts is None else now + starts,
        ends=None if ends is None else now + ends,
    )
    assert CandidateRule(rule, applies=True).at(now) is holds


def test_a_logged_customer_is_in_the_arm_of_their_hash(sample: Edition) -> None:
    """The share is the one of the arm that the same hash is assigned to when Apple asks."""
    candidate = candidates(sample, PRO, "en-US")[EXPERIMENT]
    experiment = candidate.rule.gives
    hashes = [f"{number:064x}" for number in range(1, 2**256, 2**256 // 50)]
    arms = {share_of(candidate, one).arm for one in hashes}
    assert arms == {"control", "switch"}
    assert all(
        share_of(candidate, one).arm == arm_at(experiment, slot_of(experiment.key, one)).name  # type: ignore[arg-type,union-attr]  # an experiment
        for one in hashes
    )


def test_a_plain_rule_has_the_same_share_for_every_customer(sample: Edition) -> None:
    """Without an experiment the hash makes no difference."""
    candidate = candidates(sample, PRO, "en-US")["keep-pro"]
    assert share_of(candidate, "00" * 32) == share_of(candidate, "ff" * 32) == candidate.shares[0]


LAYER = ("key: switch-2026q4", "layer: {name: plans, slots: [0, 4999]}\n      key: switch-2026q4")


def test_an_experiment_for_some_does_not_end_the_list(sample: Edition, tmp_path: Path) -> None:
    """Its arms are judged as those of any experiment, and customers who take no part come to the next rule."""
    part = edition(tmp_path, LAYER)
    [whole], [some] = (
        [found for found in candidate_rules(of.catalog(PRO), PRO, "ja") if len(found.shares) > 1]
        for of in (sample, part)
    )
    assert [share.slots for share in some.shares] == [share.slots for share in whole.shares]
    assert (whole.taking_part(0), some.taking_part(0)) == (Fraction(1), Fraction(1, 2))
    assert (whole.settles(0), some.settles(0)) == (True, False)
    hashes = [f"{number:064x}" for number in range(100)]
    assert {takes_part(some, one, 0.0) for one in hashes} == {True, False}
    assert all(takes_part(whole, one, 0.0) for one in hashes)
    assert [takes_part(some, one, 0.0) for one in hashes] == [
        slot_of("plans", one, LAYER_SLOTS) < 5_000 for one in hashes
    ]


@pytest.mark.parametrize(("answer", "delivered"), [("fallback", False), ("keep-basic", True)])
def test_a_holdout_has_one_answer_for_all_who_are_held_out(
    sample: Edition, tmp_path: Path, answer: str, *, delivered: bool
) -> None:
    """It is Apple's fallback, or the message in the locale of the request."""
    held = edition(tmp_path, ("rules:\n", f"holdout: {{key: h, percent: 30, answer: {answer}}}\nrules:\n"))
    found = held_out(held.catalog(PRO), PRO, "fr-FR")
    assert found is not None
    assert (found.key, found.slots, found.delivery is not None, found.reason) == ("h", 3_000, delivered, None)
    shares = [found.has(f"{number:064x}") for number in range(1_000)]
    assert 200 < sum(shares) < 400
    assert held_out(sample.catalog(PRO), PRO, "fr-FR") is None


def test_a_message_of_the_holdout_that_is_not_approved_has_its_reason(tmp_path: Path) -> None:
    """Then Apple falls back for these customers, which their owner did not intend."""
    held = edition(tmp_path, ("rules:\n", "holdout: {key: h, percent: 30, answer: keep-basic}\nrules:\n"))
    found = held_out(held.catalog(PRO, {}), PRO, "fr-FR")
    assert isinstance(found, HeldOut)
    assert (found.delivery, found.reason and found.reason[0]) == (None, "not_approved")
