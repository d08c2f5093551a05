"""One call of an endpoint as the App Store makes it, and its result in Apple's terms.

The endpoint is one of Get Retention Message, whose answer counts, or of notifications, whose answer Apple ignores.
"""

from __future__ import annotations

import codecs
import json
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message as Headers
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead, RemoteDisconnected
from socket import SHUT_RDWR, socket
from threading import Timer
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from console.terminal import trust
from console.terminal.failure import Failure

TIME_LIMIT_MS: Final = 700
# Of a notification. Assumption: Apple publishes no limit; thirty seconds were too long (notifications.md, section 1).
NOTIFICATION_LIMIT_MS: Final = 5_000

# sendAttemptResult (apple-api.md, section 6)
SUCCESS: Final = "SUCCESS"
CIRCULAR_REDIRECT: Final = "CIRCULAR_REDIRECT"
INVALID_RESPONSE: Final = "INVALID_RESPONSE"
NO_RESPONSE: Final = "NO_RESPONSE"
OTHER: Final = "OTHER"
PREMATURE_CLOSE: Final = "PREMATURE_CLOSE"
SOCKET_ISSUE: Final = "SOCKET_ISSUE"
TIMED_OUT: Final = "TIMED_OUT"
TLS_ISSUE: Final = "TLS_ISSUE"
UNSUCCESSFUL_HTTP_RESPONSE_CODE: Final = "UNSUCCESSFUL_HTTP_RESPONSE_CODE"
UNSUPPORTED_CHARSET: Final = "UNSUPPORTED_CHARSET"

_OK: Final = 200
# What counts as success for a notification (Apple's documentation, "Responding to App Store Server Notifications").
_RECEIVED: Final = range(200, 207)
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MAX_REDIRECTS: Final = 5
_MAX_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Attempt:
    """One finished call. `result` is Apple's sendAttemptResult, `reason` our explanation, "" after SUCCESS.

    `took_ms` is the time until its end in milliseconds. After a failure, `status`, `body` and `headers` are what had
    arrived until then. Header names are in lower case.
    """

    result: str
    reason: str
    took_ms: int
    status: int | None = None
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class _Failed(Exception):  # noqa: N818  # it is an outcome
    def __init__(self, result: str, reason: str) -> None:
        super().__init__(reason)
        self.result = result


def call(url: str, signed_payload: str, limit_ms: int = TIME_LIMIT_MS) -> Attempt:
    """POST `signed_payload` to `url`; connecting, redirects and reading take at most `limit_ms`. Never raises."""
    return _attempt(url, signed_payload, limit_ms, _check_answer)


def notify(url: str, signed_payload: str, limit_ms: int = NOTIFICATION_LIMIT_MS) -> Attempt:
    """POST a notification as `call` posts a request. Any status from 200 to 206 is success. Never raises."""
    return _attempt(url, signed_payload, limit_ms, _check_receipt)


def _attempt(url: str, signed_payload: str, limit_ms: int, check: Callable[[int, Headers], None]) -> Attempt:
    body = json.dumps({"signedPayload": signed_payload}).encode()
    exchange = _Exchange(limit_ms / 1000)
    try:
        check(*exchange.follow(url, body))
    except _Failed as failed:
        return exchange.ended(failed.result, str(failed))
    return exchange.ended(SUCCESS)


