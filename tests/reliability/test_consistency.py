"""Publishing, killed and raced: readers see one complete release or the other, and nothing is lost or left behind.

There are three ways, since each finds what the others cannot: real processes that are killed by SIGKILL after every
single write, on DynamoDB Local; real processes that race and read under load; and, over a model of the table that is
compared with DynamoDB Local write by write, every interleaving that Hypothesis can find, one call at a time.
"""

from __future__ import annotations

import queue
import random
import re
import shutil
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.deadline import Deadline
from retention.aws.sdk import SdkConnection
from retention.catalog import MessageState
from retention.errors import CatalogUnavailableError, RetentionError
from retention.lookup.store import Store
from retention.review.snapshot import ImageState, SnapshotConflictError, apply_snapshot

from console.local.rows import create_table
from console.local.samples import SAMPLE
from console.releases.cleanup import delete_old_releases
from console.releases.head import pause, resume
from console.releases.listing import list_releases
from console.releases.publish import publish_release
from console.releases.read import read_release, verify
from tests.support import killed_processes
from tests.support.fake_table import ANYONE_EN, APP, HERO, KEEP_EN, KEEP_FR, Clock
from tests.support.interleaved_calls import (
    LAG_SECONDS,
    MESSAGES,
    Killed,
    Process,
    Reader,
    SignatureExpired,
    World,
    made_release,
)
from tests.support.reliability_page import PROVING, keep, size
from tests.support.small_release import NOW, put
from tests.support.waiting import PATIENCE, attempts

KILLED = -signal.SIGKILL
READERS = 8
# After so many requests, a reader that has not seen three releases is not going to.
ENOUGH_LOOKS = 40_000
# How many calls an operation makes before others may run.
CALLS = st.integers(0, 12)
# After every single write, or after every third.
STRIDE = size(1, 3)


@dataclass
class Figures:
    """What the tests of this module found, for docs/reliability.md."""

    rows: dict[str, tuple[str, str]] = field(default_factory=dict)

    def note(self, what: str, tried: str, came_of_it: str) -> None:
        self.rows[what] = (tried, came_of_it)


@pytest.fixture(scope="module")
def figures() -> Iterator[Figures]:
    found = Figures()
    yield found
    keep(
        "consistency",
        "Processes are killed with SIGKILL right after a write was answered, while up to seven other writes are in "
        "flight. After each kill, a new reader and a warm one must see one complete release, publishing and importing "
        "again must succeed, and the cleanup must delete incomplete releases over an hour old and leave every other "
        "row unchanged. Competing commands must end with exit code 0, or with 1 and a message with what to do. The "
        "last rows use a model of the table, whose writes are compared with those of DynamoDB Local: publishers, "
        "imports, rollbacks, cleanups and readers are stopped before every call, and continue, die or sleep in any "
        "order.",
        ("what", "tried", "what happened"),
        [(what, *cells) for what, cells in found.rows.items()],
    )


def new_table(client: Any) -> str:
    table = f"retention-{uuid.uuid4()}"
    create_table(client, table)
    return table


def soon() -> Deadline:
    return Deadline.after(PATIENCE)


# Killed ------------------------------------------------------------------------------------------------------------


