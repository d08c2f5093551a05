"""Options of the verbs about one simulated customer: which one, at what price, with which plan and offer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from console.cli.options import MadeBy, Out
from console.cli.simulator_options import AppStoreEnvironment, BundleId, Directory, InEnvironment, Later
from console.simulator.place import DIRECTORY
from console.terminal.output import Output


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
    return OfferTerms(offer, kind.value, discount.value, milliunits(price), periods)


TheOffer = Annotated[OfferTerms, MadeBy(_offer)]


def milliunits(price: float | None) -> int | None:
    """Return a price of the command line in milliunits, as Apple writes prices; None where there is none."""
    return None if price is None else round(price * 1000)
