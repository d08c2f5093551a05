"""The subscriptions of an app's customers in one environment, in the simulator's database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from console.simulator.database import Database, Row
from console.simulator.subscriptions.life import EXPIRED, REVOKED, SimulatedSubscription
from console.simulator.subscriptions.subscription_document import from_document, to_document

_WHERE: Final = "WHERE app = ? AND environment = ?"


@dataclass(frozen=True, slots=True)
class SubscriptionData:
    """The subscriptions of one app in one environment."""

    database: Database
    app: int
    environment: str

    def save(self, subscription: SimulatedSubscription) -> None:
        """Add the subscription, or replace it; it can be found by each of its transactions."""
        original = subscription.original.transaction_id
        with self.database.transaction():
            self.database.run(
                "REPLACE INTO subscription VALUES (?, ?, ?, ?, ?, ?)",
                self.app, self.environment, original, subscription.current.product.product_id, subscription.status,
                json.dumps(to_document(subscription)),
            )  # fmt: skip
            for one in subscription.transactions:
                self.database.run(
                    "INSERT OR IGNORE INTO subscription_transaction VALUES (?, ?, ?, ?)",
                    self.app, self.environment, one.transaction_id, original,
                )  # fmt: skip

    def find(self, transaction_id: str) -> SimulatedSubscription | None:
        """Return the subscription that has this transaction, None if there is none."""
        query = (
            f"SELECT document FROM subscription {_WHERE} AND original_transaction ="  # noqa: S608  # our own words
            f" (SELECT original_transaction FROM subscription_transaction {_WHERE} AND transaction_id = ?)"
        )
        here = (self.app, self.environment)
        return _read(self.database.one(query, *here, *here, transaction_id))

    def holder(self, product_id: str) -> SimulatedSubscription | None:
        """Return a subscription to the product that has not ended, the one that was bought first; None without one."""
        query = (
            f"SELECT document FROM subscription {_WHERE} AND product_id = ? AND status NOT IN (?, ?)"  # noqa: S608  # our own words
            " ORDER BY original_transaction LIMIT 1"
        )
        return _read(self.database.one(query, self.app, self.environment, product_id, EXPIRED, REVOKED))

    def all(self) -> list[SimulatedSubscription]:
        """Return every subscription, in the order of their original transaction ids."""
        query = f"SELECT document FROM subscription {_WHERE} ORDER BY original_transaction"  # noqa: S608  # our own words
        return [from_document(json.loads(text)) for (text,) in self.database.all(query, self.app, self.environment)]


def _read(row: Row | None) -> SimulatedSubscription | None:
    return None if row is None else from_document(json.loads(row[0]))
