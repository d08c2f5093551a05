"""Calls to DynamoDB and SSM, signed and sent by hand, on sockets of our own.

The SDK's client costs half a cold start: its import, its models, its 126 roots (figures in docs/performance.md). The
real-time function makes three kinds of call, all reads, all JSON in and JSON out, so it signs them itself; what is not
in the path of a request uses the SDK (`retention.aws.sdk`). Our own sockets can be shut while a thread waits on them,
in any phase of a call.
"""

from __future__ import annotations

import base64
import json
import os
import select
import socket
import ssl
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import Any, Final, Protocol

from retention.aws.clock import PassedTime
from retention.aws.credentials import CredentialSource, NoCredentialsError
from retention.aws.deadline import Deadline, OutOfTimeError, Workers
from retention.aws.http_answer import AnswerError, Arriving, HttpAnswer, read_answer
from retention.aws.service_address import ServiceEndpoint
from retention.aws.sigv4 import signed_headers

# Bounds of one step for callers with a later deadline. READ_SECONDS is for one wait, ANSWER_SECONDS for a complete
# answer.
CONNECT_SECONDS: Final = 0.3
READ_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 1.0

# A socket that idled longer is not used again, by a clock that runs on while Lambda has this process frozen: the other
# side, or what stands between, may have dropped it without our hearing of it. A new one costs a few milliseconds.
IDLE_SECONDS: Final = 10.0

# How much of the time left may pass without a byte on a reused socket. As much is left for a fresh one: a connection,
# a handshake and an answer take some 20 ms within a region, and the shortest deadline is 60 ms.
REUSED_SHARE: Final = 0.5

# The services we call: their JSON dialect and the prefix of their operations.
_DIALECTS: Final = {
    "dynamodb": ("application/x-amz-json-1.0", "DynamoDB_20120810"),
    "ssm": ("application/x-amz-json-1.1", "AmazonSSM"),
}

_OK = 200

# A timeout of 0 would mean not to wait at all; and a wait may end that much before its deadline.
_MOMENT: Final = 0.001

_MAX_CODE: Final = 64
_STATUS_DIGITS: Final = 3


class CallFailedError(Exception):
    """A call to AWS failed. `code` is the service's error code, or the name of what went wrong on the way.

    It is logged, and so can be nothing else: what is no code may quote what was asked.
    """

    def __init__(self, code: str) -> None:
        self.code = code if _is_code(code) else "UnknownError"
        super().__init__(self.code)


