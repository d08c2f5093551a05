"""Which release is live: `current` moved to a new one and back, and all answers paused.

Every move is conditional: it fails where another program moved `current` since this one read it.
"""

from __future__ import annotations

from dataclasses import dataclass

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.table import Request

from console.releases.attributes import current_in, text
from console.releases.listing import list_releases
from console.releases.read import ReleaseError, verify


class PublishConflictError(ReleaseError):
    """Another release went live first. Ours was deleted again, and `current` was not touched."""


class ReleaseLostError(ReleaseError):
    """The release was deleted, or is about to be, before it went live; `current` was not touched."""


@dataclass(frozen=True, slots=True)
class Moved:
    """`current` after a rollback, and before."""

    number: int
    previous: int


def make_current(app_table: AppTable, number: int, seen: int | None) -> None:
    """Move `current` to a complete release, and note there that it went live.

    Raises PublishConflictError where `current` is no longer `seen`, ReleaseLostError where the release has gone.
    """
    went_live = {
        "Key": rows.settings_key(app_table.app_apple_id, number),
        "UpdateExpression": "SET wentLive = :true",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": {":true": {"BOOL": True}},
    }
    move: Request = {
        "Key": rows.head_key(app_table.app_apple_id),
        "UpdateExpression": "SET #current = :number ADD catalogVersion :one",
        "ConditionExpression": "attribute_not_exists(#current)" if seen is None else "#current = :seen",
        "ExpressionAttributeNames": {"#current": "current"},
        "ExpressionAttributeValues": {":number": {"N": str(number)}, ":one": {"N": "1"}},
    }
    if seen is not None:
        move["ExpressionAttributeValues"][":seen"] = {"N": str(seen)}
    if app_table.transact({"Update": went_live}, {"Update": move}):
        return
    current = current_in(app_table.head())
    if current == number:  # an attempt of ours succeeded, and its answer was lost
        return
    if current == seen and not app_table.get(rows.settings_key(app_table.app_apple_id, number)):
        raise ReleaseLostError(
            "release_lost", f"release {number} was deleted meanwhile; nothing was changed", release=number
        )
    raise conflict(app_table, current)


def conflict(app_table: AppTable, current: int | None) -> PublishConflictError:
    """Return the error for a publisher who finds that `current`, the live release's number, is another one by now."""
    if current is None:
        return PublishConflictError("publish_conflict", "no release is live any more; publish again")
    winner = app_table.get(rows.settings_key(app_table.app_apple_id, current))
    who, when = text(winner, "publishedBy") or "someone", text(winner, "publishedAt") or "an unknown time"
    return PublishConflictError(
        "publish_conflict",
        f"release {current}, published by {who} at {when}, is live now; nothing was changed. Once you know what it"
        f" brought, run this again: it then starts from release {current}",
        release=current,
        who=who,
        when=when,
    )


def rollback(app_table: AppTable, to: int | None = None) -> Moved:
    """Make an earlier complete release live: `to`, or the one live before. Raises ReleaseError.

    A release that never went live is used only if `to` names it.
    """
    current = current_in(app_table.head())
    if current is None:
        raise ReleaseError("no_release", "nothing has been published for this app")
    if to is None:
        listed = list_releases(app_table)
        earlier = [one.number for one in listed if one.complete and one.went_live and one.number < current]
        if not earlier:
            raise ReleaseError(
                "no_earlier_release", f"there is no complete release before {current} that was ever live; name another"
            )
        to = max(earlier)
    if to == current:
        raise ReleaseError("already_live", f"release {to} is live already", release=to)
    verify(app_table, to)
    make_current(app_table, to, current)
    return Moved(to, current)


def pause(app_table: AppTable) -> None:
    """Send no messages until `resume`: the App Store uses its fallback. Raises ReleaseError before any publishing."""
    _set_paused(app_table, paused=True)


def resume(app_table: AppTable) -> None:
    """End `pause`."""
    _set_paused(app_table, paused=False)


def _set_paused(app_table: AppTable, *, paused: bool) -> None:
    request: Request = {
        "Key": rows.head_key(app_table.app_apple_id),
        "UpdateExpression": "SET paused = :paused ADD catalogVersion :one",
        "ConditionExpression": "attribute_exists(#current)",
        "ExpressionAttributeNames": {"#current": "current"},
        "ExpressionAttributeValues": {":paused": {"BOOL": paused}, ":one": {"N": "1"}},
    }
    if not app_table.update(request):
        raise ReleaseError("no_release", "nothing has been published for this app")
