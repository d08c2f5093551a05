"""Notifications in any order and any number of times, killed on the way, and with the table away for hours."""

from __future__ import annotations

import itertools
import multiprocessing
import random
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.notifications.queues import Relay

from console.local.rows import create_table
from console.simulator.authority import Authority
from tests.support.fake_table import APP
from tests.support.intake_on_fakes import IntakeOnFakes
from tests.support.killed_intakes import ANSWER, LINES, PARKING, RELAY, IntakeJob, start_intake
from tests.support.killed_processes import client_of
from tests.support.notification_lives import AFTERWARDS, life_bodies, notice, person_of
from tests.support.notifications_entry import FunctionContext, notifications_entry
from tests.support.reliability_page import keep, size
from tests.support.shuffled_deliveries import DeliveredPart, LivesPart, deliver
from tests.support.simulated_queue import DAY, SimulatedQueues
from tests.support.waiting import PATIENCE
from tests.support.writable_table import WritableTable

AUTHORITY: Final = Authority.create()


@dataclass
class Figures:
    """The rows of the page's table: what was done, how often, what came of it."""

    rows: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def add(self, place: str, done: str, how_often: str, result: str) -> None:
        self.rows[place] = (done, how_often, result)


PLACES = ("order", "kills", "outage")


@pytest.fixture(scope="module")
def figures() -> Iterator[Figures]:
    made = Figures()
    yield made
    if set(made.rows) == set(PLACES):
        text = (
            "Notifications of simulated subscriptions, signed and nested as Apple's are, were taken in by the code that"
            " Lambda runs. Rows are compared byte for byte with those of a run in order, undisturbed, each"
            " notification once."
        )
        keep("notifications", text, ("what was done", "how often", "result"), [made.rows[place] for place in PLACES])


# Order

LIVES = size(5_000, 80)
EVENTS = 20
PARTS = size(8, 1)


def test_order_and_copies_leave_the_same_rows(figures: Figures) -> None:
    """Shuffled, each one to three times, by eight workers at once from three sources: the rows of one run in order."""
    found = DeliveredPart()
    each = LIVES // PARTS
    parts = [LivesPart(number * each, each, EVENTS, seed=number) for number in range(PARTS)]
    if PARTS == 1:
        found.add(deliver(parts[0]))
    else:
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            for part in pool.map(deliver, parts):
                found.add(part)
    assert found.differing == []
    assert (found.rows, found.notifications) == (LIVES, LIVES * EVENTS)
    assert set(found.fates) <= {"merged", "nothing new", "delayed", "backfill: learned"}
    assert found.fates.total() - found.fates["delayed"] == found.deliveries
    # What a backfill brings first has no line.
    assert found.fates["merged"] >= found.lines > 0.5 * found.notifications
    assert found.fates["backfill: learned"] > 0.2 * found.deliveries
    assert found.conflicts > 0
    figures.add(
        "order",
        f"{found.notifications:,} notifications of {found.rows:,} subscriptions, shuffled, each one to three times, in"
        " batches of 1 to 10 by 8 workers at once, from push, pull and backfill",
        f"{found.deliveries:,} deliveries, {found.conflicts:,} of them overtaken at their write",
        f"{len(found.differing)} rows differ",
    )


# The table away

HOUR: Final = 3600.0
AWAY: Final = (1 * HOUR, 7 * HOUR)  # and after it DynamoDB refuses every third call for an hour
SUBSCRIPTIONS: Final = size(300, 40)
# SQS's maximum of maxReceiveCount, which the template sets: a message that is received more often is dead.
RECEIVES: Final = 1000


