"""Apple's errors, by Apple's names: an HTTP status, a code and a message (RM/error-codes).

The first three digits of a code are the status. The messages are ours where Apple's page does not quote one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of Apple's table."""

    code: int
    message: str


class Problem(Exception):  # noqa: N818  # it is Apple's answer
    """An answer with Apple's JSON error body; `str` of it is `errorMessage`."""

    def __init__(self, kind: Kind, message: str | None = None) -> None:
        super().__init__(message or kind.message)
        self.code = kind.code

    @property
    def status(self) -> int:
        """The HTTP status: 4000161 → 400."""
        return self.code // 10_000


GENERAL_BAD_REQUEST: Final = Kind(4000000, "Bad request.")
INVALID_TRANSACTION_ID: Final = Kind(4000006, "Invalid transaction id.")
INVALID_PRODUCT_ID: Final = Kind(4000023, "Invalid request. The product id parameter is invalid.")
APP_TRANSACTION_ID: Final = Kind(4000048, "Invalid request. App transaction ids are not supported by this endpoint.")
INVALID_IMAGE: Final = Kind(4000161, "Invalid request. The image is invalid.")
HEADER_TOO_LONG: Final = Kind(4000162, "Invalid request. The header is too long.")
BODY_TOO_LONG: Final = Kind(4000163, "Invalid request. The body is too long.")
INVALID_LOCALE: Final = Kind(4000164, "Invalid request. The locale is invalid.")
ALT_TEXT_TOO_LONG: Final = Kind(4000175, "Invalid request. The alt text is too long.")
FAMILY_SHARING: Final = Kind(4000185, "Invalid request. Transactions of Family Sharing are not supported.")
NOT_ORIGINAL_TRANSACTION_ID: Final = Kind(4000187, "Invalid request. It is not an original transaction id.")
INVALID_PERFORMANCE_TEST_REQUEST: Final = Kind(4000211, "Invalid request. The performance test request is invalid.")
INVALID_REQUEST_ID: Final = Kind(4000212, "Invalid request. The request id is invalid.")
EXISTING_PERFORMANCE_TEST_RUN: Final = Kind(4000213, "There is an error with an existing test.")
BAD_REALTIME_URL: Final = Kind(4000215, "Invalid request. The real-time URL is invalid.")
BAD_IMAGE_SIZE: Final = Kind(4000216, "Invalid request. The image's size is invalid.")
TOO_MANY_BULLET_POINTS: Final = Kind(4000218, "Invalid request. There are too many bullet points.")
BULLET_POINT_TEXT_TOO_LONG: Final = Kind(4000219, "Invalid request. The text of a bullet point is too long.")
ABOVE_IMAGE_REQUIRES_AN_IMAGE: Final = Kind(4000224, "Invalid request. ABOVE_IMAGE requires an image.")
MAXIMUM_NUMBER_OF_IMAGES: Final = Kind(4030014, "The maximum number of images is reached.")
MAXIMUM_NUMBER_OF_MESSAGES: Final = Kind(4030016, "The maximum number of messages is reached.")
MESSAGE_NOT_APPROVED: Final = Kind(4030017, "The message is not approved.")
IMAGE_NOT_APPROVED: Final = Kind(4030018, "The image is not approved.")
IMAGE_IN_USE: Final = Kind(4030019, "The image is in use.")
NO_PASSING_TEST: Final = Kind(4030026, "A performance test must pass in the sandbox first.")
IMAGE_NOT_FOUND: Final = Kind(4040014, "Image not found.")
MESSAGE_NOT_FOUND: Final = Kind(4040015, "Message not found.")
PERFORMANCE_TEST_RUN_NOT_FOUND: Final = Kind(4040018, "Performance test run not found.")
DEFAULT_MESSAGE_NOT_FOUND: Final = Kind(4040020, "Default message not found.")
REALTIME_URL_NOT_FOUND: Final = Kind(4040021, "Real-time URL not found.")
IMAGE_ALREADY_EXISTS: Final = Kind(4090000, "The image identifier already exists.")
MESSAGE_ALREADY_EXISTS: Final = Kind(4090001, "The message identifier already exists.")
RATE_LIMIT_EXCEEDED: Final = Kind(4290000, "Rate limit exceeded.")
GENERAL_INTERNAL: Final = Kind(5000000, "An unknown error occurred.")
