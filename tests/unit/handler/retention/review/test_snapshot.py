"""Review states: Apple's complete lists, written over what the table holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import ABSENT, MessageState
from retention.review.snapshot import (
    ImageState,
    Lists,
    SnapshotConflictError,
    SnapshotFormatError,
    SnapshotRefusedError,
    SnapshotReport,
    apply_snapshot,
    follow,
    read_image_list,
    read_message_list,
)

from console.local.rows import create_table
from console.releases.head import pause
from console.releases.live import load_live
from tests.support.fake_table import ANYONE_EN, APP, HERO, KEEP_EN, KEEP_FR
from tests.support.moto_client import dynamodb_client
from tests.support.small_release import put

TABLE = "retention"
APPROVED = {KEEP_EN: "APPROVED", KEEP_FR: "APPROVED", ANYONE_EN: "APPROVED"}
IMAGES = {HERO: ImageState("APPROVED", "FULL_SIZE")}


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client = dynamodb_client()
        create_table(client, TABLE)
        put(client, TABLE)
        yield client


def apply(client: Any, messages: Any = None, images: Any = None, **more: Any) -> SnapshotReport:
    return apply_snapshot(
        AppTable(client, TABLE, APP),
        APPROVED if messages is None else messages,
        IMAGES if images is None else images,
        **more,
    )


def message(client: Any, name: str) -> MessageState:
    return rows.read_message(client.get_item(**rows.get(TABLE, rows.message_key(APP, name)))["Item"])


def version(client: Any) -> int:
    return int(client.get_item(**rows.get(TABLE, rows.head_key(APP)))["Item"]["catalogVersion"]["N"])


# Apple's bodies


def test_a_message_list_is_read_by_lower_case_id() -> None:
    """Apple's libraries disagree on the case of ids; ours are in lower case."""
    body = {"messageIdentifiers": [{"messageIdentifier": KEEP_EN.upper(), "messageState": "APPROVED", "more": 1}]}
    assert read_message_list(json.dumps(body)) == {KEEP_EN.lower(): "APPROVED"}
    assert read_message_list(b'{"messageIdentifiers": []}') == {}


def test_an_image_list_is_read_with_sizes() -> None:
    """`imageSize` is optional: Apple added it later."""
    with_size = {"imageIdentifier": HERO, "imageState": "PENDING", "imageSize": "BULLET_POINT"}
    assert read_image_list(json.dumps({"imageIdentifiers": [with_size]})) == {
        HERO: ImageState("PENDING", "BULLET_POINT")
    }
    del with_size["imageSize"]
    assert read_image_list(json.dumps({"imageIdentifiers": [with_size]})) == {HERO: ImageState("PENDING", "")}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "named messageIdentifiers"),
        ('{"imageIdentifiers": []}', "named messageIdentifiers"),
        ('{"messageIdentifiers": {}}', "named messageIdentifiers"),
        ('{"messageIdentifiers": ["x"]}', "named messageIdentifiers"),
        ('{"messageIdentifiers": [{"messageIdentifier": "x"}]}', "messageState is missing"),
        ('{"messageIdentifiers": [{"messageIdentifier": 7, "messageState": "APPROVED"}]}', "messageIdentifier is"),
        ('{"messageIdentifiers": [{"messageIdentifier": "", "messageState": "APPROVED"}]}', "messageIdentifier is"),
        (
            '{"messageIdentifiers": [{"messageIdentifier": "x", "messageState": "A"}, '  # noqa: ISC004  # one body
            '{"messageIdentifier": "X", "messageState": "R"}]}',
            "an id that is none is listed twice",
        ),
        (
            f'{{"messageIdentifiers": [{{"messageIdentifier": "{KEEP_EN}", "messageState": "A"}}, '  # noqa: ISC004  # likewise
            f'{{"messageIdentifier": "{KEEP_EN.upper()}", "messageState": "R"}}]}}',
            f"{KEEP_EN} is listed twice",
        ),
    ],
)
def test_a_body_that_is_not_apples_list_is_refused_with_the_reason(body: str, reason: str) -> None:
    """If an error page were read as an empty list, no message could be served."""
    with pytest.raises(SnapshotFormatError, match=reason):
        read_message_list(body)


# Applying


def test_a_snapshot_sets_every_state_and_folds_images_into_messages(client: Any) -> None:
    """One row then shows whether a message can be served, and the function sees the change by the version."""
    before = version(client)
    report = apply(client)
    assert (report.messages, report.images, report.written, report.absent) == (3, 1, 4, 0)
    assert report.version == version(client) == before + 1
    assert message(client, KEEP_EN) == MessageState("APPROVED", {HERO: "APPROVED"})
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US").catalog.states[KEEP_EN].servable


