"""What a backfill learns: Apple's signed tokens, judged as the functions judge them, and merged into customers' rows.

Tokens about one subscription are merged before its row is read and written, once for a page. Rows of different
customers are written next to each other: from an operator's desk, each call of DynamoDB takes a while.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from types import TracebackType
from typing import Final, Self

from retention.aws.app_table import AppTable
from retention.errors import ForbiddenError, NotUnderstoodError, RetentionError, VerificationError
from retention.notifications.customers import (
    SubscriptionConflictError,
    SubscriptionUnreadableError,
    follow,
    hand_over,
    learn,
)
from retention.notifications.history import Page, SignedStatus
from retention.notifications.judge import NotificationJudge
from retention.notifications.learning import learned, learned_from
from retention.notifications.notification import read_notification, read_report
from retention.notifications.transaction import TransactionInfo
from retention.subscription import EMPTY, State, merge

from console.terminal.failure import Failure

# Rows that are read and written at a time. The client of DynamoDB keeps ten connections.
_WRITERS: Final = 10
# Live traffic may write the same row; each attempt is six by itself.
_ATTEMPTS: Final = 5


class Found(StrEnum):
    """What became of one signed token."""

    LEARNED = "learned"  # it is about a subscription, and merged
    IGNORED = "ignored"  # it is about none
    FORGED = "forged"
    FOREIGN = "foreign"  # of another app or environment
    NOT_UNDERSTOOD = "notUnderstood"  # signed by Apple, and not of a form that this version reads


@dataclass(slots=True)
class Learnt:
    """Counts of a backfill: tokens by what became of them, and rows that changed, stayed, or cannot be read."""

    tokens: Counter[Found] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)


class Learner:
    """Merges into the rows of one app. `judge` makes a judge for the present. For several threads at a time."""

    def __init__(self, app_table: AppTable, judge: Callable[[], NotificationJudge]) -> None:
        self._app_table = app_table
        self._judge = judge
        self._pool = ThreadPoolExecutor(_WRITERS)
        self._counting = Lock()
        self.learnt = Learnt()

    def __call__(self, page: Page) -> None:
        """Learn a page of notifications."""
        judge, found = self._judge(), dict[str, State]()
        read = Counter(self._notification(token, judge, found) for token in page.signed)
        read[Found.NOT_UNDERSTOOD] += page.unsigned
        self._keep(found, read)

    def customer(self, statuses: Iterable[SignedStatus], transactions: Iterable[str]) -> int:
        """Learn everything that Apple has of one customer. Returns the number of the customer's subscriptions.

        `transactions` are all that there are: if each can be read, the history of every subscription is complete.
        """
        judge, found = self._judge(), dict[str, State]()
        pairs = [*((status.transaction, status.renewal) for status in statuses), *((one, "") for one in transactions)]
        read = Counter(self._report(*pair, judge, found) for pair in pairs)
        # A transaction that was not read may be the redeemed offer that a rule asks for.
        complete = State(history_complete=read.keys() <= {Found.LEARNED, Found.IGNORED})
        self._keep({name: merge(state, complete) for name, state in found.items()}, read)
        return len(found)

    def _notification(self, token: str, judge: NotificationJudge, found: dict[str, State]) -> Found:
        try:
            notification = read_notification(token, judge)
        except RetentionError as error:
            return _refusal(error)
        return self._add(found, notification.original_transaction_id, learned(notification), notification.transaction)

    def _report(self, transaction: str, renewal: str, judge: NotificationJudge, found: dict[str, State]) -> Found:
        try:
            report = read_report(transaction, renewal, judge)
        except RetentionError as error:
            return _refusal(error)
        state = learned_from(report.transaction, report.renewal)
        return self._add(found, report.original_transaction_id, state, report.transaction)

    def _add(
        self, found: dict[str, State], name: str | None, state: State, transaction: TransactionInfo | None
    ) -> Found:
        if not name or state == EMPTY:
            return Found.IGNORED
        previous = None if transaction is None else transaction.previous_original_transaction_id
        if previous and previous != name:
            state = merge(state, self._handed_over(previous, name))
        found[name] = merge(found.get(name, EMPTY), state)
        return Found.LEARNED

    def _handed_over(self, previous: str, name: str) -> State:
        """Return what is known under the id that a subscription had before, and note there that it is `name` now."""
        for _ in range(_ATTEMPTS):
            try:
                return hand_over(self._app_table, previous, name)
            except SubscriptionUnreadableError:
                return EMPTY
            except SubscriptionConflictError:
                continue
        raise _overtaken()

    def _keep(self, found: Mapping[str, State], read: Counter[Found]) -> None:
        """Write the rows, and count what was read and written once all are."""
        written = Counter(self._pool.map(self._write, found, found.values()))
        with self._counting:
            self.learnt.tokens.update(read)
            self.learnt.rows.update(written)

    def _write(self, name: str, state: State) -> str:
        for _ in range(_ATTEMPTS):
            try:
                learned = learn(self._app_table, name, state)
                follow(self._app_table, learned)
            except SubscriptionUnreadableError:
                return "unreadable"
            except SubscriptionConflictError:
                continue
            else:
                return "changed" if learned.written else "unchanged"
        raise _overtaken()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


def _overtaken() -> Failure:
    return Failure("Other programs kept writing the row of a subscription: run the command again.")


_REFUSALS: Final[tuple[tuple[type[RetentionError], Found], ...]] = (
    (VerificationError, Found.FORGED),
    (ForbiddenError, Found.FOREIGN),
    (NotUnderstoodError, Found.NOT_UNDERSTOOD),
)


def _refusal(error: RetentionError) -> Found:
    return next((found for kind, found in _REFUSALS if isinstance(error, kind)), Found.FOREIGN)
