"""For any file that asks for facts from Apple, the compiler, `coverage`, `replay` and `explain` agree with `decide`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, reject
from hypothesis import strategies as st
from retention.catalog import format_of
from retention.conditions import truth_of
from retention.decision import Decision, decide
from retention.request import RetentionRequest
from retention.rules import NO_FACTS, NO_SUBSCRIPTION, UNREADABLE, Fact, Facts, Reported, Subscription
from retention.subscription import FACT_KINDS

from console.decisions.coverage import CellChoice, cover
from console.decisions.decision_log import logged_request
from console.decisions.reasons import AskedRequest, Basis, explain
from console.decisions.replay import replay
from console.file.compile import compile_document
from console.file.conditions import read_condition
from console.file.document import read_document
from console.file.edition import Edition, edition_of
from console.file.mistakes import Mistakes, Notes
from console.file.subscription_facts import VALUES
from console.file.tree import parse
from tests.support.logged_decisions import line

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MS = int(NOW.timestamp() * 1000)
DAY = 86_400_000
PRODUCTS = ("pro.monthly", "pro.annual")
OFFERS = ("half", "third")

TEXTS = st.sampled_from(["ABC", "USA", "pro.monthly", "half", "21345678"])
NUMBERS = st.integers(-3, 70) | st.sampled_from([0.5, 9.99])
OF_KIND = {"number": NUMBERS, "text": TEXTS, "truth": st.booleans(), "list": st.lists(TEXTS, max_size=3).map(tuple)}
ANYTHING = st.one_of(NUMBERS, TEXTS, st.booleans(), st.text(max_size=4))


def values_of(name: str) -> st.SearchStrategy[Fact]:
    """Return what a fact can be at a request."""
    return st.sampled_from(VALUES[name]) if name in VALUES else OF_KIND[FACT_KINDS[name]]


def operands(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    tests = st.one_of(
        values,
        st.lists(values, min_size=1, max_size=2),
        st.builds(dict, equals=values),
        st.builds(lambda name, bound: {name: bound}, st.sampled_from(["atLeast", "atMost", "above", "below"]), values),
        st.builds(dict, startsWith=values),
    )
    return tests | st.builds(lambda test: {"not": test}, tests)


TESTS = st.sampled_from(sorted(FACT_KINDS)).flatmap(
    lambda name: st.tuples(st.just(name), operands(ANYTHING | values_of(name)), values_of(name))
)


@given(TESTS)
def test_what_the_file_accepts_can_be_judged(test: tuple[str, Any, Fact]) -> None:
    """A test without a mistake is TRUE or FALSE of each value that its fact can have: its types are right."""
    name, operand, value = test
    notes = Notes()
    text = json.dumps({f"subscription.{name}": list(operand) if isinstance(operand, tuple) else operand})
    condition = read_condition(parse(text.encode(), "case", notes), notes, PRODUCTS)
    facts = Facts.of("pro.monthly", "en-US", NO_FACTS, Reported({name: value}, ()))
    assert notes.mistakes or condition is None or truth_of(condition, facts) is not None, notes.mistakes


# Files --------------------------------------------------------------------------------------------------------------

NAMES = ("renewals", "inTrial", "status", "plansHeld")
SENSIBLE = {
    "renewals": st.sampled_from([2, {"atLeast": 2}, {"below": 3}, {"present": False}]),
    "inTrial": st.sampled_from([True, {"not": True}, {"present": True}]),
    "status": st.sampled_from(["active", ["grace", "retry"], {"not": "active"}, {"startsWith": "re"}]),
    "plansHeld": st.sampled_from(["pro.annual", {"not": "pro.monthly"}]),
}
CLAUSES = st.sampled_from(NAMES).flatmap(lambda name: st.builds(lambda t: {f"subscription.{name}": t}, SENSIBLE[name]))
WHEN = st.one_of(
    st.just({"productId": "pro.monthly"}),
    CLAUSES,
    st.builds(lambda parts: {"anyOf": parts}, st.lists(CLAUSES, min_size=1, max_size=2)),
    st.builds(lambda part: {"not": part}, CLAUSES),
    st.builds(lambda one, other: {"allOf": [one, other]}, CLAUSES, CLAUSES),
)
ANSWERS = st.sampled_from(
    [
        {"message": "keep"},
        "fallback",
        *({"promotionalOffer": offer, "message": "keep"} for offer in OFFERS),
        {"alternateProduct": "pro.annual", "message": "keep"},
    ]
)


def arms(first: object, second: object) -> dict[str, Any]:
    return {"experiment": {"arms": {"a": {"weight": 50, "answer": first}, "b": {"weight": 50, "answer": second}}}}


GIVES = ANSWERS.map(lambda answer: {"answer": answer}) | st.builds(arms, ANSWERS, ANSWERS)
SOME = st.fixed_dictionaries(
    {},
    optional={
        "layer": st.tuples(st.integers(0, 1_500), st.integers(1_500, 2_499)),
        "traffic": st.sampled_from([0, 40, 100]).map(lambda share: {"timeZone": "UTC", "2026-11-01": share}),
        "control": st.just("b"),
        "plan": st.just({"metric": "kept", "customers": 100}),
    },
)
HOLDOUTS = st.none() | st.fixed_dictionaries(
    {"key": st.just("h"), "percent": st.sampled_from([0, 20, 50]), "answer": st.sampled_from(["fallback", "keep"])}
)
LIMITS = st.none() | st.fixed_dictionaries(
    {"times": st.integers(1, 2), "days": st.sampled_from([30, 365]), "of": st.sampled_from(["this", "any"])}
)


@st.composite
def editions(draw: st.DrawFn) -> Edition:
    """Return the edition of a file whose rules ask for facts from Apple, and whose offers may have limits.

    Experiments may be for some customers only, and the file may have a holdout.
    """
    rules: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 4))):
        rule: dict[str, Any] = {"name": f"r{number}", **draw(GIVES)}
        when = draw(st.none() | WHEN)
        if "alternateProduct" in json.dumps(rule):
            when = {"allOf": [{"productId": "pro.monthly"}, *([] if when is None else [when])]}
        if "experiment" in rule:
            rule["experiment"] |= {"key": f"k{number}", **draw(SOME)}
            slots = rule["experiment"].get("layer")
            if slots is not None:  # slots of its own in the one layer
                rule["experiment"]["layer"] = {"name": "l", "slots": [2_500 * number + slot for slot in slots]}
        rules.append(rule if when is None else {**rule, "when": when})
    offers: dict[str, dict[str, Any]] = {}
    for name in OFFERS:
        limit = draw(LIMITS)
        offers[name] = {
            "productId": "pro.monthly",
            "offerIdentifier": name,
            **({} if limit is None else {"limit": limit}),
        }
    holdout = draw(HOLDOUTS)
    document = read_document(
        json.dumps(
            {
                **({} if holdout is None else {"holdout": holdout}),
                "app": {
                    "appAppleId": 1, "bundleId": "com.example.app",
                    "issuerId": "57246542-96fe-1a63-e053-0824d011072a", "keyId": "2X9R4HXF34",
                },
                "products": {product: {"group": "pro", "period": "P1M"} for product in PRODUCTS},
                "locales": {"default": "en-US"},
                "messages": {"keep": {"en-US": {"header": "a", "body": "b"}}},
                "offers": offers,
                "rules": rules,
            }
        ).encode()
    )  # fmt: skip
    try:
        return edition_of(document, compile_document(document, now=NOW).release)
    except Mistakes:  # a rule after one that falls back for every request
        reject()


REDEMPTIONS = st.none() | st.lists(
    st.tuples(
        st.sampled_from([*OFFERS, None]), st.sampled_from([-5, 0, 29, 31, 364, 366]).map(lambda days: MS - days * DAY)
    ),
    max_size=3,
).map(tuple)
REPORTED: st.SearchStrategy[Subscription] = st.one_of(
    st.just(UNREADABLE),
    st.just(NO_SUBSCRIPTION),
    st.builds(Reported, st.fixed_dictionaries({}, optional={name: values_of(name) for name in NAMES}), REDEMPTIONS),
)
ASKED = st.builds(
    RetentionRequest,
    *(st.integers(1, 50).map(str), st.just(1), st.sampled_from([*PRODUCTS, "unheard.of"]), st.just("en-US")),
    *(st.just("id"), st.just("Sandbox"), st.just(0)),
)


def decided(edition: Edition, asked: RetentionRequest, reported: Subscription) -> Decision:
    return decide(asked, edition.catalog(asked.product_id), NOW, NO_FACTS, subscription=reported)


@given(editions(), ASKED, REPORTED)
def test_coverage_lists_what_decide_answers(edition: Edition, asked: RetentionRequest, reported: Subscription) -> None:
    """The answer of `decide` is in the cell, and no rule before it is for everyone; without one, it is incomplete."""
    product = asked.product_id if asked.product_id in PRODUCTS else "*"
    [cell] = cover(edition, None, NOW, CellChoice((product,), ("en-US",))).cells
    decision = decided(edition, asked, reported)
    rules = [shown.rule for shown in cell.real_time]
    if decision.holdout is not None and decision.holdout.held:
        return  # no rule was asked
    if decision.rule is None:
        assert not cell.complete
        passed = len(rules)
    else:
        assert (decision.rule, decision.delivery) in [(shown.rule, shown.delivery) for shown in cell.real_time]
        passed = rules.index(decision.rule)
    assert not any(shown.everyone for shown in cell.real_time[:passed])


@given(editions(), editions(), ASKED, REPORTED, st.booleans())
def test_replay_guesses_nothing(
    before: Edition,
    draft: Edition,
    asked: RetentionRequest,
    reported: Subscription,
    kept: bool,  # noqa: FBT001  # drawn by position
) -> None:
    """A replayed request that is decided is answered as the draft answers it, with any reports of Apple's."""
    was, will = (decided(edition, asked, reported) for edition in (before, draft))
    degraded = ["customer"] if reported is UNREADABLE else []
    logged = logged_request(line(asked, was, NOW, degraded=degraded))
    found = replay([logged], draft, None, lambda _: before if kept else None)
    if found.undecidable:
        return
    same = found.unchanged or next(iter(found.changes.values())).same_answer
    if bool(same) is not (seen(was, kept=kept) == seen(will, kept=kept)):
        raise AssertionError((was, will, found))


