"""The HTTP of `make serve`: the event that the function gets, and how its answer is written."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from console.local.http_server import Gateway
from console.local.sample_events import NOTIFICATIONS_PATH, PATH
from tests.support.prepared_connection import exchange


def served(sent: bytes, **answer: Any) -> tuple[bytes, list[dict[str, Any]]]:
    """Return what a client gets that sends these bytes, and the function's events; `answer` is the function's."""
    events: list[dict[str, Any]] = []

    def function(event: dict[str, Any], _: None) -> dict[str, Any]:
        events.append(event)
        return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": "{}", **answer}

    return exchange(type("TestedGateway", (Gateway,), {"function": staticmethod(function)}), sent), events


def post(path: str = PATH, body: bytes = b"{}", method: str = "POST") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nContent-Type: text/x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def test_a_request_becomes_an_event_of_api_gateway() -> None:
    """The function gets payload format 2.0: headers in lower case, method, path and caller, and the body in base64."""
    _, (event,) = served(post(f"{PATH}?x=1", b'{"signedPayload": "\xff"}'))
    assert (event["version"], event["rawPath"], event["headers"]["content-type"]) == ("2.0", PATH, "text/x")
    assert event["requestContext"]["http"] == {"method": "POST", "path": PATH, "sourceIp": "192.0.2.7"}
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b'{"signedPayload": "\xff"}'


def test_the_functions_answer_is_written() -> None:
    """The client gets the function's status, headers and body, with the body's length in bytes."""
    got, _ = served(post(), statusCode=405, headers={"allow": "POST"}, body="é")
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 ")
    assert {b"allow: POST", b"content-length: 2"} <= set(head.split(b"\r\n"))
    assert body.decode() == "é"


def test_no_content_has_no_length() -> None:
    """A 204 has neither a content-length nor a body, though the function returns none either."""
    got, _ = served(post(), statusCode=204, headers={}, body="")
    assert b"content-length" not in got
    assert got.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_every_method_reaches_the_function(method: str) -> None:
    """The function sees the method; an answer to HEAD has no body, so the next request is read from its beginning."""
    got, events = served(post(method=method, body=b"") * 2)
    assert [event["requestContext"]["http"]["method"] for event in events] == [method] * 2
    assert got.endswith(b"\r\n\r\n" if method == "HEAD" else b"{}")


def test_another_path_ends_the_connection() -> None:
    """Another path is API Gateway's 404, and nothing that follows it is read as a request."""
    got, events = served(post("/other", b"GET / HTTP/1.1\r\n\r\n") + post())
    assert got.startswith(b"HTTP/1.1 404 ")
    assert got.endswith(b'{"message":"Not Found"}')
    assert (got.count(b"HTTP/1.1 "), events) == (1, [])


@pytest.mark.parametrize(("length", "status"), [("hello", b"400"), (str(11 * 1024 * 1024), b"413")])
def test_a_body_that_is_not_read_never_reaches_the_function(length: str, status: bytes) -> None:
    """A length that is no number, or over API Gateway's limit, is refused, and the connection closed."""
    got, events = served(f"POST {PATH} HTTP/1.1\r\ncontent-length: {length}\r\n\r\n".encode())
    assert got.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in got
    assert events == []


def queued(sent: bytes, *, away: bool = False) -> tuple[bytes, list[str]]:
    """Return what a client gets that sends these bytes, and the bodies in the queue, which may be away."""
    bodies: list[str] = []

    def enqueue(body: str) -> None:
        if away:
            raise ConnectionError
        bodies.append(body)

    def function(_: dict[str, Any], __: None) -> dict[str, Any]:
        return {"statusCode": 405, "headers": {}, "body": ""}

    members = {"function": staticmethod(function), "enqueue": staticmethod(enqueue)}
    return exchange(type("QueueingGateway", (Gateway,), members), sent), bodies


def test_a_notification_goes_into_the_queue_as_it_came() -> None:
    """The body is in the queue before the 200; no function has seen it."""
    got, bodies = queued(post(NOTIFICATIONS_PATH, b'{"signedPayload": "a.b.c"}'))
    assert got.startswith(b"HTTP/1.1 200 ")
    assert bodies == ['{"signedPayload": "a.b.c"}']


def test_where_the_queue_is_away_the_answer_is_500() -> None:
    """Apple takes a 500 for a failed attempt."""
    got, bodies = queued(post(NOTIFICATIONS_PATH), away=True)
    assert (got[:13], bodies) == (b"HTTP/1.1 500 ", [])


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_only_a_post_is_a_notification(method: str) -> None:
    """The route is POST /v1/notifications alone; without a queue there is no such route."""
    got, bodies = queued(post(NOTIFICATIONS_PATH, method=method))
    assert (got[:13], bodies) == (b"HTTP/1.1 404 ", [])
    assert served(post(NOTIFICATIONS_PATH))[0].startswith(b"HTTP/1.1 404 ")
