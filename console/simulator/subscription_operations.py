"""What Apple's App Store Server API reports of a customer: each subscription's status, and all transactions.

What is returned is signed when it is asked for, so it shows the subscription as it is now.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Final

from console.simulator import problems
from console.simulator.operations import AuthorizedCall, Document, Operation
from console.simulator.problems import Problem, ProblemKind
from console.simulator.subscriptions.claims import renewal_claims, transaction_claims
from console.simulator.subscriptions.life import REVOKED, SimulatedSubscription, SimulatedTransaction

SUBSCRIPTIONS_PATH: Final = "/inApps/v1/subscriptions"
HISTORY_PATH: Final = "/inApps/v2/history"
TRANSACTIONS_PAGE: Final = 20

_STATUSES: Final = tuple(str(status) for status in range(1, REVOKED + 1))
_PRODUCT_TYPES: Final = ("AUTO_RENEWABLE", "NON_RENEWABLE", "CONSUMABLE", "NON_CONSUMABLE")
_OWNERSHIPS: Final = ("PURCHASED", "FAMILY_SHARED", "ASSIGNED")
_ORDERS: Final = ("ASCENDING", "DESCENDING")
_TRUTHS: Final = {"true": True, "false": False}
# An appTransactionId is that of the simulator's transactions behind these digits.
_APP_TRANSACTION: Final = "70"

# When a transaction last changed (UNIX ms), and its id: its place among all transactions of a customer.
_Place = tuple[int, str]


def get_subscription_statuses(call: AuthorizedCall) -> Document:
    """Return the status, the current transaction and the renewal of the customer's subscription.

    A customer of the simulator has one subscription, so there is one group with one entry.
    """
    wanted = call.values.get("status", _STATUSES)
    if not set(wanted) <= set(_STATUSES):
        raise Problem(problems.INVALID_STATUS)
    subscription = _subscription(call)
    signed = _signed_at(call, subscription)
    entry = {
        "originalTransactionId": subscription.original.transaction_id,
        "status": subscription.status,
        "signedTransactionInfo": _signed_transaction(call, subscription, subscription.current),
        "signedRenewalInfo": call.simulator.authority.sign(renewal_claims(subscription, signed)),
    }
    group = subscription.current.product.group
    entries = [entry] if str(subscription.status) in wanted else []
    return {
        **_app(call),
        "data": [{"subscriptionGroupIdentifier": group, "lastTransactions": entries}] if entries else [],
    }


def get_transaction_history(call: AuthorizedCall) -> Document:
    """Return one page of the customer's transactions, by default the least recently changed first.

    `revision` names the last transaction of the page. Asked with it again later, Apple returns what changed since.
    """
    descending = _choice(call, "sort", _ORDERS, problems.INVALID_SORT) == "DESCENDING"
    subscription = _subscription(call)
    found = [
        (_place_of(transaction), transaction)
        for transaction in subscription.transactions
        if _is_wanted(call, subscription, transaction)
    ]
    found.sort(key=lambda one: one[0], reverse=descending)
    last = _place_in(call.query.get("revision"))
    if last is not None:
        found = [one for one in found if (one[0] < last if descending else one[0] > last)]
    page = found[:TRANSACTIONS_PAGE]
    return {
        **_app(call),
        "revision": _revision(page[-1][0]) if page else call.query.get("revision", _revision((0, ""))),
        "hasMore": len(found) > TRANSACTIONS_PAGE,
        "signedTransactions": [_signed_transaction(call, subscription, one) for _, one in page],
    }


def _subscription(call: AuthorizedCall) -> SimulatedSubscription:
    """Return the subscription that any transaction id of the customer names. Raises Problem."""
    identifier = call.parameters["transactionId"]
    if not identifier.isdecimal():
        raise Problem(problems.INVALID_TRANSACTION_ID)
    subscriptions = call.simulator.subscriptions(call.app.app_apple_id, call.environment)
    found = subscriptions.find(identifier) or subscriptions.find(identifier.removeprefix(_APP_TRANSACTION))
    if found is None:
        raise Problem(problems.TRANSACTION_ID_NOT_FOUND)
    return found


def _app(call: AuthorizedCall) -> Document:
    return {"environment": call.environment, "bundleId": call.app.bundle_id, "appAppleId": call.app.app_apple_id}


def _signed_at(call: AuthorizedCall, subscription: SimulatedSubscription) -> int:
    """Return the time of signing, UNIX ms: now, and not before the last event of the subscription."""
    return max(int(call.simulator.wall() * 1000), subscription.signed)


def _signed_transaction(
    call: AuthorizedCall, subscription: SimulatedSubscription, transaction: SimulatedTransaction
) -> str:
    claims = transaction_claims(subscription, transaction, _signed_at(call, subscription))
    return call.simulator.authority.sign(claims)


def _is_wanted(call: AuthorizedCall, subscription: SimulatedSubscription, transaction: SimulatedTransaction) -> bool:
    """Return whether a transaction passes every filter of the query. Raises Problem for a filter Apple refuses."""
    start = _date(call.query, "startDate", problems.INVALID_START_DATE)
    end = _date(call.query, "endDate", problems.INVALID_END_DATE)
    if start is not None and end is not None and start >= end:
        raise Problem(problems.START_DATE_AFTER_END_DATE)
    revoked = _choice(call, "revoked", tuple(_TRUTHS), problems.INVALID_REVOKED)
    owned = _choice(call, "inAppOwnershipType", _OWNERSHIPS, problems.INVALID_IN_APP_OWNERSHIP_TYPE)
    types = call.values.get("productType", _PRODUCT_TYPES)
    if not set(types) <= set(_PRODUCT_TYPES):
        raise Problem(problems.INVALID_PRODUCT_TYPE)
    product = transaction.product
    return (
        (start is None or transaction.purchased >= start)
        and (end is None or transaction.purchased < end)
        and product.product_id in call.values.get("productId", [product.product_id])
        and product.group in call.values.get("subscriptionGroupIdentifier", [product.group])
        and "AUTO_RENEWABLE" in types
        and owned in {"", subscription.customer.ownership}
        and (not revoked or _TRUTHS[revoked] == (transaction.taken_back is not None))
    )


def _date(query: Mapping[str, str], name: str, problem: ProblemKind) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not text.isdecimal():
        raise Problem(problem)
    return int(text)


def _choice(call: AuthorizedCall, name: str, known: Sequence[str], problem: ProblemKind) -> str:
    """Return a parameter that has one of some values, "" where it is not given. Truth values have either case."""
    given = call.query.get(name, "")
    found = given.lower() if given.lower() in _TRUTHS else given
    if given and found not in known:
        raise Problem(problem)
    return found


def _place_of(transaction: SimulatedTransaction) -> _Place:
    taken = 0 if transaction.taken_back is None else transaction.taken_back.at
    return max(transaction.purchased, taken), transaction.transaction_id


def _revision(place: _Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _place_in(revision: str | None) -> _Place | None:
    if revision is None:
        return None
    try:
        changed, identifier = json.loads(base64.urlsafe_b64decode(revision + "=" * (-len(revision) % 4)))
        return int(changed), str(identifier)
    except (ValueError, TypeError):
        raise Problem(problems.INVALID_REQUEST_REVISION) from None


SUBSCRIPTION_OPERATIONS: Final = (
    Operation(
        "Get All Subscription Statuses", "GET", "/{transactionId}", get_subscription_statuses, base=SUBSCRIPTIONS_PATH,
    ),
    Operation("Get Transaction History", "GET", "/{transactionId}", get_transaction_history, base=HISTORY_PATH),
)  # fmt: skip
