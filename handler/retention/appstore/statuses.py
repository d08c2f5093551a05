"""What an HTTP status of Apple's API means: one table, for the sync of review states and for the console.

Each side adds what it alone knows: the sync a path and the console the key, the operation and what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    """A stable `code` for log lines, and a sentence without its full stop.

    `passing`: the same call may succeed in a moment. The sentence has places for what the caller knows: `{call}`, the
    path or the operation's name; `{key}`, what was used to sign; `{app}`; `{status}`, with Apple's error code if there
    is one; `{when}`, from when on calls are taken; and `{why}`, in Apple's words or as a status.
    """

    code: str
    sentence: str
    passing: bool = False

    def of(self, **known: object) -> str:
        """Return the sentence with its places filled in."""
        return self.sentence.format_map(known)


UNAUTHORIZED: Final = StatusMeaning("apple_unauthorized", "Apple does not accept {key}")
NO_ACCESS: Final = StatusMeaning("apple_no_access", "{app} has no access to the Retention Messaging API")
RATE_LIMITED: Final = StatusMeaning(
    "apple_rate_limited", "Apple's rate limit for {call} is used up; it takes calls again {when}"
)
SERVER_FAILED: Final = StatusMeaning("apple_failed", "Apple's server failed at {call} ({status})", passing=True)
REFUSED: Final = StatusMeaning("apple_refused", "Apple refuses {call}: {why}")

_BY_STATUS: Final = {401: UNAUTHORIZED, 404: NO_ACCESS, 429: RATE_LIMITED}


def meaning_of(status: int) -> StatusMeaning:
    """Return what a status other than success means, for an answer that explains no more."""
    return SERVER_FAILED if status >= _SERVER_ERROR else _BY_STATUS.get(status, REFUSED)


def when_again(until: datetime | None) -> str:
    """Return from when on Apple takes calls again, as a phrase; `until` is in UTC, None where Apple names no time."""
    return "later" if until is None else f"from {until:%Y-%m-%d %H:%M:%S} UTC on"
