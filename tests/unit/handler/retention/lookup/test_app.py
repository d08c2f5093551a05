"""One app's views: each is of one head, is replaced when a newer one has been read, and is marked if it is old."""

from __future__ import annotations

import pytest
from retention import table as rows
from retention.aws.deadline import Deadline
from retention.lookup.app import STATES_SECONDS, App, Loaded
from retention.lookup.failures import QUIET_SECONDS, Failures
from retention.lookup.head import HEAD_SECONDS
from retention.lookup.memory import Memory
from retention.lookup.table_reader import TableReader, place_of

from tests.support.fake_table import APP, SETTINGS, TABLE, Clock, FakeTable, fails, published
from tests.support.waiting import PATIENCE


class One:
    """One app over a fake table, with a clock that the test sets."""

    def __init__(self, table: FakeTable) -> None:
        self.table, self.clock = table, Clock()
        self.app = App(APP, TableReader(lambda: table, TABLE), Memory(), Failures(self.clock), self.clock)

    def load(self, product: str = "pro.monthly") -> Loaded:
        return self.app.catalog(product, "en-US", Deadline.after(PATIENCE))

    def later(self, seconds: float) -> None:
        self.clock.now += seconds


@pytest.fixture
def one() -> One:
    return One(published())


def test_a_view_is_of_one_head(one: One) -> None:
    """Release, review states and default are read under the same version of the catalog."""
    loaded = one.load()
    assert (loaded.catalog.release, loaded.degraded, loaded.age) == (1, (), 0)
    one.table.publish(2)
    one.later(HEAD_SECONDS)
    assert one.load().catalog.release == 2


@pytest.mark.parametrize(
    ("version", "later", "marks"),
    [
        (2, HEAD_SECONDS, ("states",)),  # the states have changed
        (1, STATES_SECONDS, ("states",)),  # the states are five minutes old
    ],
)
def test_states_that_cannot_be_read_are_marked_as_degraded(
    one: One, version: int, later: float, marks: tuple[str, ...]
) -> None:
    """If review states cannot be read, the ones in memory serve, and the answer is marked as degraded."""
    one.load()
    one.table.head(current=1, version=version)
    one.table.fault = lambda operation, request: None if operation == "get_item" else fails(operation, request)
    one.later(later)
    assert one.load().degraded == marks


def test_a_damaged_release_is_marked_until_it_can_be_read(one: One) -> None:
    """The last good release serves; five seconds after the failure the new one is read again."""
    one.load()
    one.table.publish(2)
    place = place_of(rows.settings_key(APP, 2))
    undamaged_row = one.table.items[place]
    one.table.items[place] = {**undamaged_row, "digest": {"S": "0"}}
    one.later(HEAD_SECONDS)
    loaded = one.load()
    assert (loaded.catalog.release, loaded.degraded) == (1, ("malformed",))
    one.table.items[place] = undamaged_row
    assert one.load().catalog.release == 1
    one.later(QUIET_SECONDS)
    loaded = one.load()
    assert (loaded.catalog.release, loaded.degraded) == (2, ())


def test_a_release_that_was_deleted_is_replaced(one: One) -> None:
    """If a lagging replica names a deleted release, head is read consistently, and its release is read at once."""
    one.table.publish(2)
    one.table.lagging = {
        **one.table.items,
        place_of(rows.head_key(APP)): published().items[place_of(rows.head_key(APP))],
    }
    for place in [place for place in one.table.items if place[0] == rows.release_pk(APP, 1)]:
        one.table.items.pop(place, None)
        one.table.lagging.pop(place, None)
    assert one.load().catalog.release == 2


def test_a_paused_app_needs_no_release(one: One) -> None:
    """Of a paused app only head is read."""
    one.table.head(current=1, version=2, paused=True)
    loaded = one.load()
    assert (loaded.catalog.paused, loaded.catalog.sheet.rules) == (True, ())
    assert len(one.table.calls) == 1


def test_warming_returns_the_settings_or_none(one: One) -> None:
    """A failure in warming leaves the work to the first request."""
    settings = one.app.warm(Deadline.after(PATIENCE))
    assert settings is not None
    assert settings.key_id == SETTINGS["keyId"]
    assert One(FakeTable()).app.warm(Deadline.after(PATIENCE)) is None
    one.app.renew()
    one.table.calls.clear()
    one.load()
    assert [operation for operation, _ in one.table.calls] == ["get_item", "batch_get_item", "batch_get_item"]
