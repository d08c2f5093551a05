"""The notifications that the App Store has for one app in one environment: kept, attempted, listed.

A notification that happens while the app has no notification URL is never sent, and no list has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from console.simulator.database import Database, Row
from console.simulator.endpoint_call import SUCCESS

_COLUMNS: Final = "number, uuid, type, subtype, signed_date, signed_payload, original_transaction, transaction_id"

# The original transaction of a transaction or of itself. Two queries, since each has an index of its own.
_ORIGINALS: Final = (
    "SELECT original_transaction FROM notification WHERE app = ? AND environment = ? AND transaction_id = ?"
    " UNION SELECT original_transaction FROM notification"
    " WHERE app = ? AND environment = ? AND original_transaction = ?"
)


@dataclass(frozen=True, slots=True)
class OutgoingNotification:
    """A signed notification. `subtype` and the two ids are "" where it has none; `signed_date` is in UNIX ms."""

    uuid: str
    notification_type: str
    subtype: str
    signed_date: int
    signed_payload: str = field(repr=False)
    original_transaction_id: str = field(default="", repr=False)
    transaction_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SendAttempt:
    """One attempt to send a notification: when, by the simulator's clock (UNIX seconds), and Apple's result."""

    at: float
    result: str

    def document(self) -> dict[str, int | str]:
        """Return Apple's sendAttemptItem."""
        return {"attemptDate": int(self.at * 1000), "sendAttemptResult": self.result}


