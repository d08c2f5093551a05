"""Releases: published whole or not at all, moved by condition, collected with care. On moto, in process."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.session import get_session
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import UNKNOWN, MessageState
from retention.errors import CatalogUnavailableError
from retention.review.snapshot import ImageState, apply_snapshot

from console.file.release import ImageFacts
from console.local.rows import create_table, write_profile
from console.releases.cleanup import collect, delete_release
from console.releases.current import (
    Moved,
    PublishConflictError,
    ReleaseLostError,
    make_current,
    pause,
    resume,
    rollback,
)
from console.releases.listing import list_releases
from console.releases.live import live_number, load_live
from console.releases.overview import TableOverview, look_at_table, record_default
from console.releases.publish import publish
from console.releases.read import ReleaseError, read, verify
from tests.support.fake_table import ANYONE_EN, APP, HERO, KEEP_EN, KEEP_FR, SETTINGS
from tests.support.small_release import NOW, put, release

TABLE = "retention"


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client = get_session().create_client("dynamodb", region_name="us-east-1")
        create_table(client, TABLE)
        yield client


def everything(client: Any) -> list[Any]:
    return sorted(client.scan(TableName=TABLE)["Items"], key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def head(client: Any) -> Any:
    return client.get_item(**rows.get(TABLE, rows.head_key(APP)))["Item"]


def sort_keys(client: Any, number: int) -> list[str]:
    return [item["sk"]["S"] for item in AppTable(client, TABLE, APP).of_release(number)]


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
    publish(
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


@pytest.mark.parametrize("size", [0, 10, 1_000_000])
def test_the_source_comes_back_byte_for_byte(client: Any, size: int) -> None:
    """Whatever its size: it is kept in chunks."""
    source = random.Random(size).randbytes(size)
    put(client, TABLE, release=release(source=source))
    assert read(AppTable(client, TABLE, APP), 1).source == source
    assert list_releases(AppTable(client, TABLE, APP))[0].source_digest == rows.digest_of(source)


def test_the_digest_is_of_the_content_and_nothing_else(client: Any) -> None:
    """The same file gives the same digest whoever publishes it and when; another file another."""
    first = put(client, TABLE).digest
    assert put(client, TABLE, who="bob", now=NOW + timedelta(days=1)).digest == first
    assert put(client, TABLE, "two").digest != first


def test_previous_texts_are_those_of_the_live_release_with_the_states_of_all_messages(client: Any) -> None:
    """What compiling needs to keep the predecessor of a corrected text."""
    assert look_at_table(AppTable(client, TABLE, APP)) == TableOverview()
    put(client, TABLE)
    apply_snapshot(AppTable(client, TABLE, APP), {KEEP_EN: "APPROVED"}, {})
    known = look_at_table(AppTable(client, TABLE, APP)).standing
    found = known.previous
    assert known.release == 1
    assert found.texts["keep"] == {"en-US": (KEEP_EN,), "fr-FR": (KEEP_FR,)}
    assert (found.states[KEEP_EN].message, found.states[ANYONE_EN].message) == ("APPROVED", "ABSENT")


def test_releases_are_listed_newest_first_with_who_when_and_what(client: Any) -> None:
    """One line each, the live one marked."""
    put(client, TABLE)
    put(client, TABLE, "two", who="bob", now=NOW + timedelta(days=1))
    newest, oldest = list_releases(AppTable(client, TABLE, APP))
    assert (newest.number, newest.live, newest.published_by, newest.published_at) == (
        2,
        True,
        "bob",
        NOW + timedelta(days=1),
    )
    assert (oldest.number, oldest.live, oldest.complete, oldest.commit) == (1, False, True, "abc123")
    assert (oldest.products, oldest.rules, oldest.messages, oldest.format) == (1, 1, 3, 1)
    assert list_releases(AppTable(client, TABLE, 42)) == []


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
            collect(AppTable(client, TABLE, APP), now=NOW, keep=1)
        return transact(**request)

    monkeypatch.setattr(client, "transact_write_items", meanwhile)
    with pytest.raises(ReleaseLostError, match="release 1 was collected meanwhile; nothing was changed"):
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


@pytest.mark.parametrize("sk", ["product#pro.monthly", "texts", "source#0"])
def test_a_release_with_exchanged_rows_is_damaged(client: Any, sk: str) -> None:
    """A row that is sound in itself, but another release's, is found out by the manifest."""
    put(client, TABLE)
    put(client, TABLE, "two", release=exchanged())
    theirs = client.get_item(**rows.get(TABLE, rows.key(rows.release_pk(APP, 2), sk)))["Item"]
    client.put_item(TableName=TABLE, Item={**theirs, "pk": {"S": rows.release_pk(APP, 1)}})
    with pytest.raises(ReleaseError, match="damaged"):
        verify(AppTable(client, TABLE, APP), 1)


