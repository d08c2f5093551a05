"""The verbs about how subscriptions go on and end, on a simulator's data in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.cli import simulator as simulator_verbs
from console.simulator.endpoint_call import SUCCESS, Attempt
from console.simulator.subscriptions import happening_report
from console.simulator.subscriptions.screen_choice import CHOICES
from console.terminal.failure import Failure, Misuse
from tests.support.simulator_operator import MONTHLY, Operator, granted_operator


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return granted_operator(tmp_path)


def test_renewing_and_failing_to_bill(operator: Operator) -> None:
    """`renew` bills periods; after `fail-billing`, it recovers."""
    operator("subscribe", MONTHLY)
    assert operator.made("renew", "--times", "2") == [("DID_RENEW", None)] * 2
    assert operator.made("fail-billing") == [("DID_FAIL_TO_RENEW", None)]
    assert operator.made("renew") == [("DID_RENEW", "BILLING_RECOVERY")]
    assert operator.made("fail-billing", "--grace", "P16D") == [("DID_FAIL_TO_RENEW", "GRACE_PERIOD")]
    assert operator.made("fail-billing", "--end-grace") == [("GRACE_PERIOD_EXPIRED", None)]
    assert operator.made("expire") == [("EXPIRED", "BILLING_RETRY")]


def test_turning_auto_renew_off_and_on(operator: Operator) -> None:
    """The customer is named by product; without an earlier purchase, it is a new one."""
    changed = "DID_CHANGE_RENEWAL_STATUS"
    assert operator.made("turn-off", "--product", MONTHLY) == [
        ("SUBSCRIBED", "INITIAL_BUY"),
        (changed, "AUTO_RENEW_DISABLED"),
    ]
    assert operator.made("turn-on") == [(changed, "AUTO_RENEW_ENABLED")]


def test_refunding(operator: Operator) -> None:
    """`refund` takes the steps of a refund, of the current transaction or of an earlier one."""
    transaction = operator("subscribe", MONTHLY).strip()
    operator("renew")
    assert operator.made("refund", "--of", transaction, "--step", "asked") == [("CONSUMPTION_REQUEST", None)]
    assert operator.made("refund", "--of", transaction, "--step", "declined") == [("REFUND_DECLINED", None)]
    assert operator.made("refund", "--of", transaction, "--percentage", "50") == [("REFUND", None)]
    assert "renews" in operator("refund", "--of", transaction, "--step", "reversed")
    assert "revoked" in operator("refund")


def test_raising_the_price_and_extending(operator: Operator) -> None:
    """A raised price waits for consent; `extend` moves the end of the period."""
    operator("subscribe", MONTHLY)
    before = operator.subscription()["renewalDate"]
    assert operator.made("raise-price", "12.99") == [("PRICE_INCREASE", "PENDING")]
    assert operator.made("raise-price", "--accept") == [("PRICE_INCREASE", "ACCEPTED")]
    assert operator.made("raise-price", "13.99", "--no-consent") == [("PRICE_INCREASE", "ACCEPTED")]
    assert operator.made("extend", "--days", "3") == [("RENEWAL_EXTENDED", None)]
    assert operator.subscription()["renewalDate"] - before == 3 * 86_400_000
    for words in ((), ("9.99", "--accept")):
        with pytest.raises(Misuse):
            operator("raise-price", *words)


def test_a_family_member_loses_access(operator: Operator) -> None:
    """`unshare` revokes what a family member shares."""
    operator("subscribe", MONTHLY, "--kind", "family")
    assert operator.made("unshare") == [("REVOKE", None)]


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


def test_the_choices_after_the_screen_are_the_simulators() -> None:
    """The values of `--then`, repeated so that --help imports little, are those of the module."""
    assert tuple(choice.value for choice in simulator_verbs.NextStep) == CHOICES
