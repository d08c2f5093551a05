"""`retention simulator`: serve the box, and do in it what App Review, App Store Connect and customers do.

Each verb imports what it needs when it runs: `retention --help` lists this group too, and need not wait for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from retention.catalog import APPROVED, REJECTED
from retention.request import PRODUCTION, SANDBOX

from console.simulator.accounts import SUBSCRIPTION, SimulatedApp, Subscription
from console.simulator.defaults import DIRECTORY, PORT
from console.simulator.ports import LAST, taking
from console.simulator.shelf import ENVIRONMENTS
from console.terminal.failure import Failure, Misuse
from console.terminal.output import Output
from console.terminal.words import plural

if TYPE_CHECKING:
    from console.file import entries
    from console.simulator.box import Box, TestConfig
    from console.simulator.customer import CustomerScreen

# What `attempt` and `performance` say too.
_LIMIT_MS: Final = 700
_LOCALE: Final = "en-US"

app = typer.Typer(
    name="simulator",
    help="An App Store in a box: rehearse everything on this machine, before Apple grants access.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class AppStoreEnvironment(StrEnum):
    """What `--environment` takes, in either case."""

    SANDBOX = SANDBOX
    PRODUCTION = PRODUCTION


class PurchaseKind(StrEnum):
    """What `--kind` takes."""

    subscription = SUBSCRIPTION
    expired = "expired"
    one_time = "one-time"
    renewal = "renewal"
    family = "family"
    app_transaction = "app-transaction"


Directory = Annotated[
    Path, typer.Option("--directory", "-d", envvar="RETENTION_SIMULATOR", help="Where the box keeps what it remembers.")
]
BundleId = Annotated[str | None, typer.Option("--bundle-id", help="Which app, where the box knows several.")]
InSandbox = Annotated[
    AppStoreEnvironment, typer.Option("--env", "-e", case_sensitive=False, help="Sandbox or Production.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Identifiers = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Images and messages; without any, all that are PENDING.")
]


@app.command()
def serve(
    directory: Directory = DIRECTORY,
    port: Annotated[int, typer.Option(help="0 finds a free one.", min=0, max=LAST)] = PORT,
    authority: Annotated[
        Path | None, typer.Option(help="Sign a new box's requests by this authority, not by events/ca.")
    ] = None,
    requests: Annotated[int, typer.Option(help="Requests of a performance test.", min=1)] = 100,
    duration: Annotated[int, typer.Option(help="Its length, in ms.", min=0)] = 60_000,
    concurrency: Annotated[int, typer.Option(help="Its most requests at a time.", min=1)] = 10,
    limit_ms: Annotated[int, typer.Option(help="What an answer may take, in ms.", min=1)] = _LIMIT_MS,
    success_rate: Annotated[int, typer.Option(help="The percentage that passes.", min=0, max=100)] = 95,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse offers that a throwaway key signed.")] = False,
) -> None:
    """Answer Apple's API on this machine until Ctrl-C: /sandbox and /production stand for Apple's two hosts."""
    from console.simulator.box import TestConfig
    from console.simulator.server import BoxServer

    config = TestConfig(concurrency, requests, duration, limit_ms, success_rate)
    with _open(directory, authority=authority, config=config, strict=strict) as box:
        with taking(port, "--port"):
            server = BoxServer(box, port=port, log=_log)
        _log("Base URLs for Apple's client (stop with Ctrl-C):")
        for environment in ENVIRONMENTS:
            _log(f"  {environment:<10} {server.base_url(environment)}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            _log("Stopped; the box remembers everything.")
        finally:
            server.stop()


@app.command()
def grant(
    key: Annotated[Path, typer.Option(help="The API key, a .p8 file; the box keeps its public half only.")],
    file: Annotated[Path | None, typer.Option(help="A retention.yaml, for the app and its products.")] = None,
    bundle_id: Annotated[str | None, typer.Option(help="Without a file: the app's bundle id.")] = None,
    app_apple_id: Annotated[int | None, typer.Option(help="Without a file: the app's App Store id.")] = None,
    issuer_id: Annotated[str | None, typer.Option(help="The issuer id of the key.")] = None,
    key_id: Annotated[str | None, typer.Option(help="The id of the key.")] = None,
    directory: Directory = DIRECTORY,
    *,
    new_key: Annotated[bool, typer.Option("--new-key", help="Make a key of the box's own in that file first.")] = False,
) -> None:
    """Let an app use the API: what Apple does with your access request, and App Store Connect with your key."""
    from console.appstore.api_key import read_key_file
    from console.simulator import verbs

    found, products = _file(file)
    if found is not None:
        bundle_id, app_apple_id = bundle_id or found.bundle_id, app_apple_id or found.app_apple_id
        issuer_id, key_id = issuer_id or found.issuer_id, key_id or found.key_id
    if not (bundle_id and app_apple_id and issuer_id and key_id):
        raise Misuse("Name the app with --file, or with --bundle-id, --app-apple-id, --issuer-id and --key-id.")
    pem = verbs.make_key(key) if new_key else read_key_file(key)
    granted = SimulatedApp(app_apple_id, bundle_id, issuer_id)
    with _open(directory) as box:
        verbs.grant(box, granted, key_id, pem, products)
    known = plural(len(products), "product")
    Output().say(f"{bundle_id} may use the API with the key {key_id}; the box knows {known} of it.")


@app.command()
def revoke(directory: Directory = DIRECTORY, bundle_id: BundleId = None) -> None:
    """Take an app's access away: every call ends in an empty 404, as before Apple grants access."""
    from console.simulator import verbs

    with _open(directory) as box:
        found = verbs.find_app(box, bundle_id)
        verbs.set_access(box, found, access=False)
    Output().say(f"{found.bundle_id} has no access any more; `grant` gives it back.")