@dataclass
class Scene:
    """A table with releases 1, 2 and 3, the last one live and its messages approved, and a reader with a warm store."""

    client: Any
    table: str
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.app_table = AppTable(self.client, self.table, APP)
        for name in ("one", "two", "three"):
            put(self.client, self.table, name)
        self.approve()
        self.warm = Store(lambda: SdkConnection(self.client), self.table, monotonic=self.clock)
        self.look(self.warm)
        self.customer_key = self.head()["customerKey"]

    def approve(self) -> None:
        images = {HERO: ImageState("APPROVED", "FULL_SIZE")}
        apply_snapshot(self.app_table, killed_processes.APPROVED, images, allow_silencing=True, now=NOW)

    def head(self) -> Any:
        return self.client.get_item(**rows.get(self.table, rows.head_key(APP)))["Item"]

    def current(self) -> int:
        return rows.number(self.head(), "current")

    def look(self, store: Store) -> tuple[int, str, bool]:
        """Return the release that a reader sees, the name of its first rule, and whether it is paused."""
        loaded = store.catalog(APP, "pro.monthly", "en-US", soon())
        assert loaded.degraded == ()
        rules = loaded.catalog.sheet.rules  # none if the app was paused before the release was first read
        return loaded.catalog.release, rules[0].name if rules else "", loaded.catalog.paused

    def complete_rows(self) -> dict[tuple[str, str], Any]:
        """Return every row of every complete release."""
        complete = [one.number for one in list_releases(self.app_table) if one.complete]
        return {
            (item["pk"]["S"], item["sk"]["S"]): item
            for number in complete
            for item in self.app_table.of_release(number)
        }

    def left(self) -> dict[tuple[str, str], Any]:
        """Return every row of every release, complete or not."""
        pages = self.client.get_paginator("scan").paginate(TableName=self.table)
        found = [item for page in pages for item in page["Items"]]
        return {(item["pk"]["S"], item["sk"]["S"]): item for item in found if "#release#" in item["pk"]["S"]}

    def message(self, name: str) -> MessageState:
        item = self.client.get_item(**rows.get(self.table, rows.message_key(APP, name)))["Item"]
        return rows.read_message(item)


def named(scene: Scene, number: int) -> str:
    """Return the name of a release's first rule, after verifying the complete release."""
    found = verify(AppTable(scene.client, scene.table, APP), number)
    name: str = rows.document_of(found[rows.PRODUCT + "*"])["rules"][0]["name"]
    return name


@pytest.mark.parametrize("operation", killed_processes.OPERATIONS if PROVING else killed_processes.SMALL)
def test_an_operation_killed_after_any_write_leaves_one_complete_release(
    dynamodb_local: str, operation: str, figures: Figures
) -> None:
    """Readers see the release before or after; the next publish succeeds; only incomplete releases are deleted."""
    client = killed_processes.client_of(dynamodb_local)
    kills = views = collected = 0
    for _ in range(size(1 if operation == killed_processes.WIDE else 2, 1)):
        for writes in range(1, 200, STRIDE):
            scene = Scene(client, new_table(client))
            if operation == "resume":
                pause(AppTable(client, scene.table, APP))
            process = killed_processes.start(dynamodb_local, scene.table, operation, writes)
            process.join(PATIENCE)
            assert process.exitcode in {0, KILLED}
            views += check_live_release(scene)
            collected += check_next_publish(scene)
            if process.exitcode == 0:
                break
            kills += 1
    assert kills >= 1
    figures.note(
        f"{operation}, killed",
        f"{kills} kills over {writes - 1} writes",
        f"{kills} survived; {views} views complete; {collected} leftovers collected, nothing else",
    )


def check_live_release(scene: Scene) -> int:
    """Check the live release, and what a new and a warm reader see. Returns the number of checked views."""
    head = scene.head()
    current = rows.number(head, "current")
    name = named(scene, current)
    assert head["customerKey"] == scene.customer_key
    paused = head.get("paused", {}).get("BOOL", False)
    fresh = Store(lambda: SdkConnection(scene.client), scene.table)
    scene.clock.now += 30
    for store in (fresh, scene.warm):
        release, rule_name, is_paused = scene.look(store)
        assert is_paused == paused
        assert paused or (release, rule_name) == (current, name)
    return 2


def check_next_publish(scene: Scene) -> int:
    """Check that publishing and importing succeed, and which releases are deleted. Returns how many were incomplete."""
    client, table = scene.client, scene.table
    resume(AppTable(client, table, APP))
    done = put(client, table, "again")
    scene.approve()
    assert scene.message(KEEP_EN) == MessageState("APPROVED", {HERO: "APPROVED"})
    assert {scene.message(name).message for name in (KEEP_FR, ANYONE_EN)} == {"APPROVED"}
    scene.clock.now += 30
    assert scene.look(scene.warm) == (done.number, "again", False)
    before = scene.complete_rows()
    incomplete = [one.number for one in list_releases(AppTable(client, table, APP)) if not one.complete]
    assert delete_old_releases(AppTable(client, table, APP), now=NOW + timedelta(minutes=59)) == []
    assert delete_old_releases(AppTable(client, table, APP), now=NOW + timedelta(minutes=61)) == sorted(incomplete)
    assert scene.left() == before
    return len(incomplete)


