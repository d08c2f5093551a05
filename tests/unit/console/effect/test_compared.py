"""Two engines are equal where each query returns the same rows."""

from __future__ import annotations

from console.effect.compared import EngineDifference, compare_engines
from console.effect.queries import NAMES
from tests.unit.console.effect.test_load import ROWS, FakeEngine
from tests.unit.console.effect.test_queries import QUESTION


def test_order_and_the_types_of_an_engine_make_no_difference() -> None:
    """Numbers that one engine returns as texts are the same, and so are rows in another order."""
    texts = {
        name: [{key: _text(cell) for key, cell in row.items()} for row in rows[::-1]] for name, rows in ROWS.items()
    }
    found = compare_engines(FakeEngine(), FakeEngine(texts), QUESTION)
    assert [each.query for each in found] == [*NAMES, "cohort by locale"]
    assert all(each.equal for each in found)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def test_a_row_that_only_one_engine_returns_is_a_difference() -> None:
    """The difference has the query, the numbers of rows, and how many of them the other engine did not return."""
    other = FakeEngine({**ROWS, "cohort": [*ROWS["cohort"][:2], {**ROWS["cohort"][2], "kept": 0}, ROWS["cohort"][0]]})
    found = {each.query: each for each in compare_engines(FakeEngine(), other, QUESTION)}
    assert found["cohort"] == EngineDifference("cohort", (3, 4), (1, 2))
    assert not found["cohort"].equal
    assert found["ratio"].equal
