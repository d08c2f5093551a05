"""The head is read when it is due, and a replica that lags never takes a release back."""

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
    """The head of one app over a fake table."""

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


def test_it_is_read_once_in_thirty_seconds(one: One) -> None:
    """In between it is answered from memory, with its age."""
    assert (release_of(one.get()), one.calls()) == (1, 1)
    one.clock.now += HEAD_SECONDS - 1
    assert (release_of(one.get()), one.calls()) == (1, 0)
    assert (one.live.age(), one.live.is_late()) == (HEAD_SECONDS - 1, False)
    one.clock.now += 1
    assert one.live.is_late()
    one.table.head(current=2, version=2)
    assert (release_of(one.get()), one.calls()) == (2, 1)
    assert one.live.age() == 0


def test_expired_it_is_read_at_the_next_request(one: One) -> None:
    """After a restore."""
    one.get()
    one.live.expire()
    one.calls()
    one.get()
    assert one.calls() == 1


def test_a_replica_that_lags_is_compared_with_the_leader(one: One) -> None:
    """The lower version is not believed until a consistent read has it too."""
    one.table.head(current=2, version=2)
    assert release_of(one.get()) == 2
    one.table.lagging = dict(one.table.items)
    one.table.head(current=3, version=3)
    one.table.lagging = {}
    one.live.expire()
    assert release_of(one.get()) == 3


def test_where_it_cannot_be_read_the_one_in_memory_serves_on(one: One) -> None:
    """For as long as that lasts; DynamoDB is asked again every five seconds."""
    one.get()
    one.table.fault = fails
    one.clock.now += HEAD_SECONDS
    one.calls()
    assert (release_of(one.get()), one.live.is_late(), one.calls()) == (1, True, 1)
    assert (release_of(one.get()), one.calls()) == (1, 0)
    one.clock.now += QUIET_SECONDS
    assert (release_of(one.get()), one.calls()) == (1, 1)


@pytest.mark.parametrize(("fault", "code"), [(None, "no_release"), (fails, "dynamodb")])
def test_without_one_in_memory_there_is_an_error(fault: Any, code: str) -> None:
    """With the reason: nothing was published, or the table could not be read."""
    table = FakeTable() if fault is None else FakeTable(fault=fault)
    with pytest.raises(CatalogUnavailableError) as error:
        One(table).get()
    assert error.value.code == code


def test_the_leader_has_a_replacement_or_none(one: One) -> None:
    """For a head whose release has gone: another release's, which is kept, or none."""
    head = one.get()
    assert one.live.replacement(head, Deadline.after(PATIENCE)) is None
    one.table.head(current=2, version=2)
    newer = one.live.replacement(head, Deadline.after(PATIENCE))
    assert newer is not None
    assert newer.current == 2
    assert one.live.known == newer
