"""One customer of a script: buys, opens the page, acts on what it shows, and goes on or not. Times are UNIX ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from console.simulator.customer import CustomerScreen
from console.simulator.scripted.agenda import Agenda
from console.simulator.scripted.plans import CANCEL, KEEP, REDEEM, SWITCH, CustomerPlan
from console.simulator.scripted.script import CustomerScript, SeenAnswer
from console.simulator.subscriptions.billing_periods import DAY, SECOND
from console.simulator.subscriptions.customers import Customers, Transition
from console.simulator.subscriptions.endings import expired, refunded
from console.simulator.subscriptions.event import Event
from console.simulator.subscriptions.life import ACTIVE, EXPIRED, REVOKED, Seller, SimulatedSubscription
from console.simulator.subscriptions.purchases import bought
from console.simulator.subscriptions.renewals import billing_failed, recovered, renewed, turned_off, turned_on
from console.simulator.subscriptions.screen_choice import transitions_of

# How long a customer looks at the screen, and how long Apple tries to bill in vain.
_READING: Final = 20 * SECOND
_RETRYING: Final = 3 * DAY


@dataclass(frozen=True, slots=True)
class PageView:
    """What the customer sees, and the decision behind it. `customer_hash` is that of the decision's log line."""

    screen: CustomerScreen
    decision: SeenAnswer
    customer_hash: str


class ScriptedStore(Protocol):
    """The App Store as scripted customers need it: it asks the endpoint, and sends notifications."""

    def view(self, plan: CustomerPlan, product_id: str) -> PageView:
        """Return what the customer sees who opens the page now."""

    def notify(self, plan: CustomerPlan, event: Event) -> None:
        """Send the notification of an event."""


@dataclass(frozen=True, slots=True)
class CustomerTruth:
    """What became of a customer at the end of the horizon, by the subscription itself. `seen_at` is UNIX ms.

    `decision` is that of the first page view. `kept`: auto-renew is on, and the subscription has not ended.
    `turned_off`: auto-renew was off at some time since then, also by a refund.
    """

    customer_hash: str
    seen_at: int
    decision: SeenAnswer
    kept: bool
    turned_off: bool
    switched: bool
    redeemed: bool
    renewed: bool
    refunded: bool


