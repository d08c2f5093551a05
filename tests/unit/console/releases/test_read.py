"""What a stored release holds, and one error for a damaged one, in every command."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.errors import UnreadableRowError
from retention.review.snapshot import SnapshotRefusedError, apply_snapshot
from retention.review.stored import read_settings

from console.backup.export import export
from console.file.experiment_checks import RunningExperiments
from console.file.mistakes import Mistakes
from console.file.release import CompiledRelease
from console.local.rows import create_table
from console.releases.editions import KeptEditions
from console.releases.head import (
    rollback,
)
from console.releases.listing import list_releases
from console.releases.live import require_live
from console.releases.overview import TableOverview, look_at_table
from console.releases.publish import publish_release
from console.releases.read import ReleaseError, read_release, verify
from tests.support.fake_table import ANYONE_EN, APP, KEEP_EN, KEEP_FR, SETTINGS, sheet
from tests.support.moto_client import dynamodb_client
from tests.support.release_table import TABLE
from tests.support.small_release import NOW, put, release

GOOD = release()
LATER = NOW + timedelta(hours=1)

# Releases with right digests and with documents that this version cannot read.
ODD = {
    "texts that are a number": replace(GOOD, texts={"keep": 3}),  # type: ignore[dict-item]
    "ids that are no texts": replace(GOOD, texts={"keep": {"en-US": (1,)}}),  # type: ignore[dict-item]
    "a served set without texts": replace(GOOD, texts={}),
    "settings without locales": replace(GOOD, settings={**SETTINGS, "locales": 3}),
    "a rule without an answer": replace(
        GOOD, sheets={**GOOD.sheets, "*": {**sheet(None, "one", {}), "rules": [{"name": "one", "when": None}]}}
    ),
    "no sheet for other products": replace(GOOD, sheets={"pro.monthly": GOOD.sheets["pro.monthly"]}),
}


@pytest.fixture
def table() -> Iterator[AppTable]:
    with mock_aws():
        client = dynamodb_client()
        create_table(client, "retention")
        yield AppTable(client, "retention", APP)


def put_unread(table: AppTable, odd: CompiledRelease) -> None:
    """Publish without reading back, as a console of another version could."""
    with patch("console.releases.publish.verify"):
        put(table.client, table.name, release=odd)


def test_a_stored_release_equals_the_published_one(table: AppTable) -> None:
    """Number, settings, sheets, texts and source are read back."""
    put(table.client, table.name)
    found = read_release(table, 1)
    assert (found.number, found.name, found.source) == (1, "release 1", GOOD.source)
    assert (found.settings, found.sheets, found.texts) == (GOOD.settings, GOOD.sheets, GOOD.texts)
    assert require_live(table) == found


def test_a_release_whose_file_this_console_cannot_read_is_not_damaged(table: AppTable) -> None:
    """Its texts can still be predecessors; a command that needs the file reports the file's mistakes."""
    put(table.client, table.name, release=replace(GOOD, source=b"key: [\n"))
    found = look_at_table(table).live
    assert found is not None
    assert (found.document, found.running) == (None, RunningExperiments())
    assert found.texts["keep"] == {"en-US": (KEEP_EN,), "fr-FR": (KEEP_FR,)}
    with pytest.raises(Mistakes):
        found.edition()
    assert KeptEditions(table)(1) is None


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_release_that_cannot_be_read_is_never_made_live(table: AppTable, odd: CompiledRelease) -> None:
    """A publisher reads its release back, and a rollback reads the release first."""
    with pytest.raises(ReleaseError) as refused:
        put(table.client, table.name, release=odd)
    assert (refused.value.code, table.head().get("current")) == ("release_damaged", None)


