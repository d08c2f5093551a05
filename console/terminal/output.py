"""What the commands print: tables, sentences and progress for people, one JSON document for programs.

With `--json`, standard output has that document and nothing else. Colour is used on terminals only, without NO_COLOR.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from console.terminal.controls import without_controls
from console.terminal.failure import Failure

# Columns of a table in a file or a pipe, which have no width of their own.
_WIDE: Final = 200
_NARROWEST: Final = 20
_LINE_SECONDS: Final = 60.0
_ID: Final = 36  # characters of a UUID

# Called with a step, how much of it is done, and how much there is.
ReportProgress: TypeAlias = Callable[[str, int, int], None]


def no_progress(_step: str, _done: int, _total: int) -> None:
    """ReportProgress nothing."""


class Output:
    """A command's output: sentences and tables, or with `as_json` one JSON document."""

    def __init__(self, *, as_json: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.as_json = as_json
        self._clock = clock
        self._out, self._err = _console(sys.stdout), _console(sys.stderr)

    def print(self, text: str, style: str | None = None) -> None:
        """Print a sentence; nothing with --json."""
        if not self.as_json:
            self._out.print(_plain(text), style=style, soft_wrap=True, highlight=False)

    def warn(self, text: str) -> None:
        """Print a sentence on standard error, also with --json."""
        self._err.print(_plain(text), style="yellow", soft_wrap=True, highlight=False)

    def note(self, text: str) -> None:
        """Print a sentence for a person who waits: on standard output, with --json on standard error."""
        (self._err if self.as_json else self._out).print(_plain(text), soft_wrap=True, highlight=False)

    def document(self, document: object) -> None:
        """Print the one JSON document; nothing without --json."""
        if self.as_json:
            sys.stdout.write(_writable(document, sys.stdout.encoding))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], style: str = "") -> None:
        """Print rows under their columns, nothing with --json; `style` is of the rows."""
        if self.as_json:
            return
        table = Table(box=None, pad_edge=False, header_style="bold", style=style)
        for column in columns:
            # Users copy ids and names of facts, so none is broken over two lines.
            table.add_column(
                column, overflow="fold", no_wrap=column in {"id", "fact"}, min_width=_ID if column == "id" else None
            )
        for row in rows:
            table.add_row(*map(_plain, row))
        self._out.print(table)

    def failure(self, sentence: str, details: Mapping[str, Any] | None = None) -> None:
        """Print why the command failed: on standard error, or in the JSON document."""
        if self.as_json:
            self.document({"error": sentence, **(details or {})})
        else:
            self._err.print(_plain(sentence), style="red", soft_wrap=True, highlight=False)

    @contextmanager
    def progress(self) -> Iterator[ReportProgress]:
        """Give a function (step, done, total) that draws a bar on a terminal, or writes a line about once a minute."""
        bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=self._err, transient=True
        )
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
            bar.update(tasks[step], completed=done, total=total)

        if self._err.is_terminal:
            with bar:
                yield report
        else:
            yield self._lines()

    def _lines(self) -> ReportProgress:
        """Return a function that writes a line on standard error about once a minute, so that a log shows progress."""
        printed = self._clock()

        def report(step: str, done: int, total: int) -> None:
            nonlocal printed
            if self._clock() - printed >= _LINE_SECONDS:
                printed = self._clock()
                self._err.print(f"{step}: {done} of {total}", soft_wrap=True, highlight=False)

        return report


def ask_operator(question: str) -> str:
    """Return the line that the operator types after `question`, without its end. Raises Failure where none comes.

    The question goes to standard error: standard output may be a file, and with --json it holds one document.
    """
    sys.stderr.write(question)
    sys.stderr.flush()
    try:
        return input()
    except EOFError:
        raise Failure("The question was not answered, and nothing was changed.") from None


def prepare_streams() -> None:
    """Let both streams accept any text: what their encoding lacks is escaped, and a closed stream discards it.

    An unusable width, such as the 0 of a terminal that does not know its own, is ignored.
    """
    for name, least in (("COLUMNS", _NARROWEST), ("LINES", 1)):
        value = os.environ.get(name, "")
        if value and not (re.fullmatch("[0-9]{1,4}", value) and int(value) >= least):
            del os.environ[name]
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the program that started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # it stays open as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _plain(text: str) -> str:
    """Return a text that is printed as it is: it has no markup of rich, and nothing that a terminal carries out."""
    return escape(without_controls(text))


def _writable(document: object, encoding: str | None) -> str:
    """Return JSON text; characters that the encoding lacks are escaped."""
    text = json.dumps(document, ensure_ascii=False, indent=2, default=_json_value) + "\n"
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(document, indent=2, default=_json_value) + "\n"
    return text


def _json_value(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _console(stream: IO[str]) -> Console:
    return Console(file=stream) if stream.isatty() else Console(file=stream, width=_WIDE)
