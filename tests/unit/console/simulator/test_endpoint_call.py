"""Calling an endpoint as the App Store does: Apple's name for each outcome, with prepared answers and no sockets."""

from __future__ import annotations

import io
import json
import ssl
from http.client import HTTPConnection
from typing import Any

import pytest

from console.simulator import endpoint_call
from console.simulator.endpoint_call import call, notify
from tests.support.simulated_app import PATIENT_MS

URL = "http://endpoint.example/v1/message?x=1"


class PreparedSocket:
    """Takes a request, and gives one answer."""

    def __init__(self, answer: bytes, sent: list[bytes]) -> None:
        self._answer, self._sent = answer, sent

    def sendall(self, data: bytes) -> None:
        self._sent.append(data)

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._answer)

    def shutdown(self, _how: int) -> None: ...

    def close(self) -> None: ...


def answering(monkeypatch: pytest.MonkeyPatch, *answers: bytes | Exception) -> list[bytes]:
    """Let each connection in turn get one of `answers`, or fail with it; return the list of what is sent."""
    sent: list[bytes] = []
    prepared = iter(answers)

    class Connection(HTTPConnection):
        def connect(self) -> None:
            answer = next(prepared)
            if isinstance(answer, Exception):
                raise answer
            self.sock: Any = PreparedSocket(answer, sent)

    monkeypatch.setattr(endpoint_call, "HTTPConnection", Connection)
    return sent


def answer(status: str = "200 OK", body: bytes = b"{}", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def test_a_signed_payload_is_posted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint gets one POST with its path and query, and the attempt has what it answered."""
    sent = answering(monkeypatch, answer(body=b'{"message":{}}', X_Trace="7"))
    attempt = call(URL, "header.payload.signature", PATIENT_MS)
    assert (attempt.result, attempt.reason, attempt.status) == ("SUCCESS", "", 200)
    assert (attempt.body, attempt.headers["x-trace"]) == (b'{"message":{}}', "7")
    head, _, body = b"".join(sent).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/message?x=1 HTTP/1.1\r\n")
    assert json.loads(body) == {"signedPayload": "header.payload.signature"}


@pytest.mark.parametrize(
    ("prepared", "result", "reason"),
    [
        (answer("204 No Content", b""), "UNSUCCESSFUL_HTTP_RESPONSE_CODE", "HTTP 204, not 200"),
        (answer("302 Found"), "UNSUCCESSFUL_HTTP_RESPONSE_CODE", "HTTP 302, not 200"),
        (answer(content_type="application/json; charset=utf-16"), "UNSUPPORTED_CHARSET", "in utf-16, not in UTF-8"),
        (answer(content_type="application/json; charset=klingon"), "UNSUPPORTED_CHARSET", "in klingon, not in UTF-8"),
        (answer(content_type="application/json; charset=UTF8"), "SUCCESS", ""),
        (answer()[:-1], "PREMATURE_CLOSE", "in the middle of its answer"),
        (b"", "NO_RESPONSE", "without an answer"),
        (b"hello\r\n\r\n", "INVALID_RESPONSE", "not HTTP"),
        (ConnectionRefusedError("refused"), "SOCKET_ISSUE", "refused"),
        (TimeoutError(), "TIMED_OUT", f"within {PATIENT_MS} ms"),
        (ssl.SSLError("protocol"), "TLS_ISSUE", "TLS connection of version 1.2"),
        (ssl.SSLCertVerificationError("self-signed"), "TLS_ISSUE", "certificate is not trusted"),
        (ValueError("odd"), "OTHER", "odd"),
    ],
)
def test_each_outcome_has_apples_name(
    monkeypatch: pytest.MonkeyPatch, prepared: bytes | Exception, result: str, reason: str
) -> None:
    """Each outcome has Apple's name for it, and each failure a sentence that explains it."""
    answering(monkeypatch, prepared)
    attempt = call(URL, "x", PATIENT_MS)
    assert attempt.result == result
    assert reason in attempt.reason


def test_a_redirect_is_followed_with_the_same_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative redirect leads to another path of the same host, and the payload is posted there again."""
    sent = answering(monkeypatch, answer("307 Temporary Redirect", location="../next"), answer())
    assert call(URL, "x", PATIENT_MS).result == "SUCCESS"
    requests = b"".join(sent)
    assert requests.count(b'{"signedPayload": "x"}') == 2
    assert b"POST /next HTTP/1.1\r\n" in requests


@pytest.mark.parametrize(
    ("locations", "result"),
    [
        ([URL], "CIRCULAR_REDIRECT"),
        ([f"/{number}" for number in range(6)], "CIRCULAR_REDIRECT"),
        (["http://[::1/"], "OTHER"),
        (["ftp://endpoint.example/"], "OTHER"),
    ],
    ids=["to itself", "six in a row", "no URL", "no HTTP"],
)
def test_an_endless_or_impossible_redirect_fails(
    monkeypatch: pytest.MonkeyPatch, locations: list[str], result: str
) -> None:
    """A circle, a sixth redirect in a row, and a target that cannot be called are failures."""
    answering(monkeypatch, *(answer("302 Found", location=location) for location in locations))
    assert call(URL, "x", PATIENT_MS).result == result


def test_the_payload_is_in_no_repr() -> None:
    """An attempt's `repr` does not show the body, which can name a customer's offer."""
    assert "secret" not in repr(endpoint_call.Attempt("SUCCESS", "", 1, 200, b"secret"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "ftp://127.0.0.1/", "http://\u2100.example/"])
def test_a_bad_url_raises_nothing(url: str) -> None:
    """A URL that cannot be called gives a failed attempt and raises no exception."""
    assert call(url, "x", PATIENT_MS).result != "SUCCESS"


def test_tls_is_1_2_at_least() -> None:
    """The context that the simulator calls with takes TLS 1.2 or later, as Apple's does."""
    assert endpoint_call._tls().minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("status", [200, 201, 204, 206])
def test_any_status_from_200_to_206_receives_a_notification(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """Apple ignores the body of the answer to a notification, in any charset; the status decides."""
    answer = f"HTTP/1.1 {status} Fine\r\ncontent-type: text/plain; charset=latin-1\r\ncontent-length: 0\r\n\r\n"
    sent = answering(monkeypatch, answer.encode())
    assert notify(URL, "signed", PATIENT_MS).result == "SUCCESS"
    assert json.loads(b"".join(sent).partition(b"\r\n\r\n")[2]) == {"signedPayload": "signed"}


@pytest.mark.parametrize("status", [207, 400, 503])
def test_every_other_status_is_a_failed_attempt(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """Any other status is an unsuccessful code, which makes Apple retry."""
    answering(monkeypatch, f"HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n".encode())
    attempt = notify(URL, "signed", PATIENT_MS)
    assert (attempt.result, attempt.status) == ("UNSUCCESSFUL_HTTP_RESPONSE_CODE", status)
