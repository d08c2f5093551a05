"""Attributes of rows that may be missing: the live release in `head`, and who published what and when."""

from __future__ import annotations

from datetime import UTC, datetime

from retention import table as rows
from retention.table import Item


def current_in(head: Item) -> int | None:
    """Return the number of the live release; None before the first publishing."""
    return rows.number(head, "current") if "current" in head else None


def text(item: Item, name: str) -> str:
    """Return a text attribute; empty where there is none."""
    return rows.string(item, name) if name in item else ""


def count(item: Item, name: str) -> int:
    """Return a whole number; 0 where there is none."""
    return rows.number(item, name) if name in item else 0


def instant(written: str) -> datetime | None:
    """Return a time in ISO 8601, in UTC unless it names a zone; None where it is no time."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
