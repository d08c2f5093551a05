"""`retention replay`: what a draft would have answered to logged requests, without guessing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from retention.catalog import MessageState
from retention.decision import decide
from retention.rules import NO_FACTS, UNREADABLE, Customer, Reported

from console.decisions.decision_log import Logged, read_log
from console.decisions.replay import Replayed, replay
from console.file.edition import Edition
from console.local.samples import SAMPLE_CLOCK
from tests.support.edited_sample import edition
from tests.support.logged_decisions import (
    ANNUAL,
    BASIC,
    COURSES,
    FACTS_FROM_APPLE,
    NO_FACTS_ASKED,
    PRO,
    REPORTED,
    line,
    lines,
    request,
    rows,
)

EXPERIMENT = "half-of-monthly-tries-the-switch"


SHIFTED = (
    ("control: {weight: 50,", "control: {weight: 60,"),
    ("switch: {weight: 50,", "switch: {weight: 40,"),
)


def logged(written: Iterable[Mapping[str, Any]], directory: Path) -> list[Logged]:
    file = directory / "log"
    file.write_text("".join(json.dumps(one) + "\n" for one in written), encoding="utf-8")
    return list(read_log(file))


def no_release_kept(_: int) -> None:
    return None


def replayed(
    written: Iterable[Mapping[str, Any]],
    draft: Edition,
    directory: Path,
    releases: Callable[[int], Edition | None] = no_release_kept,
    states: Mapping[str, MessageState] | None = None,
) -> Replayed:
    return replay(logged(written, directory), draft, states, releases)


def test_the_same_rules_change_nothing(plain: Edition, tmp_path: Path) -> None:
    """Replayed against the file that decided them, all requests are unchanged, arms too."""
    products = (*plain.document.products, "elsewhere")
    asked = [(product, locale, NO_FACTS) for product in products for locale in ("en-US", "fr-CA", "ja")] * 5
    found = replayed(lines(plain, asked), plain, tmp_path)
    assert (found.requests, found.unchanged, found.changed) == (len(asked), len(asked), 0)
    assert not found.undecidable


def test_a_changed_answer_is_a_row_with_its_count_and_examples(plain: Edition, tmp_path: Path) -> None:
    """A row has rule and answer before and after, products, locales and three request identifiers."""
    draft = edition(tmp_path, *NO_FACTS_ASKED, ("answer: {message: keep-basic}", "answer: fallback"))
    found = replayed(
        lines(plain, [(BASIC, "fr-FR", NO_FACTS)] * 4 + [(ANNUAL, "fr-FR", NO_FACTS)]),
        draft,
        tmp_path,
    )
    [row] = found.changes.values()
    assert rows(found) == {("keep-basic: message", "keep-basic: no answer"): 4}
    assert (row.products, row.locales, row.same_answer) == ({BASIC}, {"fr-FR"}, False)
    assert row.examples == ["request-0", "request-1", "request-2"]
    assert (found.unchanged, found.decided) == (1, 5)


def test_another_text_is_a_change(plain: Edition, tmp_path: Path) -> None:
    """If rule and kind of answer are the same and the text was corrected, the row shows another text."""
    draft = edition(tmp_path, *NO_FACTS_ASKED, ("Gardez vos balades", "Gardez toutes vos balades"))
    found = replayed(lines(plain, [(BASIC, "fr-FR", NO_FACTS), (ANNUAL, "fr-FR", NO_FACTS)]), draft, tmp_path)
    assert rows(found) == {("keep-basic: message", "keep-basic: message, another text"): 1}


def test_another_rule_with_the_same_answer_is_marked(plain: Edition, tmp_path: Path) -> None:
    """A renamed rule changes no answer, which the row states."""
    draft = edition(tmp_path, *NO_FACTS_ASKED, ("- name: keep-basic", "- name: basics"))
    [row] = replayed(lines(plain, [(BASIC, "fr-FR", NO_FACTS)]), draft, tmp_path).changes.values()
    assert (row.before, row.after, row.same_answer) == ("keep-basic", "basics", True)


def test_arms_are_exact(plain: Edition, tmp_path: Path) -> None:
    """The logged customer hash gives the slot, so other weights move exactly the customers who change arm."""
    draft = edition(tmp_path, *NO_FACTS_ASKED, *SHIFTED)
    asked = [(PRO, "ja", NO_FACTS)] * 400
    found = replayed(lines(plain, asked), draft, tmp_path)
    moved = 0
    for number in range(len(asked)):
        one = request(number, PRO, "ja")
        before, after = (decide(one, of.catalog(PRO), SAMPLE_CLOCK, NO_FACTS) for of in (plain, draft))
        moved += before.assignments[0].arm != after.assignments[0].arm
    assert 0 < moved < 100
    assert rows(found) == {
        (f"{EXPERIMENT}, arm switch: alternateProduct", f"{EXPERIMENT}, arm control: message"): moved
    }


def test_a_request_is_replayed_at_its_own_time(plain: Edition, tmp_path: Path) -> None:
    """A schedule is judged at the time of the logged request, not at today's."""
    when = "during: {from: 2026-11-24T12:30, until: 2027-01-01, timeZone: UTC}"
    draft = edition(
        tmp_path, *NO_FACTS_ASKED,
        ("  - name: keep-basic\n", f"  - name: later\n    {when}\n    answer: fallback\n  - name: keep-basic\n"),
    )  # fmt: skip
    early = lines(plain, [(BASIC, "fr-FR", NO_FACTS)])
    late = lines(plain, [(BASIC, "fr-FR", NO_FACTS)] * 2, SAMPLE_CLOCK + timedelta(hours=1))
    assert replayed(early, draft, tmp_path).changed == 0
    assert replayed(late, draft, tmp_path).changed == 2


