"""A customer's row of a subscription: merged and written under a condition, or left as it is."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.notifications import customers
from retention.notifications.customers import (
    ATTEMPTS,
    KEPT_SECONDS,
    Learned,
    SubscriptionConflictError,
    SubscriptionUnreadableError,
    expires_at,
    follow,
    hand_over,
    learn,
    read_state,
    state_of,
)
from retention.subscription import EMPTY, PastTransaction, RenewalSnapshot, State, TransactionSnapshot, merge

from tests.support.fake_table import APP, TABLE
from tests.support.writable_table import WritableTable

PERSON = "2000000900000180"
WANTED = rows.subscription_key(APP, PERSON)
NAME = (WANTED["pk"]["S"], WANTED["sk"]["S"])

SIGNED = 1_760_000_000_000
BOUGHT = State(
    renewal=RenewalSnapshot(SIGNED, status=1, auto_renew_status=1, renewal_date=SIGNED + 86_400_000),
    transaction=TransactionSnapshot(SIGNED, product_id="pro.monthly"),
    transactions=(PastTransaction(SIGNED - 1000, "0f" * 8, SIGNED),),
    auto=((SIGNED, True),),
)
OFF = State(
    renewal=RenewalSnapshot(SIGNED + 5000, status=1, auto_renew_status=0, renewal_date=SIGNED + 86_400_000),
    auto=((SIGNED + 5000, False),),
)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> WritableTable:
    monkeypatch.setattr(customers, "_PAUSE", 0.0)
    return WritableTable()


def app_table(table: WritableTable, call: Any = None) -> AppTable:
    return AppTable(table.client(call), TABLE, APP)


def test_the_first_report_makes_the_row(table: WritableTable) -> None:
    """The row has the packed state, its digest, and when DynamoDB may delete it: nothing else."""
    assert learn(app_table(table), PERSON, BOUGHT) == Learned(EMPTY, BOUGHT, written=True)
    row = table.items[NAME]
    assert set(row) == {"pk", "sk", "document", "digest", "expiresAt"}
    assert read_state(row) == state_of(app_table(table), PERSON) == BOUGHT


def test_a_later_report_is_merged(table: WritableTable) -> None:
    """What was known stays, and the caller learns both states."""
    learn(app_table(table), PERSON, BOUGHT)
    assert learn(app_table(table), PERSON, OFF) == Learned(BOUGHT, merge(BOUGHT, OFF), written=True)
    assert state_of(app_table(table), PERSON) == merge(BOUGHT, OFF)


def test_order_and_copies_leave_the_same_bytes(table: WritableTable) -> None:
    """A row does not show in which order it was learned, or how often."""
    for state in (BOUGHT, OFF):
        learn(app_table(table), PERSON, state)
    other = WritableTable()
    for state in (OFF, OFF, BOUGHT, OFF, BOUGHT):
        learn(app_table(other), PERSON, state)
    assert other.items == table.items


def test_what_teaches_nothing_is_not_written(table: WritableTable) -> None:
    """A second delivery costs a read and no write, and is announced by no call of `before_write`."""
    learn(app_table(table), PERSON, BOUGHT)
    writes = len(table.sent)
    calls: list[Learned] = []
    assert learn(app_table(table), PERSON, BOUGHT, calls.append) == Learned(BOUGHT, BOUGHT, written=False)
    assert (len(table.sent), calls) == (writes, [])


def test_a_write_is_announced_before_it_happens(table: WritableTable) -> None:
    """Log lines come first: a writer that is killed between them and the write prints them again."""
    seen: list[tuple[Learned, bool]] = []
    learn(app_table(table), PERSON, BOUGHT, lambda learned: seen.append((learned, NAME in table.items)))
    assert seen == [(Learned(EMPTY, BOUGHT, written=True), False)]


def interrupted(table: WritableTable, interfere: Any, times: int = 1) -> AppTable:
    """Return the table of a writer before whose writes `interfere` is called, so many times."""
    left = [interfere] * times

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "update_item" and left:
            left.pop()()
        return table.call(operation, request)

    return app_table(table, call)


def test_a_writer_that_was_overtaken_merges_again(table: WritableTable) -> None:
    """Of two writers neither loses what it learned, whether the row existed or not."""
    learn(interrupted(table, lambda: learn(app_table(table), PERSON, OFF)), PERSON, BOUGHT)
    assert state_of(app_table(table), PERSON) == merge(BOUGHT, OFF)
    more = State(auto=((SIGNED + 9000, True),))
    even_more = State(auto=((SIGNED + 9500, False),))
    learn(interrupted(table, lambda: learn(app_table(table), PERSON, more)), PERSON, even_more)
    assert state_of(app_table(table), PERSON) == merge(BOUGHT, OFF, more, even_more)


def test_a_row_that_was_deleted_meanwhile_comes_back_with_the_new_alone(table: WritableTable) -> None:
    """What the operator had forgotten stays forgotten, even if a writer had read it before."""
    learn(app_table(table), PERSON, BOUGHT)
    learn(interrupted(table, lambda: table.remove(WANTED)), PERSON, OFF)
    assert state_of(app_table(table), PERSON) == OFF


def test_a_writer_gives_up_after_six_attempts(table: WritableTable) -> None:
    """The message stays in its queue, and nothing is written over what others wrote."""
    instants = iter(range(SIGNED + 10_000, SIGNED + 20_000))

    def overtake() -> None:
        learn(app_table(table), PERSON, State(auto=((next(instants), True),)))

    with pytest.raises(SubscriptionConflictError) as caught:
        learn(interrupted(table, overtake, ATTEMPTS), PERSON, BOUGHT)
    assert caught.value.code == "subscription_conflict"
    assert PERSON not in str(caught.value)
    assert len(state_of(app_table(table), PERSON).auto) == ATTEMPTS


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"document": {"S": "text"}},
        {**rows.document_attributes({}), "digest": {"S": "0" * 64}},
        rows.document_attributes({}),
        rows.document_attributes([1]),
        rows.document_attributes({"renewal": None, "of a later release": True}),
    ],
    ids=["none", "text", "digest", "empty", "list", "later"],
)
def test_a_damaged_row_is_not_written_over(table: WritableTable, attributes: dict[str, Any]) -> None:
    """It may be a later release's, or hold more redeemed offers than its successor would know of."""
    table.put(WANTED, attributes)
    before = dict(table.items)
    with pytest.raises(SubscriptionUnreadableError) as caught:
        learn(app_table(table), PERSON, BOUGHT)
    assert caught.value.code == "subscription_unreadable"
    assert PERSON not in str(caught.value)
    assert (table.items, table.sent) == (before, [])


