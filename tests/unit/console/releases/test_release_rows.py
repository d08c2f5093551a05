"""The rows of a release, tested on moto in this process."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from retention import table as rows

from tests.support.fake_table import APP
from tests.support.release_table import TABLE
from tests.support.small_release import put, release


@pytest.mark.parametrize(
    ("sizes", "first"),
    [
        ([1], 1),
        ([1] * 5, 5),
        ([1] * 105, 99),
        ([25_000, 25_000, 25_000, 1], 2),
        ([70_000, 1], 0),
    ],
)
def test_a_release_names_the_products_to_read_ahead(client: Any, sizes: list[int], first: int) -> None:
    """They are the file's first products whose sheets pack into 64 KB together, up to one call's keys."""
    chance = random.Random(3)
    names = [f"p{number:03d}" for number in range(len(sizes))]
    sheets = {
        name: {**release().sheets["pro.monthly"], "pictured": [chance.randbytes(weight).hex()]}
        for name, weight in zip(names, sizes, strict=True)
    }
    made = dataclasses.replace(release(), sheets={**sheets, "*": release().sheets["*"]})
    put(client, TABLE, release=made)
    row = rows.read_settings(client.get_item(TableName=TABLE, Key=rows.settings_key(APP, 1))["Item"])
    assert row.products_ahead() == tuple(names[:first])
