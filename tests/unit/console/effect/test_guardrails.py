"""Guardrails, one-sided at 5 %."""

from __future__ import annotations

import pytest

from console.effect.epochs import difference
from console.effect.guardrails import guardrail
from console.effect.reading import newcombe
from console.effect.results import ArmCount
from console.effect.sequence import sequence_interval
from tests.support.analysis_parts import needs_analysis

pytestmark = needs_analysis
MORE = (ArmCount(10_000, 200), ArmCount(10_000, 300))
FEWER = (MORE[1], MORE[0])


def test_more_refunds_stop() -> None:
    """2 % against 3 % of 20 000 customers is harm of at least some of that point."""
    found = guardrail([MORE], planned=20_000, more_is_worse=True)
    assert found.harm == pytest.approx(0.01)
    assert 0 < found.harm_at_least < 0.01 < found.harm_at_most
    assert found.stop


def test_fewer_refunds_do_not_stop() -> None:
    """The other direction is never harm, however large."""
    found = guardrail([FEWER], planned=20_000, more_is_worse=True)
    assert found.harm == pytest.approx(-0.01)
    assert found.harm_at_most < 0
    assert not found.stop


def test_fewer_kept_is_harm() -> None:
    """Of a metric of which less is worse, harm is the fall."""
    found = guardrail([FEWER], planned=20_000, more_is_worse=False)
    assert found == guardrail([MORE], planned=20_000, more_is_worse=True)


def test_before_the_reading_both_ends_are_of_the_sequence() -> None:
    """A two-sided interval at 10 % has 5 % on either side."""
    found = guardrail([MORE], planned=20_000, more_is_worse=True)
    interval = sequence_interval(difference([MORE]), planned=20_000, alpha=0.10)
    assert (found.harm_at_least, found.harm_at_most) == (interval.low, interval.high)


def test_the_reading_rules_out_harm_from_its_own_customers() -> None:
    """Once it is due, its upper end is what is ruled out; whether to stop stays with the sequence."""
    found = guardrail([MORE], planned=20_000, more_is_worse=True, reading=[FEWER])
    assert found.harm_at_most == newcombe(*FEWER, 0.10).high
    assert found.stop
