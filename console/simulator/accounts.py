"""The apps that can call the API, the API keys of their teams, and the purchases that performance tests name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from console.simulator import problems
from console.simulator.database import Database

SUBSCRIPTION: Final = "subscription"

# Other kinds of purchase that a transaction id can name → the error of Initiate Performance Test (apple-api.md, section
# 6). Assumption: an expired subscription and a one-time purchase are invalid requests; Apple lists no code for them.
UNFIT_PURCHASES: Final = {
    "expired": problems.INVALID_PERFORMANCE_TEST_REQUEST,
    "one-time": problems.INVALID_PERFORMANCE_TEST_REQUEST,
    "renewal": problems.NOT_ORIGINAL_TRANSACTION_ID,
    "family": problems.FAMILY_SHARING,
    "app-transaction": problems.APP_TRANSACTION_ID,
}
PURCHASES: Final = (SUBSCRIPTION, *UNFIT_PURCHASES)

# Apple's sandbox transaction ids have sixteen digits and begin with 2.
_FIRST_TRANSACTION: Final = 2000000000000000


@dataclass(frozen=True, slots=True)
class SimulatedApp:
    """One app. `access` is whether Apple granted it the Retention Messaging API."""

    app_apple_id: int
    bundle_id: str
    issuer_id: str
    access: bool = True


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """An In-App Purchase key of a team, as Apple stores it: `public_pem` is the public key in PEM."""

    key_id: str
    issuer_id: str
    public_pem: bytes


@dataclass(frozen=True, slots=True)
class Subscription:
    """An auto-renewable subscription of an app. For an app without any, the simulator accepts every product id.

    `period` is ISO 8601.
    """

    product_id: str
    group: str
    advanced_commerce: bool = False
    period: str = "P1M"


@dataclass(frozen=True, slots=True)
class Purchase:
    """The sandbox purchase that a transaction id names; `kind` is one of PURCHASES."""

    transaction_id: str = field(repr=False)
    app_apple_id: int
    product_id: str
    kind: str = SUBSCRIPTION


@dataclass(frozen=True, slots=True)
class Accounts:
    """Apps, API keys, products and purchases in the simulator's database."""

    database: Database

    def save_app(self, app: SimulatedApp) -> None:
        with self.database.transaction():
            self.database.run(
                "DELETE FROM app WHERE bundle_id = ? OR app_apple_id = ?", app.bundle_id, app.app_apple_id
            )
            self.database.run(
                "INSERT INTO app VALUES (?, ?, ?, ?)", app.bundle_id, app.app_apple_id, app.issuer_id, app.access
            )

    def apps(self) -> list[SimulatedApp]:
        rows = self.database.all("SELECT app_apple_id, bundle_id, issuer_id, access FROM app ORDER BY bundle_id")
        return [
            SimulatedApp(app_apple_id, bundle_id, issuer_id, bool(access))
            for app_apple_id, bundle_id, issuer_id, access in rows
        ]

    def app(self, bundle_id: str) -> SimulatedApp | None:
        return next((app for app in self.apps() if app.bundle_id == bundle_id), None)

    def save_key(self, key: RegisteredKey) -> None:
        self.database.run("REPLACE INTO api_key VALUES (?, ?, ?)", key.key_id, key.issuer_id, key.public_pem)

    def key(self, key_id: str) -> RegisteredKey | None:
        row = self.database.one("SELECT key_id, issuer_id, public_pem FROM api_key WHERE key_id = ?", key_id)
        return None if row is None else RegisteredKey(*row)

    def replace_products(self, app_apple_id: int, products: list[Subscription]) -> None:
        with self.database.transaction():
            self.database.run("DELETE FROM product WHERE app = ?", app_apple_id)
            self.database.run("DELETE FROM period WHERE app = ?", app_apple_id)
            for product in products:
                self.database.run(
                    "INSERT INTO period VALUES (?, ?, ?)", app_apple_id, product.product_id, product.period
                )
                self.database.run(
                    "INSERT INTO product VALUES (?, ?, ?, ?)",
                    app_apple_id, product.product_id, product.group, product.advanced_commerce,
                )  # fmt: skip

    def products(self, app_apple_id: int) -> dict[str, Subscription]:
        rows = self.database.all(
            # Data of an earlier version of the simulator has no periods.
            "SELECT product_id, subscription_group, advanced_commerce, COALESCE(period, 'P1M')"
            " FROM product LEFT JOIN period USING (app, product_id) WHERE app = ? ORDER BY product_id",
            app_apple_id,
        )
        return {
            name: Subscription(name, group, bool(advanced_commerce), period)
            for name, group, advanced_commerce, period in rows
        }

    def save_purchase(self, purchase: Purchase) -> None:
        self.database.run(
            "REPLACE INTO purchase VALUES (?, ?, ?, ?)",
            purchase.transaction_id, purchase.app_apple_id, purchase.product_id, purchase.kind,
        )  # fmt: skip

    def purchase(self, app_apple_id: int, transaction_id: str) -> Purchase | None:
        row = self.database.one(
            "SELECT transaction_id, app, product_id, kind FROM purchase WHERE app = ? AND transaction_id = ?",
            app_apple_id, transaction_id,
        )  # fmt: skip
        return None if row is None else Purchase(*row)

    def subscribers(self, app_apple_id: int, product_id: str) -> list[Purchase]:
        """Return the subscriptions to the product, in the order of their transaction ids."""
        rows = self.database.all(
            "SELECT transaction_id, app, product_id, kind FROM purchase WHERE app = ? AND product_id = ? AND kind = ?"
            " ORDER BY transaction_id",
            app_apple_id, product_id, SUBSCRIPTION,
        )  # fmt: skip
        return [Purchase(*row) for row in rows]

    def subscription(self, app_apple_id: int, product_id: str) -> Purchase | None:
        """Return a subscription to the product, None if no customer in the simulator has one."""
        return next(iter(self.subscribers(app_apple_id, product_id)), None)

    def subscribe(self, app_apple_id: int, product_id: str, kind: str = SUBSCRIPTION) -> Purchase:
        """Record that a new customer buys the product in the sandbox; return the purchase with a new transaction id."""
        with self.database.transaction():
            row = self.database.one("SELECT COUNT(*) FROM purchase")
            number = _FIRST_TRANSACTION + (0 if row is None else int(row[0]))
            purchase = Purchase(str(number), app_apple_id, product_id, kind)
            self.save_purchase(purchase)
        return purchase
