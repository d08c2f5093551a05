"""Fixtures that the tests of this directory share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.simulated_app import BULLET, FULL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hero.png").write_bytes(FULL)
    (tmp_path / "tick.png").write_bytes(BULLET)
    return tmp_path


@pytest.fixture(autouse=True)
def without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of this directory starts a process: a release has no git commit."""

    def run(*_: object, **__: object) -> None:
        raise FileNotFoundError("git")

    monkeypatch.setattr("console.rollout.publish.subprocess.run", run)
