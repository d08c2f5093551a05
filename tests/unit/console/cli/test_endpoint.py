"""`endpoint` and `performance-test`: the URL at Apple, and Apple's test of it, by a session in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from retention.request import SANDBOX

from console.appstore.performance import PerformanceReport, PerformanceTest
from console.cli.decisions_loading import Subject
from console.deployment.session import Session
from console.terminal.failure import Failure
from tests.support.apple_in_memory import AppleInMemory, session_in_memory, target_in_memory
from tests.support.called_verb import Call, Recorded
from tests.support.simulated_app import BULLET, FULL

SECRET = "0123456789abcdef0123456789abcdef"
URL = f"https://example.com/v1/retention-message/{SECRET}"
AT = ("--env", "sandbox")
TEST = PerformanceTest("id-1", 100, 60_000, 10, 700, 95)


class Apple(AppleInMemory):
    """The URL and one performance test."""

    report = PerformanceReport("PASS", URL, 98, 0, {}, {}, TEST)

    def set_realtime_url(self, url: str) -> None:
        self.url = url

    def delete_realtime_url(self) -> None:
        self.url = None

    def start_performance_test(self, transaction: str) -> PerformanceTest:
        self._call(f"start {transaction}", transaction)
        return TEST

    def performance_test(self, request_id: str) -> PerformanceReport:
        assert request_id == "id-1"
        return self.report


@pytest.fixture
def apple() -> Apple:
    return Apple()


@pytest.fixture
def session(tmp_path: Path, apple: Apple, monkeypatch: pytest.MonkeyPatch) -> Session:
    (tmp_path / "hero.png").write_bytes(FULL)
    (tmp_path / "tick.png").write_bytes(BULLET)
    made = replace(session_in_memory(tmp_path, apple), target=target_in_memory(environment=SANDBOX))
    opens(monkeypatch, made)
    return made


def opens(monkeypatch: pytest.MonkeyPatch, session: Session) -> None:
    """Have every verb open this session."""

    @contextmanager
    def open_session(*_: Any) -> Iterator[Session]:
        yield session

    monkeypatch.setattr("console.deployment.session.open_session", open_session)


@pytest.mark.usefixtures("session")
def test_the_url_is_set_and_printed_without_its_secret(call: Call, apple: Apple) -> None:
    """Apple gets the complete URL."""
    ended = call("endpoint", "set", URL, *AT)
    assert (ended.code, apple.url, SECRET in ended.out) == (0, URL, False)
    assert ended.out == "Apple calls https://example.com/v1/retention-message/<PathSecret>.\n"
    assert SECRET not in call("endpoint", "set", URL, *AT, "--json").out


@pytest.mark.parametrize(
    ("words", "doing"),
    [
        (("endpoint", "set", URL), "have Apple call https://example.com/v1/retention-message/<PathSecret>"),
        (("endpoint", "delete"), "delete the real-time URL https://example.com/v1/retention-message/<PathSecret>"),
    ],
)
def test_without_a_confirmation_the_url_stays(
    call: Call,
    session: Session,
    apple: Apple,
    words: tuple[str, ...],
    doing: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Setting is confirmed in production, deleting in every environment; the question has no secret in it."""
    opens(monkeypatch, replace(session, target=replace(session.target, production=True)))
    apple.url = f"{URL}00"
    with pytest.raises(Failure) as refused:
        call(*words, *AT)
    assert doing in str(refused.value)
    assert apple.url == f"{URL}00"


@pytest.mark.usefixtures("session")
def test_the_secret_is_shown_only_where_it_is_asked_for(call: Call, apple: Apple) -> None:
    """Without a URL there is a sentence, and null in the document."""
    assert call("endpoint", "show", *AT).out == "Apple has no real-time URL here.\n"
    assert call("endpoint", "show", *AT, "--json").document == {"url": None}
    apple.url = URL
    assert SECRET not in call("endpoint", "show", *AT).out
    assert call("endpoint", "show", *AT, "--secret").out == f"{URL}\n"


@pytest.mark.usefixtures("session")
def test_the_url_is_deleted_once(call: Call, apple: Apple) -> None:
    """A second deletion has nothing to do, and does not fail."""
    apple.url = URL
    assert call("endpoint", "delete", *AT, "--yes").out.startswith("Apple no longer calls https://example.com/")
    assert apple.realtime_url() is None
    assert call("endpoint", "delete", *AT).out == "Apple had no real-time URL here.\n"


@pytest.fixture
def forecast(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """The forecast, whose `check` finds that every locale is answered."""
    made = Recorded(SimpleNamespace(check=Recorded()))
    monkeypatch.setattr("console.cli.decisions_loading.make_forecast", made)
    return made


@pytest.mark.usefixtures("session")
def test_a_test_starts_after_a_good_forecast(call: Call, apple: Apple, forecast: Recorded) -> None:
    """The forecast is about the transaction and product of the test."""
    apple.url = URL
    ended = call("performance-test", "start", "--transaction", "2000", "--product", "pro", *AT)
    assert (ended.code, apple.calls, ended.out.startswith("Test id-1 is running")) == (0, ["start 2000"], True)
    assert forecast.given[0][0] == Subject("2000", "pro")


@pytest.mark.usefixtures("session")
def test_a_test_that_would_fail_is_not_started(call: Call, apple: Apple, forecast: Recorded) -> None:
    """Apple counts the tests of an hour; --anyway starts it without asking the forecast."""
    apple.url = URL
    forecast.answer.check.error = Failure("Apple would get no 200.")
    with pytest.raises(Failure, match="no 200"):
        call("performance-test", "start", "--transaction", "2000", *AT)
    assert apple.calls == []
    assert call("performance-test", "start", "--transaction", "2000", *AT, "--anyway").code == 0
    assert (apple.calls, len(forecast.given)) == (["start 2000"], 1)


@pytest.mark.usefixtures("session", "forecast")
def test_a_test_without_a_url_is_not_started(call: Call, apple: Apple) -> None:
    """The sentence names the verb that sets one."""
    with pytest.raises(Failure, match="`retention endpoint set`"):
        call("performance-test", "start", "--transaction", "2000", *AT)
    assert apple.calls == []


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(("result", "code"), [("PASS", 0), ("FAIL", 1), ("PENDING", 3)])
@pytest.mark.parametrize("words", [("show", "id-1"), ("wait", "id-1", "--timeout", "0")], ids=" ".join)
def test_the_exit_code_is_apples_result(
    call: Call, apple: Apple, words: tuple[str, ...], result: str, code: int
) -> None:
    """`show` asks once, `wait` until the test has ended or its time is over."""
    apple.report = replace(Apple.report, result=result)
    ended = call("performance-test", *words, *AT)
    assert (ended.code, ended.out.startswith(result)) == (code, True)
