"""What can go wrong between us and Apple's API, as one kind, one sentence and the evidence."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from retention.appstore import statuses
from retention.limits import MAX_IMAGES, MAX_MESSAGES, MAX_URL

from console.terminal.failure import Failure


class Kind(StrEnum):
    """Why a call to Apple did not do what it should."""

    NO_ACCESS = "no-access"
    UNAUTHORIZED = "unauthorized"
    RATE_LIMITED = "rate-limited"
    REFUSED = "refused"  # with one of Apple's error codes
    TAKEN = "taken"  # an identifier that another app used
    SERVER = "server"  # 5xx
    TIMED_OUT = "timed-out"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    NOT_APPLE = "not-apple"  # something answered, and it is not Apple's API


# After these it is unknown whether Apple did what was asked.
_UNCLEAR: Final = frozenset({Kind.SERVER, Kind.TIMED_OUT, Kind.UNREACHABLE})

# Apple's codes that tests and commands distinguish (RM/error-codes).
IMAGE_NOT_FOUND: Final = 4040014
MESSAGE_NOT_FOUND: Final = 4040015
IMAGE_IN_USE: Final = 4030019
DEFAULT_NOT_FOUND: Final = 4040020
REALTIME_URL_NOT_FOUND: Final = 4040021
NOTIFICATION_URL_NOT_FOUND: Final = 4040007
TEST_NOTIFICATION_NOT_FOUND: Final = 4040008
ALREADY_EXISTS: Final = frozenset({4090000, 4090001})

# What to do about a refusal, where Apple's message does not state it.
_HINTS: Final = {
    4000023: "Is it in App Store Connect, spelled so? The simulator: `retention simulator grant --file FILE` adds it.",
    4000164: "Apple's locales are case-sensitive short codes, such as en-US.",
    4000213: "A performance test is running: `retention performance-test wait` takes the id that `start` printed.",
    4000215: f"It begins with https:// and has at most {MAX_URL} characters.",
    4030014: f"Apple keeps {MAX_IMAGES} images for an app: `retention prune` deletes those that nothing needs.",
    4030016: f"Apple keeps {MAX_MESSAGES} messages for an app: `retention prune` deletes those that nothing needs.",
    4030017: "Only an approved message can be a default: `retention status` lists what is waiting.",
    4030018: "Every image of a default must be approved: `retention status` lists what is waiting.",
    IMAGE_IN_USE: "Delete the messages that use the image first.",
    NOTIFICATION_URL_NOT_FOUND: "App Store Connect has none for this environment: `retention notifications url` shows"
    " where to enter the stack's.",
    4030026: "Pass a performance test in the sandbox first: `retention performance-test start`.",
}


class AppleError(Failure):
    """One failed call. The message is one sentence or two, for people.

    `status` is the HTTP status, `error_code` Apple's, `retry_at` a UNIX time in seconds (rate limit), `clock_skew` by
    how many seconds this machine's clock is ahead of Apple's; each None where it is not known.
    """

    def __init__(
        self,
        kind: Kind,
        sentence: str,
        *,
        status: int | None = None,
        error_code: int | None = None,
        retry_at: float | None = None,
        clock_skew: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.status = status
        self.error_code = error_code
        self.retry_at = retry_at
        self.clock_skew = clock_skew

    @property
    def evidence(self) -> dict[str, str | int | float]:
        """Return what is known of it, for `--json`."""
        known = {"httpStatus": self.status, "errorCode": self.error_code, "retryAt": self.retry_at}
        return {"kind": self.kind.value, **{name: value for name, value in known.items() if value is not None}}

    @property
    def unclear(self) -> bool:
        """Return whether Apple may have done what was asked all the same."""
        return self.kind in _UNCLEAR


def refused(operation: str, status: int, error_code: int, message: str) -> AppleError:
    """Return the error for an answer in Apple's JSON that is neither 429 nor 5xx."""
    hint = f" {_HINTS[error_code]}" if error_code in _HINTS else ""
    reason = message.rstrip(".") or f"HTTP {status}"
    sentence = f"{statuses.REFUSED.of(call=f'“{operation}”', why=f'{reason} ({error_code})')}.{hint}"
    return AppleError(Kind.REFUSED, sentence, status=status, error_code=error_code)


def rate_limited(operation: str, retry_at: float | None, error_code: int | None) -> AppleError:
    """Return the error for a 429. `retry_at` is UNIX seconds, None where Apple names no time."""
    until = None if retry_at is None else datetime.fromtimestamp(retry_at, UTC)
    sentence = f"{statuses.RATE_LIMITED.of(call=f'“{operation}”', when=statuses.when_again(until))}."
    return AppleError(Kind.RATE_LIMITED, sentence, status=429, error_code=error_code, retry_at=retry_at)


def taken(what: str, identifier: str) -> AppleError:
    """Return the error for an identifier that is in use, and not in our list."""
    sentence = (
        f"The id {identifier} is taken at Apple, and the app's list of {what}s does not have it: it is another app's,"
        f" or was deleted. Write another `revision` for that {what} in the file; it then gets another id."
    )
    return AppleError(Kind.TAKEN, sentence, status=409)
