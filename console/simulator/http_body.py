"""Read the body of an HTTP request to a server on this machine: with a content-length, or in chunks (RFC 9112)."""

from __future__ import annotations

from email.message import Message
from http import HTTPStatus
from io import BufferedIOBase
from typing import Final

# The longest line with a chunk's size or a trailer field, in bytes; and how many trailer fields are skipped.
_MAX_LINE: Final = 4096
_MAX_TRAILERS: Final = 100
# A length with more digits than this is over every limit.
_MAX_DIGITS: Final = 15
_LINE_ENDS: Final = (b"\r\n", b"\n")


class BodyError(Exception):
    """The body was not read, and nothing more can be read from this connection. `status` is the status to answer."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


def read_body(headers: Message, stream: BufferedIOBase, limit: int) -> bytes:
    """Return the complete body without chunk framing. Raises BodyError over `limit` bytes, or if it is not HTTP."""
    coding = headers.get("transfer-encoding")
    if coding is None:
        return _read_exactly(stream, _number(headers.get("content-length", "0"), 10, limit))
    # With both headers, two programs can disagree about where the body ends (request smuggling): refused.
    if coding.strip().lower() != "chunked" or "content-length" in headers:
        raise BodyError(HTTPStatus.BAD_REQUEST)
    return _dechunked(stream, limit)


def _dechunked(stream: BufferedIOBase, limit: int) -> bytes:
    body = bytearray()
    while size := _number(_line(stream).partition(";")[0].strip(), 16, limit - len(body)):
        body += _read_exactly(stream, size)
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


def _read_exactly(stream: BufferedIOBase, size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise BodyError(HTTPStatus.BAD_REQUEST)
    return found


def _line(stream: BufferedIOBase) -> str:
    line = stream.readline(_MAX_LINE)
    if not line.endswith(_LINE_ENDS):
        raise BodyError(HTTPStatus.BAD_REQUEST)
    return line.decode("latin-1").rstrip("\r\n")