def test_a_first_publisher_killed_after_any_write_leaves_nothing_or_one_complete_release(
    dynamodb_local: str, figures: Figures
) -> None:
    """A killed first publish leaves no live release or a complete one, and the next publish succeeds."""
    client = killed_processes.client_of(dynamodb_local)
    kills = 0
    for writes in range(1, 200, STRIDE):
        table = new_table(client)
        process = killed_processes.start(dynamodb_local, table, "publish", writes)
        process.join(PATIENCE)
        assert process.exitcode in {0, KILLED}
        head = client.get_item(**rows.get(table, rows.head_key(APP)))["Item"]
        store = Store(partial(SdkConnection, client), table)
        if "current" in head:
            assert store.catalog(APP, "pro.monthly", "en-US", soon()).catalog.release == 1
            verify(AppTable(client, table, APP), 1)
        else:
            with pytest.raises(CatalogUnavailableError, match="nothing has been published"):
                store.catalog(APP, "pro.monthly", "en-US", soon())
        done = put(client, table, "again")
        assert store.catalog(APP, "ghost", "en-US", soon()).catalog.release in {1, done.number}
        assert store.catalog(APP, "ghost", "en-US", soon()).catalog.customer_key == head["customerKey"]["B"]
        if process.exitcode == 0:
            break
        kills += 1
    assert kills > 2
    figures.note("the first publish, killed", f"{kills} kills over {writes - 1} writes", f"{kills} survived")


# Raced -------------------------------------------------------------------------------------------------------------


def test_two_publishers_at_once_end_with_one_release_and_one_error_or_both_in_order(
    dynamodb_local: str, tmp_path: Path, figures: Figures
) -> None:
    """Two `retention publish` at once: each ends with 0, or with 1 and a message with the winner and what to do."""
    client = killed_processes.client_of(dynamodb_local)
    table = new_table(client)
    choose = random.Random(5)
    files = {}
    for who in ("ada", "bob"):
        shutil.copytree(SAMPLE.parent, tmp_path / who, ignore=shutil.ignore_patterns("ca", "*.json"))
        files[who] = tmp_path / who / SAMPLE.name
        files[who].write_text(f"{SAMPLE.read_text()}\n# {who}\n")
    outcomes: Counter[str] = Counter()
    live = 0
    for number in range(size(25, 3)):
        apart = choose.choice([0.0, 0.0, 0.02, 0.1, 0.5])
        printed = raced(dynamodb_local, table, files, tmp_path, apart)
        won = [who for who, (code, _) in printed.items() if code == 0]
        lost = [text for code, text in printed.values() if code != 0]
        assert {code for code, _ in printed.values()} <= {0, 1}
        assert won
        numbers = {who: int(re.findall(r"Release (\d+) is live", printed[who][1])[0]) for who in won}
        current = rows.number(client.get_item(**rows.get(table, rows.head_key(APP)))["Item"], "current")
        assert current in numbers.values()
        for who, its in numbers.items():
            assert read_release(AppTable(client, table, APP), its).source.endswith(f"# {who}\n".encode())
        for text in lost:
            assert f"Release {current}, published by" in text
            assert f"run this again: it then starts from release {current}." in text
        if len(won) == len(numbers) == 2:
            previous = {int(found) for who in won for found in re.findall(r"after (\d+)\)", printed[who][1])}
            assert number == 0 or previous == {live, min(numbers.values())}
        live = current
        outcomes["one complete, one error" if lost else "both complete, in order"] += 1
    listed = list_releases(AppTable(client, table, APP))
    assert all(one.complete for one in listed)
    figures.note(
        "two `retention publish` at once",
        f"{sum(outcomes.values())} rounds",
        "; ".join(f"{many} with {what}" for what, many in sorted(outcomes.items())) + "; no mixture",
    )


def raced(
    endpoint: str, table: str, files: Mapping[str, Path], directory: Path, apart: float
) -> dict[str, tuple[int, str]]:
    """Publish both files at once, or `apart` seconds apart. Returns exit codes and what was printed."""
    barrier = killed_processes.PROCESSES.Barrier(2)
    started = {}
    for place, (who, file) in enumerate(files.items()):
        arguments = ["publish", str(file), "--table", table, "--endpoint-url", endpoint]
        started[who] = killed_processes.command(arguments, directory / f"{who}.txt", barrier, place * apart)
    found = {}
    for who, process in started.items():
        process.join(PATIENCE)
        assert process.exitcode is not None
        found[who] = (process.exitcode, (directory / f"{who}.txt").read_text())
    return found


