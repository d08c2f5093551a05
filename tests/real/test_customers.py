"""What Apple reports of a subscription, on DynamoDB Local: the service's own conditions and concurrent writers."""

from __future__ import annotations

import random
import threading
import uuid
from dataclasses import replace
from typing import Any

import pytest
from botocore.session import get_session
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.notifications.customers import SubscriptionUnreadableError, learn, read_state, state_of
from retention.subscription import (
    EMPTY,
    MAX_SNAPSHOTS,
    MAX_TRANSACTIONS,
    PastTransaction,
    RenewalSnapshot,
    State,
    TransactionSnapshot,
    merge,
)

from console.local.rows import create_table
from tests.support.fake_table import APP
from tests.support.waiting import PATIENCE

PERSON = "2000000900000180"
WANTED = rows.subscription_key(APP, PERSON)
SIGNED = 1_760_000_000_000
WRITERS, REPORTS = 4, 12


@pytest.fixture
def table(dynamodb_local: str) -> AppTable:
    """A table of its own for each test."""
    name = f"retention-{uuid.uuid4()}"
    client = get_session().create_client("dynamodb", endpoint_url=dynamodb_local)
    create_table(client, name)
    return AppTable(client, name, APP)


def report(number: int) -> State:
    at = SIGNED + number * 1000
    return State(
        renewal=RenewalSnapshot(at, status=1, auto_renew_status=number % 2, renewal_date=at + 86_400_000),
        transaction=TransactionSnapshot(at, product_id="pro.monthly", price=9990),
        transactions=(PastTransaction(at, f"{number:016x}", at, "pro.monthly", "RENEWAL", 2, "half", 9990),),
        auto=((at, bool(number % 2)),),
        trouble=((at, False),),
    )


def test_a_row_is_made_merged_and_left_alone(table: AppTable) -> None:
    """The service takes the conditions of the first write, of a later one, and none where nothing is new."""
    assert learn(table, PERSON, report(1)).written
    assert learn(table, PERSON, report(2)).before == report(1)
    row = table.get(WANTED)
    assert not learn(table, PERSON, report(1)).written
    assert table.get(WANTED) == row
    assert read_state(row) == merge(report(1), report(2))


def test_concurrent_writers_lose_nothing(table: AppTable) -> None:
    """Writers with the same reports in other orders leave the row of one writer in order, byte for byte."""
    failures: list[BaseException] = []

    def write(seed: int) -> None:
        order = list(range(REPORTS)) * 2
        random.Random(seed).shuffle(order)
        for number in order:
            while True:
                try:
                    learn(table, PERSON, report(number))
                except Exception as error:  # noqa: BLE001  # counted below
                    failures.append(error)
                else:
                    break

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    other = replace(table, app_apple_id=APP + 1)
    for number in range(REPORTS):
        learn(other, PERSON, report(number))
    found, expected = table.get(WANTED), other.get(rows.subscription_key(APP + 1, PERSON))
    assert {**found, "pk": expected["pk"]} == expected
    assert {type(error).__name__ for error in failures} <= {"SubscriptionConflictError"}


def test_a_row_that_was_deleted_meanwhile_does_not_come_back(table: AppTable) -> None:
    """The condition of a writer that read the row does not hold once the row is gone."""
    learn(table, PERSON, report(1))
    gone = [True]

    def interfere(*_: Any) -> None:
        if gone.pop() if gone else False:
            table.delete(WANTED)

    learn(table, PERSON, report(2), interfere)
    assert state_of(table, PERSON) == report(2)


def test_a_damaged_row_stays_as_it_is(table: AppTable) -> None:
    """A row that was edited by hand is read as an error, and no write touches it."""
    learn(table, PERSON, report(1))
    edited = {**table.get(WANTED), "digest": {"S": "0" * 64}}
    table.put({"Item": edited})
    with pytest.raises(SubscriptionUnreadableError):
        learn(table, PERSON, report(2))
    assert table.get(WANTED) == edited


def test_a_state_at_its_bounds_fits_in_a_row(table: AppTable) -> None:
    """A subscription of many years costs the request that reads it no more than 3 KB."""
    state = EMPTY
    for number in range(2 * max(MAX_TRANSACTIONS, MAX_SNAPSHOTS)):
        state = merge(state, report(number))
    assert learn(table, PERSON, state).written
    row = table.get(WANTED)
    assert read_state(row) == state
    assert len(row["document"]["B"]) <= 3 * 1024
