"""What is known of a customer: which rows are read, in one call, and what becomes of one that cannot be understood."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from retention import table as rows
from retention.aws.deadline import Deadline
from retention.catalog import Sheet
from retention.locales import LocaleTable
from retention.lookup.customer_facts import (
    NO_CUSTOMER_FACTS,
    CustomerFacts,
    prepare,
    read_customer_facts,
    read_reported,
)
from retention.lookup.store import Store
from retention.lookup.table_reader import TableReader
from retention.rules import NO_FACTS, NO_SUBSCRIPTION, UNREADABLE, Customer, Reported, Subscription
from retention.subscription import FACT_KINDS, PastTransaction, RenewalSnapshot, State, to_document

from tests.support.fake_table import APP, TABLE, FakeTable, fails, hangs
from tests.support.waiting import PATIENCE

PERSON = "99371282"
NOW = 1_795_521_600.0
DAY_MS = 86_400_000
NOW_MS = int(NOW * 1000)

REDEEMED = PastTransaction(
    NOW_MS - 10 * DAY_MS, "0011223344556677", NOW_MS, reason="RENEWAL", offer_type=2, offer_identifier="half"
)
STATE = State(
    renewal=RenewalSnapshot(NOW_MS, auto_renew_status=1, recent_subscription_start_date=NOW_MS - 200 * DAY_MS),
    transactions=(REDEEMED,),
)
REPORTED = Reported({"tenureDays": 200, "autoRenew": True}, (("half", NOW_MS - 10 * DAY_MS),))


def sheet(profile: bool = True, names: tuple[str, ...] = ("tenureDays", "autoRenew"), limited: bool = False) -> Sheet:  # noqa: FBT001, FBT002
    """Return a sheet whose rules ask for a fact of the profile, for these facts of Apple's, and have a limit."""
    answer: dict[str, Any] = {
        "kind": "promotionalOffer", "set": "text", "productId": "p", "offerIdentifier": "half", "signature": "v2",
    }  # fmt: skip
    if limited:
        answer["limit"] = {"times": 1, "days": 30, "of": "any"}
    asked = [["present", "customer.plan"]] * profile + [["present", f"subscription.{name}"] for name in names]
    rule = {"name": "a", "when": ["all", *asked], "from": None, "until": None, "answer": answer}
    document = {"product": None, "rules": [rule], "sets": {"text": {"en-US": ["1"]}}, "pictured": []}
    return Sheet.from_document(document, LocaleTable("en-US", {}))


def put_profile(table: FakeTable, **attributes: Any) -> None:
    table.put(rows.profile_key(APP, PERSON), {"plan": {"S": "gold"}, **attributes})


def put_reported(table: FakeTable, state: State = STATE, **attributes: Any) -> None:
    document = rows.document_attributes(to_document(state))
    table.put(rows.subscription_key(APP, PERSON), {**document, "version": {"N": "3"}, **attributes})


def read(table: FakeTable, of: Sheet, seconds: float = PATIENCE) -> CustomerFacts:
    reader = TableReader(lambda: table, TABLE)
    return read_customer_facts(reader, (APP, PERSON), of, Deadline.after(seconds), NOW)


def facts_of(facts: CustomerFacts) -> tuple[Customer, Subscription]:
    return facts.profile, facts.subscription


@pytest.fixture
def table() -> FakeTable:
    """Return a table with both rows of the customer."""
    made = FakeTable()
    put_profile(made)
    put_reported(made)
    return made


def test_both_rows_are_read_consistently_in_one_call(table: FakeTable) -> None:
    """Where rules ask for both, one BatchGetItem reads the profile and what Apple has reported."""
    assert facts_of(read(table, sheet())) == ({"plan": "gold"}, REPORTED)
    [(operation, request)] = table.calls
    assert operation == "batch_get_item"
    assert request["RequestItems"][TABLE]["ConsistentRead"] is True


@pytest.mark.parametrize(
    ("asking", "key", "expected"),
    [
        (sheet(names=()), rows.profile_key, ({"plan": "gold"}, NO_SUBSCRIPTION)),
        (sheet(profile=False), rows.subscription_key, (NO_FACTS, REPORTED)),
        (
            sheet(profile=False, names=(), limited=True),
            rows.subscription_key,
            (NO_FACTS, Reported({}, REPORTED.redemptions)),
        ),
    ],
    ids=["the profile", "facts from Apple", "a limit"],
)
def test_one_row_is_read_where_rules_ask_for_one(
    table: FakeTable, asking: Sheet, key: Any, expected: tuple[Customer, Subscription]
) -> None:
    """Where rules ask for one of the two, one GetItem reads it; a limit of an offer asks for Apple's."""
    assert facts_of(read(table, asking)) == expected
    assert [(operation, request["Key"]) for operation, request in table.calls] == [("get_item", key(APP, PERSON))]


def test_where_rules_ask_for_nothing_no_call_is_made(table: FakeTable) -> None:
    """A product whose rules ask for no fact costs no call."""
    store = Store(lambda: table, TABLE)
    facts = store.customer_facts(APP, PERSON, sheet(profile=False, names=()), Deadline.after(PATIENCE))
    assert facts is NO_CUSTOMER_FACTS
    assert table.calls == []


