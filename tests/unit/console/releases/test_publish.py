"""A release is published completely or not at all; tested on moto in this process."""

from __future__ import annotations

import dataclasses
import random
from datetime import timedelta
from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import UNKNOWN, MessageState

from console.releases.cleanup import delete_old_releases
from console.releases.head import (
    PublishConflictError,
    ReleaseLostError,
    make_current,
    rollback,
)
from console.releases.listing import list_releases
from console.releases.live import live_number, load_live
from console.releases.publish import publish_release
from console.releases.read import ReleaseError, verify
from tests.support.fake_table import APP, HERO, KEEP_EN, SETTINGS
from tests.support.release_table import TABLE, head, sort_keys
from tests.support.small_release import NOW, put, release


def everything(client: Any) -> list[Any]:
    return sorted(client.scan(TableName=TABLE)["Items"], key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def message(client: Any, name: str) -> MessageState:
    return rows.read_message(client.get_item(**rows.get(TABLE, rows.message_key(APP, name)))["Item"])


def test_the_function_loads_what_was_published(client: Any) -> None:
    """Rules, settings and number are the file's, and every review state is UNKNOWN until the first import."""
    done = put(client, TABLE)
    assert (done.number, done.previous, done.sheets, done.created) == (1, None, 2, 4)
    loaded = load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US")
    assert loaded.catalog.release == 1
    assert loaded.catalog.sheet.rules[0].name == "one"
    assert loaded.catalog.settings.bundle_id == SETTINGS["bundleId"]
    assert len(loaded.catalog.customer_key) == 32
    assert loaded.catalog.states[KEEP_EN] == MessageState(UNKNOWN, {HERO: UNKNOWN})


def test_a_release_has_all_its_rows_under_its_own_number(client: Any) -> None:
    """Claim, sheets, settings, source and texts are in one partition."""
    put(client, TABLE)
    assert sorted(sort_keys(client, 1)) == [
        "claim",
        "product#*",
        "product#pro.monthly",
        "settings",
        "source#0",
        "texts",
    ]


def test_publishing_again_moves_on_and_keeps_the_customer_key(client: Any) -> None:
    """With the same customer key, customers keep their arms of experiments in every release."""
    put(client, TABLE)
    before = head(client)
    assert put(client, TABLE, "two").previous == 1
    after = head(client)
    assert after["customerKey"] == before["customerKey"]
    assert (after["current"], int(after["catalogVersion"]["N"])) == ({"N": "2"}, int(before["catalogVersion"]["N"]) + 1)


def test_progress_is_reported_step_by_step(client: Any) -> None:
    """The last report of each step has as many done as in total."""
    reported: dict[str, tuple[int, int]] = {}
    publish_release(
        AppTable(client, TABLE, APP),
        release(products=30),
        who="ada",
        commit=None,
        now=NOW,
        progress=lambda step, done, total: reported.__setitem__(step, (done, total)),
    )
    assert reported["write"] == (33, 33)
    assert all(done == total for done, total in reported.values())


def test_of_two_publishers_one_wins_and_the_other_gets_an_error(client: Any) -> None:
    """The error names the winning release, its publisher and its time; the loser's rows are deleted."""
    put(client, TABLE)
    based_on = live_number(AppTable(client, TABLE, APP))
    put(client, TABLE, "winner", who="bob")
    with pytest.raises(PublishConflictError, match=r"release 2, published by bob at 2026-11-24T12.* run this again"):
        put(client, TABLE, "loser", based_on=based_on)
    assert head(client)["current"] == {"N": "2"}
    assert sort_keys(client, 3) == []


def test_the_error_of_a_lost_race_states_what_to_do(client: Any) -> None:
    """The loser of a race shall run the command again, which then starts from the winner's release."""
    put(client, TABLE)
    put(client, TABLE, "winner", who="bob")
    with pytest.raises(PublishConflictError, match="run this again: it then starts from release 2"):
        put(client, TABLE, "loser", based_on=1)


def test_a_conflict_at_the_last_write_deletes_the_release(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that was written and read back is deleted if another one became live meanwhile."""
    transact, done = client.transact_write_items, list[bool]()

    def meanwhile(**request: Any) -> Any:
        if "Update" in request["TransactItems"][1] and not done:
            done.append(True)
            put(client, TABLE, "winner", who="bob")
        return transact(**request)

    monkeypatch.setattr(client, "transact_write_items", meanwhile)
    with pytest.raises(PublishConflictError, match="run this again"):
        put(client, TABLE, "loser")
    assert [(r.number, r.live) for r in list_releases(AppTable(client, TABLE, APP))] == [(2, True)]
    assert sort_keys(client, 1) == []


def test_a_losing_release_that_became_live_is_kept(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If another program rolls to the losing release before it is deleted, its publisher leaves it complete."""
    put(client, TABLE)

    def overtaken(*arguments: Any, **options: Any) -> None:
        monkeypatch.undo()
        put(client, TABLE, "two", who="bob")
        try:
            make_current(*arguments, **options)
        finally:
            rollback(AppTable(client, TABLE, APP), to=2)  # between the conflict and the deletion

    monkeypatch.setattr("console.releases.publish.make_current", overtaken)
    with pytest.raises(PublishConflictError):
        put(client, TABLE, "late")
    assert head(client)["current"] == {"N": "2"}
    verify(AppTable(client, TABLE, APP), 2)


def test_a_row_that_does_not_read_back_stops_the_publishing(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A publisher reads its rows back before it makes the release live."""
    put_item = client.put_item

    def loses_a_byte(**request: Any) -> Any:
        item = request["Item"]
        if item["sk"]["S"] == "product#pro.monthly":
            item = {**item, "document": {"B": item["document"]["B"][:-1]}}
        return put_item(**{**request, "Item": item})

    monkeypatch.setattr(client, "put_item", loses_a_byte)
    with pytest.raises(ReleaseError, match=r"release 1 is damaged: product#pro\.monthly"):
        put(client, TABLE)
    assert "current" not in head(client)


def test_a_document_too_large_for_a_row_is_refused_before_anything_is_written(client: Any) -> None:
    """If a sheet is too large for a row, no row is written, and no release number is reserved."""
    noise = {"name": random.Random(1).randbytes(400_000).hex()}
    made = release()
    with pytest.raises(ReleaseError, match="product"):
        put(client, TABLE, release=with_sheets(made, {**made.sheets, "big": {**made.sheets["*"], "noise": noise}}))
    assert everything(client) == []


def with_sheets(found: Any, sheets: Any) -> Any:
    return dataclasses.replace(found, sheets=sheets)


def test_a_publisher_whose_release_was_deleted_gets_an_error(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A publisher that was suspended for two hours does not make an incomplete release live."""
    transact, done = client.transact_write_items, list[bool]()

    def meanwhile(**request: Any) -> Any:
        if not done:
            done.append(True)
            delete_old_releases(AppTable(client, TABLE, APP), now=NOW + timedelta(hours=2))
        return transact(**request)

    monkeypatch.setattr(client, "transact_write_items", meanwhile)
    with pytest.raises(ReleaseError, match="publish again"):
        put(client, TABLE)
    assert "current" not in head(client)


def test_a_publisher_that_takes_over_40_minutes_deletes_its_release(client: Any) -> None:
    """Later rows could be written after the cleanup, and would stay in the table."""
    put(client, TABLE)
    seconds = iter([0.0, 0.0, 0.0])
    with pytest.raises(ReleaseLostError, match="publishing took over 40 minutes; publish again"):
        put(client, TABLE, "two", clock=lambda: next(seconds, 2401.0))
    assert [found.number for found in list_releases(AppTable(client, TABLE, APP))] == [1]
    assert sort_keys(client, 2) == []


def test_a_publisher_whose_release_was_deleted_leaves_no_row(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that it wrote after the cleanup are deleted too."""
    put_item, done = client.put_item, list[bool]()

    def meanwhile(**request: Any) -> Any:
        if request["Item"]["sk"]["S"] == "texts" and not done:
            done.append(True)
            delete_old_releases(AppTable(client, TABLE, APP), now=NOW + timedelta(hours=2))
        return put_item(**request)

    monkeypatch.setattr(client, "put_item", meanwhile)
    with pytest.raises(ReleaseLostError, match="release 1 was deleted while it was written"):
        put(client, TABLE)
    assert sort_keys(client, 1) == []


def test_a_lost_answer_to_the_last_write_is_no_conflict(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's second attempt finds `current` changed by the first one."""
    transact = client.transact_write_items

    def twice(**request: Any) -> Any:
        transact(**request)
        return transact(**request)

    put(client, TABLE)
    put(client, TABLE, "two")
    monkeypatch.setattr(client, "transact_write_items", twice)
    make_current(AppTable(client, TABLE, APP), 1, 2)
    assert head(client)["current"] == {"N": "1"}


def cancelled(client: Any, code: str) -> Exception:
    reasons = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": code}]}
    found: Exception = client.exceptions.TransactionCanceledException(reasons, "TransactWriteItems")
    return found


def test_a_transaction_that_conflicts_is_sent_again(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If two transactions write the same row, DynamoDB refuses one of them for the moment."""
    monkeypatch.setattr("retention.aws.app_table._PAUSE", 0.0)
    transact, calls = client.transact_write_items, list[bool]()

    def refused_once(**request: Any) -> Any:
        calls.append(True)
        if len(calls) == 1:
            raise cancelled(client, "TransactionConflict")
        return transact(**request)

    monkeypatch.setattr(client, "transact_write_items", refused_once)
    assert put(client, TABLE).number == 1


@pytest.mark.parametrize("code", ["TransactionConflict", "ProvisionedThroughputExceeded"])
def test_a_transaction_cancelled_for_another_reason_is_an_error(
    client: Any, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """It does not count as a race lost to another publisher."""
    monkeypatch.setattr("retention.aws.app_table._PAUSE", 0.0)

    def never(**_: Any) -> Any:
        raise cancelled(client, code)

    monkeypatch.setattr(client, "transact_write_items", never)
    with pytest.raises(client.exceptions.TransactionCanceledException):
        put(client, TABLE)
    assert "current" not in head(client)
