"""The name of an export's file, and that an export overwrites nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.backup.report import new_file
from console.terminal.failure import Failure

NOW = datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC)


def test_a_name_has_app_environment_and_time() -> None:
    """With these three, no two exports of an operator have the same name."""
    assert new_file(None, 7, "sandbox", NOW) == Path("retention-7-sandbox-20261124T123005Z.jsonl.gz")


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    """A file that the operator named is refused if it exists."""
    there = tmp_path / "there"
    assert new_file(there, 7, "sandbox", NOW) == there
    there.write_text("an earlier one")
    with pytest.raises(Failure, match="not overwritten"):
        new_file(there, 7, "sandbox", NOW)
