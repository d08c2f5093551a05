"""The steps of `preview --watch`: serve the page, and draw it again after each change of file, image or table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import typer

from console.cli.preview_run import PreviewQuestion, page_facts, read_images, read_preview
from console.cli.sentences import sentence
from console.cli.table_poll import TablePoll, table_poll
from console.file.document import read_document
from console.file.entries import Document
from console.file.mistakes import Mistakes
from console.file.paths import find_file
from console.file.wording import instant_text
from console.pages.live import Notice, live_version
from console.pages.live_server import ShownVersion, serving
from console.pages.page import draw
from console.pages.preview_report import summary
from console.pages.thumbnails import KeptThumbnails
from console.pages.watch import LOOK_SECONDS, Painted, Repainter
from console.simulator.ports import naming_the_port
from console.terminal.failure import Failure, Misuse
from console.terminal.ordinary_file import is_passed
from console.terminal.output import Output, no_progress
from console.terminal.program import explanation
from console.terminal.words import plural

_STOP: Final = "Ctrl-C stops it."


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """Where to serve, whether to open the browser, and whether `--at` fixed the time that is judged by."""

    port: int
    opened: bool
    fixed: bool


def watch_preview(question: PreviewQuestion, options: WatchOptions, out: Output) -> None:
    """Serve the page until Ctrl-C. Raises Failure and Misuse where there is nothing to watch."""
    name = _check(question)
    poll = table_poll(question.draft, question.where)
    first = () if poll is None else ("The table is being read.",)
    shown = ShownVersion(live_version(name, None, Notice(f"{name} is being drawn", sentences=first, stale=False)))
    painter = Painter(question, name, poll, fixed=options.fixed)
    repainter = Repainter(
        painter.paint, lambda painted: _show(painted, repainter, shown, out), painter.first_files(), painter.seen_table
    )
    with suppress(KeyboardInterrupt), ExitStack() as parts:
        if poll is not None:
            parts.enter_context(poll.reading())
        with naming_the_port(options.port, "--port"):
            address = parts.enter_context(serving(shown, options.port))
        what = "follows its table" if question.draft is None else "repaints when it is saved"
        out.print(f"{address} shows {name}, and {what}. {_STOP}", "green")
        out.print("The page shows texts that may not be published yet, to this computer alone.")
        if options.opened:
            typer.launch(address)
        while True:
            if poll is None or poll.number:
                repainter.look()
            time.sleep(LOOK_SECONDS)
    out.print("Stopped. The page in the browser stays as it is.")


def _check(question: PreviewQuestion) -> str:
    """Return what the page calls its source. Raises Failure where nothing can be watched."""
    draft, where = question.draft, question.where
    if draft is None:
        if where.env is None and where.table is None:
            raise Misuse("Name a file to watch, or the environment with --env, or the table with --table.")
        return f"the live release of {where.env or where.table}"
    if is_passed(draft):
        raise Misuse(f"{draft} is a pipe, which can be read only once: name a file to watch.")
    if not find_file(draft.parent, draft.name).exists():
        raise Failure(f"There is no {draft}: name a file to watch, or write one with `retention init`.")
    return draft.name


def _show(painted: Painted, repainter: Repainter, shown: ShownVersion, out: Output) -> None:
    good, notice = repainter.last_drawn, painted.notice
    if painted.drawn is None and notice is not None:
        below = "The page below is the last one without mistakes." if good else "The page comes once this is corrected."
        notice = replace(notice, below=below, stale=good is not None)
    shown.show(live_version(painted.title, None if good is None else good.drawn, notice))
    now = datetime.now().astimezone()
    if painted.drawn is None:
        out.failure(f"{now:%H:%M:%S} {painted.sentence}")
    else:
        out.print(f"{now:%H:%M:%S} {painted.sentence}")


@dataclass(slots=True)
class Painter:
    """Draws what a question asks for, as it is now, and puts every error into words."""

    question: PreviewQuestion
    name: str
    poll: TablePoll | None
    fixed: bool = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _images: KeptThumbnails = field(default_factory=dict)

    def seen_table(self) -> int:
        """Return a number that rises with each change of the table."""
        return 0 if self.poll is None else self.poll.number

    def first_files(self) -> tuple[Path, ...]:
        """Return what is known to be needed before anything was read."""
        return tuple(self._named())

    def paint(self) -> Painted:
        """Draw once. Every error becomes a notice."""
        question = self.question if self.fixed else replace(self.question, at=self.clock())
        try:
            if self.poll is None:
                read = read_preview(question, no_progress)
            else:
                read = read_preview(question, no_progress, self.poll.latest)
            images = read_images(read, no_progress, self._images)
            drawn = draw(read.made, images, page_facts(question, read.document, live=True))
        except Exception as error:  # noqa: BLE001  # the page shows it, and the next change is drawn again
            return self._failed(error)
        documents = [read.document, *([] if read.before is None else [read.before.document])]
        files = (*self._named(), *(path for each in documents for path in image_files(each)))
        return Painted(drawn.title, drawn, self._table_notice(), files, summary(read.made.counts))

    def _failed(self, error: Exception) -> Painted:
        files = list(self._named())
        for path in self._named():
            # Images that could not be used are to be looked at, too; what is no YAML names none.
            with suppress(Failure, OSError):
                files += image_files(read_document(path))
        if isinstance(error, Mistakes):
            number = plural(len(error.mistakes), "mistake")
            notice = Notice(f"{number} in {Path(error.file).name}", error.mistakes)
            return Painted(self.name, None, notice, tuple(files), f"{number}:\n{error}")
        words = explanation(error, sentence)
        notice = Notice(f"{self.name} cannot be drawn", sentences=(words,))
        return Painted(self.name, None, notice, tuple(files), words)

    def _table_notice(self) -> Notice | None:
        """Return what prevents the table from being read now, though it could be before."""
        if self.poll is None or self.poll.failure is None or self.poll.read_at is None:
            return None
        words = explanation(self.poll.failure, sentence)
        below = f"What is drawn below has the states of {instant_text(self.poll.read_at.timestamp())}."
        return Notice("The table cannot be read now", sentences=(words,), below=below, stale=False)

    def _named(self) -> Iterator[Path]:
        """Yield the files that the command line names."""
        draft = self.question.draft or (self.question.where.file if self.question.where.env else None)
        against = self.question.against
        for path in (draft, None if against is None or against == "live" or against.isdecimal() else Path(against)):
            if path is not None:
                yield find_file(path.parent, path.name)


def image_files(document: Document) -> list[Path]:
    """Return the paths of the images that a file names; none of a release, which has none."""
    base = document.base_dir
    return [] if base is None else [find_file(base, one.file) for one in document.images.values() if one.file]
