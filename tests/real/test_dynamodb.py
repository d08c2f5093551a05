"""The table on DynamoDB Local: the service's own rules for names, conditions, transactions and sizes."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.connection import Connection, connect
from retention.aws.credentials import CredentialSource
from retention.aws.deadline import Deadline
from retention.aws.sdk import SdkConnection
from retention.aws.service_address import ServiceEndpoint
from retention.catalog import MessageState, Sheet
from retention.errors import CatalogUnavailableError
from retention.locales import LocaleTable
from retention.lookup.app import Loaded
from retention.lookup.customer_facts import NO_CUSTOMER_FACTS, CustomerFacts
from retention.lookup.store import CACHED_SECONDS, COLD_SECONDS, Store
from retention.review.snapshot import ImageState, SnapshotRefusedError, apply_snapshot
from retention.rules import NO_FACTS, NO_SUBSCRIPTION, UNREADABLE, Reported
from retention.subscription import PastTransaction, RenewalSnapshot, State, to_document

from console.local.rows import create_table, write_profile
from console.releases.cleanup import delete_old_releases
from console.releases.default_rows import record_default
from console.releases.head import PublishConflictError, pause, resume, rollback
from console.releases.listing import list_releases
from console.releases.live import live_number, load_live
from console.releases.publish import publish_release
from console.releases.read import ReleaseError, read_release, verify
from tests.support.fake_table import APP, HERO, KEEP_EN, KEEP_FR, Clock
from tests.support.fault_proxy import FaultProxy, trusted
from tests.support.small_release import NOW, put, release
from tests.support.waiting import PATIENCE

APPROVED = {KEEP_EN: "APPROVED", KEEP_FR: "APPROVED"}
IMAGES = {HERO: ImageState("APPROVED", "FULL_SIZE")}


@pytest.fixture
def table() -> str:
    """A table name for each test: the tests share one DynamoDB Local."""
    return f"retention-{uuid.uuid4()}"


@pytest.fixture
def client(dynamodb_local: str, table: str) -> Any:
    made = get_session().create_client("dynamodb", endpoint_url=dynamodb_local)
    create_table(made, table)
    return made


class Counting(Connection):
    """A real connection that records the operations it is asked for."""

    def __init__(self) -> None:
        super().__init__(ServiceEndpoint.of("dynamodb"), CredentialSource())
        self.calls: list[str] = []

    def call(self, operation: str, request: Any, deadline: Deadline) -> dict[str, Any]:
        self.calls.append(operation)
        return super().call(operation, request, deadline)


@pytest.fixture
def connection(dynamodb_local: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_local)
    counting = Counting()
    yield counting
    counting.close()


@pytest.fixture
def store(connection: Counting, table: str) -> Store:
    return Store(lambda: connection, table)


def soon() -> Deadline:
    return Deadline.after(PATIENCE)


def message(client: Any, table: str, name: str) -> MessageState:
    return rows.read_message(client.get_item(**rows.get(table, rows.message_key(APP, name)))["Item"])


def test_a_published_release_is_loaded_in_three_calls_and_kept(
    client: Any, table: str, store: Store, connection: Counting
) -> None:
    """The function's connection reads what the console wrote in three calls; the second request reads nothing."""
    put(client, table)
    apply_snapshot(AppTable(client, table, APP), APPROVED, IMAGES)
    record_default(AppTable(client, table, APP), "pro.monthly", "fr-FR", KEEP_FR, NOW)
    loaded = store.catalog(APP, "pro.monthly", "fr-FR", soon())
    assert loaded.catalog.states[KEEP_EN] == MessageState("APPROVED", {HERO: "APPROVED"})
    assert (loaded.has_default, loaded.degraded) == (True, ())
    store.catalog(APP, "pro.monthly", "fr-FR", soon())
    assert connection.calls == ["get_item", "batch_get_item", "batch_get_item"]


def test_a_large_catalog_costs_as_many_calls_as_a_small_one(
    client: Any, table: str, store: Store, connection: Counting
) -> None:
    """A release of two hundred products is published, and one product of it is read in three calls."""
    put(client, table, release=release(products=200))
    assert store.catalog(APP, "pro.137", "en-US", soon()).catalog.sheet.product.product_id == "pro.137"
    assert len(connection.calls) == 3
    assert store.catalog(APP, "ghost", "en-US", soon()).catalog.sheet.product.product_id is None


