"""What is printed about the state of notifications."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from retention.notifications.last_test import LastTest

from console.deployment.queues import QueueState
from console.rollout.notification_status import DEAD_LETTERS, NOTIFICATIONS, PARKED, NotificationStatus
from console.rollout.notification_status_report import show
from console.terminal.output import Output

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GOOD = NotificationStatus(
    NOW,
    "push",
    {"news": NOW - timedelta(minutes=4), "hourly": None, "nightly": None},
    {NOTIFICATIONS: QueueState(2, 1, 30.0), PARKED: QueueState(0, 0)},
    LastTest("u-1", int(NOW.timestamp()) - 120),
    (),
)


def printed(found: NotificationStatus, capsys: pytest.CaptureFixture[str]) -> str:
    show(found, Output())
    return capsys.readouterr().out


def test_a_good_state_has_two_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """Readings with their age, queues with their messages, then one sentence each on test and alarms."""
    text = printed(GOOD, capsys)
    rows = [line.split() for line in text.splitlines()]
    assert ["every", "5", "min", "2026-11-24", "11:56", "4", "min"] in rows
    assert ["hourly", "repair", "never"] in rows
    assert ["notifications", "2", "1", "30", "s"] in rows
    assert ["parked", "0", "0"] in rows
    assert "The last TEST notification arrived 2 min ago." in text
    assert "No alarm about notifications is raised." in text


def test_push_explains_why_the_history_is_behind(capsys: pytest.CaptureFixture[str]) -> None:
    """With push, the history is a repair and stays 15 minutes behind; with pull, it is where everything comes from."""
    assert "up to 15 min before now" in printed(GOOD, capsys)
    assert "15 min before" not in printed(replace(GOOD, mode="pull"), capsys)


def test_what_waits_for_a_person_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Parked notifications, dead letters and raised alarms come with what to do."""
    queues = {PARKED: QueueState(1, 0), DEAD_LETTERS: QueueState(2, 0)}
    text = printed(replace(GOOD, queues=queues, last_test=None, alarms=("ParkedAlarm",)), capsys)
    assert "1 notification parked" in text
    assert "not known" in text
    assert "has not taken 2 notifications" in text
    assert "replay --relay" in text
    assert "Raised alarms: ParkedAlarm." in text
    assert "No TEST notification has arrived" in text


def test_alarms_that_cannot_be_read_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    """The reason stands behind the sentence."""
    assert "Alarms could not be read. No right." in printed(replace(GOOD, alarms=None, unread="No right."), capsys)
