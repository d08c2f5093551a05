"""Everything that can go wrong on the way from Apple's request to our answer, and what is answered then.

    RetentionError                    root; `code` is stable, `evidence` is safe to log (never from the payload)
    ├── RequestError                  the HTTP request is not one we read (step 1): 400, 405, 413
    │   ├── MethodNotAllowedError
    │   ├── BodyTooLargeError
    │   └── MalformedBodyError
    ├── VerificationError             not signed by the App Store (steps 2 to 6): 401
    │   └── ClaimError                signed, but a documented field is missing or of another type: 401, Apple changed
    ├── ForbiddenError                signed, but not for this deployment or not now (step 7): 403
    ├── CatalogUnavailableError       no catalog can be had: 503
    ├── SigningError                  an offer cannot be signed; the next rule answers instead
    ├── ConfigurationError            this deployment must not start
    │
    │   of the scheduled sync, `handler/sync.py`, which reports them as its outcome:
    ├── ReleaseUnreadableError        the live release does not name the key to call Apple with
    ├── AppleCallError                Apple refused a call, or answered with something else
    │   ├── AppleUnreachableError
    │   └── RateLimitedError
    ├── SnapshotFormatError           a body is not one of Apple's two lists
    ├── SnapshotRefusedError          the lists would leave too much without a servable message
    ├── SnapshotConflictError         others wrote the same rows all the time
    │
    │   of the functions for Apple's notifications, `handler/notifications.py` and `handler/relay.py`:
    ├── NotUnderstoodError            signed by Apple and not of a form that is read: parked, to be read later
    ├── NoReleaseError                for an app whose bundle id no live release names yet: tried again
    ├── HistoryFormatError            an answer is not a page of Apple's history
    ├── HistoryUnreadableError        Apple takes no token of the pages that it lists
    ├── TokenExpiredError             Apple no longer knows the page that was to be read next
    ├── DelayedError                  a notification cannot be taken in now: tried again
    ├── PullDelayedError              likewise, of Apple's history: the next run begins with its page
    ├── SubscriptionConflictError     others wrote the same subscription all the time
    ├── SubscriptionUnreadableError   a subscription's row is not what we write
    └── NotDeliveredError             the owner's receiver did not take a notification, which is sent again

The others are failures inside a part. The module that calls the part turns each into one of the above, or answers
without what failed; of these, only CallFailedError is logged by an entry point, the sync's, by its code.

    OutOfTimeError                    the deadline came before the result
    CallFailedError                   a call to AWS failed; `code` is the service's, or names what happened on the way
    AnswerError                       what arrived is no HTTP answer that is read
    NoCredentialsError                there are no AWS credentials to sign a call with
    StrictJSONError                   a text is no JSON, or no JSON that has one meaning
    FormatTooNewError                 the live release was compiled for a newer function
    UnreadableRowError                a row of the table is not what we write
    ├── DocumentError                 the document of a row is of another shape
    └── RowGoneError                  a row that every release has is missing

ERROR_ANSWERS is the one table from these to HTTP status, log line and metrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


class RetentionError(Exception):
    """A failure with a stable `code` (snake_case) and `evidence`: facts about us, never the caller's data."""

    def __init__(self, code: str, message: str, **evidence: str | int) -> None:
        super().__init__(message)
        self.code = code
        self.evidence = evidence


class RequestError(RetentionError):
    """The HTTP request is not a retention request."""


class MethodNotAllowedError(RequestError):
    """Apple posts; nothing else is answered."""


class BodyTooLargeError(RequestError):
    """More bytes than any genuine request has."""


class MalformedBodyError(RequestError):
    """Not a UTF-8 JSON object with a string `signedPayload`."""


class VerificationError(RetentionError):
    """The App Store did not sign this, or signed it in a way we do not know."""


class ClaimError(VerificationError):
    """The signature is good and a documented field is not what Apple documents."""


class ForbiddenError(RetentionError):
    """Signed by Apple, for another app, another environment or another time."""


class CatalogUnavailableError(RetentionError):
    """Neither DynamoDB nor memory has what an answer needs."""


class SigningError(RetentionError):
    """The key is missing, unreadable or not a P-256 private key."""


class ConfigurationError(RetentionError):
    """The deployment contradicts itself; refuse to start rather than answer wrongly."""


class NotUnderstoodError(RetentionError):
    """Apple signed it, and a field is of another type than documented, or what must be there is missing."""


class NoReleaseError(RetentionError):
    """Apple signed it for a bundle id that is not known yet: some app of this deployment has no live release."""


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """What an error becomes: an HTTP status, the outcome and level of its log line, and the metrics that count it."""

    status: int
    outcome: str
    level: str
    counts: tuple[str, ...]
    headers: Mapping[str, str] | None = None


_REQUEST: Final = ("Rejected", "RejectedRequest")
_VERIFICATION: Final = ("Rejected", "RejectedVerification")
_POST: Final = {"allow": "POST"}

# The first class that an error belongs to. To Apple, every one of these means that there is no answer: it falls back.
ERROR_ANSWERS: Final[tuple[tuple[type[Exception], ErrorAnswer], ...]] = (
    (MethodNotAllowedError, ErrorAnswer(405, "rejected", "warning", _REQUEST, _POST)),
    (BodyTooLargeError, ErrorAnswer(413, "rejected", "warning", _REQUEST)),
    (MalformedBodyError, ErrorAnswer(400, "rejected", "warning", _REQUEST)),
    (ClaimError, ErrorAnswer(401, "rejected", "error", (*_VERIFICATION, "RejectedClaim"))),
    (VerificationError, ErrorAnswer(401, "rejected", "warning", _VERIFICATION)),
    (ForbiddenError, ErrorAnswer(403, "rejected", "warning", ("Rejected", "RejectedForbidden"))),
    (CatalogUnavailableError, ErrorAnswer(503, "unavailable", "error", ("Unavailable",))),
    (Exception, ErrorAnswer(500, "failed", "error", ("Failed",))),
)


def answer_to(error: Exception) -> ErrorAnswer:
    """Return what an exception of any class becomes."""
    return next(answer for kind, answer in ERROR_ANSWERS if isinstance(error, kind))


# Failures inside a part ---------------------------------------------------------------------------------------------


class UnreadableRowError(ValueError):
    """A row of the table is not what we write. The message names the row or attribute, never its content."""


class DocumentError(UnreadableRowError):
    """A document (JSON), of a row or of a file's release, is not of the shape that this version reads."""


class RowGoneError(UnreadableRowError):
    """A row that every release has is missing: the release is damaged, or was deleted since `head` was read."""


class FormatTooNewError(Exception):
    """The live release was compiled for a newer function."""
