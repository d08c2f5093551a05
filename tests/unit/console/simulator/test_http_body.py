"""Bodies of HTTP requests: read by their length or in chunks, up to a limit, and refused if malformed."""

from __future__ import annotations

import io
from email.message import Message

import pytest

from console.simulator.http_body import BodyError, read_body

LIMIT = 100_000


def read(sent: bytes, **headers: str) -> tuple[bytes, bytes]:
    """Return the body, and the bytes that are left for the next request."""
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    stream = io.BytesIO(sent)
    return read_body(message, stream, LIMIT), stream.read()


def test_a_stated_length_is_read_and_no_more() -> None:
    """Bytes after the stated length belong to the next request."""
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
def test_chunks_are_joined(sent: bytes) -> None:
    """Chunk sizes are hexadecimal; extensions and trailer fields are ignored."""
    assert read(sent + b"next", transfer_encoding="Chunked") == (b"Wikipedia", b"next")


def test_a_body_over_the_functions_limit_is_passed_on() -> None:
    """The function itself answers 413 for a body of 65 KiB, as behind API Gateway."""
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
def test_a_body_over_the_servers_limit_is_413(sent: bytes, headers: dict[str, str]) -> None:
    """A body that is too large by its length, or by its chunks, is refused before it is read."""
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
def test_a_malformed_body_is_400(sent: bytes, headers: dict[str, str]) -> None:
    """The length is no number, the body ends early, a chunk is malformed, or the body has both a length and chunks."""
    with pytest.raises(BodyError) as refused:
        read(sent, **headers)
    assert refused.value.status == 400
