"""`retention facts backfill`: what Apple keeps of the past becomes facts, as if it had arrived when it was sent.

Four days are read at a time, and the pages of a day one after the other. Only the facts are written: outcome lines are
of what a stack saw happen, and a backfill sees the past at once. It may run next to live traffic: each row is merged
under its condition.

A page is merged before its day's row names the next one. So a command that is killed at any point goes on, at its next
run, with the four pages on which it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Final, Protocol, TypeAlias

from retention.notifications.history import TOO_FAR_BACK, AskPage, Page, TokenExpiredError

from console.appstore.errors import AppleError
from console.rollout.backfill_days import BackfillRows, DayProgress, HistoryDay, next_query
from console.terminal.failure import Failure
from console.terminal.output import ReportProgress

# So many days, or customers, are read at a time.
AT_A_TIME: Final = 4


class Learn(Protocol):
    """Merges signed tokens into customers' rows. For several threads at a time."""

    def __call__(self, page: Page) -> None:
        """Return when all of the page is merged, so that it need not be read again."""


# What a worker reports: a piece of work that is done, the error that ended the worker, or None at its end.
_Event: TypeAlias = BaseException | bool | None


@dataclass(slots=True)
class Crew:
    """Threads that take pieces of work one after the other, until there is none or `stop` is set.

    Each has an `AskPage`, or another client, of its own. The first error stops all of them and is raised.
    """

    stop: Event = field(default_factory=Event)

    def work(self, workers: Sequence[Callable[[], bool]], done: Callable[[], None]) -> None:
        """Call each worker, in a thread of its own, until it returns False. `done` is called after each piece.

        `done` is called in this thread. An interruption sets `stop`, waits for the pieces that were begun, and is
        raised.
        """
        events: SimpleQueue[_Event] = SimpleQueue()
        threads = [Thread(target=self._run, args=(worker, events), daemon=True) for worker in workers]
        for thread in threads:
            thread.start()
        try:
            error = self._watch(events, len(threads), done)
        except BaseException:
            self.stop.set()
            for thread in threads:
                thread.join()
            raise
        if error is not None:
            raise error

    def _run(self, worker: Callable[[], bool], events: SimpleQueue[_Event]) -> None:
        try:
            while not self.stop.is_set() and worker():
                events.put(item=True)
        except BaseException as error:  # noqa: BLE001  # it is raised in the thread that waits
            self.stop.set()
            events.put(error)
        events.put(None)

    @staticmethod
    def _watch(events: SimpleQueue[_Event], running: int, done: Callable[[], None]) -> BaseException | None:
        first: BaseException | None = None
        while running:
            event = events.get()
            if event is None:
                running -= 1
            elif isinstance(event, BaseException):
                first = first or event
            else:
                done()
        return first


@dataclass(slots=True)
class DaysBackfill:
    """Reads days of the notification history, each by one of several threads.

    `too_old` has the names of days that Apple, against its documentation, no longer lists.
    """

    rows: BackfillRows
    days: Sequence[HistoryDay]
    learn: Learn
    crew: Crew = field(default_factory=Crew)
    pages: Counter[str] = field(default_factory=Counter)
    too_old: list[str] = field(default_factory=list)
    left: int = 0
    _taking: Lock = field(default_factory=Lock)

    def run(self, asks: Sequence[AskPage], progress: ReportProgress) -> None:
        """Read what an earlier run left; `asks` has a client for each thread. Raises AppleError and AWS's errors.

        `left` is then how many days are not complete.
        """
        known = self.rows.read()
        todo = [(day, known.get(day.name)) for day in self.days if next_query(day, known.get(day.name)) is not None]
        self.left, waiting = len(todo), iter(todo)
        progress("days", len(self.days) - self.left, len(self.days))

        def done() -> None:
            self.left -= 1
            progress("days", len(self.days) - self.left, len(self.days))

        self.crew.work([self._worker(ask, waiting) for ask in asks], done)

    def forget(self) -> None:
        """Delete the rows of a complete backfill, so that the next one begins anew."""
        for day in self.days:
            self.rows.delete(day)

    def _worker(self, ask: AskPage, waiting: Iterator[tuple[HistoryDay, DayProgress | None]]) -> Callable[[], bool]:
        def work() -> bool:
            with self._taking:
                following = next(waiting, None)
            return following is not None and self._read(ask, *following)

        return work

    def _read(self, ask: AskPage, day: HistoryDay, progress: DayProgress | None) -> bool:
        """Read a day to its end. Returns False where the crew was stopped before."""
        begun_again = False
        while (following := next_query(day, progress)) is not None:
            if self.crew.stop.is_set():
                return False
            query, token = following
            try:
                page = ask(query, token)
            except TokenExpiredError:
                if begun_again:
                    raise Failure(
                        "Apple takes back every token that leads to the next page: try again later."
                    ) from None
                progress, begun_again = None, True
                continue
            except AppleError as error:
                if error.error_code != TOO_FAR_BACK:
                    raise
                self.too_old.append(day.name)
                return True
            self.learn(page)
            self.pages[day.name] += 1
            progress = DayProgress(query, page.next or "")
            self.rows.write(day, progress)
        return True
