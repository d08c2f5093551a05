"""What the table holds of one subscription, as the console reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.subscription import (
    FACT_KINDS,
    PastTransaction,
    RenewalSnapshot,
    State,
    TransactionSnapshot,
    facts,
    to_document,
)

from console.releases.facts import (
    HISTORY,
    RENEWAL,
    RENEWALS,
    TRANSACTION,
    TRANSACTIONS,
    forget_facts,
    has_facts,
    read_facts,
)
from console.terminal.failure import Failure
from tests.support.apple_in_memory import target_in_memory

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MS = int(NOW.timestamp() * 1000)
DAY = 86_400_000
CUSTOMER = "2000000900000180"

STATE = State(
    renewal=RenewalSnapshot(
        MS - 2 * DAY, status=1, product_id="pro", auto_renew_product_id="pro", auto_renew_status=1,
        renewal_date=MS + DAY, recent_subscription_start_date=MS - 40 * DAY,
    ),
    transaction=TransactionSnapshot(MS - 3 * DAY, "pro", MS - 40 * DAY, MS + DAY, storefront="USA", price=9990),
    transactions=(
        PastTransaction(MS - 40 * DAY, "aa", MS - 40 * DAY, "pro", "PURCHASE"),
        PastTransaction(MS - 10 * DAY, "bb", MS - 4 * DAY, "pro", "RENEWAL", 2, "half"),
    ),
    auto=((MS - 6 * DAY, True), (MS - 5 * DAY, False)),
)  # fmt: skip


@pytest.fixture
def app_table() -> AppTable:
    return target_in_memory().app_table


def written(app_table: AppTable, state: State = STATE, **more: Any) -> None:
    """Write a subscription's row as the functions write it."""
    item = {
        **rows.subscription_key(app_table.app_apple_id, CUSTOMER),
        **rows.document_attributes(to_document(state)),
        "expiresAt": {"N": str(int(NOW.timestamp()) + 86_400)},
    }
    app_table.put({"Item": {**item, **more}})


def test_every_fact_is_read_with_its_source_and_age(app_table: AppTable) -> None:
    """A fact comes from renewal info, the current transaction, or what is collected of all; it is as old as those."""
    written(app_table)
    found = read_facts(app_table, CUSTOMER, NOW)
    assert found is not None
    assert {name: known.value for name, known in found.facts.items()} == facts(STATE, NOW.timestamp())
    sources = {name: (known.source, found.age_of(known.signed_at)) for name, known in found.facts.items()}
    day = 86_400
    assert sources["tenureDays"] == sources["autoRenew"] == (RENEWAL, 2 * day)
    assert sources["storefront"] == sources["price"] == (TRANSACTION, 3 * day)
    assert sources["offersRedeemed"] == sources["renewals"] == sources["lastOffer"] == (TRANSACTIONS, 4 * day)
    assert sources["timesTurnedOff"] == (RENEWALS, 5 * day)
    assert sources["historyComplete"] == (HISTORY, None)


def test_facts_are_in_the_order_of_the_documents(app_table: AppTable) -> None:
    """The order is that of the table of facts, in every state."""
    written(app_table)
    found = read_facts(app_table, CUSTOMER, NOW)
    assert found is not None
    assert list(found.facts) == [name for name in FACT_KINDS if name in found.facts]


def test_the_document_has_the_row_too(app_table: AppTable) -> None:
    """The --json document has facts by name, and of the row its newest report and its end; but no id."""
    written(app_table, replace(STATE, history_complete=True))
    found = read_facts(app_table, CUSTOMER, NOW)
    assert found is not None
    document = found.document()
    assert document["facts"]["storefront"] == "USA"
    assert document["sources"]["storefront"]["ageSeconds"] == 3 * 86_400
    rest = {name: document[name] for name in ("found", "ageSeconds", "historyComplete")}
    assert rest == {"found": True, "ageSeconds": 2 * 86_400, "historyComplete": True}
    assert (document["expiresAt"] - NOW).total_seconds() == 86_400
    assert CUSTOMER not in str(document)


def test_a_report_from_the_future_has_no_negative_age(app_table: AppTable) -> None:
    """Where this machine's clock is behind Apple's, a report is 0 s old."""
    written(app_table)
    found = read_facts(app_table, CUSTOMER, datetime(2026, 11, 1, tzinfo=UTC))
    assert found is not None
    assert found.age_of(found.signed_at) == 0


def test_an_expired_row_counts_as_none(app_table: AppTable) -> None:
    """DynamoDB deletes a row some time after its end; until then it is there, and not used."""
    assert read_facts(app_table, CUSTOMER, NOW) is None
    assert not has_facts(app_table, CUSTOMER)
    written(app_table, expiresAt={"N": str(int(NOW.timestamp()))})
    assert read_facts(app_table, CUSTOMER, NOW) is None
    assert has_facts(app_table, CUSTOMER)


@pytest.mark.parametrize(
    "damage",
    [
        {"digest": {"S": "0"}},
        {"expiresAt": {"S": "soon"}},
        {"expiresAt": {"N": "9" * 30}},
        rows.document_attributes({"renewal": 1}),
        rows.document_attributes(to_document(State(renewal=RenewalSnapshot(10**17)))),
        rows.document_attributes(to_document(State(renewal=RenewalSnapshot(1, renewal_price=10**400 + 1)))),
    ],
    ids=["digest", "end that is text", "end beyond the calendar", "document", "date", "price"],
)
def test_a_damaged_row_is_a_failure_that_names_the_way_out(app_table: AppTable, damage: dict[str, Any]) -> None:
    """What was edited by hand is not shown as facts."""
    written(app_table, **damage)
    with pytest.raises(Failure, match="facts forget"):
        read_facts(app_table, CUSTOMER, NOW)


def test_forgetting_deletes_this_row_alone(app_table: AppTable) -> None:
    """The row is gone, the customer's profile stays, and forgetting twice is no error."""
    written(app_table)
    profile = rows.profile_key(app_table.app_apple_id, CUSTOMER)
    app_table.put({"Item": {**profile, "tier": {"S": "gold"}}})
    for _ in range(2):
        forget_facts(app_table, CUSTOMER)
    assert (has_facts(app_table, CUSTOMER), bool(app_table.get(profile))) == (False, True)
