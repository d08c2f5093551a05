"""`retention simulator grant`: read app, key and products from a file or from options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from console.file.document import read_document
from console.file.entries import ProductEntry
from console.simulator.accounts import SimulatedApp, Subscription
from console.terminal.failure import Failure, Misuse


@dataclass(frozen=True, slots=True)
class GrantOptions:
    """The values of the options; each has precedence over the file's."""

    bundle_id: str | None = None
    app_apple_id: int | None = None
    issuer_id: str | None = None
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """An app that may use the API, the id of its key, and the products that the simulator sells for it."""

    app: SimulatedApp
    key_id: str
    products: tuple[Subscription, ...]


def sold(product: ProductEntry) -> Subscription:
    """Return a product of the file as the simulator sells it; without a period in the file, by the month."""
    return Subscription(product.product_id, product.group, product.advanced_commerce, product.period or "P1M")


def read_grant(file: Path | None, named: GrantOptions) -> Grant:
    """Return what is granted, from the options and from `file` if there is one. Raises Failure or Misuse."""
    products: tuple[Subscription, ...] = ()
    bundle_id, app_apple_id, issuer_id, key_id = named.bundle_id, named.app_apple_id, named.issuer_id, named.key_id
    if file is not None:
        document = read_document(file)
        app = document.app
        if app is None:
            raise Failure(f"{file} names no app under `app:`.")
        bundle_id, app_apple_id = bundle_id or app.bundle_id, app_apple_id or app.app_apple_id
        issuer_id, key_id = issuer_id or app.issuer_id, key_id or app.key_id
        products = tuple(sold(one) for one in document.products.values())
    if not (bundle_id and app_apple_id and issuer_id and key_id):
        raise Misuse("Name the app with --file, or with --bundle-id, --app-apple-id, --issuer-id and --key-id.")
    return Grant(SimulatedApp(app_apple_id, bundle_id, issuer_id), key_id, products)
