"""What a rule may ask of a fact from Apple: the names, the type of each, and the values that it can have at all.

A fact that the owner's systems write can have any name and value. Those from Apple are known, so a wrong one is a
mistake in the file, and not a rule that never matches.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from retention.rules import CUSTOMER_PREFIX, SUBSCRIPTION_PREFIX
from retention.subscription import (
    BILLING_PLANS,
    FACT_KINDS,
    MAX_SNAPSHOTS,
    MAX_TRANSACTIONS,
    OFFER_TYPES,
    OTHER,
    OWNERSHIPS,
    STATUSES,
)

from console.file.mistakes import Notes, suggestion
from console.file.tree import Node

NUMBER, TEXT, TRUTH, LIST = "number", "text", "truth", "list"

# Facts with few values.
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "status": (*STATUSES.values(), OTHER),
    "currentOfferType": (*OFFER_TYPES.values(), OTHER),
    "billingPlan": (*BILLING_PLANS.values(), OTHER),
    "nextBillingPlan": (*BILLING_PLANS.values(), OTHER),
    "ownership": (*OWNERSHIPS.values(), OTHER),
}
# Facts that count what a subscription's row remembers, and how many that can be: a change needs two snapshots.
MOST_COUNTED: Final = MAX_TRANSACTIONS
_COUNTS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("renewals", "offersRedeemed", "refunds", "upgrades"), MOST_COUNTED),
    **dict.fromkeys(("timesTurnedOff", "billingTroubles"), MAX_SNAPSHOTS // 2),
}
_CODES: Final = {"storefront": "USA", "currency": "USD"}
_OF_PRODUCTS: Final = frozenset({"nextProductId", "plansHeld"})
_OF_OFFERS: Final = frozenset({"currentOffer", "nextOffer", "lastOffer", "winBackOffers"})

_THREE_CAPITALS: Final = re.compile("[A-Z]{3}")
_DIGITS: Final = re.compile("[0-9]+")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_TRUTHS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("yes", "y", "on", "true", "1"), "true"),
    **dict.fromkeys(("no", "n", "off", "false", "0"), "false"),
}
_KINDS: Final[Mapping[str, str]] = {NUMBER: "a number", TEXT: "a text", TRUTH: "`true` or `false`", LIST: "a list"}
_EXAMPLES: Final[Mapping[str, str]] = {NUMBER: "{atLeast: 1}", TEXT: "value", TRUTH: "true", LIST: "value"}


def is_subscription_fact(fact: str) -> bool:
    """Return whether a condition asks for a fact from Apple."""
    return fact.startswith(SUBSCRIPTION_PREFIX)


def name_of_fact(fact: str) -> str:
    """Return the name of a fact from Apple without its prefix."""
    return fact.removeprefix(SUBSCRIPTION_PREFIX)


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    """Checks what a file asks of these facts. `offers` is the name of each offer in the file → its identifier."""

    notes: Notes
    products: Collection[str]
    offers: Mapping[str, str]

    def exists(self, fact: str, node: Node) -> bool:
        """Return whether there is such a fact; where there is none, note which one may have been meant."""
        name = name_of_fact(fact)
        if name in FACT_KINDS:
            return True
        meant = re.sub(r"`(\w+)`", rf"`{SUBSCRIPTION_PREFIX}\1`", self.notes.suggest(name, FACT_KINDS))
        own = f" A fact of your own begins with `{CUSTOMER_PREFIX}`." if meant.startswith("Write") else ""
        self.notes.add(node.at, f"Apple reports no fact `{fact}`.", meant + own)
        return False

    def value(self, fact: str, node: Node) -> None:
        """Note a value that the fact cannot have; warn of one that it hardly has."""
        kind, value = FACT_KINDS[name_of_fact(fact)], node.value
        if kind == TRUTH:
            self._truth(fact, node)
        elif kind == NUMBER:
            self._number(fact, node)
        elif not isinstance(value, str):
            self.notes.add(node.at, f"`{fact}` is compared with a text, not {node.kind}.", f'Write `"{node.written}"`.')
        else:
            self._text(fact, value, node)

    def bound(self, fact: str, operator: str, node: Node) -> bool:
        """Return whether the fact has a range, which only numbers have; note it where it has none, or never this one.

        `operator` is a range's name in the file.
        """
        name, value = name_of_fact(fact), node.value
        kind = FACT_KINDS[name]
        if kind != NUMBER:
            instead = f"Write `{fact}: {VALUES.get(name, (_EXAMPLES[kind],))[0]}`, for example."
            self.notes.add(node.at, f"`{fact}` is {_KINDS[kind]} and has no range.", instead)
            return False
        if isinstance(value, int | float) and not isinstance(value, bool) and name in _COUNTS:
            least = value if operator == "atLeast" else value + 1 if operator == "above" else 0
            self._countable(fact, least, node)
        return True

    def prefix(self, fact: str, node: Node) -> bool:
        """Return whether the fact can begin with a text; note it where it cannot, or where no value of it does."""
        name = name_of_fact(fact)
        kind = FACT_KINDS[name]
        if kind in {NUMBER, TRUTH}:
            wrong = f"`{fact}` is {_KINDS[kind]}, and `startsWith` compares texts."
            self.notes.add(node.at, wrong, f"Write `{fact}: {_EXAMPLES[kind]}`, for example.")
            return False
        values = VALUES.get(name)
        if values is not None and isinstance(node.value, str) and not any(v.startswith(node.value) for v in values):
            wrong = f"No value of `{fact}` begins with `{node.value}`."
            self.notes.add(node.at, wrong, suggestion(node.value, values))
        return True

    def _truth(self, fact: str, node: Node) -> None:
        if not isinstance(node.value, bool):
            meant = _TRUTHS.get(str(node.value).casefold())
            instead = f"Write `{fact}: {meant}`." if meant else f"Write `{fact}: true` or `{fact}: false`."
            self.notes.add(node.at, f"`{fact}` is `true` or `false`, not {node.kind}.", instead)

    def _number(self, fact: str, node: Node) -> None:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            meant = _NUMBER.fullmatch(node.value.strip()) if isinstance(node.value, str) else None
            instead = f"Write `{fact}: {meant[0]}`, without quotes." if meant else f"Write `{fact}: {{atLeast: 1}}`."
            self.notes.add(node.at, f"`{fact}` is a number, not {node.kind}.", instead)
        elif name_of_fact(fact) in _COUNTS:
            self._countable(fact, node.value, node)

    def _countable(self, fact: str, least: float, node: Node) -> None:
        most = _COUNTS[name_of_fact(fact)]
        if least > most:
            wrong = f"`{fact}` is never more than {most}, since no more are remembered."
            self.notes.warn(node.at, wrong, f"Ask for `{{atLeast: {most}}}` at most.")

    def _text(self, fact: str, value: str, node: Node) -> None:
        name = name_of_fact(fact)
        if name in VALUES:
            if value not in VALUES[name]:
                self.notes.unknown(node.at, f"`{fact}` called", value, VALUES[name])
        elif name in _CODES and not _THREE_CAPITALS.fullmatch(value):
            wrong = f"`{fact}` is a code of three capitals, not `{value}`."
            self.notes.add(node.at, wrong, f"Write one like `{_CODES[name]}`.")
        elif name == "group" and not _DIGITS.fullmatch(value):
            wrong = f"`{fact}` is the number that Apple gave the subscription group, not a name such as `{value}`."
            self.notes.warn(node.at, wrong, 'Write the group id of App Store Connect, in quotes: `"21345678"`.')
        elif name in _OF_PRODUCTS and value not in self.products:
            wrong = f"The file has no product `{value}`, with which `{fact}` is compared."
            self.notes.warn(node.at, wrong, self.notes.suggest(value, self.products))
        elif name in _OF_OFFERS and value in self.offers and value not in self.offers.values():
            wrong = f"`{value}` is the name of an offer in this file, and `{fact}` has the identifier that Apple knows."
            self.notes.warn(node.at, wrong, f"Write `{self.offers[value]}`.")
