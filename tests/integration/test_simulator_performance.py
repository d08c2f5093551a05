"""The performance test: its pace, its figures, and its report in Apple's shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event, Lock

import pytest
from retention.catalog import PENDING
from retention.jws import SignedPayloadVerifier
from retention.request import SANDBOX, read_signed_payload

from console.simulator.accounts import Purchase
from console.simulator.api import Request, Response
from console.simulator.performance import PerformanceTests, Tally, paced, response_times
from console.simulator.server import Server
from console.simulator.simulator import Simulator
from tests.support.simulated_app import (
    APP,
    AUTHORITY,
    MONTHLY,
    NOW,
    QUICK,
    Clock,
    answer_of,
    make_simulator,
    new_id,
    shelve,
)
from tests.support.waiting import PATIENCE


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = make_simulator()
    yield simulator
    simulator.close()


def buy(simulator: Simulator) -> Purchase:
    return simulator.accounts.subscribe(APP.app_apple_id, MONTHLY)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], {"average": 0, "p50": 0, "p90": 0, "p95": 0, "p99": 0}),
        ([7], {"average": 7, "p50": 7, "p90": 7, "p95": 7, "p99": 7}),
        (list(range(100, 0, -1)), {"average": 50, "p50": 50, "p90": 90, "p95": 95, "p99": 99}),
        ([10, 20, 30], {"average": 20, "p50": 20, "p90": 30, "p95": 30, "p99": 30}),
    ],
)
def test_response_times(times: list[int], expected: dict[str, int]) -> None:
    """Percentiles are by nearest rank in ms, so each is a time that was measured."""
    assert response_times(times) == expected


@pytest.mark.parametrize(
    ("good", "bad", "rate", "result"),
    [(95, 5, 95, "PASS"), (94, 6, 94, "FAIL"), (100, 0, 100, "PASS"), (0, 100, 0, "FAIL"), (94, 0, 100, "PENDING")],
)
def test_pass_and_fail(good: int, bad: int, rate: int, result: str) -> None:
    """A test passes at its threshold, fails below it, and is pending until its last request."""
    tally = Tally("https://example.com/", replace(QUICK, total_requests=100))
    for _ in range(good):
        tally.add("SUCCESS", 10)
    for _ in range(bad):
        tally.add("TIMED_OUT", None)
    report = tally.report()
    assert (report["successRate"], report["result"], report["numPending"]) == (rate, result, 100 - good - bad)
    assert report["failures"] == ({"TIMED_OUT": bad} if bad else {})


def test_a_rate_just_below_its_threshold_does_not_pass() -> None:
    """The rate is rounded down: 94.9 percent is not 95."""
    tally = Tally("", replace(QUICK, total_requests=1000))
    for number in range(1000):
        tally.add("SUCCESS" if number < 949 else "OTHER", None)
    assert tally.result == "FAIL"


def test_requests_are_spread_evenly() -> None:
    """Each request is due one step after the one before, however long the one before took to start."""
    config, clock = replace(QUICK, total_requests=5, total_duration_ms=10_000), Clock(0)

    def wait(seconds: float) -> bool:
        clock.sleep(seconds)
        return False

    due = []
    for _ in paced(config, wait, clock):
        due.append(clock())
        clock.sleep(0.5)  # starting a request takes a while, and does not delay the next
    assert due == [0, 2, 4, 6, 8]


def test_no_more_at_a_time_than_configured(simulator: Simulator) -> None:
    """With a slow endpoint, maxConcurrentRequests are open at a time, and never more."""
    simulator.test_config = replace(QUICK, max_concurrent_requests=3, total_requests=9, total_duration_ms=0)
    lock, flying, most, full = Lock(), [0], [0], Event()

    def answer(_: Request) -> Response:
        with lock:
            flying[0] += 1
            most[0] = max(most[0], flying[0])
            if flying[0] == 3:
                full.set()
        assert full.wait(PATIENCE)
        with lock:
            flying[0] -= 1
        return Response(204)

    tests = PerformanceTests(simulator)
    with Server(answer) as server:
        request_id, _ = tests.start(APP, buy(simulator), server.url)
        tests.wait()
    report = tests.report(APP, request_id)
    assert report is not None
    assert (most[0], report["numPending"]) == (3, 0)


def test_every_request_is_signed_for_the_same_subscription(simulator: Simulator) -> None:
    """All requests are of one subscription, and each has its own request identifier."""
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(204)

    tests, purchase = PerformanceTests(simulator), buy(simulator)
    with Server(answer) as server:
        tests.start(APP, purchase, server.url)
        tests.wait()
    claims = [claims_of(request) for request in seen]
    assert len({claim["requestIdentifier"] for claim in claims}) == QUICK.total_requests
    assert {(claim["originalTransactionId"], claim["productId"], claim["environment"]) for claim in claims} == {
        (purchase.transaction_id, MONTHLY, SANDBOX)
    }


def claims_of(request: Request) -> dict[str, object]:
    """Verify a request as the function does, under the authority's root, and return its claims."""
    verifier = SignedPayloadVerifier([AUTHORITY.root_der])
    return verifier.verify(read_signed_payload(request.body), datetime.now(UTC))


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (Response(500), "UNSUCCESSFUL_HTTP_RESPONSE_CODE"),
        (Response(200, {"content-type": "application/json"}, b"{}"), "INVALID_RESPONSE"),
        (Response(200, {}, answer_of("message", messageIdentifier=new_id())), "INVALID_RESPONSE"),
    ],
)
def test_failures_by_apples_names(simulator: Simulator, response: Response, reason: str) -> None:
    """A wrong answer is counted under Apple's name for it; so is a message that is not approved."""
    tests = PerformanceTests(simulator)
    with Server(lambda _: response) as server:
        request_id, _ = tests.start(APP, buy(simulator), server.url)
        tests.wait()
    report = tests.report(APP, request_id)
    assert report is not None
    assert (report["result"], report["failures"]) == ("FAIL", {reason: QUICK.total_requests})
    assert not tests.has_passed(APP)


