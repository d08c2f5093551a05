"""Fixtures that the tests of this directory share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from console.local.rows import create_table
from tests.support.moto_client import dynamodb_client
from tests.support.release_table import TABLE


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client = dynamodb_client()
        create_table(client, TABLE)
        yield client
