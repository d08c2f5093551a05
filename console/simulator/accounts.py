"""Who may call: apps, the API keys of their teams, and the purchases that performance tests name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from console.simulator import problems
from console.simulator.database import Database

SUBSCRIPTION: Final = "subscription"

# What else a transaction id may be, and what Initiate Performance Test answers for it (apple-api.md, section 6).
# That a lapsed subscription and a one-time purchase are invalid *requests* is a reading; Apple lists no code of theirs.
UNFIT_PURCHASES: Final = {
    "expired": problems.INVALID_PERFORMANCE_TEST_REQUEST,
    "one-time": problems.INVALID_PERFORMANCE_TEST_REQUEST,
    "renewal": problems.NOT_ORIGINAL_TRANSACTION_ID,
    "family": problems.FAMILY_SHARING,
    "app-transaction": problems.APP_TRANSACTION_ID,
}
PURCHASES: Final = (SUBSCRIPTION, *UNFIT_PURCHASES)

# Sandbox transaction ids have sixteen digits and begin so.
_FIRST_TRANSACTION: Final = 2000000000000000


@dataclass(frozen=True, slots=True)
class SimulatedApp:
    """One app. `access`: Apple granted it the Retention Messaging API."""

    app_apple_id: int
    bundle_id: str
    issuer_id: str
    access: bool = True


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """An In-App Purchase key of a team, as Apple keeps it: the public half, PEM."""

    key_id: str
    issuer_id: str
    public_pem: bytes


@dataclass(frozen=True, slots=True)
class Subscription:
    """An auto-renewable subscription. Without any, the simulator takes every product id and knows no groups."""

    product_id: str
    group: str
    advanced_commerce: bool = False


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a transaction id stands for in the sandbox; `kind` is one of PURCHASES."""

    transaction_id: str = field(repr=False)
    app_apple_id: int
    product_id: str
    kind: str = SUBSCRIPTION


@dataclass(frozen=True, slots=True)
class Accounts:
    """The simulator's records of them."""

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
            for product in products:
                self.database.run(
                    "INSERT INTO product VALUES (?, ?, ?, ?)",
                    app_apple_id, product.product_id, product.group, product.advanced_commerce,
                )  # fmt: skip

    def products(self, app_apple_id: int) -> dict[str, Subscription]:
        rows = self.database.all(
            "SELECT product_id, subscription_group, advanced_commerce FROM product WHERE app = ?", app_apple_id
        )
        return {name: Subscription(name, group, bool(advanced_commerce)) for name, group, advanced_commerce in rows}

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

    def subscription(self, app_apple_id: int, product_id: str) -> Purchase | None:
        """Return a subscription to the product, if a customer of the simulator has one."""
        row = self.database.one(
            "SELECT transaction_id, app, product_id, kind FROM purchase WHERE app = ? AND product_id = ? AND kind = ?"
            " ORDER BY transaction_id",
            app_apple_id, product_id, SUBSCRIPTION,
        )  # fmt: skip
        return None if row is None else Purchase(*row)

    def subscribe(self, app_apple_id: int, product_id: str, kind: str = SUBSCRIPTION) -> Purchase:
        """Buy the product in the sandbox for a new customer; return the purchase under a new transaction id."""
        with self.database.transaction():
            row = self.database.one("SELECT COUNT(*) FROM purchase")
            number = _FIRST_TRANSACTION + (0 if row is None else int(row[0]))
            purchase = Purchase(str(number), app_apple_id, product_id, kind)
            self.save_purchase(purchase)
        return purchase
