"""The verbs about purchases on a simulator's data in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.cli.simulator_purchases import PurchaseKind
from console.simulator.accounts import PURCHASES
from console.simulator.simulator import Simulator
from console.terminal.failure import Failure, Misuse
from tests.support.simulator_operator import ANNUAL, APP_APPLE_ID, MONTHLY, Operator, granted_operator


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return granted_operator(tmp_path)


def test_subscribing_prints_the_transaction_alone(operator: Operator) -> None:
    """`subscribe` prints the original transaction id; the customer then has a subscription."""
    transaction = operator("subscribe", MONTHLY).strip()
    with Simulator.open(operator.directory) as opened:
        assert opened.accounts.purchase(APP_APPLE_ID, transaction) is not None
    assert operator.subscription()["originalTransactionId"] == transaction
    assert operator("subscribe", MONTHLY, "--kind", "one-time").strip() != transaction
    assert operator.subscription()["originalTransactionId"] == transaction


def test_subscribing_with_a_past(operator: Operator) -> None:
    """A customer of 100 days, who began with a trial, has paid three times since."""
    operator("subscribe", MONTHLY, "--days-ago", "100", "--trial", "--price", "4.99", "--currency", "EUR")
    assert [one["price"] for one in operator.subscription()["transactions"]] == [0, 4990, 4990, 4990]


def test_subscribing_to_a_commitment(operator: Operator) -> None:
    """With --plan MONTHLY a product of a year is billed each month."""
    operator("subscribe", ANNUAL, "--plan", "monthly", "--accelerated")
    (first,) = operator.subscription()["transactions"]
    assert (first["expiresDate"] - first["purchaseDate"], first["price"]) == (300_000, 6660)


def test_switching(operator: Operator) -> None:
    """A switch applies by its price, or as --when orders; a planned one can be withdrawn."""
    transaction = operator("subscribe", MONTHLY).strip()
    changed = "DID_CHANGE_RENEWAL_PREF"
    assert operator.made("switch", "--to", ANNUAL) == [(changed, "DOWNGRADE")]
    assert operator.made("switch", "--withdraw") == [(changed, None)]
    assert operator.made("switch", "--to", ANNUAL, "--when", "now") == [(changed, "UPGRADE")]
    assert operator.made("switch", "--transaction", transaction, "--to", MONTHLY) == [(changed, "UPGRADE")]
    for words in ((), ("--to", ANNUAL, "--withdraw")):
        with pytest.raises(Misuse):
            operator("switch", *words)


def test_committing(operator: Operator) -> None:
    """`commit` switches to the plan MONTHLY of a product of a year."""
    operator("subscribe", MONTHLY)
    assert operator.made("commit", "--to", ANNUAL, "--price", "5.99") == [("DID_CHANGE_RENEWAL_PREF", "UPGRADE")]
    assert operator.made("turn-off") == [("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED")]
    assert "its commitment goes on" in operator("renew")
    with pytest.raises(Failure, match="already"):
        operator("commit")


def test_redeeming(operator: Operator) -> None:
    """`redeem` names offer, kind and price; the discounted period is the next one, or with --at-once this one."""
    operator("subscribe", MONTHLY)
    assert operator.made("redeem", "--offer", "half", "--periods", "2") == [("OFFER_REDEEMED", None)]
    operator("renew")
    assert operator.made("redeem", "--offer", "free", "--discount", "free_trial", "--at-once")
    offers = [(one["offerIdentifier"], one["price"]) for one in operator.subscription()["transactions"]]
    assert offers == [(None, 9990), ("half", 4990), ("free", 0)]
    with pytest.raises(Misuse):
        operator("redeem")


def test_ending_and_coming_back(operator: Operator) -> None:
    """`expire` can name a reason and win-back offers; `resubscribe` can redeem one, and name another product."""
    operator("subscribe", MONTHLY)
    assert operator.made("expire", "--why", "not-for-sale") == [("EXPIRED", "PRODUCT_NOT_FOR_SALE")]
    assert operator.made("resubscribe", "--offer", "back", "--offer-kind", "win-back") == [
        ("SUBSCRIBED", "RESUBSCRIBE")
    ]
    assert operator.made("expire", "--why", "other", "--win-back", "back") == [("EXPIRED", None)]
    assert operator.made("resubscribe", "--to", ANNUAL) == [("SUBSCRIBED", "RESUBSCRIBE")]
    assert operator.subscription()["productId"] == ANNUAL


def test_the_kinds_of_purchases_are_the_simulators() -> None:
    """The values of `--kind`, repeated so that --help imports little, are those of the module."""
    assert tuple(kind.value for kind in PurchaseKind) == PURCHASES
