"""What Apple's staff and the app's team do at Apple: grant access, review, set App Store Connect messages."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from retention.background_settings import keeps_secrets
from retention.catalog import PENDING

from console.simulator.accounts import RegisteredKey, SimulatedApp, Subscription
from console.simulator.app_data import ENVIRONMENTS, AppData
from console.simulator.notification_delivery import NO_MISHAPS, Mishaps
from console.simulator.outbox import Outbox
from console.simulator.ports import naming_the_port
from console.simulator.server import SimulatorServer
from console.simulator.simulator import Simulator, TestConfig
from console.terminal.failure import Failure, Misuse
from console.terminal.output import Output
from console.terminal.program import write_error

KINDS: Final = ("image", "message")

_HTTPS_PORT: Final = 443
_FIRST_FREE_PORT: Final = 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One image or message of an app. `text` is a message's header, or an image's size."""

    environment: str
    kind: str
    identifier: str
    state: str
    text: str


@contextmanager
def open_simulator(
    directory: Path, *, authority: Path | None = None, config: TestConfig | None = None, strict: bool = False
) -> Iterator[Simulator]:
    """Open the simulator's data in `directory`, or make it there; close it on leaving. Raises Failure."""
    try:
        simulator = Simulator.open(directory, authority=authority, test_config=config, strict=strict)
    except ValueError as error:
        raise Failure(f"The simulator's data in {directory} cannot be opened: {error}.") from None
    with simulator:
        yield simulator


def serve(simulator: Simulator, port: int, mishaps: Mishaps = NO_MISHAPS) -> None:
    """Answer Apple's API on a port and deliver notifications until Ctrl-C. Raises Failure.

    Each call and each attempt has a line on standard error.
    """
    with naming_the_port(port, "--port"):
        server = SimulatorServer(simulator, port=port, log=write_error, mishaps=mishaps)
    write_error("Base URLs for Apple's client (stop with Ctrl-C):")
    for environment in ENVIRONMENTS:
        write_error(f"  {environment:<10} {server.base_url(environment)}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        write_error("Stopped; the simulator's data is kept.")
    finally:
        server.stop()


def grant(
    simulator: Simulator, app: SimulatedApp, key_id: str, key_pem: bytes, products: Iterable[Subscription] = ()
) -> None:
    """Let `app` use the API with the key `key_id`, whose private or public PEM is `key_pem`; only the public is kept.

    For an app that exists already, access is granted again and its products are replaced. Raises Failure.
    """
    simulator.accounts.save_key(RegisteredKey(key_id, app.issuer_id, public_half(key_pem)))
    simulator.accounts.save_app(app)
    simulator.accounts.replace_products(app.app_apple_id, list(products))


def known_key(simulator: Simulator, key_id: str) -> bytes:
    """Return the public PEM of a key that was registered before. Raises Misuse."""
    known = simulator.accounts.key(key_id)
    if known is None:
        raise Misuse(f"The simulator does not know the key {key_id}: name its .p8 file with --key.")
    return known.public_pem


def set_access(simulator: Simulator, app: SimulatedApp, *, access: bool) -> None:
    """Take an app's access away, so that every call is answered with an empty 404, or give it back."""
    simulator.accounts.save_app(SimulatedApp(app.app_apple_id, app.bundle_id, app.issuer_id, access))


def set_notification_url(outbox: Outbox, url: str | None) -> None:
    """Set the notification URL of an app and environment as App Store Connect accepts it; None removes it.

    It is https, at port 443 or from 1024 on; http to this machine is accepted for local tests. Raises Misuse.
    """
    if url is not None and not _accepted(url):
        raise Misuse(f"{url} is no URL for notifications: write an https URL, with no port, 443 or one from 1024 on.")
    outbox.set_url(url)


def _accepted(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return keeps_secrets(parts) and (port is None or port == _HTTPS_PORT or port >= _FIRST_FREE_PORT)


def find_app(simulator: Simulator, bundle_id: str | None = None) -> SimulatedApp:
    """Return the app `bundle_id`; without a name, the only app. Raises Failure."""
    apps = simulator.accounts.apps()
    if not apps:
        raise Failure("The simulator has no app: add one with `retention simulator grant`.")
    chosen = [app for app in apps if bundle_id in {None, app.bundle_id}]
    if len(chosen) != 1:
        raise Failure(f"Name the app with --bundle-id: {', '.join(app.bundle_id for app in apps)}.")
    return chosen[0]


def entries(simulator: Simulator, app: SimulatedApp, environment: str | None = None) -> Iterator[Entry]:
    """Yield every image, then every message of `app`, in the order of their upload."""
    for name in ENVIRONMENTS if environment is None else (environment,):
        app_data = simulator.app_data(app.app_apple_id, name)
        for image in app_data.images().values():
            yield Entry(name, "image", image.identifier, image.state, image.size)
        for identifier, state in app_data.message_states().items():
            message = app_data.message(identifier)
            yield Entry(name, "message", identifier, state, "" if message is None else str(message.content["header"]))


def show_entries(found: Sequence[Entry], out: Output) -> None:
    """Print every entry, as a table or as one JSON document."""
    out.document([asdict(entry) for entry in found])
    rows = [[entry.environment, entry.kind, entry.identifier, entry.state, entry.text] for entry in found]
    out.table(["environment", "kind", "id", "state", "text"], rows)


def review(app_data: AppData, state: str, identifiers: Iterable[str] = ()) -> list[str]:
    """Give images and messages a review state, as App Review does; return the changed ids.

    Without `identifiers`, all that are PENDING. For an unknown id, it changes nothing and raises Failure.
    """
    with app_data.database.transaction():
        wanted = [_lower(identifier) for identifier in identifiers] or list(_pending(app_data))
        for identifier in wanted:
            changed = [app_data.review(kind, identifier, state) for kind in KINDS]
            if True not in changed:
                raise Failure(
                    f"There is no image and no message {identifier} in {app_data.environment}."
                    " `retention simulator list` shows which environment has which; --env names it."
                )
    return wanted


def _pending(app_data: AppData) -> Iterator[str]:
    yield from (image.identifier for image in app_data.images().values() if image.state == PENDING)
    yield from (identifier for identifier, state in app_data.message_states().items() if state == PENDING)


def _lower(identifier: str) -> str:
    try:
        return str(uuid.UUID(identifier))
    except ValueError:
        raise Misuse(f"{identifier!r} is not a UUID.") from None


def make_key(path: Path) -> bytes:
    """Write a new P-256 private key (PKCS #8 PEM) to the new file `path`, and return it. Raises Failure."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            file.write(pem)
    except FileExistsError:
        raise Failure(f"{path} is there already: name another file, or leave --new-key out to use it.") from None
    return pem


def public_half(pem: bytes) -> bytes:
    """Return the public key (PEM) of a private or public P-256 key (PEM). Raises Failure, which quotes no key."""
    try:
        key = load_pem_private_key(pem, password=None).public_key() if b"PRIVATE" in pem else load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Failure("The key is not an unencrypted PEM key.") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Failure("The key is not a P-256 key, as all In-App Purchase keys of App Store Connect are.")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
