"""Which release of an app is live: its `head` row, and how fresh what memory has of it is."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final

from retention import table as rows
from retention.aws.connection import CallFailedError
from retention.aws.deadline import Deadline, OutOfTimeError
from retention.errors import CatalogUnavailableError, UnreadableRowError
from retention.lookup.failures import QUIET_SECONDS, Failures, unavailable
from retention.lookup.table_reader import TableReader
from retention.table import Head

# How long a head that was compared with the table is used without comparing it again.
HEAD_SECONDS: Final = 30.0


class LiveHead:
    """The head of one app, read when it is due. `known` is the one in memory, None before the first was read."""

    def __init__(
        self, app_apple_id: int, reader: TableReader, failures: Failures, monotonic: Callable[[], float]
    ) -> None:
        self.known: Head | None = None
        self._key = rows.head_key(app_apple_id)
        self._reader = reader
        self._failures = failures
        self._monotonic = monotonic
        self._lock = Lock()
        self._comparing = False  # one request reads the head; others meanwhile need not count it as late
        self._confirmed = 0.0
        self._due = float("-inf")

    def expire(self) -> None:
        """Have the next request compare the head with the table."""
        self._due = float("-inf")

    def age(self) -> float:
        """Return the seconds since the head was last confirmed."""
        return max(0.0, self._monotonic() - self._confirmed)

    def is_late(self) -> bool:
        """Return whether the head is due, and no request is reading it."""
        return self.age() >= HEAD_SECONDS and not self._comparing

    def get(self, deadline: Deadline) -> Head:
        """Return the head, read if it is due. The one in memory serves on when it cannot be read.

        Raises CatalogUnavailableError where there is none in memory either, or nothing was ever published.
        """
        with self._lock:
            known, now = self.known, self._monotonic()
            if known is not None:
                if now < max(self._due, self._failures.quiet_until):
                    return known
                self._due = now + HEAD_SECONDS  # this request compares; others meanwhile use the one in memory
            self._comparing = True
        try:
            return self._keep(known, self._compared(known, deadline), now)
        except (OutOfTimeError, CallFailedError, UnreadableRowError) as error:
            self._due = self._monotonic() + QUIET_SECONDS
            self._failures.note(error)
            if known is None:
                raise unavailable(error) from error
            return known
        finally:
            self._comparing = False

    def replacement(self, head: Head, deadline: Deadline) -> Head | None:
        """Return the head that DynamoDB's leader has, None where that names the same release as `head` or none.

        A release that was live until a moment ago may be older than those that are kept, and is deleted at once, while
        `head` in memory or on a replica still names it.
        """
        now = self._monotonic()
        newer = self._read(deadline, consistent=True)
        return None if newer is None or newer.current == head.current else self._keep(head, newer, now)

    def _keep(self, known: Head | None, head: Head, now: float) -> Head:
        """Replace `known`, unless another request has read a later head meanwhile. Returns the one in force."""
        with self._lock:
            if self.known is known or self.known is None or head.version >= self.known.version:
                self.known, self._confirmed, self._due = head, now, now + HEAD_SECONDS
            return self.known

    def _compared(self, known: Head | None, deadline: Deadline) -> Head:
        head = self._read(deadline, consistent=False)
        if known is not None and (head is None or head.version < known.version):
            # A replica that lags, or a table restored to an earlier day: the leader knows which.
            head = self._read(deadline, consistent=True)
            if head is None:
                raise UnreadableRowError("head, once there, is gone")
        if head is None:
            raise CatalogUnavailableError("no_release", "nothing has been published for this app")
        return head

    def _read(self, deadline: Deadline, *, consistent: bool) -> Head | None:
        """Return the head, or None where nothing was ever published."""
        item = self._reader.row(self._key, deadline, consistent=consistent)
        head = None if item is None else rows.read_head(item)
        return None if head is None or head.current is None else head


def release_of(head: Head) -> int:
    """Return the live release's number; LiveHead keeps no head without one."""
    assert head.current is not None  # noqa: S101  # LiveHead._read returns None instead
    return head.current