@dataclass
class AwayTable:
    """The calls to a table that is away by the queues' clock, and slow to come back."""

    table: WritableTable
    queues: SimulatedQueues
    began: float
    refused: int = 0
    calls: int = 0

    def __call__(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        now = self.queues.now - self.began
        if AWAY[0] <= now < AWAY[1] or (now < AWAY[1] + HOUR and self.calls % 3 == 0):
            self.refused += 1
            raise ConnectionError
        return self.table.call(operation, request)


@dataclass
class QueuedIntake:
    """The function behind its queue, by the queues' clock. It notes how often a message came, and when all was done."""

    fakes: IntakeOnFakes
    queues: SimulatedQueues
    most_receives: int = 0
    last_settled: float = 0.0

    def run(self) -> None:
        with notifications_entry() as entry:
            function = entry.TakeIn(
                self.fakes.intake(), Relay(self.queues, RELAY), self.queues, "queue", self.fakes.lines
            )

            def take_in(event: dict[str, Any]) -> Any:
                counts = (int(each["attributes"]["ApproximateReceiveCount"]) for each in event["Records"])
                self.most_receives = max(self.most_receives, *counts)
                answer = function.run(event, FunctionContext())
                if len(answer["batchItemFailures"]) < len(event["Records"]):
                    self.last_settled = self.queues.now
                return answer

            self.queues.run("queue", take_in, until=self.queues.now + 14 * DAY)


def test_six_hours_without_a_table_lose_nothing(figures: Figures) -> None:
    """What arrives while DynamoDB is away waits in the queue, is never dead, and is relayed at once."""
    lives = [life_bodies(number, person_of(number), 6, AUTHORITY) for number in range(SUBSCRIPTIONS)]
    bodies = [body for life in lives for body in life]
    undisturbed = on_fakes()
    for start in range(0, len(bodies), 10):
        undisturbed.take(*bodies[start : start + 10])
    queues, choose = SimulatedQueues(), random.Random(6)
    began = queues.now
    for body in bodies:
        queues.arrive("queue", body, began + choose.uniform(0, 8 * HOUR))
    fakes = on_fakes(monotonic=queues.clock)
    fakes.call = away = AwayTable(fakes.table, queues, began)
    found = QueuedIntake(fakes, queues)
    found.run()
    people = map(person_of, range(SUBSCRIPTIONS))
    lost = [person for person in people if fakes.row(person) != undisturbed.row(person)]
    assert (lost, queues.dropped, queues.bodies("queue")) == ([], [], [])
    assert found.most_receives < RECEIVES
    assert away.refused > SUBSCRIPTIONS
    assert sorted(queues.bodies(RELAY)) == sorted(bodies)
    late = (found.last_settled - began - AWAY[1]) / HOUR
    assert late < 3
    figures.add(
        "outage",
        f"DynamoDB away for six simulated hours, and refusing every third call before and for an hour after, while"
        f" {len(bodies):,} notifications arrive within eight hours",
        f"{away.refused:,} calls refused; a message was received at most {found.most_receives} times, of"
        f" {RECEIVES:,}; all was taken in {late:.1f} h after the table was back",
        f"{len(lost)} rows differ, {len(queues.dropped)} messages lost or dead",
    )


# Kills

SCENARIOS = size(10, 1)
# `make check` kills at some of the points.
STEP = size(1, 3)


@dataclass
class KilledBatch:
    """One batch, what was in the table before it, and the rows that it must leave."""

    seed: int
    earlier: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make two subscriptions that are known and two that are new, a TEST, one to park, and one that is forged."""
        choose = random.Random(self.seed)
        for number in range(4):
            person = person_of(self.seed * 10 + number)
            bodies = life_bodies(self.seed * 10 + number, person, 6, AUTHORITY)
            self.people.append(person)
            self.earlier += bodies[:4] if number < 2 else []
            self.bodies += choose.sample(bodies[4:] if number < 2 else bodies[:2], 2)
        at = int(AFTERWARDS.timestamp() * 1000)
        self.bodies += [notice(AUTHORITY, "TEST", at), notice(AUTHORITY, "DID_RENEW", at, status="active"), "junk"]
        choose.shuffle(self.bodies)

    def expected(self) -> tuple[dict[str, Any], set[str]]:
        """Return the rows by person, and the UUIDs that have a line, of an intake that nothing disturbs."""
        fakes = on_fakes()
        fakes.take(*self.earlier)
        before = len(fakes.printed("merged"))
        fakes.take(*self.bodies)
        lines = fakes.printed("merged")[before:]
        return {person: fakes.row(person) for person in self.people}, {line["notificationUuid"] for line in lines}


def on_fakes(**given: Any) -> IntakeOnFakes:
    table = WritableTable()
    table.publish(1)
    return IntakeOnFakes(table=table, environment="Sandbox", roots=[AUTHORITY.root_der], now=AFTERWARDS, **given)


@dataclass
class KillResult:
    kills: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)


def test_killed_at_every_point_nothing_is_lost_or_counted_twice(
    dynamodb_local: str, tmp_path: Path, figures: Figures
) -> None:
    """Killed before or after any call, once or twice, and received again: the same rows, queues and distinct lines."""
    found = KillResult()
    for seed in range(SCENARIOS):
        batch = KilledBatch(seed)
        expected = batch.expected()
        for kill_at in itertools.count(1, STEP):
            if not _killed(dynamodb_local, tmp_path / f"{seed}-{kill_at}", batch, expected, kill_at, found):
                break
        assert kill_at > 25
    assert (found.lost, found.twice) == ([], [])
    figures.add(
        "kills",
        "the intake killed before and after each call to DynamoDB Local and to the queues, every third time twice, and"
        " the batch received again",
        f"{found.kills:,} kills",
        f"{len(found.lost)} notifications lost, {len(found.twice)} counted twice",
    )


def _killed(
    endpoint: str, folder: Path, batch: KilledBatch, expected: tuple[dict[str, Any], set[str]], kill_at: int,
    found: KillResult,
) -> bool:  # fmt: skip
    """Take in the batch with a kill at this point, then undisturbed. Returns whether there is such a point."""
    folder.mkdir()
    client, table = client_of(endpoint), f"retention-{uuid.uuid4()}"
    create_table(client, table)
    published = on_fakes()
    published.take(*batch.earlier)
    for item in published.table.items.values():
        client.put_item(TableName=table, Item=item)
    job = IntakeJob(endpoint, table, AUTHORITY.root_der, batch.bodies, folder)
    again = [random.Random(kill_at * 100 + batch.seed).randint(1, kill_at)] if kill_at % 3 == 0 else []
    codes = []
    for point in (kill_at, *again, 0):
        process = start_intake(job, point)
        process.join(PATIENCE)
        codes.append(process.exitcode)
    found.kills += codes.count(-9)
    assert codes[-1] == 0
    _compare(job, AppTable(client, table, APP), batch, expected, found)
    client.delete_table(TableName=table)
    return codes[0] == -9


def _compare(
    job: IntakeJob, app_table: AppTable, batch: KilledBatch, expected: tuple[dict[str, Any], set[str]],
    found: KillResult,
) -> None:  # fmt: skip
    wanted_rows, wanted_lines = expected
    for person in batch.people:
        if app_table.get(rows.subscription_key(APP, person)) != wanted_rows[person]:
            found.lost.append(f"{job.folder.name} {person}")
    lines = [line for line in job.written(LINES) if line["message"] == "merged"]
    distinct = {(line["notificationUuid"], str(sorted(line.items()))) for line in lines}
    printed = {uuid_ for uuid_, _ in distinct}
    found.lost += [f"{job.folder.name} line {uuid_}" for uuid_ in wanted_lines - printed]
    found.twice += [f"{job.folder.name} line {uuid_}" for uuid_ in printed - wanted_lines]
    if len(distinct) != len(printed):
        found.twice.append(f"{job.folder.name} lines of one notification differ")
    found.lost += [f"{job.folder.name} relay" for body in batch.bodies if body not in job.written(RELAY)]
    assert len(set(job.written(PARKING))) == 1
    assert app_table.get(rows.last_test_key(APP))
    assert job.written(ANSWER) == [{"batchItemFailures": []}]
