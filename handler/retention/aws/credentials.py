"""Where this process gets its AWS credentials: Lambda's environment, or, under SnapStart, Lambda's own endpoint."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from retention.aws.deadline import Deadline
from retention.aws.http_answer import AnswerError, Arriving, read_answer
from retention.aws.sigv4 import Credentials

# Renewed this long before they end, so that none ends on its way to AWS.
_MARGIN_SECONDS: Final = 300.0
_WAIT_SECONDS: Final = 1.0
_OK = 200
_HTTP_PORT = 80


class NoCredentialsError(Exception):
    """There are none, or those who have them do not give them; the message holds none either."""


class CredentialSource:
    """Credentials as they are now. What was lent for a time is kept until shortly before it ends."""

    def __init__(self, env: Mapping[str, str] = os.environ, clock: Callable[[], float] = time.time) -> None:
        self._env = env
        self._clock = clock
        self._lent: Credentials | None = None
        self._renew_at = 0.0

    def get(self, deadline: Deadline | None = None) -> Credentials:
        """Return the credentials to sign with now, borrowed before the deadline. Raises NoCredentialsError."""
        key, secret = self._env.get("AWS_ACCESS_KEY_ID"), self._env.get("AWS_SECRET_ACCESS_KEY")
        if key and secret:
            return Credentials(key, secret, self._env.get("AWS_SESSION_TOKEN", ""))
        lent = self._lent
        if lent is None or self._clock() >= self._renew_at:
            lent, self._renew_at = self._borrow(deadline or Deadline.after(_WAIT_SECONDS))
            self._lent = lent
        return lent

    def forget(self) -> None:
        """Drop what was lent: it must not lie in a snapshot, nor be trusted after one."""
        self._lent = None

    def _borrow(self, deadline: Deadline) -> tuple[Credentials, float]:
        url = self._env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        if not url:
            raise NoCredentialsError("no AWS credentials in the environment")
        lent = _lent_by(url, self._env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", ""), deadline)
        if isinstance(lent, str):
            raise NoCredentialsError(f"the credentials endpoint failed ({lent})")
        return lent


def _lent_by(url: str, authorization: str, deadline: Deadline) -> tuple[Credentials, float] | str:
    """Return credentials and when to renew them, or the name of what failed.

    A name, since an error has its traceback, that has the variables of every function on the way, and among those is
    what was read. Errors are kept for long: in a cycle with their own frames, in a snapshot.
    """
    try:
        lent = _read(url, authorization, deadline)
        credentials = Credentials(lent["AccessKeyId"], lent["SecretAccessKey"], lent["Token"])
        ends = datetime.fromisoformat(lent["Expiration"]).timestamp()
    except (OSError, AnswerError, ValueError, KeyError, TypeError, RecursionError) as error:
        return type(error).__name__
    return credentials, ends - _MARGIN_SECONDS


def _read(url: str, authorization: str, deadline: Deadline) -> dict[str, Any]:
    found = re.fullmatch(r"http://([0-9A-Za-z.-]+)(?::([0-9]{1,5}))?(/[\x21-\x7e]*)?", url)
    if not found:
        raise ValueError("Lambda's endpoint is plain HTTP on the loopback")
    host, port, path = found.groups()
    seconds = min(_WAIT_SECONDS, deadline.left())
    if seconds <= 0:
        raise TimeoutError
    if not authorization.isascii() or not authorization.isprintable():
        raise ValueError("the authorization is no header's value")
    with socket.create_connection((host, int(port or _HTTP_PORT)), seconds) as wire:
        lines = f"GET {path or '/'} HTTP/1.1", f"host: {host}", f"authorization: {authorization}", "connection: close"
        wire.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = read_answer(Arriving(wire, pause=seconds, patience=seconds, complete=seconds))
    if answer.status != _OK:
        raise ValueError(f"status {answer.status}")
    lent: dict[str, Any] = json.loads(answer.content)
    return lent
