"""An import makes another table what the exported one was, and replaces nothing without being asked."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable

from console.backup.archive import ArchiveError, Contents, inspect, items
from console.backup.restore import (
    ImportConflictError,
    Imported,
    ImportRefusedError,
    check_place,
    import_app,
)
from console.local.rows import write_profile
from console.releases.current import rollback
from console.releases.listing import list_releases
from console.releases.live import load_live
from tests.support.exported_app import (
    FROM,
    LATER,
    TO,
    damage,
    everything,
    exported,
    head,
    imported,
    resealed,
)
from tests.support.fake_table import APP, KEEP_EN
from tests.support.killed_client import KillableClient
from tests.support.small_release import NOW, put


def test_what_comes_back_is_what_went(lived: Any, tmp_path: Path) -> None:
    """Releases, states, images, defaults and head are the same in another table, `paused` and `customerKey` too."""
    done = exported(lived, tmp_path / "file")
    assert (done.release, done.releases, done.profiles, done.left_out) == (2, (1, 2, 3), 0, {})
    assert imported(lived, tmp_path / "file") == Imported(2, (1, 2, 3), done.rows, 0)
    assert everything(lived, TO) == everything(lived, FROM)
    assert load_live(AppTable(lived, TO, APP), "pro.monthly", "en-US").catalog == (
        load_live(AppTable(lived, FROM, APP), "pro.monthly", "en-US").catalog
    )


def test_life_goes_on_after_an_import(lived: Any, tmp_path: Path) -> None:
    """The next release has the next number, earlier ones can be rolled back to, the list is the same."""
    exported(lived, tmp_path / "file")
    imported(lived, tmp_path / "file")
    assert list_releases(AppTable(lived, TO, APP)) == list_releases(AppTable(lived, FROM, APP))
    assert rollback(AppTable(lived, TO, APP), 3).previous == 2
    assert put(lived, TO, "four").number == 4
    assert rollback(AppTable(lived, TO, APP)).number == 3


def test_no_function_takes_the_restored_catalog_for_the_one_in_its_memory(lived: Any, tmp_path: Path) -> None:
    """The version is one that no change of this app can have reached: the time, in seconds."""
    exported(lived, tmp_path / "file")
    imported(lived, tmp_path / "file")
    assert int(head(lived, TO)["catalogVersion"]["N"]) == int(LATER.timestamp())


def test_a_clock_that_stands_still_is_overtaken(lived: Any, tmp_path: Path) -> None:
    """Imported again in the same second, or by a slow clock, the version rises all the same."""
    exported(lived, tmp_path / "file")
    imported(lived, tmp_path / "file")
    imported(lived, tmp_path / "file", replace=True, now=NOW)
    assert int(head(lived, TO)["catalogVersion"]["N"]) == int(LATER.timestamp()) + 1


def test_customers_come_when_asked_for(lived: Any, tmp_path: Path) -> None:
    """Their facts are people's data: without the word they stay, and what has expired is not kept alive by a file."""
    assert exported(lived, tmp_path / "with", profiles=True).profiles == 1
    assert imported(lived, tmp_path / "with").profiles == 1
    (profile,) = [item for (_, sk), item in everything(lived, TO, profiles=True).items() if sk == "profile"]
    assert profile["pk"] == {"S": f"app#{APP}#customer#2000000900000180"}
    assert profile["tenureDays"] == {"N": "412"}


def test_what_was_written_of_a_customer_since_stays(lived: Any, tmp_path: Path) -> None:
    """The owner's systems know better than a file."""
    exported(lived, tmp_path / "file", profiles=True)
    write_profile(AppTable(lived, FROM, APP), "2000000900000180", {"tenureDays": 500})
    imported(lived, tmp_path / "file", FROM, replace=True)
    found = lived.get_item(**rows.get(FROM, rows.profile_key(APP, "2000000900000180")))["Item"]
    assert found["tenureDays"] == {"N": "500"}


def test_what_has_expired_since_stays_away(lived: Any, tmp_path: Path) -> None:
    """A fact that ends between export and import ends."""
    write_profile(AppTable(lived, FROM, APP), "7", {"inTrial": True}, expires_at=int(NOW.timestamp()) + 60)
    assert exported(lived, tmp_path / "file", profiles=True).profiles == 2
    imported(lived, tmp_path / "file")
    assert "Item" not in lived.get_item(**rows.get(TO, rows.profile_key(APP, "7")))


def test_a_file_that_changes_between_reading_and_writing_does_not_go_live(lived: Any, tmp_path: Path) -> None:
    """What is written is what was judged, or `head` is not."""
    exported(lived, tmp_path / "file")
    contents = inspect(tmp_path / "file")
    resealed(tmp_path / "file", lambda found: [*found[:-1], {**found[-1], "paused": {"BOOL": False}}])
    with pytest.raises(ArchiveError, match="was changed"):
        import_app(AppTable(lived, TO, APP), tmp_path / "file", contents, now=LATER)
    assert "current" not in head(lived, TO)
    assert len(list(items(tmp_path / "file", inspect(tmp_path / "file")))) == contents.rows


def test_the_wrong_app_or_environment_is_refused(lived: Any, tmp_path: Path) -> None:
    """Another app's rows, or the other App Store's review states; where one side does not say, it may be right."""
    exported(lived, tmp_path / "file")
    contents = inspect(tmp_path / "file")
    for app, environment in ((APP + 1, "Sandbox"), (APP, "Production")):
        with pytest.raises(ImportRefusedError):
            check_place(contents, app, environment)
    check_place(contents, APP, "Sandbox")
    check_place(contents, APP, "")
    assert contents.header.environment == "Sandbox"


