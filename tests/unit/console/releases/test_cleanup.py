"""Releases that are no longer needed are deleted, and never the live one; tested on moto in this process."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable

from console.releases.cleanup import delete_old_releases, delete_release
from console.releases.head import (
    rollback,
)
from console.releases.listing import list_releases
from console.releases.live import load_live
from console.releases.read import ReleaseError
from tests.support.fake_table import APP
from tests.support.release_table import TABLE, before_the_next_transaction, sort_keys
from tests.support.small_release import NOW, put


def claim(client: Any, number: int, **more: Any) -> None:
    """Write the rows that a publisher leaves if it is killed half way."""
    item = {"publishedBy": {"S": "ada"}, "publishedAt": {"S": NOW.isoformat()}, **more}
    client.put_item(TableName=TABLE, Item={**rows.claim_key(APP, number), **item})
    client.put_item(TableName=TABLE, Item={**rows.sheet_key(APP, number, "x"), "document": {"B": b"x"}})
    client.update_item(
        TableName=TABLE,
        Key=rows.head_key(APP),
        UpdateExpression="SET lastReserved = :n",
        ExpressionAttributeValues={":n": {"N": str(number)}},
    )


def test_incomplete_releases_are_deleted_after_an_hour(client: Any) -> None:
    """In the first hour, another program may still be publishing the release."""
    put(client, TABLE)
    claim(client, 2)
    assert delete_old_releases(AppTable(client, TABLE, APP), now=NOW + timedelta(minutes=59)) == []
    assert delete_old_releases(AppTable(client, TABLE, APP), now=NOW + timedelta(minutes=61)) == [2]
    assert sort_keys(client, 2) == []
    assert sort_keys(client, 1) != []


def test_old_releases_are_deleted_but_never_the_live_one(client: Any) -> None:
    """The live release stays, however old it is."""
    for number in range(6):
        put(client, TABLE, f"r{number}")
    rollback(AppTable(client, TABLE, APP), 1)
    assert delete_old_releases(AppTable(client, TABLE, APP), now=NOW, keep=3) == [2, 3]
    assert [r.number for r in list_releases(AppTable(client, TABLE, APP))] == [6, 5, 4, 1]
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US").catalog.release == 1


def test_a_release_that_becomes_live_meanwhile_is_kept(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If another program rolls back to a release just before the cleanup deletes it, the cleanup leaves it."""
    put(client, TABLE)
    put(client, TABLE, "two")
    before_the_next_transaction(client, monkeypatch, lambda: rollback(AppTable(client, TABLE, APP), 1))
    assert delete_old_releases(AppTable(client, TABLE, APP), now=NOW, keep=1) == []
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US").catalog.release == 1


def test_an_interrupted_cleanup_is_finished_by_the_next(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release is incomplete from its first deleted row on, and the next cleanup finds it by its claim."""
    put(client, TABLE)
    put(client, TABLE, "two")
    with monkeypatch.context() as patch:
        patch.setattr(client, "delete_item", interrupted)
        with pytest.raises(KeyboardInterrupt):
            delete_old_releases(AppTable(client, TABLE, APP), now=NOW, keep=1)
    with pytest.raises(ReleaseError):
        rollback(AppTable(client, TABLE, APP), 1)
    assert delete_old_releases(AppTable(client, TABLE, APP), now=NOW + timedelta(hours=2), keep=1) == [1]
    assert sort_keys(client, 1) == []


def interrupted(**_: Any) -> None:
    raise KeyboardInterrupt


def test_deleting_begins_with_the_settings_and_ends_with_the_claim(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half deleted release never looks complete, and can always be found."""
    put(client, TABLE)
    order, delete_item = list[str](), client.delete_item

    def noting(**request: Any) -> Any:
        order.append(request["Key"]["sk"]["S"])
        return delete_item(**request)

    monkeypatch.setattr(client, "delete_item", noting)
    delete_release(AppTable(client, TABLE, APP), 1)
    assert (order[0], order[-1]) == ("settings", "claim")
