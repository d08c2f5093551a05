"""What the tests of verbs start from."""

from __future__ import annotations

import pytest

from console.deployment.target import Target
from tests.support.apple_in_memory import target_in_memory
from tests.support.called_verb import Call, caller


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    return caller(capsys)


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    """The table that every verb finds, in memory."""
    made = target_in_memory()
    monkeypatch.setattr("console.deployment.target.find_target", lambda *_: made)
    return made
