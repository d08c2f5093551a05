"""The customers of an app: find one, let something happen to the subscription, and make the notification of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from console.file.mistakes import suggestion
from console.simulator.accounts import SUBSCRIPTION, Purchase, SimulatedApp, Subscription
from console.simulator.outbox import OutgoingNotification
from console.simulator.simulator import Simulator
from console.simulator.subscriptions.billing_periods import DAY
from console.simulator.subscriptions.event import Event, Outcome
from console.simulator.subscriptions.life import (
    MONTHLY,
    RedeemableOffer,
    Seller,
    SimulatedCustomer,
    SimulatedSubscription,
    SoldProduct,
)
from console.simulator.subscriptions.notification_claims import signed
from console.simulator.subscriptions.price_list import listed
from console.simulator.subscriptions.purchases import bought
from console.simulator.subscriptions.renewals import renewed
from console.simulator.subscriptions.subscription_data import SubscriptionData
from console.terminal.failure import Failure

FAMILY: Final = "family"
_YEAR: Final = "P1Y"

Transition = Callable[[SimulatedSubscription, int], Outcome]


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened to a subscription: the subscription afterwards, and the notification that the outbox has of it."""

    subscription: SimulatedSubscription
    event: Event
    notification: OutgoingNotification


@dataclass(frozen=True, slots=True)
class NamedCustomer:
    """Who is meant: by a transaction id, or by the product that the customer has; by neither, the only one."""

    transaction_id: str | None = field(default=None, repr=False)
    product_id: str | None = None


