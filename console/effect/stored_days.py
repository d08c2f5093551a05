"""The lines of some days, fetched from the analysis bucket into a cache folder, for an engine that reads files.

    files = fetch_days(s3, stack.analysis.bucket, EXPOSURES, first, last, cache_folder(), report)

The cache has the bucket's own folders, `BUCKET/exposures/day=2026-12-01/ETAG-NAME`, so DuckDB finds the day in a file's
path. The ETag is part of a file's name, and a file gets its name only when all of it is there: so a file with the
right name and size is the object, an interrupted fetch goes on where it stopped, and no list of what is there can be
wrong. Lines are personal data, so they stay here no longer than they are used: what the bucket no longer has, the cache
of these days loses too, and a day that was not asked for in 30 days is removed.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from console.deployment.stored_lines import StoredObject, day_prefix, list_days
from console.terminal.failure import Failure

# Fetched at once: an object is small, so most of the time is spent waiting. botocore keeps ten connections.
_WORKERS: Final = 8
_CHUNK_BYTES: Final = 1 << 20
_PART: Final = ".part"
# A file of a fetch that was killed; a younger one may be of another console that is fetching now.
_ABANDONED_SECONDS: Final = 3_600

_UNUSED_SECONDS: Final = 30 * 86_400

# Called with how many objects of how many are there, first before anything is fetched, then after each one.
ReportObjects: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Cached:
    """An object, and the file that it becomes."""

    stored: StoredObject
    path: Path

    @property
    def is_there(self) -> bool:
        try:
            return self.path.stat().st_size == self.stored.size
        except FileNotFoundError:
            return False


def cache_folder() -> Path:
    """Return the folder of fetched lines: in the user's cache, as the XDG specification names it."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
    return base / "retention" / "lines"


def fetch_days(
    s3: Any,  # noqa: ANN401  # boto3 makes clients at run time
    bucket: str,
    prefix: str,
    first_day: date,
    last_day: date,
    folder: Path,
    report: ReportObjects,
) -> list[Path]:
    """Return the local files of the days from first to last, both included; fetch those that are not there yet.

    `s3` is a client of S3, `prefix` is EXPOSURES or OUTCOMES, days are those of arrival in UTC. The files are gzipped
    JSON lines, ordered by day and key, and are not changed afterwards. Raises Failure for an object that arrives
    incomplete, and lets through the errors of S3 and of the disk.
    """
    _forget_unused(folder / bucket / prefix)
    listed = list_days(s3, bucket, prefix, first_day, last_day)
    wanted = [_Cached(each, folder / bucket / each.folder / _file_name(each)) for each in listed]
    kept = {each.path for each in wanted}
    for number in range((last_day - first_day).days + 1):
        _forget_others(folder / bucket / day_prefix(prefix, first_day + timedelta(days=number)), kept)
    missing = [each for each in wanted if not each.is_there]
    report(len(wanted) - len(missing), len(wanted))
    for fetched, _ in enumerate(_fetched(s3, bucket, missing), 1):
        report(len(wanted) - len(missing) + fetched, len(wanted))
    return [each.path for each in wanted]


def _fetched(s3: Any, bucket: str, missing: list[_Cached]) -> Iterator[None]:  # noqa: ANN401  # likewise
    """Yield once for each object that has become a file. After an error, no further one is begun."""
    for place in {each.path.parent for each in missing}:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ThreadPoolExecutor(_WORKERS) as pool:
        tasks = [pool.submit(_fetch, s3, bucket, each) for each in missing]
        try:
            for task in as_completed(tasks):
                task.result()
                yield
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _fetch(s3: Any, bucket: str, wanted: _Cached) -> None:  # noqa: ANN401  # likewise
    """Write an object to a file of another name, compare the size, and only then give it its name."""
    stored, path = wanted.stored, wanted.path
    answer = s3.get_object(Bucket=bucket, Key=stored.key, IfMatch=f'"{stored.etag}"')
    handle, name = tempfile.mkstemp(suffix=_PART, dir=path.parent)  # for its owner alone
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in answer["Body"].iter_chunks(_CHUNK_BYTES):
                _write(file, chunk, path.parent)
        if part.stat().st_size != stored.size:
            raise Failure(
                f"{stored.key} of the bucket {bucket} arrived incomplete: {part.stat().st_size} of {stored.size} bytes."
                " Run the command again: it goes on where it stopped."
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write(file: BinaryIO, chunk: bytes, folder: Path) -> None:
    """Write to a file of the cache. A full disk is an error that names no file: so this names the folder."""
    try:
        file.write(chunk)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from None


def _file_name(stored: StoredObject) -> str:
    return f"{re.sub(r'[^0-9A-Za-z-]', '', stored.etag)}-{stored.name}"


def _forget_unused(days: Path) -> None:
    """Remove the days that no fetch asked for in 30 days. A fetch sets the time of each folder that it looks at."""
    for place in days.glob("day=*"):
        if place.stat().st_mtime < time.time() - _UNUSED_SECONDS:
            shutil.rmtree(place, ignore_errors=True)


def _forget_others(place: Path, wanted: set[Path]) -> None:
    """Remove what the bucket no longer has, and what a killed fetch left; note that the day was asked for."""
    with suppress(FileNotFoundError):
        os.utime(place)
        for path in list(place.iterdir()):
            in_use = path.suffix == _PART and time.time() - path.stat().st_mtime < _ABANDONED_SECONDS
            if path not in wanted and not in_use:
                path.unlink(missing_ok=True)
