"""What programs read of a report is as it was recorded: exit codes and documents, on every machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.analysis_parts import needs_analysis
from tests.support.record_reports import FILE, documents


@needs_analysis
def test_reports_are_as_they_were_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a change that is meant: `.venv/bin/python -m tests.support.record_reports`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    recorded = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    assert list(documents(tmp_path)) == recorded
