"""Facts from Apple are known by name and type, so that a wrong one is a mistake with its line."""

from __future__ import annotations

import pytest
from retention.conditions import document_of
from retention.subscription import FACT_KINDS

from console.file.conditions import read_condition
from console.file.mistakes import Notes
from console.file.subscription_facts import LIST, NUMBER, TEXT, TRUTH, VALUES, SubscriptionFacts
from console.file.tree import parse

PRODUCTS = ("pro.monthly", "pro.annual")
OFFERS = {"half": "retention_half_3m", "same": "same"}


def read(text: str) -> tuple[object, list[str], list[str]]:
    """Return the document of a condition, its mistakes and its warnings, each as one text."""
    notes = Notes()
    condition = read_condition(parse(text.encode(), "case", notes), notes, PRODUCTS, OFFERS)
    mistakes, warnings = (
        [f"{one.line} {one.wrong} {one.instead}" for one in found] for found in (notes.mistakes, notes.warnings)
    )
    return None if condition is None else document_of(condition), mistakes, warnings


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("subscription.status: active", ["is", "subscription.status", ["active"]]),
        ("subscription.autoRenew: false", ["is", "subscription.autoRenew", [False]]),
        ("subscription.renewals: {atLeast: 3}", ["least", "subscription.renewals", 3]),
        ("subscription.price: [9.99, 10]", ["is", "subscription.price", [9.99, 10]]),
        ("subscription.plansHeld: pro.annual", ["is", "subscription.plansHeld", ["pro.annual"]]),
        ("subscription.storefront: {startsWith: U}", ["starts", "subscription.storefront", ["U"]]),
        ("subscription.winBackOffers: {startsWith: [a, b]}", ["starts", "subscription.winBackOffers", ["a", "b"]]),
        ("subscription.lastOffer: {present: false}", ["not", ["present", "subscription.lastOffer"]]),
        ("not: {subscription.inTrial: true}", ["not", ["is", "subscription.inTrial", [True]]]),
        ('subscription.group: "21345678"', ["is", "subscription.group", ["21345678"]]),
    ],
)
def test_each_operator_reads_a_fact_of_its_type(text: str, document: list[object]) -> None:
    """A fact from Apple takes the operators of a fact that the owner writes, and becomes the same document."""
    assert read(text) == (document, [], [])


@pytest.mark.parametrize("fact", FACT_KINDS)
def test_every_fact_can_be_asked_whether_it_is_there(fact: str) -> None:
    """`present` needs no type, so each fact takes it."""
    assert read(f"subscription.{fact}: {{present: true}}") == (["present", f"subscription.{fact}"], [], [])


@pytest.mark.parametrize("fact", FACT_KINDS)
def test_a_value_of_another_type_is_a_mistake(fact: str) -> None:
    """Each fact takes values of its own type alone, in `equals` and `in` alike."""
    values = {NUMBER: ("3", "'3'"), TEXT: ("'ABC'", "3"), TRUTH: ("true", "'true'"), LIST: ("pro.annual", "1")}
    right, wrong = values[FACT_KINDS[fact]]
    if fact in VALUES:
        right = VALUES[fact][0]
    for form in ("{{equals: {}}}", "[{}]", "{}"):
        assert read(f"subscription.{fact}: {form.format(right)}")[1] == []
        [mistake] = read(f"subscription.{fact}: {form.format(wrong)}")[1]
        assert f"`subscription.{fact}` is" in mistake


