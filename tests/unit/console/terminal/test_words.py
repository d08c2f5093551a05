"""Counts and durations in words."""

from __future__ import annotations

import pytest

from console.terminal.words import duration


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "1 s"), (40, "40 s"), (720, "12 min"), (3600, "1 h"), (19_800, "5 h 30 min")]
)
def test_times_for_people(seconds: float, told: str) -> None:
    """No more exact than anybody wants to know."""
    assert duration(seconds) == told
