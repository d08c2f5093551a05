"""How a subscription ends, and how money is given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from console.simulator.subscriptions.endings import (
    INTENTS,
    NOT_FOR_SALE,
    OTHER,
    consumption_requested,
    expired,
    refund_declined,
    refund_reversed,
    refunded,
    revoked,
)
from console.simulator.subscriptions.renewals import billing_failed, price_raised, renewed, turned_off
from console.terminal.failure import Failure
from tests.support.simulated_lives import BASIC, COMMITTED, FAMILY, FIRST, PRO, Life, not_documented, shape, some


def cancelled(life: Life) -> None:
    life.then(turned_off)


def unpaid(life: Life) -> None:
    life.then(billing_failed)


def too_dear(life: Life) -> None:
    life.then(price_raised, 12990)


@pytest.mark.parametrize(
    ("before", "subtype"), [(cancelled, "VOLUNTARY"), (unpaid, "BILLING_RETRY"), (too_dear, "PRICE_INCREASE")]
)
def test_the_reason_of_an_end_follows_from_what_was(before: Callable[[Life], None], subtype: str) -> None:
    """A subscription ends because the customer cancelled, could not be billed, or did not consent to a price."""
    life = Life.begun()
    before(life)
    event = life.then(expired)
    assert shape(event) == ("EXPIRED", subtype, 2)
    assert some(event.renewal, "expirationIntent", "autoRenewStatus", "renewalPrice") == (INTENTS[subtype], 0, None)
    assert not_documented(event) == []


@pytest.mark.parametrize(("why", "subtype"), [(NOT_FOR_SALE, NOT_FOR_SALE), (OTHER, None)])
def test_a_reason_can_be_named(why: str, subtype: str | None) -> None:
    """Where the state gives no reason, one is named; another reason than Apple's four has no subtype."""
    assert shape(Life.begun().then(expired, why)) == ("EXPIRED", subtype, 2)


def test_auto_renew_can_be_left_on() -> None:
    """Apple does not document autoRenewStatus after billing retry has ended, so both can be played."""
    life = Life.begun()
    life.then(billing_failed)
    assert some(life.then(expired, leaves_on=True).renewal, "autoRenewStatus") == (1,)


def test_the_refund_of_an_earlier_transaction_changes_nothing_else() -> None:
    """The notification of such a refund has the earlier transaction, next to today's renewal info."""
    life = Life.begun()
    life.then(renewed)
    before = life.subscription.renewal
    event = life.then(refunded, FIRST)
    assert shape(event) == ("REFUND", None, 1)
    assert some(event.transaction, "transactionId", "revocationDate") == (FIRST, life.now)
    assert some(event.transaction, "expiresDate") != some(event.renewal, "renewalDate")
    assert life.subscription.renewal == before


def test_the_refund_of_the_current_transaction_ends_the_subscription() -> None:
    """Without its current period a subscription is revoked, and auto-renew is off; so it is with a commitment."""
    for product in (PRO, COMMITTED):
        event = Life.begun(product).then(refunded)
        assert shape(event) == ("REFUND", None, 5)
        assert some(event.renewal, "autoRenewStatus") == (0,)


def test_a_refund_is_reversed() -> None:
    """A reversed refund leaves no trace in its transaction, and auto-renew off."""
    life = Life.begun()
    life.then(refunded)
    event = life.then(refund_reversed)
    assert shape(event) == ("REFUND_REVERSED", None, 1)
    assert some(event.transaction, "revocationDate", "revocationType") == (None, None)
    assert some(event.renewal, "autoRenewStatus") == (0,)


def test_questions_about_a_refund_change_nothing() -> None:
    """A declined refund and a consumption request show the transaction in question, and change nothing."""
    life = Life.begun()
    life.then(renewed)
    before = life.subscription.transactions
    declined = life.then(refund_declined, FIRST)
    asked = life.then(consumption_requested, FIRST)
    assert [shape(event)[0] for event in (declined, asked)] == ["REFUND_DECLINED", "CONSUMPTION_REQUEST"]
    assert asked.data["consumptionRequestReason"] == "UNSATISFIED_WITH_PURCHASE"
    assert [some(event.transaction, "transactionId") for event in (declined, asked)] == [(FIRST,), (FIRST,)]
    assert life.subscription.transactions == before
    assert not_documented(declined) == not_documented(asked) == []


def test_a_member_of_the_family_loses_access() -> None:
    """REVOKE takes the transaction of a family member back, without a share of the price."""
    event = Life.begun(BASIC, customer=FAMILY).then(revoked)
    assert shape(event) == ("REVOKE", None, 5)
    assert some(event.transaction, "revocationType", "revocationPercentage") == ("FAMILY_REVOKE", None)
    assert not_documented(event) == []


@pytest.mark.parametrize(
    ("before", "transition", "given", "reason"),
    [
        ((), expired, (), "The subscription renews"),
        ((cancelled, lambda life: life.then(expired)), expired, (), "ended already"),
        ((), refunded, ("12",), "no transaction with this id"),
        ((lambda life: life.then(refunded),), refunded, (), "refunded already"),
        ((), refund_reversed, (), "is not refunded"),
        ((), revoked, (), "The customer pays"),
    ],
)
def test_what_cannot_happen(
    before: tuple[Callable[[Life], Any], ...], transition: Callable[..., Any], given: tuple[Any, ...], reason: str
) -> None:
    """What cannot happen to the subscription is refused with the reason."""
    life = Life.begun()
    for happen in before:
        happen(life)
    with pytest.raises(Failure, match=reason):
        life.then(transition, *given)


def test_a_member_of_the_family_loses_access_once() -> None:
    """A revoked transaction is neither revoked again nor is it a refund that could be reversed."""
    life = Life.begun(customer=FAMILY)
    life.then(revoked)
    for transition, reason in ((revoked, "revoked already"), (refund_reversed, "is not refunded")):
        with pytest.raises(Failure, match=reason):
            life.then(transition)
