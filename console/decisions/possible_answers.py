"""The answers that one product's rules may give in one locale to a customer of whom nothing is known.

Each rule is judged alone by `decide`, the function that answers the App Store: its logic is not written a second time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Final

from retention.catalog import SLOTS, Catalog, Experiment, Limit, Rule, Sheet
from retention.decision import (
    HOLDOUT,
    Decision,
    Delivery,
    Outcome,
    Pass,
    arm_at,
    decide,
    hash_customer,
    slot_of,
    slots_in,
    why_outside,
)
from retention.rules import NO_FACTS, UNREADABLE, Facts, Reported, Truth

from console.decisions.made_request import made_request
from console.file.schedules import Schedule

_KEY: Final = bytes(32)
_ANY_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)
_NOTHING_REDEEMED: Final = Reported(NO_FACTS, ())  # a customer whom no limit keeps from an offer


@dataclass(frozen=True, slots=True)
class Share:
    """One arm of a rule, or a plain rule's one answer. Without a delivery Apple falls back."""

    arm: str | None
    slots: int
    delivery: Delivery | None


@dataclass(frozen=True, slots=True)
class CandidateRule:
    """One rule, its schedule aside: the customers it applies to, and the answers they get.

    `applies`: True to every customer, None to some (or none: their facts decide), False to none. `shares` is empty
    where the answer cannot be delivered, and `refusal` has the reason. `limits`: the rule is passed over for those of
    them who are over one of these, or of whom Apple has reported nothing.
    """

    rule: Rule
    applies: Truth
    shares: tuple[Share, ...] = ()
    refusal: Pass | None = None
    limits: tuple[Limit, ...] = ()

    def at(self, instant: float) -> bool:
        """Return whether its schedule holds at UTC seconds."""
        return Schedule(self.rule.starts, self.rule.ends).holds_at(instant)

    def taking_part(self, instant: float) -> Fraction:
        """Return the share of the customers, 0 to 1, who take part at UTC seconds; of a plain rule all do.

        Layer and traffic have slots of their own, so that the share of both is the product of their shares.
        """
        gives = self.rule.gives
        if not isinstance(gives, Experiment):
            return Fraction(1)
        layer = SLOTS if gives.layer is None else gives.layer[2] - gives.layer[1] + 1
        traffic = SLOTS if gives.traffic is None else slots_in(gives.traffic, instant)
        return Fraction(layer * traffic, SLOTS * SLOTS)

    def everyone(self, instant: float) -> bool:
        """Whether, at UTC seconds and from then on, it can answer every customer whose request comes to it."""
        return self.applies is True and not self.limits and self.taking_part(instant) == 1

    def settles(self, instant: float) -> bool:
        """Whether no later rule is asked at UTC seconds or after them, while its schedule holds."""
        return self.everyone(instant) and bool(self.shares)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The customers whom the holdout of this `key` has, `slots` of 10 000, and what all of them get.

    Without a delivery Apple falls back: by intent, or where the message cannot be delivered for this `reason`.
    """

    key: str
    slots: int
    delivery: Delivery | None
    reason: tuple[str, str] | None

    def has(self, customer_hash: str) -> bool:
        """Return whether a customer is held out, by the hash that the log has of them."""
        return slot_of(self.key, customer_hash, HOLDOUT) < self.slots


def held_out(catalog: Catalog, product_id: str, locale: str) -> HeldOut | None:
    """Return whom the holdout of a catalog has, and what they get; None where it has none."""
    holdout = catalog.sheet.holdout
    if holdout is None:
        return None
    everyone = replace(catalog.sheet, holdout=replace(holdout, slots=SLOTS))
    facts = Facts.of(product_id, locale, UNREADABLE, UNREADABLE)
    decision = _decide(replace(catalog, sheet=everyone, paused=False), facts, "0")
    reason = None if decision.holdout is None else decision.holdout.reason
    return HeldOut(holdout.key, holdout.slots, decision.delivery, reason)


def candidate_rules(catalog: Catalog, product_id: str, locale: str) -> tuple[CandidateRule, ...]:
    """Return every rule on the catalog's sheet as a candidate, in order."""
    facts = Facts.of(product_id, locale, UNREADABLE, UNREADABLE)
    return tuple(_candidate(catalog, rule, facts) for rule in catalog.sheet.rules)


