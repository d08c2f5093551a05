"""The cores: one for what is measured, and the rest."""

from __future__ import annotations

import os

import pytest

from benchmarks import cores


def test_what_is_measured_has_one_core() -> None:
    """One core is measured on; the others are different ones, unless the machine has only one."""
    assert len(cores.MEASURED) == 1
    assert cores.OTHERS
    assert not cores.MEASURED & cores.OTHERS or len(os.sched_getaffinity(0)) == 1


def test_a_block_runs_on_its_cores_only() -> None:
    """Within the block the process has these cores, and afterwards those that it had before."""
    before = os.sched_getaffinity(0)
    with cores.on(cores.MEASURED):
        assert os.sched_getaffinity(0) == cores.MEASURED
    assert os.sched_getaffinity(0) == before


def test_a_failed_block_gives_the_cores_back() -> None:
    """After an exception the process has all its cores again."""
    before = os.sched_getaffinity(0)
    with pytest.raises(KeyError), cores.on(cores.MEASURED):
        raise KeyError
    assert os.sched_getaffinity(0) == before
