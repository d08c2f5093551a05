"""docs/rules.md has every fact from Apple with its type and its values, and examples that compile."""

from __future__ import annotations

import re
from typing import Final

import pytest
from retention.subscription import FACT_KINDS

from console.file.document import read_document
from console.file.entries import OfferLimit
from console.file.subscription_facts import MOST_COUNTED, VALUES
from tests.support.sam_template import ROOT

PAGE: Final = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
FACTS: Final = PAGE.split("\n### Facts from Apple\n")[1].split("\n### Three values\n")[0]
LIMITS: Final = PAGE.split("\n### Limits of offers\n")[1].split("\n## Conditions\n")[0]
ROWS: Final = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \|$", FACTS, re.MULTILINE)
HEAD: Final = """\
app: {appAppleId: 1, bundleId: com.example.app, issuerId: 57246542-96fe-1a63-e053-0824d011072a, keyId: 2X9R4HXF34}
products: {pro.monthly: {group: pro, period: P1M}}
locales: {default: en-US}
messages: {keep: {en-US: {header: a, body: b}}, offer-text: {en-US: {header: a, body: b}}}
"""
OFFERS: Final = "offers: {half-off: {productId: pro.monthly, offerIdentifier: retention_half_3m}}\n"
RULES: Final = "rules: [{name: a, answer: {promotionalOffer: half-off, message: offer-text}}]\n"


def example(section: str) -> str:
    """Return the one block of YAML in a section."""
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return str(block)


def test_every_fact_is_on_the_page_with_its_type() -> None:
    """The table has each fact once, in no other form than the compiler of the file knows it."""
    assert len(ROWS) == len(FACT_KINDS)
    assert {name: kind for name, kind, _ in ROWS} == FACT_KINDS


@pytest.mark.parametrize("fact", VALUES)
def test_every_value_of_a_closed_fact_is_on_the_page(fact: str) -> None:
    """A fact with few values lists them all; that of the next period refers to the current one."""
    text = next(text for name, _, text in ROWS if name == fact)
    assert set(re.findall(r"`(\w+)`", text)) == set(VALUES[fact]) or text.startswith("the same of the next period")


def test_the_examples_compile() -> None:
    """The cool-down and the limit are read without a mistake or a warning."""
    cool_down = read_document((HEAD + OFFERS + example(FACTS)).encode())
    assert (cool_down.mistakes, cool_down.warnings) == ((), ())
    assert [rule.name for rule in cool_down.rules] == ["leave-trials-alone", "cool-down", "half-off", "keep"]
    limited = read_document((HEAD + example(LIMITS) + RULES).encode())
    assert (limited.mistakes, limited.warnings) == ((), ())
    assert limited.offers["half-off"].limit == OfferLimit(1, 365, "this")


def test_the_bounds_are_those_of_the_reader() -> None:
    """`times` and `days` have the bounds that the page states, and counts end where it states."""
    for times, days, good in ((64, 3650, True), (65, 1, False), (1, 3651, False), (0, 1, False)):
        text = OFFERS.replace("half_3m}", f"half_3m, limit: {{times: {times}, days: {days}}}}}")
        assert (read_document((HEAD + text + RULES).encode()).mistakes == ()) is good
    assert "`times` (1 to 64) offers in the last `days` (1 to 3650)" in LIMITS
    assert f"counts end at {MOST_COUNTED}" in FACTS
