"""Apple's own client with our eyes: every answer is judged before the library reads it.

The library's exceptions keep neither headers nor bodies, so with them an app without access looks like a proxy's page,
and the end of a rate limit is lost. So we replace `_execute_request`, call `_make_request`, and set `_base_url`. These
three are private to the library, which is pinned; a test fails when a version no longer has them.
"""

from __future__ import annotations

import os
import re
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from json import loads
from types import TracebackType
from typing import Any, Final, Self

import requests
from appstoreserverlibrary.api_client import AppStoreServerAPIClient
from appstoreserverlibrary.models.Environment import Environment
from retention.appstore import statuses
from retention.appstore.retry_after import read_retry_after
from urllib3.exceptions import NameResolutionError

from console.appstore.api_key import ApiKey
from console.appstore.errors import AppleError, Kind, rate_limited, refused
from console.appstore.realtime_url import shown
from console.terminal import shell, trust

# Seconds to connect, and to wait for an answer: Apple's library waits 30.
TIMEOUT: Final = (5.0, 30.0)

_SKEW_SECONDS: Final = 60.0
# So many characters in a row are no accident.
_WINDOW: Final = 16
_RUN: Final = re.compile(rf"[A-Za-z0-9_-]{{{_WINDOW},}}")

_PROXIES: Final = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY")

_ACCESS_FORM: Final = "https://developer.apple.com/contact/request/retention-messaging-api/"


class Wire(AppStoreServerAPIClient):
    """Apple's client of one app in one environment ("Sandbox", "Production"). Every failure is an AppleError."""

    def __init__(
        self,
        key: ApiKey,
        bundle_id: str,
        environment: str,
        *,
        base_url: str | None = None,
        clock: Callable[[], float] = time.time,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        super().__init__(key.pem, key.key_id, key.issuer_id, bundle_id, Environment(environment))
        if base_url is not None:
            self._base_url = base_url.rstrip("/")
        self.operation = ""
        self._body = b""
        self._environment = environment
        self._clock = clock
        self._timeout = timeout
        self._session = requests.Session()
        # Our own header is the credential: else requests would put what ~/.netrc has for the host in its place.
        self._session.auth = _as_it_is

    def put_json(self, path: str, body: bytes) -> None:
        """PUT exactly these bytes: a message's id follows from them, so the library must not spell them anew."""
        self._make_request(path, "PUT", {}, body, None, "application/json")  # type: ignore[arg-type]  # as the library does

    def body_of(self, call: Callable[[], object]) -> bytes:
        """Make a call of the library's and return the JSON as it came: to its classes any object is an empty list."""
        call()
        return self._body

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _execute_request(
        self,
        method: str,
        url: str,
        params: Mapping[str, str | list[str]],
        headers: dict[str, str],
        json: dict[str, Any] | None,
        data: bytes | None,
    ) -> requests.Response:
        shell.reach_directly(url)
        roots = trust.bundle() if url.startswith("https:") else None
        try:
            response = self._session.request(
                method,
                url,
                params,
                data,
                headers,
                json=json,
                timeout=self._timeout,
                allow_redirects=False,
                verify=roots or True,
            )
        except requests.RequestException as error:
            raise self._unanswered(error) from None
        if response.ok and not response.is_redirect and (not response.content or _is_object(response)):
            self._body = response.content
            return response
        raise self._error_for(response)

    def _error_for(self, response: requests.Response) -> AppleError:
        status, (error_code, message) = response.status_code, _apples_error(response)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return rate_limited(self.operation, self._retry_at(response), error_code)
        if status == HTTPStatus.UNAUTHORIZED:
            return self._unauthorized(response)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            answered = f"HTTP {status}" if error_code is None else f"HTTP {status}, {error_code}"
            failed = statuses.SERVER_FAILED.of(call=f"“{self.operation}”", status=answered)
            sentence = f"{failed}: try again later."
            return AppleError(Kind.SERVER, sentence, status=status, error_code=error_code)
        if error_code is not None:
            return refused(self.operation, status, error_code, _repeatable(message, response))
        if status == HTTPStatus.NOT_FOUND and not response.content:
            return self._no_access()
        return self._not_apple(response)

    def _unauthorized(self, response: requests.Response) -> AppleError:
        skew = self._skew(response)
        key = f"the key {self._key_id} with the issuer {self._issuer_id} for {self._bundle_id}"
        sentence = (
            f"{statuses.UNAUTHORIZED.of(key=key)}: check all three in App Store Connect, and that it is an In-App"
            " Purchase key."
        )
        if skew is not None and abs(skew) > _SKEW_SECONDS:
            side = "ahead of" if skew > 0 else "behind"
            sentence = (
                f"Apple does not accept the token: this machine's clock is {abs(skew):.0f} s {side} Apple's. Set it."
            )
        return AppleError(Kind.UNAUTHORIZED, sentence, status=response.status_code, clock_skew=skew)

    def _no_access(self) -> AppleError:
        sentence = (
            f"Apple answers “{self.operation}” with an empty 404: {statuses.NO_ACCESS.of(app=self._bundle_id)} in"
            f" {self._environment}. Ask for it at {_ACCESS_FORM}"
        )
        return AppleError(Kind.NO_ACCESS, sentence, status=HTTPStatus.NOT_FOUND)

    def _not_apple(self, response: requests.Response) -> AppleError:
        kind = _repeatable(response.headers.get("content-type", "").partition(";")[0], response) or "nothing"
        sentence = (
            f"What answers at {self._base_url} is not Apple's API (HTTP {response.status_code}, {kind}): check the base"
            " URL, and whether a proxy or a sign-in page stands between."
        )
        return AppleError(Kind.NOT_APPLE, sentence, status=response.status_code)

    def _unanswered(self, error: requests.RequestException) -> AppleError:
        at = self._base_url
        if isinstance(error, requests.exceptions.SSLError):
            return AppleError(Kind.TLS, f"There is no trusted TLS connection to {at}: {_untrusted(error)}.")
        proxied = isinstance(error, requests.exceptions.ProxyError | requests.exceptions.InvalidProxyURL)
        if proxied or (isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error)):
            return AppleError(Kind.UNREACHABLE, f"There is no connection to {at}: {_no_proxy()}.")
        if isinstance(error, requests.Timeout):
            return AppleError(Kind.TIMED_OUT, f"{at} did not answer “{self.operation}” in time: try again later.")
        if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
            return AppleError(Kind.UNREACHABLE, f"There is no connection to {at}: {_reason(error)}.")
        return AppleError(Kind.NOT_APPLE, f"{at} cannot be called: check the base URL.")

    def _retry_at(self, response: requests.Response) -> float | None:
        now = datetime.fromtimestamp(self._clock(), UTC)
        at = read_retry_after(response.headers.get("retry-after", ""), now)
        return None if at is None else at.timestamp()

    def _skew(self, response: requests.Response) -> float | None:
        try:
            return self._clock() - parsedate_to_datetime(response.headers["date"]).timestamp()
        except (KeyError, ValueError):
            return None