def exchanged() -> Any:
    return dataclasses.replace(release("two"), texts={"keep": {"en-US": (KEEP_EN,)}})


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
        read(AppTable(client, TABLE, APP), 1)


# Collecting


def claim(client: Any, number: int, **more: Any) -> None:
    """Leave what a publisher that died half way leaves."""
    item = {"publishedBy": {"S": "ada"}, "publishedAt": {"S": NOW.isoformat()}, **more}
    client.put_item(TableName=TABLE, Item={**rows.claim_key(APP, number), **item})
    client.put_item(TableName=TABLE, Item={**rows.sheet_key(APP, number, "x"), "document": {"B": b"x"}})
    client.update_item(
        TableName=TABLE,
        Key=rows.head_key(APP),
        UpdateExpression="SET lastReserved = :n",
        ExpressionAttributeValues={":n": {"N": str(number)}},
    )


def test_incomplete_releases_are_collected_after_an_hour(client: Any) -> None:
    """Not before: somebody may be publishing it."""
    put(client, TABLE)
    claim(client, 2)
    assert collect(AppTable(client, TABLE, APP), now=NOW + timedelta(minutes=59)) == []
    assert collect(AppTable(client, TABLE, APP), now=NOW + timedelta(minutes=61)) == [2]
    assert sort_keys(client, 2) == []
    assert sort_keys(client, 1) != []


def test_complete_releases_beyond_the_last_few_are_collected_but_never_the_live_one(client: Any) -> None:
    """The live release may be an old one."""
    for number in range(6):
        put(client, TABLE, f"r{number}")
    rollback(AppTable(client, TABLE, APP), 1)
    assert collect(AppTable(client, TABLE, APP), now=NOW, keep=3) == [2, 3]
    assert [r.number for r in list_releases(AppTable(client, TABLE, APP))] == [6, 5, 4, 1]
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US").catalog.release == 1


