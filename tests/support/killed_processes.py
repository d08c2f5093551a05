"""Separate processes on DynamoDB Local: publishers that are killed at a given write, commands, readers under load.

    died = start(endpoint, table, "publish", kill_after=7)   # SIGKILL right after the 7th write was answered
    died.join(); died.exitcode                               # -9; 0 where there are fewer writes

They are forked by a server that has imported everything, so that each costs milliseconds. A dying process still has
other writes on their way, eight at a time, as a real one has: which of them arrive is left to chance.
"""

from __future__ import annotations

import ctypes
import functools
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, Final, TypeAlias
from unittest.mock import patch

from botocore.session import get_session
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.deadline import Deadline
from retention.aws.sdk import SdkConnection
from retention.errors import CatalogUnavailableError, RetentionError
from retention.lookup.store import Store
from retention.review.snapshot import ImageState, apply_snapshot

from console.cli.main import main
from console.file.release import CompiledRelease, ImageFacts
from console.releases.cleanup import delete_old_releases
from console.releases.head import PublishConflictError, pause, resume, rollback
from console.releases.live import live_number
from console.releases.publish import publish_release
from tests.support.fake_table import ANYONE_EN, APP, HERO, KEEP_EN, KEEP_FR
from tests.support.interleaved_calls import IMAGES, MESSAGES, OTHERS_EN, TICK, made_release
from tests.support.small_release import NOW, put, release
from tests.support.waiting import PATIENCE

PROCESSES: Final = multiprocessing.get_context("forkserver")

APPROVED: Final = dict.fromkeys((KEEP_EN, KEEP_FR, ANYONE_EN), "APPROVED")
PENDING: Final = dict.fromkeys(APPROVED, "PENDING")

# How much faster a reader's clock runs than ours: head is due every half second, states every five.
SPEED_UP: Final = 60.0
# How far a reader's replica lags, in our seconds: five of the reader's own.
LAG: Final = 5 / SPEED_UP

# Shared memory without a lock: a process that is killed holds none.
Flag: TypeAlias = ctypes.c_bool

_WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
_OK: Final = 200


@functools.cache
def serve() -> None:
    """Start the server that forks, with everything imported.

    It imports modules before it gets sys.path (CPython issue 126631), so the variables have the path.
    """
    PROCESSES.set_forkserver_preload(["tests.support.killed_processes", "tests.support.killed_intakes"])
    with patch.dict(os.environ, {"PYTHONPATH": os.pathsep.join(sys.path)}):
        forkserver.ensure_running()


