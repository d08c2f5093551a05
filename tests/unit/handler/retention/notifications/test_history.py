"""Apple's answers about the past: what is asked, what is read, and that no other JSON counts as an empty page."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import cast

import pytest
from retention.appstore.transport import AppleCall, AppleCallError, RateLimitedError, Transport
from retention.aws.deadline import Deadline
from retention.notifications.history import (
    EXPIRED_TOKEN,
    INVALID_TOKEN,
    TOO_FAR_BACK,
    HistoryFormatError,
    HistoryQuery,
    Page,
    SignedStatus,
    TokenExpiredError,
    ask_notifications,
    read_notifications,
    read_statuses,
    read_transactions,
)

QUERY = HistoryQuery(1_764_000_000_000, 1_764_003_600_000)
TRANSACTION = "2000000123456789"


@dataclass
class OneAnswer:
    """A transport with one answer, which notes the call."""

    answer: object
    calls: list[AppleCall] = field(default_factory=list)

    def ask(self, call: AppleCall, *_: object) -> bytes:
        self.calls.append(call)
        if isinstance(self.answer, Exception):
            raise self.answer
        return json.dumps(self.answer).encode()


def asked(transport: OneAnswer, after: str | None = None, query: HistoryQuery = QUERY) -> Page:
    return ask_notifications(cast("Transport", transport), query, after, lambda: "a.b.c", Deadline.after(60))


def refusal(number: int) -> AppleCallError:
    error = AppleCallError("apple_refused", "Apple refuses it")
    error.number = number
    return error


def test_a_page_is_asked_with_its_dates_and_the_token_of_the_page_before() -> None:
    """The first page of a query is asked without a token; dates are UNIX milliseconds."""
    transport = OneAnswer({"hasMore": False, "notificationHistory": []})
    asked(transport)
    asked(transport, "second", HistoryQuery(1, 2, only_failures=True, transaction_id=TRANSACTION))
    first, second = transport.calls
    assert (first.path, first.query) == ("/inApps/v1/notifications/history", {})
    assert first.body == {"startDate": 1_764_000_000_000, "endDate": 1_764_003_600_000}
    assert second.query == {"paginationToken": "second"}
    assert second.body == {"startDate": 1, "endDate": 2, "onlyFailures": True, "transactionId": TRANSACTION}


def test_a_page_has_its_signed_payloads_and_leads_to_the_next() -> None:
    """Of an entry the signed payload alone is read; one without it is counted."""
    entries = [{"signedPayload": "a.b.c", "sendAttempts": [{"sendAttemptResult": "SUCCESS"}]}, {"sendAttempts": []}]
    answer = {"hasMore": True, "paginationToken": "next", "notificationHistory": entries}
    assert asked(OneAnswer(answer)) == Page(("a.b.c",), "next", unsigned=1)


def test_a_token_after_the_last_page_leads_nowhere() -> None:
    """Apple may send a token with the last page; `hasMore` decides."""
    assert asked(OneAnswer({"hasMore": False, "paginationToken": "next", "notificationHistory": []})) == Page((), None)
    assert asked(OneAnswer({"notificationHistory": [{"signedPayload": "a.b.c"}]})) == Page(("a.b.c",), None)


@pytest.mark.parametrize("number", [EXPIRED_TOKEN, INVALID_TOKEN])
def test_an_expired_token_is_an_error_of_its_own(number: int) -> None:
    """The caller begins the query again."""
    with pytest.raises(TokenExpiredError):
        asked(OneAnswer(refusal(number)), "old")


@pytest.mark.parametrize(
    ("error", "after"),
    [(refusal(TOO_FAR_BACK), "old"), (refusal(EXPIRED_TOKEN), None), (RateLimitedError("/history", None), "old")],
    ids=["another refusal", "no token was sent", "rate limit"],
)
def test_any_other_refusal_is_passed_on(error: AppleCallError, after: str | None) -> None:
    """Beginning again would not help."""
    with pytest.raises(AppleCallError) as caught:
        asked(OneAnswer(error), after)
    assert caught.value is error


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"status": "maintenance"}',
        b'{"hasMore": "no"}',
        b'{"hasMore": 1, "notificationHistory": []}',
        b'{"notificationHistory": {}}',
        b'{"notificationHistory": ["a.b.c"]}',
        b'{"hasMore": true, "notificationHistory": []}',
        b'{"hasMore": true, "paginationToken": "", "notificationHistory": []}',
        b'{"hasMore": true, "paginationToken": 7, "notificationHistory": []}',
        b'{"hasMore": true, "paginationToken": "here", "notificationHistory": []}',
    ],
)
def test_other_json_is_no_empty_page(body: bytes) -> None:
    """Read as the end of a history, a proxy's page would move the watermark past what Apple has."""
    with pytest.raises(HistoryFormatError):
        read_notifications(body, "here")


def test_transactions_are_read_page_by_page() -> None:
    """Apple returns a revision with every page; it is asked with while there is more."""
    more = json.dumps({"revision": "r1", "hasMore": True, "signedTransactions": ["a.b.c", "d.e.f"]}).encode()
    last = json.dumps({"revision": "r2", "hasMore": False, "signedTransactions": []}).encode()
    assert read_transactions(more) == Page(("a.b.c", "d.e.f"), "r1")
    assert read_transactions(last, "r1") == Page((), None)
    for wrong in (b"{}", b'{"signedTransactions": [1]}', b'{"hasMore": true, "signedTransactions": []}'):
        with pytest.raises(HistoryFormatError):
            read_transactions(wrong)


def test_statuses_are_read_of_all_groups() -> None:
    """A customer may have a subscription in each group. The unsigned status and id are not read."""
    both = {"originalTransactionId": TRANSACTION, "status": 1, "signedTransactionInfo": "t", "signedRenewalInfo": "r"}
    groups = [{"lastTransactions": [both]}, {"lastTransactions": [{"signedRenewalInfo": "s"}, {"status": 2}]}, {}]
    body = json.dumps({"environment": "Sandbox", "data": groups}).encode()
    assert read_statuses(body) == (SignedStatus("t", "r"), SignedStatus("", "s"))
    assert read_statuses(b'{"data": []}') == ()
    for wrong in (b"{}", b'{"data": {}}', b'{"data": [{"lastTransactions": [1]}]}'):
        with pytest.raises(HistoryFormatError):
            read_statuses(wrong)


def test_no_token_or_customer_is_in_a_repr() -> None:
    """A page, a status and a query may end up in a traceback."""
    shown = repr(
        [Page(("a.b.c",), "next"), SignedStatus("t.t.t", "r.r.r"), HistoryQuery(1, 2, transaction_id=TRANSACTION)]
    )
    assert not any(secret in shown for secret in ("a.b.c", "next=", "t.t.t", "r.r.r", TRANSACTION))
