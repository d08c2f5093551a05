"""An import gives another table the rows of the exported one, and replaces nothing without --replace."""

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
from console.releases.head import rollback
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


def test_an_import_restores_every_row(filled: Any, tmp_path: Path) -> None:
    """Releases, states, images, defaults and head, with `paused` and `customerKey`, are the same in another table."""
    done = exported(filled, tmp_path / "file")
    assert (done.release, done.releases, done.profiles, done.left_out) == (2, (1, 2, 3), 0, {})
    assert imported(filled, tmp_path / "file") == Imported(2, (1, 2, 3), done.rows, 0)
    assert everything(filled, TO) == everything(filled, FROM)
    assert load_live(AppTable(filled, TO, APP), "pro.monthly", "en-US").catalog == (
        load_live(AppTable(filled, FROM, APP), "pro.monthly", "en-US").catalog
    )


def test_an_imported_app_can_be_published_and_rolled_back(filled: Any, tmp_path: Path) -> None:
    """The next release has the next number, earlier releases can be rolled back to, and the list is the same."""
    exported(filled, tmp_path / "file")
    imported(filled, tmp_path / "file")
    assert list_releases(AppTable(filled, TO, APP)) == list_releases(AppTable(filled, FROM, APP))
    assert rollback(AppTable(filled, TO, APP), 3).previous == 2
    assert put(filled, TO, "four").number == 4
    assert rollback(AppTable(filled, TO, APP)).number == 3


def test_the_version_after_an_import_is_a_new_one(filled: Any, tmp_path: Path) -> None:
    """It is the time in seconds, which no change of this app can have reached, so no function keeps its old catalog."""
    exported(filled, tmp_path / "file")
    imported(filled, tmp_path / "file")
    assert int(head(filled, TO)["catalogVersion"]["N"]) == int(LATER.timestamp())


def test_the_version_rises_with_a_slow_clock_too(filled: Any, tmp_path: Path) -> None:
    """A second import in the same second, or by a slow clock, raises the version by one."""
    exported(filled, tmp_path / "file")
    imported(filled, tmp_path / "file")
    imported(filled, tmp_path / "file", replace=True, now=NOW)
    assert int(head(filled, TO)["catalogVersion"]["N"]) == int(LATER.timestamp()) + 1


def test_profiles_are_exported_only_when_asked_for(filled: Any, tmp_path: Path) -> None:
    """Profiles are people's data: they need --profiles, and an expired one is never exported."""
    assert exported(filled, tmp_path / "with", profiles=True).profiles == 1
    assert imported(filled, tmp_path / "with").profiles == 1
    (profile,) = [item for (_, sk), item in everything(filled, TO, profiles=True).items() if sk == "profile"]
    assert profile["pk"] == {"S": f"app#{APP}#customer#2000000900000180"}
    assert profile["tenureDays"] == {"N": "412"}


def test_a_newer_profile_is_not_replaced(filled: Any, tmp_path: Path) -> None:
    """A profile that the owner's system wrote after the export stays as it is."""
    exported(filled, tmp_path / "file", profiles=True)
    write_profile(AppTable(filled, FROM, APP), "2000000900000180", {"tenureDays": 500})
    imported(filled, tmp_path / "file", FROM, replace=True)
    found = filled.get_item(**rows.get(FROM, rows.profile_key(APP, "2000000900000180")))["Item"]
    assert found["tenureDays"] == {"N": "500"}


def test_a_profile_that_expired_since_is_not_imported(filled: Any, tmp_path: Path) -> None:
    """A profile that ends between export and import is not written."""
    write_profile(AppTable(filled, FROM, APP), "7", {"inTrial": True}, expires_at=int(NOW.timestamp()) + 60)
    assert exported(filled, tmp_path / "file", profiles=True).profiles == 2
    imported(filled, tmp_path / "file")
    assert "Item" not in filled.get_item(**rows.get(TO, rows.profile_key(APP, "7")))


def test_a_file_that_changes_between_reading_and_writing_does_not_go_live(filled: Any, tmp_path: Path) -> None:
    """If the file is not the one that was checked, the import fails and `head` is not written."""
    exported(filled, tmp_path / "file")
    contents = inspect(tmp_path / "file")
    resealed(tmp_path / "file", lambda found: [*found[:-1], {**found[-1], "paused": {"BOOL": False}}])
    with pytest.raises(ArchiveError, match="was changed"):
        import_app(AppTable(filled, TO, APP), tmp_path / "file", contents, now=LATER)
    assert "current" not in head(filled, TO)
    assert len(list(items(tmp_path / "file", inspect(tmp_path / "file")))) == contents.rows


def test_the_wrong_app_or_environment_is_refused(filled: Any, tmp_path: Path) -> None:
    """An export without an environment, or a target without one, is accepted."""
    exported(filled, tmp_path / "file")
    contents = inspect(tmp_path / "file")
    for app, environment in ((APP + 1, "Sandbox"), (APP, "Production")):
        with pytest.raises(ImportRefusedError):
            check_place(contents, app, environment)
    check_place(contents, APP, "Sandbox")
    check_place(contents, APP, "")
    assert contents.header.environment == "Sandbox"


