"""The facts about a customer that rules ask for: what each is, where it comes from, and how old it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from retention.conditions import fact_tests
from retention.rules import CUSTOMER_PREFIX, SUBSCRIPTION_PREFIX, Facts, Subscription, Unreadable

from console.file.entries import Document, RuleEntry
from console.file.wording import value_text

# What limits of offers count; it is no fact, since no condition can ask for it.
REDEMPTIONS: Final = "redemptions"
_MS: Final = 1000
_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a fact comes from, and when Apple signed that; None where it is not known."""

    source: str
    signed_at: datetime | None = None


# By a fact's name, or by its prefix for all whose origin is the same.
Origins = Mapping[str, Origin]
OF_ROWS: Final[Origins] = {
    CUSTOMER_PREFIX: Origin("the owner's profile of the customer"),
    SUBSCRIPTION_PREFIX: Origin("Apple's reports"),
}


@dataclass(frozen=True, slots=True)
class AskedFact:
    """A fact, or REDEMPTIONS. `found` is its value as text, `missing` or `unreadable`; `age_days` are full days."""

    name: str
    found: str = field(repr=False)
    source: str
    signed_at: datetime | None
    age_days: int | None


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """What is known of the customer of one request, as of `at`."""

    facts: Facts
    subscription: Subscription
    origins: Origins
    at: datetime


def asked_facts(document: Document, rules: Collection[str], known: KnownCustomer) -> Iterator[AskedFact]:
    """Yield each fact about the customer that one of these rules asks for, by name, and what their limits count."""
    asked = [rule for rule in document.rules if rule.name in rules]
    for fact in dict.fromkeys(fact for rule in asked for fact in _facts_of(rule)):
        prefix = SUBSCRIPTION_PREFIX if fact.startswith(SUBSCRIPTION_PREFIX) else CUSTOMER_PREFIX
        origin = known.origins.get(fact) or known.origins[prefix]
        yield _asked(fact, found_text(fact, known.facts), origin, known.at)
    if any(_has_limit(rule, document) for rule in asked):
        origin = known.origins.get(f"{SUBSCRIPTION_PREFIX}offersRedeemed") or known.origins[SUBSCRIPTION_PREFIX]
        yield _asked(REDEMPTIONS, _redemptions_text(known.subscription, known.at), origin, known.at)


def found_text(fact: str, facts: Facts) -> str:
    """Return a fact as the file would write it; `unreadable` where its row is, `missing` where it has none."""
    rows = {CUSTOMER_PREFIX: facts.customer, SUBSCRIPTION_PREFIX: facts.subscription}
    if any(fact.startswith(prefix) and isinstance(row, Unreadable) for prefix, row in rows.items()):
        return "unreadable"
    value = facts.get(fact)
    if value is None:
        return "missing"
    return ", ".join(map(value_text, value)) if isinstance(value, tuple) else value_text(value)


def _facts_of(rule: RuleEntry) -> Iterator[str]:
    if rule.condition is not None:
        for test in fact_tests(rule.condition):
            if test.fact.startswith((CUSTOMER_PREFIX, SUBSCRIPTION_PREFIX)):
                yield test.fact


def _has_limit(rule: RuleEntry, document: Document) -> bool:
    offers = [document.offers.get(answer.target) for answer in rule.answers if answer.kind == "promotionalOffer"]
    return any(offer is not None and offer.limit is not None for offer in offers)


def _redemptions_text(subscription: Subscription, at: datetime) -> str:
    if isinstance(subscription, Unreadable):
        return "unreadable"
    if subscription.redemptions is None:
        return "missing"
    days = [
        f"{offer or 'an offer without identifier'} {_ago(int(at.timestamp()) - purchased // _MS)}"
        for offer, purchased in reversed(subscription.redemptions)
    ]
    return ", ".join(days) or "none"


def _ago(seconds: int) -> str:
    days = seconds // _DAY_SECONDS
    return "today" if days == 0 else f"{days} days ago" if days > 0 else f"in {-days} days"


def _asked(name: str, found: str, origin: Origin, at: datetime) -> AskedFact:
    age = None if origin.signed_at is None else max(0, (at - origin.signed_at).days)
    return AskedFact(name, found, origin.source, origin.signed_at, age)
