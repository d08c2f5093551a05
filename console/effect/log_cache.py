"""Logs as a local cache in Parquet, so that queries read columns and not lines: each file is read once.

Files are read in batches, those of one folder together: by DuckDB where they are lines of JSON, as the bucket has them,
else by the reader of exports. A part of the cache is named by what its files contain, and gets that name when it is
complete, so that a run that was ended leaves nothing that counts. Of a line only what the tables and the watermark have
is kept, and only if its customer is a hash.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from console.effect.duckdb_session import connect, quoted
from console.effect.log_files import LogFile, expanded, measured
from console.effect.other_exports import rewritten
from console.effect.packages import analysis_package
from console.effect.stored_days import cache_folder
from console.effect.tables import DAY, KEPT, duckdb_type
from console.terminal.failure import Failure
from console.terminal.output import ReportProgress, no_progress

# Part of each name: what an earlier version made does not count.
_VERSION: Final = 1
_BATCH_BYTES: Final = 1 << 30
_LEFT_SECONDS: Final = 86_400
# Lines are personal data: what was fetched stays here no longer than it is used.
_UNUSED_SECONDS: Final = 30 * 86_400
_DAY_FOLDER: Final = re.compile(DAY + "=([0-9]{4}-[0-9]{2}-[0-9]{2})")

# Which lines are kept, and as what; the tests are those of `decision_log` and `outcome_log`. A line of another kind may
# carry some of ours inside it: `unread` makes the other reader read its file.
_KIND: Final = """
CASE WHEN "productId" <> '' AND "localeAsked" <> '' AND "requestIdentifier" <> '' THEN 'exposures'
     WHEN "customerHash" <> '' AND "notificationUuid" <> '' AND "signedAt" <> '' THEN 'outcomes'
     WHEN "completeUntil" <> '' THEN 'watermark'
     WHEN "message" IS NULL OR "timestamp" IS NULL OR contains("message", '{') THEN 'unread' END
"""


@dataclass(frozen=True, slots=True)
class CachedLogs:
    """The parts of a cache that hold some log files; `count` files, `digest` the SHA-256 over their contents."""

    parts: tuple[Path, ...]
    count: int
    digest: str


def cache_logs(paths: Iterable[Path], folder: Path, report: ReportProgress = no_progress) -> CachedLogs:
    """Read files, and all files in folders, into the cache at `folder`, as far as they are not in it yet.

    `-` is standard input. Raises Failure, or OSError, where a log cannot be read.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_left(folder)
    with connect(folder / "scratch") as database:
        files = measured(expanded(paths, folder), folder, report)
        total, done, parts = sum(file.size for file in files), 0, []
        for batch in _batches(files):
            report("reading logs", done, total)
            parts.append(_part(batch, folder, database))
            done += sum(file.size for file in batch)
    digest = hashlib.sha256("\n".join(sorted(file.digest for file in files)).encode()).hexdigest()
    return CachedLogs(tuple(parts), len(files), digest)


def columns_folder() -> Path:
    """Return the folder for caches of this user, next to that of fetched lines."""
    return cache_folder().with_name("columns")


def _remove_left(folder: Path) -> None:
    """Remove what runs that were ended have left, and parts that no report has used for long."""
    for pattern, age in (("*.making", _LEFT_SECONDS), ("scratch/*", _LEFT_SECONDS), ("*.parquet", _UNUSED_SECONDS)):
        for path in folder.glob(pattern):
            if path.stat().st_mtime < time.time() - age:  # what is new may be of a run that goes on
                path.unlink(missing_ok=True)


def _batches(files: Sequence[LogFile]) -> Iterator[list[LogFile]]:
    """Yield the files of each folder together, at most `_BATCH_BYTES` of them at once."""
    for _, found in groupby(files, key=lambda file: file.path.parent):
        batch: list[LogFile] = []
        for file in found:
            if batch and sum(one.size for one in batch) + file.size > _BATCH_BYTES:
                yield batch
                batch = []
            batch.append(file)
        yield batch


