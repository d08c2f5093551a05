"""A scale of a drawing."""

from __future__ import annotations

import pytest

from console.pages.axis import make_axis


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([-0.97, 4.97], (-1, 0, 1, 2, 3, 4, 5)),
        ([0, 0.23, -0.41], (-0.6, -0.4, -0.2, 0, 0.2, 0.4)),
        ([48, 100], (40, 50, 60, 70, 80, 90, 100)),
        ([0, 30], (0, 5, 10, 15, 20, 25, 30)),
        ([], (-1, -0.5, 0, 0.5, 1)),
        ([7, 7], (6.4, 6.6, 6.8, 7.0, 7.2, 7.4, 7.6)),
    ],
    ids=["points", "small", "shares", "days", "none", "one"],
)
def test_an_axis_has_round_lines(values: list[float], ticks: tuple[float, ...]) -> None:
    """It begins and ends at one, and holds every value."""
    axis = make_axis(values, 0, 100)
    assert axis.ticks == pytest.approx(ticks)
    assert (axis.low, axis.high) == (axis.ticks[0], axis.ticks[-1])
    assert all(axis.low <= value <= axis.high for value in values)


def test_places_are_to_a_tenth_of_a_pixel() -> None:
    """Upside down where it starts below its end."""
    axis = make_axis([0, 3], 160, 10)
    assert [axis.at(value) for value in (0, 1, 3)] == [160, 110, 10]
