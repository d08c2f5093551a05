"""Attributes that record who published what and when: a missing or odd one is empty, not an error."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from console.releases.attributes import count, current_in, instant, text


def test_attributes_are_read_by_their_types() -> None:
    """A text, a whole number, and the number of the live release."""
    row = {"commit": {"S": "abc123"}, "rules": {"N": "12"}, "current": {"N": "3"}}
    assert (text(row, "commit"), count(row, "rules"), current_in(row)) == ("abc123", 12, 3)


def test_missing_attributes_are_empty() -> None:
    """A row of an older console has fewer attributes; before the first publish there is no live release."""
    assert (text({}, "commit"), count({}, "rules"), current_in({})) == ("", 0, None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-24T12:00:00+00:00", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("2026-11-24T12:00:00+02:00", datetime(2026, 11, 24, 12, tzinfo=timezone(timedelta(hours=2)))),
        ("2026-11-24T12:00:00", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_an_instant_is_always_aware(written: str, expected: datetime | None) -> None:
    """A time without a zone is UTC, and keeps its own zone where it names one; other text is no time."""
    found = instant(written)
    assert found == expected
    assert found is None or found.tzinfo is not None
