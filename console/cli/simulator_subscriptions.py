"""Verbs of `retention simulator` about how subscriptions go on and end: what customers, banks, Apple and owners do."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from console.cli.options import Out, verb
from console.cli.simulator_customer_options import ByCustomer, milliunits
from console.cli.simulator_options import AppStoreEnvironment, BundleId, Directory, InEnvironment
from console.simulator.place import DIRECTORY
from console.terminal.failure import Misuse

verbs = typer.Typer()


class RefundStep(StrEnum):
    asked = "asked"
    given = "given"
    declined = "declined"
    reversed = "reversed"


class ExpiryReason(StrEnum):
    not_for_sale = "not-for-sale"
    other = "other"


@verb(
    verbs,
    "renew",
    "retention simulator renew --product pro.monthly",
    "retention simulator renew --transaction 2000000000000000 --times 3",
)
def renew(
    customer: ByCustomer, times: Annotated[int, typer.Option(min=1, help="How many periods to bill.")] = 1
) -> None:
    """Bill the next period of a subscription, or the one that could not be billed.

    It begins where the last one ends, and is billed now: neither the simulator's clock nor the real one moves.
    """
    from console.simulator.subscriptions.renewals import billed

    customer.let(*(billed,) * times)


@verb(verbs, "turn-off", "retention simulator turn-off --product pro.monthly")
def turn_off(customer: ByCustomer) -> None:
    """Let a customer cancel: auto-renew is off. With a commitment, its periods are billed to the end."""
    from console.simulator.subscriptions.renewals import turned_off

    customer.let(turned_off)


@verb(verbs, "turn-on", "retention simulator turn-on --product pro.monthly")
def turn_on(customer: ByCustomer) -> None:
    """Let a customer who cancelled subscribe on."""
    from console.simulator.subscriptions.renewals import turned_on

    customer.let(turned_on)


@verb(
    verbs,
    "fail-billing",
    "retention simulator fail-billing --product pro.monthly --grace P16D",
    "retention simulator fail-billing --product pro.monthly --end-grace",
)
def fail_billing(
    customer: ByCustomer,
    grace: Annotated[
        str | None,
        typer.Option(metavar="PERIOD", help="With a grace period, as in App Store Connect: P3D, P16D, P28D."),
    ] = None,
    *,
    end_grace: Annotated[bool, typer.Option("--end-grace", help="End the grace period; Apple goes on trying.")] = False,
) -> None:
    """Let the next renewal fail: the customer's payment is refused, and Apple tries again. `renew` lets it recover."""
    from console.simulator.subscriptions.renewals import billing_failed, grace_expired

    customer.let(grace_expired if end_grace else lambda subscription, now: billing_failed(subscription, now, grace))


@verb(
    verbs,
    "expire",
    "retention simulator expire --product pro.monthly",
    "retention simulator expire --product pro.monthly --win-back welcome-back",
)
def expire(
    customer: ByCustomer,
    why: Annotated[
        ExpiryReason | None, typer.Option(help="Where the customer neither cancelled nor failed to pay.")
    ] = None,
    win_back: Annotated[
        list[str] | None, typer.Option(metavar="OFFER", help="A win-back offer for the customer; repeat it for more.")
    ] = None,
) -> None:
    """End a subscription: its customer has cancelled, could not be billed, or did not consent to a higher price."""
    from console.simulator.subscriptions.endings import NOT_FOR_SALE, OTHER, expired

    reason = None if why is None else NOT_FOR_SALE if why is ExpiryReason.not_for_sale else OTHER
    customer.let(lambda subscription, now: expired(subscription, now, reason, win_back_offers=win_back or ()))


@verb(
    verbs,
    "refund",
    "retention simulator refund --product pro.monthly",
    "retention simulator refund --product pro.monthly --of 2000000000000000 --step declined",
)
def refund(
    customer: ByCustomer,
    of: Annotated[
        str | None,
        typer.Option(metavar="TRANSACTION", help="Which of the customer's transactions; else the current one."),
    ] = None,
    step: Annotated[
        RefundStep, typer.Option(help="asked: Apple asks the owner for data (CONSUMPTION_REQUEST).")
    ] = RefundStep.given,
    percentage: Annotated[float, typer.Option(min=0, max=100, help="How much of its price.")] = 100,
) -> None:
    """Let Apple refund a transaction. The refund of the current one ends the subscription."""
    from console.simulator.subscriptions import endings

    steps = {
        RefundStep.asked: endings.consumption_requested,
        RefundStep.declined: endings.refund_declined,
        RefundStep.reversed: endings.refund_reversed,
    }
    if step is RefundStep.given:
        share = round(percentage * 1000)
        customer.let(lambda subscription, now: endings.refunded(subscription, now, of, share))
    else:
        customer.let(lambda subscription, now: steps[step](subscription, now, of))


@verb(
    verbs,
    "raise-price",
    "retention simulator raise-price 12.99 --product pro.monthly",
    "retention simulator raise-price --accept --product pro.monthly",
)
def raise_price(
    customer: ByCustomer,
    price: Annotated[float | None, typer.Argument(min=0, help="What the next renewal costs.")] = None,
    *,
    accept: Annotated[bool, typer.Option("--accept", help="Let the customer consent to the price.")] = False,
    no_consent: Annotated[bool, typer.Option("--no-consent", help="The increase needs no consent.")] = False,
) -> None:
    """Raise the price of the next renewal, to which the customer has to consent, or let the customer consent."""
    from console.simulator.subscriptions.renewals import price_accepted, price_raised

    raised = milliunits(price)
    if accept == (raised is not None):
        raise Misuse("Name the new price, or let the customer consent with --accept.")
    if raised is None:
        customer.let(price_accepted)
    else:
        customer.let(lambda subscription, now: price_raised(subscription, now, raised, consent=not no_consent))


@verb(verbs, "extend", "retention simulator extend --product pro.monthly --days 14")
def extend(
    customer: ByCustomer, days: Annotated[int, typer.Option(min=1, max=90, help="By how many days.")] = 7
) -> None:
    """Extend a subscription's current period, as the owner can at Apple."""
    from console.simulator.subscriptions.renewals import extended

    customer.let(lambda subscription, now: extended(subscription, now, days))


@verb(verbs, "unshare", "retention simulator unshare --transaction 2000000000000000")
def unshare(customer: ByCustomer) -> None:
    """Take a shared subscription from a family member (`simulator subscribe --kind family`): REVOKE."""
    from console.simulator.subscriptions.endings import revoked

    customer.let(revoked)


@verb(verbs, "subscriptions", "retention simulator subscriptions --json")
def subscriptions(
    environment: InEnvironment = AppStoreEnvironment.SANDBOX,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
    *,
    out: Out,
) -> None:
    """List the customers' subscriptions; with --json, also their transactions."""
    from console.simulator.staff_actions import find_app, open_simulator
    from console.simulator.subscriptions.happening_report import show_all

    with open_simulator(directory) as opened:
        app = find_app(opened, bundle_id)
        show_all(opened.subscriptions(app.app_apple_id, environment.value).all(), out)