def test_an_existing_app_is_left_alone(filled: Any, tmp_path: Path) -> None:
    """Without --replace, an import into a table with another state of the app writes no row."""
    exported(filled, tmp_path / "file")
    put(filled, FROM, "four")
    before = everything(filled, FROM)
    with pytest.raises(ImportRefusedError, match="--replace"):
        imported(KillableClient(filled, 1), tmp_path / "file", FROM)
    assert everything(filled, FROM) == before


def test_a_repeated_import_has_nothing_to_do(filled: Any, tmp_path: Path) -> None:
    """The second run of the same import writes nothing and reports so."""
    exported(filled, tmp_path / "file")
    imported(filled, tmp_path / "file")
    assert imported(KillableClient(filled, 1), tmp_path / "file").already


def test_replacing_goes_back_and_keeps_later_releases(filled: Any, tmp_path: Path) -> None:
    """The exported release is live again; later ones can be rolled to, and their numbers are not used again."""
    exported(filled, tmp_path / "file")
    put(filled, FROM, "four")
    imported(filled, tmp_path / "file", FROM, replace=True)
    assert rows.read_head(head(filled, FROM)).current == 2
    assert put(filled, FROM, "five").number == 5
    assert rollback(AppTable(filled, FROM, APP), 4).number == 4


def test_replacing_repairs_edited_rows(filled: Any, tmp_path: Path) -> None:
    """Rows that are missing, changed or extra, and an unreadable head, are as in the export afterwards."""
    exported(filled, tmp_path / "file")
    before = everything(filled, FROM)
    damage(filled, 2)
    filled.put_item(TableName=FROM, Item={**rows.sheet_key(APP, 3, "too.many"), "document": {"S": "x"}})
    filled.put_item(TableName=FROM, Item={**rows.message_key(APP, KEEP_EN), "state": {"N": "1"}})
    filled.put_item(
        TableName=FROM, Item={**head(filled, FROM), "customerKey": {"S": "x"}, "paused": {"S": "?"}, "odd": {"S": "x"}}
    )
    with pytest.raises(ImportRefusedError):
        imported(filled, tmp_path / "file", FROM)
    imported(filled, tmp_path / "file", FROM, replace=True)
    assert everything(filled, FROM) == before


def test_an_export_of_another_table_does_not_replace_this_one(filled: Any, tmp_path: Path) -> None:
    """Running functions know releases by number, so another release under a used number would be mixed up with it."""
    put(filled, TO, "elsewhere")
    exported(filled, tmp_path / "file", TO)
    with pytest.raises(ImportRefusedError, match="customerKey of this table"):
        imported(KillableClient(filled, 1), tmp_path / "file", FROM, replace=True)
    key = {"B": base64.b64encode(head(filled, FROM)["customerKey"]["B"]).decode()}
    resealed(tmp_path / "file", lambda found: [*found[:-1], {**found[-1], "customerKey": key}])
    with pytest.raises(ImportRefusedError, match="release 1 of this table differs"):
        imported(KillableClient(filled, 1), tmp_path / "file", FROM, replace=True)


def test_a_concurrent_publisher_wins(filled: Any, tmp_path: Path) -> None:
    """Its release stays live, under a number that the export does not have."""
    exported(filled, tmp_path / "file")

    def between(number: int) -> None:
        if number == 10:
            assert put(filled, TO, "theirs").number == 4

    with pytest.raises(ImportConflictError):
        imported(KillableClient(filled, between=between), tmp_path / "file")
    assert rows.read_head(head(filled, TO)).current == 4


def test_a_lost_answer_is_no_conflict(filled: Any, tmp_path: Path) -> None:
    """The SDK repeats a transaction whose answer was lost, and the second one finds the rows of the first."""
    exported(filled, tmp_path / "file")

    class SendsTransactionsTwice:
        def __getattr__(self, name: str) -> Any:
            return getattr(filled, name)

        def transact_write_items(self, **request: Any) -> Any:
            filled.transact_write_items(**request)
            return filled.transact_write_items(**request)

    assert imported(SendsTransactionsTwice(), tmp_path / "file").release == 2


def test_a_release_deleted_meanwhile_does_not_go_live(filled: Any, tmp_path: Path) -> None:
    """The import reads a release back before `head` names it."""
    exported(filled, tmp_path / "file")

    class LosesTexts:
        def __getattr__(self, name: str) -> Any:
            return getattr(filled, name)

        def put_item(self, **request: Any) -> None:
            if request["Item"]["sk"] != {"S": "texts"}:
                filled.put_item(**request)

    with pytest.raises(ImportConflictError, match="was changed while"):
        imported(LosesTexts(), tmp_path / "file")
    assert "current" not in head(filled, TO)


def test_progress_is_reported(filled: Any, tmp_path: Path) -> None:
    """The last report of each step has as many done as in total."""
    reported: dict[str, tuple[int, int]] = {}

    def progress(step: str, done: int, total: int) -> None:
        reported[step] = (done, total)

    done = exported(filled, tmp_path / "file", profiles=True, progress=progress)
    counted: list[int] = []
    contents: Contents = inspect(tmp_path / "file", counted.append)
    import_app(AppTable(filled, TO, APP), tmp_path / "file", contents, now=LATER, progress=progress)
    assert set(reported) == {"releases", "states", "profiles", "import"}
    assert all(done == total for done, total in reported.values())
    assert counted[-1] == reported["import"][0] == done.rows
