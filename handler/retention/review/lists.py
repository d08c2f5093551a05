"""Apple's two lists of review states, each by one signed GET: Get Message List and Get Image List.

No customer waits for them, so each call may take seconds; but each has a limit, and a token goes to the one address
that it was made for.

The console has Apple's own library for this and for all other calls (`console.appstore`). The functions' layer does not
carry it, so this small client makes the two calls of the sync. What a status means is in `statuses`, for both.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeVar

import botocore
import urllib3

from retention.aws.deadline import Deadline, OutOfTimeError, Workers
from retention.errors import RetentionError
from retention.review.retry_after import read_retry_after
from retention.review.snapshot import ImageState, read_image_list, read_message_list
from retention.review.statuses import RATE_LIMITED, meaning_of, when_again

T = TypeVar("T")

PATH: Final = "/inApps/v1/messaging"
RETRY_SECONDS: Final = 1.0

# Of one wait for a connection, of one for a packet, and of one call from its beginning to its end.
_CONNECT_SECONDS: Final = 3.0
_READ_SECONDS: Final = 10.0
_CALL_SECONDS: Final = 12.0

# 2 000 messages, the most an app may have, are about 200 KB.
_MAX_BYTES: Final = 4 * 1024 * 1024


class NoListError(RetentionError):
    """Apple gave no list. `passing`: the same call may succeed in a moment."""

    passing = False


class AppleUnreachableError(NoListError):
    """No answer, or not in time, or a failure of Apple's own server (5xx)."""

    passing = True


class RateLimitedError(NoListError):
    """Too many calls in this hour. `until`: when Apple takes calls again, in UTC; None where it names no time."""

    def __init__(self, path: str, until: datetime | None) -> None:
        evidence = {} if until is None else {"until": until.isoformat(timespec="seconds")}
        super().__init__(RATE_LIMITED.code, RATE_LIMITED.of(call=path, when=when_again(until)), **evidence)
        self.until = until


class AppStore:
    """The lists at one address. `token()` is called once for each request: Apple advises a new token each time."""

    def __init__(
        self,
        url: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = url
        self._sleep = sleep
        self._clock = clock
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
            ssl_context=public_roots() if url.startswith("https:") else None,
        )
        # An answer that is still arriving at the deadline is ended by shutting its socket.
        self._workers = Workers(lambda _: self._pool.clear())

    def messages(self, token: Callable[[], str], deadline: Deadline) -> dict[str, str]:
        """Return message id → state. Raises NoListError or SnapshotFormatError."""
        return self._listed("/message/list", read_message_list, token, deadline)

    def images(self, token: Callable[[], str], deadline: Deadline) -> dict[str, ImageState]:
        """Return image id → state and size. Raises NoListError or SnapshotFormatError."""
        return self._listed("/image/list", read_image_list, token, deadline)

    def close(self) -> None:
        """Drop idle connections: nothing keeps them alive between two runs."""
        self._pool.clear()

    def _listed(self, path: str, read: Callable[[bytes], T], token: Callable[[], str], deadline: Deadline) -> T:
        try:
            return read(self._get(path, token(), deadline))
        except NoListError as error:
            if not error.passing or deadline.left() <= RETRY_SECONDS:
                raise
        self._sleep(RETRY_SECONDS)
        return read(self._get(path, token(), deadline))

    def _get(self, path: str, token: str, deadline: Deadline) -> bytes:
        headers = {"authorization": f"Bearer {token}", "accept": "application/json", "user-agent": "retention"}
        try:
            status, retry_after, body = self._workers.run(
                lambda: self._answer(path, headers), deadline.at_most(_CALL_SECONDS)
            )
        except (OutOfTimeError, urllib3.exceptions.HTTPError, OSError) as error:
            raise AppleUnreachableError(
                "apple_unreachable", "Apple's API does not answer", path=path, error=type(error).__name__
            ) from error
        if status == HTTPStatus.OK and len(body) <= _MAX_BYTES:
            return body
        raise _refusal(path, status, retry_after, body, self._clock())

    def _answer(self, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
        # No redirect is followed: the token is for this address alone.
        response = self._pool.request(
            "GET", self._url + PATH + path, headers=headers, redirect=False, retries=False, preload_content=False
        )
        try:
            body = response.read(_MAX_BYTES + 1, decode_content=True)
            return response.status, response.headers.get("retry-after", ""), body
        finally:
            response.close() if response.length_remaining else response.release_conn()


def public_roots() -> ssl.SSLContext:
    """Trust the public roots that come with botocore: AWS_CA_BUNDLE is for AWS alone, and may lack Apple's."""
    return ssl.create_default_context(cafile=str(Path(botocore.__file__).with_name("cacert.pem")))


def _refusal(path: str, status: int, retry_after: str, body: bytes, now: datetime) -> NoListError:
    meaning = meaning_of(status)
    if meaning is RATE_LIMITED:
        return RateLimitedError(path, read_retry_after(retry_after, now))
    evidence: dict[str, str | int] = {"path": path, "status": status}
    number = _error_code(body)
    if number is not None:
        evidence["errorCode"] = number
    kind = AppleUnreachableError if meaning.passing else NoListError
    http = f"HTTP {status}"
    sentence = meaning.of(
        call=path, key="the key, its issuer id or the bundle id", app="this app", status=http, why=http
    )
    return kind(meaning.code, sentence, **evidence)


def _error_code(body: bytes) -> int | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found = document.get("errorCode") if isinstance(document, dict) else None
    return found if isinstance(found, int) else None