@dataclass(frozen=True, slots=True)
class StoredNotification:
    """A notification in the outbox. `number` counts all notifications in the order in which they happened."""

    number: int
    sent: OutgoingNotification
    attempts: tuple[SendAttempt, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """What Get Notification History asks for: signed from `start` until before `end` (UNIX ms), and the rest of it.

    `notification_type`, `subtype` and `transaction_id` are "" for any. `transaction_id` may be any transaction of the
    customer. `only_failures` leaves out what an attempt delivered.
    """

    start: int
    end: int
    notification_type: str = ""
    subtype: str = ""
    transaction_id: str = field(default="", repr=False)
    only_failures: bool = False


@dataclass(frozen=True, slots=True)
class Outbox:
    """The notifications of one app in one environment."""

    database: Database
    app: int
    environment: str

    @property
    def url(self) -> str | None:
        """The notification URL, as set in App Store Connect; None where there is none."""
        query = "SELECT url FROM notification_url WHERE app = ? AND environment = ?"
        row = self.database.one(query, self.app, self.environment)
        return None if row is None else str(row[0])

    def set_url(self, url: str | None) -> bool:
        """Set the URL, or remove it with None; return whether that changed a record. Retries go to the new URL."""
        if url is not None:
            statement = "REPLACE INTO notification_url VALUES (?, ?, ?)"
            return self.database.run(statement, self.app, self.environment, url) > 0
        statement = "DELETE FROM notification_url WHERE app = ? AND environment = ?"
        return self.database.run(statement, self.app, self.environment) > 0

    def add(self, notification: OutgoingNotification, now: float) -> None:
        """Take in what happened at `now` (the simulator's clock), to be attempted at once if there is a URL."""
        with self.database.transaction():
            self.database.run(
                "INSERT INTO notification (uuid, app, environment, type, subtype, original_transaction, transaction_id,"
                " signed_date, signed_payload, next_attempt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                notification.uuid, self.app, self.environment, notification.notification_type, notification.subtype,
                notification.original_transaction_id, notification.transaction_id, notification.signed_date,
                notification.signed_payload, None if self.url is None else now,
            )  # fmt: skip

    def due(self, now: float) -> list[StoredNotification]:
        """Return the notifications whose next attempt is due, in the order in which they happened."""
        query = (
            f"SELECT {_COLUMNS} FROM notification WHERE app = ? AND environment = ? AND next_attempt <= ? ORDER BY 1"  # noqa: S608  # our own words
        )
        return self._stored(self.database.all(query, self.app, self.environment, now))

    def next_attempt(self) -> float | None:
        """Return when the next attempt is due, by the simulator's clock; None where none is planned."""
        query = "SELECT MIN(next_attempt) FROM notification WHERE app = ? AND environment = ?"
        row = self.database.one(query, self.app, self.environment)
        return None if row is None or row[0] is None else float(row[0])

    def claim(self, number: int, now: float, until: float) -> bool:
        """Take a due notification for one attempt; no other process takes it before `until`. Return whether it was due.

        A process that is killed during the attempt leaves it due again at `until`: it may then arrive twice.
        """
        statement = "UPDATE notification SET next_attempt = ? WHERE number = ? AND next_attempt <= ?"
        return self.database.run(statement, until, number, now) > 0

    def postpone(self, number: int, until: float) -> None:
        """Put the next attempt off until `until`, without one being made."""
        self.database.run("UPDATE notification SET next_attempt = ? WHERE number = ?", until, number)

    def record(self, number: int, attempt: SendAttempt, next_attempt: float | None) -> None:
        """Record an attempt, and when the next one is due, None for never."""
        with self.database.transaction():
            row = self.database.one("SELECT COUNT(*) FROM send_attempt WHERE notification = ?", number)
            made = 0 if row is None else int(row[0])
            self.database.run("INSERT INTO send_attempt VALUES (?, ?, ?, ?)", number, made, attempt.at, attempt.result)
            self.database.run("UPDATE notification SET next_attempt = ? WHERE number = ?", next_attempt, number)

    def find(self, uuid: str) -> StoredNotification | None:
        """Return the notification with this notificationUUID, None if there is none."""
        query = f"SELECT {_COLUMNS} FROM notification WHERE app = ? AND environment = ? AND uuid = ?"  # noqa: S608  # our own words
        found = self._stored(self.database.all(query, self.app, self.environment, uuid))
        return found[0] if found else None

    def knows(self, transaction_id: str) -> bool:
        """Return whether a notification is about this transaction, or about one of the same subscription."""
        return self.database.one(_ORIGINALS, *self._originals_of(transaction_id)) is not None

    def _originals_of(self, transaction_id: str) -> tuple[object, ...]:
        """Return the values of _ORIGINALS."""
        return (self.app, self.environment, transaction_id) * 2

    def history(self, wanted: HistoryFilter, after: int, limit: int) -> list[StoredNotification]:
        """Return at most `limit` attempted notifications with numbers above `after`, in the order they happened."""
        where = ["app = ?", "environment = ?", "number > ?", "signed_date >= ?", "signed_date < ?"]
        values: list[object] = [self.app, self.environment, after, wanted.start, wanted.end]
        attempts = "SELECT 1 FROM send_attempt WHERE send_attempt.notification = notification.number"
        where.append(f"EXISTS ({attempts})")
        for column, value in (("type", wanted.notification_type), ("subtype", wanted.subtype)):
            if value:
                where.append(f"{column} = ?")
                values.append(value)
        if wanted.transaction_id:
            where.append(f"original_transaction IN ({_ORIGINALS})")
            values += self._originals_of(wanted.transaction_id)
        if wanted.only_failures:
            where.append(f"NOT EXISTS ({attempts} AND result = '{SUCCESS}')")
        query = f"SELECT {_COLUMNS} FROM notification WHERE {' AND '.join(where)} ORDER BY number LIMIT ?"  # noqa: S608  # our own words
        return self._stored(self.database.all(query, *values, limit))

    def _stored(self, rows: Sequence[Row]) -> list[StoredNotification]:
        return [
            StoredNotification(number, OutgoingNotification(*sent), self._attempts(number)) for number, *sent in rows
        ]

    def _attempts(self, number: int) -> tuple[SendAttempt, ...]:
        query = "SELECT at, result FROM send_attempt WHERE notification = ? ORDER BY number"
        return tuple(SendAttempt(at, result) for at, result in self.database.all(query, number))
