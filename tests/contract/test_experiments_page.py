"""The figures of docs/experiments.md are those that the formulas of the report give."""

from __future__ import annotations

import re
from typing import Final

import pytest

from console.effect.power import customers_of_control, planned_customers
from tests.support.sam_template import ROOT

PAGE: Final = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
ROWS: Final = re.findall(r"^\| ([0-9]+) \| ([0-9 ]+) \| ([0-9 ]+) \|$", PAGE, re.MULTILINE)
# What a text and an offer keep of those who go on, without and with.
TEXT: Final = (0.017, 0.031)
OFFER: Final = (0.025, 0.080)


def number(text: str) -> int:
    return int(text.replace(" ", ""))


def needed(share: float, kept: tuple[float, float]) -> float:
    """Return the customers of each arm, if this share of those who look go on to cancel."""
    before, after = kept
    return customers_of_control(1 - share * (1 - before), share * (after - before))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_table_of_how_many_customers_are_needed(row: tuple[str, str, str]) -> None:
    """Each figure of the table is the formula's, to two or more digits."""
    share = int(row[0]) / 100
    for printed, kept in zip(row[1:], (TEXT, OFFER), strict=True):
        assert needed(share, kept) == pytest.approx(number(printed), rel=0.012)


def test_the_table_is_complete() -> None:
    """Four shares of customers who go on."""
    assert [row[0] for row in ROWS] == ["100", "80", "50", "30"]


def test_what_a_holdout_needs() -> None:
    """The customers for a holdout of 5 %, and for half against half, at the same effect of 0.7 points."""
    base, effect = 1 - 0.5 * (1 - TEXT[0]), 0.5 * (TEXT[1] - TEXT[0])
    assert "0.7 points needs some 900 000 customers; half against half needs 171 000" in " ".join(PAGE.split())
    assert planned_customers(base, effect, (500, 9500)) == pytest.approx(900_000, rel=0.01)
    assert planned_customers(base, effect, (5000, 5000)) == pytest.approx(171_000, rel=0.01)


def test_the_offer_that_does_not_pay() -> None:
    """The example's two sides are what its numbers make."""
    assert round(12 * 9.99, 2) == 119.88
    assert 150 * 5 == 750
    assert "brings 119.88 and costs 750" in PAGE
