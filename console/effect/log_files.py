"""The files of a log: found in folders, and known by their contents."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console.effect.other_exports import rewritten
from console.effect.tables import KEPT
from console.terminal.failure import Failure
from console.terminal.output import ReportProgress

_INDEX: Final = "files.json"
_CHUNK: Final = 1 << 20
_STDIN: Final = Path("-")


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file, its size in bytes, and the SHA-256 of its content in hexadecimal."""

    path: Path
    size: int
    digest: str


def expanded(paths: Iterable[Path], folder: Path) -> list[Path]:
    """Return files, and the files of folders, by name and each once. A pipe is first written to a file in `folder`.

    As Athena does, names that begin with `_` or `.` are passed over. Raises Failure where there is no file.
    """
    found: set[Path] = set()
    for path in paths:
        if path == _STDIN or path.is_fifo() or path.is_char_device():
            found.add(_spooled(path, folder))
        elif path.is_dir():
            found |= {one.resolve() for one in _below(path)}
        else:
            path.stat()  # raises FileNotFoundError, with the name
            found.add(path.resolve())
    if not found:
        raise Failure("There is no file of a log in these folders: name exports of both log groups, or the bucket's.")
    return sorted(found)


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(("_", ".")) for part in path.relative_to(folder).parts):
            yield path


def _spooled(path: Path, folder: Path) -> Path:
    """Return a file with the lines of a pipe, named by its content."""
    making = folder / f"pipe.{os.getpid()}.making"
    try:
        rewritten([path], making, KEPT)
        named = folder / "pipes" / f"{_digest(making)}.json"
        named.parent.mkdir(exist_ok=True)
        making.replace(named)
    finally:
        making.unlink(missing_ok=True)
    return named


def measured(paths: Iterable[Path], folder: Path, report: ReportProgress) -> list[LogFile]:
    """Return the files with their digests. Those whose size and time are as before are not read again."""
    index = _read_index(folder / _INDEX)
    files: list[LogFile] = []
    current: dict[str, list[int | str]] = {}
    every = list(paths)
    for number, path in enumerate(every):
        report("comparing files", number, len(every))
        about = path.stat()
        known = index.get(str(path))
        seen = [about.st_size, about.st_mtime_ns]
        digest = str(known[2]) if known and known[:2] == seen else _digest(path)
        current[str(path)] = [*seen, digest]
        files.append(LogFile(path, about.st_size, digest))
    if any(index.get(name) != entry for name, entry in current.items()):
        _write_index(folder / _INDEX, {**index, **current})
    return files


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _read_index(path: Path) -> dict[str, list[int | str]]:
    """Return what is known of files; nothing where the index is damaged or not there."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {
        name: entry
        for name, entry in entries
        if isinstance(entry, list) and [type(one) for one in entry] == [int, int, str]
    }


def _write_index(path: Path, index: dict[str, list[int | str]]) -> None:
    making = path.with_name(f"{path.name}.{os.getpid()}.making")
    making.write_text(json.dumps(index), encoding="utf-8")
    making.replace(path)
