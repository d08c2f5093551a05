"""`retention facts backfill --transactions FILE`: everything that Apple has of the customers whose ids the owner names.

It is the only source for those about whom no notification was sent within 180 days, such as yearly subscribers, and
the only one after which a customer's history is complete. No id is printed or kept anywhere but in the key of its row.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

from retention.notifications.history import Page, SignedStatus

from console.appstore.errors import AppleError
from console.rollout.backfill import Crew
from console.rollout.backfill_learning import Learner
from console.terminal.failure import Failure
from console.terminal.ordinary_file import read_ordinary
from console.terminal.output import ReportProgress

# A million ids are 17 MB.
_MAX_BYTES: Final = 256 * 2**20
_ID: Final = re.compile(r"[0-9]{1,32}")

# Apple's codes for an id that it does not know, or that is none (AS/error-codes).
_UNKNOWN: Final = frozenset({4000006, 4000008, 4040005, 4040010})


class CustomerLists(Protocol):
    """What is asked about one customer, by any of the customer's transaction ids."""

    def statuses(self, transaction_id: str) -> tuple[SignedStatus, ...]:
        """Return the customer's subscriptions."""

    def transactions(self, transaction_id: str) -> Iterator[Page]:
        """Yield the pages of the customer's transactions."""


def read_ids(path: Path) -> list[str]:
    """Return the transaction ids in a file, one on each line, or on standard input for `-`; each once, in their order.

    Raises Failure for a line that is none; it names the line, and does not repeat it.
    """
    try:
        text = sys.stdin.read() if str(path) == "-" else read_ordinary(path, _MAX_BYTES, pipes=True).decode()
    except UnicodeDecodeError:
        raise Failure(f"{path} is not a text in UTF-8: write one transaction id on each line.") from None
    found: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name = line.strip()
        if name and not _ID.fullmatch(name):
            raise Failure(f"Line {number} of {path} is no transaction id: write the digits of one id on each line.")
        if name:
            found[name] = None
    return list(found)


@dataclass(slots=True)
class CustomersBackfill:
    """Asks about customers, each by one of several threads.

    Of `ids`, `left` have not been asked about yet, and Apple does not know `unknown`; `subscriptions` were found.
    """

    ids: Sequence[str] = field(repr=False)
    learner: Learner
    crew: Crew = field(default_factory=Crew)
    left: int = 0
    unknown: int = 0
    subscriptions: int = 0
    _taking: Lock = field(default_factory=Lock)

    def run(self, clients: Sequence[CustomerLists], progress: ReportProgress) -> None:
        """Ask about all; `clients` has one for each thread. Raises AppleError and AWS's errors."""
        self.left, waiting = len(self.ids), iter(self.ids)
        progress("customers", 0, len(self.ids))

        def done() -> None:
            self.left -= 1
            progress("customers", len(self.ids) - self.left, len(self.ids))

        self.crew.work([self._worker(client, waiting) for client in clients], done)

    def _worker(self, client: CustomerLists, waiting: Iterator[str]) -> Callable[[], bool]:
        def work() -> bool:
            with self._taking:
                name = next(waiting, None)
            if name is not None:
                self._ask(client, name)
            return name is not None

        return work

    def _ask(self, client: CustomerLists, name: str) -> None:
        try:
            statuses = client.statuses(name)
            transactions = [token for page in client.transactions(name) for token in page.signed]
        except AppleError as error:
            if error.error_code not in _UNKNOWN:
                raise
            with self._taking:
                self.unknown += 1
            return
        found = self.learner.customer(statuses, transactions)
        with self._taking:
            self.subscriptions += found
