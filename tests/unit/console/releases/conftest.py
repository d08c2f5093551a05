"""Fixtures that the tests of this directory share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import get_session
from moto import mock_aws

from console.local.rows import create_table
from tests.support.release_table import TABLE


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client = get_session().create_client("dynamodb", region_name="us-east-1")
        create_table(client, TABLE)
        yield client
