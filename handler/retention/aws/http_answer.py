"""One HTTP answer off a socket, read by hand: a status line, headers, and exactly as many bytes as they announce.

All answers of DynamoDB and SSM are of this form, and `http.client` with what it imports costs a tenth of a cold start.
What is of any other form is handed to `http.client` after all, imported then.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    import socket

# Larger than any answer we ask for: two sheets and settings, at most 400 KB each, in base64. What is read is parsed
# while everybody else waits (2 MB of nonsense take 60 ms), so this bounds a request's time as well as its memory.
MAX_BYTES: Final = 2 * 1024 * 1024
_MAX_HEAD: Final = 64 * 1024
_MAX_DIGITS: Final = 18
_CHUNK: Final = 64 * 1024

_END_OF_HEAD: Final = b"\r\n\r\n"
_VERSION: Final = "HTTP/1.1 "
# 1xx is no answer yet; 204 and 304 have no body, though they may announce one.
_WITHOUT_BODY: Final = frozenset({204, 304})
_FIRST_FINAL: Final = 200


class AnswerError(Exception):
    """What arrived is no answer to be read. `code` is a word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """`headers` by their names in lower case. `keep`: the connection may carry another request."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    keep: bool


class Arriving:
    """What arrives on a socket: no more than any answer has, no longer than any may take.

    In seconds: `pause` is for one wait, `patience` for the first byte, `complete` for all of it.
    """

    def __init__(self, wire: socket.socket, *, pause: float, patience: float, complete: float) -> None:
        self._wire = wire
        self._pause = pause
        self._room = MAX_BYTES
        now = time.monotonic()
        self._first_by = now + patience
        self._ends = now + complete
        self.begun = False  # whether a byte of the answer has come

    def more(self) -> bytes:
        """Return the next bytes, none at the end. Raises TimeoutError, AnswerError, or another OSError."""
        ends = self._ends if self.begun else min(self._first_by, self._ends)
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._wire.settimeout(min(left, self._pause))
        got = self._wire.recv(_CHUNK)
        self.begun = self.begun or bool(got)
        self._room -= len(got)
        if self._room < 0:
            raise AnswerError("AnswerTooLarge")
        return got


def read_answer(arriving: Arriving) -> HttpAnswer:
    """Read one answer. Raises AnswerError; OSError where the network fails or hangs up before a byte has come."""
    received = _head(arriving)
    head, _, body = received.partition(_END_OF_HEAD)
    status_line, *lines = head.decode("latin-1").split("\r\n")
    status, headers = _status(status_line), _headers(lines)
    length = _length(headers) if headers else None
    if status is None or headers is None or length is None:
        return _by_the_library(received, arriving)
    if length > MAX_BYTES:
        raise AnswerError("AnswerTooLarge")
    content = bytearray(body)
    while len(content) < length:
        content += _some(arriving)
    # More than was announced belongs to no request of ours: nothing that follows could be trusted.
    keep = len(content) == length and "close" not in headers.get("connection", "").lower()
    return HttpAnswer(status, headers, bytes(content[:length]), keep)


def _head(arriving: Arriving) -> bytes:
    """Return what has come once the empty line is in it."""
    received = arriving.more()
    if not received:
        raise ConnectionResetError("hung up without an answer")
    while _END_OF_HEAD not in received:
        if len(received) > _MAX_HEAD:
            raise AnswerError("AnswerTooLarge")
        received += _some(arriving)
    return received


def _some(arriving: Arriving) -> bytes:
    got = arriving.more()
    if not got:
        raise AnswerError("IncompleteRead")
    return got


def _status(line: str) -> int | None:
    """Return the status of an answer that may have a body, None for any other line."""
    digits = line.removeprefix(_VERSION)[:3]
    if not line.startswith(_VERSION) or not digits.isascii() or not digits.isdigit() or line[12:13] not in {"", " "}:
        return None
    status = int(digits)
    return status if status >= _FIRST_FINAL and status not in _WITHOUT_BODY else None


def _headers(lines: list[str]) -> dict[str, str] | None:
    """Return the headers, None where a line is none, goes on another, or repeats the name of one before."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or name != name.strip() or name in headers:
            return None
        headers[name] = value.strip(" \t")
    return headers


def _length(headers: Mapping[str, str]) -> int | None:
    """Return how many bytes are announced, None where the end of the body is marked in another way."""
    length = headers.get("content-length", "")
    if "transfer-encoding" in headers or not length.isascii() or not length.isdigit():
        return None
    digits = length.lstrip("0") or "0"
    return int(digits) if len(digits) <= _MAX_DIGITS else MAX_BYTES + 1  # int() refuses thousands of digits


class _Again(io.RawIOBase):
    """What has come already and then what is still to come, in the shape of the socket that `http.client` reads."""

    def __init__(self, received: bytes, arriving: Arriving) -> None:
        self._received = received
        self._arriving = arriving
        self._ended = False
        self.left_over = False  # whether more had come than the answer

    def makefile(self, _mode: str) -> io.BufferedReader:
        return _Reader(self)

    def end(self, reader: io.BufferedReader) -> None:
        """Read no more from the socket, and note what lies unread in `reader` or here."""
        self._ended = True
        self.left_over = bool(reader.peek(1))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401  # a writable buffer: typed so from Python 3.12 on
        some = self._received or (b"" if self._ended else self._arriving.more())
        size = min(len(some), len(buffer))
        buffer[:size], self._received = some[:size], some[size:]
        return size


class _Reader(io.BufferedReader):
    """What `http.client` reads from, and closes where the answer ends."""

    def __init__(self, again: _Again) -> None:
        super().__init__(again)
        self._again = again

    def close(self) -> None:
        if not self.closed:
            self._again.end(self)
        super().close()


def _by_the_library(received: bytes, arriving: Arriving) -> HttpAnswer:
    """Read an answer of a form that these services do not use today: in chunks, without a length, after a 100."""
    import http.client  # noqa: PLC0415  # see the module's own words

    again = _Again(received, arriving)
    response = http.client.HTTPResponse(cast("socket.socket", again), method="POST")
    try:
        response.begin()
        if response.length is not None and response.length > MAX_BYTES:
            raise AnswerError("AnswerTooLarge")
        # In chunks, no more is asked for than may come: a chunk announces its own size, and room is made for it first.
        content = response.read(MAX_BYTES) if response.chunked else response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
    except http.client.HTTPException as error:
        raise AnswerError(type(error).__name__) from error
    finally:
        response.close()  # its view of the socket, not the socket
    # As above; and http.client takes a 103 for an answer, which is still to come.
    keep = not (response.will_close or again.left_over or response.status < _FIRST_FINAL)
    return HttpAnswer(response.status, headers, content, keep)
