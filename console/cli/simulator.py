"""`retention simulator`: serve the simulator, and do in it what App Review, App Store Connect and customers do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from retention.request import SANDBOX

from console.cli import simulator_customers, simulator_notifications, simulator_purchases, simulator_subscriptions
from console.cli.options import MadeBy, Out, verb
from console.cli.simulator_notifications import OnTheWay
from console.cli.simulator_options import AppStoreEnvironment, BundleId, Directory, InEnvironment, Later
from console.simulator.place import DIRECTORY, PORT
from console.terminal.addresses import LAST_PORT
from console.terminal.failure import Misuse
from console.terminal.output import Output
from console.terminal.words import plural

# What `attempt` and `performance` use too.
_LIMIT_MS: Final = 700
_LOCALE: Final = "en-US"

verbs = typer.Typer()
simulator = typer.Typer(
    help="A simulator of the App Store: rehearse everything on this machine, before Apple grants access.",
    no_args_is_help=True,
)
verbs.add_typer(simulator, name="simulator")
simulator.add_typer(simulator_purchases.verbs)
simulator.add_typer(simulator_subscriptions.verbs)
simulator.add_typer(simulator_notifications.verbs)
simulator.add_typer(simulator_customers.verbs)


Identifiers = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Images and messages; without any, all that are PENDING.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse offers that a throwaway key signed.")]


def _served(
    requests: Annotated[int, typer.Option(help="Requests of a performance test.", min=1)] = 100,
    duration: Annotated[int, typer.Option(help="Its length, in ms.", min=0)] = 60_000,
    concurrency: Annotated[int, typer.Option(help="Its most requests at a time.", min=1)] = 10,
    limit_ms: Annotated[int, typer.Option(help="What an answer may take, in ms.", min=1)] = _LIMIT_MS,
    success_rate: Annotated[int, typer.Option(help="The percentage that passes.", min=0, max=100)] = 95,
) -> tuple[int, int, int, int, int]:
    """Return the fields of a TestConfig, in their order."""
    return concurrency, requests, duration, limit_ms, success_rate


@verb(simulator, "serve")
def serve(
    directory: Directory = DIRECTORY,
    port: Annotated[int, typer.Option(help="0 finds a free one.", min=0, max=LAST_PORT)] = PORT,
    authority: Annotated[
        Path | None, typer.Option(help="Sign a new simulator's requests by this authority, not by events/ca.")
    ] = None,
    *,
    test: Annotated[tuple[int, int, int, int, int], MadeBy(_served)],
    strict: Strict = False,
    on_the_way: OnTheWay,
) -> None:
    """Answer Apple's API and deliver notifications on this machine until Ctrl-C.

    The paths /sandbox and /production stand for Apple's two hosts.
    """
    from console.simulator.notification_delivery import Mishaps
    from console.simulator.simulator import TestConfig
    from console.simulator.staff_actions import open_simulator, serve

    with open_simulator(directory, authority=authority, config=TestConfig(*test), strict=strict) as opened:
        serve(opened, port, Mishaps(*on_the_way))


@verb(
    simulator,
    "grant",
    "retention simulator grant --file retention.yaml --key SubscriptionKey_2X9R4HXF34.p8",
    "retention simulator grant --file retention.yaml",
)
def grant(
    key: Annotated[
        Path | None,
        typer.Option(help="The API key, a .p8 file, of which the public half is kept; else the key that is known."),
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A retention.yaml, for the app and its products.")] = None,
    bundle_id: Annotated[str | None, typer.Option(help="Without a file: the app's bundle id.")] = None,
    app_apple_id: Annotated[int | None, typer.Option(help="Without a file: the app's App Store id.")] = None,
    issuer_id: Annotated[str | None, typer.Option(help="The issuer id of the key.")] = None,
    key_id: Annotated[str | None, typer.Option(help="The id of the key.")] = None,
    directory: Directory = DIRECTORY,
    *,
    new_key: Annotated[bool, typer.Option("--new-key", help="Write a new key into that file first.")] = False,
) -> None:
    """Let an app use the API: what Apple does with your access request, and App Store Connect with your key.

    For an app that the simulator has, such as that of `make sandbox`, no key is needed: its products become the file's.
    """
    from console.appstore.api_key import read_key_file
    from console.simulator.grants import GrantOptions, read_grant
    from console.simulator.staff_actions import grant, known_key, make_key, open_simulator

    if key is None and new_key:
        raise Misuse("Name the file for the new key with --key.")
    found = read_grant(file, GrantOptions(bundle_id, app_apple_id, issuer_id, key_id))
    given = None if key is None else make_key(key) if new_key else read_key_file(key)
    with open_simulator(directory) as opened:
        pem = known_key(opened, found.key_id) if given is None else given
        grant(opened, found.app, found.key_id, pem, found.products)
    products = plural(len(found.products), "product")
    Output().print(
        f"{found.app.bundle_id} may use the API with the key {found.key_id}; the simulator knows {products} of it."
    )


@verb(simulator, "revoke")
def revoke(directory: Directory = DIRECTORY, bundle_id: BundleId = None) -> None:
    """Take an app's access away: every call ends in an empty 404, as before Apple grants access."""
    from console.simulator.staff_actions import find_app, open_simulator, set_access

    with open_simulator(directory) as opened:
        found = find_app(opened, bundle_id)
        set_access(opened, found, access=False)
    Output().print(f"{found.bundle_id} has no access any more; `grant` gives it back.")


@verb(simulator, "list")
def list_entries(
    environment: Annotated[
        AppStoreEnvironment | None,
        typer.Option("--env", "-e", case_sensitive=False, help="One of the two only."),
    ] = None,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
    *,
    out: Out,
) -> None:
    """Show every image and message with its state, as App Review sees them."""
    from console.simulator.staff_actions import entries, find_app, open_simulator, show_entries

    with open_simulator(directory) as opened:
        owner = find_app(opened, bundle_id)
        found = list(entries(opened, owner, None if environment is None else environment.value))
    show_entries(found, out)


