"""How a report writes numbers, days and names."""

from __future__ import annotations

import pytest

from console.effect.words import day, listed, number, percent, shown_name, signed_points, size, span


def test_numbers_are_written_alike() -> None:
    """Thousands apart, shares with two digits, differences with a sign, and no sign for what rounds to zero."""
    assert (number(29_106), percent(0.4796)) == ("29\u00a0106", "47.96\u00a0%")
    assert [signed_points(each) for each in (0.0130, -0.0082, 0.00001, -0.00001)] == [
        "+1.30",
        "\u22120.82",
        "0.00",
        "0.00",
    ]


@pytest.mark.parametrize(
    ("difference", "currency", "text"),
    [
        (0.0134, None, "1.3 points"), (-0.0004, None, "0.04 points"), (0.00094, None, "0.09 points"),
        (0.00096, None, "0.1 points"), (-1.5, "USD", "1.50 USD"),
    ],
)  # fmt: skip
def test_a_size_has_no_sign(difference: float, currency: str | None, text: str) -> None:
    """Small ones have a digit more."""
    assert size(difference, currency) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (-0.008, 0.034, "between 0.8 points fewer and 3.4 points more"),
        (0.005, 0.034, "between 0.5 and 3.4 points more"),
        (-0.034, -0.005, "between 0.5 and 3.4 points fewer"),
        (0.0, 0.02, "between 0.00 points fewer and 2.0 points more"),
    ],
)
def test_an_interval_in_words(low: float, high: float, text: str) -> None:
    """The nearer end comes first where both have one direction."""
    assert span(low, high, None) == text


def test_days_and_lists() -> None:
    """A day has its year; a list of names has no invisible character."""
    assert day("2027-01-12T10:00:00Z") == "12 Jan 2027"
    assert [listed(each) for each in ((), ("a",), ("a", "b"), ("a", "b", "c\n"))] == [
        "",
        "a",
        "a and b",
        "a, b and cU+000A",
    ]
    assert shown_name("\u200bx y") == "U+200Bx y"
