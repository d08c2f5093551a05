"""Since when and until when outcomes are complete: only customers whose days are over by then can be counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from retention.notifications.progress import ProgressRow, Reading
from retention.notifications.pulling import LISTING_DELAY_MS

from console.deployment.target import Target
from console.effect.rows import Completeness

# Apple attempts a notification for the last time 157 hours after the first time.
APPLES_RETRIES: Final = timedelta(days=7)


def completeness_of(target: Target) -> Completeness | None:
    """Return what the function that pulls notifications has noted of an app, None before its first hourly repair."""
    progress = ProgressRow(target.app_table).read()
    until = progress.until.get(Reading.HOURLY)
    if until is None or progress.since is None:
        return None
    return Completeness(_instant(progress.since), _instant(until - LISTING_DELAY_MS))


def assumed(now: datetime) -> Completeness:
    """Return what can be assumed where nothing states it: that Apple's last attempts are over after seven days."""
    return Completeness(None, now - APPLES_RETRIES)


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
