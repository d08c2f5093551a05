"""Each operation of Apple's API: the call that it makes, and the answer in this project's types."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from retention.review.snapshot import ImageState

from console.appstore.api_key import ApiKey
from console.appstore.client import Apple
from console.appstore.errors import (
    DEFAULT_NOT_FOUND,
    NOTIFICATION_URL_NOT_FOUND,
    REALTIME_URL_NOT_FOUND,
    TEST_NOTIFICATION_NOT_FOUND,
    AppleError,
)
from console.appstore.notification_test import TestStatus
from tests.support.simulated_app import APP, KEY_ID, PEM, Clock

KEY = ApiKey(KEY_ID, APP.issuer_id, PEM)
ID = "3db5c98d-8acf-4e29-831e-8e1f82f9f6e9"
BASE = "https://apple.example.com/sandbox"
PATH = "/inApps/v1/messaging"


class Session:
    """Stands in for requests' session: keeps each call, and answers with a status and a JSON document."""

    def __init__(self, status: int = 200, document: object = None) -> None:
        self.status, self.document = status, document
        self.calls: list[tuple[str, str, Any]] = []

    def request(
        self, method: str, url: str, params: object, data: bytes | None, headers: dict[str, str], **options: Any
    ) -> requests.Response:
        del params
        self.calls.append((method, url.removeprefix(BASE), data if options["json"] is None else options["json"]))
        answer = requests.Response()
        answer.status_code = self.status
        answer._content = b"" if self.document is None else json.dumps(self.document).encode()
        answer.headers["content-type"] = "application/json"
        answer.request = requests.Request(method, url, headers=headers, params=None).prepare()
        return answer

    def close(self) -> None:
        pass


def made(session: Session) -> Apple:
    clock = Clock()
    client = Apple(KEY, APP.bundle_id, "Sandbox", base_url=BASE, clock=clock, sleep=clock.sleep)
    client._wire._session = session  # type: ignore[assignment]  # only these two methods are used
    return client


@pytest.mark.parametrize(
    ("call", "method", "path", "sent"),
    [
        (lambda apple: apple.upload_message(ID, b"{}"), "PUT", f"/message/{ID}", b"{}"),
        (lambda apple: apple.upload_image(ID, b"png", "BULLET_POINT"), "PUT", f"/image/{ID}", b"png"),
        (lambda apple: apple.delete_message(ID), "DELETE", f"/message/{ID}", None),
        (lambda apple: apple.delete_image(ID), "DELETE", f"/image/{ID}", None),
        (
            lambda apple: apple.configure_default("a/b", "en-US", ID),
            "PUT",
            "/default/a%2Fb/en-US",
            {"messageIdentifier": ID},
        ),
        (lambda apple: apple.delete_default("a/b", "en-US"), "DELETE", "/default/a%2Fb/en-US", None),
        (
            lambda apple: apple.set_realtime_url("https://a.example.com/x"),
            "PUT",
            "/realtime/url",
            b'{"realtimeURL": "https://a.example.com/x"}',
        ),
        (lambda apple: apple.delete_realtime_url(), "DELETE", "/realtime/url", None),
    ],
)
def test_each_change_is_one_call(call: Callable[[Apple], object], method: str, path: str, sent: object) -> None:
    """Names are escaped in paths, and a message's bytes are sent as they are: its id follows from them."""
    session = Session()
    with made(session) as client:
        call(client)
    assert session.calls == [(method, PATH + path, sent)]


@pytest.mark.parametrize(
    ("read", "document", "expected"),
    [
        (
            lambda apple: apple.messages(),
            {"messageIdentifiers": [{"messageIdentifier": ID.upper(), "messageState": "APPROVED"}]},
            {ID: "APPROVED"},
        ),
        (
            lambda apple: apple.images(),
            {"imageIdentifiers": [{"imageIdentifier": ID, "imageState": "PENDING", "imageSize": "FULL_SIZE"}]},
            {ID: ImageState("PENDING", "FULL_SIZE")},
        ),
        (lambda apple: apple.default("p", "en-US"), {"messageIdentifier": ID}, ID),
        (lambda apple: apple.realtime_url(), {"realtimeURL": "https://a.example.com"}, "https://a.example.com"),
        (lambda apple: apple.start_performance_test("1").request_id, {"requestId": "t"}, "t"),
        (lambda apple: apple.performance_test("t").result, {"result": "PASS"}, "PASS"),
        (lambda apple: apple.request_test_notification(), {"testNotificationToken": "u_1"}, "u_1"),
        (lambda apple: apple.test_notification("u_1"), {"sendAttempts": []}, TestStatus("", ())),
    ],
)
def test_each_answer_is_in_our_types(read: Callable[[Apple], object], document: object, expected: object) -> None:
    """Ids are in lower case."""
    assert read(made(Session(200, document))) == expected


@pytest.mark.parametrize(
    ("read", "code"),
    [
        (lambda apple: apple.default("p", "en-US"), DEFAULT_NOT_FOUND),
        (lambda apple: apple.realtime_url(), REALTIME_URL_NOT_FOUND),
        (lambda apple: apple.test_notification("u_1"), TEST_NOTIFICATION_NOT_FOUND),
    ],
)
def test_what_is_not_configured_is_none(read: Callable[[Apple], object], code: int) -> None:
    """Apple's `not found` is an answer, and no failure."""
    assert read(made(Session(404, {"errorCode": code, "errorMessage": "Not found."}))) is None


def test_without_a_notification_url_the_error_names_the_verb_that_shows_it() -> None:
    """Apple sends no test to an app that has no URL in App Store Connect."""
    answer = {"errorCode": NOTIFICATION_URL_NOT_FOUND, "errorMessage": "No URL."}
    with made(Session(404, answer)) as client, pytest.raises(AppleError, match="retention notifications url"):
        client.request_test_notification()


def test_an_identifier_must_be_a_uuid() -> None:
    """No call is made with another one: it would be part of a path."""
    session = Session()
    with pytest.raises(ValueError, match="UUID"):
        made(session).delete_message("../realtime/url")
    assert session.calls == []
