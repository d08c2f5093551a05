"""The App Store Server API about notifications: what each operation answers, and Apple's errors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from retention.request import PRODUCTION, SANDBOX

from console.simulator import problems
from console.simulator.endpoint_call import SUCCESS, TIMED_OUT
from console.simulator.notification_operations import (
    HISTORY_DAYS,
    PAGE_SIZE,
    PAGINATION_TOKEN_SECONDS,
    get_notification_history,
    get_test_notification_status,
    request_test_notification,
)
from console.simulator.operations import AuthorizedCall
from console.simulator.outbox import HistoryFilter, Outbox, OutgoingNotification, SendAttempt
from console.simulator.performance import PerformanceTests
from console.simulator.problems import Problem, ProblemKind
from console.simulator.simulator import Simulator
from tests.support.simulated_app import APP, NOW, make_simulator

URL = "https://api.example.com/v1/notifications"
NOW_MS = int(NOW * 1000)
DAY_MS = 86_400_000
DATES = {"startDate": NOW_MS - DAY_MS, "endDate": NOW_MS + DAY_MS}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator() as simulator:
        simulator.wall = simulator.clock
        for environment in (SANDBOX, PRODUCTION):
            simulator.outbox(APP.app_apple_id, environment).set_url(URL)
        yield simulator


@pytest.fixture
def call(simulator: Simulator) -> AuthorizedCall:
    """A call in the sandbox by APP, without parameters and body."""
    return AuthorizedCall(simulator, PerformanceTests(simulator), APP, SANDBOX)


@pytest.fixture
def outbox(simulator: Simulator) -> Outbox:
    return simulator.outbox(APP.app_apple_id, SANDBOX)


def attempted(outbox: Outbox, count: int, result: str = SUCCESS) -> None:
    for number in range(count):
        signed = OutgoingNotification(str(uuid4()), "DID_RENEW", "", NOW_MS - 1, f"signed {number}", "20001", "20002")
        outbox.add(signed, NOW)
        (due,) = outbox.due(NOW)
        outbox.record(due.number, SendAttempt(NOW, result), None)


def history(call: AuthorizedCall, token: str | None = None, **asked: Any) -> dict[str, Any]:
    query = {} if token is None else {"paginationToken": token}
    return get_notification_history(replace(call, query=query, body=json.dumps(DATES | asked).encode()))


def status(call: AuthorizedCall, token: str) -> dict[str, Any]:
    return get_test_notification_status(replace(call, parameters={"testNotificationToken": token}))


def claims_of(signed: str) -> Any:
    part = signed.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def refused(kind: ProblemKind, call: AuthorizedCall, token: str | None = None, **asked: Any) -> None:
    with pytest.raises(Problem) as caught:
        history(call, token, **asked)
    assert caught.value.code == kind.code


def test_a_test_notification_needs_a_url(call: AuthorizedCall, outbox: Outbox) -> None:
    """Without a notification URL, Apple has nowhere to send a test notification to."""
    outbox.set_url(None)
    with pytest.raises(Problem) as caught:
        request_test_notification(call)
    assert (caught.value.code, caught.value.status) == (4040007, 404)


def test_a_test_notification_has_a_status_after_its_first_attempt(call: AuthorizedCall, outbox: Outbox) -> None:
    """Its status is not available before the first attempt; then it has the signed TEST and the attempt."""
    token = request_test_notification(call)["testNotificationToken"]
    with pytest.raises(Problem) as caught:
        status(call, token)
    assert caught.value.code == problems.TEST_NOTIFICATION_NOT_FOUND.code
    outbox.record(outbox.due(NOW)[0].number, SendAttempt(NOW, TIMED_OUT), None)
    found = status(call, token)
    assert found["sendAttempts"] == [{"attemptDate": NOW_MS, "sendAttemptResult": "TIMED_OUT"}]
    assert claims_of(found["signedPayload"]) == {
        "notificationType": "TEST",
        "notificationUUID": token.split("_")[0],
        "data": {"appAppleId": APP.app_apple_id, "bundleId": APP.bundle_id, "environment": SANDBOX},
        "version": "2.0",
        "signedDate": NOW_MS,
    }


@pytest.mark.parametrize("token", ["", "hello", "5f1f2a3e-0000-4000-8000-000000000000_soon", "1_2"])
def test_what_is_no_token_is_refused(call: AuthorizedCall, token: str) -> None:
    """A text that is no token of a test notification is a bad request."""
    with pytest.raises(Problem) as caught:
        status(call, token)
    assert caught.value.code == problems.INVALID_TEST_NOTIFICATION_TOKEN.code


def test_a_token_of_another_notification_finds_nothing(call: AuthorizedCall, outbox: Outbox) -> None:
    """A notification of another type has no test status."""
    attempted(outbox, 1)
    uuid = outbox.history(HistoryFilter(0, NOW_MS), 0, 1)[0].sent.uuid
    with pytest.raises(Problem) as caught:
        status(call, f"{uuid}_{NOW_MS}")
    assert caught.value.code == problems.TEST_NOTIFICATION_NOT_FOUND.code


def test_history_comes_in_pages_of_twenty(call: AuthorizedCall, outbox: Outbox) -> None:
    """A page has twenty; a token leads to the next one, and the last page has none."""
    attempted(outbox, 2 * PAGE_SIZE + 1)
    pages = [history(call)]
    while pages[-1]["hasMore"]:
        pages.append(history(call, pages[-1]["paginationToken"]))
    assert [len(page["notificationHistory"]) for page in pages] == [20, 20, 1]
    assert "paginationToken" not in pages[-1]
    listed = [item["signedPayload"] for page in pages for item in page["notificationHistory"]]
    assert listed == [f"signed {number}" for number in range(41)]
    assert pages[0]["notificationHistory"][0]["sendAttempts"] == [
        {"attemptDate": NOW_MS, "sendAttemptResult": "SUCCESS"}
    ]


def test_exactly_twenty_are_one_page(call: AuthorizedCall, outbox: Outbox) -> None:
    """Where the last page is full, no empty one follows."""
    attempted(outbox, PAGE_SIZE)
    assert history(call)["hasMore"] is False


def test_history_can_ask_for_failures_only(call: AuthorizedCall, outbox: Outbox) -> None:
    """`onlyFailures` leaves out what was delivered; null stands for an absent field."""
    attempted(outbox, 1)
    attempted(outbox, 1, TIMED_OUT)
    assert len(history(call, onlyFailures=True)["notificationHistory"]) == 1
    assert len(history(call, onlyFailures=None, notificationType=None)["notificationHistory"]) == 2
    assert len(history(call, transactionId="20002")["notificationHistory"]) == 2
    assert len(history(call, notificationType="REFUND")["notificationHistory"]) == 0


def test_a_pagination_token_expires(call: AuthorizedCall, outbox: Outbox) -> None:
    """An hour later by the simulator's clock, a token is refused as expired."""
    attempted(outbox, PAGE_SIZE + 1)
    token = history(call)["paginationToken"]
    call.simulator.advance(PAGINATION_TOKEN_SECONDS - 1)
    history(call, token)
    call.simulator.advance(1)
    refused(problems.PAGINATION_TOKEN_EXPIRED, call, token)


