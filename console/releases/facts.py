"""What the table holds of one subscription: the facts that Apple's reports amount to now, and where each comes from.

An original transaction id leads to a customer's purchases, so nothing here repeats the one it was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.notifications.customers import SubscriptionUnreadableError, read_state
from retention.rules import Fact
from retention.subscription import FACT_KINDS, State, facts

from console.releases.attributes import count
from console.terminal.failure import Failure

# Where facts come from: Apple's two objects, and what is collected of all of them.
RENEWAL: Final = "renewal info"
TRANSACTION: Final = "current transaction"
TRANSACTIONS: Final = "all transactions"
RENEWALS: Final = "all renewal infos"
HISTORY: Final = "transaction history"

# Each source by the parts of a state that it is; a fact comes from the first one without which it would be another.
_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    HISTORY: ("history_complete",),
    TRANSACTIONS: ("transactions",),
    RENEWALS: ("auto", "trouble"),
    TRANSACTION: ("transaction",),
    RENEWAL: ("renewal",),
}
_NOTHING: Final = State()


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A fact that is known: its value, its source, and when Apple signed the newest report of that source."""

    value: Fact
    source: str
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReportedFacts:
    """A subscription's row at one instant. `facts` are those known, by their names in rules without the prefix.

    `signed_at` is when Apple signed the newest report of all, None where there is none. DynamoDB deletes the row after
    `expires_at`.
    """

    at: datetime
    facts: Mapping[str, KnownFact]
    signed_at: datetime | None
    history_complete: bool
    expires_at: datetime | None

    def document(self) -> dict[str, Any]:
        """Return the --json document; instants are in ISO 8601, ages in seconds."""
        return {
            "found": True,
            "facts": {name: known.value for name, known in self.facts.items()},
            "sources": {
                name: {"source": known.source, "signedAt": known.signed_at, "ageSeconds": self.age_of(known.signed_at)}
                for name, known in self.facts.items()
            },
            "signedAt": self.signed_at,
            "ageSeconds": self.age_of(self.signed_at),
            "historyComplete": self.history_complete,
            "expiresAt": self.expires_at,
        }

    def age_of(self, signed_at: datetime | None) -> int | None:
        """Return how many seconds ago Apple signed a report; 0 where our clock is behind Apple's."""
        return None if signed_at is None else max(0, int((self.at - signed_at).total_seconds()))


def read_facts(app_table: AppTable, original_transaction_id: str, now: datetime) -> ReportedFacts | None:
    """Return what is known of a subscription at `now`; None where Apple has reported nothing, or the row has expired.

    Raises Failure where the row is damaged.
    """
    item = app_table.get(rows.subscription_key(app_table.app_apple_id, original_transaction_id))
    if not item:
        return None
    try:
        return _reported(read_state(item), count(item, "expiresAt"), now)
    except (SubscriptionUnreadableError, ValueError, OverflowError, OSError):
        # Also a date or a price beyond what a calendar or a float has, which Apple did not sign.
        raise Failure(
            "The row of this subscription is damaged: `retention facts forget` deletes it, and `retention facts"
            " backfill` learns it again."
        ) from None


def _reported(state: State, expires: int, now: datetime) -> ReportedFacts | None:
    expires_at = datetime.fromtimestamp(expires, UTC) if expires else None
    if expires_at is not None and expires_at <= now:
        return None
    found = facts(state, now.timestamp())
    return ReportedFacts(
        now,
        {name: _known(state, name, found[name], now) for name in FACT_KINDS if name in found},
        _signed_at(state, tuple(_SOURCES)),
        state.history_complete,
        expires_at,
    )


def forget_facts(app_table: AppTable, original_transaction_id: str) -> None:
    """Delete the row, which need not exist."""
    app_table.delete(rows.subscription_key(app_table.app_apple_id, original_transaction_id))


def has_facts(app_table: AppTable, original_transaction_id: str) -> bool:
    """Return whether there is a row, be it damaged or expired."""
    return bool(app_table.get(rows.subscription_key(app_table.app_apple_id, original_transaction_id)))


def _known(state: State, name: str, value: Fact, now: datetime) -> KnownFact:
    for source, parts in _SOURCES.items():
        without = replace(state, **{part: getattr(_NOTHING, part) for part in parts})
        if facts(without, now.timestamp(), [name]).get(name) != value:
            return KnownFact(value, source, _signed_at(state, (source,)))
    # Several sources have it, or it is what a fact is while nothing is known otherwise.
    source = HISTORY if name == "historyComplete" else RENEWAL
    return KnownFact(value, source, _signed_at(state, (source,)))


def _signed_at(state: State, sources: tuple[str, ...]) -> datetime | None:
    """Return when Apple signed the newest report of these sources, None where there is none."""
    dates = {
        RENEWAL: [] if state.renewal is None else [state.renewal.signed_date],
        TRANSACTION: [] if state.transaction is None else [state.transaction.signed_date],
        TRANSACTIONS: [transaction.signed_date for transaction in state.transactions],
        RENEWALS: [date for date, _ in (*state.auto, *state.trouble)],
    }
    newest = max((date for source in sources for date in dates.get(source, ())), default=None)
    return None if newest is None else datetime.fromtimestamp(newest / 1000, UTC)
