"""`retention simulator grant`: which app, key and products, by a file or by options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from console.file.document import read
from console.simulator.accounts import SimulatedApp, Subscription
from console.terminal.failure import Failure, Misuse


@dataclass(frozen=True, slots=True)
class Named:
    """What the options name; each goes before what the file names."""

    bundle_id: str | None = None
    app_apple_id: int | None = None
    issuer_id: str | None = None
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """An app that may use the API, the id of its key, and the products that the simulator sells for it."""

    app: SimulatedApp
    key_id: str
    products: tuple[Subscription, ...]


def granted(file: Path | None, named: Named) -> Granted:
    """Return what is granted, by the app and products of `file` where there is one. Raises Failure or Misuse."""
    products: tuple[Subscription, ...] = ()
    bundle_id, app_apple_id, issuer_id, key_id = named.bundle_id, named.app_apple_id, named.issuer_id, named.key_id
    if file is not None:
        document = read(file)
        app = document.app
        if app is None:
            raise Failure(f"{file} names no app under `app:`.")
        bundle_id, app_apple_id = bundle_id or app.bundle_id, app_apple_id or app.app_apple_id
        issuer_id, key_id = issuer_id or app.issuer_id, key_id or app.key_id
        found = document.products.values()
        products = tuple(Subscription(one.product_id, one.group, one.advanced_commerce) for one in found)
    if not (bundle_id and app_apple_id and issuer_id and key_id):
        raise Misuse("Name the app with --file, or with --bundle-id, --app-apple-id, --issuer-id and --key-id.")
    return Granted(SimulatedApp(app_apple_id, bundle_id, issuer_id), key_id, products)
