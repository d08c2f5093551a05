"""Calling an endpoint as the App Store does: Apple's name for each outcome."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from console.simulator.api import Request, Response
from console.simulator.endpoint_call import Attempt, call
from console.simulator.server import Server
from tests.support.simulated_app import PATIENT_MS
from tests.support.waiting import PATIENCE

JSON = {"content-type": "application/json; charset=utf-8"}


@contextmanager
def sending(*pieces: bytes, pause: float = 0.0, wait: bool = False) -> Iterator[str]:
    """Yield the URL of a server that reads one request, sends `pieces` and closes; `wait` keeps it open."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            received = b""
            while not received.startswith(b"\x16") and not received.endswith(b"}") and (more := connection.recv(65536)):
                received += more
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause)
                if wait:
                    connection.settimeout(PATIENCE)
                    connection.recv(1)
            except OSError:
                return

    thread = Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(3)


def head(status: str = "200 OK", kind: str = "application/json", length: int = 2) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n".encode()


def test_an_answer_is_returned_with_status_and_body() -> None:
    """The endpoint gets a POST of a RealtimeRequestBody, and the attempt has its status and body."""
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(200, JSON, b"{}")

    with Server(answer) as server:
        attempt = call(f"{server.url}/v1/message?x=1", "header.payload.signature", PATIENT_MS)
    assert (attempt.result, attempt.status, attempt.body) == ("SUCCESS", 200, b"{}")
    assert (seen[0].method, seen[0].target) == ("POST", "/v1/message?x=1")
    assert json.loads(seen[0].body) == {"signedPayload": "header.payload.signature"}


@pytest.mark.parametrize("status", [201, 204, 304, 400, 403, 500])
def test_only_200_is_success(status: int) -> None:
    """Any other status is UNSUCCESSFUL_HTTP_RESPONSE_CODE."""
    with Server(lambda _: Response(status)) as server:
        attempt = call(server.url, "x", PATIENT_MS)
    assert (attempt.result, attempt.status) == ("UNSUCCESSFUL_HTTP_RESPONSE_CODE", status)


@pytest.mark.parametrize(
    ("pieces", "result"),
    [
        ((), "NO_RESPONSE"),
        ((b"hello\r\n\r\n",), "INVALID_RESPONSE"),
        ((head(length=10), b"{}"), "PREMATURE_CLOSE"),
        ((head(kind="application/json; charset=utf-16"), b"{}"), "UNSUPPORTED_CHARSET"),
        ((head(kind="application/json; charset=klingon"), b"{}"), "UNSUPPORTED_CHARSET"),
        ((head(kind="application/json; charset=UTF-8"), b"{}"), "SUCCESS"),
        ((head(kind="text/plain"), b"{}"), "SUCCESS"),
        ((b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{",), "PREMATURE_CLOSE"),
        ((b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}",), "SUCCESS"),
    ],
)
def test_each_wrong_answer_has_apples_name(pieces: tuple[bytes, ...], result: str) -> None:
    """Each wrong answer of an endpoint has Apple's name, and a right one is SUCCESS."""
    with sending(*pieces) as url:
        assert call(url, "x", PATIENT_MS).result == result


@pytest.mark.parametrize(
    ("pieces", "pause"),
    [((), 0.0), ((head(length=100),), 0.0), ([b"x-a: b\r\n"] * 20, 0.05), ([head(length=20), *[b"x"] * 20], 0.05)],
)
def test_the_limit_holds_for_the_complete_answer(pieces: tuple[bytes, ...], pause: float) -> None:
    """No answer, half an answer and one that drips past the limit are all TIMED_OUT."""
    first = [b"HTTP/1.1 200 OK\r\n"] if pause and not pieces[0].startswith(b"HTTP") else []
    with sending(*first, *pieces, pause=pause, wait=True) as url:
        attempt = call(url, "x", limit_ms=120)
    assert attempt.result == "TIMED_OUT"
    assert "120 ms" in attempt.reason


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_no_listener() -> None:
    """A connection that cannot be made is a SOCKET_ISSUE."""
    assert call(f"http://127.0.0.1:{refused_port()}/", "x").result == "SOCKET_ISSUE"


def test_plain_http_on_an_https_url() -> None:
    """An endpoint that answers in plain HTTP on an https URL is a TLS_ISSUE."""
    with sending(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        assert call(url.replace("http:", "https:"), "x", PATIENT_MS).result == "TLS_ISSUE"


def redirecting(*targets: str) -> Attempt:
    """Call a server whose paths /0, /1, … redirect to these targets in turn; the path after the last answers."""

    def answer(request: Request) -> Response:
        number = int(request.target.strip("/"))
        if number < len(targets):
            return Response(307, {"location": targets[number]})
        return Response(200, JSON, request.body)

    with Server(answer) as server:
        return call(f"{server.url}/0", "x", PATIENT_MS)


def test_a_redirect_is_followed() -> None:
    """The request follows a redirect with its body."""
    attempt = redirecting("/1", "/2")
    assert (attempt.result, json.loads(attempt.body)) == ("SUCCESS", {"signedPayload": "x"})


@pytest.mark.parametrize("targets", [("/0",), ("/1", "/0"), tuple(f"/{number}" for number in range(1, 9))])
def test_a_redirect_in_a_circle(targets: tuple[str, ...]) -> None:
    """A redirect to a URL called before, and the eighth in a row, are CIRCULAR_REDIRECT."""
    assert redirecting(*targets).result == "CIRCULAR_REDIRECT"
