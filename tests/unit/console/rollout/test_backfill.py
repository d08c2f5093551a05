"""The threads of a backfill: which pages are asked, what a killed run leaves, and how an error ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import pytest
from moto import mock_aws
from retention.aws.app_table import AppTable
from retention.notifications.history import TOO_FAR_BACK, HistoryQuery, Page, TokenExpiredError
from retention.request import PRODUCTION

from console.appstore.errors import AppleError, Kind
from console.local.rows import create_table
from console.rollout.backfill import AT_A_TIME, Crew, DaysBackfill
from console.rollout.backfill_days import BackfillRows, HistoryDay, days_back
from console.terminal.failure import Failure
from console.terminal.output import no_progress
from tests.support.fake_table import APP, TABLE
from tests.support.moto_client import dynamodb_client

NOW = datetime(2026, 11, 30, 18, 0, tzinfo=UTC)
DAYS = days_back(NOW, 5, PRODUCTION)
PAGES = 3


@dataclass
class Apple:
    """Three pages a day; `failing` raises for a call, `(start, token)`, and is asked first."""

    failing: Callable[[HistoryQuery, str | None], None] = lambda _query, _after: None
    asked: list[tuple[int, str | None]] = field(default_factory=list)

    def ask(self, query: HistoryQuery, after: str | None) -> Page:
        self.asked.append((query.start, after))
        self.failing(query, after)
        number = int(after or 0) + 1
        return Page((f"{query.start}/{number}",), str(number) if number < PAGES else None)


@dataclass
class Learned:
    """Keeps what was learned."""

    tokens: list[str] = field(default_factory=list)
    stop_after: int = 10_000
    stop: Callable[[], None] = lambda: None
    lock: Any = field(default_factory=Lock)

    def __call__(self, page: Page) -> None:
        with self.lock:
            self.tokens += page.signed
            if len(self.tokens) == self.stop_after:
                self.stop()


@pytest.fixture
def kept() -> Iterator[BackfillRows]:
    with mock_aws():
        client = dynamodb_client()
        create_table(client, TABLE)
        yield BackfillRows(AppTable(client, TABLE, APP))


def refused(number: int) -> AppleError:
    return AppleError(Kind.REFUSED, "Apple refuses it.", error_code=number)


def everything(days: list[HistoryDay] = DAYS) -> set[str]:
    return {f"{day.start}/{number}" for day in days for number in range(1, PAGES + 1)}


def test_every_page_of_every_day_is_learned_once(kept: BackfillRows) -> None:
    """The pages of a day are asked in their order; progress counts days."""
    apple, learned, shown = Apple(), Learned(), list[tuple[str, int, int]]()
    work = DaysBackfill(kept, DAYS, learned)
    work.run([apple.ask] * AT_A_TIME, lambda *progress: shown.append(progress))
    assert (sorted(learned.tokens), work.left) == (sorted(everything()), 0)
    for day in DAYS:
        assert [after for start, after in apple.asked if start == day.start] == [None, "1", "2"]
    assert shown == [("days", number, 5) for number in range(6)]
    assert work.pages.total() == PAGES * len(DAYS)


def test_with_one_thread_the_newest_day_comes_first(kept: BackfillRows) -> None:
    """If the command is stopped, most of what rules ask for is known."""
    apple = Apple()
    DaysBackfill(kept, DAYS, Learned()).run([apple.ask], no_progress)
    assert [start for start, after in apple.asked if after is None] == [day.start for day in DAYS]


def test_a_complete_backfill_forgets_its_days(kept: BackfillRows) -> None:
    """The next one reads everything anew, as after an update of the console."""
    work = DaysBackfill(kept, DAYS, Learned())
    work.run([Apple().ask], no_progress)
    assert len(kept.read()) == len(DAYS)
    again = Apple()
    DaysBackfill(kept, DAYS, Learned()).run([again.ask], no_progress)
    assert again.asked == []
    work.forget()
    assert kept.read() == {}


@pytest.mark.parametrize("pages", range(1, PAGES * len(DAYS)))
def test_a_stopped_backfill_goes_on_with_the_page_it_was_on(kept: BackfillRows, pages: int) -> None:
    """However far it came, no page is learned twice or left out."""
    crew, learned = Crew(), Learned(stop_after=pages)
    learned.stop = crew.stop.set
    work = DaysBackfill(kept, DAYS, learned, crew)
    work.run([Apple().ask], no_progress)
    assert work.left == len(DAYS) - pages // PAGES
    DaysBackfill(kept, DAYS, learned).run([Apple().ask] * 2, no_progress)
    assert sorted(learned.tokens) == sorted(everything())


def test_a_page_that_was_not_learned_is_asked_again(kept: BackfillRows) -> None:
    """The row names the next page only when this one is merged; the error stops all threads and is raised."""

    def away(page: Page) -> None:
        if page.signed[0].endswith("/2"):
            raise RuntimeError("DynamoDB is away")

    apple = Apple()
    with pytest.raises(RuntimeError, match="DynamoDB is away"):
        DaysBackfill(kept, DAYS, away).run([apple.ask] * AT_A_TIME, no_progress)
    assert not any(after == "2" for _, after in apple.asked)
    learned = Learned()
    DaysBackfill(kept, DAYS, learned).run([Apple().ask], no_progress)
    assert {f"{day.start}/2" for day in DAYS} <= set(learned.tokens)


def test_an_expired_token_restarts_its_day(kept: BackfillRows) -> None:
    """A token that an earlier run left may have expired; another day is not touched."""
    crew, learned = Crew(), Learned(stop_after=2)
    learned.stop = crew.stop.set
    DaysBackfill(kept, DAYS, learned, crew).run([Apple().ask], no_progress)
    expired = [True]

    def expire(_: HistoryQuery, after: str | None) -> None:
        if after is not None and expired.pop():
            expired.append(False)
            raise TokenExpiredError("token_expired", "expired")

    apple = Apple(lambda query, after: expire(query, after) if expired[0] else None)
    DaysBackfill(kept, DAYS, learned).run([apple.ask], no_progress)
    assert [after for start, after in apple.asked if start == DAYS[0].start] == ["2", None, "1", "2"]
    assert set(learned.tokens) == everything()


def test_tokens_that_always_expire_end_the_backfill(kept: BackfillRows) -> None:
    """It does not ask for the same pages without an end."""

    def expire(_: HistoryQuery, after: str | None) -> None:
        if after is not None:
            raise TokenExpiredError("token_expired", "expired")

    with pytest.raises(Failure, match="takes back every token"):
        DaysBackfill(kept, DAYS, Learned()).run([Apple(expire).ask], no_progress)


def test_a_day_that_apple_no_longer_lists_is_passed_by(kept: BackfillRows) -> None:
    """Apple may keep less than it documents: the days that it lists are learned."""

    def shorter(query: HistoryQuery, _: str | None) -> None:
        if query.start <= DAYS[3].start:
            raise refused(TOO_FAR_BACK)

    learned = Learned()
    work = DaysBackfill(kept, DAYS, learned)
    work.run([Apple(shorter).ask], no_progress)
    assert (sorted(work.too_old), work.left) == (sorted(day.name for day in DAYS[3:]), 0)
    assert set(learned.tokens) == everything(DAYS[:3])


def test_any_other_refusal_ends_it(kept: BackfillRows) -> None:
    """The operator reads Apple's reason."""

    def refuse(_: HistoryQuery, __: str | None) -> None:
        raise refused(4000015)

    with pytest.raises(AppleError, match="Apple refuses it"):
        DaysBackfill(kept, DAYS, Learned()).run([Apple(refuse).ask] * AT_A_TIME, no_progress)


def test_an_interruption_waits_for_the_pages_that_were_begun() -> None:
    """Ctrl-C reaches the main thread; the others end after their page, and nothing is half written."""
    crew, ended = Crew(), list[str]()

    def work() -> bool:
        crew.stop.wait(60)
        ended.append("page merged")
        return True

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crew.work([lambda: True, work], interrupted)
    assert ended == ["page merged"]
