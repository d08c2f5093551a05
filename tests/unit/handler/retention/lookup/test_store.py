"""What the request path reads from the table, how often, and what it does when DynamoDB fails."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from retention import table as rows
from retention.aws.clock import PassedTime
from retention.aws.connection import CallFailedError
from retention.aws.deadline import Deadline
from retention.catalog import FORMAT
from retention.errors import CatalogUnavailableError
from retention.lookup.app import STATES_SECONDS, Loaded
from retention.lookup.failures import QUIET_SECONDS
from retention.lookup.store import CACHED_SECONDS, COLD_SECONDS, Store
from retention.rules import NO_FACTS, UNREADABLE

from tests.support.fake_table import (
    ANYONE_EN,
    APP,
    CUSTOMER_KEY,
    HERO,
    KEEP_EN,
    KEEP_FR,
    SETTINGS,
    SHEETS,
    TABLE,
    Clock,
    FakeTable,
    fails,
    hangs,
    published,
    sheet,
)
from tests.support.waiting import PATIENCE


class Reader:
    """A store over a fake table, with a clock that the test sets and the calls made since the last question."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table
        self.clock = Clock()
        self.store = Store(lambda: table, TABLE, monotonic=self.clock, clock=lambda: 1_700_000_000.0)

    def load(self, product: str = "pro.monthly", locale: str = "en-US", seconds: float = PATIENCE) -> Loaded:
        return self.store.catalog(APP, product, locale, Deadline.after(seconds))

    def operations(self) -> list[str]:
        made = [operation for operation, _ in self.table.calls]
        self.table.calls.clear()
        return made

    def later(self, seconds: float) -> None:
        self.clock.now += seconds


@pytest.fixture
def reader() -> Reader:
    return Reader(published())


def rule_of(loaded: Loaded) -> str:
    return loaded.catalog.sheet.rules[0].name


# How much is read


def test_a_cold_look_up_takes_three_calls_and_a_warm_one_none(reader: Reader) -> None:
    """Three calls: head; settings with sheets; states with the default. The same request again makes none."""
    loaded = reader.load()
    assert reader.operations() == ["get_item", "batch_get_item", "batch_get_item"]
    assert loaded.catalog.release == 1
    assert loaded.catalog.customer_key == CUSTOMER_KEY
    assert loaded.catalog.states[KEEP_EN].servable
    assert (loaded.has_default, loaded.degraded) == (False, ())
    assert reader.load().catalog is loaded.catalog
    assert reader.operations() == []


def test_the_number_of_calls_does_not_grow_with_the_catalog() -> None:
    """Five hundred products with two thousand messages cost three calls, as many as one product does."""
    table = FakeTable()
    ids = [f"{number:08d}-1111-5111-8111-111111111111" for number in range(2000)]
    sheets = {f"p{n}": sheet(f"p{n}", f"r{n}", {"en-US": ids[n * 4 : n * 4 + 4]}) for n in range(500)}
    table.publish(1, {**sheets, "*": SHEETS["*"]})
    for message in ids:
        table.state(message, "APPROVED")
    reader = Reader(table)
    assert len(reader.load("p321").catalog.states) == 4
    assert len(reader.operations()) == 3
    reader.load("p322")
    assert len(reader.operations()) == 2  # head and settings are known


def consistency(reader: Reader) -> list[bool]:
    """Return which of the calls made so far were consistent reads."""
    found = []
    for operation, request in reader.table.calls:
        found.append((request["RequestItems"][TABLE] if operation == "batch_get_item" else request)["ConsistentRead"])
    return found


def test_head_and_the_rows_of_a_release_are_read_eventually_consistent_and_states_consistently(reader: Reader) -> None:
    """A replica that lags may return an old head; states are never older than the version that names them.

    The rows of a release never change: any replica that has them is good enough, at half the price.
    """
    reader.load()
    assert consistency(reader) == [False, False, True]


@pytest.mark.parametrize(
    "missing",
    [
        [rows.settings_key(APP, 2)],
        [rows.sheet_key(APP, 2, "pro.monthly")],
        [rows.settings_key(APP, 2), rows.sheet_key(APP, 2, "pro.monthly")],
        [rows.settings_key(APP, 2), *(rows.sheet_key(APP, 2, product) for product in ("pro.monthly", "*"))],
    ],
    ids=["settings", "the sheet", "both", "all"],
)
@pytest.mark.parametrize("warmed", [False, True])
def test_rows_that_a_lagging_replica_lacks_are_read_consistently(
    reader: Reader, missing: list[rows.Key], *, warmed: bool
) -> None:
    """Only these rows, and once: a new release is served completely, never by the rules for other products."""
    reader.table.publish(2)
    gone = {(key["pk"]["S"], key["sk"]["S"]) for key in missing}
    reader.table.lagging = {name: item for name, item in reader.table.items.items() if name not in gone}
    if warmed:
        assert set(reader.store.warm([APP], Deadline.after(PATIENCE))) == {APP}
    loaded = reader.load()
    assert (loaded.catalog.release, rule_of(loaded), loaded.degraded) == (2, "monthly", ())
    again = [request for _, request in reader.table.calls if request.get("RequestItems", {})]
    asked = [request["RequestItems"][TABLE] for request in again if request["RequestItems"][TABLE]["ConsistentRead"]]
    release_rows = [
        (key["pk"]["S"], key["sk"]["S"]) for read in asked for key in read["Keys"] if "#release#" in key["pk"]["S"]
    ]
    assert release_rows
    assert set(release_rows) <= gone
    assert len(set(release_rows)) == len(release_rows)


