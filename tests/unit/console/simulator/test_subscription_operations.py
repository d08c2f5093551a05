"""The App Store Server API about a customer: the subscription's status and all transactions, signed now."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from retention.request import PRODUCTION, SANDBOX

from console.simulator import problems
from console.simulator.operations import AuthorizedCall
from console.simulator.performance import PerformanceTests
from console.simulator.problems import Problem, ProblemKind
from console.simulator.simulator import Simulator
from console.simulator.subscription_operations import get_subscription_statuses, get_transaction_history
from console.simulator.subscriptions.endings import refunded
from console.simulator.subscriptions.life import Seller, SimulatedSubscription, SoldProduct
from console.simulator.subscriptions.purchases import bought
from console.simulator.subscriptions.renewals import renewed, turned_off
from tests.support.simulated_app import APP, MONTHLY, NOW, make_simulator

NOW_MS = int(NOW * 1000)
MONTH = 30 * 86_400_000
ORIGINAL = "2000000000000007"
SELLER = Seller(APP.app_apple_id, APP.bundle_id, SANDBOX)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator() as simulator:
        simulator.wall = simulator.clock
        yield simulator


def renewed_often(times: int) -> SimulatedSubscription:
    """Return a subscription that was bought a long time ago and has been renewed so many times."""
    subscription, _ = bought(SELLER, SoldProduct(MONTHLY), ORIGINAL, NOW_MS - (times + 2) * MONTH)
    for _ in range(times):
        subscription, _ = renewed(subscription, subscription.current.expires)
    return subscription


@pytest.fixture
def call(simulator: Simulator) -> AuthorizedCall:
    """A call in the sandbox by APP about the customer with ORIGINAL, who has 26 transactions."""
    simulator.subscriptions(APP.app_apple_id, SANDBOX).save(renewed_often(25))
    return AuthorizedCall(simulator, PerformanceTests(simulator), APP, SANDBOX, {"transactionId": ORIGINAL})


def asked(call: AuthorizedCall, **values: Sequence[str]) -> AuthorizedCall:
    return replace(call, values=values, query={name: given[-1] for name, given in values.items()})


def claims_of(signed: str) -> Any:
    part = signed.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def listed(document: dict[str, Any]) -> list[int]:
    return [claims_of(signed)["purchaseDate"] for signed in document["signedTransactions"]]


def refused(kind: ProblemKind, call: AuthorizedCall) -> None:
    with pytest.raises(Problem) as caught:
        get_transaction_history(call)
    assert caught.value.code == kind.code


def test_a_status_has_both_tokens_signed_now(call: AuthorizedCall) -> None:
    """The answer has the app, the group, and the subscription's current transaction and renewal as of now."""
    found = get_subscription_statuses(call)
    assert (found["environment"], found["bundleId"], found["appAppleId"]) == (SANDBOX, APP.bundle_id, APP.app_apple_id)
    [group] = found["data"]
    [entry] = group["lastTransactions"]
    assert (group["subscriptionGroupIdentifier"], entry["originalTransactionId"], entry["status"]) == (
        "pro",
        ORIGINAL,
        1,
    )
    transaction, renewal = (claims_of(entry[name]) for name in ("signedTransactionInfo", "signedRenewalInfo"))
    assert transaction["expiresDate"] == renewal["renewalDate"]
    assert (transaction["signedDate"], renewal["signedDate"]) == (NOW_MS, NOW_MS)


@pytest.mark.parametrize("status", ["1", "5"])
def test_statuses_can_be_asked_for(call: AuthorizedCall, status: str) -> None:
    """A filter by status leaves out subscriptions with another one."""
    assert bool(get_subscription_statuses(asked(call, status=[status]))["data"]) == (status == "1")
    with pytest.raises(Problem) as caught:
        get_subscription_statuses(asked(call, status=["1", "9"]))
    assert caught.value.code == problems.INVALID_STATUS.code


def test_any_id_of_the_customer_finds_the_subscription(call: AuthorizedCall, simulator: Simulator) -> None:
    """The id of a renewal and the app transaction's id lead to the same subscription as the original id."""
    subscription = simulator.subscriptions(APP.app_apple_id, SANDBOX).find(ORIGINAL)
    assert subscription is not None
    for identifier in (subscription.current.transaction_id, f"70{ORIGINAL}"):
        found = get_subscription_statuses(replace(call, parameters={"transactionId": identifier}))
        assert found["data"][0]["lastTransactions"][0]["originalTransactionId"] == ORIGINAL


