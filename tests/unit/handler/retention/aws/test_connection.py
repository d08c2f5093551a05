"""A call to AWS is one signed request on a socket, and its answer a document; each failure is one error with a code."""

from __future__ import annotations

import json
import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from retention.aws.connection import CallFailedError, Connection, connect, service_code
from retention.aws.credentials import CredentialSource
from retention.aws.deadline import Deadline, OutOfTimeError

GET = {"TableName": "t"}
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
Answering = Callable[..., list[socket.socket]]


def answer(body: bytes, status: int = 200, **headers: str) -> bytes:
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} OK\r\n{named}content-length: {len(body)}\r\n\r\n".encode() + body


def soon() -> Deadline:
    return Deadline.after(60)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    """Return a function that prepares answers, one for each new connection, and returns the other ends."""
    opened: list[socket.socket] = []

    def prepare(*answers: bytes) -> list[socket.socket]:
        ours, theirs = zip(*(socket.socketpair() for _ in answers), strict=True)
        opened.extend((*ours, *theirs))
        for end, content in zip(theirs, answers, strict=True):
            end.sendall(content)
        waiting = list(ours)
        monkeypatch.setattr(Connection, "_connect", lambda *_: waiting.pop(0))
        return list(theirs)

    yield prepare
    for wire in opened:
        wire.close()


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with closing(connect("dynamodb", CredentialSource(ENVIRONMENT), lambda: 0.0)) as made:
        yield made


def test_binary_values_come_as_bytes(connection: Connection, answering: Answering) -> None:
    """The connection decodes DynamoDB's base64 to bytes; an attribute that is named B is no binary value."""
    answering(answer(b'{"Item": {"content": {"B": "AAH/"}, "B": {"S": "b"}, "m": {"M": {"B": {"B": "AA=="}}}}}'))
    assert connection.call("get_item", GET, soon())["Item"] == {
        "content": {"B": b"\x00\x01\xff"},
        "B": {"S": "b"},
        "m": {"M": {"B": {"B": b"\x00"}}},
    }


def test_what_is_sent_is_a_signed_post(connection: Connection, answering: Answering) -> None:
    """A call is a signed POST with the service's target and content type; its body is the request as JSON."""
    [other_end] = answering(answer(b"{}"))
    connection.call("batch_get_item", {"RequestItems": {}}, soon())
    head, _, body = other_end.recv(65536).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST / HTTP/1.1"
    assert {
        "host: dynamodb.us-east-1.amazonaws.com",
        "x-amz-target: DynamoDB_20120810.BatchGetItem",
        "content-type: application/x-amz-json-1.0",
        f"content-length: {len(body)}",
    } <= set(lines)
    [authorization] = [line for line in lines if line.startswith("authorization: ")]
    assert "/us-east-1/dynamodb/aws4_request" in authorization
    assert body == b'{"RequestItems":{}}'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (answer(b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"}', 400), "ThrottlingException"),
        (answer(b"{}", 400, x_amzn_errortype="AccessDeniedException:http://a"), "AccessDeniedException"),
        (answer(b"<html>", 503), "503"),
        (answer(b'{"__type": "what was asked"}', 400), "400"),
        (answer(b"[]"), "DamagedAnswer"),
        (answer(b"{"), "DamagedAnswer"),
        (answer(b"{}", x_amz_crc32="1"), "DamagedAnswer"),
    ],
)
def test_a_failed_call_is_one_error_with_a_code(
    connection: Connection, answering: Answering, content: bytes, code: str
) -> None:
    """The code is a word of the service, a status, or our own word; nothing else of the answer is in the error."""
    answering(content)
    with pytest.raises(CallFailedError) as caught:
        connection.call("get_item", GET, soon())
    assert (caught.value.code, str(caught.value)) == (code, code)


def test_the_right_checksum_is_taken(connection: Connection, answering: Answering) -> None:
    """DynamoDB sends the CRC-32 of its body."""
    body = json.dumps({"Item": {}}).encode()
    answering(answer(body, x_amz_crc32=str(zlib.crc32(body))))
    assert connection.call("get_item", GET, soon()) == {"Item": {}}


def test_a_socket_is_used_for_the_next_call(connection: Connection, answering: Answering) -> None:
    """A second call opens no second connection, as long as the service keeps the first one."""
    [other_end] = answering(answer(b'{"Item": {}}'))
    connection.call("get_item", GET, soon())
    assert connection.idle_sockets == 1
    sent: list[Any] = []
    reusable = connection._reusable

    def reused() -> socket.socket | None:
        wire = reusable()
        sent.append(wire)
        other_end.sendall(answer(b"{}"))
        return wire

    connection._reusable = reused  # type: ignore[method-assign]  # the answer comes once the call has begun
    assert connection.call("get_item", GET, soon()) == {}
    assert sent != [None]


def test_a_socket_that_the_service_closes_is_not_kept(connection: Connection, answering: Answering) -> None:
    """`connection: close` ends it after the answer."""
    answering(answer(b"{}", connection="close"))
    connection.call("get_item", GET, soon())
    assert connection.idle_sockets == 0


def test_closing_drops_idle_sockets(connection: Connection, answering: Answering) -> None:
    """None must be in a snapshot."""
    [other_end] = answering(answer(b"{}"))
    connection.call("get_item", GET, soon())
    connection.close()
    other_end.recv(65536)
    assert (connection.idle_sockets, other_end.recv(1)) == (0, b"")


def test_after_the_deadline_nothing_is_sent(connection: Connection, answering: Answering) -> None:
    """No socket is opened for a call that has no time left."""
    [other_end] = answering(b"")
    other_end.settimeout(0)
    with pytest.raises(OutOfTimeError):
        connection.call("get_item", GET, Deadline.after(0))
    with pytest.raises(BlockingIOError):
        other_end.recv(1)


def test_a_call_without_credentials_fails_by_that_name(monkeypatch: pytest.MonkeyPatch, answering: Answering) -> None:
    """The code names the cause, and no secret."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    answering(b"")
    with pytest.raises(CallFailedError) as caught:
        connect("ssm", CredentialSource({})).call("get_parameter", {}, soon())
    assert caught.value.code == "NoCredentialsError"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("com.amazonaws.dynamodb.v20120810#ThrottlingException", "ThrottlingException"),
        ("ThrottlingException:http://a/b", "ThrottlingException"),
        ("ThrottlingException", "ThrottlingException"),
        ("#", ""),
        ("a b", ""),
        ("x" * 65, ""),
        ("Größe", ""),
        (7, ""),
        (None, ""),
    ],
)
def test_a_services_code_is_a_word(given: object, code: str) -> None:
    """What is no word may quote what was asked, and is not taken."""
    assert service_code(given) == code


def test_an_error_has_no_other_text_as_its_code() -> None:
    """The code is logged, so that it can hold nothing else."""
    assert CallFailedError("transaction 2000000123456789").code == "UnknownError"
