"""Lines of some days, fetched from the analysis bucket: only what is missing, and never half a file."""

from __future__ import annotations

import errno
import io
import os
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from console.deployment.failures import sentence
from console.deployment.stored_lines import EXPOSURES, OUTCOMES
from console.effect.stored_days import cache_folder, fetch_days
from console.terminal.failure import Failure

BUCKET: Final = "retention-sandbox-analysis"
FIRST, SECOND, THIRD = date(2026, 12, 1), date(2026, 12, 2), date(2026, 12, 3)


class CountingS3:
    """A client of S3 that notes the keys that are fetched, and may cut or refuse one."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.fetched: list[str] = []
        self.cut = self.refused = ""

    def get_paginator(self, operation: str) -> Any:
        return self.client.get_paginator(operation)

    def get_object(self, **request: Any) -> Any:
        self.fetched.append(request["Key"])
        answer = self.client.get_object(**request)
        if request["Key"] == self.refused:
            raise ConnectionError("the network is down")
        if request["Key"] == self.cut:
            answer["Body"] = Cut()
        return answer


class Cut:
    """A body that ends too early."""

    def iter_chunks(self, _: int) -> Iterator[bytes]:
        yield b"{"


@pytest.fixture
def s3() -> Iterator[CountingS3]:
    with mock_aws():
        client: Any = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        for day in (FIRST, SECOND, THIRD):
            for number in range(3):
                put(client, day, f"{number}.json.gz", f"line {number} of {day}")
        put(client, FIRST, "0.json.gz", "an outcome", OUTCOMES)
        yield CountingS3(client)


def put(client: Any, day: date, name: str, text: str, prefix: str = EXPOSURES) -> None:
    client.put_object(Bucket=BUCKET, Key=f"{prefix}day={day}/{name}", Body=text.encode())


def fetch(s3: Any, folder: Path, first: date = FIRST, last: date = SECOND, seen: list[Any] | None = None) -> list[Path]:
    done = [] if seen is None else seen
    return fetch_days(s3, BUCKET, EXPOSURES, first, last, folder, lambda *numbers: done.append(numbers))


def test_the_days_asked_for_are_fetched_and_no_others(s3: CountingS3, tmp_path: Path) -> None:
    """Each object of each day becomes a file in a folder with the day's name, in the order of day and key."""
    files = fetch(s3, tmp_path)
    assert [path.read_text() for path in files] == [f"line {n} of {day}" for day in (FIRST, SECOND) for n in range(3)]
    assert [path.parent.name for path in files] == [*["day=2026-12-01"] * 3, *["day=2026-12-02"] * 3]
    assert {path.parent.parent for path in files} == {tmp_path / BUCKET / "exposures"}
    assert all(path.name.endswith(".json.gz") for path in files)
    assert len(s3.fetched) == 6


def test_what_is_there_is_not_fetched_again(s3: CountingS3, tmp_path: Path) -> None:
    """A second call fetches what is new, and reports how many of all objects are there before and after each one."""
    fetch(s3, tmp_path)
    s3.fetched.clear()
    seen: list[Any] = []
    files = fetch(s3, tmp_path, last=THIRD, seen=seen)
    assert sorted(s3.fetched) == [f"exposures/day=2026-12-03/{n}.json.gz" for n in range(3)]
    assert seen == [(6, 9), (7, 9), (8, 9), (9, 9)]
    assert fetch(s3, tmp_path, last=THIRD) == files
    assert len(s3.fetched) == 3


def test_an_object_that_changed_is_fetched_again(s3: CountingS3, tmp_path: Path) -> None:
    """Another ETag is another file, and the one of before is removed; so is a file whose size is not the object's."""
    before = fetch(s3, tmp_path)
    put(s3.client, FIRST, "0.json.gz", "a text of another object")
    before[1].write_text("half")
    after = fetch(s3, tmp_path)
    assert after[0].read_text() == "a text of another object"
    assert after[1].read_text() == f"line 1 of {FIRST}"
    assert not before[0].exists()


def test_what_the_bucket_deleted_is_deleted_here(s3: CountingS3, tmp_path: Path) -> None:
    """A line that the lifecycle removed from the bucket is in no cache after the next fetch of that day."""
    (gone, *rest) = fetch(s3, tmp_path)
    s3.client.delete_object(Bucket=BUCKET, Key=f"exposures/day={FIRST}/0.json.gz")
    assert fetch(s3, tmp_path) == rest
    assert not gone.exists()


