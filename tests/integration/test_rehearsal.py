"""A rehearsal: which URLs it takes, how it paces and judges its requests, and what it reports."""

from __future__ import annotations

import json
import signal
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pytest
from appstoreserverlibrary.models.LibraryUtility import _get_cattrs_converter
from appstoreserverlibrary.models.PerformanceTestResultResponse import PerformanceTestResultResponse
from retention.jws import SignedPayloadVerifier

from console.cli.main import main
from console.local.samples import SAMPLE
from console.simulator.api import HangUp, Request, Response
from console.simulator.authority import Authority
from console.simulator.rehearsal import RequestTemplate, rehearse, send
from console.simulator.server import Server
from console.simulator.simulator import TestConfig
from tests.support.waiting import PATIENCE

AUTHORITY = Authority.create("Test Rehearsal Root CA")
ASKING = RequestTemplate(AUTHORITY, 6745974591, "trailhead.pro.annual", "en-US", "2000000900000001")
MESSAGE = str(uuid.uuid4())
GOOD = json.dumps({"message": {"messageIdentifier": MESSAGE}}).encode()
JSON = {"content-type": "application/json; charset=utf-8"}

# So long that no result depends on the speed of this machine.
PATIENT = 300_000
SHORT = TestConfig(4, 20, 100, PATIENT, 95)
WAIT = PATIENCE

NOW = datetime.now(UTC)


def reply(status: int = 200, body: bytes = GOOD, **headers: str) -> Response:
    return Response(status, {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}, body)


