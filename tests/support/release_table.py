"""A table on moto with one app in it, and what is in it."""

from __future__ import annotations

from typing import Any

from retention import table as rows
from retention.aws.app_table import AppTable

from tests.support.fake_table import APP

TABLE = "retention"


def head(client: Any) -> Any:
    return client.get_item(**rows.get(TABLE, rows.head_key(APP)))["Item"]


def sort_keys(client: Any, number: int) -> list[str]:
    return [item["sk"]["S"] for item in AppTable(client, TABLE, APP).of_release(number)]
