"""What a backfill learns of signed tokens, and what it makes of those that teach nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.jws import SignedPayloadVerifier
from retention.notifications.customers import SubscriptionConflictError, learn, read_state
from retention.notifications.history import Page, SignedStatus
from retention.notifications.judge import LATE_LISTING, NotificationJudge
from retention.subscription import State

from console.local.rows import create_table
from console.rollout.backfill_learning import Found, Learner
from console.terminal.failure import Failure
from tests.minting import APP_ID, NOW, good_chain
from tests.minting.certificates import NOW_MS
from tests.minting.notifications import (
    BUNDLE,
    DAY_MS,
    ORIGINAL_TRANSACTION,
    notification,
    renewal_claims,
    transaction_claims,
)
from tests.minting.tokens import signed
from tests.support.fake_table import TABLE
from tests.support.moto_client import dynamodb_client


@pytest.fixture
def app_table() -> Iterator[AppTable]:
    with mock_aws():
        client = dynamodb_client()
        create_table(client, TABLE)
        yield AppTable(client, TABLE, APP_ID)


@pytest.fixture
def learner(app_table: AppTable) -> Iterator[Learner]:
    verifier = SignedPayloadVerifier([good_chain()[2]])
    with Learner(
        app_table, lambda: NotificationJudge(verifier, {APP_ID: BUNDLE}, "Production", NOW, LATE_LISTING)
    ) as made:
        yield made


def row(app_table: AppTable, name: str = ORIGINAL_TRANSACTION) -> State:
    return read_state(app_table.get(rows.subscription_key(APP_ID, name)))


def later(**changes: Any) -> str:
    at = NOW_MS - DAY_MS
    return notification(transaction={"signedDate": at}, renewal={"signedDate": at, **changes}, signedDate=at)


def page(*tokens: str, unsigned: int = 0) -> Page:
    return Page(tokens, None, unsigned)


def test_a_page_is_one_write_for_each_customer(app_table: AppTable, learner: Learner) -> None:
    """Two notifications about one subscription are merged first, in any order; a second time nothing is written."""
    other = {"originalTransactionId": "2000000500000099"}
    tokens = [later(autoRenewStatus=0), notification(), notification(transaction=other, renewal=other)]
    learner(page(*tokens))
    assert learner.learnt.rows == {"changed": 2}
    learner(page(*reversed(tokens)))
    assert learner.learnt.rows == {"changed": 2, "unchanged": 2}
    assert learner.learnt.tokens[Found.LEARNED] == 6
    renewal = row(app_table).renewal
    assert renewal is not None
    assert renewal.auto_renew_status == 1
    assert row(app_table).auto == ((NOW_MS - DAY_MS, False), (NOW_MS, True))


def test_what_teaches_nothing_is_counted_and_changes_no_row(app_table: AppTable, learner: Learner) -> None:
    """One such token keeps no other of its page from being learned."""
    forged = notification()[:-4] + "AAAA"
    elsewhere = {"appAppleId": APP_ID + 1}
    learner(
        page(
            forged,
            "no token",
            notification(data=elsewhere),
            notification(data={"status": "x"}),
            notification("TEST", transaction=None, renewal=None),
            unsigned=1,
        )
    )
    assert learner.learnt.tokens == {
        Found.FORGED: 2,
        Found.FOREIGN: 1,
        Found.NOT_UNDERSTOOD: 2,
        Found.IGNORED: 1,
    }
    assert row(app_table) == State()


@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "the newest first"])
def test_a_migrated_subscription_keeps_what_was_known_under_its_old_id(
    app_table: AppTable, learner: Learner, *, backwards: bool
) -> None:
    """Apple names the old id in the transaction; a backfill reads the newest day first."""
    old = {"originalTransactionId": "2000000500000098", "signedDate": NOW_MS - DAY_MS}
    before = notification(transaction={**old, "transactionId": "1"}, renewal={**old, "autoRenewStatus": 0})
    after = notification(transaction={"previousOriginalTransactionId": "2000000500000098"})
    for token in (after, before) if backwards else (before, after):
        learner(page(token))
    assert row(app_table).auto == ((NOW_MS - DAY_MS, False), (NOW_MS, True))
    assert len(row(app_table).transactions) == 2


def test_a_customer_is_learned_completely(app_table: AppTable, learner: Learner) -> None:
    """The status has how the subscription goes on, the list its past; afterwards the history is complete."""
    past = transaction_claims(transactionId="2000000500000003", expiresDate=NOW_MS - 10 * DAY_MS)
    statuses = [SignedStatus(signed(body=transaction_claims()), signed(body=renewal_claims()))]
    transactions = [signed(body=past), signed(body=transaction_claims())]
    assert learner.customer(statuses, transactions) == 1
    found = row(app_table)
    assert (found.history_complete, len(found.transactions)) == (True, 2)
    assert found.renewal is not None
    assert found.transaction is not None
    assert learner.learnt.tokens == {Found.LEARNED: 3}


@pytest.mark.parametrize(
    "spoilt", ["e30.e30.e30", signed(body=transaction_claims(price="9.99"))], ids=["forged", "not understood"]
)
def test_a_history_with_a_transaction_that_cannot_be_read_is_not_complete(
    spoilt: str, app_table: AppTable, learner: Learner
) -> None:
    """What the others teach is kept; rules that ask for a complete history are passed over."""
    assert learner.customer([], [signed(body=transaction_claims()), spoilt]) == 1
    assert (row(app_table).history_complete, len(row(app_table).transactions)) == (False, 1)


def test_what_is_not_signed_teaches_nothing_about_a_customer(app_table: AppTable, learner: Learner) -> None:
    """Answers of Apple's API are unsigned JSON around signed tokens: each token is judged."""
    forged = signed(body=transaction_claims())[:-4] + "AAAA"
    foreign = signed(body=transaction_claims(bundleId="com.example.other"))
    other_product = signed(body=transaction_claims(type="Consumable"))
    assert learner.customer([SignedStatus(forged, "")], [foreign, other_product, "no token"]) == 0
    assert learner.learnt.tokens == {Found.FORGED: 2, Found.FOREIGN: 1, Found.IGNORED: 1}
    assert row(app_table) == State()


