"""Apple's answers about the past: Get Notification History, Get All Subscription Statuses, Get Transaction History V2.

Each is unsigned JSON around signed tokens. Only its shape is read here, and of its content only the tokens and what
leads to the next page: who judges a token trusts nothing next to it. An answer of another shape is an error and never
an empty page: a proxy's page, read as the end of a history, would hide what Apple has.

The pull makes its call with `retention.appstore.transport`, the console with Apple's own library (`console.appstore`);
both read the answers here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from retention.appstore.transport import AppleCall, AppleCallError, Transport
from retention.aws.deadline import Deadline
from retention.errors import RetentionError
from retention.request import PRODUCTION, SANDBOX

NOTIFICATION_HISTORY: Final = "/inApps/v1/notifications/history"

DAY_MS: Final = 86_400_000

# For how long Apple keeps the notifications it attempted to send (AS/get-notification-history).
HISTORY_DAYS: Final[Mapping[str, int]] = {PRODUCTION: 180, SANDBOX: 30}

# Apple's error codes (AS/error-codes). A token is good for one query, and for a time that Apple does not document.
TOO_FAR_BACK: Final = 4000012
INVALID_TOKEN: Final = 4000014
EXPIRED_TOKEN: Final = 4000017


class HistoryFormatError(RetentionError):
    """This is not the body of Apple's answer about notifications, statuses or transactions."""


class TokenExpiredError(RetentionError):
    """Apple no longer takes this pagination token: the query begins again with its first page."""


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which notifications to list: attempted from `start` up to `end`, UNIX ms.

    `only_failures`: those that did not reach the server whose URL Apple has. `transaction_id`: of one customer.
    """

    start: int
    end: int
    only_failures: bool = False
    transaction_id: str = field(default="", repr=False)

    def body(self) -> dict[str, Any]:
        """Return Apple's NotificationHistoryRequest."""
        return {
            "startDate": self.start,
            "endDate": self.end,
            **({"onlyFailures": True} if self.only_failures else {}),
            **({"transactionId": self.transaction_id} if self.transaction_id else {}),
        }


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its signed tokens, and the text that asks for the next page, None where this is the last.

    `unsigned` counts the entries without a signed token.
    """

    signed: tuple[str, ...] = field(repr=False)
    next: str | None = field(repr=False)
    unsigned: int = 0


@dataclass(frozen=True, slots=True)
class SignedStatus:
    """One subscription of Get All Subscription Statuses: its transaction and its renewal, empty where it has none.

    The status next to them is not signed, and not read: the renewal shows it.
    """

    transaction: str = field(repr=False)
    renewal: str = field(repr=False)


# Asks for one page of a query; the text is the `next` of the page before, None for the first page.
AskPage: TypeAlias = Callable[[HistoryQuery, str | None], Page]


def ask_notifications(
    transport: Transport, query: HistoryQuery, after: str | None, token: Callable[[], str], deadline: Deadline
) -> Page:
    """Return one page of the notification history. Raises AppleCallError, TokenExpiredError, HistoryFormatError."""
    following = {} if after is None else {"paginationToken": after}
    call = AppleCall("/notifications/history", NOTIFICATION_HISTORY, following, query.body())
    try:
        return read_notifications(transport.ask(call, token, deadline), after)
    except AppleCallError as error:
        if after is not None and error.number in {INVALID_TOKEN, EXPIRED_TOKEN}:
            raise TokenExpiredError("token_expired", "Apple no longer takes the token of this page") from error
        raise


def read_notifications(body: bytes, after: str | None = None) -> Page:
    """Read NotificationHistoryResponse; `after` is the token it was asked with. Raises HistoryFormatError."""
    document = _document(body, "notificationHistory")
    entries = _list(document, "notificationHistory", dict)
    signed = tuple(entry["signedPayload"] for entry in entries if _is_token(entry.get("signedPayload")))
    return Page(signed, _next(document, "paginationToken", after), len(entries) - len(signed))


def read_transactions(body: bytes, after: str | None = None) -> Page:
    """Read HistoryResponse; `after` is the revision it was asked with. Raises HistoryFormatError."""
    document = _document(body, "signedTransactions")
    return Page(tuple(_list(document, "signedTransactions", str)), _next(document, "revision", after))


def read_statuses(body: bytes) -> tuple[SignedStatus, ...]:
    """Read StatusResponse: a customer's subscriptions of all groups. Raises HistoryFormatError."""
    document = _parsed(body)
    if "data" not in document:
        raise _not_apples("data")
    latest = [one for group in _list(document, "data", dict) for one in _list(group, "lastTransactions", dict)]
    found = (SignedStatus(*map(_text, (one.get(name) for name in _SIGNED_STATUS))) for one in latest)
    return tuple(one for one in found if one.transaction or one.renewal)


_SIGNED_STATUS: Final = ("signedTransactionInfo", "signedRenewalInfo")


def _document(body: bytes, name: str) -> Mapping[str, Any]:
    """Return an answer in pages. Apple documents no field as required, so a list or `hasMore` shows that it is one."""
    document = _parsed(body)
    if name not in document and not isinstance(document.get("hasMore"), bool):
        raise _not_apples(name)
    return document


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HistoryFormatError("history_format", f"not JSON ({type(error).__name__})") from error
    if not isinstance(document, dict):
        raise HistoryFormatError("history_format", "expected a JSON object")
    return document


def _list(document: Mapping[str, Any], name: str, kind: type) -> list[Any]:
    """Return a list of such entries, an empty one where the answer has none of that name."""
    entries = document.get(name)
    if entries is None:
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, kind) for entry in entries):
        raise _not_apples(name)
    return entries


def _next(document: Mapping[str, Any], name: str, after: str | None) -> str | None:
    more = document.get("hasMore", False)
    if not isinstance(more, bool):
        raise _not_apples("hasMore")
    following = document.get(name)
    if not more:
        return None
    if not isinstance(following, str) or not following or following == after:
        # The token of this very page would lead here again, without an end.
        raise HistoryFormatError("history_format", f"there is more, and {name} does not lead to it")
    return following


def _is_token(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _not_apples(name: str) -> HistoryFormatError:
    return HistoryFormatError("history_format", f"expected Apple's answer with {name}")
