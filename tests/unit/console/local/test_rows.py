"""Rows that commands write to a table on this machine, tested on moto in this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable

from console.local.rows import create_table, write_profile
from tests.support.fake_table import APP
from tests.support.moto_client import dynamodb_client
from tests.support.release_table import TABLE


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client = dynamodb_client()
        create_table(client, TABLE)
        yield client


def test_a_written_profile_reads_back_as_facts(client: Any) -> None:
    """A profile can hold every type that a condition compares."""
    facts: dict[str, str | float | list[str]] = {
        "plan": "gold",
        "tenureDays": 200,
        "rate": 0.5,
        "vip": True,
        "tags": ["a", "b"],
    }
    write_profile(AppTable(client, TABLE, APP), "99371282", facts, expires_at=2_000_000_000)
    item = client.get_item(**rows.get(TABLE, rows.profile_key(APP, "99371282")))["Item"]
    assert rows.read_profile(item, 1_999_999_999.0) == {**facts, "tags": ("a", "b")}
