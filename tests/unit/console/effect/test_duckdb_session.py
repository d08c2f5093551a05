"""The database of a report: small, in memory, and without a way out."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from console.effect.duckdb_session import connect, quoted
from tests.support.analysis_parts import needs_analysis


@needs_analysis
def test_a_database_keeps_to_its_memory_and_its_folder(tmp_path: Path) -> None:
    """Two threads, less than a gibibyte, and a folder for the rest, which only its owner can read."""
    with connect(tmp_path / "scratch") as database:
        names = ("memory_limit", "threads", "temp_directory")
        settings = [
            database.execute(f"SELECT current_setting('{name}')").fetchone()[0] for name in names
        ]  # names above
    assert settings == ["950.0 MiB", 2, str(tmp_path / "scratch")]
    assert (tmp_path / "scratch").stat().st_mode & 0o077 == 0


@needs_analysis
def test_no_extension_is_downloaded(tmp_path: Path) -> None:
    """An address in a query is refused, and nothing is fetched to read it."""
    with connect(tmp_path) as database, pytest.raises(import_module("duckdb").Error):
        database.execute("SELECT * FROM read_csv('https://127.0.0.1:1/a.csv')")


def test_a_path_is_a_literal() -> None:
    """A quote in a path does not end it."""
    assert quoted(Path("/a/it's")) == "'/a/it''s'"
