"""Apple's lists of the past: the call of each, what it returns, and the errors that are not passed on as they are."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from retention.notifications.history import (
    EXPIRED_TOKEN,
    INVALID_TOKEN,
    TOO_FAR_BACK,
    HistoryQuery,
    Page,
    SignedStatus,
    TokenExpiredError,
)

from console.appstore.api_key import ApiKey
from console.appstore.errors import AppleError, Kind
from console.appstore.history import SHARE, AppleHistory
from console.appstore.pace import Pace
from tests.support.simulated_app import APP, KEY_ID, PEM, Clock

KEY = ApiKey(KEY_ID, APP.issuer_id, PEM)
BASE = "https://apple.example.com/sandbox"
QUERY = HistoryQuery(1_000, 2_000)
TRANSACTION = "2000000123456789"


@dataclass
class Session:
    """Stands in for requests' session: keeps each call, and gives its answers, (status, document), in turn."""

    answers: list[tuple[int, object]]
    calls: list[tuple[str, str, Any, Any]] = field(default_factory=list)

    def request(
        self, method: str, url: str, params: object, data: object, headers: dict[str, str], **options: Any
    ) -> requests.Response:
        del data
        self.calls.append((method, url.removeprefix(BASE), params, options["json"]))
        answer = requests.Response()
        answer.status_code, document = self.answers.pop(0)
        answer._content = json.dumps(document).encode()
        answer.headers["content-type"] = "application/json"
        answer.request = requests.Request(method, url, headers=headers).prepare()
        return answer

    def close(self) -> None:
        pass


def made(*answers: tuple[int, object]) -> tuple[AppleHistory, Session]:
    clock, session = Clock(), Session(list(answers))
    pace = Pace("Sandbox", clock, clock.sleep, share=SHARE)
    client = AppleHistory(KEY, APP.bundle_id, pace, base_url=BASE, clock=clock, sleep=clock.sleep)
    client._wire._session = session  # type: ignore[assignment]  # only these two methods are used
    return client, session


def test_a_page_of_notifications_is_one_post() -> None:
    """Dates are UNIX milliseconds; the token of the page before goes into the URL."""
    page = {"hasMore": True, "paginationToken": "t2", "notificationHistory": [{"signedPayload": "a.b.c"}]}
    with made((200, page), (200, {**page, "hasMore": False}))[0] as history:
        assert history.notifications(QUERY, None) == Page(("a.b.c",), "t2")
        assert history.notifications(QUERY, "t1") == Page(("a.b.c",), None)
        calls = history._wire._session.calls  # type: ignore[attr-defined]  # ours, from `made`
    path, body = "/inApps/v1/notifications/history", {"startDate": 1_000, "endDate": 2_000}
    assert calls == [("POST", path, {}, body), ("POST", path, {"paginationToken": ["t1"]}, body)]


def test_a_list_may_be_of_failures_or_of_one_customer() -> None:
    """Apple's two filters are sent where they are asked for."""
    history, session = made((200, {"hasMore": False}))
    history.notifications(HistoryQuery(1, 2, only_failures=True, transaction_id=TRANSACTION), None)
    assert session.calls[0][3] == {"startDate": 1, "endDate": 2, "onlyFailures": True, "transactionId": TRANSACTION}


@pytest.mark.parametrize("number", [EXPIRED_TOKEN, INVALID_TOKEN])
def test_a_token_that_apple_no_longer_takes_is_an_error_of_its_own(number: int) -> None:
    """The query can be asked again from its first page."""
    history, _ = made((400, {"errorCode": number, "errorMessage": "No."}))
    with pytest.raises(TokenExpiredError):
        history.notifications(QUERY, "t1")


@pytest.mark.parametrize(("number", "after"), [(TOO_FAR_BACK, "t1"), (EXPIRED_TOKEN, None)])
def test_other_refusals_keep_apples_code(number: int, after: str | None) -> None:
    """The caller decides by the code."""
    history, _ = made((400, {"errorCode": number, "errorMessage": "No."}))
    with pytest.raises(AppleError) as caught:
        history.notifications(QUERY, after)
    assert (caught.value.kind, caught.value.error_code) == (Kind.REFUSED, number)


def test_json_of_another_shape_is_not_apples() -> None:
    """It does not count as an empty page."""
    history, _ = made((200, {"status": "maintenance"}))
    with pytest.raises(AppleError) as caught:
        history.notifications(QUERY, None)
    assert caught.value.kind is Kind.NOT_APPLE


def test_statuses_are_one_get() -> None:
    """Any of a customer's transactions leads to all of the customer's subscriptions."""
    latest = {"status": 1, "signedTransactionInfo": "t", "signedRenewalInfo": "r"}
    history, session = made((200, {"data": [{"lastTransactions": [latest]}]}))
    assert history.statuses(TRANSACTION) == (SignedStatus("t", "r"),)
    assert session.calls == [("GET", f"/inApps/v1/subscriptions/{TRANSACTION}", {}, None)]


def test_transactions_are_asked_page_by_page() -> None:
    """Each page is asked with the revision of the one before."""
    first = {"hasMore": True, "revision": "r1", "signedTransactions": ["a"]}
    history, session = made((200, first), (200, {"hasMore": False, "revision": "r2", "signedTransactions": ["b"]}))
    assert [page.signed for page in history.transactions(TRANSACTION)] == [("a",), ("b",)]
    assert [(call[1], call[2]) for call in session.calls] == [
        (f"/inApps/v2/history/{TRANSACTION}", {}),
        (f"/inApps/v2/history/{TRANSACTION}", {"revision": ["r1"]}),
    ]


def test_an_id_is_one_part_of_the_path() -> None:
    """What is no id cannot lead to another operation."""
    history, session = made((404, {"errorCode": 4040010, "errorMessage": "Transaction id not found."}))
    with pytest.raises(AppleError) as caught:
        history.statuses("../notifications/test")
    assert session.calls[0][1] == "/inApps/v1/subscriptions/..%2Fnotifications%2Ftest"
    assert "notifications" not in str(caught.value)
