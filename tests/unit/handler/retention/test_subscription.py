"""What is kept of a subscription: merging, the document, and each fact by its formula."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from retention.errors import DocumentError
from retention.subscription import (
    EMPTY,
    FACT_KINDS,
    MAX_SNAPSHOTS,
    MAX_TRANSACTIONS,
    PastTransaction,
    RenewalSnapshot,
    State,
    TransactionSnapshot,
    facts,
    from_document,
    merge,
    offers_taken,
    redemptions,
    renews,
    to_document,
)

DAY: Final = 86_400_000
START: Final = 1_760_000_000_000  # a purchase, UNIX ms
NOW_MS: Final = START + 100 * DAY
NOW: Final = NOW_MS / 1000


def renewal(**fields: Any) -> State:
    return State(renewal=RenewalSnapshot(**{"signed_date": START} | fields))


def current(**fields: Any) -> State:
    return State(transaction=TransactionSnapshot(**{"signed_date": START} | fields))


def bought(*several: dict[str, Any]) -> State:
    """Return a state of transactions, oldest first, bought a day apart from START on."""
    return State(transactions=tuple(_bought(at, fields) for at, fields in enumerate(several)))


def _bought(at: int, fields: dict[str, Any]) -> PastTransaction:
    date = START + at * DAY
    return PastTransaction(purchase_date=date, digest=f"{at:016x}", signed_date=date)._replace(**fields)


def autos(marks: str) -> State:
    """Return a state that saw auto-renew on (1) or off (0) a day apart from START on."""
    return State(auto=tuple((START + at * DAY, mark == "1") for at, mark in enumerate(marks)))


def troubles(*marks: tuple[int, bool]) -> State:
    return State(trouble=tuple((START + at * DAY, retrying) for at, retrying in marks))


# --- merging ---


def test_nothing_merges_to_nothing() -> None:
    """The merge of no states, and of empty ones, is EMPTY; EMPTY changes no other."""
    assert merge() == merge(EMPTY, EMPTY) == EMPTY
    state = merge(renewal(), bought({}), autos("1"))
    assert merge(EMPTY, state, EMPTY) == state


def test_the_newest_renewal_info_wins_with_all_of_its_fields() -> None:
    """A field that the newest renewal info leaves out is absent, though an older one had it."""
    older = renewal(signed_date=START, renewal_price=5990, auto_renew_status=1)
    newer = renewal(signed_date=START + 1, auto_renew_status=0)
    assert merge(newer, older).renewal == merge(older, newer).renewal == newer.renewal


def test_two_snapshots_of_one_millisecond_have_an_order() -> None:
    """Of two different snapshots of one millisecond the same one wins, in whichever order they come."""
    one, other = renewal(auto_renew_status=0), renewal(auto_renew_status=1)
    assert merge(one, other) == merge(other, one)
    assert merge(one, other).renewal in {one.renewal, other.renewal}


def test_a_transaction_is_kept_once_as_it_was_signed_last() -> None:
    """A newer snapshot of a transaction replaces the older: a reversed refund clears the revocation."""
    refunded = bought({"signed_date": START + 5, "revocation_date": START + 4})
    reversed_later = bought({"signed_date": START + 6})
    assert merge(reversed_later, refunded, bought({})) == reversed_later


def test_the_transactions_bought_last_are_kept() -> None:
    """The set of transactions holds the 64 with the latest purchase dates, however they come."""
    each = [
        State(transactions=(PastTransaction(START + at, f"{at:016x}", START),)) for at in range(MAX_TRANSACTIONS + 9)
    ]
    kept = [transaction.purchase_date for transaction in merge(*each[::-1]).transactions]
    assert kept == [START + at for at in range(9, MAX_TRANSACTIONS + 9)]


def test_the_latest_marks_are_kept() -> None:
    """The sets of marks hold the 64 that were signed last."""
    each = [State(auto=((START + at, True),), trouble=((START + at, False),)) for at in range(MAX_SNAPSHOTS + 9)]
    merged = merge(*each)
    assert len(merged.auto) == len(merged.trouble) == MAX_SNAPSHOTS
    assert merged.auto[0] == (START + 9, True)


def test_of_two_marks_of_one_millisecond_the_careful_one_is_kept() -> None:
    """Signed at the same millisecond, off prevails over on, and a retry over none."""
    assert merge(autos("1"), autos("0")).auto == ((START, False),)
    assert merge(troubles((0, False)), troubles((0, True))).trouble == ((START, True),)


def test_a_history_that_was_merged_once_stays_merged() -> None:
    """`historyComplete` is true once one of the states has it."""
    assert merge(State(history_complete=True), bought({})).history_complete


# --- the document ---

FULL: Final = State(
    RenewalSnapshot(
        *(START, 1, "pro", "pro", 1, 0, "MONTHLY", START, START),
        in_billing_retry=True,
        expiration_intent=2,
        renewal_price=1990,
        offer_type=2,
        offer_identifier="o",
        recent_subscription_start_date=START,
        price_increase_status=0,
        win_back_offers=("a", "b"),
    ),
    TransactionSnapshot(START, "pro", START, START, "g", "USA", "USD", 1, 1, "o", "FREE_TRIAL", "MONTHLY", 2, 12, "X"),
    (PastTransaction(START, "0" * 16, START, "pro", "PURCHASE", 2, "o", 0, START),),
    ((START, True),),
    ((START, False),),
    history_complete=True,
)


@pytest.mark.parametrize(
    "state", [EMPTY, FULL, bought({}, {"price": 1}), autos("10")], ids="empty full bought auto".split()
)
def test_a_document_gives_back_its_state(state: State) -> None:
    """A state is read back from the JSON text of its document."""
    assert from_document(json.loads(json.dumps(to_document(state)))) == state


def test_the_full_state_has_every_field() -> None:
    """The state of these tests leaves no field of a register or an entry out."""
    registers = (FULL.renewal, FULL.transaction)
    assert all(getattr(held, name) is not None for held in registers if held for name in held.__slots__)
    assert None not in FULL.transactions[0]


def damaged() -> list[tuple[str, object]]:
    good = to_document(FULL)
    parts: dict[str, list[Any]] = {
        "renewal": [[], {}, {"signed_date": "1"}, {"signed_date": 1, "other": 1}, {"signed_date": True}, 1],
        "transaction": [{"signed_date": 1, "product_id": 1}, {"product_id": "pro"}, {"signed_date": 1, "group": None}],
        "transactions": [{}, None, [[1]], [[1]] * 9, [*good["transactions"][:8], []], [1] * 9],
        "auto": [[[1], [1]], [[1.5], [True]], [[1], [True, False]], [[1]], "", [["1"], [True]]],
        "trouble": [[[1], [None]]],
        "historyComplete": [None, 1, "true"],
    }
    offers = {**good["renewal"], "win_back_offers": ["a", 1]}
    changed = [
        (f"{name} {at}", {**good, name: value}) for name, values in parts.items() for at, value in enumerate(values)
    ]
    missing = [(f"without {name}", {other: good[other] for other in good if other != name}) for name in good]
    return [
        *(
            ("nothing", None),
            ("a list", []),
            ("one more", {**good, "more": 1}),
            ("offers", {**good, "renewal": offers}),
        ),
        *changed,
        *missing,
    ]


@pytest.mark.parametrize(("_", "document"), damaged(), ids=[name for name, _ in damaged()])
def test_another_document_is_refused(_: str, document: object) -> None:
    """A document of another shape raises DocumentError, not an unexpected exception."""
    with pytest.raises(DocumentError):
        from_document(document)


# --- facts ---


def test_without_a_report_there_is_no_fact() -> None:
    """Of a subscription of which Apple reported nothing, no fact is known; not even that its history is incomplete."""
    assert facts(EMPTY, NOW) == {}


def test_every_fact_of_the_table_has_a_kind_and_keeps_it() -> None:
    """Each fact is of its kind in FACT_KINDS: numbers are no truth values, lists are of texts."""
    found = facts(merge(FULL, autos("10")), NOW)
    kinds: dict[str, Any] = {"number": (int, float), "text": str, "truth": bool, "list": tuple}
    assert set(found) == set(FACT_KINDS)
    for name, value in found.items():
        assert isinstance(value, kinds[FACT_KINDS[name]]), name
        assert FACT_KINDS[name] == "truth" or not isinstance(value, bool), name


def test_only_the_facts_asked_for_are_computed() -> None:
    """With `names`, the result has no other fact."""
    assert facts(FULL, NOW, {"price", "renewals"}) == {"price": 0.001, "renewals": 0}
    assert facts(FULL, NOW, ["price", "ofTheFuture"]) == {"price": 0.001}
    assert facts(FULL, NOW, []) == {}


CASES: Final[list[tuple[str, State, Mapping[str, object]]]] = [
    # what the state is; the state; and facts that follow, None where a fact must not be known
    ("a day short of its hour", renewal(recent_subscription_start_date=NOW_MS - 2 * DAY + 1), {"tenureDays": 1}),
    ("two days to the millisecond", renewal(recent_subscription_start_date=NOW_MS - 2 * DAY), {"tenureDays": 2}),
    ("begun ahead of the clock", renewal(recent_subscription_start_date=NOW_MS + 33_000), {"tenureDays": 0}),
    ("no beginning", renewal(), {"tenureDays": None, "upgrades": None}),
    ("first bought 400 days ago", current(original_purchase_date=NOW_MS - 400 * DAY), {"customerDays": 400}),
    ("renews in a day and a moment", renewal(renewal_date=NOW_MS + DAY + 1), {"daysUntilRenewal": 2}),
    ("renews in a day", renewal(renewal_date=NOW_MS + DAY), {"daysUntilRenewal": 1}),
    ("renews now", renewal(renewal_date=NOW_MS), {"daysUntilRenewal": 0}),
    ("ended a day and a half ago", renewal(renewal_date=NOW_MS - DAY * 3 // 2), {"daysUntilRenewal": -1}),
    ("next product", renewal(product_id="a", auto_renew_product_id="b"), {"nextProductId": "b", "plansHeld": ("a",)}),
    (
        "place",
        current(group="g", storefront="DEU", currency="EUR"),
        {"group": "g", "storefront": "DEU", "currency": "EUR"},
    ),
    ("price", current(price=5990), {"price": 5.99}),
    ("price in yen", current(price=300_000), {"price": 300}),
    ("free", current(price=0), {"price": 0}),
    ("next price", renewal(renewal_price=1990), {"renewalPrice": 1.99, "price": None}),
    ("no next price while off", renewal(auto_renew_status=0), {"renewalPrice": None, "autoRenew": False}),
    ("on", renewal(auto_renew_status=1), {"autoRenew": True}),
    ("cancelled commitment", renewal(auto_renew_status=1, commitment_auto_renew_status=0), {"autoRenew": False}),
    ("commitment runs on", renewal(auto_renew_status=0, commitment_auto_renew_status=1), {"autoRenew": True}),
    ("unknown auto-renew status", renewal(auto_renew_status=2), {"autoRenew": None}),
    ("no auto-renew status", renewal(), {"autoRenew": None}),
    *(
        (f"status {code}", renewal(status=code), {"status": name})
        for code, name in enumerate("active expired retry grace revoked other".split(), 1)
    ),
    ("status before renewal info", renewal(status=1, in_billing_retry=True), {"status": "active"}),
    (
        "grace by its own date",
        renewal(renewal_date=NOW_MS - DAY, in_billing_retry=True, grace_period_expires_date=NOW_MS + 1),
        {"status": "grace"},
    ),
    ("grace is over", renewal(in_billing_retry=True, grace_period_expires_date=NOW_MS), {"status": "retry"}),
    ("no longer retried", renewal(expiration_intent=2, in_billing_retry=False), {"status": "expired"}),
    ("within its period", renewal(renewal_date=NOW_MS + 1, auto_renew_status=0), {"status": "active"}),
    ("its renewal not yet reported", renewal(renewal_date=NOW_MS, auto_renew_status=1), {"status": "active"}),
    ("over and off", renewal(renewal_date=NOW_MS, auto_renew_status=0), {"status": "expired"}),
    ("over and not known", renewal(renewal_date=NOW_MS), {"status": None}),
    (
        "revoked, by its last transaction",
        merge(renewal(renewal_date=NOW_MS + 1), bought({}, {"revocation_date": START})),
        {"status": "revoked"},
    ),
    (
        "an earlier one revoked",
        merge(renewal(renewal_date=NOW_MS + 1), bought({"revocation_date": START}, {})),
        {"status": "active"},
    ),
    ("nothing about it", renewal(auto_renew_status=1), {"status": None}),
    (
        "trial",
        current(offer_type=1, offer_discount_type="FREE_TRIAL", expires_date=NOW_MS + 1),
        {"inTrial": True, "inIntro": True, "currentOfferType": "introductory", "currentOffer": None},
    ),
    (
        "trial is over",
        current(offer_type=1, offer_discount_type="FREE_TRIAL", expires_date=NOW_MS),
        {"inTrial": False, "inIntro": False},
    ),
    (
        "introductory price",
        current(offer_type=1, offer_discount_type="PAY_AS_YOU_GO", price=0, expires_date=NOW_MS + 1),
        {"inTrial": False, "inIntro": True},
    ),
    ("trial by its price", current(offer_type=1, price=0, expires_date=NOW_MS + 1), {"inTrial": True, "inIntro": True}),
    (
        "introductory by its price",
        current(offer_type=1, price=990, expires_date=NOW_MS + 1),
        {"inTrial": False, "inIntro": True},
    ),
    (
        "introductory without a price",
        current(offer_type=1, expires_date=NOW_MS + 1),
        {"inTrial": None, "inIntro": True},
    ),
    (
        "trial without an end",
        current(offer_type=1, offer_discount_type="FREE_TRIAL"),
        {"inTrial": None, "inIntro": None},
    ),
    ("no offer", current(), {"inTrial": False, "inIntro": False, "currentOfferType": None}),
    (
        "free promotional offer",
        current(offer_type=2, offer_discount_type="FREE_TRIAL", offer_identifier="half", expires_date=NOW_MS + 1),
        {"inTrial": False, "inIntro": False, "currentOffer": "half", "currentOfferType": "promotional"},
    ),
    *(
        (f"offer type {code}", current(offer_type=code), {"currentOfferType": name})
        for code, name in enumerate("introductory promotional code winBack retention other".split(), 1)
    ),
    ("next offer", renewal(offer_identifier="half"), {"nextOffer": "half", "currentOffer": None}),
    (
        "no transaction",
        renewal(),
        dict.fromkeys(
            ("offersRedeemed", "renewals", "refunds", "upgrades", "daysSinceOffer", "lastOffer", "daysSinceRefund")
        ),
    ),
    (
        "no redemption",
        bought({}, {"offer_type": 1}, {"offer_type": 3}),
        {"offersRedeemed": 0, "daysSinceOffer": None, "lastOffer": None},
    ),
    (
        "three redemptions",
        bought(
            {"offer_type": 2, "offer_identifier": "a"},
            {"offer_type": 4, "offer_identifier": "b"},
            {"offer_type": 5, "offer_identifier": "c"},
            {},
        ),
        {"offersRedeemed": 3, "daysSinceOffer": 98, "lastOffer": "c"},
    ),
    (
        "redeemed and refunded",
        bought({"offer_type": 2, "revocation_date": NOW_MS - DAY}),
        {"offersRedeemed": 1, "refunds": 1, "daysSinceRefund": 1},
    ),
    ("redeemed ahead of the clock", bought({"offer_type": 2, "purchase_date": NOW_MS + 33_000}), {"daysSinceOffer": 0}),
    ("upfront", current(billing_plan="BILLED_UPFRONT"), {"billingPlan": "upfront", "commitmentMonth": None}),
    (
        "monthly",
        current(billing_plan="MONTHLY", billing_period_number=4, total_billing_periods=12),
        {"billingPlan": "monthly", "commitmentMonth": 4, "commitmentMonthsLeft": 8},
    ),
    ("another plan", current(billing_plan="WEEKLY"), {"billingPlan": "other"}),
    ("half a commitment", current(billing_period_number=4), {"commitmentMonth": 4, "commitmentMonthsLeft": None}),
    ("next plan", renewal(renewal_billing_plan="MONTHLY"), {"nextBillingPlan": "monthly", "billingPlan": None}),
    *(
        (f"ownership {code}", current(ownership=code), {"ownership": name})
        for code, name in {
            "PURCHASED": "purchased",
            "FAMILY_SHARED": "familyShared",
            "ASSIGNED": "assigned",
            "LENT": "other",
        }.items()
    ),
    (
        "renewed twice",
        bought({"reason": "PURCHASE"}, {"reason": "RENEWAL"}, {"reason": "RENEWAL"}, {}),
        {"renewals": 2},
    ),
    ("never off", autos("11"), {"timesTurnedOff": 0, "daysSinceTurnedOff": None}),
    ("off twice", autos("10010"), {"timesTurnedOff": 2, "daysSinceTurnedOff": 96}),
    ("off from the first report", autos("00"), {"timesTurnedOff": 0, "daysSinceTurnedOff": None}),
    (
        "no renewal info",
        bought({}),
        {"timesTurnedOff": None, "billingTroubles": None, "autoRenew": None, "historyComplete": False},
    ),
    (
        "refunds",
        bought({"revocation_date": NOW_MS - 9 * DAY}, {"revocation_date": NOW_MS - 3 * DAY}, {}),
        {"refunds": 2, "daysSinceRefund": 3},
    ),
    ("no refund", bought({}), {"refunds": 0, "daysSinceRefund": None}),
    (
        "upgraded",
        merge(
            renewal(recent_subscription_start_date=START),
            bought({"reason": "PURCHASE"}, {"reason": "PURCHASE"}, {"reason": "RENEWAL"}),
        ),
        {"upgrades": 1},
    ),
    (
        "not upgraded",
        merge(
            renewal(recent_subscription_start_date=START + 1000), bought({"reason": "PURCHASE"}, {"reason": "RENEWAL"})
        ),
        {"upgrades": 0},
    ),
    (
        "upgraded within seconds",
        merge(
            renewal(recent_subscription_start_date=START),
            bought({"reason": "PURCHASE"}, {"reason": "PURCHASE", "purchase_date": START + 40_000}),
        ),
        {"upgrades": 1},
    ),
    (
        "upgraded, the first not known",
        merge(renewal(recent_subscription_start_date=START - 99 * DAY), bought({"reason": "PURCHASE"})),
        {"upgrades": 1},
    ),
    (
        "upgraded in an earlier run",
        merge(
            renewal(recent_subscription_start_date=START + 2 * DAY),
            bought({"reason": "PURCHASE"}, {"reason": "PURCHASE"}, {"reason": "PURCHASE"}),
        ),
        {"upgrades": 0},
    ),
    ("plans", bought({"product_id": "b"}, {"product_id": "a"}, {"product_id": "b"}, {}), {"plansHeld": ("a", "b")}),
    ("no plan", bought({}), {"plansHeld": None}),
    ("in trouble twice", troubles((0, False), (1, True), (2, True), (3, False), (9, True)), {"billingTroubles": 2}),
    ("in trouble at the first report", troubles((0, True), (1, False)), {"billingTroubles": 1}),
    ("in trouble more than a year ago", troubles((-265, True), (-264, False), (1, True)), {"billingTroubles": 1}),
    ("never in trouble", troubles((0, False)), {"billingTroubles": 0}),
    ("consent asked", renewal(price_increase_status=0), {"priceIncreasePending": True}),
    ("consent given", renewal(price_increase_status=1), {"priceIncreasePending": False}),
    ("no price increase", renewal(), {"priceIncreasePending": False, "winBackOffers": None}),
    ("win-back offers, best first", renewal(win_back_offers=("z", "a")), {"winBackOffers": ("z", "a")}),
    ("reported 100 days ago", renewal(), {"factsAgeDays": 100}),
    ("history merged", State(history_complete=True), {"historyComplete": True}),
]


@pytest.mark.parametrize(("_", "state", "expected"), CASES, ids=[name for name, _, _ in CASES])
def test_facts_follow_from_the_state(_: str, state: State, expected: Mapping[str, object]) -> None:
    """Each fact is what its formula gives; what it needs and is not known leaves the fact out."""
    found = facts(state, NOW)
    assert {name: found.get(name) for name in expected} == expected
    assert all(type(found.get(name)) is type(value) for name, value in expected.items())


def test_every_fact_is_known_in_one_case_and_absent_or_other_in_another() -> None:
    """The table has at least one case for every fact."""
    assert {name for _, _, expected in CASES for name in expected} == set(FACT_KINDS)


def test_a_transaction_whose_purchase_date_moved_counts_once() -> None:
    """Transactions are distinguished by their ids alone, and the newest snapshot counts."""
    moved = bought({"reason": "RENEWAL", "offer_type": 2}, {"digest": "0" * 16, "reason": "RENEWAL"})
    assert facts(moved, NOW)["renewals"] == 1
    assert facts(moved, NOW)["offersRedeemed"] == 0


def test_redemptions_are_listed_with_their_dates() -> None:
    """What limits count: offers of types 2, 4 and 5 by purchase date, refunded ones and those without a name too."""
    several = bought(
        {"offer_type": 2, "offer_identifier": "half", "revocation_date": START},
        {"offer_type": 3},
        {"offer_type": 5},
        {},
    )
    assert redemptions(several) == (("half", START), (None, START + 2 * DAY))
    assert redemptions(EMPTY) == ()


NEXT: Final = renewal(signed_date=START + DAY, offer_identifier="half", renewal_date=START + 30 * DAY)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((bought({}),), ()),
        ((bought({"offer_type": 2, "offer_identifier": "half"}),), (("half", START),)),
        ((bought({}), NEXT), (("half", START + 30 * DAY),)),
        ((bought({}), renewal(offer_identifier="half")), (("half", START),)),
        ((bought({"offer_type": 4, "offer_identifier": "back"}), NEXT), (("back", START), ("half", START + 30 * DAY))),
        (
            (bought({"offer_type": 2, "offer_identifier": "half"}), current(offer_identifier="half"), NEXT),
            (("half", START),),
        ),
        ((renewal(),), None),
        ((NEXT,), None),
        ((EMPTY,), None),
    ],
    ids=[
        "none redeemed",
        "a transaction with an offer",
        "an offer that begins with the next period",
        "one without a date of renewal",
        "another offer that begins with the next period",
        "an offer of several periods",
        "no transaction is known",
        "no transaction but an offer to come",
        "nothing is known",
    ],
)
def test_limits_count_an_offer_before_its_transaction(
    parts: tuple[State, ...], expected: tuple[tuple[str | None, int], ...] | None
) -> None:
    """An offer redeemed for the next period counts at once; without a transaction it is not known what was redeemed."""
    assert offers_taken(merge(*parts)) == expected


@pytest.mark.parametrize(
    ("following", "now", "counted"),
    [
        ({"offer_type": 5}, {}, True),
        ({"offer_type": 5}, {"offer_type": 2, "offer_identifier": "half"}, True),
        ({"offer_type": 5}, {"offer_type": 5}, False),
        ({"offer_type": 3, "offer_identifier": "CODE"}, {}, False),
        ({"offer_type": 1}, {"offer_type": 1}, False),
        ({"offer_type": 6, "offer_identifier": "half"}, {}, False),
        ({"offer_type": 2, "offer_identifier": "half"}, {"offer_type": 2, "offer_identifier": "half"}, False),
        ({"offer_type": 2, "offer_identifier": "half"}, {"offer_type": 4, "offer_identifier": "half"}, True),
        ({"offer_type": 2, "offer_identifier": "half"}, {"offer_identifier": "half"}, False),
    ],
    ids=[
        "a retention offer without a name",
        "one after another offer",
        "one of several periods",
        "a code",
        "an introductory offer of several periods",
        "an unknown type",
        "an offer of several periods",
        "two offers of one name",
        "an offer of several periods whose type is missing",
    ],
)
def test_limits_count_what_begins_next_as_they_count_redemptions(
    following: dict[str, Any], now: dict[str, Any], *, counted: bool
) -> None:
    """Types 2, 4 and 5 count before their transaction as after it, with a name or without; no other type does."""
    state = merge(bought({}), current(**now), renewal(renewal_date=START + 30 * DAY, **following))
    assert offers_taken(state) == (((following.get("offer_identifier"), START + 30 * DAY),) if counted else ())


@pytest.mark.parametrize(
    ("status", "commitment", "expected"),
    [
        (1, None, True),
        (0, None, False),
        (1, 0, False),
        (0, 1, True),
        (None, None, None),
        (None, 0, False),
        (3, None, None),
    ],
)
def test_the_status_of_a_commitment_comes_first(
    status: int | None,
    commitment: int | None,
    expected: bool | None,  # noqa: FBT001  # a row of the table
) -> None:
    """A commitment's own status decides where Apple writes it."""
    assert renews(status, commitment) is expected
