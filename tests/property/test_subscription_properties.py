"""Properties of merging that hold for all states, and of the facts that follow."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st
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
    redemptions,
    to_document,
)
from retention.table import canonical, pack

DAY: Final = 86_400_000
BEGINNING: Final = 1_760_000_000_000

# Few values, so that many snapshots are signed at the same millisecond, and many of those differ.
instants = st.integers(0, 5)
codes = st.none() | st.integers(0, 5)
texts = st.none() | st.sampled_from("abc")

renewals = st.builds(
    RenewalSnapshot,
    instants,
    status=codes,
    product_id=texts,
    auto_renew_status=codes,
    renewal_date=codes,
    in_billing_retry=st.none() | st.booleans(),
    recent_subscription_start_date=codes,
    win_back_offers=st.none() | st.lists(st.sampled_from("abc"), max_size=2).map(tuple),
)
currents = st.builds(
    TransactionSnapshot, instants, product_id=texts, price=codes, offer_type=codes, offer_identifier=texts
)
transactions = st.builds(
    PastTransaction,
    instants,
    st.sampled_from(["0" * 16, "1" * 16, "2" * 16]),
    instants,
    product_id=texts,
    reason=st.sampled_from([None, "PURCHASE", "RENEWAL"]),
    offer_type=codes,
    revocation_date=codes,
)
marks = st.lists(st.tuples(instants, st.booleans()), max_size=1).map(tuple)
# What one report teaches: at most one of each.
reports = st.builds(
    State,
    renewal=st.none() | renewals,
    transaction=st.none() | currents,
    transactions=st.lists(transactions, max_size=1).map(tuple),
    auto=marks,
    trouble=marks,
    history_complete=st.booleans(),
)
states = st.lists(reports, max_size=6).map(lambda several: merge(*several))


def text_of(state: State) -> bytes:
    return canonical(to_document(state))


@given(states, states)
def test_merging_is_commutative(one: State, other: State) -> None:
    """Two states merge to the same document in either order."""
    assert text_of(merge(one, other)) == text_of(merge(other, one))


@given(states, states, states)
def test_merging_is_associative(one: State, other: State, third: State) -> None:
    """Three states merge to the same document however they are grouped."""
    together = text_of(merge(one, other, third))
    assert text_of(merge(merge(one, other), third)) == text_of(merge(one, merge(other, third))) == together


@given(states)
def test_merging_is_idempotent(state: State) -> None:
    """A state merged with itself, and with EMPTY, is the same state."""
    assert merge(state, state) == merge(state, EMPTY) == merge(EMPTY, state) == merge(state) == state


@given(st.lists(reports, min_size=1, max_size=8), st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_order_grouping_and_repetition_gives_the_same(
    several: list[State], random_order: random.Random, batch: int
) -> None:
    """Reports that are shuffled, repeated and merged in batches give the document of one run in order."""
    in_order = EMPTY
    for report in several:
        in_order = merge(in_order, report)
    assert text_of(shuffled_and_batched(several, random_order, batch)) == text_of(in_order)


def shuffled_and_batched(several: Sequence[State], order: random.Random, batch: int) -> State:
    again = [*several, *order.choices(several, k=len(several))]
    order.shuffle(again)
    batches = [merge(*again[at : at + batch]) for at in range(0, len(again), batch)]
    order.shuffle(batches)
    return merge(*batches)


@given(states)
def test_a_state_survives_its_document(state: State) -> None:
    """A state is read back from its JSON text, with equal facts."""
    again = from_document(json.loads(text_of(state)))
    assert again == state
    assert facts(again, 1.0) == facts(state, 1.0)


@given(states, st.floats(-1e9, 1e10))
def test_facts_follow_from_any_state(state: State, now: float) -> None:
    """Every state has facts at every instant: known names, values of their kinds, and no None."""
    kinds: dict[str, Any] = {"number": (int, float), "text": str, "truth": bool, "list": tuple}
    found = facts(state, now)
    assert all(isinstance(value, kinds[FACT_KINDS[name]]) for name, value in found.items())
    assert ("offersRedeemed" in found) == bool(state.transactions)
    assert found.get("offersRedeemed", 0) == len(redemptions(state))
    for name in found:
        assert facts(state, now, [name]) == {name: found[name]}


# --- at the bounds ---


def long_history(seed: int, count: int) -> list[State]:
    """Return `count` reports of one invented subscription, each with one renewal info and one transaction.

    Instants are to the millisecond and nothing repeats that need not, so that no real subscription packs worse.
    """
    made = random.Random(seed)
    products = [f"com.example.product.{name}.{period}" for name in ("basic", "pro") for period in ("monthly", "annual")]
    found = []
    for at in range(count):
        signed = BEGINNING + at * 30 * DAY + made.randrange(DAY)
        offer = made.choice((None, None, 2, 4, 5))
        offered = None if offer is None else f"retention_offer_{made.randrange(9)}"
        product = made.choice(products)
        renewal = RenewalSnapshot(
            *(signed, 1, product, made.choice(products), made.randrange(2), made.randrange(2), "MONTHLY"),
            renewal_date=signed + 30 * DAY + made.randrange(DAY),
            grace_period_expires_date=signed + made.randrange(DAY),
            in_billing_retry=True,
            expiration_intent=2,
            renewal_price=made.randrange(10**5),
            offer_identifier=offered,
            recent_subscription_start_date=BEGINNING + made.randrange(DAY),
            price_increase_status=0,
            win_back_offers=tuple(f"win_back_{made.randrange(99)}" for _ in range(3)),
        )
        current = TransactionSnapshot(
            *(signed, product, BEGINNING + made.randrange(DAY), signed + 30 * DAY + made.randrange(DAY), "21512345"),
            *("USA", "USD", made.randrange(10**5), offer, offered, "PAY_AS_YOU_GO", "MONTHLY", 11, 12, "PURCHASED"),
        )
        past = PastTransaction(
            *(signed + made.randrange(DAY), made.randbytes(8).hex(), signed, product),
            *(made.choice(("PURCHASE", "RENEWAL")), offer, offered, made.choice((1990, 5990, 9990, 49990))),
            made.choice((None, None, None, signed + made.randrange(DAY))),
        )
        on, retrying = bool(made.randrange(2)), bool(made.randrange(2))
        found.append(State(renewal, current, (past,), ((signed, on),), ((signed, retrying),)))
    return found


def test_a_full_state_is_small() -> None:
    """With 64 transactions and 64 snapshots of unlike instants, the packed document is at most 3 KB."""
    for seed in range(20):
        full = merge(*long_history(seed, 100))
        assert (len(full.transactions), len(full.auto), len(full.trouble)) == (
            MAX_TRANSACTIONS,
            MAX_SNAPSHOTS,
            MAX_SNAPSHOTS,
        )
        assert len(pack(text_of(full))) <= 3072


def test_sets_that_are_cut_merge_alike_in_any_order() -> None:
    """A hundred reports, of which the sets keep 64, give one document in any order, in batches, and repeated."""
    for seed in range(10):
        several, order = long_history(seed, 100), random.Random(seed)
        expected = text_of(merge(*several))
        for _ in range(10):
            assert text_of(shuffled_and_batched(several, order, order.randint(1, 10))) == expected


def test_sets_are_sorted_and_hold_the_latest() -> None:
    """In the merged state each set is in order, without repetitions, and has the latest of all."""
    several = long_history(0, 100)
    full = merge(*several)
    assert all(one[:2] < other[:2] for one, other in pairwise(full.transactions))
    assert [date for date, _ in full.auto] == sorted(date for each in several for date, _ in each.auto)[-MAX_SNAPSHOTS:]
    bought = sorted(each.purchase_date for state in several for each in state.transactions)
    assert [each.purchase_date for each in full.transactions] == bought[-MAX_TRANSACTIONS:]
