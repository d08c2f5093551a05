"""How a rehearsal judges its answers: one body, the Server-Timing header, the figures."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from console.simulator import rehearsal
from console.simulator.endpoint_call import Attempt
from console.simulator.performance import Tally
from console.simulator.rehearsal import Rehearsal, RequestTemplate, Sent, rehearse, send, server_timing
from console.simulator.simulator import TestConfig
from tests.support.simulated_app import APP, AUTHORITY, MONTHLY, new_id

URL = "https://api.example.com/"
TEMPLATE = RequestTemplate(AUTHORITY, APP.app_apple_id, MONTHLY, "en-US", "2000000000000001")
MESSAGE = new_id()
GOOD = json.dumps({"message": {"messageIdentifier": MESSAGE}}).encode()
FOUR = TestConfig(1, total_requests=4, total_duration_ms=0, success_rate_threshold=75)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", {}),
        ("cold;dur=812.3, verify;dur=4.5,total;dur=20", {"cold": 812.3, "verify": 4.5, "total": 20}),
        ('cdn;desc="a cache";dur="3"', {"cdn": 3}),
        ("miss, ;dur=1, total;dur=soon, db ; DUR = 2", {"db": 2}),
    ],
)
def test_durations_are_read_from_server_timing(header: str, found: dict[str, float]) -> None:
    """`server_timing` reads the names that have a duration in ms, and ignores the rest of the header."""
    assert server_timing({"server-timing": header}) == found


def answering(monkeypatch: pytest.MonkeyPatch, attempt: Attempt) -> list[str]:
    """Let every call of an endpoint end with `attempt`; return the list to which each signedPayload is added."""
    sent: list[str] = []

    def call(_url: str, signed: str, _limit_ms: int) -> Attempt:
        sent.append(signed)
        return attempt

    monkeypatch.setattr(rehearsal, "call", call)
    return sent


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(GOOD, "", id="a message"),  # its UUID is another in every process
        (b"\xff", "not JSON in UTF-8"),
        (b"[]", "exactly one of"),
        (b"{}", "exactly one of"),
        (b'{"message": {}, "alternateProduct": {}}', "exactly one of"),
        (b'{"messages": {}}', "exactly one of"),
        (b'{"message": {}}', "messageIdentifier is missing"),
        (b'{"message": "hello"}', "messageIdentifier is missing"),
        (b'{"message": {"messageIdentifier": "hello"}}', "not a UUID"),
    ],
)
def test_the_body_of_a_200_is_judged(monkeypatch: pytest.MonkeyPatch, body: bytes, reason: str) -> None:
    """A 200 counts as SUCCESS with one answer that names a message, and as INVALID_RESPONSE with any other body."""
    answering(monkeypatch, Attempt("SUCCESS", "", 20, 200, body))
    sent = send(0, URL, 700, TEMPLATE)
    assert (sent.result, sent.message) == (("INVALID_RESPONSE", None) if reason else ("SUCCESS", MESSAGE))
    assert reason in sent.reason


@pytest.mark.parametrize(
    ("attempt", "result", "reason"),
    [
        (Attempt("SUCCESS", "", 700, 200, GOOD), "SUCCESS", ""),
        (Attempt("SUCCESS", "", 701, 200, GOOD), "TIMED_OUT", "answered after 701 ms; Apple waits 700 ms"),
        (Attempt("TIMED_OUT", "late", 3700), "TIMED_OUT", "no answer; Apple waits 700 ms"),
        (Attempt("SOCKET_ISSUE", "refused", 2), "SOCKET_ISSUE", "refused"),
    ],
)
def test_the_result_is_apples_at_its_threshold(
    monkeypatch: pytest.MonkeyPatch, attempt: Attempt, result: str, reason: str
) -> None:
    """Each result after Apple's threshold is TIMED_OUT; an earlier failure keeps its own name and reason."""
    answering(monkeypatch, attempt)
    sent = send(3, URL, 700, TEMPLATE)
    assert (sent.number, sent.result, sent.reason) == (3, result, reason)


