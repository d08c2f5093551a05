"""A customer taps Cancel, sees a screen, and then does something: `retention simulator cancel --then`."""

from __future__ import annotations

from collections.abc import Sequence

from console.simulator import customer_report
from console.simulator.customer import CustomerScreen, cancel, subscriber
from console.simulator.notification_delivery import DeliveryAttempt
from console.simulator.subscriptions.customers import Customers, Happening, NamedCustomer
from console.simulator.subscriptions.happening_report import documents, lines_of
from console.simulator.subscriptions.screen_choice import check_may_cancel, transitions_of
from console.terminal.output import Output


def cancel_then(
    customers: Customers,
    choice: str,
    *,
    product_id: str,
    locale: str,
    transaction_id: str | None,
    limit_ms: int,
) -> tuple[CustomerScreen, list[Happening]]:
    """Return what the customer sees, and what happens by a choice of CHOICES. Parameters are those of `cancel`.

    Raises Failure for a customer with nothing to cancel, and for a choice that the screen does not offer.
    """
    simulator, app, environment = customers.simulator, customers.app, customers.environment
    purchase = subscriber(simulator, app, product_id, transaction_id, environment)
    name = NamedCustomer(purchase.transaction_id, product_id)
    check_may_cancel(customers, name)
    seen = cancel(
        simulator,
        app,
        environment=environment,
        product_id=product_id,
        locale=locale,
        transaction_id=purchase.transaction_id,
        limit_ms=limit_ms,
    )
    transitions = transitions_of(customers, choice, seen)
    return seen, customers.act(name, *transitions) if transitions else []


def show(
    customers: Customers,
    seen: CustomerScreen,
    made: Sequence[Happening],
    attempts: Sequence[DeliveryAttempt],
    out: Output,
) -> None:
    """Print the screen and what followed, as lines or as one JSON document: the screen's, with `then`."""
    out.document({**seen.document(), "then": documents(made, attempts)})
    for line in (*customer_report.lines_of(seen), *lines_of(customers, made, attempts)):
        out.print(line)
