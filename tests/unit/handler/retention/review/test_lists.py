"""Apple's two lists: what is asked, what is asked again, and the error for each answer that is no list."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3
from retention.aws.deadline import Deadline
from retention.review.lists import (
    RETRY_SECONDS,
    AppleUnreachableError,
    AppStore,
    NoListError,
    RateLimitedError,
    public_roots,
)
from retention.review.snapshot import ImageState, SnapshotFormatError

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MESSAGE, IMAGE = "11111111-1111-5111-8111-111111111111", "99999999-9999-5999-8999-999999999999"
MESSAGES = {"messageIdentifiers": [{"messageIdentifier": MESSAGE, "messageState": "APPROVED"}]}
IMAGES = {"imageIdentifiers": [{"imageIdentifier": IMAGE, "imageState": "PENDING", "imageSize": "FULL_SIZE"}]}


@dataclass
class Answer:
    """One answer, as urllib3 has it."""

    status: int = 200
    document: object = None
    headers: dict[str, str] = field(default_factory=dict)
    length_remaining: int = 0
    released: bool = False

    def read(self, _: int, *, decode_content: bool) -> bytes:
        assert decode_content
        return self.document if isinstance(self.document, bytes) else json.dumps(self.document).encode()

    def close(self) -> None:
        self.released = True

    release_conn = close


@dataclass
class Apple:
    """Apple's answers in turn, the calls that were made, and the pauses before them."""

    answers: list[Answer | Exception]
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def request(self, method: str, url: str, *, headers: dict[str, str], redirect: bool, **_: Any) -> Answer:
        assert (method, redirect) == ("GET", False)
        self.calls.append((url, headers))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def store(self, monkeypatch: pytest.MonkeyPatch) -> AppStore:
        monkeypatch.setattr(
            urllib3.PoolManager, "request", lambda _, *given, **options: self.request(*given, **options)
        )
        return AppStore("http://apple.example.com", sleep=self.slept.append, clock=lambda: NOW)


def soon() -> Deadline:
    return Deadline.after(300)


def token() -> str:
    return "a.b.c"


def test_both_lists_are_read_with_a_token_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apple advises a new token for each call."""
    apple = Apple([Answer(document=MESSAGES), Answer(document=IMAGES)])
    store = apple.store(monkeypatch)
    tokens = iter(("first", "second"))
    assert store.messages(lambda: next(tokens), soon()) == {MESSAGE: "APPROVED"}
    assert store.images(lambda: next(tokens), soon()) == {IMAGE: ImageState("PENDING", "FULL_SIZE")}
    base = "http://apple.example.com/inApps/v1/messaging"
    assert [(url, headers["authorization"]) for url, headers in apple.calls] == [
        (f"{base}/message/list", "Bearer first"),
        (f"{base}/image/list", "Bearer second"),
    ]


@pytest.mark.parametrize(
    "failure", [Answer(503), Answer(500, {"errorCode": 5000001}), urllib3.exceptions.ProtocolError(), OSError()]
)
def test_a_passing_failure_is_asked_once_more(monkeypatch: pytest.MonkeyPatch, failure: Answer | Exception) -> None:
    """After a second the call is made again, and its list is taken."""
    apple = Apple([failure, Answer(document=MESSAGES)])
    assert apple.store(monkeypatch).messages(token, soon()) == {MESSAGE: "APPROVED"}
    assert apple.slept == [RETRY_SECONDS]


def test_a_second_failure_is_final(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run asks again five minutes later."""
    apple = Apple([Answer(503), urllib3.exceptions.ProtocolError(), Answer(document=MESSAGES)])
    with pytest.raises(AppleUnreachableError) as caught:
        apple.store(monkeypatch).messages(token, soon())
    assert caught.value.evidence == {"path": "/message/list", "error": "ProtocolError"}
    assert len(apple.answers) == 1


def test_without_time_left_nothing_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repetition that could not end in time is not begun."""
    apple = Apple([Answer(503)])
    with pytest.raises(AppleUnreachableError):
        apple.store(monkeypatch).messages(token, Deadline(100.0, lambda: 100.0 - RETRY_SECONDS / 2))
    assert apple.slept == []


@pytest.mark.parametrize(
    ("answer", "code", "evidence"),
    [
        (Answer(401, b""), "apple_unauthorized", {"status": 401}),
        (Answer(404, b""), "apple_no_access", {"status": 404}),
        (Answer(400, {"errorCode": 4000001}), "apple_refused", {"status": 400, "errorCode": 4000001}),
        (Answer(302, b"", {"location": "http://a"}), "apple_refused", {"status": 302}),
        (Answer(403, {"errorCode": "x"}), "apple_refused", {"status": 403}),
        (Answer(200, b" " * (4 * 1024 * 1024 + 1)), "apple_refused", {"status": 200}),
    ],
)
def test_a_refusal_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, code: str, evidence: dict[str, int]
) -> None:
    """The code and the evidence go to the log; the token is in neither, and no redirect is followed."""
    apple = Apple([answer])
    with pytest.raises(NoListError) as caught:
        apple.store(monkeypatch).messages(token, soon())
    assert (caught.value.code, caught.value.evidence) == (code, {"path": "/message/list", **evidence})
    assert "a.b.c" not in str(caught.value)
    assert answer.released


def test_a_rate_limit_has_the_time_from_which_calls_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a usable Retry-After the time is unknown."""
    until = NOW + timedelta(minutes=20)
    apple = Apple([Answer(429, b"", {"retry-after": str(int(until.timestamp() * 1000))}), Answer(429, b"")])
    store = apple.store(monkeypatch)
    found = []
    for _ in range(2):
        with pytest.raises(RateLimitedError) as caught:
            store.messages(token, soon())
        found.append((caught.value.until, caught.value.evidence))
    assert found == [(until, {"until": until.isoformat(timespec="seconds")}), (None, {})]


@pytest.mark.parametrize("document", [{}, [], b"<html>", {"messageIdentifiers": [{}]}])
def test_a_success_that_holds_no_list_is_no_empty_list(monkeypatch: pytest.MonkeyPatch, document: object) -> None:
    """A proxy's page, read as an empty list, would stop every message."""
    if document == {}:
        document = {"status": "maintenance"}
    with pytest.raises(SnapshotFormatError):
        Apple([Answer(document=document)]).store(monkeypatch).messages(token, soon())


def test_an_answer_that_was_not_read_completely_closes_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of it would be taken for the next answer."""
    closed: list[str] = []
    answer = Answer(document=MESSAGES, length_remaining=5)
    monkeypatch.setattr(answer, "close", lambda: closed.append("closed"))
    Apple([answer]).store(monkeypatch).messages(token, soon())
    assert closed == ["closed"]


def test_apples_certificate_is_verified_by_public_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_CA_BUNDLE, which the template sets for AWS alone, does not change them."""
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nonexistent")
    context = public_roots()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(context.get_ca_certs()) > 50
