"""Signed calls to AWS over real sockets, on a network that fails in every way."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from retention.aws import connection as module
from retention.aws.clock import PassedTime
from retention.aws.connection import CallFailedError, Connection, tls_context
from retention.aws.connection import connect as connect_to
from retention.aws.deadline import Deadline, OutOfTimeError
from retention.errors import CatalogUnavailableError
from retention.lookup.store import Store

from tests.support.fake_table import Clock
from tests.support.fault_proxy import self_signed
from tests.support.waiting import PATIENCE, eventually

HANDLER = Path(module.__file__).parents[2]


def read_request(client: socket.socket) -> bytes:
    """Return one complete request: a server that closes a socket with unread bytes resets the connection."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += client.recv(65536) or b"\r\n\r\n"
    head, _, body = read.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += client.recv(65536)
    return head + b"\r\n\r\n" + body


class Server:
    """Accepts connections on the loopback and hands each to `behave`, until closed."""

    def __init__(self, behave: Callable[[socket.socket], None], *, reads: bool = True) -> None:
        self._behave, self._reads = behave, reads
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.closing = threading.Event()
        self.shut = threading.Event()  # set once a client has closed its connection
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                if self._reads:
                    read_request(client)
                self._behave(client)
            except OSError:
                self.shut.set()

    def close(self) -> None:
        self.closing.set()
        self._listener.close()


def drip(client: socket.socket) -> None:
    """Send a byte every 10 ms: each arrives within any read timeout, and the answer never ends."""
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 100000\r\n\r\n")
    while True:
        client.sendall(b" ")
        time.sleep(0.01)


def hang(client: socket.socket) -> None:
    while client.recv(65536):
        pass
    raise ConnectionResetError  # the client closed the connection


def answer(body: bytes, status: str = "200 OK") -> Callable[[socket.socket], None]:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n"
    return lambda client: client.sendall(head.encode() + body)


