"""`retention export` and `retention import`: what is read, checked and asked before anything is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from console.deployment.target import Target
from console.terminal.failure import Failure
from tests.support.called_verb import Call, Recorded
from tests.support.fake_table import APP


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The room, replaced: `contents` is what the file is found to have."""
    contents = SimpleNamespace(name="contents")
    made = SimpleNamespace(
        export=Recorded("exported"), shown=Recorded(), inspect=Recorded(contents), check=Recorded(),
        restore=Recorded("imported"), restored=Recorded(), contents=contents,
    )  # fmt: skip
    for name, stand_in in (
        ("export.export", made.export),
        ("report.show_exported", made.shown),
        ("archive.inspect", made.inspect),
        ("restore.check_place", made.check),
        ("restore.import_app", made.restore),
        ("report.show_imported", made.restored),
    ):
        monkeypatch.setattr(f"console.backup.{name}", stand_in)
    return made


@pytest.mark.parametrize(("words", "profiles"), [((), False), (("--profiles",), True)])
def test_an_export_writes_the_named_file(
    call: Call,
    archive: SimpleNamespace,
    target: Target,
    tmp_path: Path,
    words: tuple[str, ...],
    profiles: bool,  # noqa: FBT001  # a parameter
) -> None:
    """Facts about customers are only in it with --profiles."""
    file = tmp_path / "app.jsonl.gz"
    assert call("export", str(file), "--env", "sandbox", *words).code == 0
    [(app_table, path)], [named] = archive.export.given, archive.export.named
    assert (app_table.name, path, named["profiles"]) == (target.table, file, profiles)
    assert named["environment"] == target.environment
    assert archive.shown.given[0][:4] == ("exported", file, target.table, APP)


@pytest.mark.usefixtures("target")
def test_an_export_without_a_name_has_app_and_environment_in_it(
    call: Call, archive: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written into the current directory."""
    monkeypatch.chdir(tmp_path)
    call("export", "--env", "sandbox")
    assert str(archive.export.given[0][1]).startswith(f"retention-{APP}-sandbox-")


@pytest.mark.usefixtures("target")
def test_an_export_overwrites_nothing(call: Call, archive: SimpleNamespace, tmp_path: Path) -> None:
    """A file that exists may be the only backup."""
    (tmp_path / "old.gz").write_bytes(b"old")
    with pytest.raises(Failure, match="exists, and is not overwritten"):
        call("export", str(tmp_path / "old.gz"), "--env", "sandbox")
    assert archive.export.given == []


@pytest.mark.parametrize(("words", "replaces"), [((), False), (("--replace",), True)])
def test_an_import_hands_over_what_was_inspected(
    call: Call,
    archive: SimpleNamespace,
    target: Target,
    words: tuple[str, ...],
    replaces: bool,  # noqa: FBT001  # a parameter
) -> None:
    """The file is of this app and environment before any row is written."""
    assert call("import", "app.gz", "--env", "sandbox", *words).code == 0
    assert archive.check.given == [(archive.contents, APP, target.environment)]
    [(app_table, path, contents)] = archive.restore.given
    assert (app_table.name, path, contents) == (target.table, Path("app.gz"), archive.contents)
    assert archive.restore.named[0]["replace"] is replaces
    assert archive.restored.given[0][:2] == ("imported", Path("app.gz"))


@pytest.mark.usefixtures("target")
@pytest.mark.parametrize("step", ["inspect", "check"])
def test_a_file_that_is_damaged_or_of_another_place_is_not_imported(
    call: Call, archive: SimpleNamespace, step: str
) -> None:
    """It is read completely, and compared with the place, before anything is written."""
    getattr(archive, step).error = Failure("The file is damaged.")
    with pytest.raises(Failure, match="damaged"):
        call("import", "app.gz", "--env", "sandbox", "--yes")
    assert archive.restore.given == []


def test_an_import_into_production_needs_a_confirmation(
    call: Call, archive: SimpleNamespace, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal only --yes gives it."""
    production = replace(target, production=True)
    monkeypatch.setattr("console.deployment.target.find_target", lambda *_: production)
    with pytest.raises(Failure, match=r"would import app\.gz in production"):
        call("import", "app.gz", "--env", "production")
    assert archive.restore.given == []
    assert call("import", "app.gz", "--env", "production", "--yes").code == 0
    assert len(archive.restore.given) == 1
