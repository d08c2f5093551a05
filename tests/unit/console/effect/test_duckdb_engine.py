"""DuckDB runs the queries over a cache."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest

from console.effect import duckdb_engine
from console.effect.duckdb_engine import DuckDbEngine
from console.effect.load import load_data
from console.effect.log_cache import cache_logs
from console.effect.queries import literals_of, sql_digest
from console.effect.rows import Completeness, InputDigest
from console.terminal.failure import Failure
from tests.support.analysis_parts import needs_analysis
from tests.support.brute_force_effect import expected
from tests.support.random_logs import RandomLog, random_log, write_log
from tests.unit.console.effect.test_log_cache import EXPOSURE, OUTCOME, WATERMARK
from tests.unit.console.effect.test_queries import QUESTION

pytestmark = needs_analysis


def engine_of(folder: Path, *lines: dict[str, object]) -> DuckDbEngine:
    (folder / "log").write_text("\n".join(map(json.dumps, lines)))
    return DuckDbEngine(cache_logs([folder / "log"], folder / "cache"), folder / "scratch")


def test_a_log_gives_the_data_of_a_report(tmp_path: Path) -> None:
    """What DuckDB computes is what a plain reading of each line gives."""
    log: RandomLog = next(log for log in map(random_log, range(50)) if log.exposures and log.outcomes)
    write_log(tmp_path / "log", log.exposures, log.outcomes)
    logs = cache_logs([tmp_path / "log"], tmp_path / "cache")
    engine = DuckDbEngine(logs, tmp_path / "scratch")
    found = load_data(engine, log.question)
    assert found.inputs == InputDigest("duckdb", logs.count, logs.digest, sql_digest())
    assert found.cohort == expected(log.exposures, log.outcomes, log.question).cohort
    engine.close()


def test_a_log_without_one_of_the_tables_has_empty_rows(tmp_path: Path) -> None:
    """Without an exposure there is no customer to count."""
    engine = engine_of(tmp_path, WATERMARK)
    assert load_data(engine, QUESTION).cohort == ()


def test_completeness_is_that_of_the_last_line_of_the_app(tmp_path: Path) -> None:
    """Of several lines the one counts that reaches furthest; a damaged line is none; other apps have their own."""
    later = {**WATERMARK, "completeUntil": "2026-11-30 21:00:00.000", "completeSince": "2026-11-02 00:00:00.000"}
    other = {**WATERMARK, "appAppleId": 8, "completeUntil": "2026-12-01 21:00:00.000"}
    damaged = {**WATERMARK, "completeUntil": "2026-12-32 21:00:00.000"}
    engine = engine_of(tmp_path, later, WATERMARK, damaged, other)
    assert engine.completeness(7) == Completeness(
        datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 30, 21, tzinfo=UTC)
    )
    assert engine.completeness(9) is None


def test_a_query_that_fails_names_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the query's name and the kind of error: DuckDB's own message may quote a value."""
    engine = engine_of(tmp_path, WATERMARK)
    monkeypatch.setattr(duckdb_engine, "sql_text", lambda _name: "SELECT CAST('canary' AS bigint)")
    with pytest.raises(Failure, match="DuckDB could not compute `cohort`: ConversionException") as failed:
        engine.run("cohort", literals_of(QUESTION))
    assert "canary" not in str(failed.value)


def test_too_little_memory_is_reported_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the limit, the disk, and the other engine."""
    engine = engine_of(tmp_path, WATERMARK)
    duckdb = import_module("duckdb")

    class Full:
        def execute(self, _sql: str) -> None:
            raise duckdb.OutOfMemoryException

    monkeypatch.setattr(engine, "_database", Full())
    with pytest.raises(Failure, match="--engine athena"):
        engine.run("cohort", literals_of(QUESTION))


def test_the_last_line_of_an_app_is_a_request_or_a_notification(tmp_path: Path) -> None:
    """A log shows nothing of what came after it. The line about completeness is none."""
    claim = {**WATERMARK, "completeUntil": "2026-12-30 21:00:00.000"}
    engine = engine_of(tmp_path, EXPOSURE, {**OUTCOME, "appAppleId": 7}, claim)
    assert engine.last_line(7) == datetime(2026, 11, 25, 3, 9, 31, 646000, tzinfo=UTC)
    assert engine.last_line(9) is None
    (tmp_path / "requests").mkdir()
    engine = engine_of(tmp_path / "requests", EXPOSURE, claim)
    assert engine.last_line(7) == datetime(2026, 11, 24, 3, 9, 31, 646000, tzinfo=UTC)
