"""Deleting releases that are no longer needed: those never completed, and complete ones beyond the last 20."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from retention import table as rows
from retention.aws.app_table import AppTable

from console.releases.listing import Listed, list_releases

KEEP: Final = 20
ABANDONED_AFTER: Final = timedelta(hours=1)


def delete_old_releases(app_table: AppTable, *, now: datetime, keep: int = KEEP) -> list[int]:
    """Delete incomplete releases begun over an hour ago and complete ones beyond the last `keep`, never the live one.

    Returns their numbers. A release of which only some rows were deleted is deleted by the next call.
    """
    listed = list_releases(app_table)
    old = [release for release in listed if release.complete][keep:]
    abandoned = [release for release in listed if not release.complete and _is_abandoned(release, now)]
    gone = []
    for release in [*old, *abandoned]:
        if not release.live and condemn(app_table, release.number):
            delete_release(app_table, release.number)
            gone.append(release.number)
    return sorted(gone)


def _is_abandoned(release: Listed, now: datetime) -> bool:
    return release.published_at is None or release.published_at + ABANDONED_AFTER < now


def condemn(app_table: AppTable, number: int) -> bool:
    """Make a release incomplete for good, unless it is live: it can then neither be published nor rolled back to.

    Returns False where it is live.
    """
    not_live = {
        "Key": rows.head_key(app_table.app_apple_id),
        "ConditionExpression": "attribute_not_exists(#current) OR #current <> :number",
        "ExpressionAttributeNames": {"#current": "current"},
        "ExpressionAttributeValues": {":number": {"N": str(number)}},
    }
    mark = {
        "Key": rows.claim_key(app_table.app_apple_id, number),
        "UpdateExpression": "SET collecting = :true",
        "ExpressionAttributeValues": {":true": {"BOOL": True}},
    }
    settings = {"Key": rows.settings_key(app_table.app_apple_id, number)}
    return app_table.transact({"ConditionCheck": not_live}, {"Update": mark}, {"Delete": settings})


def delete_release(app_table: AppTable, number: int) -> None:
    """Delete the rows of a release that `condemn` was called for.

    `claim` goes last: if the program is stopped in between, the release is still listed, and deleted by the next one.
    """
    found = {rows.string(item, "sk") for item in app_table.of_release(number, attributes="sk")}
    keys = sorted(found - {rows.CLAIM}, key=lambda sk: sk != rows.SETTINGS)
    pk = rows.release_pk(app_table.app_apple_id, number)
    for sk in [*keys, rows.CLAIM]:
        app_table.delete(rows.key(pk, sk))
