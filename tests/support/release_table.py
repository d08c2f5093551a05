"""A table on moto with one app in it, and what is in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable

from tests.support.fake_table import APP

TABLE = "retention"


def head(client: Any) -> Any:
    return client.get_item(**rows.get(TABLE, rows.head_key(APP)))["Item"]


def sort_keys(client: Any, number: int) -> list[str]:
    return [item["sk"]["S"] for item in AppTable(client, TABLE, APP).of_release(number)]


def before_the_next_transaction(client: Any, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Have another program `act` just before the client sends its next transaction, once."""
    transact, done = client.transact_write_items, list[bool]()

    def meanwhile(**request: Any) -> Any:
        if not done:
            done.append(True)
            act()
        return transact(**request)

    monkeypatch.setattr(client, "transact_write_items", meanwhile)