def test_a_fetch_that_fails_leaves_no_half_file(s3: CountingS3, tmp_path: Path) -> None:
    """After an object that is cut off or refused, each file there is complete, and the next fetch goes on."""
    s3.cut = f"exposures/day={FIRST}/1.json.gz"
    with pytest.raises(Failure, match=r"1\.json\.gz of the bucket .* arrived incomplete: 1 of 20 bytes"):
        fetch(s3, tmp_path)
    s3.cut, s3.refused = "", f"exposures/day={SECOND}/2.json.gz"
    with pytest.raises(ConnectionError):
        fetch(s3, tmp_path / "another")
    there = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.name.endswith(".json.gz") and path.stat().st_size == 20 for path in there)
    s3.refused = ""
    assert len(fetch(s3, tmp_path)) == len(fetch(s3, tmp_path / "another")) == 6


def test_a_day_that_is_no_longer_asked_for_is_removed(s3: CountingS3, tmp_path: Path) -> None:
    """After 30 days without a question about it a day goes with the next fetch; one that is asked about stays."""
    files = fetch(s3, tmp_path)
    for place in {path.parent for path in files}:
        os.utime(place, (time.time() - 29 * 86_400,) * 2)
    fetch(s3, tmp_path, SECOND, SECOND)
    assert files[0].exists()
    os.utime(files[0].parent, (time.time() - 31 * 86_400,) * 2)
    fetch(s3, tmp_path, SECOND, SECOND)
    assert not files[0].parent.exists()
    assert files[-1].exists()


def test_what_a_killed_fetch_left_is_removed_later(s3: CountingS3, tmp_path: Path) -> None:
    """An unfinished file is removed after an hour: a younger one may belong to a console that is still fetching."""
    place = fetch(s3, tmp_path)[0].parent
    old, young = place / "tmp1.part", place / "tmp2.part"
    for path, age in ((old, 3_700), (young, 60)):
        path.write_text("{")
        os.utime(path, (time.time() - age, time.time() - age))
    assert old not in fetch(s3, tmp_path)
    assert (old.exists(), young.exists()) == (False, True)


def test_only_its_owner_reads_the_cache(s3: CountingS3, tmp_path: Path) -> None:
    """Files and folders of days have no right for others."""
    files = fetch(s3, tmp_path)
    assert {path.stat().st_mode & 0o077 for path in (*files, *(path.parent for path in files))} == {0}


def test_days_without_lines_are_no_mistake(s3: CountingS3, tmp_path: Path) -> None:
    """A day on which nothing arrived has no file, and an empty range of days asks for nothing."""
    assert fetch(s3, tmp_path, date(2026, 11, 1), date(2026, 11, 2)) == []
    assert fetch(s3, tmp_path, SECOND, FIRST) == []


def test_the_cache_is_where_xdg_puts_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """XDG_CACHE_HOME where it is an absolute path, as its specification demands; else ~/.cache."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for given, base in ((str(tmp_path / "x"), tmp_path / "x"), ("x", tmp_path / ".cache"), ("", tmp_path / ".cache")):
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        assert cache_folder() == base / "retention" / "lines"


def test_a_disk_that_is_full_is_named_by_its_folder(
    s3: CountingS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error of a write names no file; the operator needs the place to free."""

    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def full(handle: int, _: str) -> Full:
        os.close(handle)
        return Full()

    monkeypatch.setattr("console.effect.stored_days.os.fdopen", full)
    with pytest.raises(OSError, match="No space left") as raised:
        fetch(s3, tmp_path, FIRST, FIRST)
    assert str(sentence(raised.value)).endswith("exposures/day=2026-12-01: No space left on device.")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("AccessDenied", "These credentials may not do GetObject: attach the stack's OperatorPolicyArn."),
        ("NoSuchKey", "An object of the stack's bucket was changed or deleted while it was read: run the command"),
        ("PreconditionFailed", "An object of the stack's bucket was changed or deleted while it was read: run"),
        ("ExpiredToken", "AWS does not accept these credentials (ExpiredToken): sign in again."),
    ],
)
def test_an_object_that_cannot_be_read_is_one_sentence(s3: CountingS3, tmp_path: Path, code: str, text: str) -> None:
    """S3's error ends the fetch; what was fetched before it stays."""
    refused = ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")

    def get_object(**_: Any) -> Any:
        raise refused

    s3.get_object = get_object  # type: ignore[method-assign]
    with pytest.raises(ClientError) as raised:
        fetch(s3, tmp_path)
    assert str(sentence(raised.value)).startswith(text)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
