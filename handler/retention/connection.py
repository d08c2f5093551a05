"""Calls to DynamoDB and SSM, signed and sent by hand: one attempt, sockets of our own.

The SDK's client costs half a cold start: its import, its models, its 126 roots (figures in docs/performance.md). The
real-time function makes three kinds of call, all reads, all JSON in and JSON out, so it signs them itself; what is not
in the path of a request uses the SDK (`retention.sdk`). Sockets that are ours can be shut while somebody waits on them,
in any phase of a call.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import json
import os
import re
import select
import socket
import ssl
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from threading import Lock, get_ident
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit

from retention.credentials import CredentialSource, NoCredentialsError
from retention.errors import ConfigurationError
from retention.sigv4 import Scope, signed_headers

# They end what was abandoned; what a request waits is its deadline's business. READ_SECONDS is for one wait,
# ANSWER_SECONDS for a whole answer: a call given up before it had a socket to shut must not live on what drips.
CONNECT_SECONDS: Final = 0.3
READ_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 1.0

# The services we call: their JSON dialect and the prefix of their operations.
_DIALECTS: Final = {
    "dynamodb": ("application/x-amz-json-1.0", "DynamoDB_20120810"),
    "ssm": ("application/x-amz-json-1.1", "AmazonSSM"),
}

# Partitions whose services are not under amazonaws.com, by the prefix of their regions.
_SUFFIXES: Final = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
}

# Larger than any answer we ask for: two sheets and settings, at most 400 KB each, in base64. What is read is parsed
# while everybody else waits (2 MB of nonsense take 60 ms), so this bounds a request's time as well as its memory.
_MAX_BYTES: Final = 2 * 1024 * 1024
_OK = 200

# AWS's codes are words; where there is none, the HTTP status stands for it.
_CODE: Final = re.compile(r"[A-Za-z]{1,64}|[0-9]{3}")


class CallFailedError(Exception):
    """A call to AWS failed. `code` is the service's error code, or the name of what went wrong on the way.

    It is logged, and so can be nothing else: what is no code may quote what was asked.
    """

    def __init__(self, code: str) -> None:
        self.code = code if _CODE.fullmatch(code) else "UnknownError"
        super().__init__(self.code)


class Caller(Protocol):
    """What reads the table and the keys: this module's Connection, or the SDK's where nobody waits."""

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the service's answer, or raise CallFailedError."""

    def abandon(self, thread: int) -> None:
        """End what `thread` waits for, if that is possible, and keep no idle connection."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service is, and what signatures to it are good for."""

    secure: bool
    host: str
    port: int | None
    path: str
    scope: Scope

    @classmethod
    def of(cls, service: str, env: Mapping[str, str] = os.environ) -> Endpoint:
        """Read the SDKs' own variables: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, AWS_REGION.

        Raises ConfigurationError where they name no endpoint.
        """
        region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or ""
        suffix = next((suffix for prefix, suffix in _SUFFIXES.items() if region.startswith(prefix)), "amazonaws.com")
        given = env.get(f"AWS_ENDPOINT_URL_{service.upper()}") or env.get("AWS_ENDPOINT_URL")
        try:
            parts = urlsplit(given or f"https://{service}.{region}.{suffix}")
            host, port = parts.hostname, parts.port
        except ValueError:  # an address of IPv6 without its end, a port that is no number
            host = None
        if not region or not host or parts.scheme not in {"http", "https"}:
            raise ConfigurationError(
                "endpoint_invalid", f"{service} has no endpoint: set AWS_REGION, or correct AWS_ENDPOINT_URL."
            )
        return cls(parts.scheme == "https", host, port, parts.path or "/", Scope(region, service))

    @property
    def authority(self) -> str:
        """Return what the `host` header says."""
        return self.host if self.port is None else f"{self.host}:{self.port}"


