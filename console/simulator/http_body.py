"""The body of an HTTP request that a server on this machine takes in: of a stated length, or in chunks (RFC 9112)."""

from __future__ import annotations

from email.message import Message
from http import HTTPStatus
from io import BufferedIOBase
from typing import Final

# Of a chunk's size, its extensions or a trailer field; and how many trailer fields are read over.
_MAX_LINE: Final = 4096
_MAX_TRAILERS: Final = 100
# More digits than any length has that could be taken.
_MAX_DIGITS: Final = 15
_LINE_ENDS: Final = (b"\r\n", b"\n")


class BodyError(Exception):
    """The body is not taken in, and nothing more can be read from the connection. `status` is the answer."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


def read_body(headers: Message, stream: BufferedIOBase, limit: int) -> bytes:
    """Return the whole body, decoded. Raises BodyError for more than `limit` bytes and for what is no HTTP."""
    coding = headers.get("transfer-encoding")
    if coding is None:
        return _whole(stream, _number(headers.get("content-length", "0"), 10, limit))
    # Both say where the body ends, and who believes the other one reads another request.
    if coding.strip().lower() != "chunked" or "content-length" in headers:
        raise BodyError(HTTPStatus.BAD_REQUEST)
    return _dechunked(stream, limit)


def _dechunked(stream: BufferedIOBase, limit: int) -> bytes:
    body = bytearray()
    while size := _number(_line(stream).partition(";")[0].strip(), 16, limit - len(body)):
        body += _whole(stream, size)
        if _line(stream):
            raise BodyError(HTTPStatus.BAD_REQUEST)
    for _ in range(_MAX_TRAILERS):
        if not _line(stream):
            return bytes(body)
    raise BodyError(HTTPStatus.BAD_REQUEST)


def _number(text: str, base: int, limit: int) -> int:
    digits = "0123456789abcdef"[:base]
    if not text or set(text.lower()) - set(digits):
        raise BodyError(HTTPStatus.BAD_REQUEST)
    if len(text) > _MAX_DIGITS or int(text, base) > limit:
        raise BodyError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(text, base)


def _whole(stream: BufferedIOBase, size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise BodyError(HTTPStatus.BAD_REQUEST)
    return found


def _line(stream: BufferedIOBase) -> str:
    line = stream.readline(_MAX_LINE)
    if not line.endswith(_LINE_ENDS):
        raise BodyError(HTTPStatus.BAD_REQUEST)
    return line.decode("latin-1").rstrip("\r\n")
