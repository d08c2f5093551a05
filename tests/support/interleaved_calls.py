"""Publishers, imports, collectors and readers over one table in memory, each stopped before every call it makes.

    world = World()
    ada, bob = world.publish(), world.publish()
    ada.step(7); bob.run(); ada.kill(after=True)      # in any order, one call at a time
    world.violations                                  # the rules that were ever violated; must be empty

The table is checked at every write, before any process reads it, and a reader's view when it has it. The test's clock
moves on command, also while a process is stopped in the middle. Two facts of AWS limit for how long:
a request counts for 15 minutes after it was signed, and a replica lags by seconds, here by up to 40.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self
from unittest.mock import patch

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.deadline import Deadline
from retention.catalog import MessageState
from retention.errors import CatalogUnavailableError, RetentionError, UnreadableRowError
from retention.lookup.app import STATES_SECONDS, Loaded
from retention.lookup.head import HEAD_SECONDS
from retention.lookup.store import Store
from retention.review import snapshot
from retention.review.snapshot import ImageState, apply_snapshot
from retention.table import Item

from console.file.release import CompiledRelease, ImageFacts
from console.releases import publish as publishing_module
from console.releases.cleanup import delete_old_releases
from console.releases.head import pause, resume, rollback
from console.releases.live import live_number
from console.releases.publish import Published, publish_release
from console.releases.read import verify
from tests.support.fake_table import APP, HERO, KEEP_FR, SETTINGS, TABLE
from tests.support.small_release import NOW, release
from tests.support.waiting import PATIENCE
from tests.support.writable_table import Change, Client, Name, WritableTable

KEEP: Final = 2
SIGNED_SECONDS: Final = 900.0
# Longer than any known lag, and longer than a reader waits before it compares head again.
LAG_SECONDS: Final = 40.0
HOUR: Final = 3600.0

OTHERS_EN: Final = tuple(f"44444444-4444-5444-8444-44444444444{number}" for number in range(6))
TICK: Final = "88888888-8888-5888-8888-888888888888"
MESSAGES: Final = (KEEP_FR, *OTHERS_EN)
IMAGES: Final = (HERO, TICK)

_HEAD: Final = (f"app#{APP}", rows.HEAD)
_RELEASE: Final = f"app#{APP}#release#"


class Killed(BaseException):
    """The process was killed."""


class SignatureExpired(Exception):  # noqa: N818  # DynamoDB's word
    """DynamoDB refuses a request that was signed more than 15 minutes ago."""


class Process:
    """One operation in its own thread, which waits before every call until the test lets it continue."""

    def __init__(self, world: World, kind: str, name: str, work: Callable[[Client], Any]) -> None:
        self.kind, self.name = kind, name
        self.ended = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.calls = 0
        # Of imports: how many writes of states there had been before it began, and its own.
        self.found, self.writes = world.import_writes, 0
        self._world = world
        self._doom = ""
        self._go, self._waits = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._work, args=(work,), daemon=True)

    def start(self) -> Process:
        """Let it come to its first call."""
        self._world.processes.append(self)
        self._thread.start()
        self._waits.acquire()
        return self

    def step(self, calls: int = 1) -> None:
        """Let it make so many calls, or end."""
        for _ in range(calls):
            if self.ended:
                return
            self._go.release()
            self._waits.acquire()

    def run(self) -> None:
        """Let it go on to its end."""
        while not self.ended:
            self.step()

    def kill(self, *, after: bool) -> None:
        """Let it die before its next call, or just after that reached the table."""
        self._doom = "after" if after else "before"
        self.run()
        self._thread.join()

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        signed_at = self._world.now
        self._waits.release()
        self._go.acquire()
        if self._doom == "before":
            raise Killed
        if self.kind != "read" and self._world.now - signed_at > SIGNED_SECONDS:
            raise SignatureExpired
        self.calls += 1
        self._world.acting = self
        try:
            return self._world.table.call(operation, request)
        finally:
            self._world.acting = None
            if self._doom:
                self._doom = "before"  # on every further call
                raise Killed

    def _work(self, work: Callable[[Client], Any]) -> None:
        try:
            self.result = work(self._world.table.client(self.call))
        except BaseException as error:  # noqa: BLE001  # the thread that started it examines it
            self.error = error
        self.ended = True
        self._waits.release()


class _OneByOne:
    """A pool without threads."""

    def __init__(self, _: int) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    map = staticmethod(map)


class Reader:
    """One environment of the function: a store that is kept between requests, which reads from a replica that lags."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self._world = world
        self._process: Process | None = None
        self._lag = 0.0
        self._renew()

    def _renew(self) -> None:
        self.version = 0
        self._store = Store(lambda: self, TABLE, monotonic=lambda: self._world.now)

    @property
    def reads(self) -> bool:
        return self._process is not None and not self._process.ended

    def read(self, product: str, lag: float) -> Process:
        """Begin to answer one request."""
        if self._process is not None and isinstance(self._process.error, Killed):
            self._renew()
        self._lag = lag
        began = self._world.now

        def work(_: Client) -> None:
            published = self._world.published
            try:
                loaded = self._store.catalog(APP, product, "en-US", Deadline.after(PATIENCE))
            except CatalogUnavailableError as error:
                if published:
                    self._world.violations.append(f"{self.name} could not answer: {error.code}, {error}")
            else:
                self._world.judge_view(self, loaded, began)

        self._process = Process(self._world, "read", self.name, work)
        return self._process.start()

    def head(self) -> rows.Head | None:
        return self._store.head(APP)

    # A connection, for the store

    def call(self, operation: str, request: Mapping[str, Any], _deadline: object) -> dict[str, Any]:
        assert self._process is not None
        if operation == "get_item" and not request["ConsistentRead"]:
            then = self._world.now - self._lag
            self._process.call(operation, request)
            item = self._world.row_at(_HEAD, then)
            return {} if item is None else {"Item": item}
        if operation == "batch_get_item" and not request["RequestItems"][TABLE]["ConsistentRead"]:
            then = self._world.now - self._lag
            self._process.call(operation, request)
            found = [self._world.row_at(_place(key), then) for key in request["RequestItems"][TABLE]["Keys"]]
            return {"Responses": {TABLE: [item for item in found if item is not None]}, "UnprocessedKeys": {}}
        return self._process.call(operation, request)

    def close(self) -> None: ...