def test_a_profile_is_read_and_expires(client: Any, table: str, connection: Counting) -> None:
    """A profile's facts are read as the owner wrote them, until the second in which they expire."""
    write_profile(AppTable(client, table, APP), "99371282", {"plan": "gold", "tenureDays": 200}, expires_at=1000)
    now = 999.0
    store = Store(lambda: connection, table, clock=lambda: now)
    assert store.customer(APP, "99371282", soon(), PATIENCE) == {"plan": "gold", "tenureDays": 200}
    assert store.customer(APP, "1", soon(), PATIENCE) == NO_FACTS
    now = 1000.0
    assert store.customer(APP, "99371282", soon(), PATIENCE) == NO_FACTS


PURCHASED = 1_795_000_000_000
REPORTED = State(
    renewal=RenewalSnapshot(PURCHASED, auto_renew_status=1, recent_subscription_start_date=PURCHASED - 40 * 86_400_000),
    transactions=(
        PastTransaction(PURCHASED, "0" * 16, PURCHASED, reason="RENEWAL", offer_type=2, offer_identifier="half"),
    ),
)


def test_both_rows_of_a_customer_are_read_in_one_call_and_expire(client: Any, table: str, connection: Counting) -> None:
    """A sheet that asks for both gets them by one BatchGetItem, each until the second in which it expires."""
    write_profile(AppTable(client, table, APP), "99371282", {"plan": "gold"}, expires_at=1_795_000_002)
    row = {**rows.document_attributes(to_document(REPORTED)), "version": {"N": "1"}, "expiresAt": {"N": "1795000001"}}
    client.put_item(TableName=table, Item={**rows.subscription_key(APP, "99371282"), **row})
    now = 1_795_000_000.0
    store = Store(lambda: connection, table, clock=lambda: now)

    def known(person: str) -> CustomerFacts:
        return store.customer_facts(APP, person, asking(), soon(), PATIENCE)

    reported = Reported({"tenureDays": 40}, (("half", PURCHASED),))
    assert known("99371282") == CustomerFacts({"plan": "gold"}, reported)
    assert known("1") == NO_CUSTOMER_FACTS
    now = 1_795_000_001.0
    assert known("99371282") == CustomerFacts({"plan": "gold"}, NO_SUBSCRIPTION)
    now = 1_795_000_002.0
    assert known("99371282") == NO_CUSTOMER_FACTS
    assert connection.calls == ["batch_get_item"] * 4


def asking() -> Sheet:
    """Return a sheet whose rule asks for a fact of the profile and one from Apple."""
    when = ["all", ["present", "customer.plan"], ["least", "subscription.tenureDays", 30]]
    rule = {"name": "a", "when": when, "from": None, "until": None, "answer": {"kind": "fallback"}}
    document: dict[str, Any] = {"product": None, "rules": [rule], "sets": {}, "pictured": []}
    return Sheet.from_document(document, LocaleTable("en-US", {}))


@pytest.mark.parametrize("product", ["x" * 2000, "\ud800", "", "a#b", "\0"])
def test_strange_product_ids_are_answered_like_unknown_ones(
    client: Any, table: str, store: Store, product: str
) -> None:
    """A strange product id is answered as an unknown one, and makes no request that DynamoDB refuses."""
    put(client, table)
    assert store.catalog(APP, product, "en-US", soon()).catalog.sheet.product.product_id is None


@pytest.mark.parametrize("person", ["", "\ud800", "x" * 3000, "\0"])
def test_strange_transaction_ids_have_no_profile(client: Any, table: str, store: Store, person: str) -> None:
    """A strange transaction id has no facts or unreadable ones, and raises no error, whichever call reads them."""
    put(client, table)
    assert store.customer(APP, person, soon(), PATIENCE) in (NO_FACTS, UNREADABLE)
    known = store.customer_facts(APP, person, asking(), soon(), PATIENCE)
    assert known in (NO_CUSTOMER_FACTS, CustomerFacts(UNREADABLE, UNREADABLE))


def test_two_publishers_at_once_leave_one_complete_release_and_one_error(client: Any, table: str) -> None:
    """Of two publishers in two threads, the second changes nothing, and its error names the winner."""
    put(client, table)
    for _ in range(5):
        before = live_number(AppTable(client, table, APP))
        outcomes = at_once(client, table, before)
        won = [outcome for outcome in outcomes if not isinstance(outcome, PublishConflictError)]
        lost = [outcome for outcome in outcomes if isinstance(outcome, PublishConflictError)]
        assert len(won) == len(lost) == 1
        assert lost[0].evidence["release"] == won[0].number
        verify(AppTable(client, table, APP), won[0].number)
        live = [found for found in list_releases(AppTable(client, table, APP)) if found.live]
        assert [found.number for found in live] == [won[0].number]
        assert lost[0].evidence["who"] == live[0].published_by


