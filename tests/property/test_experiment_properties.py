"""Who takes part in an experiment, in which arm, and who is held out: counted over fixed customers, no statistics.

Each property is of all customers, and the counts are of the same 20 000 hashes in every run: a change of a hash, of a
byte between name and hash, or of a comparison shows as another number.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retention.catalog import APPROVED, Answer, Arm, Catalog, Experiment, Layer, MessageState, Settings, Sheet, Traffic
from retention.decision import (
    ARMS,
    HOLDOUT,
    LAYER,
    TRAFFIC,
    Outcome,
    arm_at,
    decide,
    hash_customer,
    slot_of,
    slots_in,
    why_outside,
)
from retention.locales import LocaleTable
from retention.request import RetentionRequest

CUSTOMERS: Final = tuple(hashlib.sha256(str(number).encode()).hexdigest() for number in range(20_000))
PURPOSES: Final = (ARMS, TRAFFIC, LAYER, HOLDOUT)
NOTHING = Answer("fallback", "", {})

hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
names = st.text(max_size=20)
shares = st.lists(st.integers(0, 10_000), min_size=1, max_size=4).map(
    lambda cuts: [after - before for before, after in itertools.pairwise([0, *sorted(cuts), 10_000])]
)


def experiment(key: str, slots: list[int], *, layer: Layer | None = None, traffic: Any = None) -> Experiment:
    arms = tuple(Arm(f"arm{number}", of, NOTHING) for number, of in enumerate(slots))
    return Experiment(key, arms, layer, traffic)


@st.composite
def steps(draw: st.DrawFn) -> tuple[tuple[float, int], ...]:
    times = sorted(draw(st.sets(st.integers(0, 100), min_size=1, max_size=5)))
    slots = sorted(draw(st.lists(st.integers(0, 10_000), min_size=len(times), max_size=len(times))))
    return tuple(zip(map(float, times), slots, strict=True))


@given(names, hashes, st.sampled_from(PURPOSES))
def test_every_customer_has_one_slot_for_each_purpose(name: str, customer: str, purpose: bytes) -> None:
    """It is the first 8 bytes of one SHA-256, modulo 10 000, for every name."""
    digest = hashlib.sha256(name.encode() + purpose + bytes.fromhex(customer)).digest()
    assert slot_of(name, customer, purpose) == int.from_bytes(digest[:8], "big") % 10_000


@given(names, names, hashes)
def test_no_name_makes_two_purposes_one(name: str, other: str, customer: str) -> None:
    """The bytes that are hashed differ for every pair of name and purpose: no name can stand in for a purpose."""
    hashed = {
        (one.encode() + purpose + bytes.fromhex(customer)): (one, purpose)
        for one in (name, other)
        for purpose in PURPOSES
    }
    assert len(hashed) == len({name, other}) * len(PURPOSES)


@given(steps(), names, shares, hashes)
def test_a_ramp_moves_no_customer(traffic: Traffic, key: str, slots: list[int], customer: str) -> None:
    """Who takes part goes on doing so, in the same arm; before the first step no customer does."""
    tried = experiment(key, slots, traffic=traffic)
    inside = [why_outside(tried, customer, at) is None for at in range(-1, 102)]
    assert inside == sorted(inside)
    assert not inside[0]
    everyone = experiment(key, slots)
    assert why_outside(everyone, customer, 0.0) is None
    assert arm_at(tried, slot_of(key, customer)) == arm_at(everyone, slot_of(key, customer))


@given(steps(), st.floats(-1, 101))
def test_a_step_holds_from_its_instant_on(traffic: Traffic, at: float) -> None:
    """The share at any time is that of the last step before it."""
    before = [slots for since, slots in traffic if since <= at]
    assert slots_in(traffic, at) == (before[-1] if before else 0)


@given(names, hashes, st.lists(st.integers(0, 9_999), min_size=2, max_size=6, unique=True).map(sorted))
def test_experiments_of_one_layer_share_no_customer(name: str, customer: str, cuts: list[int]) -> None:
    """A customer of one of them is in no other, and with slots for all of the layer each customer is in one."""
    bounds = itertools.pairwise([0, *[cut for cut in cuts if cut], 10_000])
    layers = [(name, first, after - 1) for first, after in bounds]
    tried = [experiment(f"k{number}", [10_000], layer=layer) for number, layer in enumerate(layers)]
    assert sum(why_outside(one, customer, 0.0) is None for one in tried) == 1


# What the 20 000 customers come to. Each number is exact for these hashes; none is the result of a run of the function.
SPLIT: Final = [5_000, 3_000, 2_000]
COUNTS: Final = [[501, 315, 224], [5055, 2974, 1980], [10057, 6004, 3939]]


def expected(name: str, purpose: bytes, first: int, after: int) -> set[str]:
    """Return the customers of some slots, by a formula of its own."""
    return {
        customer
        for customer in CUSTOMERS
        if first
        <= int(hashlib.sha256(b"".join((name.encode(), purpose, bytes.fromhex(customer)))).hexdigest()[:16], 16)
        % 10_000
        < after
    }


@pytest.mark.parametrize("slots", [500, 5_000, 10_000])
def test_arms_keep_their_shares_at_every_step(slots: int) -> None:
    """Of those who take part, each arm has its share, within four standard deviations of a fair draw."""
    tried = experiment("switch-2026q4", SPLIT, traffic=((0.0, slots),))
    inside = [customer for customer in CUSTOMERS if why_outside(tried, customer, 0.0) is None]
    assert set(inside) == expected("switch-2026q4", TRAFFIC, 0, slots)
    counts = Counter(arm_at(tried, slot_of(tried.key, customer)).name for customer in inside)
    for arm in tried.arms:
        share, number = arm.slots / 10_000, len(inside)
        assert abs(counts[arm.name] - share * number) <= 4 * (share * (1 - share) * number) ** 0.5


def test_the_counts_of_a_ramp_are_exact() -> None:
    """At 5, 50 and 100 percent, so many of the 20 000 customers are in each arm."""
    found = []
    for slots in (500, 5_000, 10_000):
        tried = experiment("switch-2026q4", SPLIT, traffic=((0.0, slots),))
        inside = [customer for customer in CUSTOMERS if why_outside(tried, customer, 0.0) is None]
        counts = Counter(arm_at(tried, slot_of(tried.key, customer)).name for customer in inside)
        found.append([counts[arm.name] for arm in tried.arms])
    assert found == COUNTS


def test_the_holdout_is_independent_of_an_experiment() -> None:
    """Each arm loses its share of customers to the holdout, also where both have the same key."""
    for key in ("switch-2026q4", "h-2026h2"):
        held = expected("h-2026h2", HOLDOUT, 0, 500)
        for first, after in ((0, 5_000), (5_000, 8_000), (8_000, 10_000)):
            arm = expected(key, ARMS, first, after)
            fair = len(arm) * 0.05
            assert abs(len(arm & held) - fair) <= 4 * (fair * 0.95) ** 0.5


SHEET: Final[dict[str, Any]] = {
    "product": None,
    "rules": [
        {
            "name": "try",
            "when": None,
            "from": None,
            "until": None,
            "experiment": {
                "key": "k",
                "arms": [["a", 5_000, {"kind": "message", "set": "s"}], ["b", 5_000, {"kind": "fallback"}]],
                "layer": {"name": "l", "slots": [0, 4_999]},
                "traffic": [[0, 5_000]],
            },
        },
        {"name": "rest", "when": None, "from": None, "until": None, "answer": {"kind": "message", "set": "s"}},
    ],
    "sets": {"s": {"en-US": ["1"]}},
    "pictured": [],
    "holdout": {"key": "h", "slots": 1_000, "answer": {"kind": "fallback"}},
}


@given(st.integers(0, 10**15), st.booleans())
def test_each_customer_is_held_out_assigned_or_asked_the_next_rule(number: int, paused: bool) -> None:  # noqa: FBT001  # drawn by position
    """The three are apart: no customer who is held out, or outside, is in an arm."""
    locales = LocaleTable("en-US", {})
    sheet = Sheet.from_document(SHEET, locales)
    settings = Settings(1, "b", "i", "k", signs=False, locales=locales)
    catalog = Catalog(sheet, settings, {"1": MessageState(APPROVED)}, 1, bytes(32), paused=paused)
    request = RetentionRequest(str(number), 1, "p", "en-US", "id", "Sandbox", 0)
    decision = decide(request, catalog, datetime(2026, 12, 1, tzinfo=UTC))
    if paused:
        assert (decision.outcome, decision.holdout, decision.assignments) == (Outcome.PAUSED, None, ())
        return
    customer = hash_customer(bytes(32), str(number))
    held = slot_of("h", customer, HOLDOUT) < 1_000
    inside = slot_of("l", customer, LAYER) < 5_000 and slot_of("k", customer, TRAFFIC) < 5_000
    assert decision.holdout is not None
    assert decision.holdout.held is held
    assert len(decision.assignments) == (inside and not held)
    assert decision.rule == (None if held else "try" if inside else "rest")
    assert (decision.passed == ()) is (held or inside)