def test_states_of_a_table_count(plain: Edition, tmp_path: Path) -> None:
    """A rule whose text is not approved is passed over in the replay, as it is for customers."""
    approved = {m: MessageState("APPROVED") for by in plain.texts.values() for ids in by.values() for m in ids}
    french = plain.texts["keep-basic"]["fr-FR"][0]
    found = replayed(
        lines(plain, [(BASIC, "fr-FR", NO_FACTS)]),
        plain,
        tmp_path,
        states={**approved, french: MessageState("REJECTED")},
    )
    assert rows(found) == {("keep-basic: message", "keep-basic: message, a text in another locale"): 1}


def test_what_depends_on_facts_is_undecidable(sample: Edition, tmp_path: Path) -> None:
    """The log has no facts, so such requests are counted under the rule that asks for them, with examples."""
    found = replayed(
        lines(sample, [(ANNUAL, "en-US", {"inTrial": True}), (ANNUAL, "en-US", NO_FACTS)]), sample, tmp_path
    )
    assert found.undecidable == {"leave-trials-alone": 2}
    assert found.examples == {"leave-trials-alone": ["request-0", "request-1"]}
    assert (found.unchanged, found.changed) == (0, 0)


def test_a_rule_whose_outcome_is_the_same_leaves_nothing_open(sample: Edition, tmp_path: Path) -> None:
    """If a rule's outcome is the same for every value of a fact, the fact is not needed."""
    found = replayed(lines(sample, [("trailhead.family.monthly", "en-US", NO_FACTS)]), sample, tmp_path)
    assert (found.unchanged, dict(found.undecidable)) == (1, {})


def test_an_unreadable_profile_is_known(sample: Edition, tmp_path: Path) -> None:
    """If a line has an unreadable profile, no rule that tests a fact has matched."""
    asked = request(1, ANNUAL, "en-US")
    decision = decide(asked, sample.catalog(ANNUAL), SAMPLE_CLOCK, UNREADABLE)
    found = replayed([line(asked, decision, degraded=["customer"])], sample, tmp_path)
    assert (found.unchanged, dict(found.undecidable)) == (1, {})


def test_a_failed_signature_fails_again(sample: Edition, tmp_path: Path) -> None:
    """If the offer could not be signed, the draft is replayed without a key too."""
    asked = request(1, COURSES, "en-US")
    decision = decide(asked, sample.catalog(COURSES), SAMPLE_CLOCK, NO_FACTS, can_sign=False)
    found = replayed([line(asked, decision, degraded=["signing"])], sample, tmp_path)
    assert (found.unchanged, found.changed) == (1, 0)


