"""Numbers and durations in words."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a duration in seconds for people: `40 s`, `12 min`, `5 h 30 min`."""
    if seconds < 90:  # noqa: PLR2004  # a minute and a half
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if not hours else f"{hours} h {rest} min" if rest else f"{hours} h"


def plural(number: int, noun: str) -> str:
    """Return `1 message`, `2 messages`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
