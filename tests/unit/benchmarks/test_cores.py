"""The cores: one for what is measured, and the rest. The system's functions are replaced: a Mac has none."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest

from benchmarks import cores

ALL = frozenset({0, 1, 2, 3})


@pytest.fixture(autouse=True)
def assigned(monkeypatch: pytest.MonkeyPatch) -> list[frozenset[int]]:
    """The cores of this process, the present ones last."""
    history = [ALL]

    def assign(_process: int, chosen: Iterable[int]) -> None:
        history.append(frozenset(chosen))

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: history[-1], raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", assign, raising=False)
    return history


def test_what_is_measured_has_a_core_of_its_own() -> None:
    """One core is measured on, and the others are different ones unless the machine has only one."""
    assert len(cores.MEASURED) == 1
    assert cores.OTHERS
    assert cores.OTHERS in {cores._ALL - cores.MEASURED, cores._ALL}


def test_a_block_runs_on_its_cores_only(assigned: list[frozenset[int]]) -> None:
    """Within the block the process has these cores, and afterwards those that it had before."""
    with cores.on(frozenset({2})):
        assert assigned[-1] == {2}
    assert assigned == [ALL, {2}, ALL]


def test_a_failed_block_gives_the_cores_back(assigned: list[frozenset[int]]) -> None:
    """After an exception the process has all its cores again."""
    with pytest.raises(KeyError), cores.on(frozenset({2})):
        raise KeyError
    assert assigned[-1] == ALL