def test_an_app_that_is_there_is_left_alone(lived: Any, tmp_path: Path) -> None:
    """Not a row is written."""
    exported(lived, tmp_path / "file")
    put(lived, FROM, "four")
    before = everything(lived, FROM)
    with pytest.raises(ImportRefusedError, match="--replace"):
        imported(KillableClient(lived, 1), tmp_path / "file", FROM)
    assert everything(lived, FROM) == before


def test_typed_again_it_has_nothing_to_do(lived: Any, tmp_path: Path) -> None:
    """And says so."""
    exported(lived, tmp_path / "file")
    imported(lived, tmp_path / "file")
    assert imported(KillableClient(lived, 1), tmp_path / "file").already


def test_replacing_goes_back_and_keeps_what_came_since(lived: Any, tmp_path: Path) -> None:
    """What was live is live again; later releases can be rolled forward to, and their numbers are not used again."""
    exported(lived, tmp_path / "file")
    put(lived, FROM, "four")
    imported(lived, tmp_path / "file", FROM, replace=True)
    assert rows.read_head(head(lived, FROM)).current == 2
    assert put(lived, FROM, "five").number == 5
    assert rollback(AppTable(lived, FROM, APP), 4).number == 4


def test_replacing_repairs_what_somebody_edited(lived: Any, tmp_path: Path) -> None:
    """Rows that are gone, changed, or too many in a release; and a head that nobody can read."""
    exported(lived, tmp_path / "file")
    before = everything(lived, FROM)
    damage(lived, 2)
    lived.put_item(TableName=FROM, Item={**rows.sheet_key(APP, 3, "too.many"), "document": {"S": "x"}})
    lived.put_item(TableName=FROM, Item={**rows.message_key(APP, KEEP_EN), "state": {"N": "1"}})
    lived.put_item(
        TableName=FROM, Item={**head(lived, FROM), "customerKey": {"S": "x"}, "paused": {"S": "?"}, "odd": {"S": "x"}}
    )
    with pytest.raises(ImportRefusedError):
        imported(lived, tmp_path / "file", FROM)
    imported(lived, tmp_path / "file", FROM, replace=True)
    assert everything(lived, FROM) == before


def test_another_history_does_not_replace_this_one(lived: Any, tmp_path: Path) -> None:
    """Running functions hold releases by number: another one under the same number would be mixed up with it."""
    put(lived, TO, "elsewhere")
    exported(lived, tmp_path / "file", TO)
    with pytest.raises(ImportRefusedError, match="customerKey of this table"):
        imported(KillableClient(lived, 1), tmp_path / "file", FROM, replace=True)
    key = {"B": base64.b64encode(head(lived, FROM)["customerKey"]["B"]).decode()}
    resealed(tmp_path / "file", lambda found: [*found[:-1], {**found[-1], "customerKey": key}])
    with pytest.raises(ImportRefusedError, match="release 1 of this table differs"):
        imported(KillableClient(lived, 1), tmp_path / "file", FROM, replace=True)


def test_who_publishes_meanwhile_wins(lived: Any, tmp_path: Path) -> None:
    """Their release stays live, under a number that the file does not have."""
    exported(lived, tmp_path / "file")

    def between(number: int) -> None:
        if number == 10:
            assert put(lived, TO, "theirs").number == 4

    with pytest.raises(ImportConflictError):
        imported(KillableClient(lived, between=between), tmp_path / "file")
    assert rows.read_head(head(lived, TO)).current == 4


def test_an_answer_that_was_lost_is_no_conflict(lived: Any, tmp_path: Path) -> None:
    """The SDK sends a transaction again whose answer it did not get; the second finds the first's work."""
    exported(lived, tmp_path / "file")

    class Twice:
        def __getattr__(self, name: str) -> Any:
            return getattr(lived, name)

        def transact_write_items(self, **request: Any) -> Any:
            lived.transact_write_items(**request)
            return lived.transact_write_items(**request)

    assert imported(Twice(), tmp_path / "file").release == 2


def test_a_release_that_others_collect_meanwhile_does_not_go_live(lived: Any, tmp_path: Path) -> None:
    """It is read back before `head` points to it."""
    exported(lived, tmp_path / "file")

    class Losing:
        def __getattr__(self, name: str) -> Any:
            return getattr(lived, name)

        def put_item(self, **request: Any) -> None:
            if request["Item"]["sk"] != {"S": "texts"}:
                lived.put_item(**request)

    with pytest.raises(ImportConflictError, match="was changed while"):
        imported(Losing(), tmp_path / "file")
    assert "current" not in head(lived, TO)


def test_progress_is_told(lived: Any, tmp_path: Path) -> None:
    """Each step ends where it said it would."""
    told: dict[str, tuple[int, int]] = {}

    def progress(step: str, done: int, total: int) -> None:
        told[step] = (done, total)

    done = exported(lived, tmp_path / "file", profiles=True, progress=progress)
    counted: list[int] = []
    contents: Contents = inspect(tmp_path / "file", counted.append)
    import_app(AppTable(lived, TO, APP), tmp_path / "file", contents, now=LATER, progress=progress)
    assert set(told) == {"releases", "states", "profiles", "import"}
    assert all(done == total for done, total in told.values())
    assert counted[-1] == told["import"][0] == done.rows
