"""The two tables of an analysis: which members of the log's lines they have, and of which type.

`EXPOSURES` are the lines of requests (`retention.log.record`), `OUTCOMES` those of notifications
(`retention.log.outcome`). Both map a member of the line to its type in Hive's spelling, in the order of the columns. A
column has the member's name in lower case (`column`), since Glue knows no other; `DAY` is the partition: the day, in
UTC, on which the line arrived.

Some members of a request's line differ only in case, such as `catalogAge` and the metric `CatalogAge`. Athena's reader
of JSON (OpenX) takes them for one key twice, and refuses the line, unless `case.insensitive` is FALSE and each column
names its member by `mapping.<column>`. So neither is a column here, and a Glue table needs `serde_parameters`.
"""

from __future__ import annotations

from typing import Final

DAY: Final = "day"

EXPOSURES: Final = {
    "message": "string",
    "timestamp": "string",
    "appAppleId": "bigint",
    "experiment": "string",
    "arm": "string",
    "slots": "int",
    "holdout": "string",
    "holdoutArm": "string",
    "release": "bigint",
    "delivered": "boolean",
    "productId": "string",
    "localeAsked": "string",
    "kind": "string",
    "requestIdentifier": "string",
    "customerHash": "string",
    "keyId": "string",
    "trustAnchor": "string",
}

OUTCOMES: Final = {
    "signedAt": "string",
    "purchasedAt": "string",
    "renewalAt": "string",
    "notificationUuid": "string",
    "appAppleId": "bigint",
    "type": "string",
    "subtype": "string",
    "status": "string",
    "autoRenew": "int",
    "productId": "string",
    "nextProductId": "string",
    "billingPlan": "string",
    "nextBillingPlan": "string",
    "transaction": "string",
    "reason": "string",
    "amount": "bigint",
    "currency": "string",
    "revoked": "int",
    "revocationPercentage": "int",
    "offerType": "int",
    "offerIdentifier": "string",
    "offerPeriod": "string",
    "nextOfferType": "int",
    "nextOffer": "string",
    "expirationIntent": "int",
    "ownership": "string",
    "customerHash": "string",
    "keyId": "string",
    "trustAnchor": "string",
}

TABLES: Final = {"exposures": EXPOSURES, "outcomes": OUTCOMES}

# What the line has by which the function that pulls notifications states since when and until when they are complete.
WATERMARK: Final = {"completeSince": "string", "completeUntil": "string"}
# All that a local copy of the log keeps of a line.
KEPT: Final = {**EXPOSURES, **OUTCOMES, **WATERMARK}


def column(member: str) -> str:
    """Return the column of a member of a line."""
    return member.lower()


def serde_parameters(members: dict[str, str]) -> dict[str, str]:
    """Return the parameters of `org.openx.data.jsonserde.JsonSerDe` for one table."""
    mapped = {f"mapping.{column(member)}": member for member in members if member != column(member)}
    return {"case.insensitive": "FALSE", "ignore.malformed.json": "TRUE", **mapped}


def duckdb_type(kind: str) -> str:
    """Return DuckDB's name of a type."""
    return {"string": "VARCHAR", "int": "INTEGER", "bigint": "BIGINT", "boolean": "BOOLEAN"}[kind]
