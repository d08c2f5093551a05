"""Notifications of many lives, delivered in any order to eight workers at once, and in order to one.

    found = deliver(LivesPart(first=0, lives=60, events=20, seed=1))
    found.differing                  # rows that the two left different; there must be none

A part runs in one process, on a table in memory that takes one call at a time, so that workers overtake each other
between any two calls. Large runs are made of several parts in several processes.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from unittest.mock import patch

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.jws import SignedPayloadVerifier
from retention.notifications import intake as intake_module
from retention.notifications.history import Page
from retention.notifications.intake import PULL, PUSH
from retention.notifications.judge import LATE_LISTING, NotificationJudge
from retention.notifications.notification import read_notification

from console.rollout import backfill_learning as backfill_module
from console.rollout.backfill_learning import Learner
from console.simulator.authority import Authority
from tests.support.fake_table import APP, SETTINGS, TABLE
from tests.support.intake_on_fakes import IntakeOnFakes
from tests.support.notification_lives import AFTERWARDS, life_bodies, person_of
from tests.support.writable_table import WritableTable

WORKERS: Final = 8
MOST: Final = 10  # messages of a batch
COPIES: Final = 3
# So many lives are delivered at the same time: workers meet at their rows.
TOGETHER: Final = 40

# The third source is the console's: it learns from pages of tokens, and prints no lines.
BACKFILL: Final = "backfill"
SOURCES: Final = (PUSH, PULL, BACKFILL)


@dataclass(frozen=True)
class LivesPart:
    """`lives` customers from number `first` on, each with so many `events`."""

    first: int
    lives: int
    events: int
    seed: int


@dataclass
class DeliveredPart:
    """What a part was: how much was delivered, what became of it, and the rows that differ."""

    notifications: int = 0
    deliveries: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    rows: int = 0
    differing: list[str] = field(default_factory=list)
    lines: int = 0  # distinct notifications with a line

    def add(self, other: DeliveredPart) -> None:
        for name in ("notifications", "deliveries", "conflicts", "rows", "lines"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.fates += other.fates
        self.differing += other.differing


class OneCallAtATime:
    """A table of threads: each call is taken alone, and another thread may be next."""

    def __init__(self, table: WritableTable) -> None:
        self._table = table
        self._lock = threading.Lock()

    def __call__(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            return self._table.call(operation, request)


def deliver(part: LivesPart) -> DeliveredPart:
    """Deliver a part in both ways, and compare the rows."""
    authority = Authority.create()
    found = DeliveredPart()
    # A token is verified once: how often it is delivered changes nothing for its verification.
    reading = lru_cache(maxsize=None)(read_notification_once)

    def read(text: str, judge: NotificationJudge) -> Any:
        return reading(_token(text), _Key(judge))

    with (
        patch.object(intake_module, "read_notification", read),
        patch.object(backfill_module, "read_notification", read),
    ):
        for first in range(part.first, part.first + part.lives, TOGETHER):
            people = [person_of(number) for number in range(first, min(first + TOGETHER, part.first + part.lives))]
            lives = [
                life_bodies(part.seed * 1_000_000 + number, person, part.events, authority)
                for number, person in enumerate(people, first)
            ]
            _compare(found, people, lives, authority, random.Random(part.seed * 1_000_000 + first))
            reading.cache_clear()
    return found


def _token(text: str) -> str:
    """Return the token of a body, or the text itself if it is one."""
    return str(json.loads(text)["signedPayload"]) if text.startswith("{") else text


class _Key:
    """A judge as a key of the cache: all judges of a part judge alike."""

    def __init__(self, judge: Any) -> None:
        self.judge = judge

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key)


def read_notification_once(text: str, key: _Key) -> Any:
    return read_notification(text, key.judge)


def _compare(
    found: DeliveredPart,
    people: Sequence[str],
    lives: Sequence[list[str]],
    authority: Authority,
    choose: random.Random,
) -> None:
    ordered = _fakes(authority)
    intake = ordered.intake()
    for bodies in lives:
        for body in bodies:
            intake.take(body, PUSH)
    shuffled = _fakes(authority)
    queue = [body for bodies in lives for body in bodies for _ in range(choose.randint(1, COPIES))]
    choose.shuffle(queue)
    found.notifications += sum(map(len, lives))
    found.deliveries += len(queue)
    found.fates += _work(shuffled, queue, choose.random())
    found.conflicts += sum(error == "ConditionFailed" for _, _, error in shuffled.table.sent)
    found.lines += len({line["notificationUuid"] for line in shuffled.printed("merged")})
    for person in people:
        found.rows += 1
        if shuffled.row(person) != ordered.row(person):
            found.differing.append(person)
    keys = {name for fakes in (ordered, shuffled) for name in fakes.table.items if name[1] == rows.SUBSCRIPTION}
    assert keys == {(rows.customer_pk(APP, person), rows.SUBSCRIPTION) for person in people}


def _fakes(authority: Authority) -> IntakeOnFakes:
    table = WritableTable()
    table.publish(1)
    fakes = IntakeOnFakes(table=table, environment="Sandbox", roots=[authority.root_der], now=AFTERWARDS)
    fakes.call = OneCallAtATime(table)
    return fakes


def _learner(fakes: IntakeOnFakes) -> Learner:
    """Return what `retention facts backfill` learns with, on the same table."""
    verifier, apps = SignedPayloadVerifier(fakes.roots), {APP: str(SETTINGS["bundleId"])}
    app_table = AppTable(fakes.table.client(fakes.call), TABLE, APP)
    return Learner(app_table, lambda: NotificationJudge(verifier, apps, fakes.environment, fakes.now, LATE_LISTING))


def _work(fakes: IntakeOnFakes, queue: list[str], seed: float) -> Counter[str]:
    """Let eight workers empty the queue; what is delayed goes back to it.

    Returns how many deliveries met each fate; of those to the backfill, what became of the tokens.
    """
    fates: Counter[str] = Counter()
    lock = threading.Lock()
    learner = _learner(fakes)

    def worker(number: int) -> None:
        choose, intake = random.Random(f"{seed} {number}"), fakes.intake()
        while True:
            with lock:
                batch = [queue.pop() for _ in range(min(len(queue), choose.randint(1, MOST)))]
            if not batch:
                return
            source = choose.choice(SOURCES)
            if source == BACKFILL:
                learner(Page(tuple(map(_token, batch)), None))
                continue
            verdicts = intake.take_all(batch, source)
            with lock:
                queue.extend(body for body, verdict in zip(batch, verdicts, strict=True) if not verdict.settled)
                fates.update(verdict.fate.value for verdict in verdicts)

    workers = [threading.Thread(target=worker, args=(number,)) for number in range(WORKERS)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    with learner:  # ends its threads
        fates.update({f"{BACKFILL}: {found}": number for found, number in learner.learnt.tokens.items() if number})
    return fates
