"""A client of moto's DynamoDB for tests whose code calls it from several threads."""

from __future__ import annotations

from threading import Lock
from typing import Any

from botocore.session import get_session


def dynamodb_client() -> Any:
    """Return a client, to be made under `mock_aws()`, that sends one call at a time.

    moto copies its tables for a transaction, which fails while another thread writes a row: a fault of moto alone.
    """
    client: Any = get_session().create_client("dynamodb", region_name="us-east-1")
    call, lock = client._make_api_call, Lock()

    def one_at_a_time(operation: str, request: dict[str, Any]) -> Any:
        with lock:
            return call(operation, request)

    client._make_api_call = one_at_a_time
    return client
