"""Which release is live: rollback, pause and resume are conditional writes; tested on moto in this process."""

from __future__ import annotations

from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.errors import CatalogUnavailableError

from console.releases.cleanup import delete_old_releases
from console.releases.head import (
    Moved,
    PublishConflictError,
    ReleaseLostError,
    pause,
    resume,
    rollback,
)
from console.releases.listing import list_releases
from console.releases.live import load_live
from console.releases.read import ReleaseError, read_release
from tests.support.fake_table import APP
from tests.support.release_table import TABLE, before_the_next_transaction, head
from tests.support.small_release import NOW, put


def test_a_rollback_after_another_publish_is_refused(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If another program publishes between reading and writing `head`, the error names that release."""
    put(client, TABLE)
    put(client, TABLE, "two")
    before_the_next_transaction(client, monkeypatch, lambda: put(client, TABLE, "three", who="bob"))
    with pytest.raises(PublishConflictError, match=r"release 3, published by bob .* run this again"):
        rollback(AppTable(client, TABLE, APP), to=1)
    assert head(client)["current"] == {"N": "3"}


def test_rolling_back_goes_to_the_release_before_or_to_the_one_named(client: Any) -> None:
    """A rollback changes `current` and the version, and needs a complete release that is not live."""
    for name in ("one", "two", "three"):
        put(client, TABLE, name)
    assert rollback(AppTable(client, TABLE, APP)) == Moved(2, 3)
    assert rollback(AppTable(client, TABLE, APP), 3) == Moved(3, 2)
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US").catalog.sheet.rules[0].name == "three"
    rollback(AppTable(client, TABLE, APP), 1)
    with pytest.raises(ReleaseError, match="no complete release before 1"):
        rollback(AppTable(client, TABLE, APP))
    with pytest.raises(ReleaseError, match="live already"):
        rollback(AppTable(client, TABLE, APP), 1)


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


def test_rolling_back_passes_over_a_release_that_never_went_live(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a publisher was killed before its release went live, a rollback without a number goes further back."""
    put(client, TABLE)
    with monkeypatch.context() as patch:
        patch.setattr("console.releases.publish.make_current", interrupted)
        with pytest.raises(KeyboardInterrupt):
            put(client, TABLE, "dead")
    put(client, TABLE, "three")
    assert [(one.number, one.complete, one.went_live) for one in list_releases(AppTable(client, TABLE, APP))] == [
        (3, True, True),
        (2, True, False),
        (1, True, True),
    ]
    assert rollback(AppTable(client, TABLE, APP)) == Moved(1, 3)
    with pytest.raises(ReleaseError, match=r"no complete release before 1 that was ever live; name another"):
        rollback(AppTable(client, TABLE, APP))
    assert rollback(AppTable(client, TABLE, APP), 2) == Moved(2, 1)


def test_a_rollback_to_a_release_deleted_meanwhile_is_refused(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error states that the release was deleted, and not that another program published."""
    put(client, TABLE)
    put(client, TABLE, "two")
    transact, done = client.transact_write_items, list[bool]()

    def meanwhile(**request: Any) -> Any:
        if not done:
            done.append(True)
            delete_old_releases(AppTable(client, TABLE, APP), now=NOW, keep=1)
        return transact(**request)

    monkeypatch.setattr(client, "transact_write_items", meanwhile)
    with pytest.raises(ReleaseLostError, match="release 1 was deleted meanwhile; nothing was changed"):
        rollback(AppTable(client, TABLE, APP), 1)
    assert head(client)["current"] == {"N": "2"}


def test_a_rollback_to_an_incomplete_release_is_refused(client: Any) -> None:
    """If a release is missing, damaged, incomplete or of a newer format, `current` does not change."""
    put(client, TABLE)
    put(client, TABLE, "two")
    put(client, TABLE, "three")
    client.delete_item(TableName=TABLE, Key=rows.sheet_key(APP, 1, "*"))
    client.delete_item(TableName=TABLE, Key=rows.settings_key(APP, 2))
    for number in (1, 2, 9):
        with pytest.raises(ReleaseError):
            rollback(AppTable(client, TABLE, APP), number)
    put(client, TABLE, "four")
    newer = client.get_item(**rows.get(TABLE, rows.settings_key(APP, 3)))["Item"]
    client.put_item(TableName=TABLE, Item={**newer, "format": {"N": "99"}})
    with pytest.raises(ReleaseError, match="newer console"):
        rollback(AppTable(client, TABLE, APP), 3)
    assert head(client)["current"] == {"N": "4"}


def test_pausing_and_resuming_change_one_attribute(client: Any) -> None:
    """While paused, Apple falls back for every customer; a pause survives a publish and changes no release."""
    with pytest.raises(ReleaseError, match="nothing has been published"):
        pause(AppTable(client, TABLE, APP))
    put(client, TABLE)
    pause(AppTable(client, TABLE, APP))
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US").catalog.paused
    put(client, TABLE, "two")
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US").catalog.paused
    resume(AppTable(client, TABLE, APP))
    assert not load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US").catalog.paused


def test_before_anything_is_published_there_is_nothing_to_load_or_roll_back(client: Any) -> None:
    """Each command raises its own error; none returns an empty result."""
    with pytest.raises(CatalogUnavailableError):
        load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US")
    with pytest.raises(ReleaseError):
        rollback(AppTable(client, TABLE, APP))
    with pytest.raises(ReleaseError):
        read_release(AppTable(client, TABLE, APP), 1)
