"""Apple's Retry-After is a UNIX time in milliseconds; what is no time of the next hours is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from retention.appstore.retry_after import read_retry_after

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def milliseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


@pytest.mark.parametrize(
    "wait", [timedelta(milliseconds=1), timedelta(minutes=59, milliseconds=500), timedelta(days=365)]
)
def test_a_time_ahead_is_taken(wait: timedelta) -> None:
    """The time is in UTC, to the millisecond."""
    assert read_retry_after(milliseconds(NOW + wait), NOW) == NOW + wait


@pytest.mark.parametrize(
    "header",
    [
        "",
        "soon",
        "120",
        "Tue, 24 Nov 2026 13:00:00 GMT",
        "-1",
        "9" * 23,
        "9" * 400,
        "9" * 5000,
        milliseconds(NOW),
        milliseconds(NOW - timedelta(hours=1)),
        milliseconds(NOW + timedelta(days=366)),
    ],
)
def test_anything_else_is_no_time(header: str) -> None:
    """A proxy's seconds, a date, and a time that is past or years ahead do not make a client wait."""
    assert read_retry_after(header, NOW) is None
