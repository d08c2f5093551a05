"""Head is read every thirty seconds, and a lagging replica never brings an old release back."""

from __future__ import annotations

from typing import Any

import pytest
from retention.aws.deadline import Deadline
from retention.errors import CatalogUnavailableError
from retention.lookup.failures import QUIET_SECONDS, Failures
from retention.lookup.head import HEAD_SECONDS, LiveHead, release_of
from retention.lookup.table_reader import TableReader
from retention.table import Head

from tests.support.fake_table import APP, TABLE, Clock, FakeTable, fails, published
from tests.support.waiting import PATIENCE


class One:
    """The head of one app over a fake table, with a clock that the test sets."""

    def __init__(self, table: FakeTable) -> None:
        self.table, self.clock = table, Clock()
        self.failures = Failures(self.clock)
        self.live = LiveHead(APP, TableReader(lambda: table, TABLE), self.failures, self.clock)

    def get(self) -> Head:
        return self.live.get(Deadline.after(PATIENCE))

    def calls(self) -> int:
        made = len(self.table.calls)
        self.table.calls.clear()
        return made


@pytest.fixture
def one() -> One:
    return One(published())


def test_head_is_read_once_in_thirty_seconds(one: One) -> None:
    """Between two reads, memory answers, with the age of the head."""
    assert (release_of(one.get()), one.calls()) == (1, 1)
    one.clock.now += HEAD_SECONDS - 1
    assert (release_of(one.get()), one.calls()) == (1, 0)
    assert (one.live.age(), one.live.is_late()) == (HEAD_SECONDS - 1, False)
    one.clock.now += 1
    assert one.live.is_late()
    one.table.head(current=2, version=2)
    assert (release_of(one.get()), one.calls()) == (2, 1)
    assert one.live.age() == 0


def test_an_expired_head_is_read_at_the_next_request(one: One) -> None:
    """After `expire`, which a restored process calls, the next request reads head."""
    one.get()
    one.live.expire()
    one.calls()
    one.get()
    assert one.calls() == 1


def test_a_lagging_replica_is_compared_with_a_consistent_read(one: One) -> None:
    """A lower version is used only if a consistent read returns it too."""
    one.table.head(current=2, version=2)
    assert release_of(one.get()) == 2
    one.table.lagging = dict(one.table.items)
    one.table.head(current=3, version=3)
    one.table.lagging = {}
    one.live.expire()
    assert release_of(one.get()) == 3


def test_if_head_cannot_be_read_the_one_in_memory_stays(one: One) -> None:
    """It serves as long as the failure lasts, and DynamoDB is called again every five seconds."""
    one.get()
    one.table.fault = fails
    one.clock.now += HEAD_SECONDS
    one.calls()
    assert (release_of(one.get()), one.live.is_late(), one.calls()) == (1, True, 1)
    assert (release_of(one.get()), one.calls()) == (1, 0)
    one.clock.now += QUIET_SECONDS
    assert (release_of(one.get()), one.calls()) == (1, 1)


@pytest.mark.parametrize(("fault", "code"), [(None, "no_release"), (fails, "dynamodb")])
def test_without_a_head_in_memory_there_is_an_error(fault: Any, code: str) -> None:
    """Its code shows that nothing was published, or that the table could not be read."""
    table = FakeTable() if fault is None else FakeTable(fault=fault)
    with pytest.raises(CatalogUnavailableError) as error:
        One(table).get()
    assert error.value.code == code


def test_a_deleted_release_is_replaced_by_a_consistent_read(one: One) -> None:
    """`replacement` returns and keeps a head with another release, or returns None."""
    head = one.get()
    assert one.live.replacement(head, Deadline.after(PATIENCE)) is None
    one.table.head(current=2, version=2)
    newer = one.live.replacement(head, Deadline.after(PATIENCE))
    assert newer is not None
    assert newer.current == 2
    assert one.live.known == newer
