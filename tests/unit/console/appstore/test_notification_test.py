"""Apple's status of a test notification in this project's types."""

from __future__ import annotations

import base64
import json

import pytest
from appstoreserverlibrary.models.CheckTestNotificationResponse import CheckTestNotificationResponse
from appstoreserverlibrary.models.SendAttemptItem import SendAttemptItem
from appstoreserverlibrary.models.SendAttemptResult import SendAttemptResult

from console.appstore.notification_test import AttemptMade, TestStatus, read_test_status


def payload(claims: object) -> str:
    return f"head.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


def test_a_status_has_the_uuid_and_the_attempts() -> None:
    """The notificationUUID is read from the payload, each attempt with its time and Apple's result."""
    attempt = SendAttemptItem(attemptDate=1000, sendAttemptResult=SendAttemptResult.TIMED_OUT)
    unknown = SendAttemptItem(rawSendAttemptResult="LOST_IN_SPACE")
    found = CheckTestNotificationResponse(payload({"notificationUUID": "u-1"}), [attempt, unknown])
    assert read_test_status(found) == TestStatus(
        "u-1", (AttemptMade(1000, "TIMED_OUT"), AttemptMade(None, "LOST_IN_SPACE"))
    )


@pytest.mark.parametrize("signed", [None, "", "one", "a.b.c", payload([]), payload({})])
def test_a_payload_that_cannot_be_read_has_no_uuid(signed: str | None) -> None:
    """What Apple left out, or a payload of another form, is no error: the attempts are what counts."""
    assert read_test_status(CheckTestNotificationResponse(signed, None)) == TestStatus("", ())
