"""Apple's Retention Messaging API as the console uses it: paced, and repeated only where that is safe.

Uploads are PUTs that Apple counts once: after an unclear outcome the list is read, and only what is not in it goes
again. Reading, deleting, and configuring a default or the real-time URL may be repeated as they are.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote
from uuid import UUID

from appstoreserverlibrary.models.DefaultConfigurationRequest import DefaultConfigurationRequest
from appstoreserverlibrary.models.ImageSize import ImageSize
from appstoreserverlibrary.models.PerformanceTestConfig import PerformanceTestConfig
from appstoreserverlibrary.models.PerformanceTestRequest import PerformanceTestRequest
from appstoreserverlibrary.models.PerformanceTestResultResponse import PerformanceTestResultResponse
from retention.limits import SECONDS_PER_HOUR
from retention.review.snapshot import ImageState, SnapshotFormatError, read_image_list, read_message_list

from console.appstore.api_key import ApiKey
from console.appstore.errors import (
    ALREADY_EXISTS,
    DEFAULT_NOT_FOUND,
    IMAGE_NOT_FOUND,
    MESSAGE_NOT_FOUND,
    REALTIME_URL_NOT_FOUND,
    AppleError,
    Kind,
    taken,
)
from console.appstore.pace import Pace, Waiting
from console.appstore.wire import TIMEOUT, Wire

__all__ = ["ApiKey", "Apple", "AppleError", "Kind", "Test", "TestReport"]

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

_PAUSES: Final = (1.0, 2.0, 4.0)
_MAX_RATE_WAITS: Final = 3
_RATE_WAIT_SECONDS: Final = 60.0  # where a 429 does not say how long

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Test:
    """A performance test that began. Times are in ms, the rate in percent; None where Apple left one out."""

    __test__ = False  # for pytest, which takes the name for a test class

    request_id: str
    total_requests: int | None
    total_duration_ms: int | None
    max_concurrent_requests: int | None
    response_time_threshold_ms: int | None
    success_rate_threshold: int | None


@dataclass(frozen=True, slots=True)
class TestReport:
    """Results of a performance test: `result` is PENDING, PASS or FAIL; `failures` has Apple's reasons with counts."""

    __test__ = False  # likewise

    result: str
    target: str
    success_rate: int | None
    pending: int | None
    response_times_ms: dict[str, int]
    failures: dict[str, int]
    test: Test


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
        waiting: Waiting | None = None,
        repeating: Callable[[AppleError], None] = lambda _: None,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        """`environment` is "Sandbox" or "Production"; `base_url` another address than Apple's, such as the box's.

        No wait is longer than `patience` seconds, and with 0 nothing is repeated. `waiting(operation, seconds)` is
        told before each wait for the rate, `repeating(error)` before a call is made again whose outcome is unclear.
        `timeout` is for connecting and for reading, in seconds.
        """
        self.environment = environment
        self._wire = Wire(key, bundle_id, environment, base_url=base_url, clock=clock, timeout=timeout)
        self._sleep = sleep
        self._patience = patience
        self._repeating = repeating
        self._pace = Pace(environment, clock, sleep, patience)
        if waiting is not None:
            self._pace.waiting = waiting
        self._clock = clock

    def estimate(self, calls: Iterable[tuple[str, int]]) -> float:
        """Return how many seconds so many calls of these operations will take in this order, waits included."""
        return self._pace.estimate(calls)

    # Images and messages

    def upload_image(self, identifier: str, content: bytes, size: str) -> bool:
        """Upload a PNG; `size` is its imageSize. Return whether it went now: False, if Apple had it already."""
        name, image_size = UUID(identifier), ImageSize(size)
        return self._upload(
            UPLOAD_IMAGE, lambda: self._wire.upload_image(name, content, image_size), "image", identifier, self.images
        )

    def delete_image(self, identifier: str) -> None:
        name = UUID(identifier)
        self._delete(DELETE_IMAGE, lambda: self._wire.delete_image(name), IMAGE_NOT_FOUND)

    def images(self) -> dict[str, ImageState]:
        """Return all images: id → state and size."""
        call = self._wire.get_image_list
        return self._safely(GET_IMAGE_LIST, lambda: read_image_list(self._wire.body_of(call)))

    def upload_message(self, identifier: str, body: bytes) -> bool:
        """Upload exactly the bytes of `body`. Return whether it went now: False, if Apple had it already."""
        path = f"/inApps/v1/messaging/message/{UUID(identifier)}"
        return self._upload(
            UPLOAD_MESSAGE, lambda: self._wire.put_json(path, body), "message", identifier, self.messages
        )

    def delete_message(self, identifier: str) -> None:
        name = UUID(identifier)
        self._delete(DELETE_MESSAGE, lambda: self._wire.delete_message(name), MESSAGE_NOT_FOUND)

    def messages(self) -> dict[str, str]:
        """Return all messages: id → state."""
        return self._safely(
            GET_MESSAGE_LIST, lambda: read_message_list(self._wire.body_of(self._wire.get_message_list))
        )

    # Default messages

    def configure_default(self, product_id: str, locale: str, message: str) -> None:
        request = DefaultConfigurationRequest(messageIdentifier=UUID(message))
        product, place = quote(product_id, safe=""), quote(locale, safe="")
        self._safely(CONFIGURE_DEFAULT, lambda: self._wire.configure_default_message(product, place, request))

    def default(self, product_id: str, locale: str) -> str | None:
        """Return the id of the default message, or None where none is configured."""
        product, place = quote(product_id, safe=""), quote(locale, safe="")
        found = self._found(DEFAULT_NOT_FOUND, GET_DEFAULT, lambda: self._wire.get_default_message(product, place))
        return None if found is None or found.messageIdentifier is None else str(found.messageIdentifier)

    def delete_default(self, product_id: str, locale: str) -> None:
        product, place = quote(product_id, safe=""), quote(locale, safe="")
        self._safely(DELETE_DEFAULT, lambda: self._wire.delete_default_message(product, place))

    # Real-time URL

    def set_realtime_url(self, url: str) -> None:
        # As bytes, since the library's own class refuses in its words what Apple would in Apple's.
        body = json.dumps({"realtimeURL": url}).encode()
        path = "/inApps/v1/messaging/realtime/url"
        self._safely(CONFIGURE_REALTIME_URL, lambda: self._wire.put_json(path, body))

    def realtime_url(self) -> str | None:
        """Return the configured URL, or None."""
        found = self._found(REALTIME_URL_NOT_FOUND, GET_REALTIME_URL, self._wire.get_realtime_url)
        return None if found is None else found.realtimeURL

    def delete_realtime_url(self) -> None:
        self._delete(DELETE_REALTIME_URL, self._wire.delete_realtime_url, REALTIME_URL_NOT_FOUND)

    # Performance test

    def start_performance_test(self, original_transaction_id: str) -> Test:
        """Start a test in the sandbox. It is never started twice: after an unclear outcome the error says so."""
        request = PerformanceTestRequest(originalTransactionId=original_transaction_id)
        started = self._once(START_PERFORMANCE_TEST, lambda: self._wire.initiate_performance_test(request))
        return _test(started.requestId or "", started.config)

    def performance_test(self, request_id: str) -> TestReport:
        """Return how far a test is, or how it ended."""
        name = quote(request_id, safe="")
        found = self._safely(GET_PERFORMANCE_TEST, lambda: self._wire.get_performance_test_results(name))
        return _report(request_id, found)

    # How calls are made

    def _once(self, operation: str, call: Callable[[], T]) -> T:
        """Make one call, when the rate allows it. A 429 was not done, so it may be waited out for any operation."""
        for _ in range(_MAX_RATE_WAITS):
            self._pace.take(operation)
            try:
                return self._made(operation, call)
            except AppleError as error:
                if error.kind is not Kind.RATE_LIMITED or not self._patience:
                    raise
                self._pace.block(operation, error.retry_at or self._clock() + _RATE_WAIT_SECONDS)
        self._pace.take(operation)
        return self._made(operation, call)

    def _made(self, operation: str, call: Callable[[], T]) -> T:
        self._wire.operation = operation
        try:
            return call()
        except (ExceptionGroup, ValueError, TypeError, LookupError, AttributeError, SnapshotFormatError) as error:
            # The library could not read the answer into its classes, or we found no list in it.
            raise AppleError(
                Kind.NOT_APPLE, f"What answers “{operation}” is not Apple's API: its JSON has another shape."
            ) from error

    def _safely(self, operation: str, call: Callable[[], T]) -> T:
        """Make a call that does no harm a second time, and make it again while its outcome is unclear."""
        for pause in _PAUSES:
            try:
                return self._once(operation, call)
            except AppleError as error:
                self._pause_after(error, pause)
        return self._once(operation, call)

    def _delete(self, operation: str, call: Callable[[], object], gone: int) -> None:
        """Delete; `gone` is Apple's code for finding nothing, which after an unclear deletion means that it is done."""
        try:
            self._once(operation, call)
        except AppleError as error:
            self._pause_after(error, _PAUSES[0])
            self._found(gone, operation, call)

    def _upload(
        self,
        operation: str,
        call: Callable[[], object],
        what: str,
        identifier: str,
        listed: Callable[[], Collection[str]],
    ) -> bool:
        """Upload once, whatever happens on the way: the list decides whether an unclear upload arrived."""
        went = False
        for pause in (*_PAUSES, 0.0):
            try:
                self._once(operation, call)
            except AppleError as error:
                failure = error
            else:
                return True
            if failure.error_code in ALREADY_EXISTS:
                if identifier not in listed():
                    raise taken(what, identifier)
                return went
            self._pause_after(failure, pause)
            if identifier in listed():
                return True
            went = True
        raise failure

    def _pause_after(self, error: AppleError, seconds: float) -> None:
        """Wait before a call is made again; raise the error where that makes no sense."""
        if not error.unclear or not self._patience:
            raise error
        self._repeating(error)
        self._sleep(seconds)

    def _found(self, missing: int, operation: str, call: Callable[[], T]) -> T | None:
        try:
            return self._safely(operation, call)
        except AppleError as error:
            if error.error_code == missing:
                return None
            raise

    def close(self) -> None:
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _test(request_id: str, config: PerformanceTestConfig | None) -> Test:
    told = config or PerformanceTestConfig()
    return Test(
        request_id,
        told.totalRequests,
        told.totalDuration,
        told.maxConcurrentRequests,
        told.responseTimeThreshold,
        told.successRateThreshold,
    )


def _report(request_id: str, found: PerformanceTestResultResponse) -> TestReport:
    times = found.responseTimes
    names = ("average", "p50", "p90", "p95", "p99")
    return TestReport(
        found.rawResult or "",
        found.target or "",
        found.successRate,
        found.numPending,
        {name: value for name in names if (value := getattr(times, name, None)) is not None},
        dict(found.rawFailures or {}),
        _test(request_id, found.config),
    )