def test_the_logged_decision_proves_facts_where_its_release_is_kept(sample: Edition, tmp_path: Path) -> None:
    """If the release is kept, the rule that answered shows which facts held, so that all requests are decided."""
    asked: list[tuple[str, str, Customer]] = [
        (ANNUAL, "en-US", {"inTrial": True}),
        (ANNUAL, "en-US", NO_FACTS),
        (BASIC, "de-DE", {"tenureDays": 99}),
    ]
    found = replayed(lines(sample, asked), sample, tmp_path, lambda _: sample)
    assert (found.unchanged, found.proved, dict(found.undecidable)) == (3, 3, {})


def test_an_offer_is_compared_by_its_terms_where_the_release_is_kept(sample: Edition, tmp_path: Path) -> None:
    """The log does not name the offer and the release does; without it, the answer is counted as unnamed."""
    draft = edition(tmp_path, ("offerIdentifier: retention_annual_30", "offerIdentifier: retention_annual_50"))
    written = lines(sample, [(ANNUAL, "ja", NO_FACTS)])
    found = replayed(written, draft, tmp_path, lambda _: sample)
    [row] = found.changes.values()
    assert (row.before_answer, row.after_answer) == (
        "promotionalOffer retention_annual_30 of trailhead.pro.annual (v1)",
        "promotionalOffer retention_annual_50 of trailhead.pro.annual (v1)",
    )
    no_trials = edition(tmp_path, *NO_FACTS_ASKED, ("retention_annual_30", "retention_annual_50"))
    blind = replayed(written, no_trials, tmp_path)
    assert (blind.unchanged, blind.unnamed) == (1, 1)


CUSTOMERS: tuple[Customer, ...] = (
    {},
    {"inTrial": True},
    {"inTrial": False, "tenureDays": 10},
    {"tenureDays": 200},
    {"tenureDays": 200, "usedOffers": ("retention_half_3m",)},
    {"tenureDays": 40, "inTrial": True},
)


DRAFTS: dict[str, tuple[tuple[str, str], ...]] = {
    "itself": (),
    "other weights": SHIFTED,
    "trials answered": (("answer: fallback", "answer: {message: keep-pro}"),),
    "another threshold": (("{above: 30}", "{above: 60}"),),
    "no trials": (("  - name: leave-trials-alone\n    when: {customer.inTrial: true}\n    answer: fallback\n", ""),),
    "trials turned round": (("{customer.inTrial: true}", "{not: {customer.inTrial: true}}"),),
    "a wider rule": (
        ("{customer.inTrial: true}", "{anyOf: [{customer.inTrial: true}, {customer.tenureDays: {below: 20}}]}"),
    ),
    "a narrower rule": (("{customer.inTrial: true}", "{customer.inTrial: true, customer.tenureDays: {above: 20}}"),),
}  # fmt: skip


@pytest.mark.parametrize("changes", DRAFTS.values(), ids=DRAFTS)
@pytest.mark.parametrize("kept", [False, True], ids=["release gone", "release kept"])
def test_nothing_is_guessed(
    sample: Edition, changes: tuple[tuple[str, str], ...], tmp_path: Path, *, kept: bool
) -> None:
    """For any facts of a customer, a replayed answer is the one that the draft gives with those facts."""
    draft = edition(tmp_path, *changes)
    decided = 0
    for number, (product, locale, customer) in enumerate(
        itertools.product((*sample.document.products, "elsewhere"), ("en-US", "de-DE", "ja"), CUSTOMERS)
    ):
        asked = request(number, product, locale)
        before = decide(asked, sample.catalog(product), SAMPLE_CLOCK, customer)
        after = decide(asked, draft.catalog(product), SAMPLE_CLOCK, customer)
        found = replayed([line(asked, before)], draft, tmp_path, (lambda _: sample) if kept else no_release_kept)
        if found.undecidable:
            continue
        decided += 1
        answers = [
            None if decision.delivery is None else (decision.delivery.answer.kind, decision.delivery.message_id)
            for decision in (before, after)
        ]
        same = answers[0] == answers[1]
        assert found.unchanged + sum(row.count for row in found.changes.values() if row.same_answer) == int(same), asked
    assert decided


