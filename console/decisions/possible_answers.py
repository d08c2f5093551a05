"""What one product's rules may say in one locale to a customer of whom nothing is known, asked of `decide` itself.

Each rule is judged alone, by the very function that answers the App Store: nothing of it is written a second time here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from retention.catalog import Catalog, Experiment, Rule, Sheet
from retention.decision import Decision, Delivery, Outcome, Pass, arm_at, decide, hash_customer, slot_of
from retention.rules import UNREADABLE, Facts, Truth

from console.decisions.made_request import made_request

_KEY: Final = bytes(32)
_ANY_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Share:
    """One arm of a rule, or the whole of a plain one. Without a delivery Apple falls back."""

    arm: str | None
    slots: int
    delivery: Delivery | None


@dataclass(frozen=True, slots=True)
class Chance:
    """One rule, its schedule aside: whom it applies to, and what they are then told.

    `applies`: True to everyone, None to some customers (or none: their facts decide), False to nobody. `shares` is
    empty where the answer cannot be delivered, and `refusal` says why.
    """

    rule: Rule
    applies: Truth
    shares: tuple[Share, ...] = ()
    refusal: Pass | None = None

    def at(self, instant: float) -> bool:
        """Tell whether its schedule holds at UTC seconds."""
        starts, ends = self.rule.starts, self.rule.ends
        return (starts is None or instant >= starts) and (ends is None or instant < ends)

    @property
    def settles(self) -> bool:
        """Tell whether no later rule is asked while its schedule holds."""
        return self.applies is True and bool(self.shares)


def chances(catalog: Catalog, product_id: str, locale: str) -> tuple[Chance, ...]:
    """Return the chance of every rule on the catalog's sheet, in order."""
    facts = Facts.of(product_id, locale, UNREADABLE)
    return tuple(_chance(catalog, rule, facts) for rule in catalog.sheet.rules)


def _chance(catalog: Catalog, rule: Rule, facts: Facts) -> Chance:
    applies = True if rule.condition is None else rule.condition(facts)
    if applies is False:
        return Chance(rule, applies)
    alone = replace(catalog, sheet=_alone(catalog.sheet, rule), customer_key=_KEY, paused=False)
    shares = []
    for arm, slots, customer in _customers(rule):
        decision = _decide(alone, facts, customer)
        if decision.outcome is Outcome.NO_RULE:
            return Chance(rule, applies, (), decision.passed[0])
        shares.append(Share(arm, slots, decision.delivery))
    return Chance(rule, applies, tuple(shares))


def _alone(sheet: Sheet, rule: Rule) -> Sheet:
    answers = [arm.answer for arm in rule.says.arms] if isinstance(rule.says, Experiment) else [rule.says]
    sets = {answer.messages: sheet.sets[answer.messages] for answer in answers if answer.messages}
    bare = replace(rule, condition=None, starts=None, ends=None)
    return Sheet(sheet.product, (bare,), sets, sheet.pictured, reads_customer=False, locales=sheet.locales)


def _decide(alone: Catalog, facts: Facts, customer: str) -> Decision:
    app = alone.settings.app_apple_id
    request = made_request(facts.product_id, facts.user_locale, transaction=customer, app_apple_id=app, at=_ANY_TIME)
    return decide(request, alone, _ANY_TIME, UNREADABLE)


def _customers(rule: Rule) -> Iterator[tuple[str | None, int, str]]:
    """Yield arm, slots and the transaction id of somebody in that arm."""
    if not isinstance(rule.says, Experiment):
        yield None, 0, "0"
        return
    found = _one_of_each(rule.says.key, tuple((arm.name, arm.slots) for arm in rule.says.arms))
    for arm in rule.says.arms:
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


def share_of(chance: Chance, customer_hash: str) -> Share:
    """Return what a customer who comes to this rule is told, by the hash that the log has of them."""
    experiment = chance.rule.says
    if not isinstance(experiment, Experiment):
        return chance.shares[0]
    arm = arm_at(experiment, slot_of(experiment.key, customer_hash))
    return next(share for share in chance.shares if share.arm == arm.name)
