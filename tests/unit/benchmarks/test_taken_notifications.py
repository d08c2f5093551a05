"""What is measured of notifications is as large as a genuine one, verified and complete."""

from __future__ import annotations

import pytest
from retention.notifications.notification import read_notification

from benchmarks import taken_notifications
from console.simulator.authority import Authority

AUTHORITY = Authority.create()


def test_a_posted_body_is_as_long_as_a_genuine_one() -> None:
    """Its certificates are like Apple's, so its length is within a tenth of 18.7 KB."""
    assert len(taken_notifications.posted(AUTHORITY)) == pytest.approx(18_700, rel=0.1)


def test_every_body_of_a_batch_is_read() -> None:
    """The bodies are verified with both tokens, and are about different transactions."""
    judge = taken_notifications.judge_of(AUTHORITY)
    read = [read_notification(taken_notifications.posted(AUTHORITY, at), judge) for at in range(3)]
    assert len({found.transaction.transaction_id for found in read if found.transaction}) == 3
    assert all(found.renewal for found in read)


def test_each_work_is_measured_in_each_round() -> None:
    """The times have every work, by the names that the figures use."""
    times = taken_notifications.reports(AUTHORITY, 2)
    assert set(times) == {"notification_ecdsa", "notification", "merge", "notification_batch"}
    assert all(len(seconds) == 2 for seconds in times.values())