OFFERING_ARM = (
    "answer: {alternateProduct: trailhead.pro.annual, message: switch-text}}",
    "answer: {promotionalOffer: half-for-three-months, message: offer-text}}",
)
DRAFTS_FROM_APPLE: dict[str, tuple[tuple[str, str], ...]] = {
    "itself": (),
    "a wider limit": (("times: 1, days: 365, of: any", "times: 2, days: 30"),),
    "a narrower limit": (("times: 2, days: 90", "times: 1, days: 365, of: any"),),
    "no limit": (("\n    limit: {times: 2, days: 90}", ""),),
    "an arm with a limit": (OFFERING_ARM,),
    "another threshold": (("subscription.tenureDays: {above: 30}", "subscription.tenureDays: {above: 300}"),),
    "the owner's fact": (("subscription.inTrial", "customer.inTrial"),),
}


@pytest.mark.parametrize("changes", DRAFTS_FROM_APPLE.values(), ids=DRAFTS_FROM_APPLE)
@pytest.mark.parametrize("kept", [False, True], ids=["release gone", "release kept"])
def test_nothing_is_guessed_of_what_apple_reports(
    changes: tuple[tuple[str, str], ...], tmp_path: Path, *, kept: bool
) -> None:
    """For any facts from Apple and any redemptions, a replayed answer is the one that the draft gives with those."""
    learning = edition(tmp_path, *FACTS_FROM_APPLE)
    draft = edition(tmp_path, *FACTS_FROM_APPLE, *changes)
    decided = 0
    for number, (product, locale, reported) in enumerate(
        itertools.product((PRO, ANNUAL, BASIC, COURSES), ("en-US", "de-DE", "ja"), REPORTED)
    ):
        asked = request(number, product, locale)
        before, after = (
            decide(asked, of.catalog(product), SAMPLE_CLOCK, NO_FACTS, subscription=reported)
            for of in (learning, draft)
        )
        degraded = ["customer"] if reported is UNREADABLE else []
        found = replayed(
            [line(asked, before, degraded=degraded)], draft, tmp_path, (lambda _: learning) if kept else no_release_kept
        )
        if found.undecidable:
            continue
        decided += 1
        answers = [
            None if decision.delivery is None else (decision.delivery.answer.kind, decision.delivery.message_id)
            for decision in (before, after)
        ]
        same = answers[0] == answers[1]
        assert found.unchanged + sum(row.count for row in found.changes.values() if row.same_answer) == int(same), asked
    assert decided


def test_an_offer_that_was_made_is_made_again(tmp_path: Path) -> None:
    """Where the release is kept, the offer proves that its customer was within the limit; a wider one is kept too."""
    learning = edition(tmp_path, *FACTS_FROM_APPLE)
    asked = request(1, ANNUAL, "ja")
    fresh = Reported({"inTrial": False}, ())
    written = [line(asked, decide(asked, learning.catalog(ANNUAL), SAMPLE_CLOCK, subscription=fresh))]
    plain = ("when: {subscription.inTrial: true}", "when: {productId: trailhead.student.annual}")
    for limit, decided in (("times: 2, days: 90", True), ("times: 3, days: 30", True), ("times: 1, days: 90", False)):
        draft = edition(tmp_path, *FACTS_FROM_APPLE, plain, ("times: 2, days: 90", limit))
        found = replayed(written, draft, tmp_path, lambda _: learning)
        assert (found.unchanged, dict(found.undecidable)) == (
            (1, {}) if decided else (0, {"annual-discount-in-japan": 1})
        )


