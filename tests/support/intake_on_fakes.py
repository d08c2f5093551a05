"""An intake of notifications on a table in memory, with what it prints, counts and parks.

intake = IntakeOnFakes()
intake.take(body(notification("DID_RENEW")))     # the fate, by its text
intake.state()                                   # what the row of the minted customer then holds
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.connection import CallFailedError
from retention.jws import SignedPayloadVerifier
from retention.notifications.customers import state_of
from retention.notifications.fates import IntakeVerdict
from retention.notifications.intake import PUSH, Intake
from retention.notifications.live_apps import LiveApps
from retention.subscription import State

from tests.minting.certificates import NOW, good_chain
from tests.minting.notifications import BUNDLE, ORIGINAL_TRANSACTION
from tests.support.fake_table import APP, SETTINGS, TABLE
from tests.support.sync_entry import Lines
from tests.support.writable_table import WritableTable

PUBLISHED: Final = {**SETTINGS, "bundleId": BUNDLE}


def published_table() -> WritableTable:
    """Return a table with a live release of the minted notifications' app."""
    table = WritableTable()
    table.publish(1, settings=PUBLISHED)
    return table


@dataclass
class ParkedBodies:
    """In the place of the parking queue: keeps body and reason, or fails."""

    bodies: list[tuple[str, str]] = field(default_factory=list)
    away: bool = False

    def park(self, text: str, reason: str) -> None:
        if self.away:
            raise CallFailedError("ServiceUnavailable")
        self.bodies.append((text, reason))


@dataclass
class IntakeOnFakes:
    """One intake and all that it touches. `call` stands in for the calls to the table, where a test interferes."""

    table: WritableTable = field(default_factory=published_table)
    lines: Lines = field(default_factory=Lines)
    parked: ParkedBodies = field(default_factory=ParkedBodies)
    now: datetime = NOW
    apps: tuple[int, ...] = (APP,)
    environment: str = "Production"
    roots: Sequence[bytes] = field(default_factory=lambda: [good_chain()[2]])
    known_leaves: frozenset[str] = frozenset()
    call: Any = None
    monotonic: Callable[[], float] = time.monotonic

    def intake(self) -> Intake:
        return Intake(
            SignedPayloadVerifier(self.roots),
            LiveApps(self.table.client(self.call), TABLE, self.apps, self.monotonic),
            self.parked,  # type: ignore[arg-type]  # in its place
            self.lines,  # type: ignore[arg-type]  # likewise
            self.environment,
            self.known_leaves,
            lambda: self.now,
        )

    def take(self, *texts: str, source: str = PUSH) -> list[str]:
        """Take in one batch. Returns the fates, by their texts."""
        return [verdict.fate.value for verdict in self.judge(*texts, source=source)]

    def judge(self, *texts: str, source: str = PUSH) -> list[IntakeVerdict]:
        return self.intake().take_all(texts, source)

    def state(self, person: str = ORIGINAL_TRANSACTION) -> State:
        return state_of(AppTable(self.table.client(), TABLE, APP), person)

    def row(self, person: str = ORIGINAL_TRANSACTION) -> dict[str, Any] | None:
        key = rows.subscription_key(APP, person)
        return self.table.items.get((key["pk"]["S"], key["sk"]["S"]))

    def printed(self, word: str) -> list[dict[str, Any]]:
        """Return the fields of the lines with this text."""
        return [fields for found, _, fields in self.lines.reported if found == word]