def test_a_row_that_cannot_be_read_is_left_as_it_is(app_table: AppTable, learner: Learner) -> None:
    """It may be a later version's. The other customers of the page are learned."""
    damaged = {**rows.subscription_key(APP_ID, ORIGINAL_TRANSACTION), "document": {"B": b"x"}, "digest": {"S": "x"}}
    app_table.put({"Item": damaged})
    other = {"originalTransactionId": "2000000500000099"}
    learner(page(notification(), notification(transaction=other, renewal=other)))
    assert learner.learnt.rows == {"unreadable": 1, "changed": 1}
    assert app_table.get(rows.subscription_key(APP_ID, ORIGINAL_TRANSACTION)) == damaged


def test_live_traffic_on_the_same_row_is_waited_out(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    """After thirty writes of others in a row the command ends, and states what to do."""
    failures = [SubscriptionConflictError("subscription_conflict", "others wrote")] * 4

    def busy(*given: Any) -> Any:
        if failures:
            raise failures.pop()
        return learn(*given)

    monkeypatch.setattr("console.rollout.backfill_learning.learn", busy)
    learner(page(notification()))
    assert learner.learnt.rows == {"changed": 1}
    failures += [SubscriptionConflictError("subscription_conflict", "others wrote")] * 5
    with pytest.raises(Failure, match="run the command again"):
        learner(page(later()))


def test_nothing_of_a_page_that_failed_is_counted(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is read again by the next run, which counts it."""

    def away(*_: Any) -> Any:
        raise RuntimeError("DynamoDB is away")

    monkeypatch.setattr("console.rollout.backfill_learning.learn", away)
    with pytest.raises(RuntimeError):
        learner(page(notification()))
    assert (learner.learnt.tokens, learner.learnt.rows) == ({}, {})
