"""A scale of a drawing: values to places in a picture, and the round values at which it has lines."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_ROUND: Final = (1, 2, 2.5, 5, 10)
# Digits that a place in a picture is written with: a tenth of a pixel cannot be seen.
_DIGITS: Final = 1


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` at the place `start` to `high` at `end`, with lines at `ticks`. Places are in pixels."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Return the place of a value, to a tenth of a pixel."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), _DIGITS)


def make_axis(values: Iterable[float], start: float, end: float, most_ticks: int = 7) -> Axis:
    """Return an axis that holds all values, and begins and ends at round ones. Without a value it holds -1 to 1."""
    held = list(values) or [-1.0, 1.0]
    low, high = min(held), max(held)
    if high - low < 1e-9:  # noqa: PLR2004  # one value
        low, high = low - 0.5, high + 0.5
    step = _step((high - low) / (most_ticks - 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 9) for number in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], start, end, ticks)


def _step(least: float) -> float:
    """Return the smallest round number that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(each * power for each in _ROUND if each * power >= least * (1 - 1e-9))
