"""`make serve`: the HTTP in front of the function, its ports, and the commands that it prints."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from console.local import serve
from console.local.embedded_stack import embedded_dynamodb
from console.local.http_server import listen
from console.local.sample_events import PATH
from tests.support.waiting import PATIENCE

Events = list[dict[str, Any]]


@pytest.fixture
def gateway() -> Iterator[tuple[HTTPConnection, Events]]:
    """A connection to a function that records its events and answers only to POST."""
    events: Events = []

    def function(event: dict[str, Any], _: None) -> dict[str, Any]:
        events.append(event)
        status = 200 if event["requestContext"]["http"]["method"] == "POST" else 405
        return {"statusCode": status, "headers": {"x-answered": "yes"}, "body": "{}"}

    with listen(function, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        connection = HTTPConnection("127.0.0.1", server.server_port, timeout=PATIENCE)
        try:
            yield connection, events
        finally:
            connection.close()
            server.shutdown()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_the_function_judges_every_method(gateway: tuple[HTTPConnection, Events], method: str) -> None:
    """Each method other than POST gets the function's 405; HEAD gets no body, so the connection stays usable."""
    connection, events = gateway
    for _ in range(2):
        connection.request(method, PATH)
        response = connection.getresponse()
        assert (response.status, response.read()) == (405, b"" if method == "HEAD" else b"{}")
    assert len(events) == 2


def test_chunks_reach_the_function_decoded(gateway: tuple[HTTPConnection, Events]) -> None:
    """The function gets a chunked body decoded and in one piece, as from API Gateway."""
    connection, events = gateway
    connection.request("POST", PATH, iter([b'{"signed', b'Payload": ""}']), encode_chunked=True)
    assert connection.getresponse().status == 200
    assert base64.b64decode(events[0]["body"]) == b'{"signedPayload": ""}'


@pytest.mark.parametrize(("length", "status"), [("abc", 400), (str(11 * 1024 * 1024), 413)])
def test_a_length_that_cannot_be_read_never_reaches_the_function(
    gateway: tuple[HTTPConnection, Events], length: str, status: int
) -> None:
    """A length that is no number is 400, one beyond the limit 413; the connection is closed after either."""
    connection, events = gateway
    connection.request("POST", PATH, headers={"content-length": length})
    response = connection.getresponse()
    assert (response.status, response.getheader("connection"), events) == (status, "close", [])


def test_another_path_is_404_and_its_body_no_request(gateway: tuple[HTTPConnection, Events]) -> None:
    """Another path is 404; its body is not read as a request, and the next request is answered."""
    connection, events = gateway
    connection.request("POST", "/other", b"GET / HTTP/1.1\r\n\r\n")
    response = connection.getresponse()
    assert (response.status, response.read(), response.getheader("connection")) == (
        404,
        b'{"message":"Not Found"}',
        "close",
    )
    connection.request("POST", PATH, b"{}")
    assert (connection.getresponse().status, len(events)) == (200, 1)


@pytest.mark.parametrize(("option", "variable"), [("--port", "PORT"), ("--dynamodb-port", "DYNAMODB_PORT")])
def test_a_busy_port_is_named_with_the_variable_that_chooses_another(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, option: str, variable: str
) -> None:
    """A port in use ends `make serve` with 1, and the error names the port and make's variable for it."""
    monkeypatch.setattr(serve, "_function", _no_function)
    other = "--dynamodb-port" if option == "--port" else "--port"
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        assert serve.main([option, str(port), other, "0"]) == 1
    err = capsys.readouterr().err
    assert f"Port {port} cannot be used (Address already in use): " in err
    assert f"name another with {variable}=…" in err


class _no_function:  # noqa: N801  # in the place of a function
    """Stands in for the function, which a process imports once, with its first settings."""

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def test_an_embedded_table_on_a_busy_port_is_refused() -> None:
    """An embedded table on a port in use raises an error, where moto alone would wait forever."""
    with socket.create_server(("127.0.0.1", 0)) as busy, pytest.raises(Exception, match="cannot be used"):
        embedded_dynamodb(busy.getsockname()[1]).__enter__()
