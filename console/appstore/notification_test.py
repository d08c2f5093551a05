"""A test notification of Apple's, and how its attempts ended, read from the classes of Apple's library."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass

from appstoreserverlibrary.models.CheckTestNotificationResponse import CheckTestNotificationResponse


@dataclass(frozen=True, slots=True)
class AttemptMade:
    """One attempt to deliver a notification: when (UNIX ms, None where Apple left it out), and Apple's result."""

    at: int | None
    result: str


@dataclass(frozen=True, slots=True)
class TestStatus:
    """A test notification: its notificationUUID, "" where it cannot be read, and the attempts in their order."""

    __test__ = False  # pytest would collect the class because of its name

    notification_uuid: str
    attempts: tuple[AttemptMade, ...]


def read_test_status(found: CheckTestNotificationResponse) -> TestStatus:
    """Return what Apple reports. The payload's signature is not judged: the stack does that with what it receives."""
    attempts = tuple(
        AttemptMade(attempt.attemptDate, attempt.rawSendAttemptResult or "") for attempt in found.sendAttempts or ()
    )
    return TestStatus(_uuid_of(found.signedPayload or ""), attempts)


def _uuid_of(signed_payload: str) -> str:
    part = signed_payload.split(".")[1:2]
    try:
        claims = json.loads(urlsafe_b64decode(part[0] + "=" * (-len(part[0]) % 4)))
        return str(claims["notificationUUID"])
    except (IndexError, ValueError, TypeError, KeyError):
        return ""
