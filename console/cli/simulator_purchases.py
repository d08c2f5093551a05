"""Verbs of `retention simulator` about what customers buy: a subscription, another product, an offer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from console.cli.options import MadeBy, verb
from console.cli.simulator_customer_options import (
    BillingPlan,
    ByCustomer,
    OfferTerms,
    OneCustomer,
    Plan,
    Price,
    TheOffer,
    milliunits,
)
from console.cli.simulator_options import AppStoreEnvironment, BundleId, Directory, InEnvironment
from console.simulator.place import DIRECTORY
from console.terminal.failure import Misuse
from console.terminal.output import Output

verbs = typer.Typer()


class PurchaseKind(StrEnum):
    """What `--kind` of `subscribe` takes; a test compares it with the simulator's own list."""

    subscription = "subscription"
    expired = "expired"
    one_time = "one-time"
    renewal = "renewal"
    family = "family"
    app_transaction = "app-transaction"


class When(StrEnum):
    now = "now"
    renewal = "renewal"


@dataclass(frozen=True, slots=True)
class PurchaseTerms:
    """How a new customer buys. `price` is in milliunits."""

    days_ago: float
    price: int | None
    plan: str | None
    storefront: str
    currency: str
    trial: bool
    accelerated: bool

    def buy(self, customers: Any, product: str, *, shared: bool) -> str:  # noqa: ANN401  # Customers
        """Let a new customer buy the product; return the original transaction id. Raises Failure."""
        from console.simulator.subscriptions.storefronts import customer_in

        sold = customers.product(product, self.price, self.plan)
        trial = OfferTerms(None, "introductory", "FREE_TRIAL", 0, 1)
        made = customers.buy(
            sold,
            customer=customer_in(self.storefront, self.currency, shared=shared),
            offer=trial.of(sold) if self.trial else None,
            days_ago=self.days_ago,
            accelerated=self.accelerated,
        )
        transaction: str = made[0].subscription.original.transaction_id
        return transaction


def _purchase(
    days_ago: Annotated[float, typer.Option(min=0, help="When; it has been renewed since then.")] = 0,
    price: Price = None,
    plan: Plan = None,
    storefront: Annotated[str, typer.Option(help="Where the customer buys: three letters.")] = "USA",
    currency: Annotated[str, typer.Option(help="The currency of that storefront: three letters.")] = "USD",
    *,
    trial: Annotated[bool, typer.Option("--trial", help="Begin with a free period.")] = False,
    accelerated: Annotated[
        bool, typer.Option("--accelerated", help="Periods as short as in Apple's sandbox: a month is five minutes.")
    ] = False,
) -> PurchaseTerms:
    plan_type = None if plan is None else plan.value
    return PurchaseTerms(days_ago, milliunits(price), plan_type, storefront, currency, trial, accelerated)


@verb(
    verbs,
    "subscribe",
    "retention simulator subscribe pro.monthly",
    "retention simulator subscribe pro.monthly --days-ago 400 --trial",
    "retention simulator subscribe pro.annual --plan MONTHLY --storefront FRA --currency EUR",
)
def subscribe(
    product: Annotated[str, typer.Argument(help="The product to buy.")],
    kind: Annotated[
        PurchaseKind, typer.Option(help="Another kind shows how Apple refuses it.")
    ] = PurchaseKind.subscription,
    *,
    terms: Annotated[PurchaseTerms, MadeBy(_purchase)],
    environment: InEnvironment = AppStoreEnvironment.SANDBOX,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
) -> None:
    """Let a new customer buy a product, and print the original transaction id, which a performance test asks for.

    The notifications wait for `simulator serve` or `simulator deliver`. With --days-ago, each renewal since then has
    one too.
    """
    from console.simulator.staff_actions import find_app, open_simulator
    from console.simulator.subscriptions.customers import Customers

    with open_simulator(directory) as opened:
        app = find_app(opened, bundle_id)
        if kind in {PurchaseKind.subscription, PurchaseKind.family}:
            customers = Customers(opened, app, environment.value)
            bought = terms.buy(customers, product, shared=kind is PurchaseKind.family)
        else:
            bought = opened.accounts.subscribe(app.app_apple_id, product, kind.value).transaction_id
    Output().print(bought)


