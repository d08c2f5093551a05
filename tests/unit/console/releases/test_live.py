"""The live release as an operator's command reads it, and as the real-time function does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.errors import CatalogUnavailableError
from retention.lookup.customer_facts import NO_CUSTOMER_FACTS, CustomerFacts
from retention.rules import NO_FACTS, UNREADABLE, Reported
from retention.subscription import RenewalSnapshot, State, to_document

from console.releases.head import rollback
from console.releases.live import live_number, load_live, read_customer, require_live
from console.releases.read import ReleaseError
from console.terminal.failure import Failure
from tests.support.fake_table import APP, KEEP_FR
from tests.support.release_table import TABLE
from tests.support.small_release import put
from tests.support.writable_table import WritableTable

TRANSACTION = "2000000900000180"
NOW = datetime(2026, 8, 1, tzinfo=UTC)


def refused(operation: str, _: object) -> dict[str, Any]:
    raise ClientError({"Error": {"Code": "AccessDeniedException"}}, operation)


@pytest.fixture
def table() -> WritableTable:
    return WritableTable()


@pytest.fixture
def app_table(table: WritableTable) -> AppTable:
    return AppTable(table.client(), TABLE, APP)


def test_before_the_first_publish_no_release_is_live(app_table: AppTable) -> None:
    """Its number is None, and a command that needs it fails with a sentence."""
    assert live_number(app_table) is None
    with pytest.raises(Failure, match="Nothing has been published for this app"):
        require_live(app_table)
    with pytest.raises(CatalogUnavailableError):
        load_live(app_table, "pro.monthly", "en-US")


def test_the_live_release_is_the_one_that_current_names(app_table: AppTable) -> None:
    """After a rollback it is the earlier one, with the rules that it was published with."""
    put(app_table.client, TABLE, "one")
    put(app_table.client, TABLE, "two")
    assert (live_number(app_table), require_live(app_table).number) == (2, 2)
    rollback(app_table, 1)
    assert (live_number(app_table), require_live(app_table).source) == (1, b"# one\n")


def test_a_damaged_live_release_is_an_error(app_table: AppTable, table: WritableTable) -> None:
    """A command does not go on with half of a release."""
    put(app_table.client, TABLE)
    table.remove(rows.texts_key(APP, 1))
    with pytest.raises(ReleaseError, match="release 1 is damaged"):
        require_live(app_table)


def test_the_function_decides_by_one_product_and_its_states(app_table: AppTable, table: WritableTable) -> None:
    """What is loaded is the sheet of the product and the review states of the texts that the locale needs."""
    put(app_table.client, TABLE, "monthly")
    table.state(KEEP_FR, "APPROVED")
    loaded = load_live(app_table, "pro.monthly", "fr-FR")
    assert [rule.name for rule in loaded.catalog.sheet.rules] == ["monthly"]
    assert loaded.catalog.states[KEEP_FR].message == "APPROVED"
    assert loaded.has_default is False


def test_a_customers_facts_are_found_by_the_transaction(app_table: AppTable, table: WritableTable) -> None:
    """Both rows are read; a customer without them has no facts, and where reading fails both are unreadable."""
    put(app_table.client, TABLE)
    assert read_customer(app_table, TRANSACTION, NOW) == NO_CUSTOMER_FACTS
    table.put(rows.profile_key(APP, TRANSACTION), {"tenureDays": {"N": "200"}, "expiresAt": {"N": "1790000000"}})
    reported = to_document(State(renewal=RenewalSnapshot(0, status=1), auto=((0, True),)))
    table.put(rows.subscription_key(APP, TRANSACTION), rows.document_attributes(reported))
    found = read_customer(app_table, TRANSACTION, NOW)
    assert found.profile == {"tenureDays": 200}
    assert isinstance(found.subscription, Reported)
    assert (found.subscription.facts["status"], found.subscription.redemptions) == ("active", None)
    refusing = AppTable(table.client(refused), TABLE, APP)
    assert read_customer(refusing, TRANSACTION, NOW) == CustomerFacts(UNREADABLE, UNREADABLE)


def test_a_customer_is_read_as_of_an_instant(app_table: AppTable, table: WritableTable) -> None:
    """A profile that has expired by then is none, and days are counted until then."""
    table.put(rows.profile_key(APP, TRANSACTION), {"tenureDays": {"N": "200"}, "expiresAt": {"N": "1780000000"}})
    assert read_customer(app_table, TRANSACTION, NOW).profile == NO_FACTS
    assert read_customer(app_table, TRANSACTION, NOW - timedelta(days=365)).profile == {"tenureDays": 200}
