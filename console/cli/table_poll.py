"""A table, read every two seconds in a thread of its own, so that a slow or absent AWS delays no repaint of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Final

from console.cli.editions import FoundTable
from console.deployment.target import Target, find_target
from console.deployment.where import Where
from console.file.document import read_named
from console.pages.watch import Stamp, stamp
from console.releases.overview import look_at_table
from console.releases.read import StoredRelease
from console.terminal.failure import Failure

READ_SECONDS: Final = 2.0


@dataclass(slots=True)
class NamedTable:
    """The table that `where` names; a call reads it. The stack is found again only where the file names another."""

    where: Where
    _file: Stamp = None
    _target: Target | None = None
    _named: object = None
    _live: StoredRelease | None = None

    def __call__(self) -> FoundTable:
        """Return the table and what it has. Raises Failure, Mistakes and AWS's errors."""
        target = self._found()
        overview = look_at_table(target.app_table, self._live)
        self._live = overview.live
        return FoundTable(target, overview)

    def _found(self) -> Target:
        now = stamp(self.where.file)
        if self._target is not None and now == self._file:
            return self._target
        try:
            document = read_named(self.where.file)
        except (OSError, Failure):
            if self._target is None:
                raise
            return self._target  # the page has what is wrong in the file
        named = document.app, document.environments.get(self.where.env or "")
        if self._target is None or named != self._named:
            self._target, self._named, self._live = find_target(self.where, document), named, None
        self._file = now
        return self._target


@dataclass(slots=True)
class TablePoll:
    """What was last read, for the thread that paints. `failure` has the error that prevented the last reading."""

    read: Callable[[], FoundTable]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    found: FoundTable | None = None
    read_at: datetime | None = None
    failure: Exception | None = None
    number: int = 0
    _stopping: Event = field(default_factory=Event)

    def once(self) -> None:
        """Read once; `number` rises where something differs from the last reading."""
        before = self.found, repr(self.failure)
        try:
            self.found, self.failure = self.read(), None
            self.read_at = self.clock()
        except Exception as error:  # noqa: BLE001  # the page shows any error, and reading goes on
            self.failure = error
        if (self.found, repr(self.failure)) != before:
            self.number += 1

    def latest(self, _where: Where | None = None) -> FoundTable:
        """Return what was last read. Raises what prevented the first reading, and Failure while that goes on."""
        if self.found is not None:
            return self.found
        raise self.failure or Failure("The table is being read.")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read every two seconds until the block ends. A reading that is under way then is not waited for."""
        Thread(target=self._run, daemon=True).start()
        try:
            yield
        finally:
            self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.once()
            self._stopping.wait(READ_SECONDS)


def table_poll(draft: Path | None, where: Where) -> TablePoll | None:
    """Return the poll of the table that is named; None where none is."""
    if where.env is None and where.table is None:
        return None
    return TablePoll(NamedTable(replace(where, file=draft or where.file)))
