"""What is known of the customer of one request: the owner's profile, and what Apple has reported, read in one call."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from retention import table as rows
from retention.aws.connection import CallFailedError
from retention.aws.deadline import Deadline, OutOfTimeError
from retention.catalog import Sheet
from retention.errors import UnreadableRowError
from retention.lookup.table_reader import Found, TableReader, place_of
from retention.rules import NO_FACTS, NO_SUBSCRIPTION, UNREADABLE, Customer, Reported, Subscription
from retention.table import Item, Key


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What is known of one customer. What the product's rules do not need is not read: there is none of it here."""

    profile: Customer = field(repr=False)
    subscription: Subscription = field(repr=False)


NO_CUSTOMER_FACTS: Final = CustomerFacts(NO_FACTS, NO_SUBSCRIPTION)


def read_customer_facts(
    reader: TableReader, name: tuple[int, str], sheet: Sheet, deadline: Deadline, now: float
) -> CustomerFacts:
    """Return what a sheet's rules need to know of a customer, `name` = (appAppleId, originalTransactionId).

    One call reads it: GetItem for one row, BatchGetItem for two. Where it fails, all that was asked for is UNREADABLE;
    a row that cannot be understood makes only its own facts so. What has expired by `now` (UTC epoch seconds) is not
    known.
    """
    profile = rows.profile_key(*name) if sheet.reads_customer else None
    subscription = rows.subscription_key(*name) if sheet.reads_subscription else None
    try:
        found = _read(reader, [key for key in (profile, subscription) if key is not None], deadline)
    except (OutOfTimeError, CallFailedError):
        return CustomerFacts(
            NO_FACTS if profile is None else UNREADABLE, NO_SUBSCRIPTION if subscription is None else UNREADABLE
        )
    facts = None if profile is None else found.get(place_of(profile))
    reported = None if subscription is None else found.get(place_of(subscription))
    return CustomerFacts(
        NO_FACTS if facts is None else rows.read_profile(facts, now),
        NO_SUBSCRIPTION if reported is None else read_reported(reported, now, sheet.subscription_facts),
    )


def _read(reader: TableReader, keys: list[Key], deadline: Deadline) -> Found:
    if len(keys) != 1:
        return reader.rows(keys, deadline)
    item = reader.row(keys[0], deadline)
    return {} if item is None else {place_of(keys[0]): item}


def read_reported(item: Item, now: float, names: Collection[str] | None = None) -> Subscription:
    """Return what a `subscription` row holds: the facts of these `names` (all if None), and the offers redeemed.

    A row without a transaction does not show that no offer was redeemed. Never raises.
    """
    from retention import subscription  # noqa: PLC0415  # see `prepare`

    if rows.has_expired(item, now):
        return NO_SUBSCRIPTION
    try:
        state = subscription.from_document(rows.document_of(item))
        facts = subscription.facts(state, now, None if names is None else subscription.FACT_KINDS.keys() & names)
    except (UnreadableRowError, OverflowError):  # a number in it may be larger than any price or date
        return UNREADABLE
    return Reported(facts, subscription.offers_taken(state))


def prepare() -> None:
    """Import what reading a `subscription` row takes, when a sheet that needs it is loaded, before its requests.

    A start whose rules do not ask for it does not pay for it.
    """
    from retention import subscription  # noqa: F401, PLC0415
