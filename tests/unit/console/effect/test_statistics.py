"""The statistics of a report, put together."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from console.effect.results import ArmCount, Difference, Epoch
from console.effect.statistics import AppointedReading, Comparison, judge, measure, read
from tests.support.analysis_parts import needs_analysis

pytestmark = needs_analysis
PAGE: Epoch = (ArmCount(14_594, 6_999), ArmCount(14_512, 7_150))


def test_the_example_of_the_design() -> None:
    """switch-2026q4: +1.31 points, and between 0.81 fewer and 3.43 more at any time."""
    found = measure([PAGE], planned=62_000)
    assert found.gate_open
    assert found.anytime is not None
    shown = (found.found.estimate, found.anytime.low, found.anytime.high)
    assert [round(100 * each, 2) for each in shown] == [1.31, -0.81, 3.43]
    assert found.p_value == pytest.approx(0.3056, abs=1e-4)


@pytest.mark.parametrize("arm", [ArmCount(1_000, 9), ArmCount(1_000, 995), ArmCount(0, 0)], ids=["9", "995", "none"])
def test_nothing_is_shown_while_the_gate_is_closed(arm: ArmCount) -> None:
    """Neither interval nor p."""
    found = measure([(ArmCount(1_000, 500), arm)], planned=2_000)
    assert (found.gate_open, found.anytime, found.p_value) == (False, None, None)


def test_arms_that_never_met_in_an_epoch_are_not_compared() -> None:
    """The gate stays closed, and there is no reading."""
    apart = [(ArmCount(100, 50), ArmCount(0, 0)), (ArmCount(0, 0), ArmCount(100, 50))]
    assert not measure(apart, planned=200).gate_open
    assert read(apart) is None


def test_the_reading_has_its_own_level() -> None:
    """At 4 % the same customers show a difference that the sequence does not."""
    found = read([PAGE])
    assert found is not None
    assert [round(100 * each, 2) for each in (found.interval.low, found.interval.high)] == [0.11, 2.51]
    assert found.lift == pytest.approx(0.02735, abs=1e-5)
    assert found.lift_interval is not None
    assert 0 < found.lift_interval.low < found.lift < found.lift_interval.high


def test_several_arms_share_the_error() -> None:
    """With two arms each interval is at half the level, and Holm may find what an interval does not show."""
    strong: Epoch = (PAGE[0], ArmCount(14_512, 7_600))
    first, second = judge([Comparison((strong,), 62_000, (strong,)), Comparison((PAGE,), 62_000, (PAGE,))])
    assert first.differs
    assert second.differs
    assert isinstance(second.reading, AppointedReading)
    assert not second.reading.interval.excludes()
    assert second.reading.interval == read([PAGE], comparisons=2).interval  # type: ignore[union-attr]
    assert second.effect == measure([PAGE], planned=62_000, comparisons=2)
    (alone,) = judge([Comparison((PAGE,), 62_000, (PAGE,))])
    assert alone.differs


def test_the_sequence_alone_decides_before_the_reading() -> None:
    """And after it goes on: either shows a difference."""
    strong: Epoch = (PAGE[0], ArmCount(14_512, 7_600))
    weak, found = judge([Comparison((PAGE,), 62_000), Comparison((strong,), 62_000)])
    assert found.differs
    assert found.reading is None
    assert not weak.differs
    assert judge([]) == ()


def test_results_are_pythons_own_numbers() -> None:
    """JSON can hold them, and prints the same digits on every machine."""
    (judged,) = judge([Comparison((PAGE, PAGE), 62_000, (PAGE,))])
    assert json.loads(json.dumps(asdict(judged)))["differs"] is True
    assert measure([(ArmCount(0, 0), ArmCount(0, 0))], planned=10).found == Difference(0, 0, 0)
    assert type(judged.effect.found.customers) is int
