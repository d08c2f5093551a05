"""An export has everything of an app, as it was at one moment."""

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


def test_only_its_owner_may_read_the_file(lived: Any, tmp_path: Path) -> None:
    """It holds customerKey: mode 0600, and there when it is whole, not before."""
    exported(lived, tmp_path / "file")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_file_says_what_it_is(lived: Any, tmp_path: Path) -> None:
    """Anything that reads gzip and JSON can tell format, app, table, count and digest; rows are DynamoDB's own JSON."""
    done = exported(lived, tmp_path / "file")
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


def test_the_same_table_gives_the_same_file(lived: Any, tmp_path: Path) -> None:
    """Byte for byte."""
    for name in ("one", "two"):
        exported(lived, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_every_type_of_attribute_survives(lived: Any, tmp_path: Path) -> None:
    """A row that an owner's system, or a later console, wrote comes back with all it had."""
    odd = {
        "B": {"B": b"\x00\xff"},
        "set": {"BS": [b"a", b"b"]},
        "numbers": {"NS": ["1", "2.5"]},
        "texts": {"SS": ["x", "ÿ\u2028"]},
        "nothing": {"NULL": True},
        "map": {"M": {"B": {"S": "no binary"}, "deep": {"L": [{"M": {"b": {"B": b"\x01"}}}, {"BOOL": False}]}}},
    }
    lived.put_item(TableName=FROM, Item={**rows.key(rows.app_pk(APP), "later#1"), **odd})
    exported(lived, tmp_path / "file")
    imported(lived, tmp_path / "file")
    found = lived.get_item(**rows.get(TO, rows.key(rows.app_pk(APP), "later#1")))["Item"]
    assert {name: found[name] for name in odd} == odd


def test_nothing_published_is_nothing_to_export(client: Any, tmp_path: Path) -> None:
    """And leaves no file."""
    with pytest.raises(ReleaseError, match="nothing has been published"):
        exported(client, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_release_that_is_not_whole_is_left_out_and_named(lived: Any, tmp_path: Path) -> None:
    """An old one that somebody damaged hinders nothing, and is not carried on."""
    damage(lived, 1)
    done = exported(lived, tmp_path / "file")
    assert done.releases == (2, 3)
    assert "damaged" in done.left_out[1]


def test_what_is_live_must_be_whole(lived: Any, tmp_path: Path) -> None:
    """A copy that could not answer is none."""
    damage(lived, 2)
    with pytest.raises(ReleaseError, match="damaged"):
        exported(lived, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


class Busy:
    """A client beside which somebody publishes, the first `times` times that the app's rows are read."""

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


def test_an_export_is_of_one_moment(lived: Any, tmp_path: Path) -> None:
    """Published meanwhile, it begins again; what is in the file belongs together."""
    done = exported(Busy(lived, 2), tmp_path / "file")
    assert (done.release, done.releases) == (5, (1, 2, 3, 4, 5))
    assert inspect(tmp_path / "file").digest == done.digest


def test_an_export_gives_up(lived: Any, tmp_path: Path) -> None:
    """Where others never stop publishing; there is no file then."""
    with pytest.raises(ExportError, match="other programs published"):
        exported(Busy(lived, 9), tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