@dataclass(frozen=True)
class _Was:
    """The content of a row since a write, and since when."""

    write: int
    at: float
    item: Item | None


def _rows(client: Client) -> AppTable:
    return AppTable(client, TABLE, APP)


_NEVER: Final = _Was(0, float("-inf"), None)


class World:
    """One table, the processes that use it, and the rules that must hold."""

    def __init__(self) -> None:
        self.now = 0.0
        self.table = WritableTable(changed=self._judge)
        self.processes: list[Process] = []
        self.acting: Process | None = None
        self.violations: list[str] = []
        self.judged = 0
        self.views = 0
        self._history: dict[Name, list[_Was]] = {}
        self._names: dict[int, str] = {}
        # What each publisher compiled against.
        self._bases: dict[str, int | None] = {}
        self._complete: set[int] = set()
        self._live: set[int] = set()
        self._count = 0
        # Whether all rows have the states of the last announced list: no other import ran meanwhile or since.
        self._settled = False
        self.import_writes = 0
        self._patches = [
            # One call at a time for each operation, so that a sequence of steps means one thing.
            patch.object(publishing_module, "ThreadPoolExecutor", _OneByOne),
            patch.object(snapshot, "ThreadPoolExecutor", _OneByOne),
        ]
        for change in self._patches:
            change.start()

    def close(self) -> None:
        for process in self.processes:
            process.kill(after=False)
        for change in self._patches:
            change.stop()

    @property
    def time(self) -> datetime:
        return NOW + timedelta(seconds=self.now)

    @property
    def head(self) -> Item:
        return self.table.items.get(_HEAD, {})

    @property
    def published(self) -> bool:
        """Whether every replica knows of a release."""
        item = self.row_at(_HEAD, self.now - LAG_SECONDS)
        return item is not None and "current" in item

    def alive(self, *kinds: str) -> list[Process]:
        self.processes = [process for process in self.processes if not process.ended]
        return [process for process in self.processes if not kinds or process.kind in kinds]

    def _begin(self, kind: str, work: Callable[[Client], Any], name: str = "") -> Process:
        return Process(self, kind, name or kind, work).start()

    # What people and schedules do ------------------------------------------------------------------------------------

    def publish(self) -> Process:
        """Publish as the command does: compile against the live release, write, clean up."""
        self._count += 1
        name = f"r{self._count}"
        made = made_release(self._count)

        def work(client: Client) -> Published:
            based_on = self._bases[name] = live_number(_rows(client))
            done = publish_release(
                _rows(client),
                made,
                who=name,
                commit=None,
                now=self.time,
                based_on=based_on,
                clock=lambda: self.now,
            )
            delete_old_releases(_rows(client), now=self.time, keep=KEEP + 2)
            return done

        return self._begin("publish", work, name)

    def import_states(self, left_out: str = "") -> Process:
        """A list in which every state is of this list alone, and one message may be missing (deleted, or pruned)."""
        self._count += 1
        state = f"STATE_{self._count}"
        messages = {message: state for message in MESSAGES if message != left_out}
        images = dict.fromkeys(IMAGES, ImageState(state, "FULL_SIZE"))
        return self._begin("import", lambda client: apply_snapshot(_rows(client), messages, images, now=self.time))

    def rollback(self, rank: int | None = None) -> Process:
        """Without a number, or to the complete release of this rank, the newest being 0."""
        complete = sorted(number for name in self.table.items if name[1] == rows.SETTINGS and (number := _number(name)))
        to = complete[-1 - rank % len(complete)] if complete and rank is not None else None
        return self._begin("rollback", lambda client: rollback(_rows(client), to))

    def pause(self, *, paused: bool) -> Process:
        change = pause if paused else resume
        return self._begin("pause", lambda client: change(_rows(client)))

    def collect(self, keep: int = KEEP) -> Process:
        return self._begin("collect", lambda client: delete_old_releases(_rows(client), now=self.time, keep=keep))

    # What must hold at every write -----------------------------------------------------------------------------------

    def _judge(self, changes: Sequence[Change]) -> None:
        self.judged += 1
        for change in changes:
            self._note(change)
        for change in changes:
            if change.name == _HEAD:
                self._judge_head(change.before or {}, change.after)
            elif change.name[0].startswith(_RELEASE):
                self._judge_release_row(change)
            elif change.name[1].startswith((rows.MESSAGE, rows.IMAGE)):
                self._judge_state(change)
        current = self.head.get("current", {}).get("N")
        if current and any(change.name in {_HEAD, (_RELEASE + current, change.name[1])} for change in changes):
            self._live.add(int(current))
            self._must_be_whole(int(current))
            if self._settled:
                self._must_be_folded(int(current))

    def _note(self, change: Change) -> None:
        self._history.setdefault(change.name, [_NEVER]).append(_Was(self.judged, self.now, change.after))
        number = _number(change.name)
        if number is not None and change.name[1] == rows.CLAIM and change.after and "publishedBy" in change.after:
            self._names[number] = rows.string(change.after, "publishedBy")
        if number is not None and change.name[1] == rows.SETTINGS and change.after:
            self._complete.add(number)

    def _judge_head(self, before: Item, after: Item | None) -> None:
        if after is None:
            self.violations.append("head is gone")
            return
        version, earlier = _version(after), _version(before)
        if version < earlier:
            self.violations.append(f"catalogVersion went from {earlier} to {version}")
        served = [{name: item.get(name) for name in ("current", "paused")} for item in (before, after)]
        if served[0] != served[1] and version == earlier:
            self.violations.append("what is served changed under one version")
        if "customerKey" in before and before["customerKey"] != after.get("customerKey"):
            self.violations.append("customerKey changed")
        current = before.get("current")
        if self.acting is not None and self.acting.kind == "publish" and after.get("current") != current:
            base = self._bases[self.acting.name]
            if current != (None if base is None else {"N": str(base)}):
                self.violations.append(f"{self._who()} replaced release {current}, having started from {base}")
        if before.get("statesDigest") != after.get("statesDigest") or before.get("statesAt") != after.get("statesAt"):
            acting = self.acting
            assert acting is not None
            others = self.import_writes - acting.found - acting.writes
            self._settled = others == 0 and self.alive("import") == [acting]

    def _judge_state(self, change: Change) -> None:
        """Only an import changes review states; a publish adds rows, and copies the images' states into messages."""
        kind = "" if self.acting is None else self.acting.kind
        before, after = change.before or {}, change.after or {}
        if self.acting is not None and kind == "import":
            self._settled = False
            self.import_writes += 1
            self.acting.writes += 1
        elif "state" in before and before["state"] != after.get("state"):
            self.violations.append(f"{self._who()} changed the state of {change.name[1]}")

    def _judge_release_row(self, change: Change) -> None:
        number = _number(change.name)
        assert number is not None
        if change.name[1] == rows.SETTINGS:
            if change.after is None and not self._may_go(number):
                self.violations.append(f"{self._who()} took release {number}, which is kept")
        elif change.after is None or (change.before and change.name[1] != rows.CLAIM):
            if (change.name[0], rows.SETTINGS) in self.table.items:
                self.violations.append(f"{change.name[1]} of release {number}, which is complete, was changed")
        elif "collecting" in change.after and not self._may_go(number):
            self.violations.append(f"{self._who()} took release {number}, which is being published")

    def _may_go(self, number: int) -> bool:
        """Whether a release may be taken: by its publisher, who lost; as abandoned; or as older than those kept."""
        if str(number) == self.head.get("current", {}).get("N"):
            return False
        acting = self.acting
        if acting is not None and acting.kind == "publish" and acting.name == self._names.get(number):
            return True
        later = {complete for complete in self._complete if complete > number}
        return len(later) >= KEEP or (number not in self._live and self._began(number) + HOUR < self.now)

    def _began(self, number: int) -> float:
        claims = self._history.get((f"{_RELEASE}{number}", rows.CLAIM), [])
        begun = [was.item for was in claims if was.item is not None and "publishedAt" in was.item]
        if not begun:
            return float("-inf")
        return (datetime.fromisoformat(rows.string(begun[0], "publishedAt")) - NOW).total_seconds()

    def _who(self) -> str:
        return "no process" if self.acting is None else f"{self.acting.kind} {self.acting.name}"

    def _must_be_whole(self, number: int) -> None:
        try:
            found = verify(AppTable(self.table.client(), TABLE, APP), number)
        except (RetentionError, UnreadableRowError) as error:
            self.violations.append(f"{self._who()}: release {number}, which is live, is not complete: {error}")
            return
        texts = rows.document_of(found[rows.TEXTS])
        if texts["texts"]["keep"]["en-US"][1:] != [self._names[number]]:
            self.violations.append(f"release {number} is a mixture")

    def _must_be_folded(self, number: int) -> None:
        """Whether every message of a release has the same states for its images as the images' own rows."""
        items = self.table.items
        texts = rows.document_of(items[f"{_RELEASE}{number}", rows.TEXTS])["texts"]
        for message in {ids[0] for by_locale in texts.values() for ids in by_locale.values()}:
            for image, state in rows.read_message(items[_place(rows.message_key(APP, message))]).images.items():
                known = rows.state_of(items.get(_place(rows.image_key(APP, image)), {}))
                if state != known:
                    self.violations.append(f"{message} goes live with {image} as {state}; it is {known}")

    # What must hold for a reader -------------------------------------------------------------------------------------

    def row_at(self, name: Name, then: float) -> Item | None:
        """Return a row as it was, as a replica that lags returns it."""
        return [was.item for was in self._history.get(name, [_NEVER]) if was.at <= then][-1]

    def judge_view(self, reader: Reader, loaded: Loaded, began: float) -> None:
        """Check that a reader got one complete release that is not too old, with states of its time or later."""
        self.views += 1
        head = reader.head()
        assert head is not None
        if head.version < reader.version:
            self.violations.append(f"{reader.name} went back from version {reader.version} to {head.version}")
        reader.version = head.version
        catalog = loaded.catalog
        oldest = began - HEAD_SECONDS - LAG_SECONDS
        heads = [
            rows.read_head(item)
            for item in self._contents_since(_HEAD, oldest)
            if item is not None and "current" in item
        ]
        if catalog.customer_key != heads[-1].customer_key:
            self.violations.append(f"{reader.name} has another customerKey")
        if not any(
            catalog.paused == held.paused and (held.paused or held.current == catalog.release) for held in heads
        ):
            self.violations.append(
                f"{reader.name} has release {catalog.release} (paused: {catalog.paused}), which was not live within"
                f" {self.now - oldest:.0f} s"
            )
        if catalog.release == 0 or catalog.paused:
            return
        name = self._names[catalog.release]
        found = {catalog.sheet.rules[0].name, catalog.settings.bundle_id}
        if found != {name} or catalog.sheet.sets["keep"]["en-US"][1:] != (name,):
            self.violations.append(f"{reader.name} has release {catalog.release}, which is {name}, as {found}")
        if loaded.degraded and self.now == began:
            self.violations.append(f"{reader.name} is {loaded.degraded} although nothing failed")
        if not loaded.degraded:
            self._judge_states(reader, catalog.states, began)

    def _judge_states(self, reader: Reader, states: Any, began: float) -> None:
        """A state may be as old as the oldest head that still counts, and never older than five minutes."""
        # A change without a new version, such as a reserved number, makes no reader read again.
        heads = [was for was in self._history[_HEAD] if was.at <= began - HEAD_SECONDS - LAG_SECONDS]
        announced = next(was.write for was in heads if _version(was.item) == _version(heads[-1].item))
        oldest = began - STATES_SECONDS
        for message in OTHERS_EN:
            name = _place(rows.message_key(APP, message))
            states_then = [
                None if item is None else rows.read_message(item)
                for item in self._contents_since(name, oldest, announced)
            ]
            shown: MessageState | None = states.get(message)
            if message in states and shown not in states_then:
                self.violations.append(
                    f"{reader.name} shows {shown} for {message}; since {oldest:.0f} it was {states_then}"
                )

    def _contents_since(self, name: Name, since: float, write: int = 0) -> list[Item | None]:
        """Return every content that a row had at `since` or later."""
        history = self._history.get(name, [_NEVER])
        ended = [(was.at >= since and was.write > write) for was in history[1:]] + [True]
        return [was.item for was, lasted in zip(history, ended, strict=True) if lasted]

    # What must hold in the end ---------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Kill the remaining processes, let two hours pass, collect once: only complete releases are left."""
        for process in self.alive():
            process.kill(after=False)
        self.now += 2 * HOUR
        client = self.table.client()
        delete_old_releases(_rows(client), now=self.time, keep=KEEP)
        numbers = {number for name in self.table.items if (number := _number(name)) is not None}
        for number in sorted(numbers):
            try:
                verify(_rows(client), number)
            except RetentionError as error:
                self.violations.append(f"left over after collecting: {error}")
        if not numbers <= self._complete:
            self.violations.append(f"left over after collecting: {sorted(numbers - self._complete)}")

    def agree(self, readers: Sequence[Reader]) -> None:
        """Publish, resume and import once more: every reader sees each within half a minute and the replica's lag."""
        for begin in (self.publish, lambda: self.pause(paused=False), self.import_states):
            work = begin()
            work.run()
            if work.error is not None:
                self.violations.append(f"the last {work.kind} failed: {work.error!r}")
            self.now += HEAD_SECONDS + LAG_SECONDS
            for reader in readers:
                read = reader.read("pro.monthly", LAG_SECONDS)
                read.run()
                head = reader.head()
                if read.error is not None or head is None or str(head.version) != self.head["catalogVersion"]["N"]:
                    self.violations.append(f"{reader.name} does not see what is live: {read.error!r}, {head}")


def _version(head: Item | None) -> int:
    return rows.number(head, "catalogVersion") if head is not None and "catalogVersion" in head else 0


def _number(name: Name) -> int | None:
    return int(name[0].removeprefix(_RELEASE)) if name[0].startswith(_RELEASE) else None


def _place(key: rows.Key) -> Name:
    return key["pk"]["S"], key["sk"]["S"]


def made_release(count: int) -> CompiledRelease:
    """A release that has its name wherever a reader could mix it with another, and one text of six."""
    name = f"r{count}"
    found = release(name, products=3)
    text, image = OTHERS_EN[count % len(OTHERS_EN)], IMAGES[count % len(IMAGES)]
    texts = {"en-US": (text, name), "fr-FR": (KEEP_FR,)}
    served = {locale: list(ids) for locale, ids in texts.items()}
    return replace(
        found,
        settings={**SETTINGS, "bundleId": name},
        sheets={product: {**sheet, "sets": {"keep": served}} for product, sheet in found.sheets.items()},
        texts={"keep": texts},
        messages={text: (image,), KEEP_FR: ()},
        images={image: ImageFacts("FULL_SIZE", "image.png")},
    )
