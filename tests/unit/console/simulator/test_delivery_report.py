"""What is printed about attempts to deliver notifications."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.simulator.delivery_report import line, show
from console.simulator.notification_delivery import LATE, DeliveryAttempt
from console.simulator.outbox import OutgoingNotification
from console.terminal.output import Output

SENT = OutgoingNotification("uuid-1", "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", 1000, "signed.pay.load")
RECEIVED = DeliveryAttempt("Sandbox", SENT, 1, "SUCCESS", 200, "", None)
FAILED = replace(RECEIVED, environment="Production", result="TIMED_OUT", status=None, reason="No answer.")


def test_each_attempt_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A table row has the result and when Apple attempts again; the reasons of failures follow, each once."""
    retried = replace(FAILED, next_attempt=3700.0)
    held = replace(RECEIVED, result="", reason="held back", next_attempt=100.0, mishap=LATE)
    show([RECEIVED, retried, replace(retried, number=2), FAILED, held], 100.0, Output())
    printed = capsys.readouterr().out
    rows = [row.split() for row in printed.splitlines()]
    assert rows[1] == ["Sandbox", "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", "1", "SUCCESS"]
    assert rows[2][-5:] == ["1", "TIMED_OUT", "in", "1", "h"]
    assert rows[4][-2:] == ["TIMED_OUT", "none"]
    assert rows[5][-6:] == ["held", "back", "with", "the", "next", "delivery"]
    assert "1 notification received, 4 not." in printed
    assert printed.count("No answer.") == 1


def test_nothing_is_due(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no attempt was due, one sentence reports that."""
    show([], 0.0, Output())
    assert capsys.readouterr().out == "No notification is due.\n"


def test_a_line_of_the_log_has_no_payload() -> None:
    """The log of `simulator serve` names type, attempt and result."""
    assert line(RECEIVED) == "Sandbox notification DID_CHANGE_RENEWAL_STATUS AUTO_RENEW_DISABLED, attempt 1: SUCCESS"