# Under load --------------------------------------------------------------------------------------------------------


@dataclass
class Load:
    """Eight readers in their own processes behind replicas that lag, and what the operations meanwhile did."""

    client: Any
    endpoint: str
    table: str
    announced: dict[int, int] = field(default_factory=dict)
    done: Any = field(default_factory=killed_processes.flag)
    results: Any = field(default_factory=killed_processes.PROCESSES.Queue)
    progress: killed_processes.Progress = field(default_factory=killed_processes.Progress)
    lists: int = 0
    put_off: int = 0
    tasks: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app_table = AppTable(self.client, self.table, APP)
        killed_processes.import_list(self.client, self.table, 1)
        publish_release(self.app_table, made_release(1), who="r1", commit=None, now=NOW)
        self.import_list()
        self.readers = [
            killed_processes.reader(self.endpoint, self.table, seed, self.done, self.results, self.progress)
            for seed in range(READERS)
        ]

    def import_list(self) -> None:
        """Import the next list; if head moves too often during one run, the next run imports it, as in AWS."""
        self.lists += 1
        number = self.lists * 1000
        for _ in attempts():
            try:
                self.announced[killed_processes.import_list(self.client, self.table, number)] = number
            except SnapshotConflictError:
                self.put_off += 1
            else:
                return
        pytest.fail("no import succeeds")

    def moved(self) -> bool:
        """Return whether a reader has seen three releases, or whether the readers have made ENOUGH_LOOKS requests."""
        progress = self.progress
        return bool(progress.most_releases.value > 2 or progress.looks.value > ENOUGH_LOOKS)

    def send(self, kind: str, seed: int) -> None:
        self.tasks.append(
            killed_processes.start_task(self.endpoint, self.table, kind, seed, self.done, self.progress, self.results)
        )

    def die(self, kind: str, seed: int, kill_after: int) -> int:
        """Run a task until it is killed. Returns 1."""
        process = killed_processes.start_task(
            self.endpoint, self.table, kind, seed, self.done, self.progress, kill_after=kill_after
        )
        process.join(PATIENCE)
        assert process.exitcode == KILLED
        return 1

    def end(self) -> tuple[list[killed_processes.ReaderResult], list[killed_processes.TaskResult]]:
        """Stop all processes and check what the readers saw."""
        self.done.value = True
        try:
            results = [self.results.get(timeout=PATIENCE) for _ in (*self.readers, *self.tasks)]
        except queue.Empty:
            pytest.fail(f"ended with {[process.exitcode for process in (*self.readers, *self.tasks)]}")
        for process in (*self.readers, *self.tasks):
            process.join(PATIENCE)
            assert process.exitcode == 0
        sights = [one for one in results if isinstance(one, killed_processes.ReaderResult)]
        self._check(sights)
        return sights, [one for one in results if isinstance(one, killed_processes.TaskResult)]

    def _check(self, sights: list[killed_processes.ReaderResult]) -> None:
        head = rows.read_head(self.client.get_item(**rows.get(self.table, rows.head_key(APP)))["Item"])
        assert head.current is not None
        verify(self.app_table, head.current)
        by_number = {one.number: one.published_by for one in list_releases(self.app_table)}
        for sight in sights:
            assert (sight.mixtures, sight.failures) == ([], [])
            assert {n: name for n, name in sight.names.items() if by_number.get(n, name) != name} == {}
            # No reader shows a state that is older than the last list announced under a version that the reader knows.
            for version, oldest in sight.oldest.items():
                due = max((its for announced, its in self.announced.items() if announced <= version), default=0)
                assert oldest >= due
            # And in the end every reader sees the newest release and states.
            assert sight.last[:2] == (head.current, head.version)
            assert sight.last[2] == self.lists * 1000


def until(seconds: float, enough: Callable[[], bool] = lambda: True) -> Iterator[int]:
    """Count turns for `seconds`, and on a slow machine for longer, until `enough` is true."""
    begun, turn = time.monotonic(), 0
    while time.monotonic() - begun < seconds or not enough():
        turn += 1
        yield turn