def test_each_request_is_signed_with_its_own_identifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests have the template's customer, product and locale, and each the identifier that is reported."""
    payloads = answering(monkeypatch, Attempt("SUCCESS", "", 20, 200, GOOD))
    reported = [send(number, URL, 700, TEMPLATE).request_identifier for number in range(2)]
    claims = [json.loads(base64.urlsafe_b64decode(payload.split(".")[1] + "==")) for payload in payloads]
    assert [each["requestIdentifier"] for each in claims] == reported
    assert len(set(reported)) == 2
    assert {(each["originalTransactionId"], each["productId"], each["userLocale"]) for each in claims} == {
        (TEMPLATE.transaction, MONTHLY, "en-US")
    }


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_the_first_request_ends_the_rehearsal(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """If the endpoint refuses the first request, no other one is sent, and the rehearsal has failed."""
    answering(monkeypatch, Attempt("UNSUCCESSFUL_HTTP_RESPONSE_CODE", f"HTTP {status}", 5, status))
    done = rehearse(URL, FOUR, TEMPLATE)
    assert (len(done.sent), done.refused, done.result) == (1, True, "FAIL")
    assert done.stopped == f"the endpoint refuses these requests: {status}"


def test_progress_is_reported_for_each_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The progress function gets the number of answers so far and the number of requests."""
    answering(monkeypatch, Attempt("SUCCESS", "", 20, 200, GOOD))
    reported: list[tuple[str, int, int]] = []
    done = rehearse(URL, FOUR, TEMPLATE, lambda *progress: reported.append(progress))
    assert reported == [("requests", number, 4) for number in range(1, 5)]
    assert done.passed


def one(number: int, took_ms: int, result: str = "SUCCESS", **timing: float) -> Sent:
    status = None if result == "SOCKET_ISSUE" else 200
    attempt = Attempt("SUCCESS", "", took_ms, status, GOOD, {"apigw-requestid": f"api-{number}"})
    return Sent(
        number, f"request-{number}", result, "" if result == "SUCCESS" else f"why {number}", attempt, timing, None
    )


def finished(*sent: Sent) -> Rehearsal:
    tally = Tally(URL, FOUR)
    for each in sent:
        tally.add(each.result, each.attempt.took_ms if each.result == "SUCCESS" else None)
    return Rehearsal(tally, list(sent))


def test_cold_warm_and_late_requests_are_distinguished() -> None:
    """Cold and warm are by Server-Timing: an answer without the header is neither. Late answers are listed too."""
    done = finished(
        one(0, 650, cold=500, total=20), one(1, 30, total=20), one(2, 900, "TIMED_OUT", total=20), one(3, 40)
    )
    assert [[sent.number for sent in part] for part in (done.cold, done.warm, done.late)] == [[0], [1, 2], [2]]
    assert [sent.number for sent in done.slowest] == [2, 0, 3, 1]


def test_a_reason_is_that_of_the_first_failure() -> None:
    """Each of Apple's results is explained by the first request that had it."""
    done = finished(one(0, 5), one(1, 900, "TIMED_OUT"), one(2, 950, "TIMED_OUT"), one(3, 1, "SOCKET_ISSUE"))
    assert done.reasons == {"TIMED_OUT": "why 1", "SOCKET_ISSUE": "why 3"}


def test_a_rehearsal_that_ended_early_has_failed() -> None:
    """Three good answers of four pass only if the fourth request was sent."""
    assert not finished(one(0, 5), one(1, 5), one(2, 5)).passed
    assert finished(one(0, 5), one(1, 5), one(2, 5), one(3, 900, "TIMED_OUT")).passed


def test_the_document_has_our_figures_under_a_key_of_their_own() -> None:
    """Next to Apple's report, `rehearsal` has cold and warm figures, and the slow requests with both request ids."""
    document: dict[str, Any] = finished(one(0, 650, cold=499.6), one(1, 30, total=20)).document()
    more = document.pop("rehearsal")
    assert set(document) == set(Tally(URL, FOUR).report())
    assert (more["cold"]["requests"], more["cold"]["initAndAnswer"]["p99"], more["warm"]["requests"]) == (1, 500, 1)
    assert [(sent["requestIdentifier"], sent["apiRequestId"]) for sent in more["slowest"]] == [
        ("request-0", "api-0"),
        ("request-1", "api-1"),
    ]
    assert more["stopped"] is None
