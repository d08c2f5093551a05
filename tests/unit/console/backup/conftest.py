"""The tables that all tests of backups begin with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.exported_app import fill_table, two_tables


@pytest.fixture
def client() -> Iterator[Any]:
    with two_tables() as made:
        yield made


@pytest.fixture
def filled(client: Any) -> Any:
    return fill_table(client)
