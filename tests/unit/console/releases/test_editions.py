"""Editions out of a table: those that are still kept, and the texts that only earlier ones have."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable

from console.file.compile import compile_document
from console.file.document import read_document
from console.local.samples import SAMPLE, SAMPLE_CLOCK
from console.releases.editions import KeptEditions, earlier_texts
from console.releases.publish import publish_release
from tests.support.edited_sample import APP as SAMPLE_APP
from tests.support.edited_sample import edited
from tests.support.release_table import TABLE
from tests.support.writable_table import WritableTable

APP = int(SAMPLE_APP)


def publish(table: WritableTable, file: Path, now: datetime = SAMPLE_CLOCK) -> dict[str, str]:
    """Publish a file; return the header of each of its messages by id."""
    compiled = compile_document(read_document(file), now=now)
    app_table = AppTable(table.client(), TABLE, APP)
    published = publish_release(app_table, compiled.release, who="ada", commit=None, now=now)
    edition = KeptEditions(app_table)(published.number)
    assert edition is not None
    return {identifier: text.header for identifier, text in edition.wording().items()}


@pytest.fixture
def table() -> WritableTable:
    return WritableTable()


@pytest.fixture
def app_table(table: WritableTable) -> AppTable:
    return AppTable(table.client(), TABLE, APP)


def test_a_kept_release_is_an_edition(table: WritableTable, app_table: AppTable) -> None:
    """It has the rules and texts of the file it was published from, under the release's name."""
    publish(table, SAMPLE)
    edition = KeptEditions(app_table)(1)
    assert edition is not None
    assert (edition.name, "keep-pro" in edition.rules) == ("release 1", True)


def test_a_release_that_is_gone_or_damaged_is_none(table: WritableTable, app_table: AppTable) -> None:
    """A replay goes on without it: what it would have proved counts as unknown."""
    publish(table, SAMPLE)
    table.remove(rows.sheet_key(APP, 1, "*"))
    assert KeptEditions(app_table)(1) is None
    assert KeptEditions(app_table)(2) is None
    assert KeptEditions(None)(1) is None


def test_a_text_is_found_in_the_newest_release_that_has_it(
    table: WritableTable, app_table: AppTable, tmp_path: Path
) -> None:
    """A text that was corrected since is in the earlier release alone; a text of no release is left out."""
    before = publish(table, SAMPLE)
    after = publish(table, edited(tmp_path, ("header: Keep your weekend walks", "header: Keep walking")))
    [replaced] = before.keys() - after.keys()
    [corrected] = after.keys() - before.keys()
    found = earlier_texts(app_table, {replaced, corrected, "unheard-of"})
    assert {name: text["header"] for name, text in found.items()} == {
        replaced: "Keep your weekend walks", corrected: "Keep walking",
    }  # fmt: skip


def test_where_no_text_is_wanted_nothing_is_read() -> None:
    """Coverage asks for every text that it does not know, and mostly knows them all."""
    client = WritableTable().client(lambda operation, _: pytest.fail(operation))
    assert earlier_texts(AppTable(client, TABLE, APP), ()) == {}
