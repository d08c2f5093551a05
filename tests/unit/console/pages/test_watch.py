"""What makes a new version: files whose stamps change, and a table whose number does."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from console.pages.live import Notice
from console.pages.page import Drawn
from console.pages.watch import Painted, Repainter, stamp


@dataclass
class Easel:
    """Paints what the file has: text that begins with "bad" is a mistake."""

    file: Path
    table: int = 0
    shown: list[str] = field(default_factory=list)
    painted: int = 0
    more: tuple[Path, ...] = ()

    def paint(self) -> Painted:
        self.painted += 1
        text = self.file.read_text(encoding="utf-8") if self.file.exists() else "bad: gone"
        drawn = None if text.startswith("bad") else Drawn("t", "", text)
        notice = Notice(text) if drawn is None else None
        return Painted("t", drawn, notice, (self.file, *self.more), text)

    def repainter(self) -> Repainter:
        show = lambda painted: self.shown.append(painted.sentence)  # noqa: E731  # one line
        return Repainter(self.paint, show, (self.file,), lambda: self.table)


@pytest.fixture
def easel(tmp_path: Path) -> Easel:
    file = tmp_path / "file"
    file.write_text("one", encoding="utf-8")
    return Easel(file)


def test_nothing_is_painted_twice_without_a_change(easel: Easel) -> None:
    """Looks cost a stat for each file."""
    repainter = easel.repainter()
    for _ in range(5):
        repainter.look()
    assert (easel.painted, easel.shown) == (1, ["one"])


def test_saves_replacements_and_the_table_are_changes(easel: Easel) -> None:
    """A file that is written in place, one that is renamed over it, and a table that changed."""
    repainter = easel.repainter()
    repainter.look()
    easel.file.write_text("other", encoding="utf-8")
    repainter.look()
    new = easel.file.with_name("new")
    new.write_text("third", encoding="utf-8")
    os.utime(new, ns=(0, easel.file.stat().st_mtime_ns))
    new.replace(easel.file)
    repainter.look()
    easel.table = 1
    repainter.look()
    assert easel.shown == ["one", "other", "third", "third"]


def test_an_image_that_the_file_names_is_watched_from_then_on(easel: Easel) -> None:
    """Also one that is not there yet."""
    image = easel.file.with_name("image")
    easel.more = (image,)
    repainter = easel.repainter()
    repainter.look()
    image.write_bytes(b"1")
    repainter.look()
    image.unlink()
    repainter.look()
    assert easel.painted == 3


def test_mistakes_are_shown_once_they_stand(easel: Easel) -> None:
    """A file that is half written for a moment shows no mistake; one that stays broken does, at the next look."""
    repainter = easel.repainter()
    repainter.look()
    easel.file.write_text("bad half", encoding="utf-8")
    repainter.look()
    easel.file.write_text("complete", encoding="utf-8")
    repainter.look()
    assert easel.shown == ["one", "complete"]
    easel.file.write_text("bad", encoding="utf-8")
    for _ in range(4):
        repainter.look()
    assert easel.shown == ["one", "complete", "bad"]
    assert repainter.last_drawn is not None
    assert repainter.last_drawn.sentence == "complete"


def test_a_stamp_tells_files_apart(tmp_path: Path) -> None:
    """Content, rights and the file itself change it; none exists for what is not there or cannot be named."""
    file = tmp_path / "file"
    assert stamp(file) is None
    assert stamp(Path("\0")) is None
    file.write_bytes(b"1")
    first = stamp(file)
    assert first == stamp(file)
    os.utime(file, ns=(0, 1))
    second = stamp(file)
    file.chmod(0o600)
    assert len({first, second}) == 2
