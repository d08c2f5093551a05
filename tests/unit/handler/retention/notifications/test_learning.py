"""What one report teaches about a subscription."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from retention.jws import SignedPayloadVerifier
from retention.notifications.judge import NotificationJudge
from retention.notifications.learning import is_current, learned, learned_from
from retention.notifications.notification import read_notification
from retention.notifications.renewal import RenewalInfo
from retention.notifications.transaction import TransactionInfo
from retention.subscription import EMPTY, State, facts, to_document

from tests.minting import APP_ID, NOW, NOW_MS
from tests.minting.notifications import (
    ABSENT,
    BUNDLE,
    DAY_MS,
    PERIOD_MS,
    RENEWAL_MS,
    notification,
    renewal_claims,
    transaction_claims,
)


def taught(**given: Any) -> State:
    """Return what a transaction and a renewal info with these changes teach."""
    transaction, renewal = given.get("transaction", {}), given.get("renewal", {})
    return learned_from(
        None if transaction is None else TransactionInfo.from_claims(transaction_claims(**transaction)),
        None if renewal is None else RenewalInfo.from_claims(renewal_claims(**renewal)),
        given.get("status"),
        given.get("signed_date"),
    )


def test_a_notification_fills_registers_and_sets(judge: NotificationJudge) -> None:
    """A renewal teaches the next period, the current transaction, its entry, and that auto-renew was on."""
    state = learned(read_notification(notification(), judge))
    assert state.renewal is not None
    assert (state.renewal.signed_date, state.renewal.status, state.renewal.renewal_date) == (NOW_MS, 1, RENEWAL_MS)
    assert state.transaction is not None
    assert (state.transaction.product_id, state.transaction.price) == ("journal.monthly", 9990)
    assert [(each.purchase_date, each.reason) for each in state.transactions] == [(PERIOD_MS, "RENEWAL")]
    assert (state.auto, state.trouble) == (((NOW_MS, True),), ((NOW_MS, False),))
    assert not state.history_complete
    assert facts(state, NOW_MS / 1000)["daysUntilRenewal"] == 20


@pytest.mark.parametrize("kind", ["TEST", "NEVER_SEEN", ABSENT, "REFUND", "CONSUMPTION_REQUEST"])
def test_the_type_does_not_matter(judge: NotificationJudge, kind: object) -> None:
    """With any type, known or not, the tokens teach the same."""
    assert learned(read_notification(notification(kind), judge)) == learned(read_notification(notification(), judge))


def test_a_transaction_is_kept_under_a_digest() -> None:
    """Of Apple's transactionId, eight bytes of its SHA-256 are kept."""
    (entry,) = taught().transactions
    assert entry.digest == hashlib.sha256(b"2000000500000004").hexdigest()[:16]


CURRENT: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("of this period", {}, {}, True),
    ("of another period", {"expiresDate": PERIOD_MS}, {}, False),
    ("of another product", {"productId": "journal.annual"}, {}, False),
    ("extended with its renewal", {"expiresDate": RENEWAL_MS + DAY_MS}, {"renewalDate": RENEWAL_MS + DAY_MS}, True),
    ("without its end", {"expiresDate": ABSENT}, {}, False),
    ("without any end", {"expiresDate": ABSENT}, {"renewalDate": ABSENT}, False),
    ("without any product", {"productId": ABSENT}, {"productId": ABSENT}, False),
    ("with another next product", {}, {"autoRenewProductId": "journal.annual"}, True),
]


@pytest.mark.parametrize(("_", "transaction", "renewal", "current"), CURRENT, ids=[name for name, *_ in CURRENT])
def test_only_the_current_transaction_fills_its_register(
    _: str, transaction: dict[str, Any], renewal: dict[str, Any], current: object
) -> None:
    """The transaction that the renewal info continues is the current one; any is kept among the transactions."""
    state = taught(transaction=transaction, renewal=renewal)
    assert (state.transaction is not None) is current
    assert len(state.transactions) == 1