def test_a_slow_endpoint_times_out(simulator: Simulator) -> None:
    """An answer after responseTimeThreshold is TIMED_OUT and has no response time."""
    simulator.test_config = replace(QUICK, total_requests=1, response_time_threshold_ms=30)
    tests, go = PerformanceTests(simulator), Event()

    def late(_: Request) -> Response:
        go.wait(PATIENCE)
        return Response(200)

    with Server(late) as server:
        request_id, _ = tests.start(APP, buy(simulator), server.url)
        tests.wait()
        go.set()
    report = tests.report(APP, request_id)
    assert report is not None
    assert (report["failures"], report["responseTimes"]["p99"]) == ({"TIMED_OUT": 1}, 0)


def test_a_pass_stays_a_pass(simulator: Simulator) -> None:
    """A later failure does not revoke a pass, since Apple does not document that a pass expires."""
    tests, purchase = PerformanceTests(simulator), buy(simulator)
    body = answer_of("message", messageIdentifier=shelve(simulator.app_data(APP.app_apple_id, SANDBOX)))
    answers = iter([Response(200, {}, body)] * QUICK.total_requests + [Response(500)] * QUICK.total_requests)
    with Server(lambda _: next(answers)) as server:
        for _ in range(2):
            tests.start(APP, purchase, server.url)
            tests.wait()
    assert tests.has_passed(APP)


def test_closing_ends_a_running_test(simulator: Simulator) -> None:
    """Closing does not wait for a running performance test, which stays pending until a new server fails it."""
    simulator.test_config = replace(QUICK, total_requests=1000, total_duration_ms=60_000)
    tests = PerformanceTests(simulator)
    with Server(lambda _: Response(204)) as server:
        request_id, _ = tests.start(APP, buy(simulator), server.url)
        tests.close()
    report = tests.report(APP, request_id)
    assert report is not None
    assert report["result"] == PENDING
    PerformanceTests(simulator).abandon()
    report = tests.report(APP, request_id)
    assert report is not None
    assert (report["result"], report["numPending"], sum(report["failures"].values())) == ("FAIL", 0, 1000)
    assert simulator.now() == NOW
