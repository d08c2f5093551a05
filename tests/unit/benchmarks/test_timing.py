"""Measuring in turns: the order, the number of calls, and what is not counted."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from benchmarks.timing import in_turns, medians, spread, taken, turn


@pytest.mark.parametrize("calls", [1, 3])
def test_a_work_is_done_as_often_as_asked(calls: int) -> None:
    """The time is an average over that many calls."""
    done: list[None] = []
    assert taken(lambda: done.append(None), calls) >= 0
    assert len(done) == calls


@pytest.mark.parametrize(
    ("number", "order"), [(0, ["a", "b", "c"]), (1, ["b", "c", "a"]), (2, ["c", "a", "b"]), (3, ["a", "b", "c"])]
)
def test_each_round_begins_with_another_thing(number: int, order: list[str]) -> None:
    """The order moves by one in each round, and is the first one again after all have begun."""
    assert turn(number, iter("abc")) == order


def test_the_first_round_is_not_counted() -> None:
    """Each work is measured once per round, and done once more in a round before; some are called several times."""
    done: Counter[str] = Counter()
    works = {name: partial(done.update, [name]) for name in "ab"}
    times = in_turns(works, 4, {"b": 5})
    assert {name: len(seconds) for name, seconds in times.items()} == {"a": 4, "b": 4}
    assert done == {"a": 5, "b": 25}


def test_works_are_measured_in_turns() -> None:
    """The works alternate within a round, so that a slow minute affects all of them."""
    order: list[str] = []
    in_turns({name: partial(order.append, name) for name in "ab"}, 1)
    assert order == ["a", "b", "b", "a"]


def test_medians_and_quartiles() -> None:
    """One slow run changes neither the median nor the first quartile."""
    assert medians({"a": [1.0, 2.0, 99.0]}) == {"a": 2.0}
    assert spread([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 99.0]) == (4.0, 2.0, 6.0)