class _Exchange:
    """The requests of one attempt, redirects included, under one deadline."""

    def __init__(self, seconds: float) -> None:
        self._began = time.monotonic()
        self._ends = self._began + seconds
        self._seconds = seconds
        self.status: int | None = None
        self.body = b""
        self.headers = Headers()
        self._socket: socket | None = None

    @property
    def took_ms(self) -> int:
        return round((time.monotonic() - self._began) * 1000)

    def ended(self, result: str, reason: str = "") -> Attempt:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Attempt(result, reason, self.took_ms, self.status, self.body, headers)

    def follow(self, url: str, body: bytes) -> tuple[int, Headers]:
        seen: set[str] = set()
        while url not in seen and len(seen) <= _MAX_REDIRECTS:
            seen.add(url)
            status, headers = self._post(url, body)
            location = headers.get("location")
            if status not in _REDIRECTS or location is None:
                return status, headers
            url = _join(url, location)
        raise _Failed(CIRCULAR_REDIRECT, f"The endpoint redirects in a circle, or more than {_MAX_REDIRECTS} times.")

    def _post(self, url: str, body: bytes) -> tuple[int, Headers]:
        parts, connection = _open(url, self._left())
        # A socket timeout bounds only each wait for bytes; this timer also ends an answer that comes byte by byte.
        watchdog = Timer(self._left(), self._close_socket)
        watchdog.daemon = True
        watchdog.start()
        try:
            return self._request(connection, parts, body)
        except (OSError, HTTPException, ValueError) as error:
            raise self._failure_of(error) from None
        finally:
            watchdog.cancel()
            connection.close()

    def _request(self, connection: HTTPConnection, parts: SplitResult, body: bytes) -> tuple[int, Headers]:
        connection.connect()
        self._socket = connection.sock
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("POST", target, body, {"content-type": "application/json", "accept": "application/json"})
        with connection.getresponse() as response:
            self.status, self.headers = response.status, response.headers
            self.body = response.read(_MAX_BYTES)
            if response.length:  # bytes that content-length announced and that did not come
                raise IncompleteRead(self.body, response.length)
            if time.monotonic() >= self._ends:
                raise TimeoutError
            return response.status, response.headers

    def _close_socket(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                self._socket.shutdown(SHUT_RDWR)

    def _left(self) -> float:
        return max(self._ends - time.monotonic(), 0.001)

    def _failure_of(self, error: Exception) -> _Failed:
        if isinstance(error, TimeoutError) or time.monotonic() >= self._ends:
            return _Failed(TIMED_OUT, f"No complete answer came within {round(self._seconds * 1000)} ms.")
        if isinstance(error, ssl.SSLCertVerificationError):
            return _Failed(
                TLS_ISSUE, f"The endpoint's certificate is not trusted ({_one_line(error)}): {trust.hint()}."
            )
        for kind, result, reason in _EXPLANATIONS:
            if isinstance(error, kind):
                return _Failed(result, f"{reason} ({_one_line(error)})")
        return _Failed(OTHER, _one_line(error))


_EXPLANATIONS: Final[tuple[tuple[type[Exception], str, str], ...]] = (
    (ssl.SSLError, TLS_ISSUE, "There is no TLS connection of version 1.2 or later with a valid certificate."),
    (RemoteDisconnected, NO_RESPONSE, "The endpoint closed the connection without an answer."),
    (IncompleteRead, PREMATURE_CLOSE, "The endpoint closed the connection in the middle of its answer."),
    (HTTPException, INVALID_RESPONSE, "The answer is not HTTP."),
    (OSError, SOCKET_ISSUE, "The connection failed."),
)


def _open(url: str, seconds: float) -> tuple[SplitResult, HTTPConnection]:
    """Return the parts of a URL and a connection object for it, which is not connected yet. Raises _Failed."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _Failed(OTHER, f"The URL cannot be called: {error}.") from None
    if not host or parts.scheme not in {"https", "http"}:
        raise _Failed(OTHER, f"The URL {url} cannot be called.")
    if parts.scheme == "https":
        try:
            return parts, HTTPSConnection(host, port, timeout=seconds, context=_tls())
        except Failure as error:  # the file of root certificates is missing
            raise _Failed(TLS_ISSUE, str(error)) from None
    return parts, HTTPConnection(host, port, timeout=seconds)


def _join(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise _Failed(OTHER, f"The endpoint redirects to an invalid URL: {error}.") from None


@cache
def _tls() -> ssl.SSLContext:
    # Cached: reading the machine's root certificates takes tens of milliseconds, which would count as the endpoint's.
    return trust.context()


def _check_answer(status: int, headers: Headers) -> None:
    if status != _OK:
        raise _Failed(UNSUCCESSFUL_HTTP_RESPONSE_CODE, f"The endpoint answered HTTP {status}, not 200.")
    charset = headers.get_content_charset("utf-8")
    try:
        supported = codecs.lookup(charset).name == "utf-8"
    except LookupError:
        supported = False
    if not supported:
        raise _Failed(UNSUPPORTED_CHARSET, f"The endpoint answered in {charset}, not in UTF-8.")


def _check_receipt(status: int, _: Headers) -> None:
    if status not in _RECEIVED:
        raise _Failed(UNSUCCESSFUL_HTTP_RESPONSE_CODE, f"The endpoint answered HTTP {status}, not 200 to 206.")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
