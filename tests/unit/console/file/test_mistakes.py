"""Mistakes of a file: sorted by line, reported once, each with the name that was probably meant."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterable

import pytest

from console.file import mistakes
from tests.support.owner_file import GOOD, mistakes_of


def renamed(names: list[str], products: int) -> str:
    listed = "".join(f"  com.example.plan{i:04}: {{group: plans, period: P1M}}\n" for i in range(products))
    rules = "".join(
        f"  - {{name: {i}-th, when: {{productId: {name}}}, answer: fallback}}\n" for i, name in enumerate(names)
    )
    return GOOD.replace("products:\n", f"products:\n{listed}") + rules


def test_the_nearest_name_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product's old name in 300 rules is 300 mistakes, and the nearest name is computed once."""
    looked_up: list[str] = []
    nearest = mistakes.nearest

    def watched(name: str, known: Iterable[str]) -> str | None:
        looked_up.append(name)
        return nearest(name, known)

    monkeypatch.setattr(mistakes, "nearest", watched)
    found = mistakes_of(renamed(["com.example.plam0042"] * 300, products=100))
    assert {mistake for _, mistake in found} == {
        "There is no product `com.example.plam0042`. Did you mean `com.example.plan0042`?"
    }
    assert len(found) == 300
    assert looked_up == ["com.example.plam0042"]


def test_a_thousand_unknown_names_are_reported_quickly() -> None:
    """After enough comparisons, a mistake lists the first names of the file in the place of the nearest one."""
    found = mistakes_of(renamed([f"com.example.plam{i:04}" for i in range(1000)], products=500))
    assert [line for line, _ in found] == list(range(517, 1517))
    assert "Did you mean `com.example.plan0000`?" in found[0][1]
    assert "Write one of `com.example.plan0000`, `com.example.plan0001`" in found[-1][1]


def test_the_nearest_name_is_the_most_similar_one() -> None:
    """Case does not count, and if no name is similar there is none."""
    assert mistakes.nearest("PRO_MONTHLY", ["pro.monthly", "pro-monthly", "pro.annual"]) == "pro-monthly"
    assert mistakes.nearest("pro.anual", ["pro.monthly", "pro.annual"]) == "pro.annual"
    assert mistakes.nearest("pro.anual", ["keep", "text"]) is None


def test_the_nearest_name_is_as_similar_as_difflib_finds_one() -> None:
    """The shortcuts of `nearest` miss no name that is more similar."""
    drawn = random.Random(16)
    known = ["".join(drawn.choices("abcd.-", k=drawn.randrange(2, 9))) for _ in range(200)]
    for _ in range(200):
        wanted = "".join(drawn.choices("abcd.-", k=drawn.randrange(2, 9)))
        found, expected = mistakes.nearest(wanted, known), difflib.get_close_matches(wanted, known, n=1)
        assert [similarity(wanted, name) for name in ([] if found is None else [found])] == [
            similarity(wanted, name) for name in expected
        ]


def similarity(wanted: str, name: str) -> float:
    return difflib.SequenceMatcher(a=name, b=wanted).ratio()
