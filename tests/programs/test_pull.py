"""The scheduled pull against the simulator: signed calls, Apple's pages, and rows in a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from retention.notifications.progress import ProgressRow, Reading

from console.simulator.api import Answer, Request, Response
from tests.support.notified_customers import EVENTS, fill
from tests.support.pulled_stack import SELLER, PulledStack, learned_from_all, pulled_stack
from tests.support.simulated_app import PEM

CUSTOMERS = 20


class Interference:
    """Keeps the calls of Apple's API, and answers in its place where a test sets `answer`."""

    def __init__(self) -> None:
        self.calls: list[Request] = []
        self.answer: Callable[[Request], Response | None] = lambda _: None

    def wrap(self, answer: Answer) -> Answer:
        def answered(request: Request) -> Response:
            self.calls.append(request)
            return self.answer(request) or answer(request)

        return answered


@pytest.fixture
def interference() -> Interference:
    return Interference()


@pytest.fixture
def stack(interference: Interference) -> Iterator[PulledStack]:
    with pulled_stack(interference.wrap) as made:
        yield made


def test_what_happened_since_yesterday_is_known_after_the_first_run(
    stack: PulledStack, interference: Interference
) -> None:
    """The first night's repair reads three days back; each notification that taught something has one line."""
    sent = fill(stack.simulator, SELLER, CUSTOMERS, stack.now_ms, days=2)
    [app] = stack.pull()["apps"]
    assert app["outcome"] == "pulled", app
    assert stack.states(CUSTOMERS) == learned_from_all(sent)
    printed = [fields["notificationUuid"] for word, _, fields in stack.lines.reported if word == "merged"]
    assert sorted(printed) == sorted(one.uuid for one in sent)
    assert all(request.headers["authorization"].startswith("Bearer ey") for request in interference.calls)


def test_a_second_run_asks_for_the_news_alone(stack: PulledStack, interference: Interference) -> None:
    """It is one call, from 15 minutes before the watermark on."""
    fill(stack.simulator, SELLER, CUSTOMERS, stack.now_ms, days=2)
    stack.pull()
    watermark = ProgressRow(stack.app_table).read().watermark
    interference.calls.clear()
    stack.clock += timedelta(minutes=5)
    stack.pull()
    [call] = interference.calls
    assert watermark is not None
    assert json.loads(call.body) == {"startDate": watermark - 900_000, "endDate": watermark + 300_000}


def test_pages_follow_each_other_in_one_query(stack: PulledStack, interference: Interference) -> None:
    """Apple takes a page's token with the dates of its query alone."""
    fill(stack.simulator, SELLER, CUSTOMERS, stack.now_ms, days=2)
    stack.pull()
    nightly = [call for call in interference.calls if "paginationToken" in call.target]
    assert len(nightly) >= CUSTOMERS * EVENTS // 20 - 1
    bodies = {call.body for call in nightly}
    assert len(bodies) <= len(Reading)


def test_a_rate_limit_ends_the_run_and_the_next_one_goes_on(stack: PulledStack, interference: Interference) -> None:
    """Retry-After is a UNIX time in milliseconds; the line has it, and the page is asked again by a later run."""
    sent = fill(stack.simulator, SELLER, CUSTOMERS, stack.now_ms, days=2)
    until = stack.clock + timedelta(minutes=20)
    allowed = [4]

    def limit(_: Request) -> Response | None:
        allowed[0] -= 1
        return None if allowed[0] >= 0 else Response(429, {"retry-after": str(int(until.timestamp() * 1000))})

    interference.answer = limit
    [app] = stack.pull()["apps"]
    assert (app["outcome"], app["evidence"]["until"]) == ("rate limited", until.isoformat(timespec="seconds"))
    assert ProgressRow(stack.app_table).read().place(Reading.NIGHTLY) is not None
    interference.answer = lambda _: None
    [app] = stack.pull()["apps"]
    assert app["outcome"] == "pulled"
    assert stack.states(CUSTOMERS) == learned_from_all(sent)


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_runs_that_are_too_short_get_there(stack: PulledStack, interference: Interference, pages: int) -> None:
    """Each run ends after some pages, by an error of Apple's; together they read everything, each page about once."""
    sent = fill(stack.simulator, SELLER, CUSTOMERS, stack.now_ms, days=2)
    runs = 0
    while runs < 30:
        allowed = [pages]

        def end(_: Request, allowed: list[int] = allowed) -> Response | None:
            allowed[0] -= 1
            return None if allowed[0] >= 0 else Response(403, {"content-type": "application/json"}, b"{}")

        interference.answer = end
        runs += 1
        if stack.pull()["apps"][0]["outcome"] == "pulled":
            break
    assert 1 < runs < 30
    assert stack.states(CUSTOMERS) == learned_from_all(sent)


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b'{"status": "ok"}', b"{}"])
def test_a_proxys_page_does_not_move_the_watermark(stack: PulledStack, interference: Interference, body: bytes) -> None:
    """What Apple has in the meantime is read by a later run."""
    interference.answer = lambda _: Response(200, {"content-type": "application/json"}, body)
    [app] = stack.pull()["apps"]
    assert (app["outcome"], app["reason"]) == ("pull failed", "history_format")
    assert ProgressRow(stack.app_table).read().watermark is None


def test_no_line_has_a_token_a_key_or_a_customers_id(stack: PulledStack) -> None:
    """Outcome lines know customers by a hash, and transactions by a keyed digest."""
    sent = fill(stack.simulator, SELLER, 5, stack.now_ms, days=2)
    stack.pull()
    printed = json.dumps(stack.lines.reported)
    secrets = [one.original_transaction_id for one in sent] + [one.transaction_id for one in sent]
    assert not any(secret in printed for secret in [*secrets, "eyJ", PEM.decode()[40:80]])
