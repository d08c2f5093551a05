"""One app's pull: what Apple's notification history has since the last run, and its repair.

The news is everything attempted since 15 minutes before the watermark, which moves on only when all pages of a query
are merged. By which instant Apple filters, and how soon it lists a notification, is not documented. So every hour the
last three hours are read again, and every night the last three days: what was listed up to two hours late is merged
by the next hourly repair, and after it the history counts as complete up to two hours before it.

Nothing is counted twice: what was merged before teaches nothing. A run that is stopped, killed or overlaps another
leaves nothing that the next one does not repair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from retention.errors import RetentionError
from retention.notifications.fates import Fate, IntakeVerdict
from retention.notifications.history import DAY_MS, AskPage, HistoryQuery, TokenExpiredError
from retention.notifications.progress import Progress, ProgressRow, Reading, StoppedAt

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS

# How much before the watermark the news begins.
OVERLAP_MS: Final = 15 * MINUTE_MS
# Where the news begins on the first run, and after so long a gap: what is older is for `retention facts backfill`.
FIRST_MS: Final = 6 * HOUR_MS
MAX_GAP_MS: Final = 14 * DAY_MS
# The longest query of the news. The watermark moves on with each, so that a long gap is closed over several runs.
QUERY_MS: Final = DAY_MS
# Where notifications are pushed too, those have this long to arrive: what the pull then still brings, push did not.
PUSH_LEAD_MS: Final = 15 * MINUTE_MS

# By repair: how often it is due, and how far back it reads.
REPAIRS: Final[Mapping[Reading, tuple[int, int]]] = {
    Reading.HOURLY: (HOUR_MS, 3 * HOUR_MS),
    Reading.NIGHTLY: (DAY_MS, 3 * DAY_MS),
}
# The delay of Apple's list that the hourly repair allows for.
LISTING_DELAY_MS: Final = 2 * HOUR_MS

# A page is begun only with this much time left, so that it is merged before the function is ended.
PAGE_SECONDS: Final = 20.0

# Why a notification is DELAYED that would stop the pull for as long as it is listed: of another app, or with a date in
# the future. It is passed by, and the repairs meet it again for three days.
_PASSED_BY: Final = frozenset({"no_release", "too_new"})

# Takes in a page of signed payloads, and returns what became of each.
TakeIn = Callable[[Sequence[str]], Sequence[IntakeVerdict]]


class HistoryUnreadableError(RetentionError):
    """Apple takes back every token that leads to the next page."""


class PullDelayedError(RetentionError):
    """A notification cannot be taken in now; the next run begins with its page."""


@dataclass(slots=True)
class Pulled:
    """What one run did for one app.

    `fates` counts what became of the notifications, `pages` Apple's answers. `caught_up`: all news was merged.
    `complete`: since when and until when the history is complete, UNIX ms, after an hourly repair. `gap`: the news
    before this instant is left to a backfill. `unsigned` counts entries without a signed payload, and `ended` has the
    readings that were completed.
    """

    pages: int = 0
    unsigned: int = 0
    fates: Counter[Fate] = field(default_factory=Counter)
    caught_up: bool = False
    gap: int | None = None
    complete: tuple[int, int] | None = None
    ended: list[Reading] = field(default_factory=list)


@dataclass(slots=True)
class Pull:
    """One app's pull, wired. `now` is the instant of the run, UNIX ms; `time_left` has the seconds left for it."""

    ask: AskPage
    take_in: TakeIn
    row: ProgressRow
    now: int
    time_left: Callable[[], float]
    pushed: bool = False
    done: Pulled = field(default_factory=Pulled)

    def run(self) -> Pulled:
        """Read the news, then the repairs that are due, for as long as there is time.

        Raises AppleCallError, HistoryFormatError, HistoryUnreadableError, PullDelayedError and the SDK's own errors;
        `done` then has what was done before.
        """
        self.done.caught_up = self._news()
        for reading, (every, back) in REPAIRS.items():
            if self.done.caught_up:
                self._repair(reading, every, back)
        return self.done

    @property
    def _end(self) -> int:
        """Up to which instant this run reads."""
        return self.now - (PUSH_LEAD_MS if self.pushed else 0)

    def _news(self) -> bool:
        """Read from the watermark on, one query after the other. Returns whether that reached the end."""
        while True:
            progress = self.row.read()
            watermark, since = progress.watermark, progress.since
            if watermark is not None and watermark >= self._end:
                return True
            if watermark is None or watermark < self._end - MAX_GAP_MS:
                query, since = HistoryQuery(self._end - FIRST_MS, self._end), None
                self.done.gap = None if watermark is None else query.start
            else:
                query = HistoryQuery(watermark - OVERLAP_MS, min(watermark + QUERY_MS, self._end))
            read = self._read(Reading.NEWS, self._place(progress, Reading.NEWS), query)
            if read is None:
                return False
            self.row.end_at(Reading.NEWS, read.end, read.start if since is None else since)
            self.done.ended.append(Reading.NEWS)

    def _repair(self, reading: Reading, every: int, back: int) -> None:
        progress = self.row.read()
        place, last = self._place(progress, reading), progress.until.get(reading)
        if place is None and last is not None and self._end - last < every:
            return
        read = self._read(reading, place, HistoryQuery(self._end - back, self._end))
        if read is None:
            return
        self.row.end_at(reading, read.end)
        self.done.ended.append(reading)
        until = read.end - LISTING_DELAY_MS
        if reading is Reading.HOURLY and progress.since is not None and progress.since < until:
            self.done.complete = (progress.since, until)

    def _place(self, progress: Progress, reading: Reading) -> StoppedAt | None:
        """Return where a reading goes on, None where it stopped so long ago that it had better begin anew."""
        found = progress.place(reading)
        return found if found is not None and found.query.end >= self._end - MAX_GAP_MS else None

    def _read(self, reading: Reading, place: StoppedAt | None, query: HistoryQuery) -> HistoryQuery | None:
        """Merge all pages of a query, from the place at which it stopped. Returns the query that was read.

        None where time ran out: the place of the next page is then in the row.
        """
        token = None
        if place is not None:
            query, token = place.query, place.token
        begun_again = False
        while self.time_left() >= PAGE_SECONDS:
            try:
                page = self.ask(query, token)
            except TokenExpiredError:
                if begun_again:
                    raise HistoryUnreadableError("history_unreadable", "Apple takes no token of its pages") from None
                token, begun_again = None, True
                continue
            self._take_in(page.signed)
            self.done.pages += 1
            self.done.unsigned += page.unsigned
            token = page.next
            if token is None:
                return query
            self.row.stop_at(reading, StoppedAt(query, token))
        return None

    def _take_in(self, signed: Sequence[str]) -> None:
        verdicts = self.take_in(signed) if signed else ()
        self.done.fates.update(verdict.fate for verdict in verdicts)
        for verdict in verdicts:
            if not verdict.settled and verdict.reason not in _PASSED_BY:
                raise PullDelayedError(verdict.reason, "a notification cannot be taken in now", **verdict.evidence)