@verb(simulator, "approve")
def approve(
    identifiers: Identifiers = None,
    environment: InEnvironment = AppStoreEnvironment.PRODUCTION,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
) -> None:
    """Approve images and messages, as App Review does."""
    from retention.catalog import APPROVED

    _review(directory, bundle_id, environment, APPROVED, identifiers)


@verb(simulator, "reject")
def reject(
    identifiers: Identifiers = None,
    environment: InEnvironment = AppStoreEnvironment.PRODUCTION,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
) -> None:
    """Reject images and messages, as App Review does."""
    from retention.catalog import REJECTED

    _review(directory, bundle_id, environment, REJECTED, identifiers)


def _review(
    directory: Path, bundle_id: str | None, environment: AppStoreEnvironment, state: str, identifiers: list[str] | None
) -> None:
    from console.simulator.staff_actions import find_app, open_simulator, review

    with open_simulator(directory) as opened:
        app_data = opened.app_data(find_app(opened, bundle_id).app_apple_id, environment.value)
        changed = review(app_data, state, identifiers or ())
    if changed:
        Output().print(f"{len(changed)} {state} in {environment.value}.")
        return
    other = next(each.value for each in AppStoreEnvironment if each is not environment)
    Output().print(
        f"0 {state} in {environment.value}: nothing waits for review there. Name ids to review them once more, or"
        f" another environment: --env {other.lower()}."
    )


@verb(simulator, "asc-message")
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
    from console.simulator.staff_actions import find_app, open_simulator

    if not remove and not (header and body):
        raise Misuse("Give the message its --header and --body, or take it away with --remove.")
    content = {name: value for name, value in (("header", header), ("body", body), ("offer", offer)) if value}
    with open_simulator(directory) as opened:
        owner = find_app(opened, bundle_id)
        # One message for both environments: sandbox testers see its latest draft.
        opened.app_data(owner.app_apple_id, SANDBOX).set_asc_message(product, None if remove else content)
    Output().print(f"{product} has {'no' if remove else 'an'} App Store Connect message.")


@verb(simulator, "advance")
def advance(
    hours: Annotated[float, typer.Argument(help="How far; one hour renews every rate limit.")] = 1.0,
    directory: Directory = DIRECTORY,
) -> None:
    """Put the simulator's clock forward. Tokens and signatures keep to the real time."""
    from console.simulator.staff_actions import open_simulator

    with open_simulator(directory) as opened:
        opened.advance(hours * 3600)
    Output().print(f"The simulator's clock is {hours:g} h further.")


class NextStep(StrEnum):
    """What `--then` takes; a test compares it with the simulator's own list."""

    cancel = "cancel"
    keep = "keep"
    redeem = "redeem"
    switch = "switch"


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What the customer does after the screen, None for nothing that is reported; `later` leaves it in the outbox."""

    choice: NextStep | None
    later: bool

    def run(self, opened: Any, app: Any, environment: str, out: Output, **asked: Any) -> None:  # noqa: ANN401  # a Simulator, its app, and what `cancel` takes
        """Call the endpoint and print what the customer sees; let the customer act, and print what happened."""
        from console.simulator import customer, customer_report
        from console.simulator.subscriptions.cancellation import cancel_then, show
        from console.simulator.subscriptions.customers import Customers
        from console.simulator.subscriptions.happening_report import delivered

        if self.choice is None:
            customer_report.show(customer.cancel(opened, app, environment=environment, **asked), out)
            return
        customers = Customers(opened, app, environment)
        seen, made = cancel_then(customers, self.choice.value, **asked)
        show(customers, seen, made, [] if self.later else delivered(customers, made), out)


def _afterwards(
    *,
    then: Annotated[
        NextStep | None,
        typer.Option(help="What the customer does next: redeem and switch take what the screen offers."),
    ] = None,
    later: Later = False,
) -> Afterwards:
    return Afterwards(then, later)


@verb(
    simulator,
    "cancel",
    "retention simulator cancel --product pro.monthly",
    "retention simulator cancel --product pro.monthly --then cancel",
    "retention simulator cancel --transaction 2000000000000000 --then redeem",
)
def cancel_subscription(
    product: Annotated[
        str | None, typer.Option(help="The product the customer has; without it, the only subscription.")
    ] = None,
    locale: Annotated[str, typer.Option(help="The locale of the customer's device.")] = _LOCALE,
    transaction: Annotated[
        str | None, typer.Option(help="Any transaction id of the customer; without one, a subscriber to --product.")
    ] = None,
    environment: InEnvironment = AppStoreEnvironment.SANDBOX,
    limit_ms: Annotated[int, typer.Option(help="How long the App Store waits, in ms.", min=1)] = _LIMIT_MS,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
    *,
    afterwards: Annotated[Afterwards, MadeBy(_afterwards)],
    strict: Strict = False,
    out: Out,
) -> None:
    """Call the configured endpoint as the App Store would, and show what the customer sees and why.

    With --then the customer acts, Apple makes a notification of it, and it is sent.
    """
    from console.simulator.staff_actions import find_app, open_simulator
    from console.simulator.subscriptions.customers import Customers, NamedCustomer

    with open_simulator(directory, strict=strict) as opened:
        app = find_app(opened, bundle_id)
        held = Customers(opened, app, environment.value).product_of(NamedCustomer(transaction, product))
        asked = {"product_id": held, "locale": locale, "transaction_id": transaction, "limit_ms": limit_ms}
        afterwards.run(opened, app, environment.value, out, **asked)