@dataclass
class Endpoint:
    """Answers by the request's number, and keeps the claims that it was sent and how many were open at a time."""

    answers: Callable[[int], Response] = lambda _: reply()
    claims: list[Mapping[str, Any]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    inside: int = 0
    most: int = 0

    def __call__(self, request: Request) -> Response:
        payload = json.loads(request.body)["signedPayload"]
        claims = SignedPayloadVerifier([AUTHORITY.root_der]).verify(payload, datetime.now(UTC))
        with self.lock:
            self.claims.append(claims)
            number = len(self.claims)
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            return self.answers(number)
        finally:
            with self.lock:
                self.inside -= 1


@contextmanager
def listening(endpoint: Callable[[Request], Response]) -> Iterator[str]:
    with Server(endpoint) as server:
        yield f"{server.url}/v1/retention-message"


def answering(status: int = 200, body: bytes = GOOD, **headers: str) -> Endpoint:
    return Endpoint(lambda _: reply(status, body, **headers))


# --- one request ---


@pytest.mark.parametrize(
    ("endpoint", "result"),
    [
        (answering(), "SUCCESS"),
        (answering(204, b""), "UNSUCCESSFUL_HTTP_RESPONSE_CODE"),
        (answering(body=b"{}"), "INVALID_RESPONSE"),
        (answering(body=b"\xff"), "INVALID_RESPONSE"),
        (answering(body=b'{"message": {}}'), "INVALID_RESPONSE"),
        (answering(body=b'{"message": {"messageIdentifier": 7}}'), "INVALID_RESPONSE"),
        (answering(body=b'{"message": [], "promotionalOffer": []}'), "INVALID_RESPONSE"),
        (answering(body=b'{"promotion": {"messageIdentifier": "1"}}'), "INVALID_RESPONSE"),
        (answering(content_type="application/json; charset=latin-1"), "UNSUPPORTED_CHARSET"),
        (answering(307, location="/v1/retention-message"), "CIRCULAR_REDIRECT"),
    ],
)
def test_a_request_is_judged_in_apples_words(endpoint: Endpoint, result: str) -> None:
    """Each failed request has Apple's name for the failure and a reason; a successful one has no reason."""
    with listening(endpoint) as url:
        sent = send(0, url, PATIENT, ASKING)
    assert (sent.result, bool(sent.reason)) == (result, result != "SUCCESS")
    assert sent.message == (MESSAGE if result == "SUCCESS" else None)


def test_a_connection_that_is_closed_is_no_response() -> None:
    """An endpoint that closes the connection without an answer is Apple's NO_RESPONSE."""

    def hang_up(_: Request) -> Response:
        raise HangUp

    with listening(hang_up) as url:
        assert send(0, url, PATIENT, ASKING).result == "NO_RESPONSE"


def test_no_listener_is_a_socket_issue() -> None:
    """If nothing listens at the URL, the result is Apple's SOCKET_ISSUE."""
    with listening(Endpoint()) as url:
        pass
    assert send(0, url, PATIENT, ASKING).result == "SOCKET_ISSUE"


def test_a_late_answer_is_timed_out_and_still_read() -> None:
    """A late answer is TIMED_OUT, but the rehearsal reads its status and timings, which an owner needs."""
    pause = Event()

    def late(_: int) -> Response:
        pause.wait(0.05)
        return reply(server_timing="cold;dur=912.5, total;dur=20")

    with listening(Endpoint(late)) as url:
        sent = send(0, url, 1, ASKING)
    assert (sent.result, sent.attempt.status, sent.cold) == ("TIMED_OUT", 200, True)
    assert "Apple waits 1 ms" in sent.reason
    assert sent.document()["serverTiming"] == {"cold": 912.5, "total": 20}


# --- the complete test ---


def test_every_request_is_fresh_and_about_the_same_customer() -> None:
    """As in Apple's test, all requests are of one transaction and product, each with its own requestIdentifier."""
    endpoint = Endpoint()
    with listening(endpoint) as url:
        rehearsal = rehearse(url, SHORT, ASKING)
    assert rehearsal.passed
    assert len({claims["requestIdentifier"] for claims in endpoint.claims}) == 20
    assert {claims["requestIdentifier"] for claims in endpoint.claims} == {
        sent.request_identifier for sent in rehearsal.sent
    }
    assert {(claims["originalTransactionId"], claims["productId"]) for claims in endpoint.claims} == {
        ("2000000900000001", "trailhead.pro.annual")
    }
    assert {claims["environment"] for claims in endpoint.claims} == {"Sandbox"}


def test_no_more_requests_are_in_flight_than_configured() -> None:
    """Never more requests than the configured number are open at a time, and a burst reaches it."""
    full = Event()

    def answer(number: int) -> Response:
        if number == 3:
            full.set()
        assert full.wait(WAIT)
        return reply()

    endpoint = Endpoint(answer)
    with listening(endpoint) as url:
        rehearsal = rehearse(url, TestConfig(3, 12, 0, PATIENT, 95), ASKING)
    assert rehearsal.passed
    assert endpoint.most == 3


def test_a_timed_out_request_does_not_hold_up_the_next() -> None:
    """As with Apple, a request that timed out no longer counts as open; its late answer is still recorded."""
    crowded = Event()

    def answer(number: int) -> Response:
        if number == 6:
            crowded.set()
        assert crowded.wait(WAIT)
        return reply()

    endpoint = Endpoint(answer)
    with listening(endpoint) as url:
        rehearsal = rehearse(url, TestConfig(2, 6, 0, 50, 95), ASKING)
    assert endpoint.most > 2
    assert rehearsal.tally.report()["failures"].keys() == {"TIMED_OUT"}
    assert rehearsal.late


def test_the_report_has_apples_shape() -> None:
    """Apple's own library reads the report; what only a rehearsal knows is under the key `rehearsal`."""
    endpoint = Endpoint(lambda number: reply(204 if number == 7 else 200, b"" if number == 7 else GOOD))
    with listening(endpoint) as url:
        document = rehearse(url, SHORT, ASKING).document()
    assert set(document) == {
        "config", "target", "result", "successRate", "numPending", "responseTimes", "failures", "rehearsal",
    }  # fmt: skip
    read = _get_cattrs_converter(PerformanceTestResultResponse).structure(
        {key: value for key, value in document.items() if key != "rehearsal"}, PerformanceTestResultResponse
    )
    assert (read.successRate, read.numPending, read.rawResult) == (95, 0, "PASS")
    assert read.config is not None
    assert (read.config.totalRequests, read.config.maxConcurrentRequests) == (20, 4)
    assert document["failures"] == {"UNSUCCESSFUL_HTTP_RESPONSE_CODE": 1}
    assert "204" in document["rehearsal"]["reasons"]["UNSUCCESSFUL_HTTP_RESPONSE_CODE"]
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize(("failing", "result"), [(1, "PASS"), (2, "FAIL")])
def test_the_success_rate_decides(failing: int, result: str) -> None:
    """Nineteen good answers of twenty are 95 percent and pass; eighteen do not."""
    endpoint = Endpoint(lambda number: reply(500 if number <= failing else 200))
    with listening(endpoint) as url:
        rehearsal = rehearse(url, SHORT, ASKING)
    assert rehearsal.result == result
    assert rehearsal.tally.report()["successRate"] == 100 - 5 * failing


def test_cold_requests_are_also_counted_alone() -> None:
    """Cold requests count like others, and also have their own figures."""

    def answer(number: int) -> Response:
        cold = "cold;dur=300, " if number in {1, 5} else ""
        return reply(server_timing=f"{cold}total;dur=3", apigw_requestid=f"api-{number}")

    with listening(Endpoint(answer)) as url:
        rehearsal = rehearse(url, SHORT, ASKING)
    more = rehearsal.document()["rehearsal"]
    assert (more["cold"]["requests"], more["warm"]["requests"]) == (2, 18)
    assert more["cold"]["initAndAnswer"]["p50"] == 300
    assert len(more["slowest"]) == 5
    assert all(sent["apiRequestId"].startswith("api-") for sent in more["slowest"])


@pytest.mark.parametrize("status", [401, 403])
def test_a_rehearsal_ends_when_the_first_request_is_refused(status: int) -> None:
    """A first answer of 401 or 403 ends the rehearsal: the stack does not trust its root, and nothing passes."""
    endpoint = answering(status, b"")
    with listening(endpoint) as url:
        rehearsal = rehearse(url, TestConfig(1, 20, 100, PATIENT, 0), ASKING)
    assert (len(endpoint.claims), rehearsal.refused, rehearsal.result) == (1, True, "FAIL")
    assert rehearsal.document()["numPending"] == 19


def test_a_refusal_after_an_answer_does_not_end_a_rehearsal() -> None:
    """A 401 after a good answer counts as one failure."""
    endpoint = Endpoint(lambda number: reply(401 if number == 3 else 200))
    with listening(endpoint) as url:
        rehearsal = rehearse(url, TestConfig(1, 20, 0, PATIENT, 95), ASKING)
    assert (rehearsal.passed, len(rehearsal.sent), rehearsal.refused) == (True, 20, False)


def test_an_interrupted_rehearsal_reports_its_answers() -> None:
    """Ctrl-C ends the sending; the answers until then are reported, and the result is FAIL."""

    handled = Event()

    def interrupted(*_: object) -> None:
        handled.set()
        raise KeyboardInterrupt

    def interrupt(_what: str, done: int, _total: int) -> None:
        if done == 5:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def answer(number: int) -> Response:
        if number > 5:  # the signal comes while there is something left to interrupt
            assert handled.wait(WAIT)
        return reply()

    before = signal.signal(signal.SIGINT, interrupted)

    try:
        with listening(Endpoint(answer)) as url:
            rehearsal = rehearse(url, TestConfig(1, 20, 0, PATIENT, 0), ASKING, interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (rehearsal.stopped, rehearsal.result) == ("interrupted", "FAIL")
    assert 5 <= len(rehearsal.sent) <= 20


def test_progress_is_reported_after_every_request() -> None:
    """The rehearsal calls its progress function once for each answer."""
    seen: Counter[tuple[str, int]] = Counter()

    def report(what: str, done: int, total: int) -> None:
        seen[what, total] += 1
        assert done == seen[what, total]

    with listening(Endpoint()) as url:
        rehearse(url, SHORT, ASKING, report)
    assert seen == {("requests", 20): 20}


# --- the command ---

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    AUTHORITY.save(tmp_path / "ca")
    longest = "30000"  # that the option takes
    shape = ("--requests", "20", "--duration", "100", "--threshold", longest, "--ca", str(tmp_path / "ca"))

    def run(url: str, product: str, *options: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["rehearse", url, "--product", product, "--file", str(SAMPLE), *shape, *options])
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_a_pass_exits_0_and_shows_apples_figures(run: Run) -> None:
    """A pass prints the forecast, the success rate, the percentiles in ms and the slowest requests."""
    with listening(Endpoint()) as url:
        code, out, _ = run(url, "trailhead.pro.annual")
    assert code == 0
    assert "PASS: 100 % of 20 requests" in out
    for word in ("average", "p50", "p90", "p95", "p99", "slowest", "fr-CA"):
        assert word in out


def test_a_fail_exits_1_with_apples_reasons(run: Run) -> None:
    """A failed rehearsal ends with 1 and Apple's names for the failures."""
    with listening(answering(500, b"")) as url:
        code, out, _ = run(url, "trailhead.pro.annual")
    assert code == 1
    assert "FAIL: 0 %" in out
    assert "UNSUCCESSFUL_HTTP_RESPONSE_CODE" in out


def test_with_json_it_is_one_document(run: Run) -> None:
    """--json prints one document: Apple's report, the forecast, the authority, and where an answer was unexpected."""
    with listening(Endpoint()) as url:
        code, out, _ = run(url, "trailhead.pro.annual", "--json")
    document = json.loads(out)
    assert (code, document["result"], document["target"]) == (0, "PASS", url)
    more = document["rehearsal"]
    assert more["authority"]["fingerprint"] == AUTHORITY.fingerprint
    assert more["forecast"]["locales"][0]["locale"] == more["asked"]["userLocale"] == "en-US"
    assert any(f"the endpoint answered {MESSAGE}" in note for note in more["notes"])


def test_nothing_is_sent_if_the_test_would_fail(run: Run) -> None:
    """If a locale has no answer, nothing is sent, unless --anyway or a --locale with an answer is given."""
    endpoint = Endpoint()
    with listening(endpoint) as url:
        code, _, err = run(url, "trailhead.family.monthly")
        assert (code, endpoint.claims) == (1, [])
        assert "--anyway" in err
        assert "fr-CA" in err
        code, out, _ = run(url, "trailhead.family.monthly", "--anyway", "--locale", "fr-CA")
    assert (code, "PASS" in out) == (0, True)
    assert {claims["userLocale"] for claims in endpoint.claims} == {"fr-CA"}


def test_a_refusal_prints_the_trust_anchor_to_deploy(run: Run) -> None:
    """If the endpoint refuses the rehearsal, the trust anchor is printed with the parameter that takes it."""
    with listening(answering(401, b"")) as url:
        code, out, _ = run(url, "trailhead.pro.annual")
        assert code == 1
        assert "RehearsalTrustAnchor=MII" in out
        code, out, err = run(url, "trailhead.pro.annual", "--json")
    assert json.loads(out)["rehearsal"]["authority"]["trustAnchor"] in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["http://example.com/"],
        [],
        ["https://example.com/", "--requests", "1000000"],
        ["https://example.com/", "--concurrency", "5000"],
    ],
)
def test_misuse_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """No URL, a wrong one, or more load than a rehearsal needs ends with 2 and no output."""
    with pytest.raises(SystemExit) as ended:
        main(["rehearse", *arguments])
    assert ended.value.code == 2
    assert capsys.readouterr().out == ""


def test_the_anchor_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--anchor` prints the root in base64 and nothing else, the same each time."""
    printed = []
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            main(["rehearse", "--anchor", "--ca", str(tmp_path / "ca")])
        assert not ended.value.code
        printed.append(capsys.readouterr().out.strip())
    assert printed[0] == printed[1]
    assert printed[0].startswith("MII")
    assert "\n" not in printed[0]
