"""HTTP answers: read in pieces of any size, to the announced length, by `http.client` where their form is unusual."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retention.aws.http_answer import AnswerError, Arriving, HttpAnswer, read_answer

from tests.support.waiting import PATIENCE


def read(*pieces: bytes, hang_up: bool = True) -> HttpAnswer:
    """Return what `read_answer` makes of these pieces, sent one after another."""
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def send() -> None:
            with suppress(OSError):  # `read_answer` closes the socket on bytes that are no answer
                for piece in pieces:
                    theirs.sendall(piece)
                if hang_up:
                    theirs.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            return read_answer(Arriving(ours, pause=5.0, patience=5.0, complete=5.0))
        finally:
            ours.shutdown(socket.SHUT_RDWR)
            sender.join(PATIENCE)


def an_answer(body: bytes, *lines: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join([status, *lines, "", ""]).encode("latin-1") + body


@settings(max_examples=50)
@given(st.binary(max_size=300), st.lists(st.integers(0, 500), max_size=6))
def test_an_answer_may_arrive_in_any_pieces(body: bytes, cuts: list[int]) -> None:
    """Status, headers and body are the same wherever the network divides them."""
    whole = an_answer(body, "Content-Type: x", f"Content-Length: {len(body)}", "X-Amz-Crc32:  7 ")
    ends = sorted(min(cut, len(whole)) for cut in cuts)
    pieces = [whole[start:end] for start, end in zip([0, *ends], [*ends, len(whole)], strict=True)]
    answer = read(*filter(None, pieces), hang_up=False)
    assert (answer.status, answer.content, answer.keep) == (200, body, True)
    assert answer.headers["x-amz-crc32"] == "7"


@pytest.mark.parametrize(
    ("sent", "body", "keep"),
    [
        (an_answer(b"4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), b"Wikipedia", True),
        (an_answer(b"all there is"), b"all there is", False),
        (an_answer(b"yes", "Content-Length: 3", status="HTTP/1.0 200 OK"), b"yes", False),
        (an_answer(an_answer(b"yes", "Content-Length: 3"), status="HTTP/1.1 100 Continue"), b"yes", True),
        (an_answer(b"yes", "Content-Length: 3", "X-Long: one", "  and more"), b"yes", True),
        (an_answer(b"yes", "Content-Length: 3", "Vary: a", "Vary: b"), b"yes", True),
        (an_answer(b"yes", "Content-Length: 3", "Connection: Close"), b"yes", False),
        (an_answer(b"yes", "Content-Length: 3", "Connection: keep-alive, Close"), b"yes", False),
        (an_answer(b"yes", "Content-Length: " + "0" * 5000 + "3"), b"yes", True),
        (an_answer(b"yesterday", "Content-Length: 3"), b"yes", False),
        (an_answer(b"", "Content-Length: 0", status="HTTP/1.1 200"), b"", True),
    ],
    ids=[
        "chunks",
        "no length",
        "HTTP/1.0",
        "100 first",
        "a folded header",
        "a header twice",
        "close",
        "close too",
        "zeros",
        "more",
        "none",
    ],
)
def test_every_form_of_an_answer_is_read(sent: bytes, body: bytes, *, keep: bool) -> None:
    """`http.client` reads the forms that AWS does not send today, so that a change at AWS causes no outage."""
    answer = read(sent)
    assert (answer.status, answer.content, answer.keep) == (200, body, keep)


YES = an_answer(b"yes", "Content-Length: 3")


@pytest.mark.parametrize(
    "sent",
    [
        an_answer(b"3\r\nyes\r\n0\r\n\r\n" + YES, "Transfer-Encoding: chunked"),
        an_answer(YES + YES, status="HTTP/1.1 100 Continue"),
        an_answer(b"yes" + YES, "Content-Length: 3", "Vary: a", "Vary: b"),
        an_answer(b"yes", "Content-Length: 3", status="HTTP/1.1 204 No Content"),
        an_answer(YES, status="HTTP/1.1 103 Early Hints"),
        an_answer(b"", "Link: x", status="HTTP/1.1 103 Early Hints"),
        an_answer(b"", status="HTTP/1.1 102 Processing"),
    ],
    ids=["after chunks", "after 100", "after headers twice", "after 204", "after 103", "103, not yet more", "102"],
)
def test_a_socket_with_bytes_after_the_answer_is_not_used_again(sent: bytes) -> None:
    """The remaining bytes would be read as the answer to the next request."""
    assert not read(sent, hang_up=False).keep


@pytest.mark.parametrize("size", [b"7fffffffffffffff", b"ffffffffffffff"])
def test_no_memory_is_reserved_for_an_announced_chunk(size: bytes) -> None:
    """Reserving the announced size would raise MemoryError, which no caller treats as a failed call."""
    with pytest.raises(AnswerError, match="IncompleteRead"):
        read(an_answer(size + b"\r\nyes", "Transfer-Encoding: chunked"))


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (an_answer(b"ye", "Content-Length: 3"), "IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\nContent-", "IncompleteRead"),
        (an_answer(b"", "Content-Length: 10737418240"), "AnswerTooLarge"),
        (an_answer(b"", "Content-Length: " + "9" * 5000), "AnswerTooLarge"),
        (an_answer(b"", "X: " + "x" * 200_000, "Content-Length: 0"), "AnswerTooLarge"),
        (an_answer(b"x" * (3 << 20)), "AnswerTooLarge"),
        (an_answer(b"", "Content-Length: 3", status="SSH-2.0-OpenSSH_9.6"), "BadStatusLine"),
        (an_answer(b"", "Content-Length: 0", status="HTTP/1.1 2000 OK"), "BadStatusLine"),
        (an_answer(b"x\r\n", "Transfer-Encoding: chunked"), "IncompleteRead"),
    ],
)
def test_a_damaged_answer_raises_an_error_with_a_code(sent: bytes, code: str) -> None:
    """An answer that is cut off, too large or of another protocol raises AnswerError with a code for the log."""
    with pytest.raises(AnswerError) as refused:
        read(sent)
    assert refused.value.code == code


def test_a_connection_closed_without_a_byte_raises_connection_reset() -> None:
    """The service did not answer at all, so the caller may send the request on another connection."""
    with pytest.raises(ConnectionResetError):
        read()


def test_patience_is_for_the_first_byte_alone() -> None:
    """A peer that sends nothing is given up after `patience` s; once it has begun, each pause may be longer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        arriving = Arriving(ours, pause=5.0, patience=0.05, complete=5.0)
        with pytest.raises(TimeoutError):
            read_answer(arriving)
        assert not arriving.begun
        arriving = Arriving(ours, pause=5.0, patience=0.05, complete=5.0)
        theirs.sendall(b"HTTP/1.1 200 OK\r\n")
        arriving.more()
        threading.Timer(0.2, theirs.sendall, [b"\r\n"]).start()
        assert arriving.more() == b"\r\n"
