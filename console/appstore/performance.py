"""A performance test of Apple's, and its results, read from the classes of Apple's library."""

from __future__ import annotations

from dataclasses import dataclass

from appstoreserverlibrary.models.PerformanceTestConfig import PerformanceTestConfig
from appstoreserverlibrary.models.PerformanceTestResultResponse import PerformanceTestResultResponse


@dataclass(frozen=True, slots=True)
class PerformanceTest:
    """A performance test that began. Times are in ms, the rate in percent; None where Apple left one out."""

    request_id: str
    total_requests: int | None
    total_duration_ms: int | None
    max_concurrent_requests: int | None
    response_time_threshold_ms: int | None
    success_rate_threshold: int | None


@dataclass(frozen=True, slots=True)
class PerformanceReport:
    """Results of a performance test: `result` is PENDING, PASS or FAIL; `failures` has Apple's reasons with counts."""

    result: str
    target: str
    success_rate: int | None
    pending: int | None
    response_times_ms: dict[str, int]
    failures: dict[str, int]
    test: PerformanceTest


def read_test(request_id: str, config: PerformanceTestConfig | None) -> PerformanceTest:
    """Return a test as Apple describes it; `config` is None where Apple left it out."""
    given = config or PerformanceTestConfig()
    return PerformanceTest(
        request_id,
        given.totalRequests,
        given.totalDuration,
        given.maxConcurrentRequests,
        given.responseTimeThreshold,
        given.successRateThreshold,
    )


def read_report(request_id: str, found: PerformanceTestResultResponse) -> PerformanceReport:
    """Return Apple's results of a test."""
    times = found.responseTimes
    names = ("average", "p50", "p90", "p95", "p99")
    return PerformanceReport(
        found.rawResult or "",
        found.target or "",
        found.successRate,
        found.numPending,
        {name: value for name in names if (value := getattr(times, name, None)) is not None},
        dict(found.rawFailures or {}),
        read_test(request_id, found.config),
    )
