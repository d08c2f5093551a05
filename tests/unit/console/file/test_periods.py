"""Subscription periods, and which of Apple's periods another spelling means."""

from __future__ import annotations

import pytest

from console.file.periods import OFFER_PERIODS, PERIODS, days_of, meant


@pytest.mark.parametrize("period", PERIODS)
def test_apples_own_spelling_stays(period: str) -> None:
    """Apple's own spelling of a period is accepted in upper or lower case."""
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
    """A period is compared by its length in time."""
    assert meant(written, PERIODS) == period


@pytest.mark.parametrize("written", ["P4W", "P5M", "P2Y", "P3D", "", "month", "P1", "1M", "PT1M", "P99999D"])
def test_another_length_of_time_is_not_understood(written: str) -> None:
    """Four weeks, for example, are not a month."""
    assert meant(written, PERIODS) is None


def test_offers_have_periods_of_their_own() -> None:
    """Three days can be the period of an offer, not of a subscription."""
    assert (meant("P3D", OFFER_PERIODS), meant("P3D", PERIODS)) == ("P3D", None)


def test_a_period_has_a_length_in_days() -> None:
    """A month is a twelfth of a year; what is no period has no length."""
    assert (days_of("P1W"), days_of("P1Y"), round(days_of("P2M")), days_of("weekly")) == (7, 365, 61, 0)
