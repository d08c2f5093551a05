"""Everything that can go wrong on the way from Apple's request to our answer.

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
    └── ConfigurationError            this deployment must not start

`app` has the one table from these to HTTP, log and metric.
"""

from __future__ import annotations


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