def describe_readers(sights: list[killed_processes.ReaderResult]) -> str:
    views, lagged = sum(sight.views for sight in sights), sum(sight.lagged for sight in sights)
    late = sum(sight.lagged_rows for sight in sights)
    reads = f"{lagged} lagging reads of head, {late} of a release without a row that it has"
    return f"{views} views of {READERS} readers, each complete; {reads}; no state pinned"


def describe_tasks(tasks: list[killed_processes.TaskResult]) -> str:
    turns: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for one in tasks:
        turns[one.kind] += one.turns
        refused[one.kind] += one.refused
    return ", ".join(f"{many} of {kind} ({refused[kind]} refused with a reason)" for kind, many in turns.items())


@pytest.fixture
def load(dynamodb_local: str) -> Iterator[Load]:
    client = killed_processes.client_of(dynamodb_local)
    made = Load(client, dynamodb_local, new_table(client))
    yield made
    for process in (*made.readers, *made.tasks):  # still running only if a test has failed
        process.kill()
        process.join()
    made.results.close()


def test_readers_behind_lagging_replicas_see_one_complete_release_during_publishing(
    load: Load, figures: Figures
) -> None:
    """Readers with a lagging head see complete releases, and no state older than the list of its version."""
    load.send("publish", 1)
    for _ in until(size(10, 2), load.moved):
        load.import_list()
    sights, tasks = load.end()
    assert len({number for sight in sights for number in sight.names}) > 2
    figures.note(
        "publishing and imports under eight readers",
        f"{load.lists} lists imported ({load.put_off} runs put off), {describe_tasks(tasks)}",
        describe_readers(sights),
    )


def test_rolling_back_under_load_moves_readers_between_complete_releases(load: Load, figures: Figures) -> None:
    """Readers see complete releases while releases are rolled back, published and collected."""
    load.send("publish", 1)
    load.send("rollback", 2)
    for _ in until(size(10, 2), load.moved):
        time.sleep(0.1)
    sights, tasks = load.end()
    assert len({number for sight in sights for number in sight.names}) > 2
    figures.note("rollbacks under eight readers", describe_tasks(tasks), describe_readers(sights))


def test_a_sync_killed_during_publishing_and_pausing_is_completed_by_the_next(load: Load, figures: Figures) -> None:
    """Imports and publishers are killed again and again; the next import and publish complete their work."""
    choose = random.Random(7)
    kills = 0
    load.send("publish", 1)
    load.send("pause", 2)
    for turn in until(size(15, 3)):
        # The list of a killed import is newer than the one before it, and older than the next.
        kills += (
            load.die("import", load.lists, choose.randrange(1, 5))
            if turn % 2
            else load.die("publish", 100 + turn, choose.randrange(1, 30))
        )
        load.import_list()
    sights, tasks = load.end()
    assert kills
    figures.note(
        "sync and publishers killed during publishing, pause and resume",
        f"{kills} kills, {load.lists} lists imported ({load.put_off} runs put off), {describe_tasks(tasks)}",
        describe_readers(sights),
    )


# Every interleaving -------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What was tried. `traces` has the writes of every example and the table after them, if a test compares them."""

    examples: int = 0
    steps: int = 0
    views: int = 0
    writes: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    traces: list[Any] = field(default_factory=list)
    traced: bool = False


