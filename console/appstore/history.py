"""Apple's App Store Server API as a backfill uses it: lists of notifications, of statuses and of transactions.

`retention.notifications.history` reads the answers, as it does for the scheduled pull.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from appstoreserverlibrary.api_client import GetTransactionHistoryVersion
from appstoreserverlibrary.models.NotificationHistoryRequest import NotificationHistoryRequest
from appstoreserverlibrary.models.TransactionHistoryRequest import TransactionHistoryRequest
from retention.notifications.history import (
    EXPIRED_TOKEN,
    INVALID_TOKEN,
    HistoryQuery,
    Page,
    SignedStatus,
    TokenExpiredError,
    read_notifications,
    read_statuses,
    read_transactions,
)

from console.appstore.api_key import ApiKey
from console.appstore.errors import AppleError
from console.appstore.pace import Pace
from console.appstore.repeats import Repeats
from console.appstore.wire import TIMEOUT, Wire

# Apple's names of the operations.
GET_NOTIFICATION_HISTORY: Final = "Get Notification History"
GET_STATUSES: Final = "Get All Subscription Statuses"
GET_TRANSACTION_HISTORY: Final = "Get Transaction History"

# How much of Apple's limits a backfill uses: the owner's own calls have the rest.
SHARE: Final = 0.5


class AppleHistory:
    """What Apple has on record of one app, in one environment. For one thread; several may keep one `pace`.

    `base_url` is another address than Apple's. `repeating(error)` is called before a call is made again whose outcome
    is unclear. Every failure is an AppleError, which has no customer's id.
    """

    def __init__(
        self,
        key: ApiKey,
        bundle_id: str,
        pace: Pace,
        *,
        base_url: str | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        repeating: Callable[[AppleError], None] = lambda _: None,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        self._wire = Wire(key, bundle_id, pace.environment, base_url=base_url, clock=clock, timeout=timeout)
        self._calls = Repeats(
            self._wire,
            pace.environment,
            clock=clock,
            sleep=sleep,
            patience=pace.patience,
            waiting=None,
            repeating=repeating,
            pace=pace,
        )

    def notifications(self, query: HistoryQuery, after: str | None) -> Page:
        """Return one page of the notification history; `after` is `next` of the page before, None for the first.

        Raises TokenExpiredError where Apple no longer takes `after`.
        """
        request = NotificationHistoryRequest(
            startDate=query.start,
            endDate=query.end,
            transactionId=query.transaction_id or None,
            onlyFailures=query.only_failures or None,
        )

        def ask() -> Page:
            body = self._wire.body_of(lambda: self._wire.get_notification_history(after, request))
            return read_notifications(body, after)

        try:
            return self._calls.safely(GET_NOTIFICATION_HISTORY, ask)
        except AppleError as error:
            if after is not None and error.error_code in {INVALID_TOKEN, EXPIRED_TOKEN}:
                raise TokenExpiredError("token_expired", "Apple no longer takes the token of this page") from error
            raise

    def statuses(self, transaction_id: str) -> tuple[SignedStatus, ...]:
        """Return the subscriptions of the customer who has a transaction of this id."""
        name = quote(transaction_id, safe="")

        def ask() -> tuple[SignedStatus, ...]:
            return read_statuses(self._wire.body_of(lambda: self._wire.get_all_subscription_statuses(name)))

        return self._calls.safely(GET_STATUSES, ask)

    def transactions(self, transaction_id: str) -> Iterator[Page]:
        """Yield the pages of the transactions of the customer who has one of this id, oldest first."""
        name, after = quote(transaction_id, safe=""), None
        while True:
            page = self._transactions(name, after)
            yield page
            after = page.next
            if after is None:
                return

    def _transactions(self, name: str, after: str | None) -> Page:
        def ask() -> Page:
            version = GetTransactionHistoryVersion.V2
            call = self._wire.get_transaction_history
            body = self._wire.body_of(lambda: call(name, after, TransactionHistoryRequest(), version))
            return read_transactions(body, after)

        return self._calls.safely(GET_TRANSACTION_HISTORY, ask)

    def close(self) -> None:
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
