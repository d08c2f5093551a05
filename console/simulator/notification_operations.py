"""What Apple's App Store Server API offers about notifications: a test notification, and the history of those sent."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from typing import Any, Final

from retention.request import PRODUCTION, SANDBOX

from console.simulator import problems, uploads
from console.simulator.notification_types import SUBTYPES
from console.simulator.operations import AuthorizedCall, Document, Operation
from console.simulator.outbox import HistoryFilter, OutgoingNotification, StoredNotification
from console.simulator.problems import Problem, ProblemKind

NOTIFICATIONS_PATH: Final = "/inApps/v1/notifications"
PAGE_SIZE: Final = 20
HISTORY_DAYS: Final = {PRODUCTION: 180, SANDBOX: 30}
# By the simulator's clock. Assumption: Apple documents that a token expires (4000017), and not when.
PAGINATION_TOKEN_SECONDS: Final = 3600

_DAY_MS: Final = 86_400_000


def request_test_notification(call: AuthorizedCall) -> Document:
    """Send a TEST notification. The token that Apple answers with is the notificationUUID and the time, in UNIX ms."""
    outbox = call.simulator.outbox(call.app.app_apple_id, call.environment)
    if outbox.url is None:
        raise Problem(problems.SERVER_NOTIFICATION_URL_NOT_FOUND)
    identifier, signed_date = str(uuid.uuid4()), int(call.simulator.wall() * 1000)
    app = {"appAppleId": call.app.app_apple_id, "bundleId": call.app.bundle_id}
    claims = {
        "notificationType": "TEST",
        "notificationUUID": identifier,
        "data": {**app, "environment": call.environment},
        "version": "2.0",
        "signedDate": signed_date,
    }
    signed = call.simulator.authority.sign(claims)
    outbox.add(OutgoingNotification(identifier, "TEST", "", signed_date, signed), call.simulator.now())
    return {"testNotificationToken": f"{identifier}_{signed_date}"}


def get_test_notification_status(call: AuthorizedCall) -> Document:
    """Return the attempts; before the first one has ended, and for other notifications, there is no status."""
    identifier, _, signed_date = call.parameters["testNotificationToken"].partition("_")
    try:
        uuid.UUID(identifier)
        int(signed_date)
    except ValueError:
        raise Problem(problems.INVALID_TEST_NOTIFICATION_TOKEN) from None
    found = call.simulator.outbox(call.app.app_apple_id, call.environment).find(identifier)
    if found is None or not found.attempts or found.sent.notification_type != "TEST":
        raise Problem(problems.TEST_NOTIFICATION_NOT_FOUND)
    return _item(found)


def get_notification_history(call: AuthorizedCall) -> Document:
    """Return one page of the notifications that were attempted, in the order in which they happened.

    Assumptions: Apple documents no order, and not by which of its dates it filters; here it is the signedDate.
    """
    asked = {name: value for name, value in uploads.read_object(call.body).items() if value is not None}
    outbox = call.simulator.outbox(call.app.app_apple_id, call.environment)
    wanted = _filter(call, asked)
    if wanted.transaction_id and not outbox.knows(wanted.transaction_id):
        raise Problem(problems.TRANSACTION_ID_NOT_FOUND)
    # The dates are compared as they were sent: an endDate in the future is replaced by a later now on each page.
    query = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
    token = call.query.get("paginationToken")
    after = 0 if token is None else _position(token, query, call.simulator.now())
    found = outbox.history(wanted, after, PAGE_SIZE + 1)
    page = found[:PAGE_SIZE]
    more = len(found) > PAGE_SIZE
    document: Document = {"hasMore": more, "notificationHistory": [_item(stored) for stored in page]}
    return document | ({"paginationToken": _token(page[-1].number, query, call.simulator.now())} if more else {})


def _item(stored: StoredNotification) -> Document:
    attempts = [attempt.document() for attempt in stored.attempts]
    return {"signedPayload": stored.sent.signed_payload, "sendAttempts": attempts}


def _filter(call: AuthorizedCall, asked: dict[str, Any]) -> HistoryFilter:
    start = _date(asked.get("startDate"), problems.INVALID_START_DATE)
    end = _date(asked.get("endDate"), problems.INVALID_END_DATE)
    now = int(call.simulator.wall() * 1000)
    if start >= end:
        raise Problem(problems.START_DATE_AFTER_END_DATE)
    if start < now - HISTORY_DAYS[call.environment] * _DAY_MS:
        raise Problem(problems.START_DATE_TOO_FAR_IN_PAST)
    kind, subtype = asked.get("notificationType", ""), asked.get("notificationSubtype", "")
    transaction, only_failures = asked.get("transactionId", ""), asked.get("onlyFailures", False)
    if kind and transaction:
        raise Problem(problems.MULTIPLE_FILTERS_SUPPLIED)
    named = str(kind)
    if (kind and named not in SUBTYPES) or (subtype and subtype not in SUBTYPES.get(named, ())):
        raise Problem(problems.INVALID_NOTIFICATION_TYPE)
    if transaction and not (isinstance(transaction, str) and transaction.isdecimal()):
        raise Problem(problems.INVALID_TRANSACTION_ID)
    if not isinstance(only_failures, bool):
        raise Problem(problems.GENERAL_BAD_REQUEST)
    return HistoryFilter(start, min(end, now + 1), named, str(subtype), transaction, only_failures)


def _date(value: object, problem: ProblemKind) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Problem(problem)
    return value


def _token(number: int, query: str, now: float) -> str:
    """Return an opaque text that names the last entry of a page, the query, and when it was made."""
    return base64.urlsafe_b64encode(json.dumps([number, query, int(now)]).encode()).decode().rstrip("=")


def _position(token: str, query: str, now: float) -> int:
    """Return the number of the last entry of the page before. Raises Problem for a token of another query."""
    try:
        number, made_for, made_at = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        number, made_at = int(number), int(made_at)
    except (ValueError, TypeError):
        raise Problem(problems.INVALID_PAGINATION_TOKEN) from None
    if made_for != query:
        raise Problem(problems.INVALID_PAGINATION_TOKEN)
    if now - made_at >= PAGINATION_TOKEN_SECONDS:
        raise Problem(problems.PAGINATION_TOKEN_EXPIRED)
    return number


NOTIFICATION_OPERATIONS: Final = (
    Operation(
        "Get Notification History", "POST", "/history", get_notification_history, base=NOTIFICATIONS_PATH,
    ),
    Operation("Request a Test Notification", "POST", "/test", request_test_notification, base=NOTIFICATIONS_PATH),
    Operation(
        "Get Test Notification Status", "GET", "/test/{testNotificationToken}", get_test_notification_status,
        base=NOTIFICATIONS_PATH,
    ),
)  # fmt: skip
