"""The judge of the tests' deployment: one app, in production, at NOW."""

from __future__ import annotations

import pytest
from retention.jws import SignedPayloadVerifier
from retention.notifications.judge import NotificationJudge

from tests.minting import APP_ID, NOW
from tests.minting.notifications import BUNDLE


@pytest.fixture
def judge(verifier: SignedPayloadVerifier) -> NotificationJudge:
    return NotificationJudge(verifier, {APP_ID: BUNDLE}, "Production", NOW)