def _part(batch: Sequence[LogFile], folder: Path, database: Any) -> Path:  # noqa: ANN401  # duckdb has no types here
    day = _DAY_FOLDER.fullmatch(batch[0].path.parent.name)
    named = "\n".join([f"{_VERSION} {day[1] if day else ''} {sorted(KEPT)}", *sorted(file.digest for file in batch)])
    part = folder / f"{hashlib.sha256(named.encode()).hexdigest()}.parquet"
    if not part.exists():
        with _made(part) as path:
            _copy(batch, path, day[1] if day else None, database)
    part.touch()
    return part


@contextmanager
def _made(part: Path) -> Iterator[Path]:
    """Hand out a path that gets the part's name if what writes it succeeds."""
    path = part.with_name(f"{part.stem}.{os.getpid()}.making")
    try:
        yield path
        path.replace(part)
    finally:
        path.unlink(missing_ok=True)


def _copy(batch: Sequence[LogFile], path: Path, day: str | None, database: Any) -> None:  # noqa: ANN401  # as above
    """Write the lines of a batch as one part: all at once, else each file in the way in which it can be read."""
    error: type[Exception] = analysis_package("duckdb").Error
    with_lines = [file.path for file in batch if file.size]
    if _copied(with_lines, path, day, database, error):
        return
    others = [one for one in with_lines if not _copied([one], path, day, database, error)]
    plain = [one for one in with_lines if one not in others]
    spool = path.with_suffix(".lines.making")
    try:
        rewritten(others, spool, KEPT)
        if not _copied([*plain, spool], path, day, database, error):
            raise Failure(f"The folder {path.parent} cannot be written to: see whether its disk is full.")
    finally:
        spool.unlink(missing_ok=True)


def _copied(paths: Sequence[Path], path: Path, day: str | None, database: Any, error: type[Exception]) -> bool:  # noqa: ANN401  # as above
    """Write lines of JSON as one part; return whether they all were such lines."""
    source = _lines(paths) if paths else _no_lines()
    try:
        database.execute(f"COPY ({_selected(source, day)}) TO {quoted(path)} (FORMAT parquet)")
    except error:
        return False
    unread = database.execute(f"SELECT count(*) FROM read_parquet({quoted(path)}) WHERE source = 'unread'").fetchone()[
        0
    ]
    return not unread


def _lines(paths: Sequence[Path]) -> str:
    columns = ", ".join(f"'{member}': '{duckdb_type(kind)}'" for member, kind in KEPT.items())
    packed: dict[str, list[Path]] = {}
    for path in paths:
        packed.setdefault(_packing(path), []).append(path)
    readers = (
        f"SELECT * FROM read_json([{', '.join(map(quoted, files))}], format = 'newline_delimited',"
        f" compression = '{packing}', columns = {{{columns}}}, hive_partitioning = false)"
        for packing, files in packed.items()
    )
    return f"({' UNION ALL '.join(readers)})"


def _packing(path: Path) -> str:
    """Return how a file is packed, by its beginning: its name need not show it."""
    with path.open("rb") as file:
        return "gzip" if file.read(2) == b"\x1f\x8b" else "none"


def _no_lines() -> str:
    columns = ", ".join(f'CAST(NULL AS {duckdb_type(kind)}) AS "{member}"' for member, kind in KEPT.items())
    return f"(SELECT {columns} WHERE false)"


def _selected(source: str, day: str | None) -> str:
    """Return the query that keeps what the tables have. The day of a line without a folder is that of its own time."""
    kept = ", ".join(f'CASE WHEN source <> \'unread\' THEN "{member}" END AS "{member.lower()}"' for member in KEPT)
    arrived = quoted(day) if day else 'coalesce(substr("timestamp", 1, 10), substr("signedAt", 1, 10))'
    return (
        f"SELECT source, {kept}, {arrived} AS {DAY} FROM (SELECT *, {_KIND} AS source FROM {source}) AS line"
        " WHERE source IN ('unread', 'watermark') OR regexp_full_match(\"customerHash\", '[0-9a-f]{64}')"
    )