def test_a_row_lasts_400_days_beyond_the_last_that_is_known() -> None:
    """That is the renewal date, or what Apple signed last; a state that knows nothing has no end."""
    assert expires_at(EMPTY) is None
    assert expires_at(BOUGHT) == SIGNED // 1000 + 86_400 + KEPT_SECONDS
    assert KEPT_SECONDS == 400 * 24 * 3600
    ended = replace(BOUGHT, renewal=RenewalSnapshot(SIGNED, renewal_date=SIGNED - 86_400_000 * 900))
    assert expires_at(ended) == SIGNED // 1000 + KEPT_SECONDS
    assert expires_at(State(transactions=BOUGHT.transactions)) == SIGNED // 1000 + KEPT_SECONDS
    assert expires_at(State(transaction=BOUGHT.transaction)) == SIGNED // 1000 + KEPT_SECONDS


def test_a_row_of_an_id_that_changed_before_it_was_known_expires() -> None:
    """It has the later id and nothing else, so nothing in it says when; what is learned later decides."""
    table = WritableTable()
    assert hand_over(app_table(table), PERSON, "2") == EMPTY
    row = table.items[rows.customer_pk(APP, PERSON), rows.SUBSCRIPTION]
    assert row["movedTo"] == {"S": "2"}
    assert int(row["expiresAt"]["N"]) >= time.time() + KEPT_SECONDS - 60
    learned = learn(app_table(table), PERSON, BOUGHT)
    assert (learned.moved_to, state_of(app_table(table), PERSON)) == ("2", BOUGHT)
    follow(app_table(table), learned)
    assert state_of(app_table(table), "2") == BOUGHT


def test_ids_that_lead_to_each_other_are_followed_to_an_end() -> None:
    """Apple does not do that; a row that did would stop the queue."""
    table = WritableTable()
    hand_over(app_table(table), PERSON, "2")
    hand_over(app_table(table), "2", PERSON)
    follow(app_table(table), learn(app_table(table), PERSON, BOUGHT))
    assert state_of(app_table(table), PERSON) == state_of(app_table(table), "2") == BOUGHT
