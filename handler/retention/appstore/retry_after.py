"""Retry-After as Apple writes it: a UNIX time in milliseconds, not HTTP's seconds to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_FURTHEST: Final = timedelta(days=365)  # Apple's limits are of hours


def read_retry_after(header: str, now: datetime) -> datetime | None:
    """Return when Apple takes calls again, None where the header holds no such time.

    A time in the past is none (a proxy's `120` would be in 1970), and neither is one that is years ahead.
    """
    try:
        at = datetime.fromtimestamp(int(header) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if now < at <= now + _FURTHEST else None
