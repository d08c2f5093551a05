"""How a subscription goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from console.simulator.subscriptions.billing_periods import DAY
from console.simulator.subscriptions.endings import expired
from console.simulator.subscriptions.purchases import downgraded
from console.simulator.subscriptions.renewals import (
    billing_failed,
    extended,
    grace_expired,
    price_accepted,
    price_raised,
    recovered,
    renewed,
    turned_off,
    turned_on,
)
from console.terminal.failure import Failure
from tests.support.simulated_lives import BASIC, COMMITTED, PRO, Life, not_documented, shape, some


def test_a_renewal_begins_where_the_period_ends() -> None:
    """A renewal's purchaseDate is the end of the period before; it may be signed earlier."""
    life = Life.begun()
    ends = life.subscription.current.expires
    event = life.then(renewed, days=27.5)
    assert shape(event) == ("DID_RENEW", None, 1)
    assert event.signed_date < ends
    assert some(event.transaction, "purchaseDate", "transactionReason") == (ends, "RENEWAL")


def test_auto_renew_is_turned_off_and_on() -> None:
    """Both are DID_CHANGE_RENEWAL_STATUS, and the transaction stays as it is."""
    life = Life.begun()
    off, on = life.then(turned_off), life.then(turned_on)
    assert shape(off) == ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", 1)
    assert shape(on) == ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED", 1)
    assert [some(event.renewal, "autoRenewStatus") for event in (off, on)] == [(0,), (1,)]
    assert len(life.subscription.transactions) == 1


def test_a_cancelled_commitment_is_billed_to_its_end() -> None:
    """A customer who cancels a commitment pays its twelve periods, and then autoRenewStatus is 0."""
    life = Life.begun(COMMITTED)
    off = life.then(turned_off)
    assert shape(off) == ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", 1)
    events = [life.then(renewed, days=30) for _ in range(11)]
    assert [some(event.renewal, "autoRenewStatus") for event in events] == [(1,)] * 10 + [(0,)]
    with pytest.raises(Failure, match="Auto-renew is off"):
        life.then(renewed)
    assert shape(life.then(expired)) == ("EXPIRED", "VOLUNTARY", 2)


def test_billing_fails_and_recovers_later() -> None:
    """Without a grace period, the recovered period begins when it is billed."""
    life = Life.begun()
    assert shape(life.then(billing_failed, days=28)) == ("DID_FAIL_TO_RENEW", None, 3)
    event = life.then(recovered, days=10)
    assert shape(event) == ("DID_RENEW", "BILLING_RECOVERY", 1)
    assert some(event.transaction, "purchaseDate") == (life.now,)
    assert some(event.renewal, "isInBillingRetryPeriod") == (None,)


def test_in_a_grace_period_the_renewal_date_stays() -> None:
    """Recovered in a grace period, the new period begins where the last one ended."""
    life = Life.begun()
    ends = life.subscription.current.expires
    failed = life.then(billing_failed, "P16D", days=28)
    assert shape(failed) == ("DID_FAIL_TO_RENEW", "GRACE_PERIOD", 4)
    assert some(failed.renewal, "gracePeriodExpiresDate") == (ends + 16 * DAY,)
    life.then(recovered, days=10)
    assert life.subscription.current.expires == ends + 28 * DAY  # from 28 February to 28 March
    assert life.subscription.current.purchased == life.now


def test_a_grace_period_ends() -> None:
    """After its grace period, a subscription is in billing retry."""
    life = Life.begun()
    life.then(billing_failed, "P16D")
    assert shape(life.then(grace_expired)) == ("GRACE_PERIOD_EXPIRED", None, 3)
    assert shape(life.then(expired)) == ("EXPIRED", "BILLING_RETRY", 2)


