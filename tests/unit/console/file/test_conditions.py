"""How `when` is read, which mistakes it can have, and what a product's sheet keeps of it."""

from __future__ import annotations

from typing import Any

import pytest
from retention.conditions import document_of

from console.file.conditions import canonical_locale, read_condition
from console.file.mistakes import Notes
from console.file.tree import parse

PRODUCTS = ("pro.monthly", "pro.annual", "basic")


def read(text: str) -> tuple[list[Any] | None, list[str]]:
    notes = Notes()
    condition = read_condition(parse(text.encode(), "case", notes), notes, PRODUCTS)
    document = None if condition is None else document_of(condition)
    return document, [f"{mistake.wrong} {mistake.instead}" for mistake in notes.mistakes]


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("productId: pro.monthly", ["is", "productId", ["pro.monthly"]]),
        ("customer.x: {not: {in: [1, a]}}", ["not", ["is", "customer.x", [1, "a"]]]),
        (
            "customer.x: {atLeast: 1, below: 5.5}",
            ["all", ["least", "customer.x", 1], ["below", "customer.x", 5.5]],
        ),
        (
            "anyOf: [{productId: basic}, {userLocale: fr}]",
            ["any", ["is", "productId", ["basic"]], ["is", "userLocale", ["fr"]]],
        ),
        ("not: {userLocale: [en_us, nb-NO]}", ["not", ["is", "userLocale", ["en-US", "no"]]]),
        ("customer.x: {present: false}", ["not", ["present", "customer.x"]]),
        ("customer.day: 2026-12-01", ["is", "customer.day", ["2026-12-01"]]),
    ],
)
def test_reads_each_form(text: str, document: list[Any]) -> None:
    """Each form that the file allows becomes its document."""
    assert read(text) == (document, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", "This condition is empty."),
        ("[]", "A condition is a mapping, not a list."),
        ("productID: basic", "Did you mean `productId`?"),
        ("locale: en", "There is nothing called `locale`"),
        ("customer: {x: 1}", "fact by fact"),
        ("customer.: 1", "Names of facts"),
        ("productId: pro.monthy", "Did you mean `pro.monthly`?"),
        ("productId: []", "This list is empty."),
        ("productId: 7", 'Write `"7"`.'),
        ("productId: {atLeast: 1}", "has no range"),
        ("userLocale: {present: true}", "Every request has `userLocale`."),
        ("userLocale: english!", "is not a locale"),
        ("customer.x:", "A single value belongs here"),
        ("customer.x: {}", "No operator stands here."),
        ("customer.x: {atleast: 1}", "Did you mean `atLeast`?"),
        ("customer.x: {atLeast: '1'}", "needs a number"),
        ("customer.x: {atLeast: true}", "needs a number"),
        ("customer.x: {in: 1}", "A list belongs here"),
        ("customer.x: {in: []}", "This list is empty."),
        ("customer.x: [[1]]", "A list of values holds a list."),
        ("customer.x: {equals: [1]}", "A single value belongs here"),
        ("customer.x: {startsWith: 1}", "`startsWith` needs a text"),
        ("customer.x: {startsWith: []}", "`startsWith` needs a text"),
        ("customer.x: {startsWith: ''}", "`startsWith` needs a text"),
        ("customer.x: {present: 1}", "`present` is `true` or `false`"),
        ("anyOf: []", "at least one condition"),
        ("allOf: {productId: basic}", "at least one condition"),
        ("anyOf: [{}]", "This condition is empty."),
        ("not: [{productId: basic}]", "A condition is a mapping"),
        ("{not: " * 30 + "{productId: basic}" + "}" * 30, "nested too deeply"),
        ("customer.x: " + "{not: " * 30 + "1" + "}" * 30, "nested too deeply"),
    ],
)
def test_an_invalid_condition_is_refused(text: str, expected: str) -> None:
    """A condition of another form is a mistake that states what to write instead."""
    assert any(expected in mistake for mistake in read(text)[1]), read(text)


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("en_us", "en-US"),
        ("EN", "en"),
        ("nb", "no"),
        ("iw-IL", "he-IL"),
        ("zh-hk", "zh-HK"),
        ("zh", "zh"),
        ("ZH_HANT", "zh-Hant"),
    ],
)
def test_locales_are_named_in_one_spelling(value: str, canonical: str) -> None:
    """A locale in a rule is normalised, except a bare language, and a region of Chinese."""
    assert canonical_locale(value) == canonical