@dataclass(slots=True)
class ScriptedCustomer:
    """One customer. `done` has what became of the customers whose horizon is over."""

    plan: CustomerPlan
    script: CustomerScript
    customers: Customers
    agenda: Agenda
    store: ScriptedStore
    done: list[CustomerTruth]
    _subscription: SimulatedSubscription | None = None
    _first: PageView | None = None
    _since_view: set[str] = field(default_factory=set)
    _renewals: int = 0
    _over: bool = False

    def begin(self) -> None:
        """Put the purchase and the first page view on the agenda."""
        self.agenda.add(self.plan.bought_at, self._buy)
        self.agenda.add(self.plan.looks_at, self._look)

    @property
    def subscription(self) -> SimulatedSubscription:
        """The subscription, once it is bought."""
        if self._subscription is None:
            raise RuntimeError("the customer has bought nothing yet")
        return self._subscription

    def _buy(self) -> None:
        app = self.customers.app
        seller = Seller(app.app_apple_id, app.bundle_id, self.customers.environment)
        product = self.customers.product(self.plan.product_id)
        self._subscription, event = bought(seller, product, self.plan.transaction_id, self._now)
        self.store.notify(self.plan, event)
        self._await_period()

    @property
    def _now(self) -> int:
        return self.agenda.clock.milliseconds

    def _let(self, transition: Transition, word: str = "") -> None:
        """Let a transition happen now; `word` is noted as one that happened since the first page view."""
        self._subscription, event = transition(self.subscription, self._now)
        if self._first is not None:
            self._since_view |= {word, "" if self._subscription.renewal.on else "turned_off"}
        self.store.notify(self.plan, event)

    # Periods

    def _await_period(self) -> None:
        ends = self.subscription.current.expires
        self.agenda.add(ends, lambda: self._end_period(ends))

    def _end_period(self, ends: int) -> None:
        """Bill the next period, or let the subscription end. A period that is no more the current one ends nothing."""
        subscription = self.subscription
        if subscription.current.expires != ends or subscription.status != ACTIVE or self._over:
            return
        if not subscription.renews:
            self._let(expired)
            return
        fails = self._renewals < len(self.plan.failing) and self.plan.failing[self._renewals]
        self._renewals += 1
        if fails:
            self._let(billing_failed)
            self.agenda.add(self._now + _RETRYING, self._recover)
            return
        self._let(renewed, "renewed")
        self._await_period()

    def _recover(self) -> None:
        if self._over or self.subscription.status in {EXPIRED, REVOKED}:
            return
        if self.subscription.renews:
            self._let(recovered, "renewed")
            self._await_period()
        else:
            self._let(expired)

    # The page

    def _look(self) -> None:
        """Open the page for the first time; what follows is on the agenda then."""
        plan = self.plan
        if self.subscription.status != ACTIVE:  # Apple is trying to bill, so the page comes later
            self.agenda.add(self._now + _RETRYING, self._look)
            return
        self._first = self._view()
        seen_at = self._now
        self.agenda.add(seen_at + self.script.horizon_days * DAY, lambda: self._end(seen_at))
        if plan.cancels_at is not None:
            self.agenda.add(plan.cancels_at, self._cancel_later)
        if plan.refunded_at is not None:
            self.agenda.add(plan.refunded_at, self._refund)
        if plan.confirms:
            first = self._first
            self.agenda.add(seen_at + _READING, lambda: self._react(first))

    def _view(self) -> PageView:
        return self.store.view(self.plan, self.subscription.current.product.product_id)

    def _react(self, view: PageView) -> None:
        chosen = self.plan.chosen(self.script.reaction_to(view.decision))
        if chosen in {SWITCH, REDEEM} and not offers(view.screen, chosen):
            chosen = CANCEL
        if chosen == KEEP or not self.subscription.can_be_cancelled:
            return
        for transition in transitions_of(self.customers, chosen, view.screen):
            self._let(transition, {SWITCH: "switched", REDEEM: "redeemed", CANCEL: ""}[chosen])
        if chosen == CANCEL:
            self._may_turn_on()
        else:
            self._await_period()  # of the new transaction, where the switch is made at once

    def _may_turn_on(self) -> None:
        if self.plan.turns_on is not None:
            left = self.subscription.current.expires - self._now
            self.agenda.add(self._now + int(left * self.plan.turns_on), self._turn_on)

    def _turn_on(self) -> None:
        if not self._over and self.subscription.status == ACTIVE and not self.subscription.renewal.on:
            self._let(turned_on)

    def _cancel_later(self) -> None:
        """Open the page once more, and cancel without regard to what it shows."""
        if self._over or not self.subscription.can_be_cancelled:
            return
        self._view()
        self._let(turned_off)

    def _refund(self) -> None:
        if not self._over and self.subscription.status == ACTIVE:
            self._let(refunded, "refunded")

    # The end

    def _end(self, seen_at: int) -> None:
        """Note what became of the customer, of whom nothing more happens."""
        if self._first is None:
            raise RuntimeError("the customer has not opened the page")
        self._over = True
        subscription, words = self.subscription, self._since_view
        self.done.append(
            CustomerTruth(
                customer_hash=self._first.customer_hash,
                seen_at=seen_at,
                decision=self._first.decision,
                kept=subscription.renewal.on and subscription.status not in {EXPIRED, REVOKED},
                **{word: word in words for word in _WORDS},
            )
        )


_WORDS: Final[Sequence[str]] = ("turned_off", "switched", "redeemed", "renewed", "refunded")


def offers(screen: CustomerScreen, choice: str) -> bool:
    """Return whether a screen offers what the customer would choose: another product, or an offer."""
    if choice == SWITCH:
        return screen.kind == "alternateProduct"
    return screen.kind == "promotionalOffer" or "offer" in screen.content
