"""The live release as an operator's command reads it, and as the real-time function does."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.errors import CatalogUnavailableError
from retention.rules import NO_FACTS, UNREADABLE

from console.releases.head import rollback
from console.releases.live import live_number, load_live, read_profile, require_live
from console.releases.read import ReleaseError
from console.terminal.failure import Failure
from tests.support.fake_table import APP, KEEP_FR
from tests.support.release_table import TABLE
from tests.support.small_release import put
from tests.support.writable_table import WritableTable

TRANSACTION = "2000000900000180"


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
    """A customer without a profile has no facts, and one that cannot be read is unreadable."""
    put(app_table.client, TABLE)
    assert read_profile(app_table, TRANSACTION) == NO_FACTS
    table.put(rows.profile_key(APP, TRANSACTION), {"tenureDays": {"N": "200"}})
    assert read_profile(app_table, TRANSACTION) == {"tenureDays": 200}
    assert read_profile(AppTable(table.client(refused), TABLE, APP), TRANSACTION) is UNREADABLE