class Connection:
    """One service. Idle sockets are kept; each thread's call has a socket of its own."""

    def __init__(self, endpoint: Endpoint, credentials: CredentialSource) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._lock = Lock()
        self._idle: list[socket.socket] = []
        self._waiting: dict[int, socket.socket] = {}

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request, e.g. `call("get_item", {…})`, and return the answer, binary values as bytes.

        Raises CallFailedError for whatever goes wrong.
        """
        try:
            return self._answer(operation, request)
        except CallFailedError:
            raise
        except (OSError, http.client.HTTPException, ValueError, RecursionError, NoCredentialsError) as error:
            raise CallFailedError(type(error).__name__) from error
        finally:
            self._waiting.pop(get_ident(), None)

    def abandon(self, thread: int) -> None:
        """Shut the socket `thread` waits on, so that it ends, and drop the idle ones: they lead to the same place."""
        waiting = self._waiting.pop(thread, None)
        if waiting is not None:
            with contextlib.suppress(OSError):
                # Not `close`: the thread that reads it must be woken, and closes it itself.
                socket.socket.shutdown(waiting, socket.SHUT_RDWR)
        self.close()

    def close(self) -> None:
        """Drop idle sockets. The next call opens a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for wire in idle:
            wire.close()

    def _answer(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        message = self._message(operation, request)
        wire = self._connected()
        response = http.client.HTTPResponse(cast("socket.socket", _Bounded(wire)), method="POST")
        try:
            wire.sendall(message)
            response.begin()
            content = _content(response)
        except BaseException:
            wire.close()
            raise
        finally:
            response.close()  # its view of the socket, not the socket
        if response.will_close:
            wire.close()
        else:
            with self._lock:
                self._idle.append(wire)
        return _read(response, content)

    def _message(self, operation: str, request: Mapping[str, Any]) -> bytes:
        """Return the whole HTTP request, which then leaves in one packet."""
        body = json.dumps(request, separators=(",", ":")).encode()
        headers = {**self._headers(operation, body), "content-length": str(len(body))}
        lines = [f"POST {self._endpoint.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        dialect, prefix = _DIALECTS[self._endpoint.scope.service]
        headers = {
            "content-type": dialect,
            "host": self._endpoint.authority,
            "x-amz-target": f"{prefix}.{operation.title().replace('_', '')}",
        }
        credentials, now = self._credentials.get(), datetime.now(UTC)
        return signed_headers(headers, self._endpoint.path, body, self._endpoint.scope, credentials, now)

    def _connected(self) -> socket.socket:
        """Return an idle socket that is still connected, or a new one, noting it for this thread."""
        while True:
            with self._lock:
                wire = self._idle.pop() if self._idle else None
            if wire is None:
                return self._connect()
            if not _is_gone(wire):
                self._waiting[get_ident()] = wire
                return wire
            wire.close()

    def _connect(self) -> socket.socket:
        place = self._endpoint
        port = place.port or (http.client.HTTPS_PORT if place.secure else http.client.HTTP_PORT)
        wire = socket.create_connection((place.host, port), CONNECT_SECONDS)
        try:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._waiting[get_ident()] = wire
            if place.secure:
                # The handshake on its own: a socket that wraps another is ours to shut only once we have it.
                wire = _tls().wrap_socket(wire, server_hostname=place.host, do_handshake_on_connect=False)
                self._waiting[get_ident()] = wire
                wire.do_handshake()
            wire.settimeout(READ_SECONDS)  # for sending; reading sets its own
        except BaseException:
            wire.close()
            raise
        return wire


class _Bounded(io.RawIOBase):
    """What arrives on a socket, as `http.client` reads it: no more than any answer has, no longer than any may take."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._room = _MAX_BYTES
        self._ends = time.monotonic() + ANSWER_SECONDS

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401  # a writable buffer: typed so from Python 3.12 on
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._wire.settimeout(min(left, READ_SECONDS))
        got = self._wire.recv_into(buffer)
        self._room -= got
        if self._room < 0:
            raise CallFailedError("AnswerTooLarge")
        return got


def connect(service: str, credentials: CredentialSource | None = None) -> Connection:
    """Return a connection to `dynamodb` or `ssm`, from the environment. Opens no socket yet."""
    return Connection(Endpoint.of(service), credentials or CredentialSource())


@cache
def _tls() -> ssl.SSLContext:
    """Trust the roots of AWS_CA_BUNDLE (the template names AWS's own seven), or else the system's."""
    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or None)


def _is_gone(wire: socket.socket) -> bool:
    """Whether the other side has hung up: nobody sends on an idle connection, so readable means ended."""
    try:
        return bool(select.select([wire], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def _content(response: http.client.HTTPResponse) -> bytes:
    if response.length is not None and response.length > _MAX_BYTES:
        raise CallFailedError("AnswerTooLarge")
    return response.read()


def _read(response: http.client.HTTPResponse, content: bytes) -> dict[str, Any]:
    if response.status != _OK:
        raise CallFailedError(_error_code(response, content))
    checksum = response.headers.get("x-amz-crc32")
    if checksum is not None and str(zlib.crc32(content)) != checksum:
        raise CallFailedError("DamagedAnswer")
    try:
        answer = json.loads(content, object_hook=_bytes_of_binary)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise CallFailedError("DamagedAnswer")
    return answer


def _bytes_of_binary(value: dict[str, Any]) -> dict[str, Any]:
    """Decode DynamoDB's `{"B": base64}`; an attribute that is called B holds an object, not a string."""
    binary = value.get("B")
    return {"B": base64.b64decode(binary, validate=True)} if isinstance(binary, str) and len(value) == 1 else value


def _error_code(response: http.client.HTTPResponse, content: bytes) -> str:
    """Return the service's own code, such as ThrottlingException, or the status."""
    try:
        said = json.loads(content)
        kind = said.get("__type") if isinstance(said, dict) else None
    except (ValueError, RecursionError):
        kind = None
    return service_code(kind or response.headers.get("x-amzn-errortype")) or str(response.status)


def service_code(said: object) -> str:
    """Return the code in what a service calls its error, such as `com.amazonaws…#ThrottlingException:http://…`.

    Empty where it is no code.
    """
    found = said.rpartition("#")[2].partition(":")[0] if isinstance(said, str) else ""
    return found if _CODE.fullmatch(found) else ""
