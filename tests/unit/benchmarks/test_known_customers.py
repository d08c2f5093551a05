"""What is measured of facts about customers: rows as large as they can be, and rules that really read them."""

from __future__ import annotations

from typing import Any

import pytest
from retention import table as rows
from retention.aws.connection import CallFailedError
from retention.catalog import Sheet
from retention.lookup.store import Store
from retention.rules import CUSTOMER_PREFIX, SUBSCRIPTION_PREFIX
from retention.subscription import from_document, merge, to_document

from benchmarks import known_customers
from benchmarks.scene import SMALL_APP, TABLE
from tests.support.fake_table import FakeTable

BOTH = known_customers.sheet(CUSTOMER_PREFIX, SUBSCRIPTION_PREFIX)


class PutTable(FakeTable):
    """A fake table that the benchmark writes its rows to."""

    def put_item(self, *, TableName: str, Item: dict[str, Any]) -> None:  # noqa: N803  # DynamoDB's names
        assert TableName == TABLE
        self.put({name: Item[name] for name in ("pk", "sk")}, Item)


def test_the_state_is_at_its_bounds_and_one_that_reports_make() -> None:
    """It has 64 transactions and 64 snapshots of each kind, sorted as a merge sorts, and its row holds it unchanged."""
    state = known_customers.full_state()
    assert (len(state.transactions), len(state.auto), len(state.trouble)) == (64, 64, 64)
    assert merge(state, state) == state == from_document(to_document(state))
    assert known_customers.packed_bytes() <= 3072


def test_both_rows_are_read_in_one_call_as_a_request_reads_them() -> None:
    """What is measured is one GetItem or one BatchGetItem of rows that are there and understood."""
    table = PutTable()
    known_customers.put(table)
    store = Store(lambda: table, TABLE)
    asking = {
        "get_item": [known_customers.sheet(CUSTOMER_PREFIX), known_customers.sheet(SUBSCRIPTION_PREFIX)],
        "batch_get_item": [BOTH],
    }
    for operation, sheets in asking.items():
        for wanted in sheets:
            table.calls.clear()
            known_customers.look_up(store, wanted)
            assert [called for called, _ in table.calls] == [operation]


@pytest.mark.parametrize("missing", [rows.profile_key, rows.subscription_key], ids=["profile", "subscription"])
def test_a_row_that_is_not_read_ends_the_benchmark(missing: Any) -> None:
    """A look-up that finds nothing would be faster than a real one, so it is an error."""
    table = PutTable()
    known_customers.put(table)
    table.remove(missing(SMALL_APP, known_customers.PERSON))
    with pytest.raises(RuntimeError, match="was not read"):
        known_customers.look_up(Store(lambda: table, TABLE), BOTH)


def test_a_call_that_fails_ends_the_benchmark() -> None:
    """Facts that could not be read are an error as well."""
    table = FakeTable(fault=_fails)
    with pytest.raises(RuntimeError, match="was not read"):
        known_customers.look_up(Store(lambda: table, TABLE), BOTH)


def _fails(*_: object) -> None:
    raise CallFailedError("InternalServerError")


def test_both_decisions_evaluate_every_condition() -> None:
    """Each of 19 rules asks facts that are there and do not fit, under either prefix."""
    times = known_customers.decisions(2)
    assert set(times) == {"decide_customer", "decide_subscription"}
    for prefix in (CUSTOMER_PREFIX, SUBSCRIPTION_PREFIX):
        made = known_customers.sheet(prefix)
        assert isinstance(made, Sheet)
        assert (made.reads_customer, made.reads_subscription) == (
            prefix == CUSTOMER_PREFIX, prefix == SUBSCRIPTION_PREFIX,
        )  # fmt: skip


def test_a_distant_call_is_the_same_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits, then hands on the call and its answer; closing closes the connection."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    table = PutTable()
    known_customers.put(table)
    known_customers.look_up(Store(lambda: known_customers.Distant(table), TABLE), BOTH)
    assert (waited, len(table.calls)) == ([known_customers.SERVICE_SECONDS], 1)
    known_customers.Distant(table).close()
    assert table.closed == 1