def test_a_missing_row_is_an_answer() -> None:
    """Without a row there are no facts, and it is not known which offers were redeemed; nothing is unreadable."""
    table = FakeTable()
    assert facts_of(read(table, sheet())) == (NO_FACTS, NO_SUBSCRIPTION)
    put_profile(table)
    assert facts_of(read(table, sheet())) == ({"plan": "gold"}, NO_SUBSCRIPTION)
    assert facts_of(read(table, sheet(profile=False))) == (NO_FACTS, NO_SUBSCRIPTION)


@pytest.mark.parametrize("fault", [fails, hangs])
@pytest.mark.parametrize(
    ("asking", "expected"),
    [
        (sheet(), (UNREADABLE, UNREADABLE)),
        (sheet(names=()), (UNREADABLE, NO_SUBSCRIPTION)),
        (sheet(profile=False), (NO_FACTS, UNREADABLE)),
    ],
    ids=["both", "the profile", "facts from Apple"],
)
def test_a_call_that_fails_makes_unreadable_all_it_asked_for(
    table: FakeTable, fault: Any, asking: Sheet, expected: tuple[Customer, Subscription]
) -> None:
    """Rows that DynamoDB did not return, or not in time, are unreadable; they do not count as absent."""
    table.fault = fault
    assert facts_of(read(table, asking, seconds=0.02)) == expected


def test_keys_that_stay_unprocessed_are_unreadable(table: FakeTable) -> None:
    """Where DynamoDB leaves a key unprocessed until the time is over, neither row is used."""
    table.throttled = True
    assert facts_of(read(table, sheet(), seconds=0.05)) == (UNREADABLE, UNREADABLE)


def test_a_key_left_unprocessed_once_is_asked_for_again(table: FakeTable) -> None:
    """Where DynamoDB leaves one of the two keys unprocessed, both rows are read all the same."""
    table.unprocessed = 1
    assert facts_of(read(table, sheet())) == ({"plan": "gold"}, REPORTED)
    assert len(table.calls) == 2


DAMAGE: dict[str, dict[str, Any]] = {
    "a digest of another document": {"digest": {"S": "0" * 64}},
    "a document that was cut off": {"document": {"B": rows.pack(rows.canonical(to_document(STATE)))[:-9]}},
    "a document that is no state": rows.document_attributes({"renewal": None}),
    "a document that is no object": rows.document_attributes([]),
    "a document that is no binary": {"document": {"S": "x"}},
    "no document": {"document": {"NULL": True}},
    "a price beyond all numbers": rows.document_attributes(
        to_document(State(renewal=RenewalSnapshot(1, renewal_price=10**400 + 1)))
    ),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_row_makes_its_own_facts_unreadable(table: FakeTable, damage: dict[str, Any]) -> None:
    """What Apple has reported is unreadable where its row is damaged, and the profile next to it is used."""
    put_reported(table, **damage)
    asking = sheet(names=("renewalPrice",))
    assert facts_of(read(table, asking)) == ({"plan": "gold"}, UNREADABLE)


@pytest.mark.parametrize(
    ("expires", "known"),
    [("1795521600", False), ("1795521601", True), ("soon", False)],
    ids=["at its second", "a second later", "no number"],
)
def test_an_expired_row_is_no_row(table: FakeTable, expires: str, *, known: bool) -> None:
    """What Apple has reported ends at the second of `expiresAt`, even if DynamoDB deletes the row later."""
    put_reported(table, expiresAt={"N": expires})
    assert read(table, sheet()).subscription == (REPORTED if known else NO_SUBSCRIPTION)


def test_an_expired_row_is_not_judged(table: FakeTable) -> None:
    """A row that has expired need not be understood any more."""
    put_reported(table, expiresAt={"N": "1"}, digest={"S": ""})
    assert read(table, sheet()).subscription is NO_SUBSCRIPTION


def test_facts_that_are_not_known_by_name_are_missing(table: FakeTable) -> None:
    """A name that this version does not know is a missing fact, and the others are there."""
    reported = read(table, sheet(names=("tenureDays", "moonPhase"))).subscription
    assert isinstance(reported, Reported)
    assert reported.facts == {"tenureDays": 200}


def test_a_row_of_which_no_transaction_is_known_does_not_say_that_no_offer_was_redeemed(table: FakeTable) -> None:
    """Renewal info alone does not show which offers were redeemed, so limits of offers do not hold."""
    put_reported(table, State(renewal=STATE.renewal))
    reported = read(table, sheet()).subscription
    assert reported == Reported(REPORTED.facts, None)


def test_all_facts_are_read_where_no_names_are_given(table: FakeTable) -> None:
    """A program that shows what is known of a subscription gets every fact."""
    item = table.items[rows.subscription_key(APP, PERSON)["pk"]["S"], rows.SUBSCRIPTION]
    reported = read_reported(item, NOW)
    assert isinstance(reported, Reported)
    assert set(REPORTED.facts) < set(reported.facts) <= set(FACT_KINDS)


def test_reading_what_apple_has_reported_is_imported_with_the_sheet_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start whose rules do not ask for it never imports `retention.subscription`."""
    monkeypatch.delitem(sys.modules, "retention.subscription")
    monkeypatch.delattr("retention.subscription")
    sheet()
    assert "retention.subscription" not in sys.modules
    prepare()
    assert "retention.subscription" in sys.modules