READERS: dict[str, Callable[[AppTable, Path], Any]] = {
    "plan, status, publish": lambda table, _: look_at_table(table),
    "coverage, explain, diff with live": lambda table, _: require_live(table),
    "diff with a number": lambda table, _: read_release(table, 1),
    "import": lambda table, _: verify(table, 1),
    "export": lambda table, folder: export(table, folder / "file", environment="", now=NOW),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_every_reader_reports_a_damaged_release_alike(
    table: AppTable, tmp_path: Path, odd: CompiledRelease, reader: Callable[[AppTable, Path], Any]
) -> None:
    """The error has the number of the release and the row."""
    put_unread(table, odd)
    with pytest.raises(ReleaseError, match="release 1 is damaged: ") as found:
        reader(table, tmp_path)
    assert (found.value.code, found.value.evidence) == ("release_damaged", {"release": 1})


def test_a_damaged_live_release_can_be_rolled_back(table: AppTable) -> None:
    """The error names `retention rollback`, and the command works."""
    put(table.client, table.name)
    put_unread(table, ODD["texts that are a number"])
    with pytest.raises(ReleaseError, match=r"`retention rollback` makes another release live"):
        look_at_table(table)
    rollback(table)
    assert require_live(table).number == 1


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_damaged_old_release_is_ignored(table: AppTable, tmp_path: Path, odd: CompiledRelease) -> None:
    """It is not exported, not rolled back to, and no source of earlier texts; the live release stays."""
    put_unread(table, odd)
    put(table.client, table.name, "two", now=LATER)
    assert KeptEditions(table)(1) is None
    assert export(table, tmp_path / "file", environment="", now=NOW).left_out.keys() == {1}
    with pytest.raises(ReleaseError) as refused:
        rollback(table, 1)
    assert (refused.value.code, table.head()["current"]) == ("release_damaged", {"N": "2"})


def test_the_sync_reports_the_same_rows_as_unreadable(table: AppTable) -> None:
    """The sync reads two rows of the live release, and checks them with the same functions."""
    for name in ("texts that are a number", "ids that are no texts", "a served set without texts"):
        put_unread(table, ODD[name])
        with pytest.raises(SnapshotRefusedError) as refused:
            apply_snapshot(table, {}, {})
        assert refused.value.code == "snapshot_blind"
    put_unread(table, ODD["settings without locales"])
    number = rows.number(table.head(), "current")
    with pytest.raises(UnreadableRowError, match="settings is not of the shape"):
        read_settings(table.get(rows.settings_key(APP, number)))


def test_a_release_of_another_app_is_not_published(table: AppTable) -> None:
    """No row is written, and no number is reserved."""
    with pytest.raises(ReleaseError) as refused:
        publish_release(table, replace(GOOD, app_apple_id=42), who="ada", commit=None, now=NOW)
    assert (refused.value.code, table.head()) == ("other_app", {})


@pytest.mark.parametrize("size", [0, 10, 1_000_000])
def test_the_source_is_read_back_byte_for_byte(client: Any, size: int) -> None:
    """A source of any size is stored in chunks."""
    source = random.Random(size).randbytes(size)
    put(client, TABLE, release=release(source=source))
    assert read_release(AppTable(client, TABLE, APP), 1).source == source
    assert list_releases(AppTable(client, TABLE, APP))[0].source_digest == rows.digest_of(source)


def test_the_digest_depends_on_the_content_alone(client: Any) -> None:
    """The same file has the same digest for every publisher and time; another file has another digest."""
    first = put(client, TABLE).digest
    assert put(client, TABLE, who="bob", now=NOW + timedelta(days=1)).digest == first
    assert put(client, TABLE, "two").digest != first


def test_previous_texts_are_those_of_the_live_release_with_the_states_of_all_messages(client: Any) -> None:
    """With these, compiling keeps the predecessor of a corrected text."""
    assert look_at_table(AppTable(client, TABLE, APP)) == TableOverview()
    put(client, TABLE)
    apply_snapshot(AppTable(client, TABLE, APP), {KEEP_EN: "APPROVED"}, {})
    known = look_at_table(AppTable(client, TABLE, APP)).standing
    found = known.previous
    assert known.release == 1
    assert found.texts["keep"] == {"en-US": (KEEP_EN,), "fr-FR": (KEEP_FR,)}
    assert (found.states[KEEP_EN].message, found.states[ANYONE_EN].message) == ("APPROVED", "ABSENT")


@pytest.mark.parametrize("sk", ["product#pro.monthly", "texts", "source#0"])
def test_a_release_with_exchanged_rows_is_damaged(client: Any, sk: str) -> None:
    """The manifest shows a row that is valid in itself but belongs to another release."""
    put(client, TABLE)
    put(client, TABLE, "two", release=exchanged())
    theirs = client.get_item(**rows.get(TABLE, rows.key(rows.release_pk(APP, 2), sk)))["Item"]
    client.put_item(TableName=TABLE, Item={**theirs, "pk": {"S": rows.release_pk(APP, 1)}})
    with pytest.raises(ReleaseError, match="damaged"):
        verify(AppTable(client, TABLE, APP), 1)


def exchanged() -> Any:
    return dataclasses.replace(release("two"), texts={"keep": {"en-US": (KEEP_EN,)}})
