"""Guardrails: a metric that must not get worse, judged on one side at 5 %, so it can only stop.

Two questions, both of one metric and one arm against the control:

- Is there harm? The end of the always-valid sequence at two-sided 10 %, so a false stop has a probability of at most
  5 % although it is looked at daily.
- How much harm is ruled out? The end of the appointed reading at two-sided 10 % (non-inferiority: harm above that end
  is excluded with 95 % confidence; the owner compares it with what the arm gains). Before the reading, the sequence's.

There is no correction for several guardrails: each more guardrail can only stop more often, never call an arm better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from console.effect.epochs import difference
from console.effect.reading import reading_interval
from console.effect.results import Epoch, Interval, Numbers
from console.effect.sequence import sequence_interval

ONE_SIDED: Final = 0.05
# Metrics of which more is worse. For every other metric less is worse.
MORE_IS_WORSE: Final = frozenset({"cancelled", "refunded"})


@dataclass(frozen=True, slots=True)
class Guardrail:
    """One guardrail of one arm: harm as a fraction of customers, above 0 where the arm is worse than the control.

    `harm_at_least` is the end of the sequence (at any time), `harm_at_most` that of the reading, or of the sequence
    while there is no reading. `stop`: harm is shown.
    """

    harm: Numbers
    harm_at_least: Numbers
    harm_at_most: Numbers
    stop: Numbers


def guardrail(
    epochs: Sequence[Epoch], *, planned: Numbers, more_is_worse: bool, reading: Sequence[Epoch] | None = None
) -> Guardrail:
    """Return the guardrail from all ripe customers, and from those of the reading where it is due.

    `planned` are the planned customers of both arms. The gate must be open for these counts: without hits in an arm the
    sequence's interval is too narrow.
    """
    found = difference(epochs)
    anytime = _as_harm(sequence_interval(found, planned=planned, alpha=2 * ONE_SIDED), more_is_worse=more_is_worse)
    last = anytime
    if reading is not None:
        last = _as_harm(reading_interval(reading, 2 * ONE_SIDED), more_is_worse=more_is_worse)
    return Guardrail(
        harm=found.estimate if more_is_worse else -found.estimate,
        harm_at_least=anytime.low,
        harm_at_most=last.high,
        stop=anytime.low > 0,
    )


def _as_harm(interval: Interval, *, more_is_worse: bool) -> Interval:
    """Return an interval of arm less control as one of harm."""
    return interval if more_is_worse else Interval(-interval.high, -interval.low)
