"""The verbs about subscriptions on a simulator's data in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from console.cli import simulator as simulator_verbs
from console.cli.simulator_subscriptions import BillingPlan, Discount, OfferKind, PurchaseKind
from console.simulator.accounts import PURCHASES
from console.simulator.answers import BILLING_PLAN_TYPES
from console.simulator.endpoint_call import SUCCESS, Attempt
from console.simulator.simulator import Simulator
from console.simulator.subscriptions import happening_report
from console.simulator.subscriptions.life import FREE_TRIAL, PAY_AS_YOU_GO, PAY_UP_FRONT
from console.simulator.subscriptions.price_list import OFFER_KINDS
from console.simulator.subscriptions.screen_choice import CHOICES
from console.terminal.failure import Failure, Misuse
from tests.support.simulator_operator import APP_APPLE_ID, Operator, granted_operator

MONTHLY, ANNUAL = "trailhead.pro.monthly", "trailhead.pro.annual"


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return granted_operator(tmp_path)


def made(operator: Operator, *words: str) -> list[Any]:
    """Return type and subtype of the notifications that a verb made."""
    return [(one["type"], one["subtype"]) for one in json.loads(operator(*words, "--json"))]


def listed(operator: Operator) -> Any:
    (subscription,) = json.loads(operator("subscriptions", "--json"))
    return subscription


def test_subscribing_prints_the_transaction_alone(operator: Operator) -> None:
    """`subscribe` prints the original transaction id; the customer then has a subscription."""
    transaction = operator("subscribe", MONTHLY).strip()
    with Simulator.open(operator.directory) as opened:
        assert opened.accounts.purchase(APP_APPLE_ID, transaction) is not None
    assert listed(operator)["originalTransactionId"] == transaction
    assert operator("subscribe", MONTHLY, "--kind", "one-time").strip() != transaction
    assert listed(operator)["originalTransactionId"] == transaction


def test_subscribing_with_a_past(operator: Operator) -> None:
    """A customer of 100 days, who began with a trial, has paid three times since."""
    operator("subscribe", MONTHLY, "--days-ago", "100", "--trial", "--price", "4.99", "--currency", "EUR")
    assert [one["price"] for one in listed(operator)["transactions"]] == [0, 4990, 4990, 4990]


def test_subscribing_to_a_commitment(operator: Operator) -> None:
    """With --plan MONTHLY a product of a year is billed each month."""
    operator("subscribe", ANNUAL, "--plan", "monthly", "--accelerated")
    (first,) = listed(operator)["transactions"]
    assert (first["expiresDate"] - first["purchaseDate"], first["price"]) == (300_000, 6660)


def test_renewing_and_failing_to_bill(operator: Operator) -> None:
    """`renew` bills periods; after `fail-billing`, it recovers."""
    operator("subscribe", MONTHLY)
    assert made(operator, "renew", "--times", "2") == [("DID_RENEW", None)] * 2
    assert made(operator, "fail-billing") == [("DID_FAIL_TO_RENEW", None)]
    assert made(operator, "renew") == [("DID_RENEW", "BILLING_RECOVERY")]
    assert made(operator, "fail-billing", "--grace", "P16D") == [("DID_FAIL_TO_RENEW", "GRACE_PERIOD")]
    assert made(operator, "fail-billing", "--end-grace") == [("GRACE_PERIOD_EXPIRED", None)]
    assert made(operator, "expire") == [("EXPIRED", "BILLING_RETRY")]


def test_turning_auto_renew_off_and_on(operator: Operator) -> None:
    """The customer is named by product; without an earlier purchase, it is a new one."""
    changed = "DID_CHANGE_RENEWAL_STATUS"
    assert made(operator, "turn-off", "--product", MONTHLY) == [
        ("SUBSCRIBED", "INITIAL_BUY"),
        (changed, "AUTO_RENEW_DISABLED"),
    ]
    assert made(operator, "turn-on") == [(changed, "AUTO_RENEW_ENABLED")]


def test_switching(operator: Operator) -> None:
    """A switch applies by its price, or as --when orders; a planned one can be withdrawn."""
    transaction = operator("subscribe", MONTHLY).strip()
    changed = "DID_CHANGE_RENEWAL_PREF"
    assert made(operator, "switch", "--to", ANNUAL) == [(changed, "DOWNGRADE")]
    assert made(operator, "switch", "--withdraw") == [(changed, None)]
    assert made(operator, "switch", "--to", ANNUAL, "--when", "now") == [(changed, "UPGRADE")]
    assert made(operator, "switch", "--transaction", transaction, "--to", MONTHLY) == [(changed, "UPGRADE")]
    for words in ((), ("--to", ANNUAL, "--withdraw")):
        with pytest.raises(Misuse):
            operator("switch", *words)


def test_committing(operator: Operator) -> None:
    """`commit` switches to the plan MONTHLY of a product of a year."""
    operator("subscribe", MONTHLY)
    assert made(operator, "commit", "--to", ANNUAL, "--price", "5.99") == [("DID_CHANGE_RENEWAL_PREF", "UPGRADE")]
    assert made(operator, "turn-off") == [("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED")]
    assert "its commitment goes on" in operator("renew")
    with pytest.raises(Failure, match="already"):
        operator("commit")


def test_redeeming(operator: Operator) -> None:
    """`redeem` names offer, kind and price; the discounted period is the next one, or with --at-once this one."""
    operator("subscribe", MONTHLY)
    assert made(operator, "redeem", "--offer", "half", "--periods", "2") == [("OFFER_REDEEMED", None)]
    operator("renew")
    assert made(operator, "redeem", "--offer", "free", "--discount", "free_trial", "--at-once")
    offers = [(one["offerIdentifier"], one["price"]) for one in listed(operator)["transactions"]]
    assert offers == [(None, 9990), ("half", 4990), ("free", 0)]
    with pytest.raises(Misuse):
        operator("redeem")


def test_refunding(operator: Operator) -> None:
    """`refund` takes the steps of a refund, of the current transaction or of an earlier one."""
    transaction = operator("subscribe", MONTHLY).strip()
    operator("renew")
    assert made(operator, "refund", "--of", transaction, "--step", "asked") == [("CONSUMPTION_REQUEST", None)]
    assert made(operator, "refund", "--of", transaction, "--step", "declined") == [("REFUND_DECLINED", None)]
    assert made(operator, "refund", "--of", transaction, "--percentage", "50") == [("REFUND", None)]
    assert "renews" in operator("refund", "--of", transaction, "--step", "reversed")
    assert "revoked" in operator("refund")


def test_ending_and_coming_back(operator: Operator) -> None:
    """`expire` can name a reason and win-back offers; `resubscribe` can redeem one, and name another product."""
    operator("subscribe", MONTHLY)
    assert made(operator, "expire", "--why", "not-for-sale") == [("EXPIRED", "PRODUCT_NOT_FOR_SALE")]
    assert made(operator, "resubscribe", "--offer", "back", "--offer-kind", "win-back") == [
        ("SUBSCRIBED", "RESUBSCRIBE")
    ]
    assert made(operator, "expire", "--why", "other", "--win-back", "back") == [("EXPIRED", None)]
    assert made(operator, "resubscribe", "--to", ANNUAL) == [("SUBSCRIBED", "RESUBSCRIBE")]
    assert listed(operator)["productId"] == ANNUAL


def test_raising_the_price_and_extending(operator: Operator) -> None:
    """A raised price waits for consent; `extend` moves the end of the period."""
    operator("subscribe", MONTHLY)
    before = listed(operator)["renewalDate"]
    assert made(operator, "raise-price", "12.99") == [("PRICE_INCREASE", "PENDING")]
    assert made(operator, "raise-price", "--accept") == [("PRICE_INCREASE", "ACCEPTED")]
    assert made(operator, "raise-price", "13.99", "--no-consent") == [("PRICE_INCREASE", "ACCEPTED")]
    assert made(operator, "extend", "--days", "3") == [("RENEWAL_EXTENDED", None)]
    assert listed(operator)["renewalDate"] - before == 3 * 86_400_000
    for words in ((), ("9.99", "--accept")):
        with pytest.raises(Misuse):
            operator("raise-price", *words)


def test_a_family_member_loses_access(operator: Operator) -> None:
    """`unshare` revokes what a family member shares."""
    operator("subscribe", MONTHLY, "--kind", "family")
    assert made(operator, "unshare") == [("REVOKE", None)]


def test_a_verb_sends_its_notification(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a URL, what happens is sent at once; with --later it waits for `deliver`."""
    monkeypatch.setattr(happening_report, "notify", lambda *_: Attempt(SUCCESS, "", 1, 200))
    operator("notification-url", "http://127.0.0.1:8080/v1/notifications")
    operator("subscribe", MONTHLY)
    assert "DISABLED" in operator("turn-off", "--later")
    printed = operator("turn-on")
    assert printed.count("delivered, HTTP 200") == 1
    assert "No notification is due." in operator("deliver")


