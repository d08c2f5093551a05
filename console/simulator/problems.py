"""Apple's errors under Apple's names: HTTP status, code and message (Apple's documentation, "Error codes").

The first three digits of a code are the HTTP status. Where Apple's page quotes no message, it is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One row of Apple's table of errors."""

    code: int
    message: str


class Problem(Exception):  # noqa: N818  # it is Apple's answer
    """An answer with Apple's JSON error body; `str(problem)` is its `errorMessage`."""

    def __init__(self, kind: ProblemKind, message: str | None = None) -> None:
        super().__init__(message or kind.message)
        self.code = kind.code

    @property
    def status(self) -> int:
        """The HTTP status: 4000161 → 400."""
        return self.code // 10_000


GENERAL_BAD_REQUEST: Final = ProblemKind(4000000, "Bad request.")
INVALID_REQUEST_REVISION: Final = ProblemKind(4000005, "Invalid request revision.")
INVALID_TRANSACTION_ID: Final = ProblemKind(4000006, "Invalid transaction id.")
START_DATE_TOO_FAR_IN_PAST: Final = ProblemKind(4000012, "Invalid request. The start date is too far in the past.")
START_DATE_AFTER_END_DATE: Final = ProblemKind(4000013, "Invalid request. The start date is after the end date.")
INVALID_PAGINATION_TOKEN: Final = ProblemKind(4000014, "Invalid request. The pagination token is invalid.")
INVALID_START_DATE: Final = ProblemKind(4000015, "Invalid request. The start date is invalid.")
INVALID_END_DATE: Final = ProblemKind(4000016, "Invalid request. The end date is invalid.")
PAGINATION_TOKEN_EXPIRED: Final = ProblemKind(4000017, "Invalid request. The pagination token is expired.")
INVALID_NOTIFICATION_TYPE: Final = ProblemKind(4000018, "Invalid request. The notification type or subtype is invalid.")
MULTIPLE_FILTERS_SUPPLIED: Final = ProblemKind(
    4000019, "Invalid request. Supply either a transaction id or a notification type, not both."
)
INVALID_TEST_NOTIFICATION_TOKEN: Final = ProblemKind(
    4000020, "Invalid request. The test notification token is invalid."
)
INVALID_SORT: Final = ProblemKind(4000021, "Invalid request. The sort order is invalid.")
INVALID_PRODUCT_TYPE: Final = ProblemKind(4000022, "Invalid request. The product type parameter is invalid.")
INVALID_PRODUCT_ID: Final = ProblemKind(4000023, "Invalid request. The product id parameter is invalid.")
INVALID_IN_APP_OWNERSHIP_TYPE: Final = ProblemKind(
    4000026, "Invalid request. The in-app ownership type parameter is invalid."
)
INVALID_REVOKED: Final = ProblemKind(4000030, "Invalid request. The revoked parameter is invalid.")
INVALID_STATUS: Final = ProblemKind(4000031, "Invalid request. The status parameter is invalid.")
APP_TRANSACTION_ID: Final = ProblemKind(
    4000048, "Invalid request. App transaction ids are not supported by this endpoint."
)
INVALID_IMAGE: Final = ProblemKind(4000161, "Invalid request. The image is invalid.")
HEADER_TOO_LONG: Final = ProblemKind(4000162, "Invalid request. The header is too long.")
BODY_TOO_LONG: Final = ProblemKind(4000163, "Invalid request. The body is too long.")
INVALID_LOCALE: Final = ProblemKind(4000164, "Invalid request. The locale is invalid.")
ALT_TEXT_TOO_LONG: Final = ProblemKind(4000175, "Invalid request. The alt text is too long.")
FAMILY_SHARING: Final = ProblemKind(4000185, "Invalid request. Transactions of Family Sharing are not supported.")
NOT_ORIGINAL_TRANSACTION_ID: Final = ProblemKind(4000187, "Invalid request. It is not an original transaction id.")
INVALID_PERFORMANCE_TEST_REQUEST: Final = ProblemKind(
    4000211, "Invalid request. The performance test request is invalid."
)
INVALID_REQUEST_ID: Final = ProblemKind(4000212, "Invalid request. The request id is invalid.")
EXISTING_PERFORMANCE_TEST_RUN: Final = ProblemKind(4000213, "There is an error with an existing test.")
BAD_REALTIME_URL: Final = ProblemKind(4000215, "Invalid request. The real-time URL is invalid.")
BAD_IMAGE_SIZE: Final = ProblemKind(4000216, "Invalid request. The image's size is invalid.")
TOO_MANY_BULLET_POINTS: Final = ProblemKind(4000218, "Invalid request. There are too many bullet points.")
BULLET_POINT_TEXT_TOO_LONG: Final = ProblemKind(4000219, "Invalid request. The text of a bullet point is too long.")
ABOVE_IMAGE_REQUIRES_AN_IMAGE: Final = ProblemKind(4000224, "Invalid request. ABOVE_IMAGE requires an image.")
MAXIMUM_NUMBER_OF_IMAGES: Final = ProblemKind(4030014, "The maximum number of images is reached.")
MAXIMUM_NUMBER_OF_MESSAGES: Final = ProblemKind(4030016, "The maximum number of messages is reached.")
MESSAGE_NOT_APPROVED: Final = ProblemKind(4030017, "The message is not approved.")
IMAGE_NOT_APPROVED: Final = ProblemKind(4030018, "The image is not approved.")
IMAGE_IN_USE: Final = ProblemKind(4030019, "The image is in use.")
NO_PASSING_TEST: Final = ProblemKind(4030026, "A performance test must pass in the sandbox first.")
SERVER_NOTIFICATION_URL_NOT_FOUND: Final = ProblemKind(
    4040007, "No App Store Server Notification URL found for provided app."
)
TEST_NOTIFICATION_NOT_FOUND: Final = ProblemKind(
    4040008, "The test notification is not found, or its status is not available."
)
TRANSACTION_ID_NOT_FOUND: Final = ProblemKind(4040010, "Transaction id not found.")
IMAGE_NOT_FOUND: Final = ProblemKind(4040014, "Image not found.")
MESSAGE_NOT_FOUND: Final = ProblemKind(4040015, "Message not found.")
PERFORMANCE_TEST_RUN_NOT_FOUND: Final = ProblemKind(4040018, "Performance test run not found.")
DEFAULT_MESSAGE_NOT_FOUND: Final = ProblemKind(4040020, "Default message not found.")
REALTIME_URL_NOT_FOUND: Final = ProblemKind(4040021, "Real-time URL not found.")
IMAGE_ALREADY_EXISTS: Final = ProblemKind(4090000, "The image identifier already exists.")
MESSAGE_ALREADY_EXISTS: Final = ProblemKind(4090001, "The message identifier already exists.")
RATE_LIMIT_EXCEEDED: Final = ProblemKind(4290000, "Rate limit exceeded.")
GENERAL_INTERNAL: Final = ProblemKind(5000000, "An unknown error occurred.")