@app.command()
def subscribe(
    product: Annotated[str, typer.Argument(help="The product to buy.")],
    kind: Annotated[
        PurchaseKind, typer.Option(help="Another kind shows how Apple refuses it.")
    ] = PurchaseKind.subscription,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
) -> None:
    """Buy a product in the sandbox and print the original transaction id, which a performance test asks for."""
    from console.simulator import verbs

    with _open(directory) as box:
        owner = verbs.find_app(box, bundle_id)
        Output().say(box.accounts.subscribe(owner.app_apple_id, product, kind.value).transaction_id)


@app.command(name="list")
def list_entries(
    environment: Annotated[
        AppStoreEnvironment | None,
        typer.Option("--env", "-e", case_sensitive=False, help="One of the two only."),
    ] = None,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show every image and message with its state, as App Review sees them."""
    from console.simulator import verbs

    out = Output(as_json=as_json)
    with _open(directory) as box:
        owner = verbs.find_app(box, bundle_id)
        found = list(verbs.entries(box, owner, None if environment is None else environment.value))
    out.document(
        [
            {name: getattr(entry, name) for name in ("environment", "kind", "identifier", "state", "text")}
            for entry in found
        ]
    )
    rows = [[entry.environment, entry.kind, entry.identifier, entry.state, entry.text] for entry in found]
    out.table(["environment", "kind", "id", "state", "text"], rows)


@app.command()
def approve(
    identifiers: Identifiers = None,
    environment: InSandbox = AppStoreEnvironment.PRODUCTION,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
) -> None:
    """Approve images and messages, as App Review does."""
    _review(directory, bundle_id, environment, APPROVED, identifiers)


@app.command()
def reject(
    identifiers: Identifiers = None,
    environment: InSandbox = AppStoreEnvironment.PRODUCTION,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
) -> None:
    """Reject images and messages, as App Review does."""
    _review(directory, bundle_id, environment, REJECTED, identifiers)


@app.command()
def asc_message(
    product: Annotated[str, typer.Argument(help="The subscription it is for.")],
    header: Annotated[str | None, typer.Option(help="Its header.")] = None,
    body: Annotated[str | None, typer.Option(help="Its body.")] = None,
    offer: Annotated[str | None, typer.Option(help="The retention offer it carries.")] = None,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Take it away instead.")] = False,
) -> None:
    """Set a subscription's App Store Connect message, which stands between the real-time answer and the default."""
    from console.simulator import verbs

    if not remove and not (header and body):
        raise Misuse("Give the message its --header and --body, or take it away with --remove.")
    content = {name: value for name, value in (("header", header), ("body", body), ("offer", offer)) if value}
    with _open(directory) as box:
        owner = verbs.find_app(box, bundle_id)
        # One message for both environments: sandbox testers see its latest draft.
        box.shelf(owner.app_apple_id, SANDBOX).set_asc_message(product, None if remove else content)
    Output().say(f"{product} has {'no' if remove else 'an'} App Store Connect message.")


@app.command()
def advance(
    hours: Annotated[float, typer.Argument(help="How far; one hour renews every rate limit.")] = 1.0,
    directory: Directory = DIRECTORY,
) -> None:
    """Put the box's clock forward. Tokens and signatures keep to the real time."""
    with _open(directory) as box:
        box.advance(hours * 3600)
    Output().say(f"The box's clock is {hours:g} h further.")


@app.command(name="cancel")
def cancel_subscription(
    product: Annotated[str, typer.Option(help="The product the customer holds.")],
    locale: Annotated[str, typer.Option(help="The locale of the customer's device.")] = _LOCALE,
    transaction: Annotated[
        str | None, typer.Option(help="The customer's original transaction id; otherwise, a subscriber to the product.")
    ] = None,
    environment: InSandbox = AppStoreEnvironment.SANDBOX,
    limit_ms: Annotated[int, typer.Option(help="How long the App Store waits, in ms.", min=1)] = _LIMIT_MS,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse offers that a throwaway key signed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Call the configured endpoint as the App Store would, and tell what the customer sees and why."""
    from console.simulator import verbs
    from console.simulator.customer import cancel

    with _open(directory, strict=strict) as box:
        seen = cancel(
            box,
            verbs.find_app(box, bundle_id),
            environment=environment.value,
            product_id=product,
            locale=locale,
            transaction_id=transaction,
            limit_ms=limit_ms,
        )
    out = Output(as_json=as_json)
    out.document(seen.document())
    for line in lines_of(seen):
        out.say(line)


def lines_of(seen: CustomerScreen) -> Iterator[str]:
    """Yield what `cancel` prints."""
    from console.simulator.customer import NOTHING

    if seen.status is not None or seen.result:
        status = "no answer" if seen.status is None else f"HTTP {seen.status}"
        yield f"Endpoint: {status} in {seen.took_ms} ms, {seen.result}"
    for step in seen.steps:
        yield f"Not by {step.source}: {step.reason}" if step.reason else f"Shown by {step.source}: {seen.kind}"
    if seen.source == NOTHING:
        yield "The customer sees no retention message."
    yield from (f"  {line}" for line in _text(seen))
    yield from (f"Note: {note}" for note in seen.notes)


def _text(seen: CustomerScreen) -> Iterator[str]:
    content, detail = seen.content, seen.detail
    yield from (str(content[name]) for name in ("header", "body") if name in content)
    if isinstance(image := content.get("image"), dict):
        yield f"[{image['altText']}]"
    yield from (f"• {bullet['text']}" for bullet in content.get("bulletPoints") or [])
    if "offer" in content:
        yield f"Offer: {content['offer']}"
    if "productId" in detail:
        plan = f", {detail['billingPlanType']}" if "billingPlanType" in detail else ""
        yield f"Switch to {detail['productId']}{plan}"
    if seen.kind in {"promotionalOffer", "advancedCommerceInfo"}:
        yield f"With a signed {seen.kind}"


def _review(
    directory: Path, bundle_id: str | None, environment: AppStoreEnvironment, state: str, identifiers: list[str] | None
) -> None:
    from console.simulator import verbs

    with _open(directory) as box:
        shelf = box.shelf(verbs.find_app(box, bundle_id).app_apple_id, environment.value)
        changed = verbs.review(shelf, state, identifiers or ())
    Output().say(f"{len(changed)} {state} in {environment.value}.")


def _file(path: Path | None) -> tuple[entries.App | None, list[Subscription]]:
    """Return the app and the products of a retention.yaml, whatever else is in it."""
    from console.file import document

    if path is None:
        return None, []
    read = document.read(path)
    if read.app is None:
        raise Failure(f"{path} names no app under `app:`.")
    products = [
        Subscription(found.product_id, found.group, found.advanced_commerce) for found in read.products.values()
    ]
    return read.app, products


@contextmanager
def _open(
    directory: Path, *, authority: Path | None = None, config: TestConfig | None = None, strict: bool = False
) -> Iterator[Box]:
    from console.simulator.box import Box

    try:
        box = Box.open(directory, authority=authority, test_config=config, strict=strict)
    except ValueError as error:
        raise Failure(f"The box in {directory} cannot be opened: {error}.") from None
    with box:
        yield box


def _log(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