class Interleavings(RuleBasedStateMachine):
    """Up to five operations at once, each stopped before every call; two environments that read; time that passes."""

    tally: ClassVar[Tally]

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.readers = [Reader(self.world, "reader 1"), Reader(self.world, "reader 2")]
        self.started: list[Process] = []

    def few(self) -> bool:
        return len(self.world.alive()) < 5

    def some(self) -> bool:
        return bool(self.world.alive())

    def _begin(self, process: Process, calls: int) -> None:
        self.started.append(process)
        process.step(calls)

    @initialize(published=st.integers(0, 4))
    def begin(self, published: int) -> None:
        for _ in range(published):
            self.world.publish().run()
        self.world.import_states().run()

    @precondition(few)
    @rule(calls=CALLS)
    def publish(self, calls: int) -> None:
        self._begin(self.world.publish(), calls)

    @precondition(few)
    @rule(left_out=st.sampled_from(["", *MESSAGES]), calls=CALLS)
    def import_states(self, left_out: str, calls: int) -> None:
        self._begin(self.world.import_states(left_out), calls)

    @precondition(few)
    @rule(rank=st.none() | st.integers(0, 3), calls=CALLS)
    def rollback(self, rank: int | None, calls: int) -> None:
        self._begin(self.world.rollback(rank), calls)

    @precondition(few)
    @rule(paused=st.booleans())
    def pause(self, *, paused: bool) -> None:
        self._begin(self.world.pause(paused=paused), 0)

    @precondition(few)
    @rule(calls=st.integers(0, 4))
    def collect(self, calls: int) -> None:
        self._begin(self.world.collect(), calls)

    @precondition(few)
    @rule(
        which=st.integers(0, 1),
        product=st.sampled_from(["pro.monthly", "ghost", "stranger"]),
        lag=st.sampled_from([0.0, 1.0, LAG_SECONDS]),
        calls=CALLS,
    )
    def read(self, which: int, product: str, lag: float, calls: int) -> None:
        if not self.readers[which].reads:
            self._begin(self.readers[which].read(product, lag), calls)

    @precondition(some)
    @rule(which=st.integers(0, 4), calls=st.sampled_from([1, 1, 2, 3, 8]))
    def go_on(self, which: int, calls: int) -> None:
        alive = self.world.alive()
        alive[which % len(alive)].step(calls)

    @precondition(some)
    @rule(which=st.integers(0, 4))
    def finish(self, which: int) -> None:
        alive = self.world.alive()
        alive[which % len(alive)].run()

    @precondition(some)
    @rule(which=st.integers(0, 4), after=st.booleans())
    def kill(self, which: int, *, after: bool) -> None:
        alive = self.world.alive()
        alive[which % len(alive)].kill(after=after)

    @precondition(some)
    @rule(which=st.integers(0, 4), naps=st.integers(1, 5))
    def dawdle(self, which: int, naps: int) -> None:
        alive = self.world.alive()
        for _ in range(naps):
            alive[which % len(alive)].step()
            self.world.now += 890

    @rule(seconds=st.sampled_from([1.0, 6.0, 31.0, 100.0, 301.0, 800.0, 3700.0]))
    def wait(self, seconds: float) -> None:
        self.world.now += seconds

    @invariant()
    def nothing_is_ever_wrong(self) -> None:
        self.tally.steps += 1
        assert self.world.violations == []
        for process in self.started:
            assert process.error is None or isinstance(process.error, (RetentionError, SignatureExpired, Killed)), (
                process.kind
            )

    def teardown(self) -> None:
        try:
            if not self.world.violations:
                self.world.settle()
                self.world.agree(self.readers)
            assert self.world.violations == []
            self._count()
        finally:
            self.world.close()

    def _count(self) -> None:
        self.tally.examples += 1
        self.tally.views += self.world.views
        self.tally.writes += self.world.judged
        self.tally.ended.update(outcome for process in self.started if (outcome := _outcome(process)))
        if self.tally.traced:
            self.tally.traces.append((self.world.table.sent, self.world.table.items))


def _outcome(process: Process) -> str:
    if process.kind == "read":
        return ""
    match process.error:
        case None:
            return "done"
        case Killed():
            return "killed"
        case SignatureExpired():
            return "slept too long"
        case _:
            return "refused"