@pytest.mark.parametrize("fact", FACT_KINDS)
def test_only_numbers_have_ranges_and_only_texts_have_beginnings(fact: str) -> None:
    """A range on a text, or `startsWith` on a number, can never hold: it is a mistake."""
    kind = FACT_KINDS[fact]
    assert (read(f"subscription.{fact}: {{below: 3}}")[1] == []) is (kind == NUMBER)
    beginning = VALUES[fact][0][:2] if fact in VALUES else "a"
    assert (read(f"subscription.{fact}: {{startsWith: {beginning}}}")[1] == []) is (kind in {TEXT, LIST})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("subscription.tenuredays: 1", "Apple reports no fact `subscription.tenuredays`. Did you mean `subscription.t"),
        ("subscription.level: gold", "A fact of your own begins with `customer.`."),
        ("subscription.: 1", "Apple reports no fact `subscription.`."),
        ("subscription: {status: active}", "Write `subscription.status: …`, fact by fact."),
        ("subscription.status: activ", "There is no `subscription.status` called `activ`. Did you mean `active`?"),
        ("subscription.ownership: [purchased, family]", "Did you mean `familyShared`?"),
        ("subscription.currentOfferType: trial", "Write one of `code`, `introductory`"),
        ("subscription.billingPlan: MONTHLY", "Did you mean `monthly`?"),
        ("subscription.billingPlan: {startsWith: year}", "No value of `subscription.billingPlan` begins with `year`."),
        ("subscription.status: {atLeast: 1}", "is a text and has no range. Write `subscription.status: active`, for"),
        ("subscription.autoRenew: {atLeast: 1}", "is `true` or `false` and has no range."),
        ("subscription.renewals: {startsWith: a}", "is a number, and `startsWith` compares texts."),
        ("subscription.renewals: {startsWith: 1}", "is a number, and `startsWith` compares texts."),
        ("subscription.renewals: {atLeast: many}", "`atLeast` needs a number, not the text `many`."),
        ("subscription.renewals: '3'", "Write `subscription.renewals: 3`, without quotes."),
        ("subscription.renewals: many", "Write `subscription.renewals: {atLeast: 1}`."),
        ("subscription.renewals: true", "is a number, not the truth value `true`."),
        ("subscription.autoRenew: yes", "is `true` or `false`, not the text `yes`. Write `subscription.autoRenew: tru"),
        ("subscription.autoRenew: 0", "Write `subscription.autoRenew: false`."),
        ("subscription.autoRenew: maybe", "Write `subscription.autoRenew: true` or `subscription.autoRenew: false`."),
        ("subscription.group: 21345678", 'is compared with a text, not the number `21345678`. Write `"21345678"`.'),
        ("subscription.storefront: US", "is a code of three capitals, not `US`. Write one like `USA`."),
        ("subscription.currency: eur", "is a code of three capitals, not `eur`. Write one like `USD`."),
        ("subscription.status: 'active '", "has a blank (U+0020 SPACE) at its beginning or end"),
    ],
)
def test_a_mistake_states_what_to_write(text: str, expected: str) -> None:
    """A name, a value or an operator that a fact from Apple cannot have is a mistake with its line."""
    document, mistakes, _ = read("\n\n" + text)
    assert any(mistake.startswith("3 ") and expected in mistake for mistake in mistakes), mistakes
    assert len(mistakes) == 1 or document is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("subscription.renewals: {atLeast: 65}", "is never more than 64"),
        ("subscription.offersRedeemed: {above: 64}", "is never more than 64"),
        ("subscription.refunds: 100", "is never more than 64"),
        ("subscription.timesTurnedOff: {atLeast: 33}", "is never more than 32"),
        ("subscription.group: pro", "is the number that Apple gave the subscription group"),
        ("subscription.nextProductId: pro.anual", "Did you mean `pro.annual`?"),
        ("subscription.plansHeld: [pro.monthly, gold]", "The file has no product `gold`"),
        ("subscription.lastOffer: half", "Write `retention_half_3m`."),
    ],
)
def test_what_hardly_ever_holds_is_a_warning(text: str, expected: str) -> None:
    """A test that can be meant and hardly ever holds is read, with a warning."""
    document, mistakes, warnings = read(text)
    assert (document is not None, mistakes) == (True, [])
    assert [expected in warning for warning in warnings] == [True], warnings


@pytest.mark.parametrize(
    "text",
    [
        "subscription.renewals: {atMost: 100}",
        "subscription.renewals: {atLeast: 64}",
        "subscription.renewals: {above: 63}",
        "subscription.tenureDays: {atLeast: 1000}",
        "subscription.lastOffer: same",
        "subscription.lastOffer: an_offer_of_last_year",
    ],
)
def test_what_may_hold_is_no_warning(text: str) -> None:
    """Days are not bounded, and an identifier need not be in the file."""
    assert read(text)[1:] == ([], [])


def test_a_rule_of_a_large_file_is_compared_with_few_names() -> None:
    """The names of facts count to the comparisons that one file may take."""
    notes = Notes()
    facts = SubscriptionFacts(notes, PRODUCTS, OFFERS)
    for number in range(3000):
        facts.exists(f"subscription.none{number}", parse(b"1", "case", notes))
    assert len(notes.mistakes) == 3000
    assert "Write one of `subscription." in notes.mistakes[-1].instead
