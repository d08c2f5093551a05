"""The HTTP of the simulator: what reaches the API of a request, and how its answer is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from console.simulator.api import HangUp, Request, Response
from console.simulator.server import _Handler
from tests.support.prepared_connection import exchange

Answer = Callable[[Request], Response]


def served(answer: Answer, sent: bytes) -> tuple[bytes, list[str]]:
    """Return what a client gets that sends these bytes, and the lines of the simulator's log."""
    lines: list[str] = []
    members = {"answer": staticmethod(answer), "log": staticmethod(lines.append)}
    return exchange(type("TestedHandler", (_Handler,), members), sent), lines


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_a_request_reaches_the_api_with_its_parts(method: str) -> None:
    """The API gets method, target, header names in lower case, and the body."""
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(200)

    served(answer, f"{method} /sandbox/x?a=1 HTTP/1.1\r\nX-Key: V\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    assert seen == [Request(method, "/sandbox/x?a=1", {"x-key": "V", "content-length": "2"}, b"{}")]


def test_an_answer_is_written_with_its_length_and_logged() -> None:
    """The client gets status, headers, content-length and body; the log gets one line with the note."""
    answer = Response(429, {"retry-after": "7"}, b"{}", "too many")
    got, lines = served(lambda _: answer, b"GET /a HTTP/1.1\r\n\r\n")
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429 ")
    assert {b"retry-after: 7", b"content-length: 2"} <= set(head.split(b"\r\n"))
    assert (body, lines) == (b"{}", ["GET /a 429 too many"])


def test_no_content_has_no_length() -> None:
    """A 204 has neither a content-length nor a body."""
    got, _ = served(lambda _: Response(204), b"GET /a HTTP/1.1\r\n\r\n")
    assert b"content-length" not in got
    assert got.endswith(b"\r\n\r\n")


def test_a_connection_serves_several_requests() -> None:
    """Requests that follow each other on one connection are answered in turn."""
    _, lines = served(lambda _: Response(200), b"GET /a HTTP/1.1\r\n\r\nDELETE /b HTTP/1.1\r\n\r\n")
    assert lines == ["GET /a 200", "DELETE /b 200"]


def test_a_dropped_call_gets_no_answer() -> None:
    """If the API hangs up, nothing is written or logged, and no further request is read."""

    def hang_up(_: Request) -> Response:
        raise HangUp

    assert served(hang_up, b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n") == (b"", [])


@pytest.mark.parametrize(("length", "status"), [("hello", b"400"), ("99999999999", b"413")])
def test_a_body_that_is_not_read_ends_the_connection(length: str, status: bytes) -> None:
    """A length that is no number, or larger than any image, is refused before the API is called."""
    got, lines = served(lambda _: Response(200), f"PUT /a HTTP/1.1\r\ncontent-length: {length}\r\n\r\n".encode() * 2)
    assert got.count(b"HTTP/1.1 " + status) == 1
    assert b"connection: close" in got
    assert lines == []