@dataclass(frozen=True, slots=True)
class Customers:
    """The customers of one app in one environment.

    Subscriptions follow the simulator's clock. Signatures, and so the order of events, keep to the real time, as all
    that the simulator signs: a receiver refuses what was signed in its future.
    """

    simulator: Simulator
    app: SimulatedApp
    environment: str

    @property
    def data(self) -> SubscriptionData:
        return self.simulator.subscriptions(self.app.app_apple_id, self.environment)

    def product(self, product_id: str, price: int | None = None, billing_plan: str | None = None) -> SoldProduct:
        """Return a product as it is sold. An app without products in the simulator sells every one. Raises Failure."""
        products = self.simulator.accounts.products(self.app.app_apple_id)
        if products and product_id not in products:
            raise Failure(
                f"{self.app.bundle_id} has no product {product_id}. {suggestion(product_id, products)}".rstrip()
            )
        usual = Subscription(product_id, "pro", period=_YEAR if billing_plan == MONTHLY else "P1M")
        product = products.get(product_id, usual)
        if billing_plan == MONTHLY and product.period != _YEAR:
            raise Failure(f"{product_id} has the period {product.period}; only a product of one year can be MONTHLY.")
        return listed(product, price, billing_plan)

    def buy(
        self,
        product: SoldProduct,
        transaction_id: str | None = None,
        *,
        customer: SimulatedCustomer | None = None,
        offer: RedeemableOffer | None = None,
        days_ago: float = 0,
        accelerated: bool = False,
    ) -> list[Happening]:
        """Let a new customer buy, under a new original transaction id unless one is given.

        A purchase of some `days_ago` has been renewed since, as often as a period has ended. Raises Failure.
        """
        now = self._now()
        began = now - round(days_ago * DAY)
        with self.simulator.database.transaction():
            purchase = self._purchase(product.product_id, transaction_id)
            subscription, event = bought(
                Seller(self.app.app_apple_id, self.app.bundle_id, self.environment),
                product,
                purchase.transaction_id,
                began,
                customer=customer or SimulatedCustomer(),
                offer=offer,
                accelerated=accelerated,
            )
            made = [self._report(subscription, event, began)]
            while days_ago and made[-1].subscription.current.expires <= now:
                subscription = made[-1].subscription
                made.append(self._let(subscription, renewed, subscription.current.expires))
            self._save(made[-1].subscription)
        return made

    def act(self, name: NamedCustomer, *transitions: Transition) -> list[Happening]:
        """Let transitions happen to a customer's subscription now, all of them or none. Raises Failure.

        A customer who has bought, and whose subscription nothing has happened to, begins with a purchase now.
        """
        with self.simulator.database.transaction():
            subscription, made = self._found(name)
            for transition in transitions:
                made.append(self._let(subscription, transition, self._now()))
                subscription = made[-1].subscription
            self._save(subscription)
        return made

    def find(self, name: NamedCustomer) -> SimulatedSubscription | None:
        """Return a customer's subscription; None if nothing has happened to it yet. Raises Failure."""
        if name.transaction_id is not None:
            return self.data.find(name.transaction_id)
        if name.product_id is not None:
            return self.data.holder(name.product_id)
        found = self.data.all()
        if len(found) != 1:
            raise Failure(
                f"{self.app.bundle_id} has {len(found)} subscriptions in {self.environment}: name the customer with"
                " --transaction or --product."
            )
        return found[0]

    def product_of(self, name: NamedCustomer) -> str:
        """Return the id of the product that is named, or that the named customer has. Raises Failure."""
        if name.product_id is not None:
            return name.product_id
        found = self.find(name)
        if found is not None:
            return found.current.product.product_id
        known = self._known(name)
        if known is None:
            raise Failure(
                "The simulator does not know this transaction: name the product that the customer has with --product."
            )
        return known.product_id

    def _known(self, name: NamedCustomer) -> Purchase | None:
        accounts, app = self.simulator.accounts, self.app.app_apple_id
        return None if name.transaction_id is None else accounts.purchase(app, name.transaction_id)

    def _found(self, name: NamedCustomer) -> tuple[SimulatedSubscription, list[Happening]]:
        found = self.find(name)
        if found is not None:
            return found, []
        known, product_id = self._known(name), self.product_of(name)
        if known is None and name.transaction_id is None:
            known = self._untouched(product_id)
        customer = SimulatedCustomer(ownership="FAMILY_SHARED") if known and known.kind == FAMILY else None
        named = name.transaction_id if known is None else known.transaction_id
        made = self.buy(self.product(product_id), named, customer=customer)
        return made[-1].subscription, made

    def _untouched(self, product_id: str) -> Purchase | None:
        """Return a purchase of the product whose subscription nothing has happened to, None without one."""
        purchases = self.simulator.accounts.subscribers(self.app.app_apple_id, product_id)
        return next((one for one in purchases if self.data.find(one.transaction_id) is None), None)

    def _purchase(self, product_id: str, transaction_id: str | None) -> Purchase:
        accounts, app = self.simulator.accounts, self.app.app_apple_id
        if transaction_id is None:
            return accounts.subscribe(app, product_id)
        if self.data.find(transaction_id) is not None:
            raise Failure("The transaction belongs to a subscription already.")
        known = accounts.purchase(app, transaction_id)
        if known is not None and known.kind not in {SUBSCRIPTION, FAMILY}:
            raise Failure(f"The transaction is not a subscription that lasts: it was made with --kind {known.kind}.")
        if known is None:
            known = Purchase(transaction_id, app, product_id)
            accounts.save_purchase(known)
        return known

    def _let(self, subscription: SimulatedSubscription, transition: Transition, now: int) -> Happening:
        after, event = transition(subscription, now)
        # Not before the last event: Apple's order of events is the order of these dates.
        date = max(min(now, int(self.simulator.wall() * 1000)), subscription.signed + 1)
        return self._report(replace(after, signed=date), event, date)

    def _report(self, subscription: SimulatedSubscription, event: Event, date: int) -> Happening:
        dated = event.dated(date)
        notification = signed(dated, self.simulator.authority)
        self.simulator.outbox(self.app.app_apple_id, self.environment).add(notification, self.simulator.now())
        return Happening(subscription, dated, notification)

    def _save(self, subscription: SimulatedSubscription) -> None:
        self.data.save(subscription)
        accounts, original = self.simulator.accounts, subscription.original.transaction_id
        known = accounts.purchase(self.app.app_apple_id, original)
        if known is not None:
            accounts.save_purchase(replace(known, product_id=subscription.current.product.product_id))

    def _now(self) -> int:
        return int(self.simulator.now() * 1000)
