"""Apple's Retention Messaging API as the console uses it: one method for each operation."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote
from uuid import UUID

from appstoreserverlibrary.models.DefaultConfigurationRequest import DefaultConfigurationRequest
from appstoreserverlibrary.models.ImageSize import ImageSize
from appstoreserverlibrary.models.PerformanceTestRequest import PerformanceTestRequest
from retention.limits import SECONDS_PER_HOUR
from retention.review.snapshot import ImageState, read_image_list, read_message_list

from console.appstore.api_key import ApiKey
from console.appstore.errors import (
    DEFAULT_NOT_FOUND,
    IMAGE_NOT_FOUND,
    MESSAGE_NOT_FOUND,
    REALTIME_URL_NOT_FOUND,
    TEST_NOTIFICATION_NOT_FOUND,
    AppleError,
)
from console.appstore.notification_test import TestStatus, read_test_status
from console.appstore.pace import ReportWait
from console.appstore.performance import PerformanceReport, PerformanceTest, read_report, read_test
from console.appstore.repeats import Repeats
from console.appstore.wire import TIMEOUT, Wire

# Apple's names of the operations, which `Apple.estimate` takes too.
UPLOAD_IMAGE: Final = "Upload Image"
DELETE_IMAGE: Final = "Delete Image"
GET_IMAGE_LIST: Final = "Get Image List"
UPLOAD_MESSAGE: Final = "Upload Message"
DELETE_MESSAGE: Final = "Delete Message"
GET_MESSAGE_LIST: Final = "Get Message List"
CONFIGURE_DEFAULT: Final = "Configure Default Message"
GET_DEFAULT: Final = "Get Default Message"
DELETE_DEFAULT: Final = "Delete Default Message"
CONFIGURE_REALTIME_URL: Final = "Configure Realtime URL"
GET_REALTIME_URL: Final = "Get Realtime URL"
DELETE_REALTIME_URL: Final = "Delete Realtime URL"
START_PERFORMANCE_TEST: Final = "Initiate Performance Test"
GET_PERFORMANCE_TEST: Final = "Get Performance Test Results"
REQUEST_TEST_NOTIFICATION: Final = "Request a Test Notification"
GET_TEST_NOTIFICATION: Final = "Get Test Notification Status"


class Apple:
    """One app at Apple, in one environment. Identifiers are lower-case UUIDs. Every failure is an AppleError."""

    def __init__(
        self,
        key: ApiKey,
        bundle_id: str,
        environment: str,
        *,
        base_url: str | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = 2 * SECONDS_PER_HOUR,
        waiting: ReportWait | None = None,
        repeating: Callable[[AppleError], None] = lambda _: None,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        """`environment` is "Sandbox" or "Production"; `base_url` another address than Apple's, such as the simulator's.

        No wait is longer than `patience` seconds, and with 0 nothing is repeated. `waiting(operation, seconds)` is
        called before each wait for the rate, `repeating(error)` before a call is made again whose outcome is unclear.
        `timeout` is for connecting and for reading, in seconds.
        """
        self.environment = environment
        self._wire = Wire(key, bundle_id, environment, base_url=base_url, clock=clock, timeout=timeout)
        self._calls = Repeats(
            self._wire,
            environment,
            clock=clock,
            sleep=sleep,
            patience=patience,
            waiting=waiting,
            repeating=repeating,
        )

    def estimate(self, calls: Iterable[tuple[str, int]]) -> float:
        """Return how many seconds so many calls of these operations will take in this order, waits included."""
        return self._calls.estimate(calls)

    # Images and messages

    def upload_image(self, identifier: str, content: bytes, size: str) -> bool:
        """Upload a PNG; `size` is its imageSize. Return whether it went now: False, if Apple had it already."""
        name, image_size = UUID(identifier), ImageSize(size)
        return self._calls.upload(
            UPLOAD_IMAGE, lambda: self._wire.upload_image(name, content, image_size), "image", identifier, self.images
        )

    def delete_image(self, identifier: str) -> None:
        """Delete an image, unless it has gone already. Apple refuses one that a message uses (IMAGE_IN_USE)."""
        name = UUID(identifier)
        self._calls.delete(DELETE_IMAGE, lambda: self._wire.delete_image(name), IMAGE_NOT_FOUND)

    def images(self) -> dict[str, ImageState]:
        """Return all images: id → state and size."""
        call = self._wire.get_image_list
        return self._calls.safely(GET_IMAGE_LIST, lambda: read_image_list(self._wire.body_of(call)))

    def upload_message(self, identifier: str, body: bytes) -> bool:
        """Upload exactly the bytes of `body`. Return whether it went now: False, if Apple had it already."""
        path = f"/inApps/v1/messaging/message/{UUID(identifier)}"
        return self._calls.upload(
            UPLOAD_MESSAGE, lambda: self._wire.put_json(path, body), "message", identifier, self.messages
        )

    def delete_message(self, identifier: str) -> None:
        """Delete a message, unless it has gone already."""
        name = UUID(identifier)
        self._calls.delete(DELETE_MESSAGE, lambda: self._wire.delete_message(name), MESSAGE_NOT_FOUND)

    def messages(self) -> dict[str, str]:
        """Return all messages: id → state."""
        return self._calls.safely(
            GET_MESSAGE_LIST, lambda: read_message_list(self._wire.body_of(self._wire.get_message_list))
        )

    # Default messages

    def configure_default(self, product_id: str, locale: str, message: str) -> None:
        """Make the message with the id `message` the default of a product in one of Apple's locales."""
        request = DefaultConfigurationRequest(messageIdentifier=UUID(message))
        self._calls.safely(
            CONFIGURE_DEFAULT,
            lambda: self._wire.configure_default_message(_path_part(product_id), _path_part(locale), request),
        )

    def default(self, product_id: str, locale: str) -> str | None:
        """Return the id of the default message, or None where none is configured."""
        found = self._calls.found(
            DEFAULT_NOT_FOUND,
            GET_DEFAULT,
            lambda: self._wire.get_default_message(_path_part(product_id), _path_part(locale)),
        )
        return None if found is None or found.messageIdentifier is None else str(found.messageIdentifier)

    def delete_default(self, product_id: str, locale: str) -> None:
        """Delete the default of a product in a locale. Where there is none, Apple answers DEFAULT_NOT_FOUND."""
        self._calls.safely(
            DELETE_DEFAULT, lambda: self._wire.delete_default_message(_path_part(product_id), _path_part(locale))
        )

    # Real-time URL

    def set_realtime_url(self, url: str) -> None:
        """Configure the URL that Apple calls. In production, Apple first asks for a performance test that passed."""
        # As bytes, since the library's own class refuses in its words what Apple would in Apple's.
        body = json.dumps({"realtimeURL": url}).encode()
        path = "/inApps/v1/messaging/realtime/url"
        self._calls.safely(CONFIGURE_REALTIME_URL, lambda: self._wire.put_json(path, body))

    def realtime_url(self) -> str | None:
        """Return the configured URL, or None."""
        found = self._calls.found(REALTIME_URL_NOT_FOUND, GET_REALTIME_URL, self._wire.get_realtime_url)
        return None if found is None else found.realtimeURL

    def delete_realtime_url(self) -> None:
        """Have Apple call no URL, unless there is none already."""
        self._calls.delete(DELETE_REALTIME_URL, self._wire.delete_realtime_url, REALTIME_URL_NOT_FOUND)

    # Performance test

    def start_performance_test(self, original_transaction_id: str) -> PerformanceTest:
        """Start a test in the sandbox. It is never started twice: after an unclear outcome the error states so."""
        request = PerformanceTestRequest(originalTransactionId=original_transaction_id)
        started = self._calls.once(START_PERFORMANCE_TEST, lambda: self._wire.initiate_performance_test(request))
        return read_test(started.requestId or "", started.config)

    def performance_test(self, request_id: str) -> PerformanceReport:
        """Return how far a test is, or how it ended."""
        name = _path_part(request_id)
        found = self._calls.safely(GET_PERFORMANCE_TEST, lambda: self._wire.get_performance_test_results(name))
        return read_report(request_id, found)

    # Test notification

    def request_test_notification(self) -> str:
        """Have Apple send a TEST notification to the notification URL it has. Return the token of its status."""
        found = self._calls.once(REQUEST_TEST_NOTIFICATION, self._wire.request_test_notification)
        return found.testNotificationToken or ""

    def test_notification(self, token: str) -> TestStatus | None:
        """Return how a test notification was delivered, None while Apple has no status of it."""
        name = _path_part(token)
        found = self._calls.found(
            TEST_NOTIFICATION_NOT_FOUND, GET_TEST_NOTIFICATION, lambda: self._wire.get_test_notification_status(name)
        )
        return None if found is None else read_test_status(found)

    def close(self) -> None:
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _path_part(name: str) -> str:
    """Return a name as one part of a URL's path."""
    return quote(name, safe="")
