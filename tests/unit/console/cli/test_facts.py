"""`facts show` and `facts forget` on a table in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest
from retention import table as rows
from retention.subscription import RenewalSnapshot, State, to_document

from console.deployment.target import Target
from console.terminal.failure import Failure
from tests.support.called_verb import Call

CUSTOMER = "2000000900000180"
AT = ("--env", "sandbox")


@pytest.fixture
def learned(target: Target) -> Target:
    """A table in which a subscription's row is."""
    state = State(renewal=RenewalSnapshot(1, auto_renew_product_id="pro.annual", auto_renew_status=0))
    key = rows.subscription_key(target.app_apple_id, CUSTOMER)
    target.app_table.put({"Item": {**key, **rows.document_attributes(to_document(state))}})
    return target


@pytest.mark.usefixtures("learned")
def test_facts_are_shown_without_the_id(call: Call) -> None:
    """Text and document have the facts; neither repeats the id that was typed."""
    ended = call("facts", "show", CUSTOMER, *AT)
    assert ended.code == 0
    assert "subscription.nextProductId" in ended.out
    document = call("facts", "show", CUSTOMER, *AT, "--json")
    assert document.document["facts"]["nextProductId"] == "pro.annual"
    assert CUSTOMER not in ended.out + document.out


@pytest.mark.usefixtures("target")
def test_what_apple_has_not_reported_is_not_known(call: Call) -> None:
    """No row is no failure."""
    assert call("facts", "show", CUSTOMER, *AT, "--json").document["found"] is False
    assert call("facts", "forget", CUSTOMER, *AT).out == "Nothing is known of this transaction.\n"


def test_forgetting_asks_first(call: Call, learned: Target) -> None:
    """Without --yes and without a terminal nothing is deleted; with it, the row is, and the text names what follows."""
    with pytest.raises(Failure, match="Add --yes"):
        call("facts", "forget", CUSTOMER, *AT)
    assert learned.app_table.get(rows.subscription_key(learned.app_apple_id, CUSTOMER))
    out = call("facts", "forget", CUSTOMER, *AT, "--yes").out
    assert "Apple's next notification" in out
    assert "forget once more" in out
    assert not learned.app_table.get(rows.subscription_key(learned.app_apple_id, CUSTOMER))
    assert call("facts", "forget", CUSTOMER, *AT, "--json").document == {"forgotten": False}


def test_the_sandbox_asks_too(call: Call, learned: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleting asks in every environment."""
    made = replace(learned, production=False)
    monkeypatch.setattr("console.deployment.target.find_target", lambda *_: made)
    with pytest.raises(Failure, match="Add --yes"):
        call("facts", "forget", CUSTOMER, *AT)
