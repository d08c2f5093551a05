"""What a logged decision proves about its customer, whose facts no log line has.

The rule that answered did match, and its customer was within the limits of the offers it can give. A rule above it that
gives `fallback` can always be delivered: it was passed over, so it did not match. Of other rules that were passed over
nothing is known, since their text may not have been approved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from retention.catalog import Limit
from retention.conditions import AllOf, AnyOf, Condition, FactTest, Not, document_of, truth_of
from retention.rules import UNREADABLE, Facts, Truth
from retention.table import ANY_PRODUCT, canonical

from console.decisions.decision_log import Logged
from console.decisions.possible_answers import limits_of
from console.file.edition import Edition
from console.file.entries import ExperimentEntry
from console.file.schedules import Schedule
from console.file.wording import terms_text


@dataclass(frozen=True, slots=True)
class Proof:
    """What one decision proves: `conditions`, by name, that matched or did not, and `limits` that were not reached."""

    conditions: Mapping[str, bool]
    limits: tuple[Limit, ...] = ()

    def of(self, condition: str | None, limits: Iterable[Limit]) -> Truth:
        """Return whether a rule can answer that asks `condition` (None: it matches) and has `limits`."""
        holds = True if condition is None else self.conditions.get(condition)
        if holds is not True:
            return holds
        return True if all(any(_implies(kept, limit) for kept in self.limits) for limit in limits) else None


NO_PROOF: Final = Proof({})


def _implies(kept: Limit, limit: Limit) -> bool:
    """Return whether each customer within the limit `kept` is within `limit`."""
    counted = kept.offer is None or kept.offer == limit.offer
    return counted and kept.days >= limit.days and kept.times <= limit.times


def open_part(condition: Condition, facts: Facts) -> Condition:
    """Return what is left of a condition without the parts that are settled: Kleene's logic lets them go."""
    match condition:
        case FactTest():
            return condition
        case Not(part):
            return Not(open_part(part, facts)) if truth_of(part, facts) is None else condition
    parts = tuple(open_part(part, facts) for part in condition.parts if truth_of(part, facts) is None)
    return parts[0] if len(parts) == 1 else type(condition)(parts or condition.parts)


def facts_of(product: str, locale: str) -> Facts:
    """Return what a log line has of a request: everything but facts about the customer."""
    return Facts.of(product, locale, UNREADABLE, UNREADABLE)


def name_of(condition: Condition) -> str:
    """Return the canonical JSON of a condition, by which it is found again in another edition."""
    return canonical(document_of(condition)).decode()


@dataclass(slots=True)
class Evidence:
    """What the decisions of one release prove.

    `_open` is by the product and the locale of a request, `_limits` by its product and the name of a rule.
    """

    edition: Edition
    _open: dict[tuple[str, str], Mapping[str, Condition]] = field(default_factory=dict)
    _limits: dict[str, Mapping[str, tuple[Limit, ...]]] = field(default_factory=dict)

    def of(self, logged: Logged) -> Proof:
        """Return what is proved of the customer's facts, and of what they have redeemed."""
        if logged.degraded or logged.at is None or logged.outcome not in {"answered", "fallback", "no_rule"}:
            return NO_PROOF  # a rule may have been passed over because something failed then
        if logged.held:
            return NO_PROOF  # no rule was asked
        proved: dict[str, bool] = {}
        conditions = self._conditions(logged)
        for rule in self.edition.sheet(logged.product_id)["rules"]:
            if rule["name"] in conditions:
                condition = conditions[rule["name"]]
                if rule["name"] == logged.rule:
                    proved.update(dict.fromkeys(_certain(condition, AllOf), True))
                elif rule.get("answer", {}).get("kind") == "fallback" and _schedule(rule).holds_at(logged.at):
                    proved.update(dict.fromkeys(_certain(condition, AnyOf), False))
            if rule["name"] == logged.rule:
                break
        return Proof(proved, self._kept_limits(logged))

    def terms(self, rule: str, arm: str | None) -> str | None:
        """Return the offer or product that a rule, or an arm of it, named; None where the release has no such rule."""
        found = self.edition.rules.get(rule)
        if found is None:
            return None
        if isinstance(found.gives, ExperimentEntry):
            answers = [one.answer for one in found.gives.arms if one.name == arm]
        else:
            answers = [found.gives]
        return terms_text(answers[0], self.edition.document) if answers and answers[0] is not None else None

    def _kept_limits(self, logged: Logged) -> tuple[Limit, ...]:
        """Return the limits of the rule that answered."""
        product = logged.product_id if logged.product_id in self.edition.sheets else ANY_PRODUCT
        if product not in self._limits:
            rules = self.edition.catalog(product).sheet.rules
            self._limits[product] = {rule.name: limits_of(rule) for rule in rules}
        return self._limits[product].get(logged.rule or "", ())

    def _conditions(self, logged: Logged) -> Mapping[str, Condition]:
        """Return, by rule, the conditions that facts about the customer decide."""
        place = logged.product_id, logged.locale
        if place not in self._open:
            facts, asked = facts_of(*place), self.edition.conditions(logged.product_id)
            self._open[place] = {
                name: open_part(when, facts) for name, when in asked.items() if truth_of(when, facts) is None
            }
        return self._open[place]


def _certain(condition: Condition, joined: type[AllOf | AnyOf]) -> Iterator[str]:
    """Yield a condition and what must be as it is: the parts of an AllOf that matched, of an AnyOf that did not."""
    yield name_of(condition)
    if isinstance(condition, joined):
        for part in condition.parts:
            yield from _certain(part, joined)


def _schedule(rule: Mapping[str, Any]) -> Schedule:
    return Schedule(rule["from"], rule["until"])
