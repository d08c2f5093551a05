"""The performance test: its pace, its figures, and the report that a test keeps in the simulator's database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from retention.catalog import PENDING

from console.simulator import problems, realtime
from console.simulator.endpoint_call import Attempt
from console.simulator.performance import PerformanceTests, Tally, paced, response_times
from console.simulator.problems import Problem
from console.simulator.simulator import Simulator
from tests.support.simulated_app import APP, MONTHLY, QUICK, Clock, make_simulator, new_id


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator() as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], {"average": 0, "p50": 0, "p90": 0, "p95": 0, "p99": 0}),
        ([7], {"average": 7, "p50": 7, "p90": 7, "p95": 7, "p99": 7}),
        (list(range(100, 0, -1)), {"average": 50, "p50": 50, "p90": 90, "p95": 95, "p99": 99}),
        ([10, 20, 30], {"average": 20, "p50": 20, "p90": 30, "p95": 30, "p99": 30}),
    ],
)
def test_percentiles_are_measured_times(times: list[int], expected: dict[str, int]) -> None:
    """Percentiles are by nearest rank in ms, so each is a time that was measured."""
    assert response_times(times) == expected


@pytest.mark.parametrize(
    ("good", "bad", "rate", "result"),
    [(95, 5, 95, "PASS"), (94, 6, 94, "FAIL"), (100, 0, 100, "PASS"), (0, 100, 0, "FAIL"), (94, 0, 100, "PENDING")],
)
def test_a_test_passes_at_its_threshold(good: int, bad: int, rate: int, result: str) -> None:
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


def test_a_stop_ends_the_pace() -> None:
    """As soon as a wait reports that the test is stopped, no further request is due."""
    stops = iter([False, False, True])
    assert list(paced(replace(QUICK, total_requests=5), lambda _: next(stops))) == [0, 1]


def kept(simulator: Simulator, tally: Tally) -> str:
    """Keep a test of APP with these attempts, as a server does while it runs; return its request id."""
    request_id = new_id()
    simulator.database.run(
        "INSERT INTO performance_test VALUES (?, ?, ?, ?)",
        request_id, APP.app_apple_id, tally.result, json.dumps(tally.report()),
    )  # fmt: skip
    return request_id


def tally_of(*results: str) -> Tally:
    tally = Tally("https://example.com/", QUICK)
    for result in results:
        tally.add(result, 10)
    return tally


def test_a_report_is_that_of_the_apps_own_test(simulator: Simulator) -> None:
    """A request id finds the report of the app's test; for another app or an unknown id there is none."""
    tests, tally = PerformanceTests(simulator), tally_of("SUCCESS", "TIMED_OUT")
    request_id = kept(simulator, tally)
    assert tests.report(APP, request_id) == tally.report()
    assert tests.report(replace(APP, app_apple_id=1), request_id) is None
    assert tests.report(APP, new_id()) is None


@pytest.mark.parametrize(
    ("results", "passed"),
    [([], False), (["SUCCESS"] * 7, False), (["SUCCESS"] * 8, True), (["SUCCESS"] * 7 + ["OTHER"], False)],
    ids=["nothing sent", "pending", "passed", "failed"],
)
def test_only_a_finished_test_can_have_passed(simulator: Simulator, results: list[str], passed: bool) -> None:  # noqa: FBT001  # a column of the table
    """A test with requests that are not sent yet has not passed, however many succeeded."""
    kept(simulator, tally_of(*results))
    assert PerformanceTests(simulator).has_passed(APP) == passed


def test_a_new_server_fails_the_tests_that_an_earlier_one_left(simulator: Simulator) -> None:
    """An unfinished test is failed, its missing requests counted as OTHER; a finished one keeps its report."""
    tests, finished = PerformanceTests(simulator), tally_of(*["SUCCESS"] * QUICK.total_requests)
    done, left = kept(simulator, finished), kept(simulator, tally_of("SUCCESS", "OTHER", "TIMED_OUT"))
    assert tally_of("SUCCESS").result == PENDING
    tests.abandon()
    report = tests.report(APP, left)
    assert report is not None
    assert (report["result"], report["numPending"], report["failures"]) == ("FAIL", 0, {"OTHER": 6, "TIMED_OUT": 1})
    assert tests.report(APP, done) == finished.report()


def answering(monkeypatch: pytest.MonkeyPatch, result: str) -> None:
    """Let every call of an endpoint end with one of Apple's results, after 7 ms."""
    monkeypatch.setattr(realtime, "call", lambda *_: Attempt(result, "why", 7, 500))


def test_a_test_sends_all_its_requests(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    """A test that is over has called the URL as often as its configuration says, and its report is kept."""
    answering(monkeypatch, "UNSUCCESSFUL_HTTP_RESPONSE_CODE")
    tests, purchase = PerformanceTests(simulator), simulator.accounts.subscribe(APP.app_apple_id, MONTHLY)
    request_id, config = tests.start(APP, purchase, "https://a.example/")
    tests.wait()
    report = tests.report(APP, request_id)
    assert config == QUICK
    assert report is not None
    assert (report["result"], report["target"], report["numPending"]) == ("FAIL", "https://a.example/", 0)
    assert report["failures"] == {"UNSUCCESSFUL_HTTP_RESPONSE_CODE": QUICK.total_requests}
    assert report["responseTimes"]["p99"] == 7
    tests.close()


def test_an_app_has_one_test_at_a_time(simulator: Simulator) -> None:
    """While a test of the app is pending, another one is refused, and none is kept for it."""
    kept(simulator, tally_of("SUCCESS"))
    purchase = simulator.accounts.subscribe(APP.app_apple_id, MONTHLY)
    with pytest.raises(Problem) as refused:
        PerformanceTests(simulator).start(APP, purchase, "https://a.example/")
    assert refused.value.code == problems.EXISTING_PERFORMANCE_TEST_RUN.code
    assert simulator.database.one("SELECT COUNT(*) FROM performance_test") == (1,)
