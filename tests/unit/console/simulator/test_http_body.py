"""Bodies of HTTP requests: of a stated length or in chunks, bounded, and refused where they are no HTTP."""

from __future__ import annotations

import io
from email.message import Message

import pytest

from console.simulator.http_body import BodyError, read_body

LIMIT = 100_000


def read(sent: bytes, **headers: str) -> tuple[bytes, bytes]:
    """Return the body, and what is left for the next request."""
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    stream = io.BytesIO(sent)
    return read_body(message, stream, LIMIT), stream.read()


def test_a_stated_length_is_read_and_no_more() -> None:
    """What comes after it is the next request's."""
    assert read(b"onetwo", content_length="3") == (b"one", b"two")
    assert read(b"next") == (b"", b"next")


@pytest.mark.parametrize(
    "sent",
    [
        b"4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n",
        b"9;name=value\r\nWikipedia\r\n000\r\n\r\n",
        b"9\nWikipedia\n0\n\n",
        b"9\r\nWikipedia\r\n0\r\nChecksum: 1\r\nAnother: 2\r\n\r\n",
    ],
    ids=["two chunks", "an extension", "bare line feeds", "trailer fields"],
)
def test_chunks_are_put_together(sent: bytes) -> None:
    """Sizes are hexadecimal; extensions and trailer fields are read over."""
    assert read(sent + b"next", transfer_encoding="Chunked") == (b"Wikipedia", b"next")


def test_more_than_a_request_may_have_comes_through_in_chunks() -> None:
    """65 KiB: the function itself says 413 to them, as it would behind API Gateway."""
    size = 65 * 1024
    sent = b"%X\r\n%s\r\n0\r\n\r\n" % (size, b"x" * size)
    assert read(sent, transfer_encoding="chunked") == (b"x" * size, b"")


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        (b"", {"content_length": str(LIMIT + 1)}),
        (b"", {"content_length": "9" * 5000}),
        (b"%x\r\n" % (LIMIT + 1), {"transfer_encoding": "chunked"}),
        (b"f" * 4000 + b"\r\n", {"transfer_encoding": "chunked"}),
        (b"c350\r\n%s\r\n" % (b"x" * 50_000) * 3, {"transfer_encoding": "chunked"}),
    ],
    ids=["stated", "stated beyond any number", "one chunk", "a chunk beyond any number", "chunks together"],
)
def test_too_much_is_413(sent: bytes, headers: dict[str, str]) -> None:
    """It is refused before it is read."""
    with pytest.raises(BodyError) as refused:
        read(sent, **headers)
    assert refused.value.status == 413


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        (b"", {"content_length": "abc"}),
        (b"", {"content_length": "-1"}),
        (b"", {"content_length": "²"}),
        (b"tw", {"content_length": "3"}),
        (b"", {"transfer_encoding": "chunked"}),
        (b"x\r\n", {"transfer_encoding": "chunked"}),
        (b"-1\r\n", {"transfer_encoding": "chunked"}),
        (b"3\r\nfour\r\n0\r\n\r\n", {"transfer_encoding": "chunked"}),
        (b"4\r\nfo", {"transfer_encoding": "chunked"}),
        (b"0\r\n" + b"a: b\r\n" * 1000, {"transfer_encoding": "chunked"}),
        (b"0" * 5000, {"transfer_encoding": "chunked"}),
        (b"", {"transfer_encoding": "gzip, chunked"}),
        (b"0\r\n\r\n", {"transfer_encoding": "chunked", "content_length": "5"}),
    ],
)
def test_what_is_no_http_is_400(sent: bytes, headers: dict[str, str]) -> None:
    """A length that is no number, a body that ends early, chunks that are none, two ends of one body."""
    with pytest.raises(BodyError) as refused:
        read(sent, **headers)
    assert refused.value.status == 400
