"""Keeps what Apple's messages teach about a subscription: the row `subscription` of a customer, read, merged, written.

A row is one state (`retention.subscription`). Merging is commutative and idempotent, so what arrives twice, late, or
in another order leaves the same row, byte for byte, and a writer that is killed at any point leaves nothing half done.
There is no counter of writes: a write demands that the row still has the digest that was read, or is still absent. So a
row that its owner deleted meanwhile does not come back with what it held.

A row that cannot be read is never written over. It may be a later release's, or the only trace of what happened to it,
and its successor would know of fewer redeemed offers than there were, so that limits on offers would not hold. As
long as it is there, rules that ask for the customer's subscription are passed over. `SubscriptionUnreadableError`
makes the caller park what it had to teach; after `retention facts forget` it can be learned again.

Where Apple gave a subscription another id, the row of the old one names it (`movedTo`). A write demands that this is
as it was read, too: so either what is learned under the old id is there when it is merged into the new row, or its
writer sees the new id, and follows it.

`expiresAt`, by which DynamoDB deletes a row, follows from the state alone, and merging does not look at it: a backfill
reports years-old transactions first, and they must not be gone when today's arrive.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.errors import RetentionError, UnreadableRowError
from retention.subscription import EMPTY, State, from_document, merge, to_document

ATTEMPTS: Final = 6
# Seconds, at most, before the second attempt; doubled before each further one.
_PAUSE: Final = 0.02
# A row outlives the renewal date, and the last instant at which Apple signed something of it, by 400 days.
KEPT_SECONDS: Final = 400 * 86_400
# The attribute with the id that Apple gave a subscription later, and how many changes of it are followed.
_MOVED_TO: Final = "movedTo"
_MOST_MOVES: Final = 4


class SubscriptionUnreadableError(RetentionError):
    """The row of a subscription is not one that this release wrote."""


class SubscriptionConflictError(RetentionError):
    """Others wrote the row of a subscription between every read and write of ours."""


@dataclass(frozen=True, slots=True)
class Learned:
    """The states before and after, and whether the row was written: it is not where there was nothing new.

    `moved_to` is the id that Apple gave the subscription later, None where it has none.
    """

    before: State
    after: State
    written: bool
    moved_to: str | None = field(default=None, repr=False)


def _no_news(_learned: Learned) -> None:
    """Do nothing before a write."""


def learn(
    app_table: AppTable,
    original_transaction_id: str,
    state: State,
    before_write: Callable[[Learned], None] = _no_news,
    *,
    moved_to: str | None = None,
) -> Learned:
    """Merge `state` into a customer's row; with `moved_to`, note in it which id the subscription has now.

    `before_write` is called with what is about to be written, once for each attempt. Raises
    SubscriptionUnreadableError, SubscriptionConflictError after ATTEMPTS, and the SDK's own errors.
    """
    wanted = rows.subscription_key(app_table.app_apple_id, original_transaction_id)
    for attempt in range(ATTEMPTS):
        item = app_table.get(wanted)
        before = read_state(item)
        after = merge(before, state)
        moved = moved_to or item.get(_MOVED_TO, {}).get("S")
        attributes = {**_attributes(after), **({_MOVED_TO: {"S": moved}} if moved else {})}
        if all(attributes.get(name) == item.get(name) for name in ("digest", _MOVED_TO)):
            return Learned(before, after, written=False, moved_to=moved)
        learned = Learned(before, after, written=True, moved_to=moved)
        before_write(learned)
        if app_table.update(_write(wanted, attributes, item)):
            return learned
        time.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311  # no secret: writers part ways
    raise SubscriptionConflictError("subscription_conflict", "others wrote the row of a subscription all the time")


def hand_over(app_table: AppTable, previous: str, now_called: str) -> State:
    """Return what is known under the id that a subscription had before, and note there which one it has now.

    What is learned under the previous id from now on is for both rows: see `follow`. Raises as `learn` does.
    """
    return learn(app_table, previous, EMPTY, moved_to=now_called).after


def follow(app_table: AppTable, learned: Learned) -> None:
    """Merge what was learned under an earlier id into the rows of the ids after it. Raises as `learn` does.

    A notification from before the change may arrive after it: late, or from a history that is read backwards.
    """
    for _ in range(_MOST_MOVES):
        if learned.moved_to is None:
            return
        learned = learn(app_table, learned.moved_to, learned.after)


def state_of(app_table: AppTable, original_transaction_id: str) -> State:
    """Return what is known of a subscription. Raises SubscriptionUnreadableError and the SDK's own errors."""
    return read_state(app_table.get(rows.subscription_key(app_table.app_apple_id, original_transaction_id)))


def read_state(item: rows.Item) -> State:
    """Return the state of a row, EMPTY for no row.

    Raises SubscriptionUnreadableError where it is not one that we write.
    """
    if not item:
        return EMPTY
    try:
        return from_document(rows.document_of(item))
    except UnreadableRowError as error:
        raise SubscriptionUnreadableError("subscription_unreadable", f"the row of a subscription: {error}") from error


def expires_at(state: State) -> int | None:
    """Return when DynamoDB may delete a row, in UTC epoch seconds; None for EMPTY."""
    instants = [entry.signed_date for entry in state.transactions]
    if state.renewal is not None:
        instants += [state.renewal.signed_date, state.renewal.renewal_date or 0]
    if state.transaction is not None:
        instants.append(state.transaction.signed_date)
    return max(instants) // 1000 + KEPT_SECONDS if instants else None


def _attributes(state: State) -> dict[str, dict[str, Any]]:
    ends = expires_at(state)
    if ends is None:  # nothing is known yet under an id that Apple has changed
        ends = int(time.time()) + KEPT_SECONDS
    return {**rows.document_attributes(to_document(state)), "expiresAt": {"N": str(ends)}}


def _write(wanted: rows.Key, attributes: dict[str, dict[str, Any]], read: rows.Item) -> rows.Request:
    """Return the UpdateItem that sets `attributes`, where the row is still as it was read."""
    names = {f"#{name}": name for name in (*attributes, _MOVED_TO)}
    values = {f":{name}": value for name, value in attributes.items()}
    conditions = []
    for name, read_value in (("digest", read.get("digest")), (_MOVED_TO, read.get(_MOVED_TO))):
        if read_value is None:
            conditions.append(f"attribute_not_exists(#{name})")
        else:
            conditions.append(f"#{name} = :read_{name}")
            values[f":read_{name}"] = dict(read_value)
    return {
        "Key": wanted,
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