def test_a_pagination_token_belongs_to_its_query(call: AuthorizedCall, outbox: Outbox) -> None:
    """A token of another query, and what is no token, are invalid."""
    attempted(outbox, PAGE_SIZE + 1)
    token = history(call)["paginationToken"]
    refused(problems.INVALID_PAGINATION_TOKEN, call, token, onlyFailures=True)
    for damaged in ("", "hello", "W10", "é", token[1:]):
        refused(problems.INVALID_PAGINATION_TOKEN, call, damaged)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (problems.INVALID_START_DATE, {"startDate": None}),
        (problems.INVALID_START_DATE, {"startDate": "yesterday"}),
        (problems.INVALID_END_DATE, {"endDate": True}),
        (problems.INVALID_END_DATE, {"endDate": -1}),
        (problems.START_DATE_AFTER_END_DATE, {"endDate": DATES["startDate"]}),
        (problems.MULTIPLE_FILTERS_SUPPLIED, {"notificationType": "REFUND", "transactionId": "20001"}),
        (problems.INVALID_NOTIFICATION_TYPE, {"notificationType": "RENEWED"}),
        (problems.INVALID_NOTIFICATION_TYPE, {"notificationType": ["REFUND"]}),
        (problems.INVALID_NOTIFICATION_TYPE, {"notificationSubtype": "UPGRADE"}),
        (problems.INVALID_NOTIFICATION_TYPE, {"notificationType": "REFUND", "notificationSubtype": "UPGRADE"}),
        (problems.INVALID_TRANSACTION_ID, {"transactionId": "mine"}),
        (problems.TRANSACTION_ID_NOT_FOUND, {"transactionId": "20009"}),
        (problems.GENERAL_BAD_REQUEST, {"onlyFailures": "yes"}),
    ],
    ids=range(13),
)
def test_a_query_that_apple_refuses(call: AuthorizedCall, kind: ProblemKind, asked: dict[str, Any]) -> None:
    """Each mistake in the query has Apple's error."""
    refused(kind, call, **asked)


@pytest.mark.parametrize("environment", [SANDBOX, PRODUCTION])
def test_history_goes_back_as_far_as_apples(call: AuthorizedCall, environment: str) -> None:
    """Production has 180 days of history, the sandbox 30; an earlier start is refused."""
    there = replace(call, environment=environment)
    first = NOW_MS - HISTORY_DAYS[environment] * DAY_MS
    assert history(there, startDate=first)["hasMore"] is False
    refused(problems.START_DATE_TOO_FAR_IN_PAST, there, startDate=first - 1)
