"""One app's pull: what is asked, what moves the watermark, and what a run leaves to the next one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto import mock_aws
from retention.aws.app_table import AppTable
from retention.notifications.fates import Fate, IntakeVerdict
from retention.notifications.history import DAY_MS, HistoryFormatError, HistoryQuery, Page, TokenExpiredError
from retention.notifications.progress import ProgressRow, Reading, StoppedAt
from retention.notifications.pulling import (
    FIRST_MS,
    HOUR_MS,
    LISTING_DELAY_MS,
    MAX_GAP_MS,
    MINUTE_MS,
    OVERLAP_MS,
    PAGE_SECONDS,
    PUSH_LEAD_MS,
    HistoryUnreadableError,
    Pull,
    PullDelayedError,
    Pulled,
)

from console.local.rows import create_table
from tests.support.fake_table import APP, TABLE
from tests.support.moto_client import dynamodb_client

NOW = 1_796_000_000_000


@dataclass
class History:
    """Apple's list in memory: (instant, payload), two on a page. It notes the queries, and tokens may expire."""

    sent: list[tuple[int, str]] = field(default_factory=list)
    asked: list[tuple[HistoryQuery, str | None]] = field(default_factory=list)
    expired: set[str] = field(default_factory=set)

    def ask(self, query: HistoryQuery, after: str | None) -> Page:
        self.asked.append((query, after))
        if after in self.expired:
            raise TokenExpiredError("token_expired", "expired")
        found = [payload for at, payload in sorted(self.sent) if query.start <= at < query.end]
        begin = 0 if after is None else int(after)
        following = str(begin + 2) if len(found) > begin + 2 else None
        return Page(tuple(found[begin : begin + 2]), following)

    @property
    def queries(self) -> list[HistoryQuery]:
        """The queries whose first page was asked."""
        return [query for query, after in self.asked if after is None]


@dataclass
class Taken:
    """Takes in payloads: what comes a second time is nothing new. Those of `impossible` are delayed for `reason`."""

    payloads: list[str] = field(default_factory=list)
    impossible: set[str] = field(default_factory=set)
    reason: str = "ThrottlingException"

    def __call__(self, payloads: Sequence[str]) -> list[IntakeVerdict]:
        return [self._one(payload) for payload in payloads]

    def _one(self, payload: str) -> IntakeVerdict:
        if payload in self.impossible:
            return IntakeVerdict(Fate.DELAYED, self.reason)
        known = payload in self.payloads
        self.payloads.append(payload)
        return IntakeVerdict(Fate.NOTHING_NEW if known else Fate.MERGED)


@dataclass
class App:
    """An app whose history is pulled."""

    row: ProgressRow
    history: History = field(default_factory=History)
    taken: Taken = field(default_factory=Taken)

    def pull(self, now: int = NOW, pages: int = 1000, **more: Any) -> Pulled:
        """Run once, with time for so many pages."""
        left = iter([PAGE_SECONDS] * pages)
        return Pull(self.history.ask, self.taken, self.row, now, lambda: next(left, 0.0), **more).run()

    def settle(self, now: int = NOW) -> None:
        """Pull everything, and forget what was asked."""
        self.pull(now)
        self.history.asked.clear()
        self.taken.payloads.clear()


@pytest.fixture
def app() -> Iterator[App]:
    with mock_aws():
        client = dynamodb_client()
        create_table(client, TABLE)
        yield App(ProgressRow(AppTable(client, TABLE, APP)))


def test_the_first_run_reads_the_last_hours_and_both_repairs(app: App) -> None:
    """What is older is the backfill's. The history is complete since the first query began."""
    done = app.pull()
    assert app.history.queries == [
        HistoryQuery(NOW - FIRST_MS, NOW),
        HistoryQuery(NOW - 3 * HOUR_MS, NOW),
        HistoryQuery(NOW - 3 * DAY_MS, NOW),
    ]
    assert (done.caught_up, done.ended, done.gap) == (True, list(Reading), None)
    assert done.complete == (NOW - FIRST_MS, NOW - LISTING_DELAY_MS)
    assert app.row.read().since == NOW - FIRST_MS


