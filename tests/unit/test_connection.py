"""One AWS client on a network that does its worst: real sockets, real botocore."""

from __future__ import annotations

import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from retention.connection import CallFailedError, Connection, _watch, connect
from retention.deadline import Deadline, OutOfTimeError, Workers
from retention.errors import CatalogUnavailableError
from retention.store import Store


class Server:
    """Accepts connections on loopback and hands each to `behave`, until closed."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.closing = threading.Event()
        self.shut = threading.Event()  # a client hung up on us
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                client.recv(65536)
                self._behave(client)
            except OSError:
                self.shut.set()

    def close(self) -> None:
        self.closing.set()
        self._listener.close()


def drip(client: socket.socket) -> None:
    """A byte every 10 ms: each arrives well within any read timeout, and the answer never ends."""
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 100000\r\n\r\n")
    while True:
        client.sendall(b" ")
        time.sleep(0.01)


def hang(client: socket.socket) -> None:
    while client.recv(65536):
        pass
    raise ConnectionResetError  # the client hung up


def answer(body: bytes, status: str = "200 OK") -> Callable[[socket.socket], None]:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n"
    return lambda client: client.sendall(head.encode() + body)


def reset(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[socket.socket], None]], Server]]:
    servers: list[Server] = []

    def start(behave: Callable[[socket.socket], None]) -> Server:
        server = Server(behave)
        servers.append(server)
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        return server

    yield start
    for server in servers:
        server.close()


GET = {"TableName": "retention", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}


@pytest.mark.parametrize("behave", [drip, hang])
def test_a_deadline_holds_and_the_abandoned_call_ends(
    serve: Callable[[Callable[[socket.socket], None]], Server], behave: Callable[[socket.socket], None]
) -> None:
    """The caller goes on at its deadline; the socket is shut, so that the worker ends and the server is let go."""
    server = serve(behave)
    connection = connect("dynamodb")
    pool = Workers(connection.abandon)
    deadline = Deadline.after(0.2)
    with pytest.raises(OutOfTimeError):
        pool.run(lambda: connection.call("get_item", GET), deadline)
    assert server.shut.wait(5)
    for _ in range(500):
        if not pool.abandoned:
            break
        time.sleep(0.01)
    assert pool.abandoned == 0


def test_the_connection_works_again_once_the_fault_ends(
    serve: Callable[[Callable[[socket.socket], None]], Server],
) -> None:
    """The same client, a new socket."""
    behaviours = [drip, answer(b'{"Item": {"pk": {"S": "a"}}}')]

    def in_turn(client: socket.socket) -> None:
        behaviours.pop(0)(client)

    serve(in_turn)
    connection = connect("dynamodb")
    pool = Workers(connection.abandon)
    with pytest.raises(OutOfTimeError):
        pool.run(lambda: connection.call("get_item", GET), Deadline.after(0.2))
    found = pool.run(lambda: connection.call("get_item", GET), Deadline.after(5))
    assert found["Item"] == {"pk": {"S": "a"}}


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        (answer(b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"}', "400 X"), "ThrottlingException"),
        (answer(b"", "500 X"), "500"),
        (answer(b'{"Item": '), "JSONDecodeError"),
        (answer(b"{}", "200 OK\r\nx-amz-crc32: 1"), "DamagedAnswer"),
        (answer(b'{"Item": [1]}'), ""),
        (answer(b"[]"), "DamagedAnswer"),
        (answer(b""), "JSONDecodeError"),
        (reset, ""),
    ],
)
def test_whatever_goes_wrong_is_one_error_with_a_code(
    serve: Callable[[Callable[[socket.socket], None]], Server], behave: Callable[[socket.socket], None], code: str
) -> None:
    """One attempt; the SDK's many exceptions end here."""
    serve(behave)
    with pytest.raises(CallFailedError) as error:
        connect("dynamodb").call("get_item", GET)
    assert error.value.code
    assert code in error.value.code


def test_an_answer_with_the_right_checksum_is_taken(
    serve: Callable[[Callable[[socket.socket], None]], Server],
) -> None:
    """DynamoDB's own checksum stands for the whole body."""
    serve(answer(b"{}", f"200 OK\r\nx-amz-crc32: {zlib.crc32(b'{}')}"))
    assert "Item" not in connect("dynamodb").call("get_item", GET)


def test_a_refused_connection_is_an_unavailable_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens: 503, not a stack trace."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(CatalogUnavailableError) as error:
        Store(lambda: connect("dynamodb"), "retention").catalog(1, "p", "en-US", Deadline.after(5))
    assert error.value.code == "dynamodb"


def test_a_dripping_table_is_an_unavailable_catalog_at_the_deadline(
    serve: Callable[[Callable[[socket.socket], None]], Server],
) -> None:
    """The whole store over real sockets: late is unavailable."""
    serve(drip)
    with pytest.raises(CatalogUnavailableError) as error:
        Store(lambda: connect("dynamodb"), "retention").catalog(1, "p", "en-US", Deadline.after(0.3))
    assert error.value.code == "deadline"


class Bare:
    """A client of another make: it can be called and closed."""

    closed = False

    def get_item(self, **_: object) -> dict[str, int]:
        return {"answer": 1}

    def close(self) -> None:
        self.closed = True


def test_a_client_without_the_names_we_know_still_works() -> None:
    """Another botocore: calls go through, abandoned ones end by their timeouts."""
    client, sockets = Bare(), dict[int, socket.socket]()
    _watch(client, sockets)
    connection = Connection(client, sockets)
    assert connection.call("get_item", {}) == {"answer": 1}
    connection.abandon(threading.get_ident())
    assert client.closed
