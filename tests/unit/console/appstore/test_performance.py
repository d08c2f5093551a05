"""Results of a performance test, from the classes of Apple's library."""

from __future__ import annotations

from appstoreserverlibrary.models.PerformanceTestConfig import PerformanceTestConfig
from appstoreserverlibrary.models.PerformanceTestResponseTimes import PerformanceTestResponseTimes
from appstoreserverlibrary.models.PerformanceTestResultResponse import PerformanceTestResultResponse

from console.appstore.performance import PerformanceReport, PerformanceTest, read_report, read_test

CONFIG = PerformanceTestConfig(
    maxConcurrentRequests=8,
    totalRequests=100,
    totalDuration=60_000,
    responseTimeThreshold=500,
    successRateThreshold=98,
)
TEST = PerformanceTest("id", 100, 60_000, 8, 500, 98)


def test_a_test_has_apples_figures() -> None:
    """Times are in milliseconds, and the rate is in percent."""
    assert read_test("id", CONFIG) == TEST


def test_what_apple_left_out_is_unknown() -> None:
    """Apple documents no field as required."""
    assert read_test("id", None) == PerformanceTest("id", None, None, None, None, None)
    report = read_report("id", PerformanceTestResultResponse())
    assert report == PerformanceReport("", "", None, None, {}, {}, read_test("id", None))


def test_a_report_has_its_result_times_and_failures() -> None:
    """A response time that Apple left out is not in the report, and a zero is."""
    found = PerformanceTestResultResponse(
        config=CONFIG,
        target="https://a.example.com",
        rawResult="FAIL",
        successRate=50,
        numPending=0,
        responseTimes=PerformanceTestResponseTimes(average=0, p50=120, p99=900),
        rawFailures={"TIMED_OUT": 50},
    )
    report = read_report("id", found)
    assert (report.result, report.target, report.success_rate, report.pending) == (
        "FAIL",
        "https://a.example.com",
        50,
        0,
    )
    assert report.response_times_ms == {"average": 0, "p50": 120, "p99": 900}
    assert (report.failures, report.test) == ({"TIMED_OUT": 50}, TEST)


def test_a_result_that_the_library_does_not_know_is_kept() -> None:
    """The text of Apple is kept, so that a new result is not taken for none."""
    assert read_report("id", PerformanceTestResultResponse(rawResult="ABORTED")).result == "ABORTED"
