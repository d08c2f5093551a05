"""Mistakes of a file: sorted by line, reported once, each with the name that was probably meant."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterable

import pytest

from console.file import mistakes
from console.file.mistakes import Mistakes, Notes, Place
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


def test_after_enough_comparisons_no_nearest_name_is_computed() -> None:
    """Further mistakes list the first names of the file in the place of the nearest one."""
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
    generator = random.Random(16)
    known = ["".join(generator.choices("abcd.-", k=generator.randrange(2, 9))) for _ in range(200)]
    for _ in range(200):
        wanted = "".join(generator.choices("abcd.-", k=generator.randrange(2, 9)))
        found, expected = mistakes.nearest(wanted, known), difflib.get_close_matches(wanted, known, n=1)
        assert [similarity(wanted, name) for name in ([] if found is None else [found])] == [
            similarity(wanted, name) for name in expected
        ]


def similarity(wanted: str, name: str) -> float:
    return difflib.SequenceMatcher(a=name, b=wanted).ratio()


def test_mistakes_are_sorted_by_line_and_reported_once() -> None:
    """The error text has one line for each mistake, with the file, the line and the path."""
    notes = Notes()
    notes.add(Place(7, "").inside("rules"), "That is wrong.", "Write this.")
    notes.add(Place(2, "app"), "This is wrong.", "Write that.")
    notes.add(Place(7, "rules"), "That is wrong.", "Write this.")
    error = Mistakes("a.yaml", notes.mistakes)
    assert str(error).splitlines() == [
        "a.yaml:2: app: This is wrong. Write that.",
        "a.yaml:7: rules: That is wrong. Write this.",
    ]


def test_an_unusable_value_has_no_further_mistakes() -> None:
    """What only follows from the first mistake is counted, and not reported."""
    notes, place = Notes(), Place(1, "a")
    notes.add_last(place, "It is unusable.", "Write another.")
    notes.add(place, "It is also unknown.", "Write a known one.")
    notes.add(Place(1, "b"), "This is wrong.", "Write that.")
    assert [mistake.wrong for mistake in notes.mistakes] == ["It is unusable.", "This is wrong."]
    assert notes.found == 3


def test_a_warning_is_no_mistake() -> None:
    """A file with warnings can be published."""
    notes = Notes()
    notes.warn(Place(1, "a"), "This is odd.", "Write that.")
    assert (notes.mistakes, len(notes.warnings), notes.found) == ([], 1, 0)


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("kep", ["keep", "text"], "Did you mean `keep`?"),
        ("zzz", ["keep", "text"], "Write one of `keep`, `text`."),
        ("zzz", [f"n{number:02}" for number in range(13)], "`n11` …."),
        ("zzz", [], "The file names none yet: add it first."),
    ],
)
def test_a_suggestion_is_the_nearest_name_or_the_list(name: str, known: list[str], expected: str) -> None:
    """A list of names ends after the twelfth."""
    assert mistakes.suggestion(name, known).endswith(expected)
