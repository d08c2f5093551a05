"""The performance test: signed requests to the sandbox's real-time URL, spread evenly, and Apple's report on them."""

from __future__ import annotations

import json
import math
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any, Final

from retention.catalog import PENDING
from retention.request import SANDBOX

from console.simulator import problems
from console.simulator.accounts import Purchase, SimulatedApp
from console.simulator.endpoint_call import OTHER, SUCCESS
from console.simulator.problems import Problem
from console.simulator.realtime import RealtimeCaller
from console.simulator.simulator import Simulator, TestConfig

PASS: Final = "PASS"  # noqa: S105  # Apple's word
FAIL: Final = "FAIL"

# Assumption: Apple does not document the locale of its test's requests.
LOCALE: Final = "en-US"


@dataclass(slots=True)
class Tally:
    """The attempts of one test so far: Apple's result → number, and the times of those that were answered, in ms."""

    target: str
    config: TestConfig
    results: Counter[str] = field(default_factory=Counter)
    times: list[int] = field(default_factory=list)

    def add(self, result: str, took_ms: int | None) -> None:
        self.results[result] += 1
        if took_ms is not None:
            self.times.append(took_ms)

    @property
    def pending(self) -> int:
        return self.config.total_requests - self.results.total()

    @property
    def success_rate(self) -> int:
        """Percent of the attempts made that succeeded, rounded down: 94.9 does not pass for 95."""
        return self.results[SUCCESS] * 100 // max(self.results.total(), 1)

    @property
    def result(self) -> str:
        if self.pending:
            return PENDING
        return PASS if self.success_rate >= self.config.success_rate_threshold else FAIL

    def report(self) -> dict[str, Any]:
        """Return a PerformanceTestResultResponse."""
        return {
            "config": self.config.document(),
            "target": self.target,
            "result": self.result,
            "successRate": self.success_rate,
            "numPending": self.pending,
            "responseTimes": response_times(self.times),
            "failures": {result: number for result, number in sorted(self.results.items()) if result != SUCCESS},
        }


def response_times(times: Sequence[int]) -> dict[str, int]:
    """Return Apple's PerformanceTestResponseTimes of `times`, all in ms, by nearest rank; zeros without any."""
    ordered = sorted(times) or [0]
    ranks = {f"p{percent}": ordered[math.ceil(len(ordered) * percent / 100) - 1] for percent in (50, 90, 95, 99)}
    return {"average": round(sum(ordered) / len(ordered)), **ranks}


@dataclass(frozen=True, slots=True)
class PerformanceTests:
    """The performance tests of a simulator, finished and running in this process. Close it before the simulator."""

    simulator: Simulator
    _running: list[Thread] = field(default_factory=list)
    _stopped: Event = field(default_factory=Event)

    def start(self, app: SimulatedApp, purchase: Purchase, target: str) -> tuple[str, TestConfig]:
        """Start a test and return its request id and configuration. Raises Problem while the app has another one."""
        tally = Tally(target, self.simulator.test_config)
        request_id = str(uuid.uuid4())
        with self.simulator.database.transaction():
            if self._pending(app):
                raise Problem(problems.EXISTING_PERFORMANCE_TEST_RUN)
            self._save(app, request_id, tally)
        thread = Thread(target=self._run, args=(app, purchase, request_id, tally), name="performance test")
        self._running.append(thread)
        thread.start()
        return request_id, tally.config

    def report(self, app: SimulatedApp, request_id: str) -> dict[str, Any] | None:
        query = "SELECT report FROM performance_test WHERE app = ? AND request_id = ?"
        row = self.simulator.database.one(query, app.app_apple_id, request_id)
        report: dict[str, Any] | None = None if row is None else json.loads(row[0])
        return report

    def has_passed(self, app: SimulatedApp) -> bool:
        """Return whether a test of the app ever passed.

        Assumption: a pass never expires and holds for every URL; Apple documents neither.
        """
        query = "SELECT 1 FROM performance_test WHERE app = ? AND result = ?"
        return self.simulator.database.one(query, app.app_apple_id, PASS) is not None

    def abandon(self) -> None:
        """Mark as failed the tests that an earlier server left unfinished. A new server calls this first."""
        query = "SELECT request_id, report FROM performance_test WHERE result = ?"
        with self.simulator.database.transaction():
            for request_id, text in self.simulator.database.all(query, PENDING):
                report = json.loads(text)
                failures = Counter(report["failures"]) + Counter({OTHER: report["numPending"]})
                report |= {"result": FAIL, "numPending": 0, "failures": dict(failures)}
                self._write(request_id, FAIL, report)

    def close(self) -> None:
        """Stop the running tests. They stay pending, as after the death of a server."""
        self._stopped.set()
        for thread in self._running:
            thread.join()

    def wait(self) -> None:
        """Return when every test that runs in this process is over."""
        for thread in list(self._running):
            thread.join()

    def _run(self, app: SimulatedApp, purchase: Purchase, request_id: str, tally: Tally) -> None:
        caller, lock = RealtimeCaller(self.simulator, app, SANDBOX), Lock()

        def attempt() -> None:
            if self._stopped.is_set():
                return
            asked = caller.ask(tally.target, purchase, LOCALE, tally.config.response_time_threshold_ms)
            with lock:
                tally.add(asked.result, asked.attempt.took_ms if asked.attempt.status is not None else None)
                if not self._stopped.is_set():
                    self._write(request_id, tally.result, tally.report())

        with ThreadPoolExecutor(tally.config.max_concurrent_requests) as pool:
            for _ in paced(tally.config, self._stopped.wait):
                pool.submit(attempt)

    def _pending(self, app: SimulatedApp) -> bool:
        query = "SELECT 1 FROM performance_test WHERE app = ? AND result = ?"
        return self.simulator.database.one(query, app.app_apple_id, PENDING) is not None

    def _save(self, app: SimulatedApp, request_id: str, tally: Tally) -> None:
        self.simulator.database.run(
            "INSERT INTO performance_test VALUES (?, ?, ?, ?)",
            request_id, app.app_apple_id, tally.result, json.dumps(tally.report()),
        )  # fmt: skip

    def _write(self, request_id: str, result: str, report: dict[str, Any]) -> None:
        statement = "UPDATE performance_test SET result = ?, report = ? WHERE request_id = ?"
        self.simulator.database.run(statement, result, json.dumps(report), request_id)


def paced(
    config: TestConfig, wait: Callable[[float], bool], monotonic: Callable[[], float] = time.monotonic
) -> Iterator[int]:
    """Yield the number of each request when its time comes, evenly over the test's duration.

    `wait(seconds)` waits, and returns whether to stop.
    """
    began, step = monotonic(), config.total_duration_ms / 1000 / max(config.total_requests, 1)
    for number in range(config.total_requests):
        if wait(max(began + number * step - monotonic(), 0)):
            return
        yield number
