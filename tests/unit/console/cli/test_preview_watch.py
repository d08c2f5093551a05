"""`preview --watch`, without its server: what each painting gives, and what cannot be watched."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from console.cli import preview_watch
from console.cli.editions import FoundTable
from console.cli.preview_run import PreviewQuestion
from console.cli.preview_watch import Painter, WatchOptions, watch_preview
from console.cli.table_poll import TablePoll
from console.deployment.where import Where
from console.local.samples import SAMPLE_CLOCK
from console.releases.overview import TableOverview
from console.terminal.failure import Failure, Misuse
from console.terminal.output import Output
from tests.support.edited_sample import edited

OPTIONS = WatchOptions(0, opened=False, fixed=True)


def question(
    draft: Path | None, against: str | None = None, where: Where | None = None, **more: Any
) -> PreviewQuestion:
    return PreviewQuestion(draft, where or Where(None), against, more.get("sets", ()), (), SAMPLE_CLOCK, None)


def painter(draft: Path, against: str | None = None, **more: Any) -> Painter:
    return Painter(question(draft, against, **more), draft.name, more.get("poll"), fixed=True)


def test_a_sound_file_is_drawn_with_all_that_it_depends_on(tmp_path: Path) -> None:
    """The file and its images, and those of the file that it is compared with."""
    (tmp_path / "before").mkdir()
    file, other = edited(tmp_path), edited(tmp_path / "before", name="main.yaml")
    painted = painter(file, str(other)).paint()
    assert painted.drawn is not None
    assert (painted.notice, painted.sentence[:10]) == (None, "24 screens")
    names = ("hero", "ridge.png", "offline-map.png", "tick.png")
    folders = {path.parent for path in painted.files if path.suffix == ".png"}
    assert folders == {tmp_path / "images", tmp_path / "before" / "images"}
    assert {path.name for path in painted.files} == {"draft.yaml", "main.yaml", *names[1:]}
    assert "retention preview draft.yaml --against main.yaml --watch" in painted.drawn.body


def test_the_time_goes_on_unless_it_is_fixed(tmp_path: Path) -> None:
    """Without --at, each painting judges by the time it is made at."""
    made = painter(edited(tmp_path))
    made.fixed, made.clock = False, lambda: datetime(2031, 5, 6, 7, tzinfo=UTC)
    drawn = made.paint().drawn
    assert drawn is not None
    assert "2031-05-06" in drawn.body


def test_mistakes_become_a_notice_and_images_stay_watched(tmp_path: Path) -> None:
    """As `validate` prints them; of a file that is no YAML, the file alone is looked at."""
    file = edited(tmp_path, ("message: keep-basic}", "message: keep-bsic}"))
    painted = painter(file).paint()
    assert painted.drawn is None
    assert painted.notice is not None
    assert painted.notice.heading.endswith("in draft.yaml")
    assert any("keep-bsic" in each.wrong for each in painted.notice.mistakes)
    assert f"{file}:" in painted.sentence
    assert {path.suffix for path in painted.files} == {".yaml", ".png"}
    file.write_text("rules: [", encoding="utf-8")
    assert painter(file).paint().files == (file,)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"sets": ("keep-bsic",)}, "has no message set `keep-bsic`"), ({"against": "none.yaml"}, "No such file")],
)
def test_every_other_failure_is_one_sentence(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    """What the options name and the file does not have, and files that are not there."""
    painted = painter(edited(tmp_path), **changes).paint()
    assert painted.notice is not None
    assert painted.notice.heading == "draft.yaml cannot be drawn"
    assert expected in painted.notice.sentences[0]


def test_a_bug_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence is that of every command."""

    def broken(*_: Any) -> NoReturn:
        raise KeyError("x")

    monkeypatch.setattr(preview_watch, "draw", broken)
    painted = painter(edited(tmp_path)).paint()
    assert painted.notice is not None
    assert "This is a bug of this program" in painted.notice.sentences[0]


def test_a_table_that_is_away_is_named_over_a_page_that_is_drawn(tmp_path: Path) -> None:
    """With what was read last, and its time; nothing is out of date in the file."""
    poll = TablePoll(lambda: FoundTable(None, TableOverview()), lambda: SAMPLE_CLOCK)  # type: ignore[arg-type]
    poll.once()
    made = Painter(question(edited(tmp_path), where=Where("sandbox")), "draft.yaml", poll, fixed=True)
    assert made.seen_table() == 1
    poll.failure = ConnectionRefusedError(111, "Connection refused")
    painted = made.paint()
    assert painted.drawn is not None
    assert painted.notice is not None
    assert (painted.notice.stale, painted.notice.sentences) == (False, ("Connection refused.",))
    assert painted.notice.below.startswith("What is drawn below has the states of 2026-")


@pytest.mark.parametrize(
    ("draft", "error", "expected"),
    [
        (None, Misuse, "Name a file to watch"),
        (Path("none.yaml"), Failure, "There is no none.yaml: name a file to watch"),
        (Path("/dev/stdin"), Misuse, "is a pipe, which can be read only once"),
    ],
)
def test_what_cannot_be_watched_is_refused(draft: Path | None, error: type[Failure], expected: str) -> None:
    """Neither file nor table, a file that is not there, and a pipe."""
    with pytest.raises(error, match=expected):
        watch_preview(question(draft), OPTIONS, Output())