def test_a_price_increase_needs_consent() -> None:
    """Until the customer consents, nothing is renewed; then the next period costs the new price."""
    life = Life.begun()
    assert shape(life.then(price_raised, 12990)) == ("PRICE_INCREASE", "PENDING", 1)
    with pytest.raises(Failure, match="not consented"):
        life.then(renewed)
    accepted = life.then(price_accepted)
    assert shape(accepted) == ("PRICE_INCREASE", "ACCEPTED", 1)
    assert some(accepted.renewal, "priceIncreaseStatus") == (1,)
    event = life.then(renewed)
    assert some(event.transaction, "price") == (12990,)
    assert some(event.renewal, "priceIncreaseStatus", "renewalPrice") == (None, 12990)


def test_a_price_increase_without_consent() -> None:
    """Where no consent is needed, a price increase is accepted at once."""
    assert shape(Life.begun().then(price_raised, 12990, consent=False)) == ("PRICE_INCREASE", "ACCEPTED", 1)


def test_within_a_commitment_a_price_increase_waits() -> None:
    """The periods of a commitment cost what was agreed; the raised price comes after them."""
    life = Life.begun(COMMITTED)
    life.then(price_raised, 9990)
    life.then(price_accepted)
    for _ in range(12):
        event = life.then(renewed, days=30)
    assert [one.price for one in life.subscription.transactions] == [8990] * 12 + [9990]
    assert some(event.renewal, "priceIncreaseStatus") == (None,)


def test_the_owner_extends_a_period() -> None:
    """An extension moves the end of the period and the renewal date together."""
    life = Life.begun()
    ends = life.subscription.current.expires
    event = life.then(extended, 90)
    assert shape(event) == ("RENEWAL_EXTENDED", None, 1)
    assert some(event.transaction, "expiresDate") == some(event.renewal, "renewalDate") == (ends + 90 * DAY,)


def test_every_claim_is_one_that_apple_documents() -> None:
    """Apple's library knows every field and value of these events."""
    life = Life.begun(COMMITTED)
    life.then(turned_off)
    life.then(turned_on)
    life.then(price_raised, 9990)
    life.then(price_accepted)
    life.then(extended, 3)
    life.then(downgraded, BASIC)
    life.then(renewed)
    life.then(billing_failed)
    life.then(recovered)
    assert [one for event in life.events for one in not_documented(event)] == []


@pytest.mark.parametrize(
    ("transition", "given", "reason"),
    [
        (turned_on, (), "on already"),
        (grace_expired, (), "not in a grace period"),
        (recovered, (), "nothing to recover"),
        (price_accepted, (), "No price increase"),
        (price_raised, (PRO.price,), "not higher"),
    ],
)
def test_what_cannot_happen(transition: Callable[..., Any], given: tuple[Any, ...], reason: str) -> None:
    """What cannot happen to an active subscription is refused with the reason."""
    with pytest.raises(Failure, match=reason):
        Life.begun().then(transition, *given)


@pytest.mark.parametrize(
    ("transition", "given"),
    [(renewed, ()), (turned_on, ()), (billing_failed, ()), (price_raised, (12990,)), (extended, (1,))],
)
def test_nothing_goes_on_after_the_end(transition: Callable[..., Any], given: tuple[Any, ...]) -> None:
    """An expired subscription is neither renewed nor turned on nor extended."""
    life = Life.begun()
    life.then(turned_off)
    life.then(expired)
    with pytest.raises(Failure, match="not active"):
        life.then(transition, *given)


def test_a_customer_who_cancels_while_billing_fails_is_not_billed() -> None:
    """Auto-renew can be turned off in billing retry; then nothing can be recovered, and the end is voluntary."""
    life = Life.begun()
    life.then(billing_failed)
    life.then(turned_off)
    with pytest.raises(Failure, match="Auto-renew is off"):
        life.then(recovered)
    assert shape(life.then(expired)) == ("EXPIRED", "VOLUNTARY", 2)


def test_a_commitment_has_no_grace_period() -> None:
    """A grace period is refused for a subscription with a commitment."""
    with pytest.raises(Failure, match="no grace period"):
        Life.begun(COMMITTED).then(billing_failed, "P16D")


def test_turned_off_twice() -> None:
    """What is off cannot be turned off."""
    life = Life.begun()
    life.then(turned_off)
    with pytest.raises(Failure, match="off already"):
        life.then(turned_off)
