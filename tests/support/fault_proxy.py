"""A proxy in front of an AWS service that disturbs its answers as networks, services and people can.

    with FaultProxy(upstream, certificate) as proxy:     # a process of its own, on a port of its own, over TLS
        with proxy.suffering("hang"):                    # from now on every request is taken and never answered
            ...
        with proxy.suffering("hang", only="#customer#"): # those that have this text in them; others are passed on
            ...

FAULTS has all faults. It is a separate process, so that a flood of bytes does not slow down the function; one line of
JSON on its standard input switches it, one on its standard output confirms it.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import zlib
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from retention.aws import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT: Final = Path(__file__).parents[2]
JSON_TYPE: Final = "application/x-amz-json-1.0"
_CHUNK: Final = b" " * 65536


class HungUpError(Exception):
    """This connection is not to be used again."""


@dataclass
class Exchange:
    """One request that a client sent, and the ways to answer it. `over` is set when the fault ends.

    `number` counts the requests of this connection, from 1; it is `old` if it was opened before the fault began.
    """

    client: socket.socket
    request: bytes
    upstream: tuple[str, int]
    over: threading.Event
    number: int = 1
    old: bool = False

    @property
    def operation(self) -> str:
        """Return GetItem, BatchGetItem or GetParameter."""
        for line in self.request.split(b"\r\n"):
            if line.lower().startswith(b"x-amz-target:"):
                return line.rpartition(b".")[2].decode()
        return ""

    @property
    def asked(self) -> Any:
        """Return the request's document."""
        return json.loads(self.request.partition(b"\r\n\r\n")[2])

    def true_answer(self) -> tuple[bytes, bytes]:
        """Return the service's answer, head and body."""
        with socket.create_connection(self.upstream, 10) as wire:
            wire.sendall(self.request)
            response = http.client.HTTPResponse(wire, method="POST")
            response.begin()
            body = response.read()
            checksum = response.headers.get("x-amz-crc32")
            return head(len(body), response.status, {"x-amz-crc32": checksum} if checksum else {}), body

    def send(self, data: bytes) -> None:
        self.client.sendall(data)

    def pass_on(self) -> None:
        self.send(b"".join(self.true_answer()))

    def drip(self, data: bytes, pause: float = 0.02) -> None:
        for byte in data:
            self.send(bytes([byte]))
            if self.over.wait(pause):
                raise HungUpError

    def flood(self, data: bytes) -> None:
        """Send `data` again and again, until the client hangs up or the fault ends."""
        while not self.over.is_set():
            self.send(data)
        raise HungUpError

    def reset(self) -> None:
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise HungUpError


def head(length: int | None, status: int = 200, more: Mapping[str, str] | None = None) -> bytes:
    """Return the head of an answer; `length` None leaves its end open."""
    fields = {"content-type": JSON_TYPE, **({} if length is None else {"content-length": str(length)}), **(more or {})}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode()


# --- what can go wrong once a request has come in ---


def hang(exchange: Exchange) -> None:
    exchange.over.wait()
    raise HungUpError


def reset_at_once(exchange: Exchange) -> None:
    exchange.reset()


def slow(seconds: float) -> Callable[[Exchange], None]:
    def late(exchange: Exchange) -> None:
        time.sleep(seconds)  # also when the fault ends meanwhile: this request is late
        exchange.pass_on()

    return late


def drip_all(exchange: Exchange) -> None:
    exchange.drip(b"".join(exchange.true_answer()))


def drip_body(exchange: Exchange) -> None:
    top, body = exchange.true_answer()
    exchange.send(top)
    exchange.drip(body)


