"""A TEST notification from the request to the stack's row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest
from retention.aws.app_table import AppTable
from retention.notifications.last_test import LastTest, note_test

from console.appstore.notification_test import AttemptMade, TestStatus
from console.rollout.delivery_test import DeliveryTest, run, show
from console.terminal.output import Output, no_progress
from tests.support.apple_in_memory import target_in_memory
from tests.support.simulated_app import Clock

if TYPE_CHECKING:
    from console.appstore.client import Apple

DELIVERED = TestStatus("A1B2", (AttemptMade(1000, "SUCCESS"),))
REFUSED = TestStatus("A1B2", (AttemptMade(1000, "TIMED_OUT"),))


@dataclass
class AppleTesting:
    """Answers for a test with each of `statuses` in turn, then with the last one."""

    statuses: list[TestStatus | None]
    tokens: list[str] = field(default_factory=list)

    def request_test_notification(self) -> str:
        return "token"

    def test_notification(self, token: str) -> TestStatus | None:
        self.tokens.append(token)
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@pytest.fixture
def app_table() -> AppTable:
    return target_in_memory().app_table


def ran(apple: AppleTesting, app_table: AppTable, patience: float = 10, clock: Clock | None = None) -> DeliveryTest:
    clock = clock or Clock()
    return run(cast("Apple", apple), app_table, patience, no_progress, clock=clock, sleep=clock.sleep)


def test_a_test_passes_when_the_stack_has_it(app_table: AppTable) -> None:
    """Apple's status may come some polls later; the row names the same UUID, in either case."""
    note_test(app_table, LastTest("a1b2", 1_800_000_000), 1)
    apple = AppleTesting([None, TestStatus("", ()), DELIVERED])
    found = ran(apple, app_table)
    assert (found.passed, found.result) == (True, "SUCCESS")
    assert found.arrived_at == datetime.fromtimestamp(1_800_000_000, UTC)
    assert apple.tokens == ["token"] * 3


def test_an_earlier_test_counts_for_nothing(app_table: AppTable) -> None:
    """A row with another UUID is that of an earlier test; the wait ends after its time."""
    note_test(app_table, LastTest("earlier", 1), 1)
    clock = Clock()
    found = ran(AppleTesting([DELIVERED]), app_table, 7, clock)
    assert (found.passed, found.result, sum(clock.slept)) == (False, "SUCCESS", 7)


def test_a_refused_attempt_does_not_end_the_wait(app_table: AppTable) -> None:
    """A stack that pulls finds the notification in Apple's history, also where the receiver refused it."""

    class Pulled(Clock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            note_test(app_table, LastTest("A1B2", 5), 5)

    found = ran(AppleTesting([REFUSED]), app_table, 10, Pulled())
    assert (found.passed, found.result) == (True, "TIMED_OUT")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (DeliveryTest(DELIVERED, datetime(2026, 11, 24, 12, tzinfo=UTC)), "took the notification in at 12:00:00"),
        (DeliveryTest(DELIVERED, None), "may have another URL"),
        (DeliveryTest(REFUSED, None), "did not reach the URL"),
        (DeliveryTest(None, None), "no attempt"),
        (DeliveryTest(TestStatus("A1B2", ()), None), "no attempt"),
    ],
    ids=range(5),
)
def test_the_report_names_where_the_way_ends(
    found: DeliveryTest, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each end of the way has its own sentence."""
    show(found, Output())
    assert expected in capsys.readouterr().out


def test_the_document_has_both_ends() -> None:
    """Apple's attempts and the stack's instant are in one document."""
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert DeliveryTest(DELIVERED, at).document() == {
        "notificationUuid": "A1B2",
        "attempts": [{"at": 1000, "result": "SUCCESS"}],
        "arrived": True,
        "arrivedAt": at,
    }
    assert DeliveryTest(None, None).document()["attempts"] == []
