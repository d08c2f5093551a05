"""The rule language as data: a `when:`, a request, and what it answers. Any implementation can run conditions.json."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from retention.conditions import Condition, document_of, truth_of, with_tests
from retention.rules import (
    CUSTOMER_PREFIX,
    NO_FACTS,
    SUBSCRIPTION_PREFIX,
    UNREADABLE,
    Customer,
    Facts,
    Reported,
    Truth,
    compile_condition,
)

from console.file.conditions import OPERATORS, read_condition
from console.file.mistakes import Notes
from console.file.product_conditions import for_product
from console.file.tree import parse

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases" / "conditions.json").read_text())["cases"]
PRODUCTS = ("pro.monthly", "pro.annual")


def condition_of(case: dict[str, Any]) -> Condition:
    notes = Notes()
    condition = read_condition(parse(json.dumps(case["when"]).encode(), "case", notes), notes, PRODUCTS)
    assert notes.mistakes == []
    assert condition is not None
    return condition


def facts_of(case: dict[str, Any]) -> Facts:
    customer: Customer = UNREADABLE
    if case["customer"] != "unreadable":
        customer = {key: tuple(value) if isinstance(value, list) else value for key, value in case["customer"].items()}
    return Facts.of(case["productId"], case["userLocale"], customer)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_condition_has_the_value_in_the_table(case: dict[str, Any]) -> None:
    """A condition is TRUE, FALSE or UNKNOWN as its case in the table states."""
    assert compile_condition(document_of(condition_of(case)))(facts_of(case)) is case["expect"]


@pytest.mark.parametrize("profile", [NO_FACTS, UNREADABLE], ids=["no profile", "unreadable profile"])
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_condition_on_facts_from_apple_has_the_value_in_the_table(case: dict[str, Any], profile: Customer) -> None:
    """Every cell of the table is the same for `subscription.*`, with and without a profile."""
    known = facts_of(case).customer
    reported = known if known is UNREADABLE else Reported(known, ())
    condition = with_tests(
        condition_of(case),
        lambda test: replace(test, fact=test.fact.replace(CUSTOMER_PREFIX, SUBSCRIPTION_PREFIX, 1)),
    )
    facts = Facts.of(case["productId"], case["userLocale"], profile, reported)
    assert compile_condition(document_of(condition))(facts) is case["expect"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_sheets_part_of_a_condition_has_the_same_value(case: dict[str, Any]) -> None:
    """A condition has the same value after the compiler has evaluated its productId for a sheet."""
    product = case["productId"] if case["productId"] in PRODUCTS else None
    remains = for_product(condition_of(case), product)
    answer: Truth = remains if isinstance(remains, bool) else truth_of(remains, facts_of(case))
    assert answer is case["expect"]


def test_every_cell_has_a_case() -> None:
    """Every operator has cases with a fact that matches and does not, is missing, incomparable and unreadable."""
    expected = {(case["name"].split(":")[0], json.dumps(case["expect"])) for case in CASES}
    named = {"equals": ["equals text", "equals number"], "present": ["present True", "present False"]}
    for operator in set(OPERATORS) - {"not"}:
        for name in named.get(operator, [operator]):
            for form in (name, f"not {name}"):
                assert {(form, "true"), (form, "false"), (form, "null")} <= expected
