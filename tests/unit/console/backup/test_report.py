"""Where an export goes, and that it overwrites nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.backup.report import new_file
from console.terminal.failure import Failure

NOW = datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC)


def test_a_name_has_app_place_and_time() -> None:
    """So that no two exports of an operator have the same one."""
    assert new_file(None, 7, "sandbox", NOW) == Path("retention-7-sandbox-20261124T123005Z.jsonl.gz")


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    """Whether it was named or not."""
    there = tmp_path / "there"
    assert new_file(there, 7, "sandbox", NOW) == there
    there.write_text("an earlier one")
    with pytest.raises(Failure, match="not overwritten"):
        new_file(there, 7, "sandbox", NOW)
