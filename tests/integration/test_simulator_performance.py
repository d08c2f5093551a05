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
from console.simulator.performance import PerformanceTests
from console.simulator.server import Server
from console.simulator.simulator import Simulator
from tests.support.simulated_app import (
    APP,
    AUTHORITY,
    MONTHLY,
    NOW,
    QUICK,
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
