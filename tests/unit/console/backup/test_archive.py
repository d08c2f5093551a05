"""The file of an export is checked before any row of it is written."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.backup.archive import ArchiveError, inspect
from console.releases.read import ReleaseError
from tests.support.exported_app import (
    exported,
    resealed,
)
from tests.support.fake_table import APP


def repacked(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(gzip.compress(b"".join(change(gzip.decompress(path.read_bytes()).splitlines(keepends=True)))))


def changed(number: int, old: bytes, new: bytes) -> Callable[[list[bytes]], list[bytes]]:
    def change(lines: list[bytes]) -> list[bytes]:
        assert old in lines[number]
        return [*lines[:number], lines[number].replace(old, new), *(lines[number + 1 :] if number != -1 else [])]

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:-1],
        lambda lines: [*lines[:-4], *lines[-3:]],
        lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]],
        lambda lines: [*lines[:5], lines[5], *lines[5:]],
        lambda lines: [*lines, lines[-1]],
        lambda lines: lines[1:],
        lambda _lines: [],
        lambda _lines: [b"[]\n"],
        lambda lines: [lines[0], b"nonsense\n", *lines[1:]],
        lambda lines: [lines[0], b"[" * 100_000 + b"\n", *lines[1:]],
        lambda lines: [lines[0], b'{"Item": [1]}\n', *lines[1:]],
        lambda lines: [lines[0], b'{"Item": {"pk": {"S": 1}}}\n', *lines[1:]],
        lambda lines: [lines[0], b'{"Item": {"pk": {"S": "a", "N": "1"}}}\n', *lines[1:]],
        lambda lines: [lines[0], b'{"Item": {"pk": {"B": "?"}}}\n', *lines[1:]],
        lambda lines: [lines[0], b" " * 5_000_000 + b"\n", *lines[1:]],
        changed(0, b'"retention-export":1', b'"retention-export":0'),
        changed(0, b'"environment":"Sandbox"', b'"environment":1'),
        changed(-1, b'"rows":', b'"row":'),
        changed(-2, b'"paused":{"BOOL":true}', b'"paused":{"BOOL":false}'),
    ],
)
def test_an_incomplete_or_changed_file_is_refused(
    filled: Any, tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    """A file that is cut off, reordered, doubled, edited or of another kind is `export_damaged`."""
    exported(filled, tmp_path / "file")
    repacked(tmp_path / "file", change)
    with pytest.raises(ArchiveError) as refused:
        inspect(tmp_path / "file")
    assert refused.value.code == "export_damaged"


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found[:-1],
        lambda found: [found[-1], *found[:-1]],
        lambda found: [*found, found[-1]],
        lambda found: [{**found[0], "pk": {"S": f"app#{APP}0#release#1"}}, *found[1:]],
        lambda found: [*found[:-1], {**found[-1], "current": {"N": "9"}}],
        lambda found: [*found[:-1], {**found[-1], "lastReserved": {"N": "x"}}],
        lambda found: [*found[:-1], {name: found[-1][name] for name in found[-1] if name != "customerKey"}],
        lambda found: [*found[:-1], *[row for row in found if row["pk"]["S"].endswith("#1")], found[-1]],
        lambda found: [{**found[1], "pk": {"S": f"app#{APP}#customer#1"}}, *found[1:]],
    ],
)
def test_a_file_with_the_wrong_rows_is_refused(
    filled: Any, tmp_path: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
) -> None:
    """Even with a right digest, a file without head, with rows after it, or with a wrong release is no export."""
    exported(filled, tmp_path / "file")
    resealed(tmp_path / "file", change)
    with pytest.raises(ArchiveError, match="not a complete export"):
        inspect(tmp_path / "file")


def test_a_release_in_the_file_must_be_complete(filled: Any, tmp_path: Path) -> None:
    """Each release is compared with its manifest, as after publishing."""
    exported(filled, tmp_path / "file")
    resealed(tmp_path / "file", lambda found: [row for row in found if row["sk"] != {"S": "texts"}])
    with pytest.raises(ReleaseError, match="release 1 is damaged"):
        inspect(tmp_path / "file")


@pytest.mark.parametrize("length", [0, 1, 9, 10, 200, -9, -8, -1])
def test_a_file_that_was_cut_off_is_refused(filled: Any, tmp_path: Path, length: int) -> None:
    """It is refused at whichever byte it was cut off."""
    exported(filled, tmp_path / "file")
    complete = (tmp_path / "file").read_bytes()
    (tmp_path / "file").write_bytes(complete[:length])
    with pytest.raises(ArchiveError):
        inspect(tmp_path / "file")


def test_a_file_of_a_newer_console_is_refused(filled: Any, tmp_path: Path) -> None:
    """The error states that a newer console made the file."""
    exported(filled, tmp_path / "file")
    repacked(tmp_path / "file", changed(0, b'"retention-export":1', b'"retention-export":2'))
    with pytest.raises(ArchiveError, match="newer console") as refused:
        inspect(tmp_path / "file")
    assert refused.value.code == "export_format"
