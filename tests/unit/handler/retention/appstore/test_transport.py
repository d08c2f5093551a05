"""Calls of Apple's API: what is sent, what is asked again, and the error for each answer that is no success."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3
from retention.appstore.transport import (
    RETRY_SECONDS,
    AppleCall,
    AppleCallError,
    AppleUnreachableError,
    RateLimitedError,
    Transport,
    public_roots,
)
from retention.aws.deadline import Deadline

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GOOD = {"good": True}
CALL = AppleCall("/subscriptions/…", "/subscriptions/2000000123456789")


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
    calls: list[tuple[str, str, dict[str, str], bytes | None]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def request(
        self, method: str, url: str, *, headers: dict[str, str], body: bytes | None, redirect: bool, **_: Any
    ) -> Answer:
        assert not redirect
        self.calls.append((method, url, headers, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def transport(self, monkeypatch: pytest.MonkeyPatch) -> Transport:
        monkeypatch.setattr(
            urllib3.PoolManager, "request", lambda _, *given, **options: self.request(*given, **options)
        )
        return Transport("http://apple.example.com", sleep=self.slept.append, clock=lambda: NOW)


def soon() -> Deadline:
    return Deadline.after(300)


def token() -> str:
    return "a.b.c"


def test_each_call_has_a_token_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apple advises a new token for each call."""
    apple = Apple([Answer(document=GOOD), Answer(document=GOOD)])
    transport = apple.transport(monkeypatch)
    tokens = iter(("first", "second"))
    for _ in range(2):
        assert json.loads(transport.ask(CALL, lambda: next(tokens), soon())) == GOOD
    assert [headers["authorization"] for _, _, headers, _ in apple.calls] == ["Bearer first", "Bearer second"]


def test_a_call_without_a_body_is_a_get_and_one_with_a_body_a_post(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query is encoded into the URL, and a body is sent as JSON."""
    apple = Apple([Answer(document=GOOD), Answer(document=GOOD)])
    transport = apple.transport(monkeypatch)
    transport.ask(CALL, token, soon())
    transport.ask(AppleCall("/history", "/history", {"paginationToken": "a b&c"}, {"startDate": 1}), token, soon())
    (got, url, headers, body), (posted, asked, sent, document) = apple.calls
    assert (got, url, body) == ("GET", "http://apple.example.com/subscriptions/2000000123456789", None)
    assert "content-type" not in headers
    assert (posted, asked) == ("POST", "http://apple.example.com/history?paginationToken=a+b%26c")
    assert (sent["content-type"], document) == ("application/json", b'{"startDate": 1}')


@pytest.mark.parametrize(
    "failure", [Answer(503), Answer(500, {"errorCode": 5000001}), urllib3.exceptions.ProtocolError(), OSError()]
)
def test_a_passing_failure_is_asked_once_more(monkeypatch: pytest.MonkeyPatch, failure: Answer | Exception) -> None:
    """After a second the call is made again, and its answer is taken."""
    apple = Apple([failure, Answer(document=GOOD)])
    assert json.loads(apple.transport(monkeypatch).ask(CALL, token, soon())) == GOOD
    assert apple.slept == [RETRY_SECONDS]


def test_a_second_failure_is_final(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run asks again five minutes later. The evidence has the name of the call, not the customer's id."""
    apple = Apple([Answer(503), urllib3.exceptions.ProtocolError(), Answer(document=GOOD)])
    with pytest.raises(AppleUnreachableError) as caught:
        apple.transport(monkeypatch).ask(CALL, token, soon())
    assert caught.value.evidence == {"path": "/subscriptions/…", "error": "ProtocolError"}
    assert len(apple.answers) == 1


def test_without_time_left_nothing_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repetition that could not end in time is not begun."""
    apple = Apple([Answer(503)])
    with pytest.raises(AppleUnreachableError):
        apple.transport(monkeypatch).ask(CALL, token, Deadline(100.0, lambda: 100.0 - RETRY_SECONDS / 2))
    assert apple.slept == []


@pytest.mark.parametrize(
    ("answer", "code", "evidence"),
    [
        (Answer(401, b""), "apple_unauthorized", {"status": 401}),
        (Answer(404, b""), "apple_no_access", {"status": 404}),
        (Answer(404, {"errorCode": 4040010}), "apple_refused", {"status": 404, "errorCode": 4040010}),
        (Answer(400, {"errorCode": 4000001}), "apple_refused", {"status": 400, "errorCode": 4000001}),
        (Answer(302, b"", {"location": "http://a"}), "apple_refused", {"status": 302}),
        (Answer(403, {"errorCode": "x"}), "apple_refused", {"status": 403}),
        (Answer(200, b" " * (4 * 1024 * 1024 + 1)), "apple_refused", {"status": 200}),
    ],
    ids=["401", "empty 404", "404 with a code", "400", "redirect", "code that is no number", "too long"],
)
def test_a_refusal_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, code: str, evidence: dict[str, int]
) -> None:
    """The code and the evidence go to the log; token and customer are in neither, and no redirect is followed."""
    apple = Apple([answer])
    with pytest.raises(AppleCallError) as caught:
        apple.transport(monkeypatch).ask(CALL, token, soon())
    assert (caught.value.code, caught.value.evidence) == (code, {"path": "/subscriptions/…", **evidence})
    assert caught.value.number == evidence.get("errorCode")
    assert "a.b.c" not in str(caught.value)
    assert "2000000123456789" not in f"{caught.value} {CALL!r}"
    assert answer.released


def test_a_rate_limit_has_the_time_from_which_calls_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a usable Retry-After the time is unknown."""
    until = NOW + timedelta(minutes=20)
    apple = Apple([Answer(429, b"", {"retry-after": str(int(until.timestamp() * 1000))}), Answer(429, b"")])
    transport = apple.transport(monkeypatch)
    found = []
    for _ in range(2):
        with pytest.raises(RateLimitedError) as caught:
            transport.ask(CALL, token, soon())
        found.append((caught.value.until, caught.value.evidence))
    assert found == [(until, {"until": until.isoformat(timespec="seconds")}), (None, {})]


def test_an_answer_that_was_not_read_completely_closes_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of it would be taken for the next answer."""
    closed: list[str] = []
    answer = Answer(document=GOOD, length_remaining=5)
    monkeypatch.setattr(answer, "close", lambda: closed.append("closed"))
    Apple([answer]).transport(monkeypatch).ask(CALL, token, soon())
    assert closed == ["closed"]


def test_apples_certificate_is_verified_by_public_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_CA_BUNDLE, which the template sets for AWS alone, does not change them."""
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nonexistent")
    context = public_roots()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(context.get_ca_certs()) > 50