def test_a_product_outside_the_release_is_not_read_again(reader: Reader) -> None:
    """The settings' list of products shows that the sheet does not exist, so that no row is read twice."""
    reader.load("ghost")
    assert consistency(reader) == [False, False, True]


def test_the_default_is_read_with_the_states_consistently(reader: Reader) -> None:
    """A replica that does not have the default record yet does not make it unknown for five minutes."""
    reader.table.lagging = dict(reader.table.items)
    reader.table.put(rows.default_key(APP, "pro.monthly", "en-US"), {"messageIdentifier": {"S": KEEP_EN}})
    assert reader.load().has_default is True


def test_head_is_compared_every_thirty_seconds_and_states_every_five_minutes(reader: Reader) -> None:
    """After 29 s nothing is read; after 30 s head; after 5 min head, and states with the default in one call."""
    reader.load()
    reader.operations()
    reader.later(29)
    reader.load()
    assert reader.operations() == []
    reader.later(1)
    assert reader.load().degraded == ()
    assert reader.operations() == ["get_item"]
    reader.later(270)
    reader.load()
    assert reader.operations() == ["get_item", "batch_get_item"]


def test_another_locale_of_a_sheet_in_memory_reads_only_its_states(reader: Reader) -> None:
    """Locales share a sheet, and the default's row is read in the same call as the states."""
    reader.load()
    reader.operations()
    loaded = reader.load(locale="fr-FR")
    assert reader.operations() == ["batch_get_item"]
    assert set(loaded.catalog.states) == {KEEP_EN, KEEP_FR}  # its own text, and the default locale's behind it


def test_more_than_a_hundred_messages_are_read_a_hundred_at_a_time() -> None:
    """BatchGetItem takes at most 100 keys, so 150 states are read with two calls."""
    table = FakeTable()
    ids = [f"{number:08d}-1111-5111-8111-111111111111" for number in range(150)]
    table.publish(1, {"pro.monthly": sheet("pro.monthly", "r", {"en-US": ids}), "*": SHEETS["*"]})
    for message in ids:
        table.state(message, "APPROVED")
    assert len(Reader(table).load().catalog.states) == 150


def test_unprocessed_keys_are_requested_again(reader: Reader) -> None:
    """DynamoDB may answer a part of a batch; the store reads the rest before the request is decided."""
    reader.table.unprocessed = 4
    loaded = reader.load()
    assert rule_of(loaded) == "monthly"
    assert loaded.catalog.states[KEEP_EN].servable


def test_keys_that_stay_unprocessed_end_with_the_deadline(reader: Reader) -> None:
    """At the deadline the store stops requesting them again, although DynamoDB still throttles."""
    reader.table.throttled = True
    with pytest.raises(CatalogUnavailableError) as error:
        reader.load(seconds=0.1)
    assert error.value.code == "deadline"


# Products, defaults, states


def test_unknown_products_share_the_sheet_for_any_product_and_are_remembered(reader: Reader) -> None:
    """A product outside the release has no sheet of its own, and reads nothing at its second request."""
    first, second = reader.load("ghost.1"), reader.load("ghost.2")
    assert rule_of(first) == "anyone"
    assert first.catalog.sheet is second.catalog.sheet
    assert set(first.catalog.states) == {ANYONE_EN}
    reader.operations()
    reader.load("ghost.1")
    assert reader.operations() == []


def test_a_thousand_unknown_products_stay_within_the_limit(reader: Reader) -> None:
    """Memory is limited in bytes, however many products requests name."""
    reader.store = Store(lambda: reader.table, TABLE, monotonic=reader.clock, max_bytes=200_000)
    for number in range(1000):
        reader.load(f"ghost.{number}")
    assert reader.store.stats().held_bytes <= 200_000
    assert reader.store.stats().views < 200


@pytest.mark.parametrize("product", ["x" * 2000, "\ud800", "*", "", "a#b"])
def test_strange_product_ids_are_unknown_products(reader: Reader, product: str) -> None:
    """A product id that cannot be a sort key, or looks like a key of ours, gets the sheet for other products."""
    assert rule_of(reader.load(product)) == "anyone"


def test_a_default_is_known_by_apple_s_spelling_of_the_locale(reader: Reader) -> None:
    """A request in `en_US` reads the default record of `en-US`."""
    reader.table.put(rows.default_key(APP, "pro.monthly", "en-US"), {"messageIdentifier": {"S": KEEP_EN}})
    assert reader.load(locale="en_US").has_default is True
    assert reader.load(locale="fr-FR").has_default is False
    assert reader.load(locale="x#" * 2000).has_default is False


def test_a_message_without_a_state_is_not_servable(reader: Reader) -> None:
    """A message is not servable if its row has no valid state or does not exist."""
    reader.table.put(rows.message_key(APP, KEEP_EN), {"images": {"S": "?"}})
    reader.table.remove(rows.message_key(APP, KEEP_FR))
    states = reader.load(locale="fr-FR").catalog.states
    assert not states[KEEP_EN].servable
    assert KEEP_FR not in states


