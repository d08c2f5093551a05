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