def interleave(examples: int, steps: int, *, traced: bool = False) -> Tally:
    """Run so many examples of so many steps. Returns what was tried; raises at the first failure."""
    Interleavings.tally = Tally(traced=traced)
    run_state_machine_as_test(
        Interleavings,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
    return Interleavings.tally


def test_no_interleaving_of_operations_leaves_a_wrong_table_or_view(figures: Figures) -> None:
    """In every interleaving `current` names complete releases, versions rise, and readers see one of the releases."""
    found = interleave(size(500, 40), size(100, 60))
    assert found.examples >= size(500, 40)
    assert min(found.ended["killed"], found.ended["done"], found.ended["refused"], found.views) > 0
    figures.note(
        "interleavings, one call at a time",
        f"{found.examples} examples, {found.steps} steps; operations: "
        + ", ".join(f"{many} {what}" for what, many in sorted(found.ended.items())),
        f"{found.writes} writes checked before a reader could see them, {found.views} views of readers; nothing wrong",
    )


# The operations that interrupt each other: the name, and how each begins.
BEGINNINGS: Mapping[str, Callable[[World, Reader], Process]] = {
    "publish": lambda world, _: world.publish(),
    "import": lambda world, _: world.import_states(),
    "import without a message": lambda world, _: world.import_states(MESSAGES[1]),
    "rollback": lambda world, _: world.rollback(),
    "rollback to the oldest": lambda world, _: world.rollback(2),
    "pause": lambda world, _: world.pause(paused=True),
    "collect": lambda world, _: world.collect(),
    "read": lambda _, reader: reader.read("ghost", LAG_SECONDS),
}


@dataclass(frozen=True)
class End:
    """What happens to an interrupted operation, and how many seconds it waits before each of its calls."""

    dies: bool
    waits: float = 0.0


ENDS = (End(dies=False), End(dies=True), End(dies=False, waits=890), End(dies=True, waits=890))


def test_every_operation_may_interrupt_every_other_at_any_call(figures: Figures) -> None:
    """At each call of an operation another one runs; then the first goes on or dies, with or without 890 s per call."""
    tried = 0
    for first, second in product(BEGINNINGS, BEGINNINGS):
        for end in ENDS[:: size(1, 3)]:
            for calls in range(0, 100, size(1, 12)):
                tried += 1
                if cut(first, second, calls, end):
                    break
    assert tried > size(2000, 100)
    figures.note(
        "every operation in the middle of every other, at every call",
        f"{tried} places",
        "nothing wrong",
    )


def cut(first: str, second: str, calls: int, end: End) -> bool:
    """Run `second` after so many calls of `first`. Returns whether `first` had ended by then."""
    world = World()
    try:
        reader = Reader(world, "reader")
        for _ in range(3):
            world.publish().run()
        world.import_states().run()
        reader.read("pro.monthly", 0.0).run()
        begun = BEGINNINGS[first](world, reader)
        for _ in range(calls):
            world.now += end.waits
            begun.step()
        ended = begun.ended
        BEGINNINGS[second](world, Reader(world, "another")).run()
        if end.dies and not ended:
            begun.kill(after=True)
        while not begun.ended:
            world.now += end.waits
            begun.step()
        reader.read("stranger", LAG_SECONDS).run()
        world.settle()
        world.agree([reader])
        assert world.violations == [], f"{second} after {calls} calls of {first}, {end}"
    finally:
        world.close()
    return ended


# The model ----------------------------------------------------------------------------------------------------------


def test_the_model_of_the_table_answers_every_write_as_dynamodb_local(dynamodb_local: str, figures: Figures) -> None:
    """DynamoDB Local gives the same answer to every write of the model, and has the same rows at the end."""
    traces = interleave(size(25, 3), 60, traced=True).traces
    client = killed_processes.client_of(dynamodb_local)
    answers: Counter[str] = Counter()
    assert traces
    for sent, items in traces:
        table = new_table(client)
        for operation, request, error in sent:
            assert answered(client, operation, in_table(request, table)) == error, request
            answers[error or "done"] += 1
        found = client.get_paginator("scan").paginate(TableName=table)
        assert {(item["pk"]["S"], item["sk"]["S"]): item for page in found for item in page["Items"]} == items
    figures.note(
        "the model compared with DynamoDB Local",
        f"{sum(answers.values())} writes of {len(traces)} examples",
        f"{answers['done']} done and {sum(answers.values()) - answers['done']} refused by both; no row differs",
    )


def in_table(request: Any, table: str) -> Any:
    """Return the same request for another table."""
    if isinstance(request, list):
        return [in_table(one, table) for one in request]
    if not isinstance(request, dict):
        return request
    return {name: table if name == "TableName" else in_table(value, table) for name, value in request.items()}


def answered(client: Any, operation: str, request: dict[str, Any]) -> str | None:
    """Return the model's name for DynamoDB's error, or None if the request succeeded."""
    try:
        getattr(client, operation)(**request)
    except client.exceptions.ConditionalCheckFailedException:
        return "ConditionFailed"
    except client.exceptions.TransactionCanceledException as error:
        return ", ".join(reason["Code"] for reason in error.response["CancellationReasons"])
    return None
