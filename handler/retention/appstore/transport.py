"""Calls of the App Store Server API, each signed, with a limit of its own and one repetition.

No customer waits for them, so each call may take seconds; but each has a limit, and a token goes to the one address
that it was made for.

The console has Apple's own library for its calls (`console.appstore`). The functions' layer does not carry it, so this
small client makes the calls of the scheduled functions. What a status means is in `statuses`, for both.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import botocore
import urllib3

from retention.appstore.retry_after import read_retry_after
from retention.appstore.statuses import NO_ACCESS, RATE_LIMITED, REFUSED, meaning_of, when_again
from retention.aws.deadline import Deadline, OutOfTimeError, Workers
from retention.errors import RetentionError

RETRY_SECONDS: Final = 1.0

# Of one wait for a connection, of one for a packet, and of one call from its beginning to its end.
_CONNECT_SECONDS: Final = 3.0
_READ_SECONDS: Final = 10.0
_CALL_SECONDS: Final = 12.0

# 2 000 messages, the most an app may have, are about 200 KB, and a page of 20 notifications is about 375 KB.
_MAX_BYTES: Final = 4 * 1024 * 1024


class AppleCallError(RetentionError):
    """Apple did not do what was asked. `passing`: the same call may succeed in a moment.

    `number` is Apple's error code, None where the answer has none.
    """

    passing = False
    number: int | None = None


class AppleUnreachableError(AppleCallError):
    """No answer, or not in time, or a failure of Apple's own server (5xx)."""

    passing = True


class RateLimitedError(AppleCallError):
    """Too many calls in this hour. `until`: when Apple takes calls again, in UTC; None where it names no time."""

    def __init__(self, path: str, until: datetime | None) -> None:
        evidence = {} if until is None else {"until": until.isoformat(timespec="seconds")}
        super().__init__(RATE_LIMITED.code, RATE_LIMITED.of(call=path, when=when_again(until)), **evidence)
        self.until = until


@dataclass(frozen=True, slots=True)
class AppleCall:
    """One call. `name` is its path as errors and logs show it; `path` may hold a customer's id, and is not shown.

    `query` is sent in the URL; with a `body`, a JSON document, the call is a POST.
    """

    name: str
    path: str = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)


class Transport:
    """Apple's API at one address. `token()` is called once for each request: Apple advises a new token each time."""

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

    def ask(self, call: AppleCall, token: Callable[[], str], deadline: Deadline) -> bytes:
        """Return the body of a success. After a passing failure the call is made once more. Raises AppleCallError.

        So each call must be one that does no harm a second time.
        """
        try:
            return self._once(call, token(), deadline)
        except AppleCallError as error:
            if not error.passing or deadline.left() <= RETRY_SECONDS:
                raise
        self._sleep(RETRY_SECONDS)
        return self._once(call, token(), deadline)

    def close(self) -> None:
        """Drop idle connections: nothing keeps them alive between two runs."""
        self._pool.clear()

    def _once(self, call: AppleCall, token: str, deadline: Deadline) -> bytes:
        try:
            status, retry_after, body = self._workers.run(
                lambda: self._answer(call, token), deadline.at_most(_CALL_SECONDS)
            )
        except (OutOfTimeError, urllib3.exceptions.HTTPError, OSError) as error:
            raise AppleUnreachableError(
                "apple_unreachable", "Apple's API does not answer", path=call.name, error=type(error).__name__
            ) from error
        if status == HTTPStatus.OK and len(body) <= _MAX_BYTES:
            return body
        raise _refusal(call.name, status, retry_after, body, self._clock())

    def _answer(self, call: AppleCall, token: str) -> tuple[int, str, bytes]:
        headers = {"authorization": f"Bearer {token}", "accept": "application/json", "user-agent": "retention"}
        url, body = self._url + call.path, None
        if call.query:
            url = f"{url}?{urlencode(call.query)}"
        if call.body is not None:
            headers["content-type"] = "application/json"
            body = json.dumps(call.body).encode()
        # No redirect is followed: the token is for this address alone.
        response = self._pool.request(
            "GET" if body is None else "POST",
            url,
            body=body,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        try:
            found = response.read(_MAX_BYTES + 1, decode_content=True)
            return response.status, response.headers.get("retry-after", ""), found
        finally:
            response.close() if response.length_remaining else response.release_conn()


def public_roots() -> ssl.SSLContext:
    """Trust the public roots that come with botocore: AWS_CA_BUNDLE is for AWS alone, and may lack Apple's."""
    return ssl.create_default_context(cafile=str(Path(botocore.__file__).with_name("cacert.pem")))


def _refusal(name: str, status: int, retry_after: str, body: bytes, now: datetime) -> AppleCallError:
    meaning, number = meaning_of(status), _error_code(body)
    if meaning is RATE_LIMITED:
        return RateLimitedError(name, read_retry_after(retry_after, now))
    evidence: dict[str, str | int] = {"path": name, "status": status}
    if number is not None:
        evidence["errorCode"] = number
    if meaning is NO_ACCESS and number is not None:
        meaning = REFUSED  # an app without access gets an empty 404; with a code it is one thing that is not there
    kind = AppleUnreachableError if meaning.passing else AppleCallError
    http = f"HTTP {status}"
    sentence = meaning.of(
        call=name, key="the key, its issuer id or the bundle id", app="this app", status=http, why=http
    )
    error = kind(meaning.code, sentence, **evidence)
    error.number = number
    return error


def _error_code(body: bytes) -> int | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found = document.get("errorCode") if isinstance(document, dict) else None
    return found if isinstance(found, int) else None
