"""Files of a log are found in folders and known by their contents."""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from console.effect.log_files import LogFile, expanded, measured
from console.terminal.failure import Failure
from console.terminal.output import no_progress
from tests.unit.console.effect.test_log_cache import LINES


def test_folders_are_searched(tmp_path: Path) -> None:
    """Files are listed once and by name; as for Athena, `_` and `.` at the beginning of a name mean: not a log."""
    for name in ("b/2", "b/day=1/1", "a", "b/.hidden", "b/_made/1", "b/.git/1"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = expanded([tmp_path / "b", tmp_path / "a", tmp_path / "b" / "2"], tmp_path)
    assert [str(path.relative_to(tmp_path.resolve())) for path in found] == ["a", "b/2", "b/day=1/1"]


def test_a_folder_without_a_file_is_reported(tmp_path: Path) -> None:
    """The message asks for exports."""
    with pytest.raises(Failure, match="no file of a log"):
        expanded([tmp_path], tmp_path)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    """The system's error has the name."""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        expanded([tmp_path / "nowhere"], tmp_path)


def test_a_pipe_becomes_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is written to the cache, with what the tables have; the same lines are the same file."""
    paths = []
    for lines in (LINES, LINES, LINES[:1]):
        raw = io.BufferedReader(io.BytesIO("\n".join(lines).encode()))
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=raw))
        (path,) = expanded([Path("-")], tmp_path)
        paths.append(path)
    assert paths[0] == paths[1] != paths[2]
    first = json.loads(paths[0].read_text().splitlines()[0])
    assert first["requestIdentifier"] == "r1"
    assert "level" not in first
    assert not [*tmp_path.glob("*.making")]


def test_a_digest_is_kept_while_size_and_time_stay(tmp_path: Path) -> None:
    """Contents are read again only where size or time have changed."""
    path, cache = tmp_path / "log", tmp_path / "cache"
    cache.mkdir()
    path.write_bytes(b"one")
    os.utime(path, (5, 5))
    (first,) = measured([path], cache, no_progress)
    assert first == LogFile(path, 3, hashlib.sha256(b"one").hexdigest())
    path.write_bytes(b"two")
    os.utime(path, (5, 5))
    assert measured([path], cache, no_progress) == [first]
    os.utime(path, (6, 6))
    assert measured([path], cache, no_progress)[0].digest == hashlib.sha256(b"two").hexdigest()


@pytest.mark.parametrize("index", ["", "[]", "{", '{"log": 5}', '{"log": [1, "2", 3]}'])
def test_a_damaged_index_is_no_index(tmp_path: Path, index: str) -> None:
    """Files are then read again."""
    (tmp_path / "log").write_bytes(b"one")
    (tmp_path / "files.json").write_text(index)
    assert measured([tmp_path / "log"], tmp_path, no_progress)[0].digest == hashlib.sha256(b"one").hexdigest()
