"""What only local commands and tests write: profiles, and the table itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.sdk import Client


def write_profile(
    app_table: AppTable,
    original_transaction_id: str,
    facts: Mapping[str, str | float | bool | Sequence[str]],
    expires_at: int | None = None,
) -> None:
    """Write a customer's profile, as an owner's systems do. `expires_at` is in UNIX seconds; None never expires."""
    item: dict[str, Any] = {name: _attribute(value) for name, value in facts.items()}
    if expires_at is not None:
        item["expiresAt"] = {"N": str(expires_at)}
    app_table.put({"Item": {**rows.profile_key(app_table.app_apple_id, original_transaction_id), **item}})


def _attribute(value: str | float | bool | Sequence[str]) -> dict[str, Any]:  # noqa: FBT001  # a fact may be a bool
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, (int, float)):
        return {"N": str(value)}
    return {"L": [{"S": text} for text in value]}


def create_table(client: Client, table: str) -> None:
    """Create the table in a local DynamoDB. In AWS, the template creates it."""
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
