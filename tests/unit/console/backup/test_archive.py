"""Export and import: everything an app has, in one file, and back as it was. On moto, in process."""

from __future__ import annotations

import base64
import gzip
import json
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.review.snapshot import ImageState, apply_snapshot

from console.backup.archive import ArchiveError, Contents, inspect, items
from console.backup.export import Exported, ExportError, export
from console.backup.restore import (
    ImportConflictError,
    Imported,
    ImportRefusedError,
    check_place,
    import_app,
)
from console.local.rows import create_table, write_profile
from console.releases.current import pause, rollback
from console.releases.listing import list_releases
from console.releases.live import load_live
from console.releases.overview import record_default
from console.releases.read import ReleaseError
from tests.support.fake_table import APP, HERO, KEEP_EN, KEEP_FR
from tests.support.killed_client import KilledError, Mortal
from tests.support.small_release import NOW, put, release

FROM, TO = "retention", "restored"
LATER = NOW + timedelta(days=1)


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client = get_session().create_client("dynamodb", region_name="us-east-1")
        for table in (FROM, TO):
            create_table(client, table)
        yield client


@pytest.fixture
def lived(client: Any) -> Any:
    """An app with three releases, the second live, reviewed, with a default, paused, and with two customers."""
    for name in ("one", "two", "three"):
        put(client, FROM, name, release=release(name, products=3))
    rollback(AppTable(client, FROM, APP))
    apply_snapshot(
        AppTable(client, FROM, APP), {KEEP_EN: "APPROVED", KEEP_FR: "REJECTED"}, {HERO: ImageState("APPROVED")}
    )
    record_default(AppTable(client, FROM, APP), "pro.monthly", "en-US", KEEP_EN, NOW)
    pause(AppTable(client, FROM, APP))
    facts: Any = {"tenureDays": 412, "inTrial": False, "segments": ["hikers"]}
    write_profile(AppTable(client, FROM, APP), "2000000900000180", facts)
    write_profile(AppTable(client, FROM, APP), "2000000900000181", facts, expires_at=int(NOW.timestamp()) - 1)
    write_profile(AppTable(client, FROM, APP + 1), "1", facts)
    return client


def exported(client: Any, path: Path, table: str = FROM, **options: Any) -> Exported:
    given = {"environment": "Sandbox", "now": NOW, **options}
    return export(AppTable(client, table, APP), path, **given)


def imported(client: Any, path: Path, table: str = TO, **options: Any) -> Imported:
    return import_app(AppTable(client, table, APP), path, inspect(path), **{"now": LATER, **options})


def everything(client: Any, table: str, *, profiles: bool = False) -> dict[tuple[str, str], Any]:
    """Return all rows of the app by key, but what is new in every table: the version."""
    found = {(item["pk"]["S"], item["sk"]["S"]): item for item in client.scan(TableName=table)["Items"]}
    for item in found.values():
        item.pop("catalogVersion", None)
    return {
        (pk, sk): item
        for (pk, sk), item in found.items()
        if (pk + "#").startswith(f"app#{APP}#") and (profiles or sk != "profile")
    }


def head(client: Any, table: str) -> Any:
    return client.get_item(**rows.get(table, rows.head_key(APP))).get("Item", {})


# There and back


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


# Customers


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


# The file


def test_only_its_owner_may_read_the_file(lived: Any, tmp_path: Path) -> None:
    """It holds customerKey: mode 0600, and there when it is whole, not before."""
    exported(lived, tmp_path / "file")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_file_says_what_it_is(lived: Any, tmp_path: Path) -> None:
    """Anything that reads gzip and JSON can tell format, app, table, count and digest; rows are DynamoDB's own JSON."""
    done = exported(lived, tmp_path / "file")
    first, *between, last = map(json.loads, gzip.decompress((tmp_path / "file").read_bytes()).splitlines())
    assert first == {
        "retention-export": 1,
        "appAppleId": APP,
        "table": FROM,
        "environment": "Sandbox",
        "exportedAt": "2026-11-24T12:00:00+00:00",
        "profiles": False,
    }
    assert last == {"rows": len(between), "digest": done.digest}
    assert between[-1]["Item"]["sk"] == {"S": "head"}


