"""Conditions, locales, decisions and the file's reader give one result for any input, and the same one each time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from retention.catalog import APPROVED, Catalog, MessageState, Settings, Sheet
from retention.conditions import condition_of, document_of, fact_tests, fold, truth_of, walk
from retention.decision import Outcome, decide
from retention.locales import APPLE_LOCALES, LocaleTable, candidates, names_of, normalise
from retention.request import RetentionRequest
from retention.rules import (
    CUSTOMER_PREFIX,
    SUBSCRIPTION_PREFIX,
    UNREADABLE,
    Customer,
    Facts,
    Reported,
    Subscription,
    Truth,
    Unreadable,
    compile_condition,
    facts_named,
)

from console.decisions.reasons import AskedRequest, Basis, explain
from console.file.document import read_document
from console.file.edition import edition_of
from console.file.mistakes import Mistakes
from console.file.product_conditions import for_product, named_products
from console.local.samples import SAMPLE, compile_sample

PRODUCTS = ("pro.monthly", "pro.annual", "basic")
NAMES = st.sampled_from(["customer.a", "customer.b", "customer.c", "subscription.a", "subscription.b"])
SCALARS = st.one_of(st.text(max_size=4), st.integers(-3, 3), st.floats(allow_nan=False), st.booleans())
FACTS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.one_of(SCALARS, st.lists(st.text(max_size=4), max_size=3).map(tuple))
)
CUSTOMERS: st.SearchStrategy[Customer] = st.one_of(FACTS, st.just(UNREADABLE))
REDEMPTIONS = st.lists(st.tuples(st.sampled_from(["half", "third", None]), st.integers(0, 4_200_000_000_000)))
SUBSCRIPTIONS: st.SearchStrategy[Subscription] = st.one_of(
    st.builds(Reported, FACTS, st.none() | REDEMPTIONS.map(tuple)), st.just(UNREADABLE)
)
LOCALES = st.one_of(st.sampled_from(sorted(APPLE_LOCALES)), st.text(max_size=12))


def leaves() -> st.SearchStrategy[list[Any]]:
    return st.one_of(
        st.builds(lambda values: ["is", "productId", values], st.lists(st.sampled_from(PRODUCTS), min_size=1)),
        st.builds(lambda prefixes: ["starts", "productId", prefixes], st.lists(st.sampled_from(["pro", "b", "x"]))),
        st.builds(lambda values: ["is", "userLocale", values], st.lists(LOCALES, min_size=1, max_size=3)),
        st.builds(lambda fact, values: ["is", fact, values], NAMES, st.lists(SCALARS, min_size=1, max_size=3)),
        st.builds(lambda fact, prefixes: ["starts", fact, prefixes], NAMES, st.lists(st.text(max_size=2), min_size=1)),
        st.builds(lambda fact: ["present", fact], NAMES),
        st.builds(
            lambda operator, fact, bound: [operator, fact, bound],
            st.sampled_from(["least", "most", "above", "below"]),
            NAMES,
            st.floats(allow_nan=False) | st.integers(),
        ),
    )


CONDITIONS = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(lambda parts: ["all", *parts], st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: ["any", *parts], st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: ["not", part], inner),
    ),
    max_leaves=8,
)


@given(CONDITIONS, st.sampled_from([*PRODUCTS, "unheard.of"]), LOCALES, CUSTOMERS, SUBSCRIPTIONS)
def test_conditions_are_total_and_deterministic(
    condition: list[Any], product: str, locale: str, customer: Customer, reported: Subscription
) -> None:
    """Any condition over any facts is TRUE, FALSE or UNKNOWN, and the same at the second evaluation."""
    facts = Facts.of(product, locale, customer, reported)
    truth = compile_condition(condition)(facts)
    assert truth in (True, False, None)
    assert compile_condition(condition)(facts) is truth
    assert compile_condition(["not", condition])(facts) is (None if truth is None else not truth)


@given(CONDITIONS, st.sampled_from([*PRODUCTS, "prounheard"]), LOCALES, CUSTOMERS, SUBSCRIPTIONS)
def test_a_sheets_part_of_a_condition_has_the_same_value(
    condition: list[Any], product: str, locale: str, customer: Customer, reported: Subscription
) -> None:
    """What a sheet keeps of a condition has the complete condition's value; its index misses no product."""
    facts = Facts.of(product, locale, customer, reported)
    truth = compile_condition(condition)(facts)
    remains = for_product(condition_of(condition), product if product in PRODUCTS else None)
    assert (remains if isinstance(remains, bool) else truth_of(remains, facts)) is truth
    named = named_products(condition_of(condition))
    assert named is None or product in named or truth is False