def seen(decision: Decision, *, kept: bool) -> tuple[object, ...]:
    """Return what a customer sees, as far as a replay knows it: without the release, no offer has a name."""
    if decision.delivery is None:
        return (None,)
    answer = decision.delivery.answer
    terms = (answer.fields.get("offerIdentifier"), answer.fields.get("productId")) if kept else ()
    return (answer.kind, decision.delivery.message_id, *terms)


@given(editions(), ASKED, REPORTED)
def test_an_explanation_names_all_that_decides(
    edition: Edition, asked: RetentionRequest, reported: Subscription
) -> None:
    """Each rule has the verdict of `decide`; the same facts under other names decide alike, and none is left out."""
    catalog = edition.catalog(asked.product_id)
    basis = Basis(edition.document, lambda _: catalog, NO_FACTS, "file", subscription=reported)
    found = explain(basis, AskedRequest(asked), NOW)
    assert found.decision == decided(edition, asked, reported)
    named = {fact.name for fact in found.facts}
    assert {f"subscription.{name}" for name in catalog.sheet.subscription_facts} <= named
    assert ("redemptions" in named) is any(answer.limit for rule in catalog.sheet.rules for answer in rule.answers)
    assert [one.rule for one in found.verdicts] == [rule.name for rule in edition.document.rules]


@given(editions(), ASKED, REPORTED)
def test_a_release_of_the_first_format_needs_nothing_from_apple(
    edition: Edition, asked: RetentionRequest, reported: Subscription
) -> None:
    """Only where a condition or a limit needs it, what Apple has reported changes a decision."""
    if format_of(edition.sheet(asked.product_id)) == 1:
        assert decided(edition, asked, reported) == decided(edition, asked, NO_SUBSCRIPTION)
