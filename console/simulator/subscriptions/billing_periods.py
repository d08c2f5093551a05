"""How long a subscription's periods last: by the calendar, or accelerated as in Apple's sandbox."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Final

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

# Apple's sandbox at its default renewal rate: the period → its minutes.
_SANDBOX_MINUTES: Final = {"P3D": 2, "P1W": 3, "P1M": 5, "P2M": 10, "P3M": 15, "P6M": 30, "P1Y": 60}
# Assumption: for a period that Apple's table does not have, a month takes five minutes.
_SANDBOX_DAY: Final = 10 * SECOND

_PERIOD: Final = re.compile(r"P([1-9][0-9]{0,3})([DWMY])")
_MONTHS: Final = {"M": 1, "Y": 12}
_DAYS: Final = {"D": 1, "W": 7, "M": 30, "Y": 365}
_DECEMBER: Final = 12


def period_end(start: int, period: str, *, accelerated: bool = False) -> int:
    """Return when a `period` (ISO 8601: P1W, P1M) that begins at `start` ends. Both are in UNIX milliseconds.

    Months end on the same day of the month, or on the last one of a shorter month. Raises ValueError for another text.
    """
    parts = _PERIOD.fullmatch(period)
    if parts is None:
        raise ValueError(f"{period!r} is no period: P1W, P1M and P1Y are some.")
    number, unit = int(parts[1]), parts[2]
    if accelerated:
        minutes = _SANDBOX_MINUTES.get(period)
        return start + (number * _DAYS[unit] * _SANDBOX_DAY if minutes is None else minutes * MINUTE)
    if unit not in _MONTHS:
        return start + number * _DAYS[unit] * DAY
    return _months_later(start, number * _MONTHS[unit])


def allowed_gap(*, accelerated: bool) -> int:
    """Return the milliseconds without a paid period after which a new run of purchases begins: 60 days.

    In the sandbox it is 10 minutes (recentSubscriptionStartDate).
    """
    return 10 * MINUTE if accelerated else 60 * DAY


def _months_later(start: int, months: int) -> int:
    began = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=start)
    years, month = divmod(began.month - 1 + months, _DECEMBER)
    year, month = began.year + years, month + 1
    day = min(began.day, monthrange(year, month)[1])
    ended = began.replace(year=year, month=month, day=day)
    return start + (ended - began) // timedelta(milliseconds=1)
