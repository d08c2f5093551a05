"""API Gateway's two event formats, and every event that is neither."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from retention.errors import BodyTooLargeError, MalformedBodyError, MethodNotAllowedError, RequestError
from retention.gateway import body_length, http_response, read_body, request_id_of
from retention.request import MAX_BODY_BYTES

Form = Callable[..., dict[str, Any]]


def v2(body: object, *, base64_encoded: bool = False, method: str = "POST") -> dict[str, Any]:
    return {
        "version": "2.0",
        "requestContext": {"http": {"method": method}},
        "body": body,
        "isBase64Encoded": base64_encoded,
    }


def v1(body: object, *, base64_encoded: bool = False, method: str = "POST") -> dict[str, Any]:
    return {
        "version": "1.0",
        "httpMethod": method,
        "requestContext": {"httpMethod": method},
        "body": body,
        "isBase64Encoded": base64_encoded,
    }


@pytest.mark.parametrize("form", [v1, v2])
def test_both_formats_carry_a_body(form: Form) -> None:
    """Payload formats 1.0 and 2.0 give the same bytes, plain or base64."""
    assert read_body(form("{é}")) == "{é}".encode()
    assert read_body(form(base64.b64encode(b"{\xff}").decode(), base64_encoded=True)) == b"{\xff}"


@pytest.mark.parametrize("form", [v1, v2])
@pytest.mark.parametrize("method", ["GET", "PUT", "post", ""])
def test_only_post_is_answered(form: Form, method: str) -> None:
    """Apple sends POST requests; every other method is refused."""
    with pytest.raises(MethodNotAllowedError):
        read_body(form("{}", method=method))


@pytest.mark.parametrize(
    "event", [None, [], "POST", {}, {"requestContext": None}, {"requestContext": {"http": "POST"}}]
)
def test_an_event_of_another_service_is_refused(event: object) -> None:
    """It is refused like a wrong method, and raises no unexpected exception."""
    with pytest.raises(MethodNotAllowedError):
        read_body(event)


@pytest.mark.parametrize("body", [None, 7, ["x"], {}])
def test_a_missing_body_is_empty(body: object) -> None:
    """A POST without a body, or with one that is not a text, has an empty body, which step 1 refuses."""
    assert read_body(v2(body)) == b""


@pytest.mark.parametrize("body", ["*", "AAA", "AA==AA==", "é", "\ud800"])
def test_invalid_base64_is_malformed(body: str) -> None:
    """A body with invalid base64 is a malformed request."""
    with pytest.raises(MalformedBodyError):
        read_body(v2(body, base64_encoded=True))


def test_an_oversize_base64_body_is_refused_undecoded() -> None:
    """A base64 body over the limit is refused before it is decoded."""
    limit = base64.b64encode(b"x" * MAX_BODY_BYTES).decode()
    assert len(read_body(v2(limit, base64_encoded=True))) == MAX_BODY_BYTES
    with pytest.raises(BodyTooLargeError):
        read_body(v2(limit + "AAAA", base64_encoded=True))


def test_a_lone_surrogate_is_not_a_crash() -> None:
    """A text that no HTTP request can carry becomes bytes that are not UTF-8, and no unexpected exception."""
    with pytest.raises((UnicodeDecodeError, RequestError)):
        read_body(v2("\ud800")).decode()


def test_answers_are_never_cached() -> None:
    """Every answer, with or without a body, forbids caches to keep it."""
    assert http_response(204) == {"statusCode": 204, "headers": {"cache-control": "no-store"}, "isBase64Encoded": False}
    full = http_response(200, "{}")
    assert full["headers"] == {"cache-control": "no-store", "content-type": "application/json; charset=utf-8"}
    assert full["body"] == "{}"


def test_the_length_of_a_refused_body_is_known() -> None:
    """The log has the length of a refused body, and 0 for an event without a body."""
    assert body_length(v2("abc")) == 3
    assert body_length(v2(None)) == body_length(None) == 0


@pytest.mark.parametrize("form", [v1, v2])
@pytest.mark.parametrize("found", ["JKJaXmPLvHcESHA=", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "a/b+c_d="])
def test_the_gateways_id_is_found_in_both_formats(form: Form, found: str) -> None:
    """The id that the access log has is found for HTTP APIs and REST APIs, in payload formats 1.0 and 2.0."""
    event = form("{}")
    event["requestContext"]["requestId"] = found
    assert request_id_of(event) == found


@pytest.mark.parametrize(
    "found",
    [
        "",
        "a.b",
        "eyJhbGciOiJFUzI1NiJ9.e30.sig",
        "two words",
        "line\nbreak",
        '"',
        "é",
        "\ud800",
        None,
        7,
        True,
        [],
        {},
        b"id",
    ],
)
def test_an_invalid_request_id_is_left_out(found: object) -> None:
    """A text that API Gateway would not make as an id stays out of the log."""
    assert request_id_of({"requestContext": {"requestId": found}}) is None


def test_a_long_request_id_is_cut() -> None:
    """Ids are cut at 64 characters, which hold every id that API Gateway makes."""
    assert request_id_of({"requestContext": {"requestId": "x" * 10_000}}) == "x" * 64


@pytest.mark.parametrize("event", [None, [], "text", {}, {"requestContext": None}, {"requestContext": ["requestId"]}])
def test_an_event_without_an_id_has_none(event: object) -> None:
    """For an event of any type without an id, `request_id_of` returns None and raises nothing."""
    assert request_id_of(event) is None
