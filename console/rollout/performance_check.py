"""`retention performance-test`: Apple's performance test of the sandbox endpoint.

It is not started where it could only fail: in production, and before a real-time URL is configured.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from retention.request import SANDBOX

from console.appstore.client import Apple
from console.appstore.performance import PerformanceReport, PerformanceTest
from console.appstore.realtime_url import shown
from console.deployment.session import Session, app_store
from console.terminal.failure import Failure
from console.terminal.output import Output, ReportProgress
from console.terminal.words import duration

PENDING: Final = "PENDING"
PASSED: Final = "PASS"

# Apple's sandbox allows 360 calls an hour.
_POLL_SECONDS: Final = 15.0


def check_sandbox(session: Session) -> None:
    """Raise Failure in production, where Apple has no such test."""
    if app_store(session.target) != SANDBOX:
        raise Failure("Apple has a performance test in the sandbox only: name a sandbox environment with --env.")


def check_ready(session: Session) -> None:
    """Raise Failure where Apple has no performance test, or has no real-time URL to call."""
    check_sandbox(session)
    if session.apple.realtime_url() is None:
        raise Failure("Apple has no real-time URL in the sandbox: configure one with `retention endpoint set`.")


def wait(
    apple: Apple,
    request_id: str,
    patience: float,
    report: ReportProgress,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> PerformanceReport:
    """Return the report of the test `request_id` when the test has ended, or after `patience` seconds as it is then.

    Raises AppleError.
    """
    ends = clock() + patience
    while True:
        found = apple.performance_test(request_id)
        total = found.test.total_requests or 0
        report("requests", total - (found.pending or 0), total)
        left = ends - clock()
        if found.result != PENDING or left <= 0:
            return found
        sleep(min(_POLL_SECONDS, left))


def exit_code(found: PerformanceReport) -> int:
    """Return the exit code of `wait`: 0 for PASS, 3 while the test runs, 1 for every other result."""
    return {PASSED: 0, PENDING: 3}.get(found.result, 1)


def show_started(test: PerformanceTest, env: str | None, out: Output) -> None:
    """Print that the test runs, and the command that waits for its end in the environment `env`."""
    lasts = "" if test.total_duration_ms is None else f" for {duration(test.total_duration_ms / 1000)}"
    out.print(f"Test {test.request_id} is running: {test.total_requests} requests{lasts}.")
    named = "" if env is None else f" --env {env}"
    out.print(f"`retention performance-test wait {test.request_id}{named}` waits for its result.")
    out.document({"requestId": test.request_id, "config": _config(test)})


def show(found: PerformanceReport, out: Output) -> None:
    """Print Apple's report."""
    style = {PASSED: "bold green", PENDING: None}.get(found.result, "bold red")
    wanted = found.test.success_rate_threshold
    rate = "" if found.success_rate is None else f": {found.success_rate} % succeeded"
    out.print(f"{found.result}{rate}" + ("" if wanted is None else f"; Apple wants {wanted} %") + ".", style)
    if found.target:
        out.print(f"Apple called {shown(found.target)}.")
    if found.pending:
        out.print(f"{found.pending} requests are still to come.")
    if found.response_times_ms:
        times = found.response_times_ms
        out.table(tuple(f"{name} ms" for name in times), [tuple(str(value) for value in times.values())])
    if found.failures:
        out.table(("failure", "requests"), [(reason, str(number)) for reason, number in found.failures.items()])
    out.document(as_document(found))


def as_document(found: PerformanceReport) -> dict[str, Any]:
    """Return the --json document: Apple's PerformanceTestResultResponse, with the id of the test as `requestId`."""
    return {
        "requestId": found.test.request_id,
        "config": _config(found.test),
        "target": shown(found.target),
        "result": found.result,
        "successRate": found.success_rate,
        "numPending": found.pending,
        "responseTimes": found.response_times_ms,
        "failures": found.failures,
    }


def _config(test: PerformanceTest) -> dict[str, int | None]:
    return {
        "maxConcurrentRequests": test.max_concurrent_requests,
        "totalRequests": test.total_requests,
        "totalDuration": test.total_duration_ms,
        "responseTimeThreshold": test.response_time_threshold_ms,
        "successRateThreshold": test.success_rate_threshold,
    }
