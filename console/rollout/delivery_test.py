"""`retention notifications test`: have Apple send a TEST notification, and see whether the stack has taken it in."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from retention.aws.app_table import AppTable
from retention.notifications.last_test import last_test

from console.appstore.client import Apple
from console.appstore.notification_test import TestStatus
from console.terminal.output import Output, ReportProgress

SUCCESS: Final = "SUCCESS"
_POLL_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class DeliveryTest:
    """What became of a test. `status` is Apple's, None where it had none in time.

    `arrived_at` is when the stack took the notification in, None where it has not.
    """

    status: TestStatus | None
    arrived_at: datetime | None

    @property
    def result(self) -> str:
        """Apple's result of the last attempt, "" without one."""
        return self.status.attempts[-1].result if self.status and self.status.attempts else ""

    @property
    def passed(self) -> bool:
        return self.arrived_at is not None

    def document(self) -> dict[str, Any]:
        """Return the --json document."""
        status = self.status or TestStatus("", ())
        return {
            "notificationUuid": status.notification_uuid or None,
            "attempts": [{"at": attempt.at, "result": attempt.result} for attempt in status.attempts],
            "arrived": self.passed,
            "arrivedAt": self.arrived_at,
        }


def run(
    apple: Apple,
    app_table: AppTable,
    patience: float,
    report: ReportProgress,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> DeliveryTest:
    """Request a test, and wait until the stack has it, or for `patience` seconds. Raises AppleError.

    The stack has it when its row `test` names the notificationUUID that Apple reports. A refused attempt does not end
    the wait: a stack that pulls finds the notification in Apple's history all the same.
    """
    token = apple.request_test_notification()
    began = clock()
    status: TestStatus | None = None
    while True:
        if status is None or not status.attempts:
            status = apple.test_notification(token)
        arrived = _arrived(app_table, status)
        waited = clock() - began
        report("Waiting for the notification", min(int(waited), int(patience)), int(patience))
        if arrived is not None or waited >= patience:
            return DeliveryTest(status, arrived)
        sleep(min(_POLL_SECONDS, patience - waited))


def _arrived(app_table: AppTable, status: TestStatus | None) -> datetime | None:
    if status is None or not status.notification_uuid:
        return None
    found = last_test(app_table)
    if found is None or found.notification_uuid.lower() != status.notification_uuid.lower():
        return None
    return datetime.fromtimestamp(found.at, UTC)


def show(found: DeliveryTest, out: Output) -> None:
    """Print both ends of the way, and where to look if it ended in between."""
    out.document(found.document())
    if found.status is None or not found.status.attempts:
        out.print("Apple has made no attempt to deliver the test yet: run the test again.", "red")
        return
    out.print(f"Apple's attempt: {found.result}.", "green" if found.result == SUCCESS else "red")
    if found.arrived_at is not None:
        out.print(f"The stack took the notification in at {found.arrived_at:%H:%M:%S} UTC.", "green")
    elif found.result == SUCCESS:
        out.print(
            "The stack has not taken it in: App Store Connect may have another URL than the stack's, for example your"
            " own receiver's. `retention notifications status` shows what waits in the queue.",
            "red",
        )
    else:
        out.print(
            "Apple did not reach the URL that App Store Connect has: `retention notifications url` shows the stack's.",
            "red",
        )