def test_requests_without_a_decision_are_left_out(sample: Edition, tmp_path: Path) -> None:
    """Lines that are paused, unavailable, cut off, or without time or hash are counted by reason."""
    asked = request(1, ANNUAL, "en-US")
    good = line(asked, decide(asked, sample.catalog(ANNUAL), SAMPLE_CLOCK, NO_FACTS))
    written = [
        {**good, "message": "paused"},
        {**good, "message": "unavailable"},
        {**good, "productId": "x" * 128},
        {**good, "timestamp": "yesterday"},
        {**good, "customerHash": "ab"},
    ]
    found = replayed(written, sample, tmp_path)
    assert (found.requests, found.decided) == (5, 0)
    assert sorted(found.skipped) == [
        "answers were paused",
        "nothing was decided then: unavailable or failed",
        "the line has no customerHash",
        "the line has no time",
        "the line is cut off",
    ]


def test_rehearsals_are_counted(sample: Edition, tmp_path: Path) -> None:
    """Requests under another root than Apple's are counted apart, since no customer sent them."""
    asked = request(1, COURSES, "en-US")
    decision = decide(asked, sample.catalog(COURSES), SAMPLE_CLOCK, NO_FACTS)
    assert replayed([line(asked, decision, trustAnchor="ab12")], sample, tmp_path).rehearsals == 1


PARTIAL = ("key: switch-2026q4", "layer: {name: plans, slots: [0, 7999]}\n      key: switch-2026q4")
RAMP = (
    "key: switch-2026q4",
    "traffic: {timeZone: UTC, 2026-11-24: 40, 2026-11-25: 100}\n      key: switch-2026q4",
)
HOLDOUT = ("rules:\n", "holdout: {key: h, percent: 30, answer: fallback}\nrules:\n")
HELD_MESSAGE = ("rules:\n", "holdout: {key: h, percent: 30, answer: keep-basic}\nrules:\n")


@pytest.mark.parametrize(
    "change", [PARTIAL, RAMP, HOLDOUT, HELD_MESSAGE], ids=["layer", "traffic", "fallback", "message"]
)
def test_customers_who_are_left_out_are_exact(plain: Edition, tmp_path: Path, change: tuple[str, str]) -> None:
    """The logged hash gives the slots of traffic, layer and holdout, so exactly those left out change."""
    draft = edition(tmp_path, *NO_FACTS_ASKED, change)
    asked = [(PRO, "ja", NO_FACTS)] * 300
    found = replayed(lines(plain, asked), draft, tmp_path)
    different = 0
    for number in range(len(asked)):
        one = request(number, PRO, "ja")
        before, after = (decide(one, of.catalog(PRO), SAMPLE_CLOCK, NO_FACTS) for of in (plain, draft))
        different += before.delivery != after.delivery
    assert 0 < different < len(asked)
    assert sum(row.count for row in found.changes.values() if not row.same_answer) == different
    assert replayed(lines(draft, asked), draft, tmp_path).unchanged == len(asked)


def test_a_ramp_is_replayed_at_the_time_of_the_request(plain: Edition, tmp_path: Path) -> None:
    """A day later all customers take part, so none of them changes."""
    draft, later = edition(tmp_path, *NO_FACTS_ASKED, RAMP), SAMPLE_CLOCK + timedelta(days=1)
    assert replayed(lines(plain, [(PRO, "ja", NO_FACTS)] * 50), draft, tmp_path).changed > 0
    assert replayed(lines(plain, [(PRO, "ja", NO_FACTS)] * 50, later), draft, tmp_path).changed == 0


def test_a_customer_who_is_held_out_is_named_by_the_holdout(plain: Edition, tmp_path: Path) -> None:
    """Without the holdout, those customers get what the rules give, and the row has its key."""
    held = edition(tmp_path, *NO_FACTS_ASKED, HOLDOUT)
    found = replayed(lines(held, [(BASIC, "fr-FR", NO_FACTS)] * 100), plain, tmp_path)
    assert set(rows(found)) == {("the holdout h: no answer", "keep-basic: message")}
    message = edition(tmp_path, *NO_FACTS_ASKED, HELD_MESSAGE)
    [row] = replayed(lines(message, [(BASIC, "fr-FR", NO_FACTS)] * 100), plain, tmp_path).changes.values()
    assert (row.before, row.after, row.same_answer) == ("the holdout h", "keep-basic", True)
