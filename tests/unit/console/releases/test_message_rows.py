"""Publishing adds rows of messages and images, completes those that are there, and keeps every review state."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import UNKNOWN, MessageState
from retention.review.snapshot import ImageState, apply_snapshot

from console.file.release import ImageFacts
from console.releases.message_rows import asset_updates, state_updates
from tests.support.fake_table import ANYONE_EN, APP, HERO, KEEP_EN, KEEP_FR
from tests.support.release_table import TABLE
from tests.support.small_release import put, release
from tests.support.writable_table import WritableTable


def message(client: Any, name: str) -> MessageState:
    return rows.read_message(client.get_item(**rows.get(TABLE, rows.message_key(APP, name)))["Item"])


def test_publishing_never_overwrites_a_state(client: Any) -> None:
    """Known messages and images keep their states, and a new message gets the present states of its images."""
    apply_snapshot(AppTable(client, TABLE, APP), {KEEP_EN: "APPROVED"}, {HERO: ImageState("APPROVED", "FULL_SIZE")})
    put(client, TABLE)
    put(client, TABLE, "two")
    assert message(client, KEEP_EN) == MessageState("APPROVED", {HERO: "APPROVED"})
    assert message(client, KEEP_FR).message == UNKNOWN
    image = client.get_item(**rows.get(TABLE, rows.image_key(APP, HERO)))["Item"]
    assert (image["state"], image["fileName"]) == ({"S": "APPROVED"}, {"S": "hero.png"})


def test_an_image_with_a_new_name_is_updated(client: Any) -> None:
    """The name of an image in the file may change; its review state stays."""
    put(client, TABLE)
    renamed = release("two")
    put(client, TABLE, release=replace_images(renamed))
    image = client.get_item(**rows.get(TABLE, rows.image_key(APP, HERO)))["Item"]
    assert (image["fileName"], image["state"]) == ({"S": "lion.png"}, {"S": UNKNOWN})


def replace_images(found: Any) -> Any:
    return dataclasses.replace(found, images={HERO: ImageFacts("FULL_SIZE", "lion.png")})


def test_an_image_state_that_changes_while_we_publish_reaches_the_new_message(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import between reading the images and writing the messages is not lost."""
    apply_snapshot(AppTable(client, TABLE, APP), {}, {HERO: ImageState("APPROVED")})
    update_item, done = client.update_item, list[bool]()

    def meanwhile(**request: Any) -> Any:
        if request["Key"]["sk"]["S"].startswith("message#") and not done:
            done.append(True)
            apply_snapshot(AppTable(client, TABLE, APP), {}, {HERO: ImageState("REJECTED")})
        return update_item(**request)

    monkeypatch.setattr(client, "update_item", meanwhile)
    put(client, TABLE)
    assert message(client, KEEP_EN).images == {HERO: "REJECTED"}


def test_an_import_during_the_correction_of_image_states_stays(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old state written over a new one would stay, since it changes no version."""
    put(client, TABLE)
    query = client.query
    for reads in range(1, 5):
        apply_snapshot(AppTable(client, TABLE, APP), {}, {HERO: ImageState("APPROVED")})
        left = iter([None] * reads)

        def meanwhile(left: Any = left, **request: Any) -> Any:
            answer = query(**request)
            if next(left, left) is left:
                monkeypatch.setattr(client, "query", query)
                apply_snapshot(AppTable(client, TABLE, APP), {}, {HERO: ImageState("REJECTED")})
            return answer

        monkeypatch.setattr(client, "query", meanwhile)
        put(client, TABLE)
        assert message(client, KEEP_EN).images == {HERO: "REJECTED"}


def needed(table: WritableTable) -> list[str]:
    """Return the rows that publishing the small release would still write, by sort key."""
    updates = asset_updates(AppTable(table.client(), TABLE, APP), release())
    return [update["Key"]["sk"]["S"] for update in updates]


def test_an_empty_table_needs_a_row_for_each_image_and_message() -> None:
    """Images come first: a message's row has the states of its images."""
    assert needed(WritableTable()) == [
        f"image#{HERO}", f"message#{KEEP_EN}", f"message#{KEEP_FR}", f"message#{ANYONE_EN}",
    ]  # fmt: skip


def test_rows_that_are_complete_are_not_written_again() -> None:
    """A second publish of the same release sends no update of a message or an image."""
    table = WritableTable()
    put(table.client(), TABLE)
    assert needed(table) == []
    assert state_updates(AppTable(table.client(), TABLE, APP), release()) == []


@pytest.mark.parametrize(
    ("row", "lost"),
    [
        (rows.image_key(APP, HERO), "size"),
        (rows.image_key(APP, HERO), "fileName"),
        (rows.image_key(APP, HERO), "state"),
        (rows.message_key(APP, KEEP_EN), "images"),
        (rows.message_key(APP, KEEP_EN), "state"),
    ],
)
def test_a_row_without_an_attribute_is_completed(row: rows.Key, lost: str) -> None:
    """An import may have made a row of which only the state is known."""
    table = WritableTable()
    put(table.client(), TABLE)
    del table.items[row["pk"]["S"], row["sk"]["S"]][lost]
    assert needed(table) == [row["sk"]["S"]]
