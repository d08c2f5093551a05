"""Which release is live: rolled back, paused and resumed by condition. On moto, in process."""

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
from tests.support.release_table import TABLE, head
from tests.support.small_release import NOW, put


def test_who_rolls_back_too_late_is_told_to_look_again(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody published between the look and the move."""
    put(client, TABLE)
    put(client, TABLE, "two")
    transact, done = client.transact_write_items, list[bool]()

    def meanwhile(**request: Any) -> Any:
        if not done:
            done.append(True)
            put(client, TABLE, "three", who="bob")
        return transact(**request)

    monkeypatch.setattr(client, "transact_write_items", meanwhile)
    with pytest.raises(PublishConflictError, match=r"release 3, published by bob .* run this again"):
        rollback(AppTable(client, TABLE, APP), to=1)
    assert head(client)["current"] == {"N": "3"}


def test_rolling_back_goes_to_the_release_before_or_to_the_one_named(client: Any) -> None:
    """Only `current` moves, and the version with it."""
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


def died(*_: Any) -> None:
    raise KeyboardInterrupt


def test_rolling_back_passes_over_a_release_that_never_went_live(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A publisher died just before; nobody has seen its release, and who wants back what was does not mean it."""
    put(client, TABLE)
    with monkeypatch.context() as patch:
        patch.setattr("console.releases.publish.make_current", died)
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


def test_a_rollback_to_a_release_that_was_collected_meanwhile_says_so(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lost to the collector, not to another publisher."""
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


def test_a_rollback_never_goes_to_a_release_that_is_not_whole(client: Any) -> None:
    """Missing, damaged, incomplete or of a newer format: `current` stays."""
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
    """Everybody falls back, and everybody is answered again; releases stay as they are."""
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
    """Clear errors instead of empty answers."""
    with pytest.raises(CatalogUnavailableError):
        load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US")
    with pytest.raises(ReleaseError):
        rollback(AppTable(client, TABLE, APP))
    with pytest.raises(ReleaseError):
        read_release(AppTable(client, TABLE, APP), 1)