def at_once(client: Any, table: str, based_on: int | None) -> list[Any]:
    outcomes: list[Any] = []
    barrier = threading.Barrier(2)

    def run(who: str) -> None:
        barrier.wait()
        try:
            outcomes.append(put(client, table, who, who=who, based_on=based_on))
        except PublishConflictError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(who,)) for who in ("ada", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return outcomes


def test_readers_see_one_complete_release_or_the_other_while_publishing(client: Any, table: str) -> None:
    """While releases are published, the rules and the number that a reader sees belong together."""
    put(client, table, "r1")
    seen: list[tuple[int, str]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            catalog = Store(lambda: SdkConnection(client), table).catalog(APP, "pro.monthly", "en-US", soon()).catalog
            seen.append((catalog.release, catalog.sheet.rules[0].name))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(2, 8):
        put(client, table, f"r{number}")
    done.set()
    reader.join(PATIENCE)
    assert seen
    assert all(name == f"r{number}" for number, name in seen)


@pytest.mark.parametrize("size", [0, 1_000_000])
def test_a_loaded_release_s_source_has_the_digest_of_the_published_one(client: Any, table: str, size: int) -> None:
    """A source of any size is read back byte for byte, from as many rows as it needs."""
    source = random.Random(size).randbytes(size)
    put(client, table, release=release(source=source))
    assert read_release(AppTable(client, table, APP), 1).source == source
    assert list_releases(AppTable(client, table, APP))[0].source_digest == rows.digest_of(source)


def test_rolling_back_pausing_and_collecting(client: Any, table: str) -> None:
    """Rollback, pause, resume and cleanup work under the service's own conditions and transactions."""
    for name in ("one", "two", "three", "four"):
        put(client, table, name)
    assert rollback(AppTable(client, table, APP)).number == 3
    pause(AppTable(client, table, APP))
    assert load_live(AppTable(client, table, APP), "pro.monthly", "en-US").catalog.paused
    resume(AppTable(client, table, APP))
    rollback(AppTable(client, table, APP), 1)
    assert delete_old_releases(AppTable(client, table, APP), now=NOW + timedelta(days=1), keep=1) == [2, 3]
    assert load_live(AppTable(client, table, APP), "pro.monthly", "en-US").catalog.sheet.rules[0].name == "one"
    with pytest.raises(ReleaseError):
        rollback(AppTable(client, table, APP), 2)
    for gone in (2, 3):
        assert not list(AppTable(client, table, APP).of_release(gone))


class Died(BaseException):
    """The process was killed."""


class Dying:
    """A client whose process is killed just before, or just after, its nth write."""

    WRITES = frozenset({"put_item", "update_item", "transact_write_items", "delete_item"})

    def __init__(self, client: Any, writes: int, *, after: bool) -> None:
        self._client, self._left, self._after, self._lock = client, writes, after, threading.Lock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return self._dying(found) if name in self.WRITES else found

    def _dying(self, write: Any) -> Any:
        def call(**request: Any) -> Any:
            with self._lock:
                self._left -= 1
                left = self._left
            if left < 0 or (left == 0 and not self._after):
                raise Died
            answer = write(**request)
            if left == 0:
                raise Died
            return answer

        return call


@pytest.mark.parametrize("after", [False, True])
def test_a_publisher_killed_at_any_write_leaves_a_complete_release_live(
    client: Any, table: str, *, after: bool
) -> None:
    """A publisher is killed before or after every single write; only its incomplete releases are collected."""
    put(client, table, "r1")
    writes = 0
    while True:
        writes += 1
        try:
            put(Dying(client, writes, after=after), table, "next")
        except Died:
            live = live_number(AppTable(client, table, APP))
            assert live is not None
            verify(AppTable(client, table, APP), live)
        else:
            break
    assert writes > 8
    left = [found.number for found in list_releases(AppTable(client, table, APP)) if not found.complete]
    complete = [found.number for found in list_releases(AppTable(client, table, APP)) if found.complete]
    assert delete_old_releases(AppTable(client, table, APP), now=NOW + timedelta(hours=2)) == sorted(left)
    assert [found.number for found in list_releases(AppTable(client, table, APP))] == complete


def test_a_snapshot_killed_at_any_write_is_repaired_by_the_next(client: Any, table: str) -> None:
    """After an import that was killed at any write, the next import leaves the states of its own lists."""
    put(client, table)
    apply_snapshot(AppTable(client, table, APP), APPROVED, IMAGES)
    rejected = dict.fromkeys(APPROVED, "REJECTED")
    for writes in range(1, 5):
        with pytest.raises(Died):
            apply_snapshot(
                AppTable(Dying(client, writes, after=True), table, APP), rejected, {}, allow_silencing=True
            )  # fmt: skip
        apply_snapshot(AppTable(client, table, APP), APPROVED, IMAGES)
        assert message(client, table, KEEP_EN) == MessageState("APPROVED", {HERO: "APPROVED"})
        assert message(client, table, KEEP_FR) == MessageState("APPROVED")


def test_two_snapshots_and_a_publisher_at_once(client: Any, table: str) -> None:
    """After two imports and a publish at once, all states are of one list, and the new release is live."""
    put(client, table)
    lists, app_table = [APPROVED, dict.fromkeys(APPROVED, "PENDING")], AppTable(client, table, APP)
    threads = [
        *(
            threading.Thread(target=partial(apply_snapshot, app_table, states, IMAGES, allow_silencing=True))
            for states in lists
        ),
        threading.Thread(target=put, args=(client, table, "two")),
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    states = {message(client, table, name).message for name in APPROVED}
    assert states in ({"APPROVED"}, {"PENDING"})
    assert live_number(AppTable(client, table, APP)) == 2


def test_a_refused_snapshot_changes_nothing(client: Any, table: str) -> None:
    """An import of empty lists is refused and changes no row."""
    put(client, table)
    apply_snapshot(AppTable(client, table, APP), APPROVED, IMAGES)
    before = client.scan(TableName=table)["Items"]
    with pytest.raises(SnapshotRefusedError):
        apply_snapshot(AppTable(client, table, APP), {}, {})
    assert client.scan(TableName=table)["Items"] == before


def test_publishing_reports_its_progress_to_the_end(client: Any, table: str) -> None:
    """Publishing five hundred products reports each of its 503 rows."""
    steps: dict[str, tuple[int, int]] = {}

    def progress(step: str, done: int, total: int) -> None:
        steps[step] = (done, total)

    publish_release(
        AppTable(client, table, APP), release(products=500), who="ada", commit=None, now=NOW, progress=progress
    )
    assert steps["write"] == (503, 503)


@pytest.fixture
def proxy(dynamodb_local: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    with trusted(tmp_path) as certificate, FaultProxy(dynamodb_local, certificate) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", made.url)
        yield made


@pytest.fixture
def wired(proxy: FaultProxy) -> Iterator[Connection]:
    """A connection of the function's own, to the proxy, whose address `proxy` has put into the environment."""
    del proxy
    with closing(connect("dynamodb")) as made:
        yield made


@pytest.mark.parametrize("mode", ["reset if reused", "close if reused", "hang if reused"])
def test_a_dead_connection_costs_no_request_its_catalog(
    client: Any, table: str, proxy: FaultProxy, wired: Connection, mode: str
) -> None:
    """`head` is read again on a new socket: the first request after 30 s has a pause, and nothing is degraded."""
    put(client, table)
    clock = Clock()
    store = Store(lambda: wired, table, monotonic=clock)

    def load() -> Loaded:
        return store.catalog(APP, "pro.monthly", "en-US", Deadline.after(PATIENCE))

    assert not load().catalog.paused
    with proxy.suffering(mode):
        pause(AppTable(client, table, APP))
        clock.now += 31
        paused = load()
        assert (paused.catalog.paused, paused.degraded) == (True, ())
        resume(AppTable(client, table, APP))
        clock.now += 301  # states are due as well: a second and a third call
        resumed = load()
        assert (resumed.catalog.paused, resumed.degraded) == (False, ())
        assert store.customer(APP, "1", soon(), PATIENCE) == NO_FACTS
    assert proxy.met


@pytest.mark.parametrize("mode", ["hang", "drip", "reset"])
def test_a_loaded_catalog_serves_through_a_broken_network_and_recovers(
    client: Any, table: str, proxy: FaultProxy, wired: Connection, mode: str
) -> None:
    """During the fault, loaded products are served and marked, others are unavailable; afterwards all are current."""
    put(client, table)
    clock = Clock()
    store = Store(lambda: wired, table, monotonic=clock)

    def load(product: str, seconds: float) -> Any:
        return store.catalog(APP, product, "en-US", Deadline.after(seconds))

    load("pro.monthly", PATIENCE)
    with proxy.suffering(mode):
        for _ in range(12):  # more often than the number of calls that may be left behind
            clock.now += 30
            assert "head" in load("pro.monthly", CACHED_SECONDS).degraded
            assert store.customer(APP, "1", Deadline.after(0.05)) is UNREADABLE
        with pytest.raises(CatalogUnavailableError):
            load("ghost", COLD_SECONDS)
    put(client, table, "two")
    clock.now += 30
    loaded = load("pro.monthly", PATIENCE)
    assert (loaded.catalog.release, loaded.degraded) == (2, ())
    assert load("ghost", PATIENCE).catalog.release == 2


@pytest.fixture(autouse=True)
def no_leftover_threads() -> Iterator[None]:
    """After a test, every thread that it started has ended, or is a daemon of the store."""
    yield
    assert all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate())
