"""`when:` in the file → a condition of `retention.conditions`.

productId: pro.monthly                     equality
userLocale: [en, fr-CA]                    membership; a bare language covers its regions
customer.tenureDays: {atLeast: 180}        operators; several in one mapping must all hold
subscription.status: active                a fact from Apple: `console.file.subscription_facts` knows names and types
anyOf: [{…}, {…}]   allOf: [{…}]   not: {…}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from retention.conditions import AllOf, AnyOf, Condition, FactTest, Not
from retention.locales import normalise, spelled
from retention.rules import CUSTOMER_PREFIX, SUBSCRIPTION_PREFIX

from console.file.mistakes import Notes, suggestion
from console.file.subscription_facts import SubscriptionFacts, is_subscription_fact
from console.file.tree import Node
from console.terminal.characters import describe_character, invisible_in_name

_CUSTOMER = re.compile(r"customer\.[A-Za-z][A-Za-z0-9_]*")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,4}")
_COMBINATORS: Final = ("anyOf", "allOf", "not")
_FACTS: Final = ("productId", "userLocale", "customer.<name>", "subscription.<name>")
_RANGES: Final = {"atLeast": "least", "atMost": "most", "above": "above", "below": "below"}
OPERATORS: Final = ("equals", "in", *_RANGES, "startsWith", "present", "not")

# Far beyond what a person can read; the function compiles conditions by recursion.
_MAX_DEPTH: Final = 20
_NO_OFFERS: Final[Mapping[str, str]] = {}


def read_condition(
    node: Node, notes: Notes, products: Collection[str], offers: Mapping[str, str] = _NO_OFFERS
) -> Condition | None:
    """Return the condition of a `when:`; None where nothing of it could be understood (and is noted).

    `offers` is the name of each offer in the file → its identifier.
    """
    return _ConditionReader(notes, products, SubscriptionFacts(notes, products, offers)).condition(node, 0)


def is_locale(text: str) -> bool:
    """Return whether `text` has the form of a locale: a language and perhaps a script, a region, variants."""
    return _LOCALE.fullmatch(text) is not None


def canonical_locale(value: str) -> str:
    """Return the one spelling in which a rule names a locale that devices spell in several ways.

    Apple has one locale for several regions of Chinese; a rule about one of those regions stays about that region.
    """
    written, normal = spelled(value), normalise(value)
    if "-" not in written:
        return normal.partition("-")[0]
    return written if written.startswith("zh-") else normal


@dataclass(frozen=True, slots=True)
class _ConditionReader:
    notes: Notes
    products: Collection[str]
    apple: SubscriptionFacts

    def condition(self, node: Node, depth: int) -> Condition | None:
        if depth > _MAX_DEPTH:
            self.notes.add(node.at, "Conditions are nested too deeply.", f"Use at most {_MAX_DEPTH} levels.")
            return None
        if not isinstance(node.value, Mapping):
            self.notes.add(
                node.at, f"A condition is a mapping, not {node.kind}.", "Write `{productId: …}`, for example."
            )
            return None
        if not node.entries:
            self.notes.add(node.at, "This condition is empty.", "Leave it out to match every request.")
        return _joined(AllOf, [self.clause(key, entry, depth + 1) for key, entry in node.entries.items()])

    def clause(self, key: str, node: Node, depth: int) -> Condition | None:
        if key == "not":
            return _negated(self.condition(node, depth))
        if key in {"anyOf", "allOf"}:
            return self.several(AnyOf if key == "anyOf" else AllOf, node, depth)
        if key in {"productId", "userLocale"} or _CUSTOMER.fullmatch(key):
            return self.test(key, node, depth)
        if is_subscription_fact(key):
            return self.test(key, node, depth) if self.apple.exists(key, node) else None
        self.unknown_fact(key, node)
        return None

    def several(self, join: type[AllOf | AnyOf], node: Node, depth: int) -> Condition | None:
        if not isinstance(node.value, tuple) or not node.items:
            self.notes.add(node.at, "A list of at least one condition belongs here.", "Write `[{…}, {…}]`.")
            return None
        return _joined(join, [self.condition(item, depth) for item in node.items])

    def unknown_fact(self, key: str, node: Node) -> None:
        if key == "customer":
            instead = "Write `customer.tenureDays: …`, fact by fact."
        elif key == "subscription":
            instead = "Write `subscription.status: …`, fact by fact."
        elif key.startswith(CUSTOMER_PREFIX):
            instead = "Names of facts are letters, digits and `_`, beginning with a letter: `customer.tenureDays`."
        else:
            instead = self.notes.suggest(key, [*_COMBINATORS, *_FACTS])
        self.notes.add(node.at, f"There is nothing called `{key}` to ask about a request.", instead)

    def test(self, fact: str, node: Node, depth: int) -> Condition | None:
        if depth > _MAX_DEPTH:
            self.notes.add(node.at, "Conditions are nested too deeply.", f"Use at most {_MAX_DEPTH} levels.")
            return None
        if isinstance(node.value, tuple):
            return self.members(fact, node)
        if not isinstance(node.value, Mapping):
            return self.equals(fact, node)
        if not node.entries:
            self.notes.add(node.at, "No operator stands here.", suggestion("", OPERATORS))
        tests = [self.operation(fact, name, operand, depth + 1) for name, operand in node.entries.items()]
        return _joined(AllOf, tests)

    def operation(self, fact: str, name: str, node: Node, depth: int) -> Condition | None:
        read: Mapping[str, Callable[[], Condition | None]] = {
            "equals": lambda: self.equals(fact, node),
            "in": lambda: self.members(fact, node),
            "startsWith": lambda: self.prefixes(fact, node),
            "present": lambda: self.present(fact, node),
            "not": lambda: _negated(self.test(fact, node, depth)),
            **{word: lambda: self.bound(fact, name, node) for word in _RANGES},
        }
        if name in read:
            return read[name]()
        self.notes.unknown(node.at, "operator", name, OPERATORS)
        return None

    def equals(self, fact: str, node: Node) -> Condition | None:
        if node.value is None or isinstance(node.value, tuple | Mapping):
            self.notes.add(node.at, f"A single value belongs here, not {node.kind}.", f"Write `{fact}: value`.")
            return None
        return FactTest("is", fact, (self.value(fact, node),))

    def members(self, fact: str, node: Node) -> Condition | None:
        if not isinstance(node.value, tuple) or not node.items:
            wrong = "This list is empty." if node.value == () else f"A list belongs here, not {node.kind}."
            self.notes.add(node.at, wrong, f"Write `{fact}: [value, …]`.")
            return None
        nested = [item for item in node.items if item.value is None or isinstance(item.value, tuple | Mapping)]
        for item in nested:
            self.notes.add(item.at, f"A list of values holds {item.kind}.", f"Write `{fact}: [value, …]`.")
        return None if nested else FactTest("is", fact, tuple(self.value(fact, item) for item in node.items))

    def value(self, fact: str, node: Node) -> Any:  # noqa: ANN401  # a scalar of the file
        value = node.value
        if self.unseen(fact, node) or fact.startswith(CUSTOMER_PREFIX):
            return value
        if is_subscription_fact(fact):
            self.apple.value(fact, node)
        elif not isinstance(value, str):
            self.notes.add(node.at, f"`{fact}` is compared with a text, not {node.kind}.", f'Write `"{node.written}"`.')
        elif fact == "productId" and value not in self.products:
            self.notes.unknown(node.at, "product", value, self.products)
        elif fact == "userLocale" and not is_locale(value):
            self.notes.add(node.at, f"`{value}` is not a locale.", "Write one like `en`, `en-GB` or `zh-Hant`.")
        elif fact == "userLocale":
            return canonical_locale(value)
        return value

    def unseen(self, fact: str, node: Node) -> bool:
        """Note a character that cannot be seen; return whether it is a mistake. An owner's facts may have any."""
        unseen = invisible_in_name(node.value) if isinstance(node.value, str) else None
        if unseen is None:
            return False
        named = (
            "a blank (U+0020 SPACE) at its beginning or end"
            if unseen == " "
            else f"the character {describe_character(unseen)}"
        )
        wrong, mistake = f"`{fact}` is compared with a text that has {named}.", not fact.startswith(CUSTOMER_PREFIX)
        (self.notes.add if mistake else self.notes.warn)(node.at, wrong, "Write it without.")
        return mistake

    def bound(self, fact: str, name: str, node: Node) -> Condition | None:
        if is_subscription_fact(fact):
            if not self.apple.bound(fact, name, node):
                return None
        elif not fact.startswith(CUSTOMER_PREFIX):
            self.notes.add(node.at, f"`{fact}` is a text and has no range.", "Compare it with values or `startsWith`.")
            return None
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            self.notes.add(node.at, f"`{name}` needs a number, not {node.kind}.", f"Write `{{{name}: 180}}`.")
            return None
        return FactTest(_RANGES[name], fact, node.value)

    def prefixes(self, fact: str, node: Node) -> Condition | None:
        items = node.items if isinstance(node.value, tuple) else (node,)
        if is_subscription_fact(fact) and not all(self.apple.prefix(fact, item) for item in items):
            return None
        if not items or not all(isinstance(item.value, str) and item.value for item in items):
            self.notes.add(node.at, "`startsWith` needs a text, or a list of texts.", "Write `{startsWith: pro.}`.")
            return None
        for item in items:
            self.unseen(fact, item)
        return FactTest("starts", fact, tuple(str(item.value) for item in items))

    def present(self, fact: str, node: Node) -> Condition | None:
        if not fact.startswith((CUSTOMER_PREFIX, SUBSCRIPTION_PREFIX)):
            instead = "Ask `present` of facts under `customer.` and `subscription.` only."
            self.notes.add(node.at, f"Every request has `{fact}`.", instead)
            return None
        if not isinstance(node.value, bool):
            self.notes.add(node.at, f"`present` is `true` or `false`, not {node.kind}.", "Write `{present: true}`.")
            return None
        present = FactTest("present", fact)
        return present if node.value else Not(present)


def _joined(join: type[AllOf | AnyOf], parts: list[Condition | None]) -> Condition | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not known:
        return None
    return known[0] if len(known) == 1 else join(tuple(known))


def _negated(condition: Condition | None) -> Condition | None:
    return None if condition is None else Not(condition)