def joined(truths: list[Truth], by: bool) -> Truth:  # noqa: FBT001  # the value that decides a join
    return by if by in truths else None if None in truths else not by


@given(CONDITIONS, st.sampled_from(PRODUCTS), LOCALES, CUSTOMERS)
def test_a_condition_keeps_its_document_and_its_answer(
    document: list[Any], product: str, locale: str, customer: Customer
) -> None:
    """A document that is read and written again is unchanged, and `fold` has the value of the compiled function."""
    condition, facts = condition_of(document), Facts.of(product, locale, customer)
    assert json.dumps(document_of(condition)) == json.dumps(document)
    assert {test.fact for test in fact_tests(condition)} == facts_named(document)
    assert next(walk(condition)) is condition
    truth: Truth = fold(
        condition,
        all_of=lambda truths: joined(truths, by=False),
        any_of=lambda truths: joined(truths, by=True),
        negated=lambda truth: None if truth is None else not truth,
        test=lambda test: truth_of(test, facts),
    )
    assert truth is truth_of(condition, facts)


@given(CONDITIONS, CUSTOMERS, SUBSCRIPTIONS)
def test_an_unreadable_row_decides_only_what_any_row_does(
    condition: list[Any], facts: Customer, reported: Subscription
) -> None:
    """A condition with a value where one or both rows are unreadable has that value with any content of the rows."""
    judge = compile_condition(condition)
    truth = judge(Facts.of("basic", "en-US", facts, reported))
    for known in ((UNREADABLE, reported), (facts, UNREADABLE), (UNREADABLE, UNREADABLE)):
        unread = judge(Facts.of("basic", "en-US", *known))
        assert unread is None or truth is unread


@given(CONDITIONS, FACTS, SUBSCRIPTIONS)
def test_no_fact_of_the_owner_passes_for_one_from_apple(
    condition: list[Any], facts: Customer, reported: Subscription
) -> None:
    """A condition that asks for no fact of the profile has the same value for every profile."""
    judge = compile_condition(condition)
    if not any(fact.startswith(CUSTOMER_PREFIX) for fact in facts_named(condition)):
        known = judge(Facts.of("basic", "en-US", facts, reported))
        assert known is judge(Facts.of("basic", "en-US", UNREADABLE, reported))
    if not any(fact.startswith(SUBSCRIPTION_PREFIX) for fact in facts_named(condition)):
        known = judge(Facts.of("basic", "en-US", facts, reported))
        assert known is judge(Facts.of("basic", "en-US", facts, UNREADABLE))