def test_image_states_come_with_the_message(reader: Reader) -> None:
    """One row shows whether a message and all its images can be served."""
    reader.table.state(KEEP_EN, "APPROVED", {HERO: "REJECTED"})
    assert reader.load().catalog.states[KEEP_EN].images == {HERO: "REJECTED"}


# Change


def test_a_new_release_replaces_the_old_one_within_thirty_seconds(reader: Reader) -> None:
    """Sheet, settings and states all come from the new release; one catalog never mixes two releases."""
    reader.load()
    reader.table.publish(2, {"pro.monthly": sheet("pro.monthly", "newer", {"en-US": [KEEP_EN]}), "*": SHEETS["*"]})
    assert rule_of(reader.load()) == "monthly"
    reader.later(30)
    loaded = reader.load()
    assert (rule_of(loaded), loaded.catalog.release, loaded.degraded) == ("newer", 2, ())


def test_new_states_are_read_when_the_version_changes(reader: Reader) -> None:
    """A rejection reaches the function when it next reads head, not five minutes later."""
    reader.load()
    reader.table.state(KEEP_EN, "REJECTED")
    reader.table.head(current=1, version=2)
    reader.later(30)
    reader.operations()
    assert not reader.load().catalog.states[KEEP_EN].servable
    assert reader.operations() == ["get_item", "batch_get_item"]


def test_a_pause_holds_as_soon_as_head_is_read(reader: Reader) -> None:
    """To pause, the function needs head alone, even if no other row can be read."""
    reader.load()
    reader.table.head(current=1, version=2, paused=True)
    reader.later(30)
    assert reader.load().catalog.paused
    cold = Reader(FakeTable(items={name: item for name, item in reader.table.items.items() if name[1] == "head"}))
    assert cold.load().catalog.paused
    assert cold.operations() == ["get_item"]


def test_a_lagging_replica_does_not_bring_an_old_release_back(reader: Reader) -> None:
    """A head older than the known one is read again consistently, and the newer release stays."""
    old = dict(reader.table.items)
    reader.table.publish(2)
    reader.load()
    reader.table.lagging = old
    reader.later(30)
    assert reader.load().catalog.release == 2


def test_a_rollback_is_followed(reader: Reader) -> None:
    """`current` may fall, since the version rises."""
    reader.table.publish(2)
    reader.load()
    reader.table.head(current=1, version=3)
    reader.later(30)
    assert reader.load().catalog.release == 1


APP_HEAD = (rows.app_pk(APP), rows.HEAD)


def delete_release(table: FakeTable, release: int) -> None:
    for name in [name for name in table.items if name[0].endswith(f"#release#{release}")]:
        del table.items[name]


@pytest.mark.parametrize("product", ["pro.monthly", "ghost"])
def test_a_deleted_release_is_left_for_the_live_one(reader: Reader, product: str) -> None:
    """Head in memory may name a deleted release for 30 s; a request for another product is still answered."""
    reader.load("ghost" if product == "pro.monthly" else "pro.monthly")
    reader.table.publish(2)
    delete_release(reader.table, 1)
    loaded = reader.load(product)
    assert (loaded.catalog.release, loaded.degraded) == (2, ())


def test_a_replica_that_names_a_deleted_release_is_checked_consistently(reader: Reader) -> None:
    """A cold look-up then makes three calls more, and answers from one complete release."""
    old = reader.table.items[APP_HEAD]
    reader.table.publish(2)
    delete_release(reader.table, 1)
    reader.table.lagging = {**reader.table.items, APP_HEAD: old}
    loaded = reader.load()
    assert (loaded.catalog.release, loaded.degraded, loaded.age < 1) == (2, (), True)
    assert reader.operations() == ["get_item", *["batch_get_item"] * 2, "get_item", *["batch_get_item"] * 2]
    reader.load()
    assert reader.operations() == []


def test_a_live_release_that_lost_a_row_is_malformed(reader: Reader) -> None:
    """A consistent read names the same release, so it is not old but damaged; nothing is read a third time."""
    reader.table.remove(rows.settings_key(APP, 1))
    with pytest.raises(CatalogUnavailableError) as error:
        reader.load()
    assert error.value.code == "malformed"
    assert reader.operations() == ["get_item", "batch_get_item", "batch_get_item", "get_item"]


# Failure


def test_without_a_release_there_is_no_catalog() -> None:
    """With an empty table there is no catalog, and the error's code is `no_release`."""
    with pytest.raises(CatalogUnavailableError) as error:
        Reader(FakeTable()).load()
    assert error.value.code == "no_release"


@pytest.mark.parametrize(("fault", "code"), [(fails, "dynamodb"), (hangs, "deadline")])
def test_a_cold_look_up_that_fails_is_unavailable(reader: Reader, fault: Any, code: str) -> None:
    """With nothing in memory, a failing or hanging DynamoDB is an error with a code, within the deadline."""
    reader.table.fault = fault
    with pytest.raises(CatalogUnavailableError) as error:
        reader.load(seconds=PATIENCE if fault is fails else 0.05)
    assert error.value.code == code