def reset_mid_body(exchange: Exchange) -> None:
    top, body = exchange.true_answer()
    exchange.send(top + body[: len(body) // 2])
    time.sleep(0.005)  # a reset overtakes what was sent just before
    exchange.reset()


def close_mid_body(exchange: Exchange) -> None:
    top, body = exchange.true_answer()
    exchange.send(top + body[: len(body) // 2])
    raise HungUpError


def close_at_once(_exchange: Exchange) -> None:
    raise HungUpError


def answer_with(body: bytes, status: int = 200, content_type: str = JSON_TYPE) -> Callable[[Exchange], None]:
    """Answer everything with `body`, without a checksum: programs between us and the service send none."""
    return lambda exchange: exchange.send(head(len(body), status, {"content-type": content_type}) + body)


def error(code: str, status: int = 400) -> Callable[[Exchange], None]:
    return answer_with(json.dumps({"__type": f"com.amazonaws.x#{code}", "message": "no"}).encode(), status)


def truncated(exchange: Exchange) -> None:
    """Cut the JSON short, and claim that this is all."""
    _, body = exchange.true_answer()
    cut = body[: len(body) // 2]
    exchange.send(head(len(cut)) + cut)


def wrong_checksum(exchange: Exchange) -> None:
    _, body = exchange.true_answer()
    exchange.send(head(len(body), more={"x-amz-crc32": str(zlib.crc32(body) ^ 1)}) + body)


def enormous(exchange: Exchange) -> None:
    """Announce ten gigabytes, and begin to send them."""
    exchange.send(head(10 << 30))
    exchange.flood(_CHUNK)


def endless(exchange: Exchange) -> None:
    exchange.send(head(None))
    exchange.flood(_CHUNK)


def endless_chunks(exchange: Exchange) -> None:
    exchange.send(head(None, more={"transfer-encoding": "chunked"}))
    exchange.flood(b"%x\r\n%b\r\n" % (len(_CHUNK), _CHUNK))


def endless_headers(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    exchange.drip(b"x-more: and more\r\n" * 100_000, 0.001)


def endless_header(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nx-more: ")
    exchange.flood(_CHUNK)


def endless_continue(exchange: Exchange) -> None:
    exchange.flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def large(megabytes: int) -> Callable[[Exchange], None]:
    """Answer with that much JSON, all of it well formed."""

    def answer(exchange: Exchange) -> None:
        answer_with(b'{"Item":[' + b"[]," * (megabytes * 333_000) + b"[]]}")(exchange)

    return answer


def unprocessed(exchange: Exchange, *, keys: Callable[[Any], Any] = lambda asked: asked) -> None:
    """Answer a BatchGetItem with no row and all keys left; everything else truly."""
    if exchange.operation != "BatchGetItem":
        exchange.pass_on()
        return
    body = json.dumps({"Responses": {}, "UnprocessedKeys": keys(exchange.asked["RequestItems"])}).encode()
    exchange.send(head(len(body), more={"x-amz-crc32": str(zlib.crc32(body))}) + body)


def unprocessed_nonsense(exchange: Exchange) -> None:
    unprocessed(exchange, keys=lambda asked: {table: {"Keys": [{"pk": {"B": "AA=="}}]} for table in asked})


def wrong_types(exchange: Exchange) -> None:
    body = b'{"Item":null,"Responses":"x","UnprocessedKeys":7,"Parameter":[1]}'
    exchange.send(head(len(body)) + body)


def wrong_types_below(exchange: Exchange) -> None:
    """Answer with rows whose every attribute is of a type it never has."""
    names = "pk sk current customerKey format document state expiresAt"
    item = {name: {"L": [{"N": "x"}]} for name in names.split()}
    table = next(iter(exchange.asked.get("RequestItems", {"": 0})))
    body = json.dumps({"Responses": {table: [item, 5, None]}} if table else {"Item": item}).encode()
    exchange.send(head(len(body)) + body)


# --- what can go wrong before a request: done by the proxy itself ---

REFUSE: Final = "refuse"
BLACK_HOLE: Final = "black hole"
CUT: Final = "cut"  # every open connection is reset at once; nothing else is amiss


def tls_hang(exchange: Exchange) -> None:
    exchange.over.wait()
    raise HungUpError


def tls_drip(exchange: Exchange) -> None:
    """Begin a handshake record that never comes to its end."""
    exchange.send(b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03")
    exchange.drip(b"\0" * 16_000)


BEFORE_TLS: Final[Mapping[str, Callable[[Exchange], None]]] = {"TLS hang": tls_hang, "TLS drip": tls_drip}

AFTER_REQUEST: Final[Mapping[str, Callable[[Exchange], None]]] = {
    "hang": hang,
    "slow 50 ms": slow(0.05),
    "slow 200 ms": slow(0.2),
    "slow 500 ms": slow(0.5),
    "slow 2000 ms": slow(2.0),
    "drip": drip_all,
    "drip body": drip_body,
    "reset": reset_mid_body,
    "close mid-body": close_mid_body,
    "close": close_at_once,
    "reset if reused": reset_at_once,
    "close if reused": close_at_once,
    "hang if reused": hang,
    "reset if old": reset_at_once,
    "hang if old": hang,
    "throughput": error("ProvisionedThroughputExceededException"),
    "throttling": error("ThrottlingException"),
    "access denied": error("AccessDeniedException"),
    "server error": error("InternalServerError", 500),
    "empty 500": answer_with(b"", 500),
    "HTML 200": answer_with(b"<html><body>It works!</body></html>", content_type="text/html"),
    "HTML 502": answer_with(b"<html><body>Bad Gateway</body></html>", 502, "text/html"),
    "truncated": truncated,
    "deep": answer_with(b"[" * 100_000),
    "list": answer_with(b"[]"),
    "wrong types": wrong_types,
    "wrong types below": wrong_types_below,
    "checksum": wrong_checksum,
    "enormous": enormous,
    "endless": endless,
    "endless chunks": endless_chunks,
    "endless headers": endless_headers,
    "endless header": endless_header,
    "endless 100": endless_continue,
    "2 MB": large(2),
    "30 MB": large(30),
    "unprocessed": unprocessed,
    "unprocessed nonsense": unprocessed_nonsense,
}

# Which requests a fault is for, by how its name ends: those on a connection that has carried one before, or that was
# there before the fault began. What has forgotten a connection, or swallows it, takes new ones.
ONLY: Final[Mapping[str, Callable[[Exchange], bool]]] = {
    "if reused": lambda exchange: exchange.number > 1,
    "if old": lambda exchange: exchange.old,
}

FAULTS: Final = (REFUSE, BLACK_HOLE, CUT, *BEFORE_TLS, *AFTER_REQUEST)


# --- the proxy's own process ---


@dataclass
class Proxy:
    """Listens, and treats every connection by the present fault."""

    upstream: tuple[str, int]
    context: ssl.SSLContext
    port: int = 0
    fault: str = ""
    only: bytes = b""
    met: int = 0  # how many requests the present fault has met
    over: threading.Event = field(default_factory=threading.Event)
    switches: int = 0
    _listener: socket.socket | None = None
    _fillers: list[socket.socket] = field(default_factory=list)
    _open: set[socket.socket] = field(default_factory=set)

    def listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def switch(self, fault: str, only: str) -> int:
        """Begin `fault`, or end what there is (an empty one). Returns how many requests the one before has met."""
        met, ended = self.met, self.over
        unanswered = {REFUSE, BLACK_HOLE} & {self.fault, fault}
        self.fault, self.only, self.met, self.over = fault, only.encode(), 0, threading.Event()
        self.switches += 1
        ended.set()
        if fault == CUT:
            self._cut()
        if unanswered:
            self._fall_silent()
        if fault == BLACK_HOLE:
            self._fill()
        elif unanswered and fault != REFUSE:
            self.listen()
        return met

    def _cut(self) -> None:
        """Reset every open connection. One that is read from wakes up, and resets instead of ending in good order."""
        for wire in list(self._open):
            self.met += 1
            with suppress(OSError):
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                socket.socket.shutdown(wire, socket.SHUT_RD)

    def _fall_silent(self) -> None:
        """Stop listening; where connections are to be refused, the open ones are cut."""
        listening = [*self._fillers, *([self._listener] if self._listener else [])]
        self._listener, self._fillers = None, []
        for wire in (*listening, *(self._open if self.fault == REFUSE else ())):
            with suppress(OSError):
                socket.socket.shutdown(wire, socket.SHUT_RDWR)  # wakes a thread that waits on it
        for wire in listening:
            wire.close()

    def _fill(self) -> None:
        """Listen, accept no connection, and fill the queue: the next client that connects gets no answer."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=0)
        while True:
            filler = socket.socket()
            filler.settimeout(0.1)
            self._fillers.append(filler)
            try:
                filler.connect(("127.0.0.1", self.port))
            except TimeoutError:
                return

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, HungUpError, ValueError), ExitStack() as closing:
            closing.callback(client.close)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened = self.switches
            self._before_tls(client)
            wire = self.context.wrap_socket(client, server_side=True)
            closing.callback(wire.close)
            self._open.add(wire)
            closing.callback(self._open.discard, wire)
            for number in count(1):
                request = read_request(wire)
                if not request:
                    return
                exchange = Exchange(wire, request, self.upstream, self.over, number, opened != self.switches)
                self._answer(exchange)

    def _before_tls(self, client: socket.socket) -> None:
        act = BEFORE_TLS.get(self.fault)
        if act is not None:
            self.met += 1
            act(Exchange(client, b"", self.upstream, self.over))

    def _answer(self, exchange: Exchange) -> None:
        act = AFTER_REQUEST.get(self.fault)
        if self.fault in BEFORE_TLS or self.fault == BLACK_HOLE:  # a connection from before
            hang(exchange)
        elif act is None or self.only not in exchange.request or not self._is_for(exchange):
            exchange.pass_on()
        else:
            self.met += 1
            act(exchange)

    def _is_for(self, exchange: Exchange) -> bool:
        return all(holds(exchange) for ending, holds in ONLY.items() if self.fault.endswith(ending))


def read_request(client: socket.socket) -> bytes:
    """Return one complete request, or nothing if the client closed the connection."""
    read = b""
    while b"\r\n\r\n" not in read:
        got = client.recv(65536)
        if not got:
            return b""
        read += got
    top, _, body = read.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in top.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        got = client.recv(65536)
        if not got:
            return b""
        body += got
    return top + b"\r\n\r\n" + body


def main() -> None:
    """Proxy UPSTREAM with the certificate in FILE; obey standard input until it ends."""
    parts = urlsplit(sys.argv[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2])
    assert parts.hostname
    assert parts.port
    proxy = Proxy((parts.hostname, parts.port), context)
    proxy.listen()
    print_json(port=proxy.port)
    for line in sys.stdin:
        print_json(met=proxy.switch(**json.loads(line)))


def print_json(**values: int) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


# --- the side of the tests ---


class FaultProxy:
    """The process, as a test holds it. `certificate`: a PEM file of a key and what `url` is trusted by."""

    def __init__(self, upstream: str, certificate: Path) -> None:
        self._command = [sys.executable, "-m", "tests.support.fault_proxy", upstream, str(certificate)]
        self.met = 0  # how many requests the last fault has met

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("COV_")},
        )
        self.url = f"https://127.0.0.1:{self._heard()['port']}"
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._process:
            self._process.kill()

    @contextmanager
    def suffering(self, fault: str, only: str = "") -> Iterator[None]:
        """Apply `fault` (one of FAULTS) to requests that contain `only`, until the block ends."""
        assert fault in FAULTS
        self._switch(fault, only)
        try:
            yield
        finally:
            self.met = self._switch("", "")

    def _switch(self, fault: str, only: str) -> int:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"fault": fault, "only": only}) + "\n")
        self._process.stdin.flush()
        return self._heard()["met"]

    def _heard(self) -> dict[str, int]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the fault proxy has ended")
        heard: dict[str, int] = json.loads(line)
        return heard


@contextmanager
def trusted(directory: Path) -> Iterator[Path]:
    """Make a proxy's certificate in `directory`, and have `retention.aws.connection` trust it and nothing else."""
    certificate, key = self_signed("127.0.0.1")
    file = directory / "proxy.pem"
    file.write_bytes(certificate + key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CA_BUNDLE", str(file))
        connection.tls_context.cache_clear()
        yield file
    connection.tls_context.cache_clear()


def self_signed(*names: str) -> tuple[bytes, bytes]:
    """Return a certificate for hosts or addresses (by default `localhost`) and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    hosts = x509.SubjectAlternativeName([_general(host) for host in names or ("localhost",)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(hosts, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


if __name__ == "__main__":
    main()