@pytest.mark.parametrize(("identifier", "code"), [("2000000000000001", 4040010), ("mine", 4000006)])
def test_an_unknown_id_is_refused(call: AuthorizedCall, identifier: str, code: int) -> None:
    """What is no id is a bad request, and an id of no transaction is not found; so is one of the other environment."""
    for operation in (get_subscription_statuses, get_transaction_history):
        with pytest.raises(Problem) as caught:
            operation(replace(call, parameters={"transactionId": identifier}))
        assert caught.value.code == code
    refused(problems.TRANSACTION_ID_NOT_FOUND, replace(call, environment=PRODUCTION))


def test_the_history_comes_in_pages_of_twenty(call: AuthorizedCall) -> None:
    """The oldest comes first; the revision of each page leads to the next one, and that of the last to nothing more."""
    first = get_transaction_history(call)
    second = get_transaction_history(asked(call, revision=[first["revision"]]))
    third = get_transaction_history(asked(call, revision=[second["revision"]]))
    assert [page["hasMore"] for page in (first, second, third)] == [True, False, False]
    dates = [listed(page) for page in (first, second, third)]
    assert [len(page) for page in dates] == [20, 6, 0]
    assert dates[0] + dates[1] == sorted(dates[0] + dates[1])
    assert third["revision"] == second["revision"]


def test_a_revision_finds_what_changed_since(call: AuthorizedCall, simulator: Simulator) -> None:
    """Asked with the last revision, Apple returns the transaction that was refunded meanwhile, and no other."""
    subscriptions = simulator.subscriptions(APP.app_apple_id, SANDBOX)
    page = get_transaction_history(call)
    page = get_transaction_history(asked(call, revision=[page["revision"]]))
    subscription = subscriptions.find(ORIGINAL)
    assert subscription is not None
    after, _ = refunded(subscription, NOW_MS)
    subscriptions.save(after)
    found = get_transaction_history(asked(call, revision=[page["revision"]]))
    [only] = found["signedTransactions"]
    assert claims_of(only)["revocationDate"] == NOW_MS


def test_the_history_can_begin_with_the_newest(call: AuthorizedCall) -> None:
    """In descending order the pages are those of ascending order, reversed."""
    first = get_transaction_history(asked(call, sort=["DESCENDING"]))
    second = get_transaction_history(asked(call, sort=["DESCENDING"], revision=[first["revision"]]))
    dates = listed(first) + listed(second)
    assert (len(dates), dates) == (26, sorted(dates, reverse=True))


def test_the_history_is_filtered(call: AuthorizedCall) -> None:
    """Dates, product, group, type, ownership and revocation: each leaves out the transactions that differ."""
    dates = sorted(listed(get_transaction_history(call)))
    for name, given, number in [
        ("startDate", str(dates[-2]), 8),
        ("endDate", str(dates[2]), 2),
        ("productId", MONTHLY, 20),
        ("productId", "other", 0),
        ("subscriptionGroupIdentifier", "other", 0),
        ("productType", "CONSUMABLE", 0),
        ("inAppOwnershipType", "FAMILY_SHARED", 0),
        ("revoked", "True", 0),
        ("revoked", "false", 20),
    ]:
        assert len(get_transaction_history(asked(call, **{name: [given]}))["signedTransactions"]) == number, name


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (problems.INVALID_START_DATE, {"startDate": ["now"]}),
        (problems.INVALID_END_DATE, {"endDate": ["-1"]}),
        (problems.START_DATE_AFTER_END_DATE, {"startDate": ["2"], "endDate": ["1"]}),
        (problems.INVALID_SORT, {"sort": ["UP"]}),
        (problems.INVALID_PRODUCT_TYPE, {"productType": ["AUTO_RENEWABLE", "APPLE"]}),
        (problems.INVALID_IN_APP_OWNERSHIP_TYPE, {"inAppOwnershipType": ["MINE"]}),
        (problems.INVALID_REVOKED, {"revoked": ["maybe"]}),
        (problems.INVALID_REQUEST_REVISION, {"revision": ["hello"]}),
    ],
    ids=range(8),
)
def test_a_filter_that_apple_refuses(call: AuthorizedCall, kind: ProblemKind, values: dict[str, list[str]]) -> None:
    """Each mistake in the query has Apple's error."""
    refused(kind, asked(call, **values))


def test_a_cancelled_subscription_is_active_until_it_ends(call: AuthorizedCall, simulator: Simulator) -> None:
    """The renewal shows that auto-renew is off; the status stays 1."""
    subscriptions = simulator.subscriptions(APP.app_apple_id, SANDBOX)
    after, _ = turned_off(renewed_often(1), NOW_MS)
    subscriptions.save(after)
    [entry] = get_subscription_statuses(call)["data"][0]["lastTransactions"]
    assert (entry["status"], claims_of(entry["signedRenewalInfo"])["autoRenewStatus"]) == (1, 0)
