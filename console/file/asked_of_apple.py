"""Which rules and offers of a file need facts from Apple, which a stack has only where it takes in notifications."""

from __future__ import annotations

from dataclasses import dataclass

from retention.conditions import fact_tests

from console.file.entries import Document, RuleEntry
from console.file.subscription_facts import is_subscription_fact


@dataclass(frozen=True, slots=True)
class AskedOfApple:
    """`rules` ask for facts from Apple; `offers` have a limit, and some rule offers them. Both are names, in order."""

    rules: tuple[str, ...]
    offers: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.rules or self.offers)


def asked_of_apple(document: Document) -> AskedOfApple:
    """Return what needs facts from Apple."""
    offered = {answer.target for rule in document.rules for answer in rule.answers if answer.kind == "promotionalOffer"}
    return AskedOfApple(
        tuple(rule.name for rule in document.rules if _asks(rule)),
        tuple(name for name, offer in document.offers.items() if offer.limit is not None and name in offered),
    )


def _asks(rule: RuleEntry) -> bool:
    return rule.condition is not None and any(is_subscription_fact(test.fact) for test in fact_tests(rule.condition))