def test_a_release_rolled_back_to_while_the_collector_looked_is_kept(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The collector and a rollback cannot meet in the middle."""
    put(client, TABLE)
    put(client, TABLE, "two")
    transact, done = client.transact_write_items, list[bool]()

    def meanwhile(**request: Any) -> Any:
        if not done:
            done.append(True)
            rollback(AppTable(client, TABLE, APP), 1)
        return transact(**request)

    monkeypatch.setattr(client, "transact_write_items", meanwhile)
    assert collect(AppTable(client, TABLE, APP), now=NOW, keep=1) == []
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US").catalog.release == 1


def test_a_collector_that_was_stopped_is_finished_by_the_next(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A condemned release is incomplete at once, and found again by its claim."""
    put(client, TABLE)
    put(client, TABLE, "two")
    with monkeypatch.context() as patch:
        patch.setattr(client, "delete_item", stopped)
        with pytest.raises(KeyboardInterrupt):
            collect(AppTable(client, TABLE, APP), now=NOW, keep=1)
    with pytest.raises(ReleaseError):
        rollback(AppTable(client, TABLE, APP), 1)
    assert collect(AppTable(client, TABLE, APP), now=NOW + timedelta(hours=2), keep=1) == [1]
    assert sort_keys(client, 1) == []


def stopped(**_: Any) -> None:
    raise KeyboardInterrupt


def test_a_publisher_whose_release_was_collected_is_told(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who slept for an hour does not complete a release with holes."""
    transact, done = client.transact_write_items, list[bool]()

    def meanwhile(**request: Any) -> Any:
        if not done:
            done.append(True)
            collect(AppTable(client, TABLE, APP), now=NOW + timedelta(hours=2))
        return transact(**request)

    monkeypatch.setattr(client, "transact_write_items", meanwhile)
    with pytest.raises(ReleaseError, match="publish again"):
        put(client, TABLE)
    assert "current" not in head(client)


def test_deleting_takes_the_claim_last(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the settings first: at no moment does a half deleted release look whole."""
    put(client, TABLE)
    order, delete_item = list[str](), client.delete_item

    def noting(**request: Any) -> Any:
        order.append(request["Key"]["sk"]["S"])
        return delete_item(**request)

    monkeypatch.setattr(client, "delete_item", noting)
    delete_release(AppTable(client, TABLE, APP), 1)
    assert (order[0], order[-1]) == ("settings", "claim")


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
            collect(AppTable(client, TABLE, APP), now=NOW + timedelta(hours=2))
        return put_item(**request)

    monkeypatch.setattr(client, "put_item", meanwhile)
    with pytest.raises(ReleaseLostError, match="release 1 was collected while it was written"):
        put(client, TABLE)
    assert sort_keys(client, 1) == []


# Other rows


def test_a_recorded_default_is_found_by_the_function(client: Any) -> None:
    """By product and locale."""
    put(client, TABLE)
    record_default(AppTable(client, TABLE, APP), "pro.monthly", "en-US", KEEP_EN.upper(), NOW)
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US").has_default is True
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "fr-FR").has_default is False


def test_a_written_profile_reads_back_as_facts(client: Any) -> None:
    """Every type a condition can compare."""
    facts: dict[str, str | float | list[str]] = {
        "plan": "gold",
        "tenureDays": 200,
        "rate": 0.5,
        "vip": True,
        "tags": ["a", "b"],
    }
    write_profile(AppTable(client, TABLE, APP), "99371282", facts, expires_at=2_000_000_000)
    item = client.get_item(**rows.get(TABLE, rows.profile_key(APP, "99371282")))["Item"]
    assert rows.read_profile(item, 1_999_999_999.0) == {**facts, "tags": ("a", "b")}


# Unclear outcomes


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


def test_releases_are_listed_whole_when_dynamodb_answers_in_parts(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unprocessed keys are asked for again."""
    monkeypatch.setattr("retention.aws.app_table._PAUSE", 0.0)
    for name in ("one", "two", "three"):
        put(client, TABLE, name)
    batch_get_item = client.batch_get_item

    def one_at_a_time(*, RequestItems: Any) -> Any:  # noqa: N803  # DynamoDB's name
        keys = RequestItems[TABLE]["Keys"]
        answer = batch_get_item(RequestItems={TABLE: {**RequestItems[TABLE], "Keys": keys[:1]}})
        left = {TABLE: {**RequestItems[TABLE], "Keys": keys[1:]}} if keys[1:] else {}
        return {**answer, "UnprocessedKeys": left}

    monkeypatch.setattr(client, "batch_get_item", one_at_a_time)
    assert [found.number for found in list_releases(AppTable(client, TABLE, APP))] == [3, 2, 1]


@pytest.mark.parametrize(
    ("sizes", "first"),
    [
        ([1], 1),
        ([1] * 5, 5),
        ([1] * 105, 99),
        ([25_000, 25_000, 25_000, 1], 2),
        ([70_000, 1], 0),
    ],
)
def test_a_release_names_the_products_to_read_ahead(client: Any, sizes: list[int], first: int) -> None:
    """Those of the file's beginning whose sheets pack into 64 KB together, and as many as one call takes."""
    chance = random.Random(3)
    names = [f"p{number:03d}" for number in range(len(sizes))]
    sheets = {
        name: {**release().sheets["pro.monthly"], "pictured": [chance.randbytes(weight).hex()]}
        for name, weight in zip(names, sizes, strict=True)
    }
    made = dataclasses.replace(release(), sheets={**sheets, "*": release().sheets["*"]})
    put(client, TABLE, release=made)
    row = rows.read_settings(client.get_item(TableName=TABLE, Key=rows.settings_key(APP, 1))["Item"])
    assert row.products_ahead() == tuple(names[:first])