def test_a_transaction_names_the_customer_who_cancels(operator: Operator) -> None:
    """`cancel --transaction` needs no product: it is the one that the customer has. An unknown one is refused."""
    one, other = operator("subscribe", MONTHLY).strip(), operator("subscribe", MONTHLY).strip()
    assert one != other
    printed = json.loads(operator("cancel", "--transaction", other, "--then", "cancel", "--json"))
    assert printed["then"][-1]["subtype"] == "AUTO_RENEW_DISABLED"
    with pytest.raises(Failure, match="has 2 subscriptions"):
        operator("cancel")
    with pytest.raises(Failure, match="does not know this transaction"):
        operator("cancel", "--transaction", "7")


def test_what_a_customer_does_after_the_screen(operator: Operator) -> None:
    """`cancel --then` shows the screen, and what the customer did."""
    seen = json.loads(operator("cancel", "--product", MONTHLY, "--then", "cancel", "--json"))
    assert (seen["source"], seen["then"][-1]["subtype"]) == ("nothing", "AUTO_RENEW_DISABLED")
    operator("turn-on")
    assert "Nothing happened" in operator("cancel", "--product", MONTHLY, "--then", "keep")
    operator("asc-message", MONTHLY, "--header", "Stay", "--body", "A month for nothing", "--offer", "free-month")
    assert "with the offer free-month for 0.00 USD" in operator("cancel", "--product", MONTHLY, "--then", "redeem")
    assert "sees no Cancel button" not in operator("cancel")
    with pytest.raises(Failure, match="no other product"):
        operator("cancel", "--product", MONTHLY, "--then", "switch")


def test_the_options_name_what_the_simulator_knows() -> None:
    """The values of options, repeated so that --help imports little, are those of the modules."""
    assert tuple(kind.value for kind in PurchaseKind) == PURCHASES
    assert [kind.value for kind in OfferKind] == list(OFFER_KINDS)
    assert {plan.value for plan in BillingPlan} == set(BILLING_PLAN_TYPES)
    assert {discount.value for discount in Discount} == {FREE_TRIAL, PAY_AS_YOU_GO, PAY_UP_FRONT}
    assert tuple(choice.value for choice in simulator_verbs.NextStep) == CHOICES
