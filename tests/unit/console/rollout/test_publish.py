"""`retention publish`: compiled before AWS is asked, compiled again with what is live, written under a name."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from retention.aws.app_table import AppTable

from console.deployment.where import Where
from console.file.mistakes import Mistakes
from console.releases.head import PublishConflictError
from console.releases.listing import list_releases
from console.releases.publish import Published
from console.rollout.publish import prepare, publish_draft, show
from tests.support.apple_in_memory import target_in_memory
from tests.support.planned_file import FILE, NOW
from tests.support.printed import json_document, printed

TARGET = "console.rollout.publish.find_target"


@pytest.fixture
def where(folder: Path) -> Where:
    file = folder / "retention.yaml"
    file.write_text(FILE, encoding="utf-8")
    return Where(file=file)


@pytest.fixture
def app_table(monkeypatch: pytest.MonkeyPatch) -> AppTable:
    """The table that every draft is for."""
    target = target_in_memory()
    monkeypatch.setattr(TARGET, lambda *_: target)
    return target.app_table


def test_a_file_with_mistakes_asks_nothing_of_aws(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator without credentials reads the mistakes all the same."""
    (folder / "bad.yaml").write_text(FILE.replace("answer: {message: keep}", "answer: {message: gone}"))
    monkeypatch.setattr(TARGET, lambda *_: pytest.fail("AWS was asked"))
    with pytest.raises(Mistakes, match="gone"):
        prepare(Where(file=folder / "bad.yaml"), now=NOW)


def test_the_first_draft_is_based_on_no_release(where: Where, app_table: AppTable) -> None:
    """Publishing it makes release 1 live."""
    draft = prepare(where, now=NOW)
    assert (draft.based_on, draft.directory) == (None, where.file.parent)
    published = publish_draft(draft)
    assert (published.number, published.previous) == (1, None)
    [listed] = list_releases(app_table)
    assert (listed.live, listed.commit, bool(listed.published_by)) == (True, "", True)


def test_a_later_draft_is_based_on_the_live_release(where: Where, app_table: AppTable) -> None:
    """Two drafts of the same release cannot both go live: the second would undo the first unseen."""
    publish_draft(prepare(where, now=NOW))
    first, second = prepare(where, now=NOW), prepare(where, now=NOW)
    assert (first.based_on, second.based_on) == (1, 1)
    publish_draft(first)
    with pytest.raises(PublishConflictError):
        publish_draft(second)
    assert [one.number for one in list_releases(app_table) if one.live] == [2]


@pytest.mark.parametrize(("described", "commit"), [("abc123-dirty\n", "abc123-dirty"), ("\n", "")])
def test_a_release_has_the_commit_of_the_files_folder(
    where: Where, app_table: AppTable, described: str, commit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git is asked in the folder of the file; what it prints is kept without the end of the line."""
    asked: list[Path] = []

    def run(_: object, *, cwd: Path, **__: object) -> SimpleNamespace:
        asked.append(cwd)
        return SimpleNamespace(stdout=described)

    monkeypatch.setattr("console.rollout.publish.subprocess.run", run)
    publish_draft(prepare(where, now=NOW))
    assert [one.commit for one in list_releases(app_table)] == [commit]
    assert asked == [where.file.parent]


def test_a_user_without_a_name_can_publish(where: Where, app_table: AppTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's user has a number alone."""

    def getuser() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr("getpass.getuser", getuser)
    publish_draft(prepare(where, now=NOW))
    assert [one.published_by for one in list_releases(app_table)] == ["unknown"]


@pytest.mark.usefixtures("app_table")
@pytest.mark.parametrize(("previous", "before"), [(None, "the first"), (6, "after 6")])
def test_what_is_live_now_is_printed(
    where: Where, previous: int | None, before: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence has the table; the document has the digest and the file's warnings too."""
    published, draft = Published(7, previous, "digest", 3, 0), prepare(where, now=NOW)
    assert printed(partial(show, published, draft, where.file), capsys) == (
        f"Release 7 is live ({before}): 3 sheets, table retention.\n"
    )
    document = json_document(partial(show, published, draft, where.file), capsys)
    assert (document["release"], document["previous"], document["digest"]) == (7, previous, "digest")
    assert [warning["file"] for warning in document["warnings"]] == [str(where.file)] * len(draft.compiled.warnings)
