"""The steps of `preview`: what is read and compared, and what is written where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from retention.aws.app_table import AppTable

from console.cli import editions
from console.cli.preview_run import PreviewQuestion, run_preview
from console.deployment.where import Where
from console.file.compile import compile_document
from console.file.document import read_document
from console.file.mistakes import Mistakes
from console.local.samples import SAMPLE, SAMPLE_CLOCK
from console.releases.publish import publish_release
from console.terminal.failure import Failure
from console.terminal.output import no_progress
from tests.support.apple_in_memory import target_in_memory
from tests.support.drawn_pages import parsed
from tests.support.edited_sample import APP, edited

LATER = ("Keep your weekend walks", "Keep all your walks")


@pytest.fixture
def app_table(monkeypatch: pytest.MonkeyPatch) -> AppTable:
    """The table that every name of an environment leads to, with the sample published."""
    target = target_in_memory()
    made = AppTable(target.dynamodb, target.table, int(APP))

    class Target:
        app_table = made

    monkeypatch.setattr(editions, "find_target", lambda _: Target())
    compiled = compile_document(read_document(SAMPLE), now=SAMPLE_CLOCK)
    publish_release(made, compiled.release, who="ada", commit=None, now=SAMPLE_CLOCK)
    return made


def question(draft: Path | None = SAMPLE, page: Path | None = None, **more: str | None) -> PreviewQuestion:
    where = Where(more.get("env"))
    return PreviewQuestion(draft, where, more.get("against"), (), (), SAMPLE_CLOCK, page)


def test_a_file_alone_is_drawn_and_nothing_else_is_read(tmp_path: Path) -> None:
    """The page has its images and the command that made it, and no folder of this machine."""
    page = tmp_path / "page.html"
    made = run_preview(question(page=page), no_progress)
    html = page.read_text(encoding="utf-8")
    parsed(html)
    assert (made.has_states, made.against) == (False, None)
    assert html.count("data:image/") == 3
    assert "<code>retention preview retention.yaml</code>" in html
    assert str(SAMPLE.parent) not in html
    assert list(tmp_path.iterdir()) == [page]


def test_the_same_question_gives_the_same_bytes(tmp_path: Path) -> None:
    """Nothing depends on the clock or the folder."""
    (tmp_path / "other").mkdir()
    pages = [tmp_path / "a.html", tmp_path / "other" / "b.html"]
    for page in pages:
        run_preview(question(page=page), no_progress)
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_without_a_page_none_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For --json and --markdown."""
    monkeypatch.chdir(tmp_path)
    run_preview(question(), no_progress)
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_mistakes_writes_nothing(tmp_path: Path) -> None:
    """Neither a new page nor over an earlier one; the mistakes are those of `validate`."""
    page = tmp_path / "page.html"
    page.write_text("before", encoding="utf-8")
    with pytest.raises(Mistakes, match="keep-bsic"):
        run_preview(question(edited(tmp_path, ("message: keep-basic}", "message: keep-bsic}")), page), no_progress)
    assert page.read_text(encoding="utf-8") == "before"


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """And nothing is left behind."""
    page = tmp_path / "none" / "page.html"
    with pytest.raises(Failure, match="cannot be written: No such file or directory"):
        run_preview(question(page=page), no_progress)
    folder = tmp_path / "folder.html"
    folder.mkdir()
    with pytest.raises(Failure, match="cannot be written"):
        run_preview(question(page=folder), no_progress)
    assert list(tmp_path.iterdir()) == [folder]


def test_a_draft_of_an_environment_is_compared_with_its_live_release(app_table: AppTable, tmp_path: Path) -> None:
    """By itself; states are the table's. A release has no images: those before are hatched, those after drawn."""
    assert app_table.app_apple_id == int(APP)
    page = tmp_path / "page.html"
    file = edited(tmp_path, LATER, ("Maps without reception", "Maps for any place"))
    made = run_preview(question(file, page, env="sandbox"), no_progress)
    assert (made.has_states, made.against) == (True, "release 1")
    assert made.changed_places == {("keep-pro", "en-US"), ("keep-basic", "en-US")}
    first = parsed(page.read_text(encoding="utf-8")).of("div", "pair")[0]
    assert [one.text for one in first.of("div", "gone")] == ["ridge", "tick", "offline-map"]


def test_the_live_release_is_drawn_without_a_file(app_table: AppTable, tmp_path: Path) -> None:
    """It is compared with nothing, unless that is named; its images are hatched."""
    page = tmp_path / "page.html"
    made = run_preview(question(None, page, env="sandbox"), no_progress)
    assert app_table.app_apple_id == int(APP)
    assert (made.found.source, made.against) == ("release 1", None)
    assert "data:image/" not in page.read_text(encoding="utf-8")
    assert run_preview(question(None, env="sandbox", against="1"), no_progress).changes == ()


def test_a_file_is_compared_with_a_file(tmp_path: Path) -> None:
    """Without AWS; both have their images."""
    page = tmp_path / "page.html"
    made = run_preview(question(edited(tmp_path, LATER), page, against=str(SAMPLE)), no_progress)
    assert made.changed_places == {("keep-basic", "en-US")}
    assert "--against retention.yaml" in page.read_text(encoding="utf-8")


def test_a_locale_that_apple_does_not_list_can_be_asked_for() -> None:
    """It is covered, too."""
    made = run_preview(replace(question(), locales=("fr-BE",)), no_progress)
    assert {one.cell.locale for one in made.board.cells} == {"fr-BE"}
    assert "fr-FR" in {one.locale for one in made.board.screens}
