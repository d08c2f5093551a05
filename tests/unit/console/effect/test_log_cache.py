"""Logs of any form become one cache, once, and only what the tables have is in it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

from console.effect import log_cache
from console.effect.log_cache import cache_logs, columns_folder
from console.terminal.failure import Failure
from tests.support.analysis_parts import needs_analysis

pytestmark = needs_analysis

HASH: Final = "0f" * 32
EXPOSURE: Final = {
    "level": "INFO",
    "message": "answered",
    "timestamp": "2026-11-24 03:09:31,646+0000",
    "productId": "pro",
    "localeAsked": "en-US",
    "requestIdentifier": "r1",
    "customerHash": HASH,
    "appAppleId": 7,
    "experiment": "switch",
    "arm": "keep",
    "slots": 5000,
    "release": 12,
    "delivered": True,
    "catalogAge": 12.4,
    "CatalogAge": [12.4],
}
OUTCOME: Final = {
    "message": "merged",
    "timestamp": "2026-11-25 03:09:31,646+0000",
    "customerHash": HASH,
    "notificationUuid": "n1",
    "signedAt": "2026-11-25 03:09:30.122",
    "autoRenew": 0,
}
WATERMARK: Final = {
    "message": "complete until",
    "timestamp": "2026-11-30 22:00:00,000+0000",
    "appAppleId": 7,
    "completeSince": "2026-11-01 00:00:00.000",
    "completeUntil": "2026-11-30 20:00:00.000",
}
LINES: Final = [json.dumps(line) for line in (EXPOSURE, OUTCOME, WATERMARK)]


def rows(parts: tuple[Path, ...]) -> list[dict[str, Any]]:
    """Return all rows of a cache without the members that are NULL, in order."""
    files = [str(part) for part in parts]
    found = import_module("duckdb").execute("SELECT * FROM read_parquet($1) ORDER BY source, day", [files])
    names = [each[0] for each in found.description]
    return [{n: v for n, v in zip(names, row, strict=True) if v is not None} for row in found.fetchall()]


KEPT: Final = [
    {
        "source": "exposures", "day": "2026-11-24", "message": "answered", "timestamp": "2026-11-24 03:09:31,646+0000",
        "appappleid": 7, "experiment": "switch", "arm": "keep", "slots": 5000, "release": 12, "delivered": True,
        "productid": "pro", "localeasked": "en-US", "requestidentifier": "r1", "customerhash": HASH,
    },
    {
        "source": "outcomes", "day": "2026-11-25", "message": "merged", "timestamp": "2026-11-25 03:09:31,646+0000",
        "customerhash": HASH, "notificationuuid": "n1", "signedat": "2026-11-25 03:09:30.122", "autorenew": 0,
    },
    {
        "source": "watermark", "day": "2026-11-30", "message": "complete until",
        "timestamp": "2026-11-30 22:00:00,000+0000", "appappleid": 7, "completesince": "2026-11-01 00:00:00.000",
        "completeuntil": "2026-11-30 20:00:00.000",
    },
]  # fmt: skip


def table_of(lines: list[str]) -> str:
    """Return the CSV of the log viewer."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["timestamp", "message"])
    writer.writerows([["1790000000000", line] for line in lines])
    return text.getvalue()