def test_the_same_table_gives_the_same_file(lived: Any, tmp_path: Path) -> None:
    """Byte for byte."""
    for name in ("one", "two"):
        exported(lived, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_every_type_of_attribute_survives(lived: Any, tmp_path: Path) -> None:
    """A row that an owner's system, or a later console, wrote comes back with all it had."""
    odd = {
        "B": {"B": b"\x00\xff"},
        "set": {"BS": [b"a", b"b"]},
        "numbers": {"NS": ["1", "2.5"]},
        "texts": {"SS": ["x", "ÿ\u2028"]},
        "nothing": {"NULL": True},
        "map": {"M": {"B": {"S": "no binary"}, "deep": {"L": [{"M": {"b": {"B": b"\x01"}}}, {"BOOL": False}]}}},
    }
    lived.put_item(TableName=FROM, Item={**rows.key(rows.app_pk(APP), "later#1"), **odd})
    exported(lived, tmp_path / "file")
    imported(lived, tmp_path / "file")
    found = lived.get_item(**rows.get(TO, rows.key(rows.app_pk(APP), "later#1")))["Item"]
    assert {name: found[name] for name in odd} == odd


# Exporting


def test_nothing_published_is_nothing_to_export(client: Any, tmp_path: Path) -> None:
    """And leaves no file."""
    with pytest.raises(ReleaseError, match="nothing has been published"):
        exported(client, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def damage(client: Any, number: int, table: str = FROM) -> None:
    client.delete_item(TableName=table, Key=rows.sheet_key(APP, number, "pro.monthly"))


def test_a_release_that_is_not_whole_is_left_out_and_named(lived: Any, tmp_path: Path) -> None:
    """An old one that somebody damaged hinders nothing, and is not carried on."""
    damage(lived, 1)
    done = exported(lived, tmp_path / "file")
    assert done.releases == (2, 3)
    assert "damaged" in done.left_out[1]


def test_what_is_live_must_be_whole(lived: Any, tmp_path: Path) -> None:
    """A copy that could not answer is none."""
    damage(lived, 2)
    with pytest.raises(ReleaseError, match="damaged"):
        exported(lived, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


class Busy:
    """A client beside which somebody publishes, the first `times` times that the app's rows are read."""

    def __init__(self, client: Any, times: int) -> None:
        self._client = client
        self._left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **request: Any) -> Any:
        if self._left and request["ExpressionAttributeValues"] == {":pk": {"S": rows.app_pk(APP)}}:
            self._left -= 1
            put(self._client, FROM, f"another {self._left}")
        return self._client.query(**request)


def test_an_export_is_of_one_moment(lived: Any, tmp_path: Path) -> None:
    """Published meanwhile, it begins again; what is in the file belongs together."""
    done = exported(Busy(lived, 2), tmp_path / "file")
    assert (done.release, done.releases) == (5, (1, 2, 3, 4, 5))
    assert inspect(tmp_path / "file").digest == done.digest


def test_an_export_gives_up(lived: Any, tmp_path: Path) -> None:
    """Where others never stop publishing; there is no file then."""
    with pytest.raises(ExportError, match="others published"):
        exported(Busy(lived, 9), tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


# Importing what is no export


def repacked(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(gzip.compress(b"".join(change(gzip.decompress(path.read_bytes()).splitlines(keepends=True)))))


def changed(number: int, old: bytes, new: bytes) -> Callable[[list[bytes]], list[bytes]]:
    def change(lines: list[bytes]) -> list[bytes]:
        assert old in lines[number]
        return [*lines[:number], lines[number].replace(old, new), *(lines[number + 1 :] if number != -1 else [])]

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:-1],
        lambda lines: [*lines[:-4], *lines[-3:]],
        lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]],
        lambda lines: [*lines[:5], lines[5], *lines[5:]],
        lambda lines: [*lines, lines[-1]],
        lambda lines: lines[1:],
        lambda _lines: [],
        lambda _lines: [b"[]\n"],
        lambda lines: [lines[0], b"nonsense\n", *lines[1:]],
        lambda lines: [lines[0], b"[" * 100_000 + b"\n", *lines[1:]],
        lambda lines: [lines[0], b'{"Item": [1]}\n', *lines[1:]],
        lambda lines: [lines[0], b'{"Item": {"pk": {"S": 1}}}\n', *lines[1:]],
        lambda lines: [lines[0], b'{"Item": {"pk": {"S": "a", "N": "1"}}}\n', *lines[1:]],
        lambda lines: [lines[0], b'{"Item": {"pk": {"B": "?"}}}\n', *lines[1:]],
        lambda lines: [lines[0], b" " * 5_000_000 + b"\n", *lines[1:]],
        changed(0, b'"retention-export":1', b'"retention-export":0'),
        changed(0, b'"environment":"Sandbox"', b'"environment":1'),
        changed(-1, b'"rows":', b'"row":'),
        changed(-2, b'"paused":{"BOOL":true}', b'"paused":{"BOOL":false}'),
    ],
)
def test_a_file_that_is_not_whole_is_refused(
    lived: Any, tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    """Cut, reordered, doubled, edited or of another kind: the digest tells, or something before it."""
    exported(lived, tmp_path / "file")
    repacked(tmp_path / "file", change)
    with pytest.raises(ArchiveError) as refused:
        inspect(tmp_path / "file")
    assert refused.value.code == "export_damaged"


def resealed(path: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Change a file's rows and give it the digest it must then have: somebody's own export, not damage."""
    first, *between, _ = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    made = change([each["Item"] for each in between])
    body = b"".join(rows.canonical(line) + b"\n" for line in [first, *({"Item": item} for item in made)])
    end = {"rows": len(made), "digest": rows.digest_of(body)}
    path.write_bytes(gzip.compress(body + rows.canonical(end) + b"\n"))


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found[:-1],
        lambda found: [found[-1], *found[:-1]],
        lambda found: [*found, found[-1]],
        lambda found: [{**found[0], "pk": {"S": f"app#{APP}0#release#1"}}, *found[1:]],
        lambda found: [*found[:-1], {**found[-1], "current": {"N": "9"}}],
        lambda found: [*found[:-1], {**found[-1], "lastReserved": {"N": "x"}}],
        lambda found: [*found[:-1], {name: found[-1][name] for name in found[-1] if name != "customerKey"}],
        lambda found: [*found[:-1], *[row for row in found if row["pk"]["S"].endswith("#1")], found[-1]],
        lambda found: [{**found[1], "pk": {"S": f"app#{APP}#customer#1"}}, *found[1:]],
    ],
)
def test_a_file_that_makes_no_sense_is_refused(
    lived: Any, tmp_path: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
) -> None:
    """Its digest may be right: without head, with rows after it, or pointing nowhere, it is no export."""
    exported(lived, tmp_path / "file")
    resealed(tmp_path / "file", change)
    with pytest.raises(ArchiveError, match="not a whole export"):
        inspect(tmp_path / "file")


def test_a_release_in_the_file_must_be_whole(lived: Any, tmp_path: Path) -> None:
    """Each is judged by its manifest, as publishing judges it."""
    exported(lived, tmp_path / "file")
    resealed(tmp_path / "file", lambda found: [row for row in found if row["sk"] != {"S": "texts"}])
    with pytest.raises(ReleaseError, match="release 1 is damaged"):
        inspect(tmp_path / "file")


@pytest.mark.parametrize("length", [0, 1, 9, 10, 200, -9, -8, -1])
def test_a_file_that_was_cut_off_is_refused(lived: Any, tmp_path: Path, length: int) -> None:
    """Wherever."""
    exported(lived, tmp_path / "file")
    whole = (tmp_path / "file").read_bytes()
    (tmp_path / "file").write_bytes(whole[:length])
    with pytest.raises(ArchiveError):
        inspect(tmp_path / "file")


def test_a_newer_console_made_it(lived: Any, tmp_path: Path) -> None:
    """Which says so."""
    exported(lived, tmp_path / "file")
    repacked(tmp_path / "file", changed(0, b'"retention-export":1', b'"retention-export":2'))
    with pytest.raises(ArchiveError, match="newer console") as refused:
        inspect(tmp_path / "file")
    assert refused.value.code == "export_format"


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


# Importing where the app is already


def test_an_app_that_is_there_is_left_alone(lived: Any, tmp_path: Path) -> None:
    """Not a row is written."""
    exported(lived, tmp_path / "file")
    put(lived, FROM, "four")
    before = everything(lived, FROM)
    with pytest.raises(ImportRefusedError, match="--replace"):
        imported(Mortal(lived, 1), tmp_path / "file", FROM)
    assert everything(lived, FROM) == before


def test_typed_again_it_has_nothing_to_do(lived: Any, tmp_path: Path) -> None:
    """And says so."""
    exported(lived, tmp_path / "file")
    imported(lived, tmp_path / "file")
    assert imported(Mortal(lived, 1), tmp_path / "file").already


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
    with pytest.raises(ImportRefusedError, match="another key"):
        imported(Mortal(lived, 1), tmp_path / "file", FROM, replace=True)
    key = {"B": base64.b64encode(head(lived, FROM)["customerKey"]["B"]).decode()}
    resealed(tmp_path / "file", lambda found: [*found[:-1], {**found[-1], "customerKey": key}])
    with pytest.raises(ImportRefusedError, match="release 1 of this table is another"):
        imported(Mortal(lived, 1), tmp_path / "file", FROM, replace=True)


# Others, and death


def test_who_publishes_meanwhile_wins(lived: Any, tmp_path: Path) -> None:
    """Their release stays live, under a number that the file does not have."""
    exported(lived, tmp_path / "file")

    def between(number: int) -> None:
        if number == 10:
            assert put(lived, TO, "theirs").number == 4

    with pytest.raises(ImportConflictError):
        imported(Mortal(lived, between=between), tmp_path / "file")
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

    with pytest.raises(ImportConflictError, match="read back"):
        imported(Losing(), tmp_path / "file")
    assert "current" not in head(lived, TO)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("replace", [False, True], ids=["empty", "replace"])
def test_killed_at_any_write_it_can_be_typed_again(lived: Any, tmp_path: Path, *, replace: bool, after: bool) -> None:
    """Readers see what they saw before until all is there; the second run ends where the first would have."""
    exported(lived, tmp_path / "file")
    count = Mortal(lived)
    imported(count, tmp_path / "file")
    wanted = everything(lived, TO)
    for last in range(1, count.writes + 1):
        again = f"{TO}-{last}"
        create_table(lived, again)
        seen = None
        if replace:
            imported(lived, tmp_path / "file", again)
            damage(lived, 1, again)
            rollback(AppTable(lived, again, APP), 3)
            seen = 3
        with pytest.raises(KilledError):
            imported(Mortal(lived, last, after=after), tmp_path / "file", again, replace=replace)
        current = head(lived, again).get("current", {"N": None})["N"]
        assert current == (None if seen is None else str(seen)) or (after and last == count.writes)
        imported(lived, tmp_path / "file", again, replace=replace)
        assert everything(lived, again) == wanted
    assert count.writes > 20


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