def test_a_request_during_a_comparison_is_not_degraded(reader: Reader) -> None:
    """While one request compares `head`, another one answers from memory, and neither is degraded."""
    reader.load()
    reader.later(31)
    concurrent: list[Loaded] = []

    def ask(_operation: str, _request: dict[str, Any]) -> None:
        reader.table.fault = lambda *_: None
        concurrent.append(reader.load())

    reader.table.fault = ask
    assert reader.load().degraded == ()
    assert [loaded.degraded for loaded in concurrent] == [()]
    reader.later(31)
    reader.table.fault = fails
    assert reader.load().degraded == ("head",)


def test_a_failed_head_read_is_not_repeated_for_five_seconds(reader: Reader) -> None:
    """The last good catalog serves, marked as degraded, without a call to DynamoDB for each request."""
    reader.load()
    reader.later(30)
    reader.table.fault = fails
    reader.operations()
    assert reader.load().degraded == ("head",)
    assert reader.load().age == 30
    assert reader.operations() == ["get_item"]
    reader.later(5)
    reader.load()
    assert reader.operations() == ["get_item"]
    reader.table.fault = FakeTable().fault
    reader.later(5)
    assert reader.load().degraded == ()


def test_a_hanging_head_read_leaves_time_for_the_customer(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a catalog in memory, reading head leaves the 60 ms that the customer's facts may take."""
    reader.load()
    reader.later(30)
    reader.table.fault = hangs
    seconds_left: list[float] = []
    call = reader.table.call

    def noted(operation: str, request: Any, deadline: Deadline) -> Any:
        seconds_left.append(deadline.left())
        return call(operation, request, deadline)

    monkeypatch.setattr(reader.table, "call", noted)
    deadline = Deadline.after(0.1, Clock())
    assert reader.store.catalog(APP, "pro.monthly", "en-US", deadline).degraded == ("head",)
    assert seconds_left == [pytest.approx(0.04)]


def test_states_that_cannot_be_renewed_serve_marked_as_degraded(reader: Reader) -> None:
    """Old states are better than no answer; the degradation has a metric."""
    reader.load()
    reader.later(300)
    reader.table.fault = lambda operation, _: fails(operation, {}) if operation == "batch_get_item" else None
    assert reader.load().degraded == ("states",)
    reader.operations()
    assert reader.load().degraded == ("states",)
    assert reader.operations() == []


def test_without_states_of_a_locale_there_is_no_catalog(reader: Reader) -> None:
    """A sheet in memory without review states answers no request."""
    reader.load()
    reader.table.fault = fails
    with pytest.raises(CatalogUnavailableError):
        reader.load(locale="fr-FR")


def test_a_new_product_is_read_under_the_head_in_memory(reader: Reader) -> None:
    """A head that cannot be compared still names a release, so a product's first request is answered, degraded."""
    reader.load()
    reader.later(30)

    def head_fails(operation: str, request: dict[str, Any]) -> None:
        if operation == "get_item":
            fails(operation, request)

    reader.table.fault = head_fails
    loaded = reader.load("ghost")
    assert (rule_of(loaded), loaded.degraded) == ("anyone", ("head",))


def test_progress_is_kept_when_only_the_states_fail(reader: Reader) -> None:
    """A slow table is read over two requests: the second uses the sheet that the first has read."""
    calls = 0

    def third_fails(operation: str, request: dict[str, Any]) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            fails(operation, request)

    reader.table.fault = third_fails
    with pytest.raises(CatalogUnavailableError):
        reader.load()
    reader.operations()
    assert reader.load().catalog.states[KEEP_EN].servable
    assert reader.operations() == ["batch_get_item"]


def edited(table: FakeTable, key: rows.Key, **attributes: Any) -> None:
    name = (key["pk"]["S"], key["sk"]["S"])
    table.items[name] = {**table.items[name], **attributes}


DAMAGES: dict[str, Callable[[FakeTable], None]] = {
    "a sheet edited by hand": lambda t: edited(t, rows.sheet_key(APP, 2, "pro.monthly"), document={"B": b"{}"}),
    "a sheet of another digest": lambda t: edited(t, rows.sheet_key(APP, 2, "pro.monthly"), digest={"S": "0" * 64}),
    "a sheet of another type": lambda t: edited(t, rows.sheet_key(APP, 2, "pro.monthly"), document={"S": "x"}),
    "a sheet that is gone": lambda t: t.remove(rows.sheet_key(APP, 2, "pro.monthly")),
    "settings that are gone": lambda t: t.remove(rows.settings_key(APP, 2)),
    "settings that are wrong": lambda t: t.publish(2, settings={"appAppleId": 1}),
    "a format that is no number": lambda t: edited(t, rows.settings_key(APP, 2), format={"S": "1"}),
    "a rule without its set": lambda t: t.publish(2, {**SHEETS, "pro.monthly": sheet("p", "r", {}, sets={})}),
    "a rule of an unknown kind": lambda t: t.publish(2, {**SHEETS, "pro.monthly": {"rules": 7}}),
    "a bomb": lambda t: edited(t, rows.sheet_key(APP, 2, "pro.monthly"), document={"B": compression_bomb()}),
}


def compression_bomb() -> bytes:
    import zlib  # noqa: PLC0415  # only here

    return zlib.compress(bytes(rows.MAX_DOCUMENT + 1))


@pytest.mark.parametrize("name", DAMAGES)
def test_a_malformed_release_keeps_the_last_good_one(reader: Reader, name: str) -> None:
    """If the live release is damaged, the one before serves on, marked as degraded."""
    reader.load()
    reader.table.publish(2)
    DAMAGES[name](reader.table)
    reader.later(30)
    loaded = reader.load()
    assert (loaded.catalog.release, loaded.degraded) == (1, ("malformed",))
    with pytest.raises(CatalogUnavailableError) as error:
        Reader(reader.table).load()
    assert error.value.code == "malformed"


def test_a_newer_format_keeps_the_last_good_release(reader: Reader) -> None:
    """A release in a format for newer functions is not read; the one before serves on, marked as degraded."""
    reader.load()
    reader.table.publish(2, format_version=FORMAT + 1)
    reader.later(30)
    loaded = reader.load()
    assert (loaded.catalog.release, loaded.degraded) == (1, ("format",))
    with pytest.raises(CatalogUnavailableError) as error:
        Reader(reader.table).load()
    assert error.value.code == "format"


@pytest.mark.parametrize(
    ("sheets", "settings"),
    [
        ({**SHEETS, "pro.monthly": {**SHEETS["pro.monthly"], "sets": {"keep": {"en-US": [5]}}}}, SETTINGS),
        ({**SHEETS, "pro.monthly": {**SHEETS["pro.monthly"], "sets": {}}}, SETTINGS),
        ({**SHEETS, "pro.monthly": []}, SETTINGS),
        (SHEETS, {**SETTINGS, "bundleId": 7}),
        (SHEETS, {**SETTINGS, "signs": "no"}),
        (SHEETS, {**SETTINGS, "locales": {"default": None, "fallbacks": {}}}),
    ],
)
def test_a_release_of_another_shape_keeps_the_last_good_one(
    reader: Reader, sheets: dict[str, Any], settings: dict[str, Any]
) -> None:
    """A right digest shows that a document is the one that was written, not that its content is valid."""
    reader.load()
    reader.table.publish(2, sheets, settings=settings)
    reader.later(31)
    loaded = reader.load()
    assert (loaded.catalog.release, loaded.degraded) == (1, ("malformed",))


@pytest.mark.parametrize(
    "attributes",
    [
        {"current": {"S": "2"}},
        {"current": {"N": "two"}},
        {"catalogVersion": {"S": "x"}},
        {"paused": {"S": "no"}},
        {"customerKey": {"S": "x"}},
    ],
)
def test_a_head_edited_into_nonsense_keeps_the_last_good_one(reader: Reader, attributes: dict[str, Any]) -> None:
    """A head that the function cannot read counts as one that could not be compared."""
    reader.load()
    edited(reader.table, rows.head_key(APP), **attributes)
    reader.later(30)
    loaded = reader.load()
    assert (loaded.catalog.release, loaded.degraded) == (1, ("head",))


def test_a_head_that_vanished_keeps_the_last_good_one(reader: Reader) -> None:
    """An emptied table does not stop a function that has a catalog in memory."""
    reader.load()
    reader.table.items.clear()
    reader.later(30)
    assert reader.load().degraded == ("head",)


def test_an_emptied_table_does_not_take_the_states_away(reader: Reader) -> None:
    """Missing rows of messages change no review state, however old the states in memory are."""
    reader.load()
    reader.table.items.clear()
    reader.later(STATES_SECONDS)
    loaded = reader.load()
    assert (loaded.catalog.states[KEEP_EN].servable, loaded.degraded) == (True, ("head", "states"))


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"Responses": []},
        {"Responses": {TABLE: [{"pk": 7}]}},
        *(
            {"Responses": {}, "UnprocessedKeys": left}
            for left in (
                7,
                {TABLE: 7},
                {TABLE: {"Keys": [{"pk": {"B": b""}, "sk": {"B": b""}}]}},  # bytes, which JSON cannot hold
                {TABLE: {"Keys": [rows.head_key(APP)]}},
                {"another": {"Keys": [rows.head_key(APP)]}},
            )
        ),
    ],
)
def test_an_answer_of_another_shape_is_a_failed_call(
    reader: Reader, answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON that is no answer of DynamoDB's is reported as a failed call, with the cause UnexpectedAnswer."""
    monkeypatch.setattr(reader.table, "batch_get_item", lambda **_: answer)
    with pytest.raises(CatalogUnavailableError) as error:
        reader.load()
    assert (error.value.code, error.value.evidence) == ("dynamodb", {"cause": "UnexpectedAnswer"})


def test_failure_of_one_product_does_not_keep_another_from_its_new_release(reader: Reader) -> None:
    """A damaged sheet of one product keeps only that product on its earlier release."""
    reader.load()
    reader.load("ghost")
    reader.table.publish(2)
    reader.table.remove(rows.sheet_key(APP, 2, "pro.monthly"))
    reader.later(30)
    assert reader.load().degraded == ("malformed",)
    assert reader.load("ghost").catalog.release == 2


# Budget, warming, restoring


def test_the_budget_is_smaller_where_memory_can_answer(reader: Reader) -> None:
    """A look-up may take 350 ms without a catalog in memory, 200 ms with one."""
    assert reader.store.budget(APP, "pro.monthly", "en-US") == COLD_SECONDS
    reader.load()
    assert reader.store.budget(APP, "pro.monthly", "en-US") == CACHED_SECONDS


def test_warming_reads_head_and_settings_so_that_the_first_request_needs_two_calls(reader: Reader) -> None:
    """If a release names no products to read ahead, init reads only head and settings."""
    warmed = reader.store.warm([APP, 42], Deadline.after(PATIENCE))
    assert {app: settings.key_id for app, settings in warmed.items()} == {APP: SETTINGS["keyId"]}
    assert reader.operations() == ["get_item", "batch_get_item", "get_item"]
    reader.store.warm([APP], Deadline.after(PATIENCE))
    reader.load()
    assert reader.operations() == ["batch_get_item", "batch_get_item"]


# Reading ahead


def ahead(first: list[str] | None = None, sheets: dict[str, Any] = SHEETS) -> Reader:
    """Return a reader that has been warmed on a release with a list of products to read ahead."""
    reader = Reader(published())
    reader.table.publish(1, sheets, first=["pro.monthly"] if first is None else first)
    assert set(reader.store.warm([APP], Deadline.after(PATIENCE))) == {APP}
    return reader


def test_after_reading_ahead_the_first_request_makes_no_call() -> None:
    """Init makes four calls; then listed products, and products outside the release, need none."""
    reader = ahead()
    assert reader.operations() == ["get_item", *["batch_get_item"] * 3]
    for product, locale, rule in (
        ("pro.monthly", "en-US", "monthly"),
        ("pro.monthly", "fr-FR", "monthly"),
        ("ghost", "en-US", "anyone"),
    ):
        loaded = reader.load(product, locale)
        assert (rule_of(loaded), loaded.degraded, loaded.has_default) == (rule, (), None)
        assert all(state.servable for state in loaded.catalog.states.values())
    assert reader.operations() == []


def test_of_what_is_read_ahead_only_states_are_read_consistently() -> None:
    """Init reads each kind of row with the same consistency as a first request."""
    reader = Reader(published())
    reader.table.publish(1, first=["pro.monthly"])
    reader.store.warm([APP], Deadline.after(PATIENCE))
    assert consistency(reader) == [False, False, False, True]


def test_what_was_read_ahead_ages_like_other_rows() -> None:
    """States, with the default, are read again after five minutes, and at once when the version has changed."""
    reader = ahead()
    reader.table.put(rows.default_key(APP, "pro.monthly", "en-US"), {"messageIdentifier": {"S": KEEP_EN}})
    reader.load()
    reader.later(STATES_SECONDS - 1)
    reader.load(locale="fr-FR")
    reader.operations()
    reader.later(1)
    assert reader.load().has_default is True
    assert reader.operations() == ["batch_get_item"]

    reader = ahead()
    reader.table.state(KEEP_EN, "REJECTED")
    reader.table.head(current=1, version=2)
    reader.later(30)
    reader.operations()
    assert not reader.load().catalog.states[KEEP_EN].servable
    assert reader.operations() == ["get_item", "batch_get_item"]


def test_a_new_release_is_not_mixed_with_what_was_read_ahead() -> None:
    """Rows that were read ahead belong to their release; a newer release is read from the table."""
    reader = ahead()
    reader.table.publish(2, {"pro.monthly": sheet("pro.monthly", "newer", {"en-US": [KEEP_EN]}), "*": SHEETS["*"]})
    reader.later(30)
    loaded = reader.load()
    assert (rule_of(loaded), loaded.catalog.release) == ("newer", 2)


@pytest.mark.parametrize("first", [[], ["ghost"], ["*"], ["pro.monthly", "pro.monthly"], ["x" * 2000], ["\ud800"]])
def test_any_list_of_first_products_is_accepted(first: list[str]) -> None:
    """Listed names without a sheet, or that cannot be keys, change no answer."""
    reader = ahead(first)
    for product, rule in (("pro.monthly", "monthly"), ("ghost", "anyone")):
        loaded = reader.load(product)
        assert (rule_of(loaded), loaded.degraded) == (rule, ())


@pytest.mark.parametrize("first", [{"L": [{"S": "pro.monthly"}]}, {"N": "1"}, {"S": ["x"]}, {"NULL": True}, 7])
def test_a_release_without_a_list_of_first_products_is_valid(first: Any) -> None:
    """Releases of older consoles have no list: init reads only head and settings; the release is not malformed."""
    reader = Reader(published())
    edited(reader.table, rows.settings_key(APP, 1), first=first)
    reader.store.warm([APP], Deadline.after(PATIENCE))
    assert reader.operations() == ["get_item", "batch_get_item"]
    loaded = reader.load()
    assert (rule_of(loaded), loaded.degraded, loaded.has_default) == ("monthly", (), False)
    assert reader.operations() == ["batch_get_item", "batch_get_item"]


def test_no_more_states_are_read_ahead_than_one_call_takes() -> None:
    """First those of each product's default locale; the others are read when a request needs them."""
    ids = [f"{number:08d}-1111-5111-8111-111111111111" for number in range(600)]
    sheets = {
        f"p{n}": sheet(f"p{n}", f"r{n}", {"en-US": ids[n * 60 : n * 60 + 20], "fr-FR": ids[n * 60 + 20 : n * 60 + 60]})
        for n in range(10)
    }
    reader = Reader(FakeTable())
    reader.table.publish(1, {**sheets, "*": SHEETS["*"]}, first=list(sheets))
    for message in (*ids, ANYONE_EN):
        reader.table.state(message, "APPROVED")
    reader.store.warm([APP], Deadline.after(PATIENCE))
    assert reader.operations() == ["get_item", *["batch_get_item"] * 3]
    assert reader.store.stats().sheets == 5  # as many as it took to find a hundred
    for product, calls in (("p0", 0), ("p4", 0), ("p5", 1), ("ghost", 1)):
        assert rule_of(reader.load(product)) == (f"r{product[1]}" if product != "ghost" else "anyone")
        assert len(reader.operations()) == calls


@pytest.mark.parametrize("fault", [fails, hangs])
@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_what_could_not_be_read_ahead_is_left_to_the_first_request(call: int, fault: Any) -> None:
    """Init ends in its time and keeps what it has read, settings first: they name the key to fetch."""
    reader = Reader(published())
    reader.table.publish(1, first=["pro.monthly"])
    made = 0

    def one_fails(operation: str, request: dict[str, Any]) -> None:
        nonlocal made
        made += 1
        if made == call:
            fault(operation, request)

    reader.table.fault = one_fails
    found = reader.store.warm([APP], Deadline.after(1 if fault is hangs else PATIENCE))
    assert set(found) == ({APP} if call > 2 else set())
    reader.later(5)
    reader.operations()
    loaded = reader.load()
    assert (rule_of(loaded), loaded.degraded) == ("monthly", ())
    assert len(reader.operations()) == {1: 3, 2: 2, 3: 2, 4: 1}[call]


def test_a_sheet_that_is_too_large_to_read_ahead_is_left_to_the_first_request() -> None:
    """A large sheet is not read ahead, since unpacking and compiling it would delay the start."""
    large = sheet(None, "anyone", {"en-US": [ANYONE_EN]}, pictured=[random.Random(1).randbytes(70_000).hex()])
    reader = ahead(["pro.monthly"], {**SHEETS, "*": large})
    assert reader.store.stats().sheets == 1  # of pro.monthly
    reader.operations()
    assert rule_of(reader.load("ghost")) == "anyone"
    assert reader.operations() == ["batch_get_item", "batch_get_item"]
    assert rule_of(reader.load()) == "monthly"
    assert reader.operations() == []


@pytest.mark.parametrize("damage", [{"digest": {"S": "0" * 64}}, {"document": {"S": "x"}}, {"document": 7}])
def test_a_damaged_sheet_does_not_stop_init_and_is_malformed_when_requested(damage: dict[str, Any]) -> None:
    """The undamaged sheets of the release are read ahead in spite of it."""
    reader = Reader(published())
    reader.table.publish(1, {**SHEETS, "other": SHEETS["pro.monthly"]}, first=["pro.monthly", "other"])
    edited(reader.table, rows.sheet_key(APP, 1, "pro.monthly"), **damage)
    assert set(reader.store.warm([APP], Deadline.after(PATIENCE))) == {APP}
    reader.operations()
    assert rule_of(reader.load("other")) == "monthly"
    assert reader.operations() == []
    with pytest.raises(CatalogUnavailableError) as error:
        reader.load()
    assert error.value.code == "malformed"


def test_a_damaged_row_that_was_repaired_is_read_again() -> None:
    """Five seconds after the failure, also if the row was read ahead."""
    reader = Reader(published())
    reader.table.publish(1, first=["pro.monthly"])
    key = rows.sheet_key(APP, 1, "pro.monthly")
    undamaged_row = reader.table.items[key["pk"]["S"], key["sk"]["S"]]
    edited(reader.table, key, digest={"S": "0" * 64})
    reader.store.warm([APP], Deadline.after(PATIENCE))
    with pytest.raises(CatalogUnavailableError, match="digest"):
        reader.load()
    reader.table.put(key, undamaged_row)
    reader.later(QUIET_SECONDS)
    assert rule_of(reader.load()) == "monthly"


def test_a_very_deep_list_of_products_counts_as_no_list() -> None:
    """The start does not fail on nested values in the table."""
    reader = Reader(published())
    deep: Any = {"L": []}
    for _ in range(1500):  # as deep as JSON is read
        deep = {"L": [deep]}
    edited(reader.table, rows.settings_key(APP, 1), first=deep)
    as_it_is: dict[str, Any] = {"get_item": reader.table.get_item, "batch_get_item": reader.table.batch_get_item}
    undamaged: Any = SimpleNamespace(call=lambda name, asked, _: as_it_is[name](**asked))
    assert set(Store(lambda: undamaged, TABLE).warm([APP], Deadline.after(PATIENCE))) == {APP}


def test_a_table_without_the_messages_rows_is_not_believed_ahead() -> None:
    """Such a table was emptied or is half restored: no catalog is available, as without reading ahead."""
    table = FakeTable()
    table.publish(1, first=["pro.monthly"])
    reader = Reader(table)
    reader.store.warm([APP], Deadline.after(PATIENCE))
    with pytest.raises(CatalogUnavailableError) as error:
        reader.load()
    assert error.value.code == "malformed"


def test_while_paused_nothing_is_read_ahead_but_settings() -> None:
    """A paused app answers no request; when the pause ends, the first request reads the rest."""
    reader = Reader(published())
    reader.table.publish(1, first=["pro.monthly"])
    reader.table.head(current=1, version=2, paused=True)
    reader.store.warm([APP], Deadline.after(PATIENCE))
    assert reader.operations() == ["get_item", "batch_get_item"]


def test_after_a_restore_states_are_read_ahead_anew() -> None:
    """States from the snapshot are read again, since they may be old; sheets of the same release are kept."""
    reader = ahead()
    reader.load()
    reader.store.renew()
    reader.table.state(KEEP_EN, "REJECTED")
    reader.operations()
    reader.store.warm([APP], Deadline.after(PATIENCE))
    assert reader.operations() == ["get_item", "batch_get_item"]
    assert not reader.load().catalog.states[KEEP_EN].servable
    assert reader.operations() == []


@pytest.mark.parametrize("fault", [fails, hangs])
def test_warming_fails_softly(reader: Reader, fault: Any) -> None:
    """If DynamoDB fails or hangs, init goes on within its time, and the first request reads again."""
    reader.table.fault = fault
    assert reader.store.warm([APP], Deadline.after(0.05)) == {}
    reader.table.fault = FakeTable().fault
    assert rule_of(reader.load()) == "monthly"


def test_a_restored_process_reads_head_and_states_again(reader: Reader) -> None:
    """After a snapshot is restored, the first request does not answer from the states in the snapshot."""
    reader.load()
    reader.table.state(KEEP_EN, "REJECTED")
    reader.store.renew()
    reader.operations()
    assert not reader.load().catalog.states[KEEP_EN].servable
    assert reader.operations() == ["get_item", "batch_get_item"]


def test_a_restored_process_reports_the_age_of_its_catalog() -> None:
    """A week in a snapshot counts as a week, though the monotonic clock stood still; the answer is marked degraded."""
    table, monotonic, wall = published(), Clock(), Clock(1_700_000_000.0)
    store = Store(lambda: table, TABLE, monotonic=PassedTime(monotonic, wall), clock=wall)
    store.catalog(APP, "pro.monthly", "en-US", Deadline.after(PATIENCE))
    table.fault = fails
    wall.now += 604_800
    store.renew()
    loaded = store.catalog(APP, "pro.monthly", "en-US", Deadline.after(PATIENCE))
    assert (loaded.age, loaded.degraded) == (604_800, ("head", "states"))


def test_a_connection_that_cannot_be_made_is_a_failed_call() -> None:
    """If no connection can be made, such as without a region, there is no catalog."""

    def connect() -> Any:
        raise CallFailedError("NoRegionError")

    with pytest.raises(CatalogUnavailableError):
        Store(connect, TABLE).catalog(APP, "p", "en-US", Deadline.after(PATIENCE))


# Customers


def profile(table: FakeTable, **attributes: Any) -> None:
    table.put(rows.profile_key(APP, "99371282"), attributes)


def customer(reader: Reader, seconds: float = PATIENCE) -> Any:
    return reader.store.customer(APP, "99371282", Deadline.after(PATIENCE), seconds)


def test_a_customer_s_facts_are_read_consistently_in_one_call(reader: Reader) -> None:
    """Texts, numbers and booleans are read with one GetItem."""
    profile(reader.table, plan={"S": "gold"}, tenureDays={"N": "200"}, rate={"N": "0.5"}, vip={"BOOL": True})
    assert customer(reader) == {"plan": "gold", "tenureDays": 200, "rate": 0.5, "vip": True}
    assert [(operation, request["ConsistentRead"]) for operation, request in reader.table.calls] == [("get_item", True)]


def test_a_customer_without_a_profile_has_no_facts(reader: Reader) -> None:
    """A missing row is an answer: there are no facts. It is not an unreadable profile."""
    assert customer(reader) == NO_FACTS


@pytest.mark.parametrize("fault", [fails, hangs])
def test_a_profile_that_cannot_be_read_is_unreadable(reader: Reader, fault: Any) -> None:
    """A profile that DynamoDB did not return, or not in time, is unreadable; it does not count as absent."""
    profile(reader.table, plan={"S": "gold"})
    reader.table.fault = fault
    assert customer(reader, seconds=0.05) is UNREADABLE


@pytest.mark.parametrize(
    "answer",
    [
        {"Item": None},
        {"Item": "x"},
        {"message": "Service Unavailable"},
        {"Item": {**rows.profile_key(APP, "somebody else"), "plan": {"S": "gold"}}},
        {"Item": {"plan": {"S": "gold"}}},
    ],
)
def test_an_answer_about_another_customer_is_unreadable(
    reader: Reader, answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only an answer without an item means that there is no profile, and another customer's row is never used."""
    monkeypatch.setattr(reader.table, "get_item", lambda **_: answer)
    assert customer(reader) is UNREADABLE


def test_an_expired_profile_has_no_facts(reader: Reader) -> None:
    """A profile ends at the second of `expiresAt`, even if DynamoDB deletes the row later."""
    profile(reader.table, plan={"S": "gold"}, expiresAt={"N": "1700000000"})
    assert customer(reader) == NO_FACTS
    profile(reader.table, plan={"S": "gold"}, expiresAt={"N": "1700000001"})
    assert customer(reader) == {"plan": "gold"}
