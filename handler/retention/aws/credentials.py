"""Where this process gets its AWS credentials: Lambda's environment, or, under SnapStart, Lambda's own endpoint."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from retention.aws.sigv4 import Credentials

# Renewed this long before they end, so that none ends on its way to AWS.
_MARGIN_SECONDS: Final = 300.0
_WAIT_SECONDS: Final = 1.0
_OK = 200


class NoCredentialsError(Exception):
    """There are none, or those who have them do not give them; the message holds none either."""


class CredentialSource:
    """Credentials as they are now. What was lent for a time is kept until shortly before it ends."""

    def __init__(self, env: Mapping[str, str] = os.environ, clock: Callable[[], float] = time.time) -> None:
        self._env = env
        self._clock = clock
        self._lent: Credentials | None = None
        self._renew_at = 0.0

    def get(self) -> Credentials:
        """Return the credentials to sign with now. Raises NoCredentialsError."""
        key, secret = self._env.get("AWS_ACCESS_KEY_ID"), self._env.get("AWS_SECRET_ACCESS_KEY")
        if key and secret:
            return Credentials(key, secret, self._env.get("AWS_SESSION_TOKEN", ""))
        lent = self._lent
        if lent is None or self._clock() >= self._renew_at:
            lent, self._renew_at = self._borrow()
            self._lent = lent
        return lent

    def forget(self) -> None:
        """Drop what was lent: it must not lie in a snapshot, nor be trusted after one."""
        self._lent = None

    def _borrow(self) -> tuple[Credentials, float]:
        url = self._env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        if not url:
            raise NoCredentialsError("no AWS credentials in the environment")
        lent = _lent_by(url, self._env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", ""))
        if isinstance(lent, str):
            raise NoCredentialsError(f"the credentials endpoint failed ({lent})")
        return lent


def _lent_by(url: str, authorization: str) -> tuple[Credentials, float] | str:
    """Return credentials and when to renew them, or the name of what failed.

    A name, since an error has its traceback, that has the variables of every function on the way, and among those is
    what was read. Errors are kept for long: in a cycle with their own frames, in a snapshot.
    """
    try:
        lent = _read(url, authorization)
        credentials = Credentials(lent["AccessKeyId"], lent["SecretAccessKey"], lent["Token"])
        ends = datetime.fromisoformat(lent["Expiration"]).timestamp()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return type(error).__name__
    return credentials, ends - _MARGIN_SECONDS


def _read(url: str, authorization: str) -> dict[str, Any]:
    # Where the environment has the credentials, as it has without SnapStart, no start pays for these.
    import http.client  # noqa: PLC0415  # as said
    from urllib.parse import urlsplit  # noqa: PLC0415  # as said

    parts = urlsplit(url)
    if parts.scheme != "http":
        raise ValueError("Lambda's endpoint is plain HTTP on the loopback")
    connection = http.client.HTTPConnection(parts.netloc, timeout=_WAIT_SECONDS)
    try:
        connection.request("GET", parts.path or "/", headers={"authorization": authorization})
        response = connection.getresponse()
        body = response.read()
        if response.status != _OK:
            raise ValueError(f"status {response.status}")
        found: dict[str, Any] = json.loads(body)
    except http.client.HTTPException as error:
        raise ValueError(type(error).__name__) from None
    else:
        return found
    finally:
        connection.close()