def started(target: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Start a process that calls `target`."""
    serve()
    process = PROCESSES.Process(target=target, args=arguments)
    process.start()
    return process


def flag() -> Flag:
    made: Flag = PROCESSES.RawValue(ctypes.c_bool, False)  # noqa: FBT003  # ctypes takes no names
    return made


def _counter() -> Any:
    """Return an integer that processes share, 0 at first, with its lock."""
    return PROCESSES.Value(ctypes.c_int, 0)


@dataclass
class Progress:
    """What all processes of a test have done so far. They wait for each other by these counts, never by time."""

    looks: Any = field(default_factory=_counter)
    most_releases: Any = field(default_factory=_counter)  # that one reader has seen
    published: Any = field(default_factory=_counter)

    def saw(self, releases_seen: int) -> None:
        with self.looks.get_lock():
            self.looks.value += 1
        with self.most_releases.get_lock():
            self.most_releases.value = max(self.most_releases.value, releases_seen)

    def add_publish(self, kind: str) -> None:
        if kind == "publish":
            with self.published.get_lock():
                self.published.value += 1

    def await_publish(self, since: int, done: Flag) -> int:
        """Wait until more than `since` releases were published, or until the test is done. Returns how many."""
        while self.published.value <= since and not done.value:
            time.sleep(0.005)
        count: int = self.published.value
        return count


_SESSION: Final = get_session()


def client_of(endpoint: str) -> Any:
    return _SESSION.create_client("dynamodb", endpoint_url=endpoint)


# It reads DynamoDB's description once, for all who are forked.
client_of("http://127.0.0.1:1").close()


# Dying -------------------------------------------------------------------------------------------------------------


def _publish(client: Any, table: str) -> None:
    put(client, table, release=_with_a_new_message("next", products=2))


def _publish_wide(client: Any, table: str) -> None:
    put(client, table, release=_with_a_new_message("wide", products=20))


def _with_a_new_message(name: str, products: int) -> CompiledRelease:
    found = release(name, products=products)
    return replace(
        found,
        messages={**found.messages, OTHERS_EN[0]: (HERO, TICK)},
        images={**found.images, TICK: ImageFacts("BULLET_POINT", "tick.png")},
    )


def _lose(client: Any, table: str) -> None:
    """Publish, while another process that is not killed publishes just before."""
    other = client_of(client.meta.endpoint_url)

    def progress(step: str, done: int, _: int) -> None:
        if (step, done) == ("read back", 1):
            put(other, table, "winner")

    try:
        put(client, table, "loser", progress=progress)
    except PublishConflictError:
        return
    raise AssertionError("the other publisher did not overtake this one")


def _import(client: Any, table: str) -> None:
    images = {HERO: ImageState("PENDING", "FULL_SIZE")}
    apply_snapshot(AppTable(client, table, APP), PENDING, images, allow_silencing=True, now=NOW)


def _prune(client: Any, table: str) -> None:
    """The part of `prune` that writes the table: Apple's lists without what was deleted."""
    kept = {name: state for name, state in APPROVED.items() if name != ANYONE_EN}
    apply_snapshot(AppTable(client, table, APP), kept, {HERO: ImageState("APPROVED", "FULL_SIZE")}, now=NOW)


def _rollback(client: Any, table: str) -> None:
    rollback(AppTable(client, table, APP))


def _pause(client: Any, table: str) -> None:
    pause(AppTable(client, table, APP))


def _resume(client: Any, table: str) -> None:
    resume(AppTable(client, table, APP))


def _collect(client: Any, table: str) -> None:
    delete_old_releases(AppTable(client, table, APP), now=NOW + timedelta(hours=2), keep=1)


WIDE: Final = "publish of 20 products"
OPERATIONS: Final[Mapping[str, Callable[[Any, str], None]]] = {
    "publish": _publish,
    "publish that is overtaken": _lose,
    "import of states": _import,
    "prune, what it writes": _prune,
    "rollback": _rollback,
    "pause": _pause,
    "resume": _resume,
    "collect": _collect,
    WIDE: _publish_wide,
}
# Enough for `make check`.
SMALL: Final = tuple(operation for operation in OPERATIONS if operation != WIDE)


def start(endpoint: str, table: str, operation: str, kill_after: int) -> ForkServerProcess:
    """Start a process that does `operation` and dies right after so many of its writes."""
    return started(_die, endpoint, table, operation, kill_after)


def _die(endpoint: str, table: str, operation: str, kill_after: int) -> None:
    client = client_of(endpoint)
    _kill_after(client, kill_after)
    OPERATIONS[operation](client, table)


def _kill_after(client: Any, writes: int) -> None:
    lock = threading.Lock()
    left = writes

    def answered(model: Any, http_response: Any, **_: Any) -> None:
        nonlocal left
        if model.name in _WRITES and http_response.status_code == _OK:
            with lock:  # held to the end, so that no thread of this process makes another write
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

    client.meta.events.register("after-call.dynamodb", answered)


# Commands ----------------------------------------------------------------------------------------------------------


def command(arguments: Sequence[str], printed: Path, barrier: Barrier, delay: float) -> ForkServerProcess:
    """Start `retention` with these arguments when all are at the barrier; what it prints goes to a file."""
    return started(_command, list(arguments), printed, barrier, delay)


def _command(arguments: Sequence[str], printed: Path, barrier: Barrier, delay: float) -> None:
    with printed.open("w", encoding="utf-8") as file:
        sys.stdout = sys.stderr = file
        barrier.wait(PATIENCE)
        time.sleep(delay)
        main(arguments)


# Under load --------------------------------------------------------------------------------------------------------


@dataclass
class ReaderResult:
    """What one reader saw: releases with what they called themselves, and the oldest states under each version."""

    views: int = 0
    fallbacks: int = 0
    lagged: int = 0
    lagged_rows: int = 0
    mixtures: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    oldest: dict[int, int] = field(default_factory=dict)
    last: tuple[int, int, int] = (0, 0, 0)


class Replica:
    """A connection whose eventually consistent reads return what was true a random short time ago.

    Of `head`, that is; of a release, whose rows never change, some may not be there yet.
    """

    def __init__(self, client: Any, choose: random.Random) -> None:
        self._inner = SdkConnection(client)
        self._choose = choose
        self._heads: list[tuple[float, dict[str, Any]]] = []
        self.lagged = 0
        self.lagged_rows = 0
        self.consistent = 0

    def call(self, operation: str, request: Mapping[str, Any], deadline: Deadline | None = None) -> dict[str, Any]:
        answer = self._inner.call(operation, request, deadline)
        if operation == "batch_get_item":
            return self._some_rows(request, answer)
        if request["ConsistentRead"]:
            self.consistent += 1
            return answer
        now = time.monotonic()
        self._heads = [*(held for held in self._heads if held[0] > now - LAG), (now, answer)]
        stale = self._choose.choice(self._heads)[1]
        self.lagged += stale != answer
        return stale

    def _some_rows(self, request: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Leave out, one time in eight, a row that has not reached this replica yet."""
        ((table, wanted),) = request["RequestItems"].items()
        found = answer["Responses"].get(table, [])
        if wanted["ConsistentRead"] or not found or self._choose.randrange(8):
            return answer
        self.lagged_rows += 1
        late = self._choose.choice(found)
        return {**answer, "Responses": {table: [item for item in found if item is not late]}}

    def watch(self) -> None:
        """Look at head, so as to have something to be late with."""
        with_lag = self.lagged
        self.call("get_item", self.request)
        self.lagged = with_lag

    request: Mapping[str, Any] = {}

    def close(self) -> None:
        self._inner.close()


def reader(endpoint: str, table: str, seed: int, done: Flag, results: Any, progress: Progress) -> ForkServerProcess:
    """Start a process that answers requests until it is done, then once more when every replica has caught up."""
    return started(_read, endpoint, table, seed, done, results, progress)


def _read(endpoint: str, table: str, seed: int, done: Flag, results: Any, progress: Progress) -> None:
    choose = random.Random(seed)
    replica = Replica(client_of(endpoint), choose)
    replica.request = rows.get(table, rows.head_key(APP), consistent=False)
    sight = ReaderResult()
    store = _store(replica, table)
    while not done.value:
        if choose.random() < 1 / 50:  # a cold start, which has read ahead or was too late to
            store = _store(replica, table)
            if choose.random() < 1 / 2:
                store.warm([APP], Deadline.after(PATIENCE))
        replica.watch()
        _look(store, choose.choice(["pro.monthly", "ghost", "stranger"]), sight)
        progress.saw(len(sight.names))
        time.sleep(choose.random() / 100)
    time.sleep(LAG + 31 / SPEED_UP)
    _look(store, "pro.monthly", sight)
    sight.fallbacks, sight.lagged, sight.lagged_rows = replica.consistent, replica.lagged, replica.lagged_rows
    results.put(sight)


def _store(replica: Replica, table: str) -> Store:
    return Store(lambda: replica, table, monotonic=lambda: time.monotonic() * SPEED_UP)


def _look(store: Store, product: str, sight: ReaderResult) -> None:
    try:
        loaded = store.catalog(APP, product, "en-US", Deadline.after(PATIENCE))
    except CatalogUnavailableError as error:
        sight.failures.append(f"{error.code}: {error}")
        return
    sight.views += 1
    catalog, head = loaded.catalog, store.head(APP)
    assert head is not None
    if catalog.release == 0:  # paused before anything was read
        return
    names = {catalog.sheet.rules[0].name, catalog.settings.bundle_id, *catalog.sheet.sets["keep"]["en-US"][1:]}
    names.add(sight.names.setdefault(catalog.release, catalog.settings.bundle_id))
    if len(names) != 1:
        sight.mixtures.append(f"release {catalog.release} as {sorted(names)}")
    numbers = [
        state_number(state) for held in catalog.states.values() for state in (held.message, *held.images.values())
    ]
    oldest = min(numbers, default=0)
    if not loaded.degraded and not catalog.paused:
        sight.oldest[head.version] = min(oldest, sight.oldest.get(head.version, oldest))
    sight.last = (catalog.release, head.version, oldest)


def state_number(state: str) -> int:
    """Return the number of the list that a state is from; 0 for one that was in no list yet."""
    return int(state.removeprefix("LIST_")) if state.startswith("LIST_") else 0


def import_list(client: Any, table: str, number: int) -> int:
    """Import the list whose every state has its number. Returns the version under which it is announced."""
    state = f"LIST_{number}"
    images = dict.fromkeys(IMAGES, ImageState(state, "FULL_SIZE"))
    return apply_snapshot(AppTable(client, table, APP), dict.fromkeys(MESSAGES, state), images, now=NOW).version


@dataclass
class TaskResult:
    """How often a process did its work, and how often it was refused with a reason."""

    kind: str
    turns: int = 0
    refused: int = 0


# Errors that a command can have while others run: it was second, or its release was deleted.
_TOLD: Final = frozenset({"publish_conflict", "no_earlier_release", "release_lost", "snapshot_conflict"})


def start_task(
    endpoint: str,
    table: str,
    kind: str,
    seed: int,
    done: Flag,
    progress: Progress,
    results: Any = None,
    kill_after: int = 0,
) -> ForkServerProcess:
    """Start a process that does one thing over and over; one that dies on the way has no results to put."""
    return started(_run_task, endpoint, table, kind, seed, done, progress, results, kill_after)


def _run_task(
    endpoint: str, table: str, kind: str, seed: int, done: Flag, progress: Progress, results: Any, kill_after: int
) -> None:
    choose, client, result, published = random.Random(seed), client_of(endpoint), TaskResult(kind), 0
    if kill_after:
        _kill_after(client, kill_after)
    while not done.value:
        if kind in {"pause", "rollback"}:  # one for each publish, or on a slow machine no publish would ever succeed
            published = progress.await_publish(published, done)
        result.turns += 1
        try:
            _TASKS[kind](client, table, seed * 1000 + result.turns)
        except RetentionError as error:
            if error.code not in _TOLD:
                raise
            result.refused += 1
        else:
            progress.add_publish(kind)
        time.sleep(choose.random() / 50)
    if results is not None:
        results.put(result)


def _publish_numbered(client: Any, table: str, number: int) -> None:
    app_table = AppTable(client, table, APP)
    based_on = live_number(app_table)
    publish_release(app_table, made_release(number), who=f"r{number}", commit=None, now=NOW, based_on=based_on)
    delete_old_releases(app_table, now=NOW)


def _go_back(client: Any, table: str, _: int) -> None:
    rollback(AppTable(client, table, APP))


def _pause_and_resume(client: Any, table: str, _: int) -> None:
    pause(AppTable(client, table, APP))
    resume(AppTable(client, table, APP))


_TASKS: Final[Mapping[str, Callable[[Any, str, int], object]]] = {
    "publish": _publish_numbered,
    "rollback": _go_back,
    "pause": _pause_and_resume,
    "import": import_list,
}
