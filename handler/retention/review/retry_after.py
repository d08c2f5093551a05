"""Retry-After as Apple writes it: a UNIX time in milliseconds, not HTTP's seconds to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_FURTHEST: Final = timedelta(days=365)  # Apple's limits are of hours


def read_retry_after(header: str, now: datetime) -> datetime | None:
    """Return when calls are taken again, None where that is not told.

    A time that is past tells nothing, such as a proxy's `120`, which would be of 1970; nor does one of years to come.
    """
    try:
        at = datetime.fromtimestamp(int(header) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if now < at <= now + _FURTHEST else None