def _candidate(catalog: Catalog, rule: Rule, facts: Facts) -> CandidateRule:
    applies = True if rule.condition is None else rule.condition(facts)
    if applies is False:
        return CandidateRule(rule, applies)
    alone = replace(catalog, sheet=_alone(catalog.sheet, rule), customer_key=_KEY, paused=False)
    shares = []
    for arm, slots, customer in _customers(rule):
        decision = _decide(alone, facts, customer)
        if decision.outcome is Outcome.NO_RULE:
            return CandidateRule(rule, applies, (), decision.passed[0])
        shares.append(Share(arm, slots, decision.delivery))
    return CandidateRule(rule, applies, tuple(shares), limits=limits_of(rule))


def limits_of(rule: Rule) -> tuple[Limit, ...]:
    """Return the limits that a customer must be within, each once: of the answer, or of every arm with slots."""
    gives = rule.gives
    answers = [arm.answer for arm in gives.arms if arm.slots] if isinstance(gives, Experiment) else [gives]
    return tuple(dict.fromkeys(answer.limit for answer in answers if answer.limit is not None))


def _alone(sheet: Sheet, rule: Rule) -> Sheet:
    sets = {answer.messages: sheet.sets[answer.messages] for answer in rule.answers if answer.messages}
    gives = replace(rule.gives, layer=None, traffic=None) if isinstance(rule.gives, Experiment) else rule.gives
    bare = replace(rule, condition=None, starts=None, ends=None, gives=gives)
    return Sheet(sheet.product, (bare,), sets, sheet.pictured, reads_customer=False, locales=sheet.locales)


def _decide(alone: Catalog, facts: Facts, customer: str) -> Decision:
    app = alone.settings.app_apple_id
    request = made_request(facts.product_id, facts.user_locale, transaction=customer, app_apple_id=app, at=_ANY_TIME)
    return decide(request, alone, _ANY_TIME, UNREADABLE, subscription=_NOTHING_REDEEMED)


def _customers(rule: Rule) -> Iterator[tuple[str | None, int, str]]:
    """Yield arm, slots and the transaction id of a customer in that arm."""
    if not isinstance(rule.gives, Experiment):
        yield None, 0, "0"
        return
    found = _one_of_each(rule.gives.key, tuple((arm.name, arm.slots) for arm in rule.gives.arms))
    for arm in rule.gives.arms:
        if arm.slots:
            yield arm.name, arm.slots, found[arm.name]


@lru_cache(maxsize=1024)
def _one_of_each(key: str, shares: tuple[tuple[str, int], ...]) -> Mapping[str, str]:
    """Return a transaction id for each arm with a weight, found by trying."""
    wanted = {name for name, slots in shares if slots}
    bounds = list(itertools.accumulate(slots for _, slots in shares))
    found: dict[str, str] = {}
    for number in itertools.count():
        slot = slot_of(key, hash_customer(_KEY, str(number)))
        arm = next(name for (name, _), end in zip(shares, bounds, strict=True) if slot < end)
        found.setdefault(arm, str(number))
        if len(found) == len(wanted):
            break
    return found


def takes_part(candidate: CandidateRule, customer_hash: str, at: float) -> bool:
    """Return whether a customer takes part in this rule's experiment at UTC seconds; all do in a plain rule."""
    experiment = candidate.rule.gives
    return not isinstance(experiment, Experiment) or why_outside(experiment, customer_hash, at) is None


def share_of(candidate: CandidateRule, customer_hash: str) -> Share:
    """Return the share of a customer whose request comes to this rule, by the hash that the log has of them."""
    experiment = candidate.rule.gives
    if not isinstance(experiment, Experiment):
        return candidate.shares[0]
    arm = arm_at(experiment, slot_of(experiment.key, customer_hash))
    return next(share for share in candidate.shares if share.arm == arm.name)