def test_the_same_snapshot_again_writes_nothing(client: Any) -> None:
    """With no row and no version changed, warm functions read nothing."""
    first = apply(client)
    again = apply(client, {name.upper(): state for name, state in APPROVED.items()})
    assert (again.written, again.version, again.digest) == (0, first.version, first.digest)


def test_ids_missing_from_the_lists_are_absent(client: Any) -> None:
    """An id that Apple does not list is ABSENT, and a message with an absent image cannot be served."""
    apply(client)
    report = apply(client, {KEEP_EN: "APPROVED"}, {}, allow_silencing=True)
    assert report.absent == 2
    assert message(client, KEEP_FR).message == ABSENT
    assert message(client, KEEP_EN) == MessageState("APPROVED", {HERO: ABSENT})
    image = client.get_item(**rows.get(TABLE, rows.image_key(APP, HERO)))["Item"]
    assert (image["state"], image["size"]) == ({"S": ABSENT}, {"S": "FULL_SIZE"})


def test_states_may_come_before_the_first_publishing(client: Any) -> None:
    """Messages that were uploaded by other means are recorded by id and state."""
    report = apply_snapshot(AppTable(client, TABLE, 42), {KEEP_EN: "PENDING"}, IMAGES)
    assert (report.written, report.version) == (2, 1)
    item = client.get_item(**rows.get(TABLE, rows.message_key(42, KEEP_EN)))["Item"]
    assert rows.read_message(item) == MessageState("PENDING")
    assert "images" not in item


def test_a_snapshot_that_would_stop_more_than_half_is_refused_unwritten(client: Any) -> None:
    """The refusal has the figures; only messages that a live rule can serve are counted."""
    apply(client)
    before = client.scan(TableName=TABLE)["Items"]
    with pytest.raises(SnapshotRefusedError, match="2 of the 2") as error:
        apply(client, {ANYONE_EN: "APPROVED"})
    assert error.value.evidence == {"silenced": 2, "servable": 2}
    assert client.scan(TableName=TABLE)["Items"] == before
    report = apply(client, {ANYONE_EN: "APPROVED"}, allow_silencing=True)
    assert (report.servable, report.silenced) == (2, 2)


def test_a_snapshot_is_refused_while_its_effect_cannot_be_computed(client: Any) -> None:
    """If the live release lost its texts, the owner must repair it or override the refusal."""
    client.delete_item(TableName=TABLE, Key=rows.texts_key(APP, 1))
    with pytest.raises(SnapshotRefusedError) as error:
        apply(client)
    assert error.value.code == "snapshot_blind"
    assert apply(client, allow_silencing=True).written == 4