def test_a_run_begins_fifteen_minutes_before_the_watermark(app: App) -> None:
    """Apple may list a notification some minutes after it was attempted; what comes twice teaches nothing."""
    app.settle()
    later = NOW + 5 * MINUTE_MS
    app.history.sent = [(NOW - MINUTE_MS, "listed late"), (NOW + MINUTE_MS, "new")]
    done = app.pull(later)
    assert app.history.queries == [HistoryQuery(NOW - OVERLAP_MS, later)]
    assert (app.taken.payloads, app.row.read().watermark) == (["listed late", "new"], later)
    app.pull(later + MINUTE_MS)
    assert (done.fates, done.pages, done.complete) == ({Fate.MERGED: 2}, 1, None)
    assert app.row.read().since == NOW - FIRST_MS


def test_the_repairs_come_due_by_the_hour_and_by_the_day(app: App) -> None:
    """After each hourly repair the history counts as complete up to two hours before it."""
    app.settle()
    done = app.pull(NOW + HOUR_MS - 1)
    assert done.ended == [Reading.NEWS]
    done = app.pull(NOW + HOUR_MS)
    assert (done.ended, done.complete) == ([Reading.NEWS, Reading.HOURLY], (NOW - FIRST_MS, NOW - HOUR_MS))
    app.history.asked.clear()
    done = app.pull(NOW + DAY_MS)
    assert app.history.queries[-2:] == [
        HistoryQuery(NOW + DAY_MS - 3 * HOUR_MS, NOW + DAY_MS),
        HistoryQuery(NOW - 2 * DAY_MS, NOW + DAY_MS),
    ]


def test_what_was_listed_two_hours_late_is_merged_before_its_time_counts_as_complete(app: App) -> None:
    """A notification listed two hours after it was attempted is in every claim of completeness that covers it."""
    app.settle()
    for attempted in range(NOW, NOW + 2 * HOUR_MS, 29 * MINUTE_MS):
        listed, name = attempted + LISTING_DELAY_MS, f"attempted at {attempted}"
        for now in range(NOW, NOW + 6 * HOUR_MS, 20 * MINUTE_MS):
            app.history.sent = [(attempted, name)] if now >= listed else []
            done = app.pull(now)
            if done.complete is not None and done.complete[1] > attempted:
                assert name in app.taken.payloads
        app.row.app_table.delete(app.row._key)
        app.settle()


def test_without_time_a_run_stops_and_the_next_one_goes_on_from_its_place(app: App) -> None:
    """No page is read twice, and the watermark moves when the last one is merged."""
    app.settle()
    app.history.sent = [(NOW + second, f"n{second}") for second in range(5)]
    later = NOW + 5 * MINUTE_MS
    done = app.pull(later, pages=2)
    assert (done.caught_up, done.ended, app.row.read().watermark) == (False, [], NOW)
    assert app.row.read().place(Reading.NEWS) == StoppedAt(HistoryQuery(NOW - OVERLAP_MS, later), "4")
    done = app.pull(later + MINUTE_MS)
    assert app.taken.payloads[:5] == ["n0", "n1", "n2", "n3", "n4"]
    assert app.history.asked[2] == (HistoryQuery(NOW - OVERLAP_MS, later), "4")
    assert (done.caught_up, app.row.read().watermark) == (True, later + MINUTE_MS)


def test_the_first_run_may_stop_too(app: App) -> None:
    """The history is then complete since the query that was first asked."""
    app.history.sent = [(NOW - second, f"n{second}") for second in range(1, 6)]
    app.pull(pages=1)
    app.pull(NOW + 5 * MINUTE_MS)
    assert app.row.read().since == NOW - FIRST_MS


def test_a_failure_leaves_the_watermark_and_the_next_run_reads_the_page_again(app: App) -> None:
    """A notification that cannot be taken in now is not passed by."""
    app.settle()
    app.history.sent = [(NOW + second, f"n{second}") for second in range(5)]
    app.taken.impossible = {"n3"}
    for _ in range(2):
        with pytest.raises(PullDelayedError) as caught:
            app.pull(NOW + MINUTE_MS)
        assert caught.value.code == "ThrottlingException"
    assert (app.row.read().watermark, app.taken.payloads.count("n0")) == (NOW, 1)
    app.taken.impossible = set()
    app.pull(NOW + 2 * MINUTE_MS)
    assert set(app.taken.payloads) == {"n0", "n1", "n2", "n3", "n4"}


