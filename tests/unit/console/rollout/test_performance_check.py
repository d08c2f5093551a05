"""Apple's performance test: where it may start, how long to wait for it, and what is printed of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from retention.request import PRODUCTION, SANDBOX

from console.appstore.performance import PerformanceReport, PerformanceTest
from console.deployment.session import Session
from console.rollout.performance_check import check_ready, check_sandbox, exit_code, show, show_started, wait
from console.terminal.failure import Failure
from console.terminal.output import no_progress
from tests.support.apple_in_memory import AppleInMemory, session_in_memory, target_in_memory
from tests.support.printed import json_document, printed
from tests.support.simulated_app import Clock

if TYPE_CHECKING:
    from console.appstore.client import Apple

TEST = PerformanceTest("id-1", 100, 60_000, 10, 700, 95)
URL = "https://example.com/v1/retention-message/0123456789abcdef0123456789abcdef"
PASSED = PerformanceReport("PASS", URL, 98, 0, {"average": 40, "p99": 200}, {"TIMED_OUT": 2}, TEST)
RUNNING = replace(PASSED, result="PENDING", pending=60, success_rate=None, response_times_ms={}, failures={})


def session(folder: Path, environment: str, url: str | None = None) -> Session:
    made = session_in_memory(folder, AppleInMemory(url=url))
    return replace(made, target=target_in_memory(environment=environment))


def test_the_test_is_for_the_sandbox_only(folder: Path) -> None:
    """In production Apple has none, so nothing is asked there."""
    check_sandbox(session(folder, SANDBOX))
    with pytest.raises(Failure, match="in the sandbox only"):
        check_sandbox(session(folder, PRODUCTION, URL))


def test_a_test_needs_a_url_that_apple_calls(folder: Path) -> None:
    """Without one the test could only fail; the sentence names the command that configures it."""
    check_ready(session(folder, SANDBOX, URL))
    with pytest.raises(Failure, match="`retention endpoint set`"):
        check_ready(session(folder, SANDBOX))


class Answers:
    """Apple's answers about one test, the last of them each further time."""

    def __init__(self, *reports: PerformanceReport) -> None:
        self.left = list(reports)

    def performance_test(self, _: str) -> PerformanceReport:
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


def waited(answers: Answers, patience: float, clock: Clock) -> PerformanceReport:
    return wait(cast("Apple", answers), "id-1", patience, no_progress, clock=clock, sleep=clock.sleep)


def test_waiting_ends_with_the_test() -> None:
    """Apple is asked every 15 s, since it allows 360 calls an hour."""
    clock = Clock()
    assert waited(Answers(RUNNING, RUNNING, PASSED), 3600, clock) == PASSED
    assert clock.slept == [15.0, 15.0]


@pytest.mark.parametrize(("patience", "slept"), [(0, []), (20, [15.0, 5.0])])
def test_waiting_ends_with_the_operators_patience(patience: float, slept: list[float]) -> None:
    """The report is then as it is at that moment; with none, Apple is asked once."""
    clock = Clock()
    assert waited(Answers(RUNNING), patience, clock) == RUNNING
    assert clock.slept == slept


def test_progress_counts_the_requests_that_were_made() -> None:
    """Of 100 requests 60 are still to come."""
    seen: list[tuple[str, int, int]] = []
    wait(cast("Apple", Answers(RUNNING)), "id-1", 0, lambda *step: seen.append(step))
    assert seen == [("requests", 40, 100)]


@pytest.mark.parametrize(("result", "code"), [("PASS", 0), ("PENDING", 3), ("FAIL", 1), ("NEW_RESULT", 1)])
def test_the_exit_code_follows_apples_result(result: str, code: int) -> None:
    """0 passed, 3 still running, 1 for everything else, also for results that Apple may add."""
    assert exit_code(replace(PASSED, result=result)) == code


@pytest.mark.parametrize(("env", "named"), [("sandbox", " --env sandbox"), (None, "")])
def test_a_started_test_is_printed_with_the_command_that_waits(
    env: str | None, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command names the environment as the operator did."""
    assert printed(partial(show_started, TEST, env), capsys) == (
        "Test id-1 is running: 100 requests for 60 s.\n"
        f"`retention performance-test wait id-1{named}` waits for its result.\n"
    )
    document = json_document(partial(show_started, TEST, env), capsys)
    assert (document["requestId"], document["config"]["totalDuration"]) == ("id-1", 60_000)


def test_a_report_has_apples_figures_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """Success rate, response times and failures are Apple's; the URL is printed without its PathSecret."""
    text = printed(partial(show, PASSED), capsys)
    assert text.startswith("PASS: 98 % succeeded; Apple wants 95 %.\nApple called https://example.com/")
    assert [line.split() for line in text.splitlines()[2:]] == [
        ["average", "ms", "p99", "ms"], ["40", "200"], ["failure", "requests"], ["TIMED_OUT", "2"],
    ]  # fmt: skip
    document = json_document(partial(show, PASSED), capsys)
    assert (document["result"], document["successRate"], document["numPending"]) == ("PASS", 98, 0)
    assert "0123456789abcdef" not in f"{text}{document}"


def test_a_running_test_has_no_figures_yet(capsys: pytest.CaptureFixture[str]) -> None:
    """What Apple has not counted is left out."""
    lines = printed(partial(show, RUNNING), capsys).splitlines()
    assert (lines[0], lines[2:]) == ("PENDING; Apple wants 95 %.", ["60 requests are still to come."])
