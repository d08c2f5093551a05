"""Durations in words."""

from __future__ import annotations

import pytest

from console.terminal.words import duration


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (40, "40 s"), (720, "12 min"), (3600, "1 h"), (19_800, "5 h 30 min")]
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    """Seconds below a minute, minutes below an hour, then hours and minutes."""
    assert duration(seconds) == text
