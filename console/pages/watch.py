"""Paint again when a file, an image or the table has changed: files are looked at ten times a second, and not read.

A file that is being written is broken for a moment. So mistakes are shown only where the next look finds the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from console.pages.live import Notice
from console.pages.page import Drawn

LOOK_SECONDS: Final = 0.1

# Inode, size, and the times of the last change of content and of rights, in ns; None where there is no such file.
Stamp: TypeAlias = tuple[int, int, int, int] | None


def stamp(path: Path) -> Stamp:
    """Return what changes when a file is written, replaced by another of its name, or made readable again."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@dataclass(frozen=True, slots=True)
class Painted:
    """What one painting gave: `drawn` is None where the file cannot be drawn, which `notice` explains.

    `files` is all that it depends on. `sentence` is what the terminal prints.
    """

    title: str
    drawn: Drawn | None
    notice: Notice | None
    files: tuple[Path, ...]
    sentence: str


@dataclass(slots=True)
class Repainter:
    """Paints again after a change. `table()` changes when the table does; `show` gets what is to be shown."""

    paint: Callable[[], Painted]
    show: Callable[[Painted], None]
    files: tuple[Path, ...]
    table: Callable[[], object] = lambda: None
    _seen: tuple[object, dict[Path, Stamp]] | None = None
    _held: Painted | None = None
    _good: Painted | None = field(default=None)

    def look(self) -> None:
        """Look once; paint and show where something changed since the last look."""
        # Before the files are read: what is written meanwhile is another change.
        now = self.table(), _stamps(self.files)
        if now == self._seen:
            self._show_held()
            return
        painted = self.paint()
        known = now[1]
        self.files = painted.files or self.files
        self._seen = now[0], {path: known[path] if path in known else stamp(path) for path in self.files}
        self._held = None
        if painted.drawn is None:
            self._held = painted
        else:
            self._good = painted
            self.show(painted)

    def _show_held(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self.show(held)

    @property
    def last_drawn(self) -> Painted | None:
        """What was last drawn without a mistake."""
        return self._good


def _stamps(files: Iterable[Path]) -> dict[Path, Stamp]:
    return {path: stamp(path) for path in files}