def test_without_renewal_info_no_transaction_is_the_current_one() -> None:
    """A transaction of Apple's history teaches its own entry alone."""
    state = taught(renewal=None)
    assert state == State(transactions=state.transactions)
    assert len(state.transactions) == 1
    assert not is_current(TransactionInfo.from_claims(transaction_claims()), None)


@pytest.mark.parametrize("kind", ["Consumable", "Non-Consumable", "Non-Renewing Subscription", "New"])
def test_other_products_teach_nothing(kind: str) -> None:
    """What does not renew has no state, and no transaction is kept of it."""
    assert taught(transaction={"type": kind}, renewal=None) == EMPTY


def test_renewal_info_alone_teaches_how_it_goes_on() -> None:
    """Without a transaction, there is no price, and the rest is known."""
    state = taught(transaction=None)
    assert (state.transaction, state.transactions) == (None, ())
    assert facts(state, NOW_MS / 1000)["renewalPrice"] == 9.99


@pytest.mark.parametrize("missing", ["transactionId", "purchaseDate"])
def test_a_transaction_without_its_place_has_no_entry(missing: str) -> None:
    """A transaction without an id or a purchase date is not counted; it still is the current one."""
    state = taught(transaction={missing: ABSENT})
    assert state.transactions == ()
    assert state.transaction is not None


def test_the_date_of_the_notification_stands_in_for_a_missing_one() -> None:
    """A token without a date has that of the notification, and without any teaches nothing."""
    undated: dict[str, Any] = {"transaction": {"signedDate": ABSENT}, "renewal": {"signedDate": ABSENT}}
    assert taught(**undated, signed_date=NOW_MS) == taught()
    assert taught(**undated) == EMPTY


@pytest.mark.parametrize(
    ("renewal", "status", "retrying"),
    [
        ({}, 1, False),
        ({}, None, False),
        ({"isInBillingRetryPeriod": True}, None, True),
        ({"isInBillingRetryPeriod": False}, 2, False),
        ({}, 3, True),
        ({}, 4, True),
    ],
    ids=str,
)
def test_a_failed_payment_is_seen(renewal: dict[str, Any], status: int | None, retrying: object) -> None:
    """The renewal info shows that Apple retries a payment, or the status does."""
    assert taught(renewal=renewal, status=status).trouble == ((NOW_MS, retrying),)


def test_a_status_that_is_not_known_leaves_no_mark() -> None:
    """Where it is not known whether auto-renew was on, there is no mark of it."""
    assert taught(renewal={"autoRenewStatus": 7}).auto == taught(renewal={"autoRenewStatus": ABSENT}).auto == ()
    cancelled = {"commitmentInfo": {"commitmentAutoRenewStatus": 0}}
    assert taught(renewal=cancelled).auto == ((NOW_MS, False),)


def test_nothing_is_kept_that_names_a_person(verifier: SignedPayloadVerifier) -> None:
    """No token, no id, no account, and no name or tax of Advanced Commerce is in the document."""
    private = {
        "appAccountToken": "CANARY-7e3f0c52",
        "appTransactionId": "CANARY-7040000",
        "webOrderLineItemId": "CANARY-2000000100000004",
        "advancedCommerceInfo": {"displayName": "CANARY name", "taxCode": "CANARY tax", "descriptors": {"a": "CANARY"}},
    }
    token = notification(
        transaction=private,
        renewal=private,
        data={"bundleVersion": "CANARY 41", "consumptionRequestReason": "CANARY"},
    )
    found = read_notification(token, NotificationJudge(verifier, {APP_ID: BUNDLE}, "Production", NOW))
    kept = json.dumps(to_document(learned(found)))
    for secret in ("CANARY", "eyJ", "2000000", "7040000", BUNDLE):
        assert secret not in kept
    assert "CANARY" not in repr(found)
