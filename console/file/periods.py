"""Subscription periods as Apple writes them, and the one that another spelling of the same time means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

PERIODS: Final = ("P1W", "P1M", "P2M", "P3M", "P6M", "P1Y")
OFFER_PERIODS: Final = ("P3D", "P1W", "P2W", "P1M", "P2M", "P3M", "P6M", "P9M", "P1Y")

_PERIOD = re.compile(r"P([0-9]{1,4})([DWMY])")
_DAYS: Final = {"D": 1, "W": 7, "M": 365 / 12, "Y": 365}
_WORDS: Final = {"weekly": "P1W", "monthly": "P1M", "quarterly": "P3M", "yearly": "P1Y", "annual": "P1Y"}
# P30D and P31D are a month, P52W is a year; P4W is neither.
_NEARLY: Final = 0.03


def meant(written: str, choices: Sequence[str]) -> str | None:
    """Return the one of `choices` that lasts as long as `written`: P12M is P1Y, however much it looks like P2M."""
    period = _WORDS.get(written.lower(), written.upper())
    if period in choices:
        return period
    days = days_of(period)
    same = [choice for choice in choices if abs(days_of(choice) - days) <= _NEARLY * days_of(choice)]
    return same[0] if same else None


def days_of(period: str) -> float:
    """Return how many days a period in ISO 8601 has, 0 for any other text. A month is a twelfth of 365 days."""
    parts = _PERIOD.fullmatch(period)
    return 0.0 if parts is None else int(parts[1]) * _DAYS[parts[2]]