@verb(
    verbs,
    "resubscribe",
    "retention simulator resubscribe --transaction 2000000000000000",
    "retention simulator resubscribe --transaction 2000000000000000 --offer welcome-back --offer-kind win-back",
)
def resubscribe(
    customer: ByCustomer,
    to: Annotated[str | None, typer.Option(metavar="PRODUCT", help="Another product than the customer had.")] = None,
    *,
    offer: TheOffer,
) -> None:
    """Let a customer whose subscription has ended buy it again."""
    from console.simulator.subscriptions.purchases import resubscribed

    def make(customers: Any) -> Any:  # noqa: ANN401  # Customers, a Transition
        def again(subscription: Any, now: int) -> Any:  # noqa: ANN401  # an Outcome
            product = subscription.current.product if to is None else customers.product(to)
            return resubscribed(subscription, now, product, offer.of(product) if offer.identifier else None)

        return again

    customer.let_of(make)


@verb(
    verbs,
    "switch",
    "retention simulator switch --product basic.monthly --to pro.monthly",
    "retention simulator switch --product pro.monthly --to basic.monthly --when renewal",
    "retention simulator switch --product pro.monthly --withdraw",
)
def switch(
    customer: ByCustomer,
    to: Annotated[str | None, typer.Option(metavar="PRODUCT", help="The product to switch to.")] = None,
    when: Annotated[
        When | None, typer.Option(help="Now (an upgrade), or at the renewal (a downgrade); by default, by the price.")
    ] = None,
    price: Price = None,
    plan: Plan = None,
    *,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take a planned switch back.")] = False,
) -> None:
    """Let a customer switch to another product. A downgrade turns auto-renew on, and Apple sends only DOWNGRADE."""
    from console.simulator.subscriptions.purchases import switch_withdrawn

    if withdraw == (to is not None):
        raise Misuse("Name the product to switch to with --to, or take a switch back with --withdraw.")
    if to is None:
        customer.let(switch_withdrawn)
    else:
        _switch(customer, to, when, price, plan)


def _switch(
    customer: OneCustomer, to: str | None, when: When | None, price: float | None, plan: BillingPlan | None
) -> None:
    from console.simulator.subscriptions.screen_choice import switched

    def make(customers: Any) -> Any:  # noqa: ANN401  # Customers, a Transition
        def switch(subscription: Any, now: int) -> Any:  # noqa: ANN401  # an Outcome
            named = subscription.current.product.product_id if to is None else to
            product = customers.product(named, milliunits(price), plan and plan.value)
            return switched(product, at_once=None if when is None else when is When.now)(subscription, now)

        return switch

    customer.let_of(make)


@verb(
    verbs,
    "commit",
    "retention simulator commit --product pro.monthly --to pro.annual",
    "retention simulator commit --product pro.annual --when renewal",
)
def commit(
    customer: ByCustomer,
    to: Annotated[
        str | None, typer.Option(metavar="PRODUCT", help="A product of a year; the same, if left out.")
    ] = None,
    when: Annotated[When, typer.Option(help="Now, or at the next renewal.")] = When.now,
    price: Price = None,
) -> None:
    """Let a customer commit to twelve months, billed monthly (the billing plan MONTHLY)."""
    _switch(customer, to, when, price, BillingPlan.monthly)


@verb(
    verbs,
    "redeem",
    "retention simulator redeem --product pro.monthly --offer winter-half-price --periods 3",
    "retention simulator redeem --product pro.monthly --offer stay --offer-kind retention --discount FREE_TRIAL",
)
def redeem(
    customer: ByCustomer,
    offer: TheOffer,
    *,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Bill the discounted period now, not at the next renewal.")
    ] = False,
) -> None:
    """Let a customer redeem an offer for the same product, which turns auto-renew on.

    Apple does not document when the discount begins; here it is the next renewal, or with --at-once now.
    """
    from console.simulator.subscriptions.purchases import redeemed

    if offer.identifier is None:
        raise Misuse("Name the offer with --offer.")
    customer.let(
        lambda subscription, now: redeemed(subscription, now, offer.of(subscription.current.product), at_once=at_once)
    )