def test_a_row_held_by_a_transaction_is_written_when_it_is_free(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A publisher's transaction holds a row for milliseconds: the write is repeated a limited number of times."""
    monkeypatch.setattr("retention.aws.app_table._PAUSE", 0.0)
    conflict, update_item, calls = client.exceptions.TransactionConflictException, client.update_item, list[bool]()

    def refused_once(**request: Any) -> Any:
        calls.append(True)
        if len(calls) == 1:
            raise conflict({"Error": {"Code": "TransactionConflictException"}}, "UpdateItem")
        return update_item(**request)

    monkeypatch.setattr(client, "update_item", refused_once)
    assert apply(client).written == 4

    def always(**_: Any) -> Any:
        raise conflict({"Error": {"Code": "TransactionConflictException"}}, "UpdateItem")

    monkeypatch.setattr(client, "update_item", always)
    with pytest.raises(conflict):
        apply(client, {KEEP_EN: "REJECTED"}, allow_silencing=True)


def test_a_long_list_of_rows_is_read_page_by_page(client: Any) -> None:
    """One page of a query holds 1 MB, and an app's rows may take more."""
    for number in range(6):
        row = {**rows.message_key(APP, f"m{number}"), "note": {"S": "x" * 300_000}}
        client.put_item(TableName=TABLE, Item=row)
    assert apply(client).absent == 6


def test_a_lost_image_stops_the_messages_that_use_it(client: Any) -> None:
    """One of two servable messages may stop: half is not more than half."""
    apply(client)
    report = apply(client, images={})
    assert (report.servable, report.silenced) == (2, 1)


def test_a_run_that_stops_half_way_is_repaired_by_the_next(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If rows were written and the digest was not, the next run writes what is missing and raises the version."""
    apply(client)
    update_item, calls = client.update_item, []
    rejected = {**APPROVED, KEEP_FR: "REJECTED", ANYONE_EN: "REJECTED"}

    def fails_at_head(**request: Any) -> Any:
        calls.append(request)
        if request["Key"]["sk"]["S"] == "head":
            raise ConnectionError
        return update_item(**request)

    before = version(client)
    with monkeypatch.context() as patch:
        patch.setattr(client, "update_item", fails_at_head)
        with pytest.raises(ConnectionError):
            apply(client, rejected)
    assert version(client) == before
    assert apply(client, rejected).version == before + 1
    with monkeypatch.context() as patch:
        patch.setattr(client, "update_item", fails_at_head)
        with pytest.raises(ConnectionError):
            apply(client)
    # The list that head's digest is of: rows differ from it, so the version must rise although the digest does not.
    assert apply(client, rejected).version == before + 2
    assert message(client, KEEP_FR).message == "REJECTED"


def test_of_two_concurrent_snapshots_the_last_is_written_completely(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one starts again, so that rows of both are never in the table together."""
    update_item, done = client.update_item, list[bool]()

    def meanwhile(**request: Any) -> Any:
        if not done:
            done.append(True)
            apply(client, {KEEP_EN: "REJECTED", KEEP_FR: "REJECTED", ANYONE_EN: "REJECTED"})
        return update_item(**request)

    monkeypatch.setattr(client, "update_item", meanwhile)
    apply(client)
    assert {message(client, name).message for name in APPROVED} == {"APPROVED"}


def lists_in_turn(*lists: Mapping[str, str]) -> Callable[[], Lists]:
    """Return a reader of Apple's lists whose message list changes at each call; the last one stays."""
    waiting = list(lists)
    return lambda: (waiting.pop(0) if len(waiting) > 1 else waiting[0], IMAGES)


def test_states_written_since_apple_answered_are_not_overwritten(client: Any) -> None:
    """Another run's states may be newer: Apple's lists are read again, and the older list is not written."""
    apply(client, {**APPROVED, KEEP_FR: "PENDING"})
    next_lists = lists_in_turn({**APPROVED, KEEP_FR: "PENDING", KEEP_EN: "REJECTED"}, APPROVED)
    seen: list[str] = []

    def read() -> Lists:
        lists = next_lists()
        seen.append(message(client, KEEP_EN).message)
        if len(seen) == 1:
            apply(client, {**APPROVED, KEEP_EN: "EDITED"}, allow_silencing=True)
        return lists

    follow(AppTable(client, TABLE, APP), read, allow_silencing=True)
    assert seen == ["APPROVED", "EDITED"]
    assert {name: message(client, name).message for name in APPROVED} == APPROVED


def test_messages_written_by_others_during_the_images_are_left(client: Any, monkeypatch: Any) -> None:
    """Messages are read again after the images, so that an older list does not overwrite another run's states."""
    update_item, done, after = client.update_item, list[bool](), list[str]()

    def meanwhile(**request: Any) -> Any:
        if request["Key"]["sk"]["S"].startswith("image#") and not done:
            done.append(True)
            key = rows.message_key(APP, KEEP_FR)
            update = {"UpdateExpression": "SET #state = :new", "ExpressionAttributeNames": {"#state": "state"}}
            update_item(TableName=TABLE, Key=key, **update, ExpressionAttributeValues={":new": {"S": "NEWER"}})
        elif "#state" in request.get("ExpressionAttributeNames", {}) and request["Key"]["sk"]["S"].endswith(KEEP_FR):
            after.append(request["ExpressionAttributeValues"][":state"]["S"])
        return update_item(**request)

    apply(client)
    images = {**IMAGES, HERO: ImageState("PENDING", "FULL_SIZE")}
    monkeypatch.setattr(client, "update_item", meanwhile)
    lists = [({**APPROVED, KEEP_FR: "OLDER"}, images), ({**APPROVED, KEEP_FR: "NEWER"}, images)]
    follow(AppTable(client, TABLE, APP), lambda: lists.pop(0), allow_silencing=True)
    assert (after, message(client, KEEP_FR).message) == ([], "NEWER")


def test_the_safety_stop_judges_the_newest_lists(client: Any) -> None:
    """A list that was read and not written neither causes a refusal nor appears in the report."""
    apply(client)
    lists = lists_in_turn({**APPROVED, KEEP_FR: "REJECTED"}, {**APPROVED, KEEP_EN: "REJECTED"})
    calls: list[bool] = []

    def read() -> Lists:
        calls.append(True)
        if len(calls) == 1:
            apply(client, {**APPROVED, KEEP_FR: "EDITED"}, allow_silencing=True)
        return lists()

    report = follow(AppTable(client, TABLE, APP), read)
    assert report.silenced == 1


def test_a_concurrent_pause_is_kept(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause and an import change different attributes of head."""
    update_item, done = client.update_item, list[bool]()

    def meanwhile(**request: Any) -> Any:
        if request["Key"]["sk"]["S"] == "head" and not done:
            done.append(True)
            pause(AppTable(client, TABLE, APP))
        return update_item(**request)

    monkeypatch.setattr(client, "update_item", meanwhile)
    apply(client)
    loaded = load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US")
    assert loaded.catalog.paused
    assert message(client, KEEP_EN).servable


def test_a_message_published_between_our_two_reads_gets_its_image_states(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages are read again after the images have been written."""
    client.delete_item(TableName=TABLE, Key=rows.message_key(APP, KEEP_EN))
    update_item, done = client.update_item, list[bool]()

    def meanwhile(**request: Any) -> Any:
        if request["Key"]["sk"]["S"].startswith("image#") and not done:
            done.append(True)
            folded = {"state": {"S": "UNKNOWN"}, "images": {"M": {HERO: {"S": "UNKNOWN"}}}}
            client.put_item(TableName=TABLE, Item={**rows.message_key(APP, KEEP_EN), **folded})
        return update_item(**request)

    monkeypatch.setattr(client, "update_item", meanwhile)
    apply(client)
    assert message(client, KEEP_EN) == MessageState("APPROVED", {HERO: "APPROVED"})


def test_endless_conflicts_end_with_an_error(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If other programs never stop writing, the import gives up and asks to try again."""
    update_item = client.update_item

    def always(**request: Any) -> Any:
        if request["Key"]["sk"]["S"] == "head" and "statesDigest" in request["UpdateExpression"]:
            pause(AppTable(client, TABLE, APP))
        return update_item(**request)

    monkeypatch.setattr(client, "update_item", always)
    with pytest.raises(SnapshotConflictError, match="try again"):
        apply(client)


def test_a_state_edited_into_nonsense_is_overwritten(client: Any) -> None:
    """A number in the place of a state does not stop the import."""
    client.put_item(TableName=TABLE, Item={**rows.message_key(APP, KEEP_EN), "state": {"N": "7"}})
    apply(client)
    assert message(client, KEEP_EN).message == "APPROVED"


# When


def test_a_state_has_the_time_it_was_first_seen(client: Any) -> None:
    """`since` changes with the state only; each import writes its time to `statesAt` of `head`."""
    first, second = (datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (12, 13))

    def attribute(key: rows.Key, name: str) -> str:
        return str(client.get_item(**rows.get(TABLE, key))["Item"].get(name, {"S": ""})["S"])

    apply(client, now=first)
    before = version(client)
    apply(client, now=second)
    assert version(client) == before
    assert attribute(rows.message_key(APP, KEEP_EN), "since") == first.isoformat()
    assert attribute(rows.head_key(APP), "statesAt") == second.isoformat()
    assert attribute(rows.head_key(APP), "syncedAt") == ""
    apply(client, {**APPROVED, KEEP_FR: "REJECTED"}, {HERO: ImageState("PENDING")}, now=second, allow_silencing=True)
    assert attribute(rows.message_key(APP, KEEP_FR), "since") == second.isoformat()
    assert attribute(rows.message_key(APP, KEEP_EN), "since") == first.isoformat()
    assert attribute(rows.image_key(APP, HERO), "since") == second.isoformat()


def test_only_scheduled_imports_set_synced_at(client: Any) -> None:
    """An import by hand does not hide a stopped sync; a scheduled one is recorded whether or not a state is new."""

    def synced() -> str | None:
        found = client.get_item(**rows.get(TABLE, rows.head_key(APP)))["Item"].get("syncedAt", {}).get("S")
        return None if found is None else str(found)

    first, second, third = (datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (12, 13, 14))
    apply(client, now=first)
    assert synced() is None
    for states, now in ((APPROVED, first), ({**APPROVED, KEEP_FR: "PENDING"}, second)):
        follow(AppTable(client, TABLE, APP), lists_in_turn(states), scheduled=True, now=now)
        assert synced() == now.isoformat()
    apply(client, now=third)
    assert synced() == second.isoformat()
