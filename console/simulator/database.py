"""The simulator's data: one SQLite file, which the server and other commands can have open at the same time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS app (
  bundle_id TEXT PRIMARY KEY, app_apple_id INTEGER NOT NULL UNIQUE, issuer_id TEXT NOT NULL, access INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS api_key (key_id TEXT PRIMARY KEY, issuer_id TEXT NOT NULL, public_pem BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS product (
  app INTEGER, product_id TEXT, subscription_group TEXT NOT NULL, advanced_commerce INTEGER NOT NULL,
  PRIMARY KEY (app, product_id));
CREATE TABLE IF NOT EXISTS purchase (
  transaction_id TEXT PRIMARY KEY, app INTEGER NOT NULL, product_id TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS period (app INTEGER, product_id TEXT, period TEXT NOT NULL, PRIMARY KEY (app, product_id));
CREATE TABLE IF NOT EXISTS subscription (
  app INTEGER, environment TEXT, original_transaction TEXT, product_id TEXT NOT NULL, status INTEGER NOT NULL,
  document TEXT NOT NULL, PRIMARY KEY (app, environment, original_transaction));
CREATE TABLE IF NOT EXISTS subscription_transaction (
  app INTEGER, environment TEXT, transaction_id TEXT, original_transaction TEXT NOT NULL,
  PRIMARY KEY (app, environment, transaction_id));
CREATE TABLE IF NOT EXISTS image (
  app INTEGER, environment TEXT, identifier TEXT, size TEXT NOT NULL, state TEXT NOT NULL, uploaded REAL NOT NULL,
  PRIMARY KEY (app, environment, identifier));
CREATE TABLE IF NOT EXISTS message (
  app INTEGER, environment TEXT, identifier TEXT, content TEXT NOT NULL, state TEXT NOT NULL, uploaded REAL NOT NULL,
  PRIMARY KEY (app, environment, identifier));
CREATE TABLE IF NOT EXISTS picture (
  app INTEGER, environment TEXT, message TEXT, image TEXT, PRIMARY KEY (app, environment, message, image));
CREATE INDEX IF NOT EXISTS picture_image ON picture (app, environment, image);
CREATE TABLE IF NOT EXISTS taken (
  environment TEXT, kind TEXT, identifier TEXT, PRIMARY KEY (environment, kind, identifier));
CREATE TABLE IF NOT EXISTS default_message (
  app INTEGER, environment TEXT, product_id TEXT, locale TEXT, message TEXT NOT NULL,
  PRIMARY KEY (app, environment, product_id, locale));
CREATE TABLE IF NOT EXISTS realtime_url (
  app INTEGER, environment TEXT, url TEXT NOT NULL, PRIMARY KEY (app, environment));
CREATE TABLE IF NOT EXISTS asc_message (
  app INTEGER, product_id TEXT, content TEXT NOT NULL, PRIMARY KEY (app, product_id));
CREATE TABLE IF NOT EXISTS performance_test (
  request_id TEXT PRIMARY KEY, app INTEGER NOT NULL, result TEXT NOT NULL, report TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notification_url (
  app INTEGER, environment TEXT, url TEXT NOT NULL, PRIMARY KEY (app, environment));
CREATE TABLE IF NOT EXISTS notification (
  number INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, app INTEGER NOT NULL, environment TEXT NOT NULL,
  type TEXT NOT NULL, subtype TEXT NOT NULL, original_transaction TEXT NOT NULL, transaction_id TEXT NOT NULL,
  signed_date INTEGER NOT NULL, signed_payload TEXT NOT NULL, next_attempt REAL);
CREATE INDEX IF NOT EXISTS notification_due ON notification (app, environment, next_attempt);
CREATE INDEX IF NOT EXISTS notification_signed ON notification (app, environment, signed_date);
CREATE INDEX IF NOT EXISTS notification_original ON notification (app, environment, original_transaction);
CREATE INDEX IF NOT EXISTS notification_transaction ON notification (app, environment, transaction_id);
CREATE TABLE IF NOT EXISTS send_attempt (
  notification INTEGER, number INTEGER, at REAL NOT NULL, result TEXT NOT NULL, PRIMARY KEY (notification, number));
CREATE TABLE IF NOT EXISTS calls (
  app INTEGER, environment TEXT, operation TEXT, hour INTEGER NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (app, environment, operation));
"""

# How long to wait for another process, which locks the file for the length of one call.
_PATIENCE_SECONDS: Final = 10.0

Row = tuple[Any, ...]


class Database:
    """One connection, used by one thread at a time. `path` may be ":memory:"."""

    def __init__(self, path: Path | str) -> None:
        self._lock = RLock()
        self._depth = 0
        self._connection = sqlite3.connect(
            path, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
        )
        # A killed process loses nothing; a power cut can lose the last second of a rehearsal, which is acceptable.
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    def copy(self) -> Database:
        """Return a copy of all that is held now, in memory."""
        made = Database(":memory:")
        with self._lock, made._lock:
            self._connection.backup(made._connection)
        return made

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as one transaction: all of it or nothing, and no other process writes meanwhile.

        A transaction inside another one is part of the outer one.
        """
        with self._lock:
            if not self._depth:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if not self._depth:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if not self._depth:
                self._connection.execute("COMMIT")

    def run(self, statement: str, *values: object) -> int:
        """Run a statement, and return the number of rows that it changed."""
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    def all(self, query: str, *values: object) -> list[Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def one(self, query: str, *values: object) -> Row | None:
        with self._lock:
            row: Row | None = self._connection.execute(query, values).fetchone()
            return row

    def close(self) -> None:
        with self._lock:
            self._connection.close()
