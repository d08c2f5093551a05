"""An export has every row of an app as it was at one moment."""

from __future__ import annotations

import gzip
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from retention import table as rows

from console.backup.archive import inspect
from console.backup.export import ExportError
from console.releases.read import ReleaseError
from tests.support.exported_app import (
    FROM,
    TO,
    damage,
    exported,
    imported,
)
from tests.support.fake_table import APP
from tests.support.pages import Pages
from tests.support.small_release import put


def test_only_its_owner_may_read_the_file(filled: Any, tmp_path: Path) -> None:
    """The file holds the customer key: its mode is 0600, and it has its name only when it is complete."""
    exported(filled, tmp_path / "file")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_file_describes_itself(filled: Any, tmp_path: Path) -> None:
    """A reader of gzip and JSON finds format, app, table, count and digest; rows are DynamoDB's own JSON."""
    done = exported(filled, tmp_path / "file")
    first, *between, last = map(json.loads, gzip.decompress((tmp_path / "file").read_bytes()).splitlines())
    assert first == {
        "retention-export": 1,
        "appAppleId": APP,
        "table": FROM,
        "environment": "Sandbox",
        "exportedAt": "2026-11-24T12:00:00+00:00",
        "profiles": False,
    }
    assert last == {"rows": len(between), "digest": done.digest}
    assert between[-1]["Item"]["sk"] == {"S": "head"}


def test_the_same_table_gives_the_same_file(filled: Any, tmp_path: Path) -> None:
    """Two exports of one table are equal byte for byte."""
    for name in ("one", "two"):
        exported(filled, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_every_type_of_attribute_survives(filled: Any, tmp_path: Path) -> None:
    """A row of the owner's system, or of a later console, is restored with all its attributes."""
    odd = {
        "B": {"B": b"\x00\xff"},
        "set": {"BS": [b"a", b"b"]},
        "numbers": {"NS": ["1", "2.5"]},
        "texts": {"SS": ["x", "ÿ\u2028"]},
        "nothing": {"NULL": True},
        "map": {"M": {"B": {"S": "no binary"}, "deep": {"L": [{"M": {"b": {"B": b"\x01"}}}, {"BOOL": False}]}}},
    }
    filled.put_item(TableName=FROM, Item={**rows.key(rows.app_pk(APP), "later#1"), **odd})
    exported(filled, tmp_path / "file")
    imported(filled, tmp_path / "file")
    found = filled.get_item(**rows.get(TO, rows.key(rows.app_pk(APP), "later#1")))["Item"]
    assert {name: found[name] for name in odd} == odd


def test_nothing_published_is_nothing_to_export(client: Any, tmp_path: Path) -> None:
    """Without a release the export is refused and leaves no file."""
    with pytest.raises(ReleaseError, match="nothing has been published"):
        exported(client, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_an_incomplete_release_is_left_out_and_named(filled: Any, tmp_path: Path) -> None:
    """A damaged old release stops no export, and the report names it."""
    damage(filled, 1)
    done = exported(filled, tmp_path / "file")
    assert done.releases == (2, 3)
    assert "damaged" in done.left_out[1]


def test_the_live_release_must_be_complete(filled: Any, tmp_path: Path) -> None:
    """An export that could not answer requests after its import is refused."""
    damage(filled, 2)
    with pytest.raises(ReleaseError, match="damaged"):
        exported(filled, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


class Busy:
    """A client during whose first `times` reads of the app's rows another program publishes."""

    def __init__(self, client: Any, times: int) -> None:
        self._client = client
        self._left = times

    def get_paginator(self, operation: str) -> Pages:
        return Pages(getattr(self, operation))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **request: Any) -> Any:
        if self._left and request["ExpressionAttributeValues"] == {":pk": {"S": rows.app_pk(APP)}}:
            self._left -= 1
            put(self._client, FROM, f"another {self._left}")
        return self._client.query(**request)


def test_an_export_is_of_one_moment(filled: Any, tmp_path: Path) -> None:
    """If another program publishes meanwhile, the export begins again, so that all its rows belong together."""
    done = exported(Busy(filled, 2), tmp_path / "file")
    assert (done.release, done.releases) == (5, (1, 2, 3, 4, 5))
    assert inspect(tmp_path / "file").digest == done.digest


def test_an_export_gives_up(filled: Any, tmp_path: Path) -> None:
    """If other programs never stop publishing, the export fails and leaves no file."""
    with pytest.raises(ExportError, match="other programs published"):
        exported(Busy(filled, 9), tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
