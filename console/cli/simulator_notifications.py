"""`retention simulator notification-url` and `deliver`: where the App Store sends notifications, and sending them."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.options import MadeBy, Out, verb
from console.cli.simulator_options import AppStoreEnvironment, BundleId, Directory, InEnvironment
from console.simulator.place import DIRECTORY
from console.terminal.failure import Misuse

verbs = typer.Typer()


def _on_the_way(
    *,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Send notifications in a random order.")] = False,
    duplicate: Annotated[int, typer.Option(metavar="N", help="Send N of them twice.", min=0)] = 0,
    drop: Annotated[int, typer.Option(metavar="N", help="Lose N attempts on the way: Apple times out.", min=0)] = 0,
    late: Annotated[bool, typer.Option("--late", help="Hold back half: until a retry, or the next delivery.")] = False,
    seed: Annotated[int, typer.Option(help="Chooses which; the same seed chooses the same ones.")] = 0,
) -> tuple[bool, int, int, bool, int]:
    """Return the fields of Mishaps, in their order."""
    return shuffle, duplicate, drop, late, seed


OnTheWay = Annotated[tuple[bool, int, int, bool, int], MadeBy(_on_the_way)]


@verb(
    verbs,
    "notification-url",
    "retention simulator notification-url http://127.0.0.1:8080/v1/notifications",
    "retention simulator notification-url --env Production --remove",
)
def notification_url(
    url: Annotated[str | None, typer.Argument(metavar="URL", help="The URL to set; the one set, if left out.")] = None,
    environment: InEnvironment = AppStoreEnvironment.SANDBOX,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Send no notifications any more.")] = False,
    out: Out,
) -> None:
    """Show or set the URL of App Store Server Notifications, as on an app's page of App Store Connect."""
    from console.simulator.staff_actions import find_app, open_simulator, set_notification_url

    if remove and url is not None:
        raise Misuse("Name a URL, or use --remove, not both.")
    with open_simulator(directory) as opened:
        outbox = opened.outbox(find_app(opened, bundle_id).app_apple_id, environment.value)
        if remove or url is not None:
            set_notification_url(outbox, url)
        found = outbox.url
    out.document({"environment": environment.value, "url": found})
    where = "nowhere: no notification URL is set" if found is None else f"to {found}"
    out.print(f"Notifications of {environment.value} go {where}.")


@verb(
    verbs,
    "deliver",
    "retention simulator deliver",
    "retention simulator deliver --shuffle --duplicate 5 --drop 2 --seed 7",
)
def deliver(directory: Directory = DIRECTORY, *, on_the_way: OnTheWay, out: Out) -> None:
    """Send every notification that is due by the simulator's clock; `simulator serve` does so by itself.

    In Production a failed attempt is repeated 1, 12, 24, 48 and 72 hours after the one before: move the clock with
    `simulator advance`. The sandbox makes one attempt only.
    """
    from console.simulator.delivery_report import show
    from console.simulator.notification_delivery import Couriers, Mishaps
    from console.simulator.staff_actions import open_simulator

    with open_simulator(directory) as opened, out.progress() as report:
        couriers = Couriers(opened, Mishaps(*on_the_way))
        due, made = couriers.due(), []
        for attempt in couriers.deliver():
            made.append(attempt)
            report("Delivering", len(made), max(due, len(made)))
        show(made, opened.now(), out)
