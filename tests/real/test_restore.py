"""The restore drill on DynamoDB Local: export, loss, import into an empty table, also killed at every write.

DynamoDB Local has no point-in-time recovery; a restore from one ends in the same `export` and `import`.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.session import get_session
from retention.aws.app_table import AppTable
from retention.aws.deadline import Deadline
from retention.aws.sdk import SdkConnection
from retention.decision import Decision, decide
from retention.errors import CatalogUnavailableError
from retention.lookup.store import Store
from retention.request import RetentionRequest
from retention.review.snapshot import apply_snapshot

from console.appstore.saved_lists import read_lists
from console.backup.archive import inspect
from console.backup.export import export
from console.backup.restore import import_app
from console.local.rows import create_table, write_profile
from console.local.samples import CUSTOMERS, EVENTS, SAMPLE_CLOCK, compile_sample
from console.releases.default_rows import record_default
from console.releases.head import rollback
from console.releases.listing import list_releases
from console.releases.publish import publish_release
from tests.support.killed_client import KillableClient, KilledError
from tests.support.waiting import PATIENCE

APP: Final = 6745974591
PRODUCTS: Final = ("trailhead.basic.monthly", "trailhead.pro.monthly", "trailhead.pro.annual", "unheard.of")
LOCALES: Final = ("en-US", "fr-CA", "de-DE", "ja-JP")
PEOPLE: Final = [*CUSTOMERS, *(str(2000000900001000 + number) for number in range(25))]


@pytest.fixture
def client(dynamodb_local: str) -> Any:
    return get_session().create_client("dynamodb", endpoint_url=dynamodb_local)


@pytest.fixture
def lost(client: Any) -> str:
    """A table with the sample published three times, rolled back, its states imported, and two customers' facts."""
    table = new_table(client)
    compiled = compile_sample()
    for who in ("ada", "bob", "cy"):
        publish_release(
            AppTable(client, table, APP),
            compiled.release,
            who=who,
            commit=None,
            now=SAMPLE_CLOCK,
        )
    rollback(AppTable(client, table, APP))
    messages, images = read_lists([EVENTS / "states" / "messages.json", EVENTS / "states" / "images.json"])
    apply_snapshot(AppTable(client, table, APP), messages, images)
    record_default(AppTable(client, table, APP), PRODUCTS[0], "en-US", next(iter(messages)), SAMPLE_CLOCK)
    for transaction, facts in CUSTOMERS.items():
        write_profile(AppTable(client, table, APP), transaction, facts)
    return table


@pytest.fixture
def file(client: Any, lost: str, tmp_path: Path) -> Path:
    path = tmp_path / "app.jsonl.gz"
    export(AppTable(client, lost, APP), path, environment="Sandbox", now=SAMPLE_CLOCK, profiles=True)
    return path


def new_table(client: Any) -> str:
    name = f"retention-{uuid.uuid4()}"
    create_table(client, name)
    return name


def decisions(client: Any, table: str) -> list[Decision]:
    """Return what a cold function would decide for every product, locale and person, with customers' facts."""
    store = Store(lambda: SdkConnection(client), table, clock=SAMPLE_CLOCK.timestamp)
    return [
        decide(
            RetentionRequest(person, APP, product, locale, "3db5c98d-8acf-4e29-831e-8e1f82f9f6e9", "Sandbox", 0),
            store.catalog(APP, product, locale, Deadline.after(PATIENCE)).catalog,
            SAMPLE_CLOCK,
            store.customer(APP, person, Deadline.after(PATIENCE), seconds=PATIENCE),
        )
        for product in PRODUCTS
        for locale in LOCALES
        for person in PEOPLE
    ]


def restored(client: Any, table: str, path: Path) -> None:
    import_app(AppTable(client, table, APP), path, inspect(path), now=SAMPLE_CLOCK)


def test_a_restored_table_decides_the_same(client: Any, lost: str, file: Path) -> None:
    """After a restore, each customer gets the same answer; releases keep their numbers, and publishing works."""
    table = new_table(client)
    before, listed = decisions(client, lost), list_releases(AppTable(client, lost, APP))
    assert len({decision.rule for decision in before}) > 3
    assert len({assigned.arm for decision in before for assigned in decision.assignments}) > 1
    client.delete_table(TableName=lost)
    restored(client, table, file)
    assert decisions(client, table) == before
    assert list_releases(AppTable(client, table, APP)) == listed
    assert rollback(AppTable(client, table, APP), 3).previous == 2
    assert (
        publish_release(
            AppTable(client, table, APP), compile_sample().release, who="ada", commit=None, now=SAMPLE_CLOCK
        ).number
        == 4
    )


def everything(client: Any, table: str) -> dict[tuple[str, str], Any]:
    """Return all rows by key, without the catalog version, which is new in every table."""
    pages = client.get_paginator("scan").paginate(TableName=table)
    found = {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}
    del found[f"app#{APP}", "head"]["catalogVersion"]
    return found


def test_a_restore_killed_at_every_write_can_be_repeated(client: Any, lost: str, file: Path) -> None:
    """While a restore is incomplete the function answers from none of it; a second `import` completes it."""
    count = KillableClient(client)
    restored(count, new_table(client), file)
    survived = 0
    for last in range(1, count.writes + 1):
        table = new_table(client)
        with pytest.raises(KilledError):
            restored(KillableClient(client, last), table, file)
        with pytest.raises(CatalogUnavailableError, match="nothing has been published"):
            decisions(client, table)
        restored(client, table, file)
        assert everything(client, table) == everything(client, lost)
        client.delete_table(TableName=table)
        survived += 1
    assert survived == count.writes > 30
