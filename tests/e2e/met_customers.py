"""Customers who meet the deployed stack, and what is true of them: by what they were shown, and by what they then did.

    customers = ask(stack, authority, products, first=2000001000000000, count=200)
    stack's queue <- notifications(customers, authority)
    true_counts(customers, lambda customer: customer.arm)

Nothing here reads a log or computes a hash: the arm of a customer is known by the answer to the customer's own request.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from retention.log.record import HELD, SERVED
from retention.request import SANDBOX

from console.simulator.accounts import SimulatedApp
from console.simulator.authority import Authority, request_claims
from tests.e2e.whole_aws import Answer, Stack
from tests.minting.notifications import DAY_MS, data_claims, renewal_claims, transaction_claims

CONTROL: Final = "control"
SWITCH: Final = "switch"


@dataclass(frozen=True, slots=True)
class Deed:
    """What a customer does after the page view: what Apple reports of it, and what a report has to count.

    `claims` of the transaction and of the renewal differ from those of a customer who only goes on; NOW is the instant
    of the notification. `counts` are names of a report's metrics.
    """

    type: str
    subtype: str | None
    counts: frozenset[str]
    transaction: Mapping[str, Any] = field(default_factory=dict)
    renewal: Mapping[str, Any] = field(default_factory=dict)
    status: int = 1


NOW: Final = "now"
TURNS_OFF: Final = Deed(
    *("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", frozenset({"cancelled"})),
    renewal={"autoRenewStatus": 0},
)
RENEWS: Final = Deed("DID_RENEW", None, frozenset({"kept", "renewed"}), {"purchaseDate": NOW})
REFUNDED: Final = Deed(
    "REFUND", None, frozenset({"refunded"}), {"revocationDate": NOW, "revocationReason": 0}, status=5
)


def upgrades(product: str) -> Deed:
    """Return what a customer does who takes another product at once."""
    bought = {"productId": product, "purchaseDate": NOW, "transactionReason": "PURCHASE"}
    return Deed("DID_CHANGE_RENEWAL_PREF", "UPGRADE", frozenset({"kept", "switched"}), bought)


@dataclass(frozen=True, slots=True)
class MetCustomer:
    """A customer by the answer to the first request. `arm` is None for one who is held out. `deed` None: goes on."""

    transaction: str
    arm: str | None
    deed: Deed | None

    @property
    def holdout_arm(self) -> str:
        return HELD if self.arm is None else SERVED


def ask(
    stack: Stack,
    authority: Authority,
    product: str,
    deeds: Mapping[str | None, Sequence[Deed | None]],
    transactions: range,
) -> list[MetCustomer]:
    """Post one signed request for each transaction; return the customers.

    Those of one arm do in turn what `deeds` has for it.
    """
    met: list[MetCustomer] = []
    seen: Counter[str | None] = Counter()
    for number in transactions:
        claims = request_claims(product_id=product, original_transaction_id=str(number))
        arm = _arm(stack.post(authority.sign(claims)))
        met.append(MetCustomer(str(number), arm, deeds[arm][seen[arm] % len(deeds[arm])]))
        seen[arm] += 1
    return met


def _arm(answer: Answer) -> str | None:
    """Return in which arm a customer is who got this answer: another product, a message, or Apple's fallback."""
    if answer.status == 204:
        return None
    assert answer.status == 200, answer
    return SWITCH if "alternateProduct" in answer.document else CONTROL


def true_counts(
    customers: Sequence[MetCustomer], arm_of: Callable[[MetCustomer], str | None]
) -> dict[str, Counter[str]]:
    """Return by arm how many customers it has, of how many something was reported, and how many did what."""
    found: dict[str, Counter[str]] = {}
    for customer in customers:
        arm = arm_of(customer)
        if arm is not None:
            heard = {"heardOf"} if customer.deed else set()
            done = customer.deed.counts if customer.deed else {"kept"}
            found.setdefault(arm, Counter()).update({"customers", "ripe", *heard, *done})
    return found


def notifications(
    customers: Sequence[MetCustomer], authority: Authority, app: SimulatedApp, product: str
) -> Iterator[str]:
    """Yield what Apple posts of each customer who did something, signed by the authority now."""
    for customer in customers:
        if customer.deed is not None:
            yield _notification(customer.transaction, customer.deed, authority, app, product)


def _notification(transaction: str, deed: Deed, authority: Authority, app: SimulatedApp, product: str) -> str:
    now = round(time.time() * 1_000)
    common = {"originalTransactionId": transaction, "environment": SANDBOX, "signedDate": now}
    dates = {"purchaseDate": now - DAY_MS, "originalPurchaseDate": now - 100 * DAY_MS, "expiresDate": now + 20 * DAY_MS}
    changed = {name: now if value is NOW else value for name, value in deed.transaction.items()}
    bought = {"transactionId": f"{transaction}1", "bundleId": app.bundle_id, "productId": product, **dates, **changed}
    renewal = {"productId": bought["productId"], "autoRenewProductId": bought["productId"], **deed.renewal}
    period = {"renewalDate": dates["expiresDate"], "recentSubscriptionStartDate": dates["originalPurchaseDate"]}
    data = data_claims(
        appAppleId=app.app_apple_id, bundleId=app.bundle_id, environment=SANDBOX, status=deed.status,
        signedTransactionInfo=authority.sign(transaction_claims(**common, **bought)),
        signedRenewalInfo=authority.sign(renewal_claims(**common, **period, **renewal)),
    )  # fmt: skip
    made = {"notificationType": deed.type, "notificationUUID": str(uuid.uuid4()), "version": "2.0", "signedDate": now}
    subtype = {"subtype": deed.subtype} if deed.subtype else {}
    return json.dumps({"signedPayload": authority.sign({**made, **subtype, "data": data})})