class Caller(Protocol):
    """What reads the table and the keys: this module's Connection, or one of the SDK off the request path."""

    def call(self, operation: str, request: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
        """Return the service's answer. Raises OutOfTimeError or CallFailedError."""

    def close(self) -> None:
        """Keep no idle connection; the next call opens a new one."""


class Connection:
    """One service. Idle sockets are kept; each thread's call has a socket of its own.

    `passed` measures how long a socket has idled; see `retention.aws.clock.PassedTime`.
    """

    def __init__(
        self, endpoint: ServiceEndpoint, credentials: CredentialSource, passed: Callable[[], float] | None = None
    ) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._passed = passed or PassedTime()
        self._lock = Lock()
        self._idle: list[tuple[socket.socket, float]] = []  # the one used last at the end, and since when it idles
        self._lookups = Workers()

    @property
    def idle_sockets(self) -> int:
        """How many sockets are kept for the next call."""
        return len(self._idle)

    @property
    def hung_lookups(self) -> int:
        """How many look-ups of the host's name were given up and have not ended yet."""
        return self._lookups.abandoned

    def call(self, operation: str, request: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
        """Send one request, e.g. `call("get_item", {…}, deadline)`, and return the answer, binary values as bytes.

        Raises OutOfTimeError where the deadline comes first, and CallFailedError for every other failure.
        """
        # By a clock that runs: while init imports, the deadline it hands in stands still.
        ends = Deadline.after(deadline.left())
        if not ends.left():
            raise OutOfTimeError("no time left to begin")
        try:
            return _read(self._answer(operation, request, ends))
        except (CallFailedError, OutOfTimeError):
            raise
        except AnswerError as error:
            raise CallFailedError(error.code) from error
        except (OSError, ValueError, RecursionError, NoCredentialsError) as error:
            if ends.left() < _MOMENT:
                raise OutOfTimeError("the deadline came before the result") from error
            raise CallFailedError(type(error).__name__) from error

    def close(self) -> None:
        """Drop idle sockets. The next call opens a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for wire, _ in idle:
            wire.close()

    def _answer(self, operation: str, request: Mapping[str, Any], ends: Deadline) -> HttpAnswer:
        """Ask; and once more on a fresh socket what failed on a reused one before a byte of an answer came.

        Between two requests the other side may have closed the connection without our noticing. Every call is a read,
        so asking twice does no harm. A fresh socket that fails is not that case: there is no third attempt.
        """
        wire = self._reusable()
        if wire is not None:
            arriving = _arriving(wire, min(READ_SECONDS, ends.left() * REUSED_SHARE), ends)
            try:
                return self._exchange(wire, arriving, operation, request, ends)
            except OSError:
                if arriving.begun or not ends.left():
                    raise
            self.close()  # the others lead to the same place
        wire = self._connect(ends)
        return self._exchange(wire, _arriving(wire, READ_SECONDS, ends), operation, request, ends)

    def _exchange(
        self, wire: socket.socket, arriving: Arriving, operation: str, request: Mapping[str, Any], ends: Deadline
    ) -> HttpAnswer:
        """Send the request and read the answer; keep the socket where it may be used again."""
        try:
            # Signed now that there is a socket: while a connection hangs, its caller holds no secret.
            message = self._message(operation, request, ends)
            _check_time(ends)
            wire.sendall(message)
            answer = read_answer(arriving)
        except BaseException:
            wire.close()
            raise
        if answer.keep:
            with self._lock:
                self._idle.append((wire, self._passed()))
        else:
            wire.close()
        return answer

    def _message(self, operation: str, request: Mapping[str, Any], ends: Deadline) -> bytes:
        """Return the complete HTTP request, which then leaves in one packet."""
        body = json.dumps(request, separators=(",", ":")).encode()
        headers = {**self._headers(operation, body, ends), "content-length": str(len(body))}
        lines = [f"POST {self._endpoint.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def _headers(self, operation: str, body: bytes, ends: Deadline) -> dict[str, str]:
        dialect, prefix = _DIALECTS[self._endpoint.scope.service]
        headers = {
            "content-type": dialect,
            "host": self._endpoint.authority,
            "x-amz-target": f"{prefix}.{operation.title().replace('_', '')}",
        }
        credentials, now = self._credentials.get(ends), datetime.now(UTC)
        return signed_headers(headers, self._endpoint.path, body, self._endpoint.scope, credentials, now)

    def _reusable(self) -> socket.socket | None:
        """Return an idle socket that is fresh enough and still connected, or None."""
        while True:
            with self._lock:
                wire, since = self._idle.pop() if self._idle else (None, 0.0)
            if wire is None:
                return None
            if self._passed() - since <= IDLE_SECONDS and not _is_gone(wire):
                return wire
            wire.close()

    def _connect(self, ends: Deadline) -> socket.socket:
        host, port = self._endpoint.address
        # As bytes: a host given as text would be encoded by the codec `idna`, which costs 2 ms to import.
        name = host.encode("ascii")
        wire = _connected(self._lookups.run(lambda: _addresses(name, port), ends), ends)
        try:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if self._endpoint.secure:
                wire = tls_context().wrap_socket(wire, server_hostname=name, do_handshake_on_connect=False)
                _set_timeout(wire, CONNECT_SECONDS, ends)
                wire.do_handshake()
        except BaseException:
            wire.close()
            raise
        return wire


def _addresses(name: bytes, port: int) -> list[Any]:
    """Return what the resolver knows of a host. It takes no timeout: this is called by a worker."""
    return socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)


def _connected(addresses: list[Any], ends: Deadline) -> socket.socket:
    """Return a socket that is connected to the first address that accepts. Raises the last one's OSError."""
    failure = OSError("the host has no address")
    for family, kind, protocol, _, address in addresses:
        wire = None
        try:
            wire = socket.socket(family, kind, protocol)
            _set_timeout(wire, CONNECT_SECONDS, ends)
            wire.connect(address)
        except OSError as error:
            if wire is not None:
                wire.close()
            failure = error
        else:
            return wire
    raise failure


def _check_time(ends: Deadline) -> None:
    """Raise TimeoutError where no time is left: nothing is sent then."""
    if not ends.left():
        raise TimeoutError


def _set_timeout(wire: socket.socket, most: float, ends: Deadline) -> None:
    """Bound the next step on a socket: the timeout of connect, handshake and sendall is for all of the step."""
    _check_time(ends)
    wire.settimeout(max(min(most, ends.left()), _MOMENT))


def _arriving(wire: socket.socket, patience: float, ends: Deadline) -> Arriving:
    """Return what will arrive on a socket, and bound how long sending may take, to `patience` seconds too."""
    left = ends.left()
    wire.settimeout(max(min(patience, left), _MOMENT))
    return Arriving(wire, pause=READ_SECONDS, patience=min(patience, left), complete=min(ANSWER_SECONDS, left))


def connect(
    service: str, credentials: CredentialSource | None = None, passed: Callable[[], float] | None = None
) -> Connection:
    """Return a connection to `dynamodb` or `ssm`, from the environment. Opens no socket yet."""
    return Connection(ServiceEndpoint.of(service), credentials or CredentialSource(), passed)


@cache
def tls_context() -> ssl.SSLContext:
    """Return the context of every TLS connection to AWS, made once.

    It trusts the roots of AWS_CA_BUNDLE (the template names AWS's own seven), or else the system's.
    """
    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or None)


def _is_gone(wire: socket.socket) -> bool:
    """Return whether the other side has hung up: no service sends on an idle connection, so readable means ended."""
    try:
        return bool(select.select([wire], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def _read(answer: HttpAnswer) -> dict[str, Any]:
    if answer.status != _OK:
        raise CallFailedError(_error_code(answer))
    checksum = answer.headers.get("x-amz-crc32")
    if checksum is not None and str(zlib.crc32(answer.content)) != checksum:
        raise CallFailedError("DamagedAnswer")
    try:
        document = json.loads(answer.content, object_hook=_bytes_of_binary)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise CallFailedError("DamagedAnswer")
    return document


def _bytes_of_binary(value: dict[str, Any]) -> dict[str, Any]:
    """Decode DynamoDB's `{"B": base64}`; an attribute that is called B holds an object, not a string."""
    binary = value.get("B")
    return {"B": base64.b64decode(binary, validate=True)} if isinstance(binary, str) and len(value) == 1 else value


def _is_code(text: str) -> bool:
    """Return whether this is a service's error code, which is a word, or an HTTP status, used where there is none.

    Without a regular expression: to compile one at each start takes half a millisecond of a cold start's processor.
    """
    if text.isascii() and text.isalpha():
        return len(text) <= _MAX_CODE
    return text.isascii() and text.isdigit() and len(text) == _STATUS_DIGITS


def _error_code(answer: HttpAnswer) -> str:
    """Return the service's own code, such as ThrottlingException, or the status."""
    try:
        document = json.loads(answer.content)
        kind = document.get("__type") if isinstance(document, dict) else None
    except (ValueError, RecursionError):
        kind = None
    return service_code(kind or answer.headers.get("x-amzn-errortype")) or str(answer.status)


def service_code(name: object) -> str:
    """Return the code in what a service calls its error, such as `com.amazonaws…#ThrottlingException:http://…`.

    Empty where it is no code.
    """
    found = name.rpartition("#")[2].partition(":")[0] if isinstance(name, str) else ""
    return found if _is_code(found) else ""
