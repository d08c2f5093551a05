"""Subscription periods: which of Apple's another spelling of the same time means."""

from __future__ import annotations

import pytest

from console.file.periods import OFFER_PERIODS, PERIODS, meant


@pytest.mark.parametrize("period", PERIODS)
def test_apples_own_spelling_stays(period: str) -> None:
    """In capitals or not."""
    assert meant(period, PERIODS) == period
    assert meant(period.lower(), PERIODS) == period


@pytest.mark.parametrize(
    ("written", "period"),
    [
        ("monthly", "P1M"),
        ("Yearly", "P1Y"),
        ("annual", "P1Y"),
        ("weekly", "P1W"),
        ("quarterly", "P3M"),
        ("P12M", "P1Y"),
        ("P7D", "P1W"),
        ("P30D", "P1M"),
        ("P31D", "P1M"),
        ("P52W", "P1Y"),
        ("P365D", "P1Y"),
    ],
)
def test_another_spelling_of_the_same_time_is_understood(written: str, period: str) -> None:
    """By how long it lasts, not by how it looks."""
    assert meant(written, PERIODS) == period


@pytest.mark.parametrize("written", ["P4W", "P5M", "P2Y", "P3D", "", "month", "P1", "1M", "PT1M", "P99999D"])
def test_no_other_time_is_guessed(written: str) -> None:
    """Four weeks are no month."""
    assert meant(written, PERIODS) is None


def test_offers_have_periods_of_their_own() -> None:
    """Three days may be an offer's, not a subscription's."""
    assert (meant("P3D", OFFER_PERIODS), meant("P3D", PERIODS)) == ("P3D", None)