FORMS: Final[dict[str, bytes]] = {
    "lines": "\n".join(LINES).encode(),
    "gzipped": gzip.compress("\n".join(LINES).encode()),
    "gzipped in members": b"".join(gzip.compress(f"{line}\n".encode()) for line in LINES),
    "gzipped twice": gzip.compress(gzip.compress("\n".join(LINES).encode())),
    "without line ends": "".join(LINES).encode(),
    # of Firehose, if extraction keeps a line's end, and after a new filter was tried out: AWS documents neither
    "with empty lines": gzip.compress("\n\n".join([*LINES, ""]).encode()),
    "after a message of CloudWatch's": "\n".join(
        ["CWL CONTROL MESSAGE: Checking health of destination Firehose.", *LINES]
    ).encode(),
    "after a time stamp": "\n".join(f"2026-11-24T03:09:31Z {line}" for line in LINES).encode(),
    "log events": json.dumps({"logEvents": [{"message": f"{line}\n"} for line in LINES]}).encode(),
    "events by line": "\n".join(json.dumps({"timestamp": 179, "message": line}) for line in LINES).encode(),
    "a table": table_of(LINES).encode(),
    "UTF-16": "\n".join(LINES).encode("utf-16"),
    "among other lines": "\n".join(["START RequestId: 1", *LINES, json.dumps({"level": "INFO"}), "REPORT"]).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_log_of_any_form_is_read(tmp_path: Path, form: str) -> None:
    """In each form of an export the cache gets the same rows."""
    (tmp_path / "log").write_bytes(FORMS[form])
    found = rows(cache_logs([tmp_path / "log"], tmp_path / "cache").parts)
    assert [without_text(row) for row in found] == [without_text(row) for row in KEPT]


def without_text(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without the text and time of a line that the other reader does not keep."""
    return {
        name: value
        for name, value in row.items()
        if name not in {"message", "timestamp"} or row["source"] == "exposures"
    }


def test_the_columns_of_a_table_are_read(tmp_path: Path) -> None:
    """A table of Logs Insights has a column for each member, all of them texts, and empty cells."""
    members = [name for name in EXPOSURE if name != "CatalogAge"]
    lines = [
        ",".join([*members, "subtype"]),
        ",".join([*(str(EXPOSURE[name]).replace(",", ".") for name in members), ""]),
    ]
    (tmp_path / "log.csv").write_text("\n".join(lines))
    (row,) = rows(cache_logs([tmp_path / "log.csv"], tmp_path / "cache").parts)
    assert (row["release"], row["slots"], row["delivered"], row["appappleid"]) == (12, 5000, True, 7)


def test_the_day_of_a_folder_is_that_of_arrival(tmp_path: Path) -> None:
    """In the bucket's folders the day is when a line arrived, not that of its own time."""
    folder = tmp_path / "exposures" / "day=2026-11-26"
    folder.mkdir(parents=True)
    (folder / "lines.gz").write_bytes(FORMS["gzipped"])
    assert {row["day"] for row in rows(cache_logs([tmp_path / "exposures"], tmp_path / "cache").parts)} == {
        "2026-11-26"
    }


def test_files_of_both_packings_in_one_folder(tmp_path: Path) -> None:
    """Gzipped and bare files, and one that only the other reader can read, are one part."""
    for name in ("lines", "gzipped", "a table"):
        (tmp_path / "logs").mkdir(exist_ok=True)
        (tmp_path / "logs" / f"{name}.log").write_bytes(FORMS[name])
    logs = cache_logs([tmp_path / "logs"], tmp_path / "cache")
    assert len(logs.parts) == 1
    assert len(rows(logs.parts)) == 9


def test_a_line_that_names_a_customer_otherwise_is_not_kept(tmp_path: Path) -> None:
    """Only a hash is a customer: a plain id, should one ever stand there, gets into no cache; nor other members do."""
    lines = [
        {**EXPOSURE, "customerHash": "2000000000000007"},
        {**EXPOSURE, "originalTransactionId": "2000000000000007"},
    ]
    (tmp_path / "log").write_text("\n".join(map(json.dumps, lines)))
    logs = cache_logs([tmp_path / "log"], tmp_path / "cache")
    assert len(rows(logs.parts)) == 1
    assert all(
        b"2000000000000007" not in path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()
    )


def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Return a function that returns how many parts were made."""
    made = []
    copy = log_cache._copy

    def copied(*given: Any) -> None:
        made.append(1)
        copy(*given)

    monkeypatch.setattr(log_cache, "_copy", copied)
    return lambda: len(made)


def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run reads nothing again, also where the file has another name and time; a change does."""
    made = counted(monkeypatch)
    path = tmp_path / "log"
    path.write_bytes(FORMS["lines"])
    first = cache_logs([path], tmp_path / "cache")
    assert cache_logs([path], tmp_path / "cache") == first
    other = tmp_path / "other"
    path.rename(other)
    os.utime(other, (1, 1))
    assert cache_logs([other], tmp_path / "cache") == first
    assert made() == 1
    other.write_bytes(FORMS["lines"] + b"\n" + LINES[0].replace("r1", "r2").encode())
    changed = cache_logs([other], tmp_path / "cache")
    assert (made(), changed.digest == first.digest, len(rows(changed.parts))) == (2, False, 4)


def test_the_digest_is_that_of_the_contents(tmp_path: Path) -> None:
    """Two machines with the same files under other names have the same digest; a damaged index does not matter."""
    digests = set()
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}1").write_bytes(FORMS["lines"])
        (folder / f"{name}2").write_bytes(FORMS["gzipped"])
        (folder / "cache").mkdir()
        (folder / "cache" / "files.json").write_text("[1, {")
        logs = cache_logs([folder / f"{name}2", folder / f"{name}1"], folder / "cache")
        digests.add((logs.count, logs.digest))
    assert len(digests) == 1


def test_a_run_that_was_ended_leaves_nothing_that_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part has its name only when it is complete; what is left of another one is removed after a day."""
    path, cache = tmp_path / "log", tmp_path / "cache"
    path.write_bytes(FORMS["lines"])

    def ended(_batch: object, part: Path, *_others: object) -> None:
        part.write_bytes(b"PAR1")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(log_cache, "_copy", ended)
        with pytest.raises(KeyboardInterrupt):
            cache_logs([path], cache)
    assert not [*cache.glob("*.parquet"), *cache.glob("*.making")]
    for name, age in (("old.1.making", 90_000), ("new.1.making", 60), ("unused.parquet", 31 * 86_400)):
        (cache / name).write_bytes(b"PAR1")
        os.utime(cache / name, (time.time() - age,) * 2)
    assert len(rows(cache_logs([path], cache).parts)) == 3
    assert {path.name for path in cache.iterdir() if path.name.startswith(("old", "new", "unused"))} == {"new.1.making"}


def test_a_damaged_file_is_reported(tmp_path: Path) -> None:
    """A gzip file that ends too early raises Failure with its name, and there is no part of it."""
    (tmp_path / "log.gz").write_bytes(FORMS["gzipped"][:-20])
    with pytest.raises(Failure, match=r"log\.gz is no complete gzip file"):
        cache_logs([tmp_path / "log.gz"], tmp_path / "cache")
    assert not [*(tmp_path / "cache").glob("*.parquet")]


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where lines can be read and yet no part be written, the folder is named."""
    (tmp_path / "log").write_bytes(FORMS["lines"])
    monkeypatch.setattr(log_cache, "_copied", lambda *_given: False)
    with pytest.raises(Failure, match="cannot be written to: see whether its disk is full"):
        cache_logs([tmp_path / "log"], tmp_path / "cache")


def test_large_folders_are_read_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More bytes than a batch has make further parts, with the same rows; an empty file is none."""
    monkeypatch.setattr(log_cache, "_BATCH_BYTES", 1500)
    (tmp_path / "logs").mkdir()
    for number in range(5):
        (tmp_path / "logs" / f"{number}").write_bytes(FORMS["lines"])
    (tmp_path / "logs" / "empty").touch()
    logs = cache_logs([tmp_path / "logs"], tmp_path / "cache")
    assert len(logs.parts) > 1
    assert len(rows(logs.parts)) == 15 or len({*logs.parts}) < len(logs.parts)


def test_the_cache_is_next_to_the_fetched_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both are in the user's folder of caches."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert columns_folder() == tmp_path / "retention" / "columns"


def test_progress_has_the_bytes_of_the_files(tmp_path: Path) -> None:
    """A person who waits sees how much is read."""
    (tmp_path / "log").write_bytes(FORMS["lines"])
    steps: list[tuple[str, int, int]] = []
    cache_logs([tmp_path / "log"], tmp_path / "cache", lambda *step: steps.append(step))
    assert steps[-1] == ("reading logs", 0, len(FORMS["lines"]))