@given(
    st.integers(1, 4),
    st.integers(1, 400) | st.floats(0.001, 400),
    st.sampled_from(["this", "any"]),
    SUBSCRIPTIONS,
    st.integers(0, 4_000_000_000),
    st.booleans(),
)
def test_no_offer_is_made_over_its_limit(
    times: int,
    days: float,
    of: str,
    reported: Subscription,
    now: int,
    tried: bool,  # noqa: FBT001  # drawn by position
) -> None:
    """An offer is made exactly if it is known that fewer redemptions count, whether a rule or an arm makes it."""
    offer = {"kind": "promotionalOffer", "set": "s", "productId": "p", "offerIdentifier": "half", "signature": "v2"}
    limited = {**offer, "limit": {"times": times, "days": days, "of": of}}
    gives = {"experiment": {"key": "k", "arms": [["a", 10_000, limited]]}} if tried else {"answer": limited}
    rule = {"name": "r", "when": None, "from": None, "until": None, **gives}
    document = {"product": None, "rules": [rule], "sets": {"s": {"en-US": ["1"]}}, "pictured": []}
    sheet = Sheet.from_document(document, LocaleTable("en-US", {}))
    settings = Settings(1, "b", "i", "k", signs=True, locales=LocaleTable("en-US", {}))
    catalog = Catalog(sheet, settings, {"1": MessageState(APPROVED)}, 1, bytes(32))
    request = RetentionRequest("1", 1, "p", "en-US", "id", "Sandbox", 0)
    decision = decide(request, catalog, datetime.fromtimestamp(now, UTC), subscription=reported)
    known = None if isinstance(reported, Unreadable) else reported.redemptions
    recent = [name for name, at in known or () if at > (now - days * 86_400) * 1000]
    counted = len(recent) if of == "any" else recent.count("half")
    assert (decision.outcome is Outcome.ANSWERED) is (known is not None and counted < times)
    if decision.outcome is Outcome.NO_RULE:
        reason = "arm_undeliverable" if tried else "offer_limit" if known is not None else "offer_limit_unknown"
        assert [passed.reason for passed in decision.passed] == [reason]
        assert decision.assignments == ()


@given(LOCALES, st.lists(st.sampled_from(sorted(APPLE_LOCALES)), unique=True))
def test_locales_are_total(asked: str, available: list[str]) -> None:
    """Any text has names, and its candidates are available locales, each once."""
    found = candidates(asked, available, LocaleTable("en-US", {}))
    assert set(found) <= set(available)
    assert len(found) == len(set(found))
    assert {asked, normalise(asked)} <= names_of(asked)
    assert asked not in available or found[0] == asked
    assert "en-US" not in available or "en-US" in found


SAMPLE_DOCUMENT = read_document(SAMPLE)
SAMPLE_EDITION = edition_of(SAMPLE_DOCUMENT, compile_sample().release)
SAMPLE_FACTS = st.fixed_dictionaries(
    {}, optional={"tenureDays": SCALARS, "inTrial": SCALARS, "usedOffers": st.lists(st.text()).map(tuple) | SCALARS}
)


@given(
    st.sampled_from([*SAMPLE_DOCUMENT.products, "unheard.of", ""]),
    LOCALES,
    st.text(),
    SAMPLE_FACTS | st.just(UNREADABLE),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis adds the zone
    st.booleans(),
)
def test_decisions_are_total_and_deterministic(
    product: str,
    locale: str,
    transaction: str,
    customer: Customer,
    now: datetime,
    can_sign: bool,  # noqa: FBT001  # drawn by position
) -> None:
    """Any request over the sample file has one decision, and `explain` has a verdict on each rule of the file."""
    catalog = SAMPLE_EDITION.catalog(product)
    request = RetentionRequest(transaction, 6745974591, product, locale, "id", "Sandbox", 0)
    decision = decide(request, catalog, now, customer, can_sign=can_sign)
    assert decision == decide(request, catalog, now, customer, can_sign=can_sign)
    assert (decision.delivery is not None) is (decision.outcome is Outcome.ANSWERED)
    assert decision.delivery is None or can_sign or not decision.delivery.answer.signs
    basis = Basis(SAMPLE_DOCUMENT, lambda _: catalog, customer, SAMPLE_DOCUMENT.file)
    explanation = explain(basis, AskedRequest(request), now)
    assert [verdict.rule for verdict in explanation.verdicts] == [rule.name for rule in SAMPLE_DOCUMENT.rules]


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_a_document_or_mistakes(source: bytes) -> None:
    """The reader of the file either returns a document or raises Mistakes."""
    try:
        mistakes = read_document(source).mistakes
    except Mistakes as error:
        mistakes = error.mistakes
    assert mistakes
