"""Taking away what nothing points to any more: releases begun and left, and those that are too many."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from retention import table as rows
from retention.aws.sdk import Client
from retention.review.snapshot import read_all

from console.releases.dynamodb import transacted
from console.releases.read import Listed, list_releases

KEEP: Final = 20
ABANDONED_AFTER: Final = timedelta(hours=1)


def collect(client: Client, table: str, app_apple_id: int, *, now: datetime, keep: int = KEEP) -> list[int]:
    """Delete incomplete releases begun over an hour ago and complete ones beyond the last `keep`, never the live one.

    Returns their numbers. What a collector leaves half way, the next one finishes.
    """
    listed = list_releases(client, table, app_apple_id)
    old = [release for release in listed if release.complete][keep:]
    abandoned = [release for release in listed if not release.complete and _is_abandoned(release, now)]
    gone = []
    for release in [*old, *abandoned]:
        if not release.live and condemn(client, table, app_apple_id, release.number):
            delete_release(client, table, app_apple_id, release.number)
            gone.append(release.number)
    return sorted(gone)


def _is_abandoned(release: Listed, now: datetime) -> bool:
    return release.published_at is None or release.published_at + ABANDONED_AFTER < now


def condemn(client: Client, table: str, app_apple_id: int, number: int) -> bool:
    """Make a release incomplete for good, unless it is live. From here on nobody can publish it or roll back to it."""
    not_live = {
        "TableName": table,
        "Key": rows.head_key(app_apple_id),
        "ConditionExpression": "attribute_not_exists(#current) OR #current <> :number",
        "ExpressionAttributeNames": {"#current": "current"},
        "ExpressionAttributeValues": {":number": {"N": str(number)}},
    }
    mark = {
        "TableName": table,
        "Key": rows.claim_key(app_apple_id, number),
        "UpdateExpression": "SET collecting = :true",
        "ExpressionAttributeValues": {":true": {"BOOL": True}},
    }
    settings = {"TableName": table, "Key": rows.settings_key(app_apple_id, number)}
    return transacted(client, [{"ConditionCheck": not_live}, {"Update": mark}, {"Delete": settings}])


def delete_release(client: Client, table: str, app_apple_id: int, number: int) -> None:
    """Delete a release's rows, the claim last, so that one that is stopped half way is found again.

    For releases that are not live and cannot become so.
    """
    found = read_all(client, rows.query(table, rows.release_pk(app_apple_id, number)))
    keys = sorted({rows.string(item, "sk") for item in found} - {rows.CLAIM}, key=lambda sk: sk != rows.SETTINGS)
    pk = rows.release_pk(app_apple_id, number)
    for sk in [*keys, rows.CLAIM]:
        client.delete_item(TableName=table, Key=rows.key(pk, sk))
