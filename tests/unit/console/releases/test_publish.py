"""A release is published completely or not at all. On moto, in process."""

from __future__ import annotations

import dataclasses
import random
from datetime import timedelta
from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import UNKNOWN, MessageState
from retention.review.snapshot import ImageState, apply_snapshot

from console.file.release import ImageFacts
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
from tests.support.fake_table import APP, HERO, KEEP_EN, KEEP_FR, SETTINGS
from tests.support.release_table import TABLE, head, sort_keys
from tests.support.small_release import NOW, put, release


def everything(client: Any) -> list[Any]:
    return sorted(client.scan(TableName=TABLE)["Items"], key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def message(client: Any, name: str) -> MessageState:
    return rows.read_message(client.get_item(**rows.get(TABLE, rows.message_key(APP, name)))["Item"])


def test_what_is_published_is_what_the_function_loads(client: Any) -> None:
    """One release, from the file to the catalog: rules, settings, number, and states nobody has told us yet."""
    done = put(client, TABLE)
    assert (done.number, done.previous, done.sheets, done.created) == (1, None, 2, 4)
    loaded = load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US")
    assert loaded.catalog.release == 1
    assert loaded.catalog.sheet.rules[0].name == "one"
    assert loaded.catalog.settings.bundle_id == SETTINGS["bundleId"]
    assert len(loaded.catalog.customer_key) == 32
    assert loaded.catalog.states[KEEP_EN] == MessageState(UNKNOWN, {HERO: UNKNOWN})


def test_a_release_is_written_under_its_own_number_only(client: Any) -> None:
    """Every row of it, and the head that points there."""
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
    """Experiments stay sticky over every release."""
    put(client, TABLE)
    before = head(client)
    assert put(client, TABLE, "two").previous == 1
    after = head(client)
    assert after["customerKey"] == before["customerKey"]
    assert (after["current"], int(after["catalogVersion"]["N"])) == ({"N": "2"}, int(before["catalogVersion"]["N"]) + 1)


def test_progress_is_told_step_by_step(client: Any) -> None:
    """Each step ends where it said it would."""
    told: dict[str, tuple[int, int]] = {}
    publish_release(
        AppTable(client, TABLE, APP),
        release(products=30),
        who="ada",
        commit=None,
        now=NOW,
        progress=lambda step, done, total: told.__setitem__(step, (done, total)),
    )
    assert told["write"] == (33, 33)
    assert all(done == total for done, total in told.values())


def test_publishing_never_overwrites_a_state(client: Any) -> None:
    """Messages and images that review knows keep their states; a new message gets its images' present ones."""
    apply_snapshot(AppTable(client, TABLE, APP), {KEEP_EN: "APPROVED"}, {HERO: ImageState("APPROVED", "FULL_SIZE")})
    put(client, TABLE)
    put(client, TABLE, "two")
    assert message(client, KEEP_EN) == MessageState("APPROVED", {HERO: "APPROVED"})
    assert message(client, KEEP_FR).message == UNKNOWN
    image = client.get_item(**rows.get(TABLE, rows.image_key(APP, HERO)))["Item"]
    assert (image["state"], image["fileName"]) == ({"S": "APPROVED"}, {"S": "hero.png"})


def test_images_known_by_another_name_are_described_anew(client: Any) -> None:
    """The file's name for an image may change; its state does not."""
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
    """A snapshot between our reading the images and our writing the messages is not lost."""
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


def test_a_snapshot_that_comes_while_image_states_are_corrected_is_not_undone(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two of our reads: an old state written over a new one would stay, for nobody raised the version."""
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


def test_of_two_publishers_one_wins_and_the_other_is_told(client: Any) -> None:
    """The loser learns who won and when, and what to do; its rows are gone, `current` is the winner's."""
    put(client, TABLE)
    based_on = live_number(AppTable(client, TABLE, APP))
    put(client, TABLE, "winner", who="bob")
    with pytest.raises(PublishConflictError, match=r"release 2, published by bob at 2026-11-24T12.* run this again"):
        put(client, TABLE, "loser", based_on=based_on)
    assert head(client)["current"] == {"N": "2"}
    assert sort_keys(client, 3) == []


def test_who_lost_a_race_is_told_what_to_do(client: Any) -> None:
    """Run it again, from the winner's release."""
    put(client, TABLE)
    put(client, TABLE, "winner", who="bob")
    with pytest.raises(PublishConflictError, match="run this again: it then starts from release 2"):
        put(client, TABLE, "loser", based_on=1)


def test_a_conflict_at_the_last_moment_takes_everything_back(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written whole, read back, and still too late: nothing of it stays."""
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


def test_a_release_that_somebody_rolled_to_is_not_taken_back(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A publisher that came second finds its release live all the same: it leaves it whole."""
    put(client, TABLE)

    def overtaken(*arguments: Any, **options: Any) -> None:
        monkeypatch.undo()
        put(client, TABLE, "two", who="bob")
        try:
            make_current(*arguments, **options)
        finally:
            rollback(AppTable(client, TABLE, APP), to=2)  # between the conflict and the tidying up

    monkeypatch.setattr("console.releases.publish.make_current", overtaken)
    with pytest.raises(PublishConflictError):
        put(client, TABLE, "late")
    assert head(client)["current"] == {"N": "2"}
    verify(AppTable(client, TABLE, APP), 2)


def test_a_row_that_does_not_read_back_stops_the_publishing(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written is compared with what was meant before anyone can be answered from it."""
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
    """Not even a number is reserved."""
    noise = {"name": random.Random(1).randbytes(400_000).hex()}
    made = release()
    with pytest.raises(ReleaseError, match="product"):
        put(client, TABLE, release=with_sheets(made, {**made.sheets, "big": {**made.sheets["*"], "noise": noise}}))
    assert everything(client) == []


def with_sheets(found: Any, sheets: Any) -> Any:
    return dataclasses.replace(found, sheets=sheets)


def test_a_publisher_whose_release_was_collected_is_told(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who slept for an hour does not complete a release with holes."""
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


def test_a_publisher_that_slept_writes_nothing_more_and_takes_back_what_it_wrote(client: Any) -> None:
    """Its rows would come after the collector, and nobody would find them."""
    put(client, TABLE)
    seconds = iter([0.0, 0.0, 0.0])
    with pytest.raises(ReleaseLostError, match="publishing took over 40 minutes; publish again"):
        put(client, TABLE, "two", clock=lambda: next(seconds, 2401.0))
    assert [found.number for found in list_releases(AppTable(client, TABLE, APP))] == [1]
    assert sort_keys(client, 2) == []


def test_a_publisher_that_was_collected_leaves_no_row_behind(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even those that it wrote after the collector had looked."""
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


def test_a_move_whose_answer_was_lost_is_recognised_as_our_own(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's second attempt finds `current` moved: by us."""
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


def test_a_transaction_that_meets_another_is_sent_again(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two transactions on one row: one of them is told to come back."""
    monkeypatch.setattr("retention.aws.app_table._PAUSE", 0.0)
    transact, calls = client.transact_write_items, list[bool]()

    def met(**request: Any) -> Any:
        calls.append(True)
        if len(calls) == 1:
            raise cancelled(client, "TransactionConflict")
        return transact(**request)

    monkeypatch.setattr(client, "transact_write_items", met)
    assert put(client, TABLE).number == 1


@pytest.mark.parametrize("code", ["TransactionConflict", "ProvisionedThroughputExceeded"])
def test_a_transaction_cancelled_for_another_reason_is_an_error(
    client: Any, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """It is not taken for a lost race."""
    monkeypatch.setattr("retention.aws.app_table._PAUSE", 0.0)

    def never(**_: Any) -> Any:
        raise cancelled(client, code)

    monkeypatch.setattr(client, "transact_write_items", never)
    with pytest.raises(client.exceptions.TransactionCanceledException):
        put(client, TABLE)
    assert "current" not in head(client)
