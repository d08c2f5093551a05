"""Percentages: exact slots of 10 000, and mistakes at their lines."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from console.file.mistakes import Notes
from console.file.percentages import read_slots
from console.file.tree import parse


def read(text: str, most: int = 100) -> tuple[int | None, list[str]]:
    notes = Notes()
    tree = parse(f"percent: {text}".encode(), "case", notes).value
    assert isinstance(tree, Mapping)
    slots = read_slots(tree["percent"], notes, "A share", most)
    return slots, [f"{mistake.wrong} {mistake.instead}" for mistake in notes.mistakes]


@pytest.mark.parametrize(
    ("text", "slots"),
    [("0", 0), ("5", 500), ("33.33", 3333), ("0.01", 1), ("99.99", 9999), ("100", 10_000), ("1e1", 1000)],
)
def test_a_percentage_becomes_slots(text: str, slots: int) -> None:
    """One percent is 100 slots, without errors of floating point."""
    assert read(text) == (slots, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-1", "A share is a percentage, not the number `-1`. Write a number from 0 to 100."),
        ("100.01", "A share is a percentage, not the number `100.01`."),
        ("'5'", "A share is a percentage, not the text `5`."),
        ("true", "A share is a percentage, not the truth value `true`."),
        ("5 %", "A share is a percentage, not the text `5 %`."),
        ("[5]", "A share is a percentage, not a list."),
        ("", "A share is a percentage, not nothing."),
        ("33.333", "33.333 has more than two decimals. Write `33.33`."),
    ],
)
def test_what_is_no_percentage_is_a_mistake(text: str, expected: str) -> None:
    """The sentence names what stands there, and what may."""
    slots, [found] = read(text)
    assert slots is None
    assert found.startswith(expected)


def test_a_percentage_may_have_a_lower_limit() -> None:
    """Above it, the sentence has the limit."""
    assert read("50", 50) == (5000, [])
    assert read("50.01", 50) == (None, ["A share is at most 50 percent, not 50.01. Write a number from 0 to 50."])
