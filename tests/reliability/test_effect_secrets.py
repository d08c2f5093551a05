"""Secrets and personal data that stand in a log get neither into the cache of an analysis, nor into rows or errors."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from console.effect import duckdb_engine
from console.effect.athena_engine import AthenaEngine
from console.effect.duckdb_engine import DuckDbEngine
from console.effect.load import load_data
from console.effect.log_cache import cache_logs
from console.effect.queries import literals_of
from console.effect.rows import EffectQuestion
from console.terminal.failure import Failure
from tests.support.analysis_parts import needs_analysis
from tests.support.evidence_page import keep
from tests.support.random_logs import RandomLog, random_log
from tests.unit.console.effect.test_athena_engine import PLACE, FakeAthena

pytestmark = needs_analysis

# Texts that can be found again: an id of a subscription, a signed token, a key, an account.
CANARIES: Final = {
    "originalTransactionId": "2000000900000007",
    "signedPayload": "eyJhbGciOiJFUzI1NiJ9.eyJjYW5hcnkiOjF9.c2lnbmF0dXJl",
    "customerKey": "canary-key-0123456789abcdef",
    "appAccountToken": "ca9a0000-0000-4000-8000-00000000ca9a",
}


def planted(log: RandomLog) -> list[dict[str, Any]]:
    """Return the lines of a log with canaries where no line has anything, where a hash belongs, and inside others."""
    lines = [{**line, **CANARIES, "evidence": dict(CANARIES)} for line in (*log.exposures, *log.outcomes)]
    lines += [{**line, "customerHash": CANARIES["originalTransactionId"]} for line in lines[::5]]
    lines += [{"message": "failed", "timestamp": "2026-09-02 00:00:00,000+0000", **CANARIES}]
    return lines


FORMS: Final[dict[str, Callable[[list[dict[str, Any]]], bytes]]] = {
    "lines": lambda lines: "\n".join(map(json.dumps, lines)).encode(),
    "gzipped twice": lambda lines: gzip.compress(gzip.compress("\n".join(map(json.dumps, lines)).encode())),
    "log events": lambda lines: json.dumps(
        {"owner": CANARIES["signedPayload"], "logEvents": [{"message": json.dumps(line)} for line in lines]}
    ).encode(),
}


def leaks(data: bytes) -> list[str]:
    return [name for name, canary in CANARIES.items() if canary.encode() in data]


def test_no_canary_leaves_the_log(tmp_path: Path) -> None:
    """Of each form of export, neither the files of the cache nor the rows and the data of a report have a canary."""
    files = searched = 0
    for form, write in FORMS.items():
        for number in range(7_000, 7_006):
            log = random_log(number)
            folder = tmp_path / f"{form}-{number}"
            folder.mkdir()
            (folder / "log").write_bytes(write(planted(log)))
            engine = DuckDbEngine(cache_logs([folder / "log"], folder / "cache"), folder / "scratch")
            assert leaks(repr(load_data(engine, log.question)).encode()) == []
            everything = engine._database.execute("SELECT * FROM log").fetchall()
            assert leaks(repr(everything).encode()) == []
            engine.close()
            for path in [*(folder / "cache").rglob("*"), *(folder / "scratch").rglob("*")]:
                if path.is_file():
                    assert leaks(path.read_bytes()) == [], path
                    files, searched = files + 1, searched + path.stat().st_size
    keep(
        "analysis_secrets",
        f"{len(CANARIES)} canaries (a plain transaction id, a signed token, a key, an account) in members of every"
        f" line, inside others, and where a customer's hash belongs, in {len(FORMS)} forms of an export. Searched:"
        f" {files} files of caches with {searched:,} bytes, every row in them, and the data of each report. Found: 0."
        " Errors of both engines, whose own messages quote lines, were searched as well. Found: 0.",
        (),
        (),
    )


@pytest.mark.parametrize("canary", CANARIES.values(), ids=CANARIES)
def test_no_error_quotes_a_canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, canary: str) -> None:
    """What DuckDB and Athena quote in their messages, and a key that is refused, is not in ours."""
    question: EffectQuestion = random_log(7_000).question
    (tmp_path / "log").write_bytes(FORMS["lines"](planted(random_log(7_000))))
    engine = DuckDbEngine(cache_logs([tmp_path / "log"], tmp_path / "cache"), tmp_path / "scratch")
    state = {"State": "FAILED", "StateChangeReason": f"HIVE_CURSOR_ERROR: {canary}"}
    athena = AthenaEngine(FakeAthena(state), PLACE, ())
    with pytest.raises(Failure) as refused:
        engine.run("ratio", {**literals_of(question), "key": f"{canary}'"})
    with pytest.raises(Failure) as failed:
        athena.run("ratio", literals_of(question))
    monkeypatch.setattr(duckdb_engine, "sql_text", lambda _name: f"SELECT CAST('{canary}' || 'x' AS date)")
    with pytest.raises(Failure) as quoted:
        engine.run("ratio", literals_of(question))
    for error in (refused, failed, quoted):
        assert leaks(repr(error.value).encode() + str(error.value).encode()) == []
