"""Verbs of `retention simulator` about subscriptions: what customers, their banks, Apple and the owner do with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from console.cli.options import MadeBy, Out, verb
from console.cli.simulator_options import AppStoreEnvironment, BundleId, Directory, InEnvironment, Later
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


class OfferKind(StrEnum):
    """What `--kind` of an offer takes; a test compares it with the simulator's own list."""

    introductory = "introductory"
    promotional = "promotional"
    code = "code"
    win_back = "win-back"
    retention = "retention"


class Discount(StrEnum):
    """Apple's offerDiscountType."""

    free_trial = "FREE_TRIAL"
    pay_as_you_go = "PAY_AS_YOU_GO"
    pay_up_front = "PAY_UP_FRONT"


class BillingPlan(StrEnum):
    """Apple's billingPlanType."""

    upfront = "BILLED_UPFRONT"
    monthly = "MONTHLY"


class When(StrEnum):
    now = "now"
    renewal = "renewal"


class RefundStep(StrEnum):
    asked = "asked"
    given = "given"
    declined = "declined"
    reversed = "reversed"


class ExpiryReason(StrEnum):
    not_for_sale = "not-for-sale"
    other = "other"


@dataclass(frozen=True, slots=True)
class AtApp:
    """An app in an environment of the simulator in a directory."""

    directory: Path
    bundle_id: str | None
    environment: str
    later: bool
    out: Output

    def run(self, act: Callable[[Any], Any]) -> None:
        """Let `act` do something with the app's customers, send what is due unless it shall wait, and print both."""
        from console.simulator.staff_actions import find_app, open_simulator
        from console.simulator.subscriptions.customers import Customers
        from console.simulator.subscriptions.happening_report import delivered, show

        with open_simulator(self.directory) as opened:
            customers = Customers(opened, find_app(opened, self.bundle_id), self.environment)
            made = act(customers)
            show(customers, made, [] if self.later else delivered(customers, made), self.out)


@dataclass(frozen=True, slots=True)
class OneCustomer:
    """One customer of an app, by a transaction id or by product."""

    app: AtApp
    transaction: str | None = field(repr=False)
    product: str | None

    def let(self, *transitions: Any) -> None:  # noqa: ANN401  # Transitions, which --help does not import
        """Let transitions happen to the customer's subscription, and print what happened. Raises Failure."""
        from console.simulator.subscriptions.customers import NamedCustomer

        self.app.run(lambda customers: customers.act(NamedCustomer(self.transaction, self.product), *transitions))

    def let_of(self, make: Callable[[Any], Any]) -> None:
        """Let a transition happen that `make` makes of the app's customers."""
        from console.simulator.subscriptions.customers import NamedCustomer

        name = NamedCustomer(self.transaction, self.product)
        self.app.run(lambda customers: customers.act(name, make(customers)))


def _app(
    environment: InEnvironment = AppStoreEnvironment.SANDBOX,
    directory: Directory = DIRECTORY,
    bundle_id: BundleId = None,
    *,
    later: Later = False,
    out: Out,
) -> AtApp:
    return AtApp(directory, bundle_id, environment.value, later, out)


def _customer(
    transaction: Annotated[
        str | None, typer.Option(help="Any transaction id of the customer; without one, a subscriber to --product.")
    ] = None,
    product: Annotated[
        str | None, typer.Option(help="The product the customer has; without it, the only subscription.")
    ] = None,
    *,
    app: Annotated[AtApp, MadeBy(_app)],
) -> OneCustomer:
    return OneCustomer(app, transaction, product)


ByCustomer = Annotated[OneCustomer, MadeBy(_customer)]
Price = Annotated[float | None, typer.Option(min=0, help="In the customer's currency, for one billing period.")]
Plan = Annotated[
    BillingPlan | None, typer.Option(case_sensitive=False, help="The billing plan of a product of a year.")
]


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """An offer as the options describe it. `price` is in milliunits."""

    identifier: str | None
    kind: str
    discount: str
    price: int | None
    periods: int

    def of(self, product: Any) -> Any:  # noqa: ANN401  # a SoldProduct, a RedeemableOffer
        """Return the offer for a product."""
        from console.simulator.subscriptions.price_list import OFFER_KINDS, offered

        number = OFFER_KINDS[self.kind]
        return offered(product, number, self.identifier, self.discount, self.price, self.periods)


def _offer(
    offer: Annotated[str | None, typer.Option(metavar="ID", help="The offer's identifier.")] = None,
    kind: Annotated[OfferKind, typer.Option("--offer-kind", help="What kind of offer it is.")] = OfferKind.promotional,
    discount: Annotated[Discount, typer.Option(case_sensitive=False, help="How it is paid.")] = Discount.pay_as_you_go,
    price: Annotated[
        float | None, typer.Option("--offer-price", min=0, help="Of one period of it; otherwise half, or nothing.")
    ] = None,
    periods: Annotated[int, typer.Option(min=1, help="How many periods a PAY_AS_YOU_GO offer is for.")] = 1,
) -> OfferTerms:
    return OfferTerms(offer, kind.value, discount.value, _milliunits(price), periods)


TheOffer = Annotated[OfferTerms, MadeBy(_offer)]


def _milliunits(price: float | None) -> int | None:
    return None if price is None else round(price * 1000)


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
    return PurchaseTerms(days_ago, _milliunits(price), plan_type, storefront, currency, trial, accelerated)


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
            product = customers.product(named, _milliunits(price), plan and plan.value)
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

    raised = _milliunits(price)
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
