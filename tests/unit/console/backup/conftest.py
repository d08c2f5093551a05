"""The tables that all tests of backup start from."""

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
def lived(client: Any) -> Any:
    return fill_table(client)