def reset(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of these tests may take longer than DynamoDB: only what a test shortens, and its deadline, hold."""
    for name in ("CONNECT_SECONDS", "READ_SECONDS", "ANSWER_SECONDS"):
        monkeypatch.setattr(module, name, PATIENCE)


Connect = Callable[[str], Connection]
Serve = Callable[[Callable[[socket.socket], None]], Server]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connections to the environment's endpoint, closed when the test ends."""
    made: list[Connection] = []

    def make(service: str) -> Connection:
        made.append(connect_to(service))
        return made[-1]

    yield make
    for connection in made:
        connection.close()


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    servers: list[Server] = []

    def start(behave: Callable[[socket.socket], None]) -> Server:
        server = Server(behave)
        servers.append(server)
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        return server

    yield start
    for server in servers:
        server.close()


def soon() -> Deadline:
    """Return a deadline that only a hang can miss."""
    return Deadline.after(PATIENCE)


GET = {"TableName": "retention", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}


@pytest.mark.parametrize("behave", [drip, hang])
def test_a_deadline_holds_and_the_abandoned_call_ends(
    connect: Connect,
    serve: Serve,
    behave: Callable[[socket.socket], None],
) -> None:
    """At its deadline the caller gets OutOfTimeError, and the socket is shut, so that worker and server end."""
    server = serve(behave)
    connection = connect("dynamodb")
    with pytest.raises(OutOfTimeError):
        connection.call("get_item", GET, Deadline.after(0.2))
    assert server.shut.wait(PATIENCE)


def test_the_connection_works_again_once_the_fault_ends(
    connect: Connect,
    serve: Serve,
) -> None:
    """After a call that was out of time, the next call opens a new socket and is answered."""
    behaviours = [drip, answer(b'{"Item": {"pk": {"S": "a"}}}')]

    def in_turn(client: socket.socket) -> None:
        behaviours.pop(0)(client)

    serve(in_turn)
    connection = connect("dynamodb")
    with pytest.raises(OutOfTimeError):
        connection.call("get_item", GET, Deadline.after(0.2))
    found = connection.call("get_item", GET, Deadline.after(PATIENCE))
    assert found["Item"] == {"pk": {"S": "a"}}


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        (answer(b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"}', "400 X"), "ThrottlingException"),
        (answer(b'{"__type": "ThrottlingException: too much of app#1#customer#2000000900000180"}', "400 X"), "400"),
        (answer(b'{"__type": "%s"}' % (b"x" * 65), "400 X"), "400"),
        (answer(b"", "500 X"), "500"),
        (answer(b'{"message": "no"}', "403 X\r\nx-amzn-errortype: AccessDenied:http://x"), "AccessDenied"),
        (answer(b"<html>", "503 X"), "503"),
        (answer(b'{"Item": '), "DamagedAnswer"),
        (answer(b"{}", "200 OK\r\nx-amz-crc32: 1"), "DamagedAnswer"),
        (answer(b'{"Item": {"B": "*"}}'), "DamagedAnswer"),
        (answer(b"[]"), "DamagedAnswer"),
        (answer(b""), "DamagedAnswer"),
        (answer(b"[" * 100_000), "DamagedAnswer"),
        (answer(b"x" * (2 * 1024 * 1024)), "AnswerTooLarge"),
        (reset, "IncompleteRead"),
    ],
)
def test_each_failed_answer_is_one_error_with_a_code(
    connect: Connect,
    serve: Serve,
    behave: Callable[[socket.socket], None],
    code: str,
) -> None:
    """Each refusal, damaged answer, oversized answer and cut connection raises CallFailedError with its code."""
    serve(behave)
    with pytest.raises(CallFailedError) as error:
        connect("dynamodb").call("get_item", GET, soon())
    assert error.value.code
    assert code in error.value.code


def endless(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        client.sendall(b" " * 65536)


def test_an_answer_without_end_is_given_up_at_the_size_limit(connect: Connect, serve: Serve) -> None:
    """An answer without a length is read up to the size limit only, and its connection is closed."""
    server = serve(endless)
    with pytest.raises(CallFailedError, match="AnswerTooLarge"):
        connect("dynamodb").call("get_item", GET, soon())
    assert server.shut.wait(PATIENCE)


def test_a_call_ends_though_its_caller_waits(connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call ends after ANSWER_SECONDS although its caller does not abandon it and bytes still arrive."""
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.1)
    server = serve(drip)
    with pytest.raises(CallFailedError, match="TimeoutError"):
        connect("dynamodb").call("get_item", GET, soon())
    assert server.shut.wait(PATIENCE)


def test_a_handshake_that_hangs_is_cut_when_it_is_given_up(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TLS handshake that the server never answers is cut at the caller's deadline, and its socket is closed."""
    server = Server(hang, reads=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url.replace("http:", "https:"))
    connection = connect("dynamodb")
    with pytest.raises(OutOfTimeError):
        connection.call("get_item", GET, Deadline.after(0.2))
    assert server.shut.wait(PATIENCE)
    server.close()


def test_an_answer_with_the_right_checksum_is_taken(
    connect: Connect,
    serve: Serve,
) -> None:
    """An answer whose DynamoDB checksum matches its body is accepted."""
    serve(answer(b"{}", f"200 OK\r\nx-amz-crc32: {zlib.crc32(b'{}')}"))
    assert "Item" not in connect("dynamodb").call("get_item", GET, soon())


def test_a_refused_connection_is_an_unavailable_catalog(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """If nothing listens at DynamoDB's address, the store raises CatalogUnavailableError."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(CatalogUnavailableError) as error:
        Store(lambda: connect("dynamodb"), "retention").catalog(1, "p", "en-US", Deadline.after(PATIENCE))
    assert error.value.code == "dynamodb"


def test_a_dripping_table_is_an_unavailable_catalog_at_the_deadline(
    connect: Connect,
    serve: Serve,
) -> None:
    """If DynamoDB's answer drips past the deadline, the store raises CatalogUnavailableError with code `deadline`."""
    serve(drip)
    with pytest.raises(CatalogUnavailableError) as error:
        Store(lambda: connect("dynamodb"), "retention").catalog(1, "p", "en-US", Deadline.after(0.3))
    assert error.value.code == "deadline"


def test_an_idle_connection_is_used_again(connect: Connect, serve: Serve) -> None:
    """Two calls one after the other use one socket."""
    opened = []

    def twice(client: socket.socket) -> None:
        opened.append(client)
        answer(b"{}")(client)
        read_request(client)
        answer(b'{"Item": {}}')(client)

    serve(twice)
    connection = connect("dynamodb")
    assert connection.call("get_item", GET, soon()) == {}
    assert connection.call("get_item", GET, soon()) == {"Item": {}}
    assert len(opened) == 1


def test_a_connection_that_the_server_closed_is_replaced(
    connect: Connect,
    serve: Serve,
) -> None:
    """DynamoDB closes idle connections: the next call opens a new one and succeeds."""
    server = serve(answer(b"{}"))  # answers once, then closes the connection
    connection = connect("dynamodb")
    for _ in range(3):
        assert connection.call("get_item", GET, soon()) == {}
        time.sleep(0.02)
    assert server.url


class Peer:
    """Answers the first request of each connection, and does `then` to every later one. Counts both."""

    def __init__(self, then: Callable[[socket.socket], None]) -> None:
        self.then = then
        self.first, self.again = 0, 0

    def __call__(self, client: socket.socket) -> None:
        self.first += 1
        answer(b"{}")(client)
        read_request(client)
        self.again += 1
        self.then(client)


def reset_at_once(client: socket.socket) -> None:
    """Reset the connection, as a server or an address translator does that has forgotten it."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(_client: socket.socket) -> None:
    pass


@pytest.mark.parametrize("then", [reset_at_once, hang_up, hang])
def test_a_call_that_fails_on_a_reused_socket_is_repeated_on_a_new_one(
    connect: Connect, serve: Serve, then: Callable[[socket.socket], None]
) -> None:
    """If a reused socket is reset, closed or quiet for half of the time, the call is answered on a new one in time."""
    peer = Peer(then)
    serve(peer)
    connection = connect("dynamodb")
    seconds = 6 if then is hang else PATIENCE  # half of it passes before the call gives up a quiet socket
    for _ in range(3):
        assert connection.call("get_item", GET, Deadline.after(seconds)) == {}
    assert (peer.first, peer.again) == (3, 2)


def test_there_is_no_third_attempt(connect: Connect, serve: Serve) -> None:
    """A call that failed on a reused socket and then on a new one is not tried a third time."""
    asked: list[str] = []

    def once(client: socket.socket) -> None:
        asked.append("answered")
        answer(b"{}")(client)
        read_request(client)
        asked.append("reset")
        serving[0]._behave = only_reset  # and so do the connections after it
        reset_at_once(client)

    def only_reset(client: socket.socket) -> None:
        asked.append("reset")
        reset_at_once(client)

    serving = [serve(once)]
    connection = connect("dynamodb")
    connection.call("get_item", GET, soon())
    with pytest.raises(CallFailedError, match="ConnectionResetError"):
        connection.call("get_item", GET, soon())
    assert asked == ["answered", "reset", "reset"]


def test_a_call_that_fails_on_a_new_socket_is_not_repeated(connect: Connect, serve: Serve) -> None:
    """A call that fails on a new socket is tried once."""
    asked: list[socket.socket] = []

    def note(client: socket.socket) -> None:
        asked.append(client)
        reset_at_once(client)

    serve(note)
    with pytest.raises(CallFailedError, match="ConnectionResetError"):
        connect("dynamodb").call("get_item", GET, soon())
    assert len(asked) == 1


def test_a_lookup_that_hangs_is_given_up_and_nothing_is_sent(
    connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver takes no timeout: its thread ends by itself after the deadline, without borrowing credentials."""
    asked, let_go, look_up = list[str](), threading.Event(), socket.getaddrinfo

    def slowly(*arguments: Any, **more: Any) -> Any:
        let_go.wait(PATIENCE)
        return look_up(*arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    serve(hang)
    connection = connect("dynamodb")
    monkeypatch.setattr(connection._credentials, "get", lambda _: asked.append("the lender"))
    with pytest.raises(OutOfTimeError):
        connection.call("get_item", GET, Deadline.after(0.2))
    assert connection.hung_lookups == 1
    let_go.set()
    assert eventually(lambda: not connection.hung_lookups)
    assert asked == []


@pytest.mark.parametrize(
    ("then", "code"),
    [(reset, "IncompleteRead"), (answer(b"", "500 X"), "500"), (answer(b"{"), "DamagedAnswer")],
)
def test_an_answer_that_has_begun_is_not_asked_for_again(
    connect: Connect, serve: Serve, then: Callable[[socket.socket], None], code: str
) -> None:
    """An answer that has begun on a reused socket, even a broken one, is final: the call is not repeated."""
    peer = Peer(then)
    serve(peer)
    connection = connect("dynamodb")
    connection.call("get_item", GET, soon())
    with pytest.raises(CallFailedError, match=code):
        connection.call("get_item", GET, soon())
    assert (peer.first, peer.again) == (1, 1)


def test_a_call_without_an_answer_by_the_deadline_is_not_repeated(connect: Connect, serve: Serve) -> None:
    """After a deadline that passed on a reused socket there is no time for a second attempt."""
    peer = Peer(drip)
    server = serve(peer)
    connection = connect("dynamodb")
    connection.call("get_item", GET, soon())
    with pytest.raises(OutOfTimeError):
        connection.call("get_item", GET, Deadline.after(0.2))
    assert server.shut.wait(PATIENCE)
    assert (peer.first, peer.again) == (1, 1)


@pytest.mark.parametrize(("seconds", "connections"), [(10, 1), (11, 2), (604_800, 2)])
def test_a_socket_that_idled_is_not_used_again(serve: Serve, seconds: float, connections: int) -> None:
    """A socket that was idle for more than ten seconds of wall time, as in a freeze, is closed and replaced."""
    peer = Peer(answer(b"{}"))
    serve(peer)
    monotonic, wall = Clock(), Clock()
    connection = connect_to("dynamodb", passed=PassedTime(monotonic, wall))
    connection.call("get_item", GET, soon())
    wall.now += seconds  # the monotonic clock stood still
    connection.call("get_item", GET, soon())
    assert (peer.first, connection.idle_sockets) == (connections, 1)
    connection.close()


def test_a_call_imports_neither_an_http_client_nor_the_codec_of_host_names() -> None:
    """A call imports neither an HTTP client nor the idna codec: a cold start would cost 5 percent more."""
    script = """
import socket, sys, threading
from retention.aws.connection import connect
from retention.aws.deadline import Deadline
with socket.create_server(("127.0.0.1", 0)) as listener:
    def serve():
        client, _ = listener.accept()
        client.recv(65536)
        client.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{}")
    threading.Thread(target=serve, daemon=True).start()
    import os
    os.environ["AWS_ENDPOINT_URL"] = f"http://localhost:{listener.getsockname()[1]}"
    assert connect("dynamodb").call("get_item", {}, Deadline.after(300)) == {}
print(*sorted({"http", "email", "urllib", "encodings.idna", "pathlib"} & set(sys.modules)))
"""
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HANDLER), "AWS_REGION": "us-east-1"}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    found = subprocess.run(
        [sys.executable, "-S", "-c", script], env=variables | keys, capture_output=True, text=True, check=True
    )
    assert found.stdout == "\n"


def test_tls_trusts_the_bundle_and_nothing_else(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A call trusts a server under a root of AWS_CA_BUNDLE only, and only under the name in its certificate."""
    certificate, key = self_signed()
    (tmp_path / "good.pem").write_bytes(certificate + key)
    (tmp_path / "other.pem").write_bytes(self_signed()[0])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "good.pem")

    def over_tls(client: socket.socket) -> None:
        with context.wrap_socket(client, server_side=True) as secured:
            read_request(secured)
            answer(b"{}")(secured)

    server = Server(over_tls, reads=False)
    port = server.url.rpartition(":")[2]
    for bundle, host, good in (
        ("good.pem", "localhost", True),
        ("other.pem", "localhost", False),
        ("good.pem", "127.0.0.1", False),
    ):
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / bundle))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://{host}:{port}")
        tls_context.cache_clear()
        if good:
            assert connect("dynamodb").call("get_item", GET, soon()) == {}
        else:
            with pytest.raises(CallFailedError, match="SSLCertVerificationError"):
                connect("dynamodb").call("get_item", GET, soon())
    tls_context.cache_clear()
    server.close()