def _is_object(response: requests.Response) -> bool:
    """Return whether the body is a JSON object: the library would read any other JSON as an empty one."""
    if response.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return False
    try:
        return isinstance(loads(response.content), dict)
    except ValueError:
        return False


def _apples_error(response: requests.Response) -> tuple[int | None, str]:
    """Return `errorCode` and `errorMessage` of Apple's error body; (None, "") of any other."""
    try:
        body = loads(response.content)
        return int(body["errorCode"]), str(body.get("errorMessage", ""))
    except (ValueError, TypeError, KeyError):
        return None, ""


def _repeatable(text: str, response: requests.Response) -> str:
    """Return Apple's text without the secrets that we sent and it repeats: our token, a URL's secret."""
    sent = str(response.request.headers.get("Authorization", ""))

    def kept(run: re.Match[str]) -> str:
        windows = (run[0][start : start + _WINDOW] for start in range(len(run[0]) - _WINDOW + 1))
        return "…" if any(window in sent for window in windows) else run[0]

    return shown(_RUN.sub(kept, text))


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _untrusted(error: BaseException) -> str:
    """Return why TLS failed: a root that is not trusted, or anything else."""
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
        return trust.hint()
    return "check the base URL, and any proxy between"


def _no_proxy() -> str:
    """Return what is wrong with a proxy, naming the variables that may have named it."""
    names = [name for name in _PROXIES if os.environ.get(name)] or ["HTTPS_PROXY"]
    return (
        f"the proxy of {' or '.join(names)} does not answer, does not let this through, or is no HTTP proxy;"
        " correct it, or name Apple's host in NO_PROXY"
    )


def _reason(error: BaseException) -> str:
    for cause in _causes(error):
        if isinstance(cause, NameResolutionError):
            return "its name cannot be resolved"
        if isinstance(cause, ConnectionRefusedError):
            return "it refuses connections"
    return "the connection was dropped"


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and everything it wraps: requests and urllib3 each put the last one into theirs."""
    found, waiting = [], [error]
    while waiting:
        cause = waiting.pop()
        found.append(cause)
        inner = [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
        waiting += [part for part in inner if isinstance(part, BaseException) and part not in found]
    return found