@pytest.mark.parametrize("reason", ["no_release", "too_new"])
def test_what_cannot_be_taken_in_for_long_stops_nothing(app: App, reason: str) -> None:
    """One notification of an odd app or date would keep all others away; the repairs meet it again for three days."""
    app.settle()
    app.history.sent = [(NOW + 1, "odd"), (NOW + 2, "good")]
    app.taken.impossible, app.taken.reason = {"odd"}, reason
    done = app.pull(NOW + MINUTE_MS)
    assert (done.fates, app.row.read().watermark) == ({Fate.DELAYED: 1, Fate.MERGED: 1}, NOW + MINUTE_MS)


def test_an_answer_of_another_shape_moves_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watermark stands until Apple answers."""
    app.settle()

    def page_of_a_proxy(*_: object) -> Page:
        raise HistoryFormatError("history_format", "not JSON")

    monkeypatch.setattr(app.history, "ask", page_of_a_proxy)
    with pytest.raises(HistoryFormatError):
        app.pull(NOW + MINUTE_MS)
    assert app.row.read().watermark == NOW


def test_an_expired_token_begins_its_query_again(app: App) -> None:
    """The same query is asked from its first page: its pages are merged a second time, without effect."""
    app.settle()
    app.history.sent = [(NOW + second, f"n{second}") for second in range(3)]
    app.pull(NOW + MINUTE_MS, pages=1)
    app.history.asked.clear()
    app.history.expired = {"2"}
    with pytest.raises(HistoryUnreadableError):
        app.pull(NOW + 2 * MINUTE_MS)
    assert [after for _, after in app.history.asked] == ["2", None, "2"]
    app.history.expired = set()
    app.pull(NOW + 3 * MINUTE_MS)
    assert app.row.read().watermark == NOW + 3 * MINUTE_MS


def test_a_gap_is_closed_day_by_day(app: App) -> None:
    """The watermark moves on after each day, so that runs that are too short for all of it end all the same."""
    app.settle()
    later = NOW + 3 * DAY_MS + HOUR_MS
    app.pull(later, pages=2)
    assert app.row.read().watermark == NOW + 2 * DAY_MS
    app.pull(later)
    assert app.row.read().watermark == later
    assert app.row.read().since == NOW - FIRST_MS


def test_a_gap_of_more_than_two_weeks_is_the_backfills(app: App) -> None:
    """The pull begins as on its first day, and completeness begins anew."""
    app.settle()
    app.row.stop_at(Reading.NEWS, StoppedAt(HistoryQuery(NOW, NOW + MINUTE_MS), "long expired"))
    later = NOW + MAX_GAP_MS + HOUR_MS
    done = app.pull(later)
    assert (done.gap, app.row.read().since) == (later - FIRST_MS, later - FIRST_MS)
    assert app.history.queries[0] == HistoryQuery(later - FIRST_MS, later)


def test_a_clock_set_back_asks_for_nothing(app: App) -> None:
    """The watermark is ahead until the clock has passed it."""
    app.settle()
    done = app.pull(NOW - MINUTE_MS)
    assert (done.caught_up, app.history.asked) == (True, [])


def test_where_notifications_are_pushed_they_have_a_lead(app: App) -> None:
    """What the pull still brings then, push did not bring in 15 minutes: it can be counted."""
    app.history.sent = [(NOW - PUSH_LEAD_MS - 1, "not pushed"), (NOW - PUSH_LEAD_MS, "may be on its way")]
    app.pull(pushed=True)
    assert app.taken.payloads == ["not pushed"] * 3
    assert app.row.read().watermark == NOW - PUSH_LEAD_MS


def test_entries_without_a_payload_are_counted(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """They stop nothing: the rest of the page is merged."""
    monkeypatch.setattr(app.history, "ask", lambda *_: Page(("good",), None, unsigned=2))
    done = app.pull(pages=1)
    assert (done.unsigned, app.taken.payloads) == (2, ["good"])


def test_without_time_for_a_page_nothing_is_asked(app: App) -> None:
    """A page that could not be merged before the function is ended is not begun."""
    assert not app.pull(pages=0).caught_up
    assert app.history.asked == []
