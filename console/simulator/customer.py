"""The customer's side: a customer taps Cancel on a subscription's page, and sees a retention message, or none.

The order is Apple's (apple-api.md, section 1): the real-time answer; without one, the App Store Connect message of the
subscription; without one, the default message of product and locale; without one, nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from retention.request import SANDBOX

from console.file.mistakes import suggestion
from console.simulator.accounts import Purchase, SimulatedApp
from console.simulator.app_data import Content
from console.simulator.endpoint_call import TIME_LIMIT_MS
from console.simulator.realtime import RealtimeCall, RealtimeCaller
from console.simulator.signatures import Flaw
from console.simulator.simulator import Simulator
from console.terminal.failure import Failure

REAL_TIME: Final = "real time"
APP_STORE_CONNECT: Final = "App Store Connect"
DEFAULT: Final = "default"
NOTHING: Final = "nothing"
ORDER: Final = (REAL_TIME, APP_STORE_CONNECT, DEFAULT)

_NO_DEFAULT: Final = (
    "No default message is configured for {product} in {locale}. By Apple's documents, a locale without one gets no"
    " retention message, and real-time answers need one: configure it before you rely on this answer."
)


_NO_BUTTON: Final = (
    "In the App Store this customer sees no Cancel button, because auto-renew is off or the subscription has ended."
)


@dataclass(frozen=True, slots=True)
class Step:
    """One source in Apple's order. `reason` is why its message was not shown, "" for the one that was shown."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class CustomerScreen:
    """What the customer sees. `source` is where the message comes from, or NOTHING; `steps` are the sources tried.

    `kind` is the field of RealtimeResponseBody, or "message" for another source. `content` is the message's
    UploadMessageRequestBody; `detail` the answer's offer or other product. `result`, `status`, `took_ms` (milliseconds)
    and `body` are those of the call of the endpoint.
    """

    source: str
    steps: tuple[Step, ...]
    kind: str = ""
    content: Content = field(default_factory=dict)
    detail: Content = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    result: str = ""
    status: int | None = None
    took_ms: int | None = None
    body: bytes = b""

    def document(self) -> dict[str, Any]:
        """Return the --json document."""
        return {
            "source": self.source,
            "kind": self.kind or None,
            "shown": dict(self.content) or None,
            "answer": dict(self.detail) or None,
            "steps": [{"source": step.source, "shown": not step.reason, "reason": step.reason} for step in self.steps],
            "notes": list(self.notes),
            "endpoint": {"result": self.result or None, "status": self.status, "tookMs": self.took_ms},
        }


def cancel(
    simulator: Simulator,
    app: SimulatedApp,
    *,
    environment: str,
    product_id: str,
    locale: str,
    transaction_id: str | None = None,
    limit_ms: int = TIME_LIMIT_MS,
) -> CustomerScreen:
    """Call the configured URL once, and return what a customer of `product_id` sees on a device with `locale`.

    `transaction_id` names the customer; without it, any subscriber to the product is taken. `limit_ms` is Apple's time
    limit in milliseconds. Raises Failure if the app has no such product.
    """
    caller = RealtimeCaller(simulator, app, environment)
    purchase = subscriber(simulator, app, product_id, transaction_id, environment)
    seen = screen_of(caller, purchase, locale, limit_ms)
    known = simulator.subscriptions(app.app_apple_id, environment).find(purchase.transaction_id)
    # A tester may ask for any customer all the same.
    return seen if known is None or known.can_be_cancelled else replace(seen, notes=(*seen.notes, _NO_BUTTON))


def screen_of(caller: RealtimeCaller, purchase: Purchase, locale: str, limit_ms: int) -> CustomerScreen:
    """Return what a customer sees: the first source in Apple's order that has a message. `limit_ms` is in ms."""
    environment, product_id = caller.environment, purchase.product_id
    app_data = caller.simulator.app_data(caller.app.app_apple_id, environment)
    url = app_data.realtime_url
    asked = None if url is None else caller.ask(url, purchase, locale, limit_ms)
    if asked is not None and asked.shown is not None:
        notes = list(asked.shown.notes)
        if app_data.default(product_id, locale) is None:
            notes.append(_NO_DEFAULT.format(product=product_id, locale=locale))
        content, detail = asked.shown.message.content, asked.shown.detail
        return _screen(REAL_TIME, (Step(REAL_TIME, ""),), asked, asked.shown.kind, content, detail, tuple(notes))
    steps = [Step(REAL_TIME, f"No real-time URL is configured in {environment}." if asked is None else asked.reason)]
    asc_message = app_data.asc_message(product_id)
    if asc_message is not None:
        return _screen(APP_STORE_CONNECT, (*steps, Step(APP_STORE_CONNECT, "")), asked, "message", asc_message)
    steps.append(Step(APP_STORE_CONNECT, f"No App Store Connect message is set for {product_id}."))
    try:
        default = _default(caller, purchase, locale)
    except Flaw as flaw:
        return _screen(NOTHING, (*steps, Step(DEFAULT, str(flaw))), asked)
    return _screen(DEFAULT, (*steps, Step(DEFAULT, "")), asked, "message", default)


def subscriber(
    simulator: Simulator,
    app: SimulatedApp,
    product_id: str,
    transaction_id: str | None = None,
    environment: str = SANDBOX,
) -> Purchase:
    """Return the purchase of `transaction_id`; without it, one whose subscription to the product has not ended.

    Without such a purchase, it is a new one, which is saved. Raises Failure if the simulator knows the app's products
    and this is not one of them.
    """
    products = simulator.accounts.products(app.app_apple_id)
    if products and product_id not in products:
        raise Failure(f"{app.bundle_id} has no product {product_id}. {suggestion(product_id, products)}")
    subscriptions = simulator.subscriptions(app.app_apple_id, environment)
    if transaction_id is not None:
        known = subscriptions.find(transaction_id)
        original = transaction_id if known is None else known.original.transaction_id
        return Purchase(original, app.app_apple_id, product_id)
    holder = subscriptions.holder(product_id)
    if holder is not None:
        return Purchase(holder.original.transaction_id, app.app_apple_id, product_id)
    bought = simulator.accounts.subscribers(app.app_apple_id, product_id)
    # The subscription of a purchase that has a history, and is no holder's, has ended.
    untouched = (one for one in bought if subscriptions.find(one.transaction_id) is None)
    return next(untouched, None) or simulator.accounts.subscribe(app.app_apple_id, product_id)


def _default(caller: RealtimeCaller, purchase: Purchase, locale: str) -> Content:
    identifier = caller.simulator.app_data(caller.app.app_apple_id, caller.environment).default(
        purchase.product_id, locale
    )
    if identifier is None:
        # Apple documents no fallback between locales.
        raise Flaw(f"No default message is configured for {purchase.product_id} in exactly {locale}.")
    return caller.judge(purchase.product_id, purchase.transaction_id).deliverable(identifier).content


def _screen(
    source: str,
    steps: tuple[Step, ...],
    asked: RealtimeCall | None,
    kind: str = "",
    content: Content | None = None,
    detail: Content | None = None,
    notes: tuple[str, ...] = (),
) -> CustomerScreen:
    shown = CustomerScreen(source, steps, kind, content or {}, detail or {}, notes)
    if asked is None:
        return shown
    attempt = asked.attempt
    return replace(shown, result=asked.result, status=attempt.status, took_ms=attempt.took_ms, body=attempt.body)
