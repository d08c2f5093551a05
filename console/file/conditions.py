"""`when:` in the file → a condition document of `retention.rules`, and what is left of one once the product is known.

productId: pro.monthly                     equality
userLocale: [en, fr-CA]                    membership; a bare language covers its regions
customer.tenureDays: {atLeast: 180}        operators; several in one mapping must all hold
anyOf: [{…}, {…}]   allOf: [{…}]   not: {…}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from retention.locales import normalise, spelled
from retention.rules import CUSTOMER_PREFIX

from console.file.mistakes import Notes, suggestion
from console.file.tree import Node
from console.terminal.characters import called, unseen_in_name

Document: TypeAlias = list[Any]

_CUSTOMER = re.compile(r"customer\.[A-Za-z][A-Za-z0-9_]*")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,4}")
_COMBINATORS: Final = ("anyOf", "allOf", "not")
_FACTS: Final = ("productId", "userLocale", "customer.<name>")
_RANGES: Final = {"atLeast": "least", "atMost": "most", "above": "above", "below": "below"}
_OPERATORS: Final = ("equals", "in", *_RANGES, "startsWith", "present", "not")

# Far beyond what a person can read; the function compiles conditions by recursion.
_MAX_DEPTH: Final = 20


def read_condition(node: Node, notes: Notes, products: Collection[str]) -> Document | None:
    """Return the condition document of a `when:`; None where nothing of it could be understood (and is noted)."""
    return _Reader(notes, products).condition(node, 0)


def is_locale(text: str) -> bool:
    """Tell whether `text` has the form of a locale: a language and perhaps a script, a region, variants."""
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
class _Reader:
    notes: Notes
    products: Collection[str]

    def condition(self, node: Node, depth: int) -> Document | None:
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
        return _joined("all", [self.clause(key, entry, depth + 1) for key, entry in node.entries.items()])

    def clause(self, key: str, node: Node, depth: int) -> Document | None:
        if key == "not":
            return _negated(self.condition(node, depth))
        if key in {"anyOf", "allOf"}:
            return self.several("any" if key == "anyOf" else "all", node, depth)
        if key in {"productId", "userLocale"} or _CUSTOMER.fullmatch(key):
            return self.test(key, node, depth)
        self.unknown_fact(key, node)
        return None

    def several(self, operator: str, node: Node, depth: int) -> Document | None:
        if not isinstance(node.value, tuple) or not node.items:
            self.notes.add(node.at, "A list of at least one condition belongs here.", "Write `[{…}, {…}]`.")
            return None
        return _joined(operator, [self.condition(item, depth) for item in node.items])

    def unknown_fact(self, key: str, node: Node) -> None:
        if key == "customer":
            instead = "Write `customer.tenureDays: …`, fact by fact."
        elif key.startswith(CUSTOMER_PREFIX):
            instead = "Names of facts are letters, digits and `_`, beginning with a letter: `customer.tenureDays`."
        else:
            instead = self.notes.suggest(key, [*_COMBINATORS, *_FACTS])
        self.notes.add(node.at, f"There is nothing called `{key}` to ask about a request.", instead)

    def test(self, fact: str, node: Node, depth: int) -> Document | None:
        if depth > _MAX_DEPTH:
            self.notes.add(node.at, "Conditions are nested too deeply.", f"Use at most {_MAX_DEPTH} levels.")
            return None
        if isinstance(node.value, tuple):
            return self.members(fact, node)
        if not isinstance(node.value, Mapping):
            return self.equals(fact, node)
        if not node.entries:
            self.notes.add(node.at, "No operator stands here.", suggestion("", _OPERATORS))
        tests = [self.operation(fact, name, operand, depth + 1) for name, operand in node.entries.items()]
        return _joined("all", tests)

    def operation(self, fact: str, name: str, node: Node, depth: int) -> Document | None:
        read: Mapping[str, Callable[[], Document | None]] = {
            "equals": lambda: self.equals(fact, node),
            "in": lambda: self.members(fact, node),
            "startsWith": lambda: self.prefixes(fact, node),
            "present": lambda: self.present(fact, node),
            "not": lambda: _negated(self.test(fact, node, depth)),
            **{word: lambda: self.bound(fact, name, node) for word in _RANGES},
        }
        if name in read:
            return read[name]()
        self.notes.unknown(node.at, "operator", name, _OPERATORS)
        return None

    def equals(self, fact: str, node: Node) -> Document | None:
        if node.value is None or isinstance(node.value, tuple | Mapping):
            self.notes.add(node.at, f"A single value belongs here, not {node.kind}.", f"Write `{fact}: value`.")
            return None
        return ["is", fact, [self.value(fact, node)]]

    def members(self, fact: str, node: Node) -> Document | None:
        if not isinstance(node.value, tuple) or not node.items:
            wrong = "This list is empty." if node.value == () else f"A list belongs here, not {node.kind}."
            self.notes.add(node.at, wrong, f"Write `{fact}: [value, …]`.")
            return None
        nested = [item for item in node.items if item.value is None or isinstance(item.value, tuple | Mapping)]
        for item in nested:
            self.notes.add(item.at, f"A list of values holds {item.kind}.", f"Write `{fact}: [value, …]`.")
        return None if nested else ["is", fact, [self.value(fact, item) for item in node.items]]

    def value(self, fact: str, node: Node) -> Any:  # noqa: ANN401  # a scalar of the file
        value = node.value
        if self.unseen(fact, node) or fact.startswith(CUSTOMER_PREFIX):
            return value
        if not isinstance(value, str):
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
        unseen = unseen_in_name(node.value) if isinstance(node.value, str) else None
        if unseen is None:
            return False
        named = "a blank (U+0020 SPACE) at its beginning or end" if unseen == " " else f"the character {called(unseen)}"
        wrong, mistake = f"`{fact}` is compared with a text that has {named}.", not fact.startswith(CUSTOMER_PREFIX)
        (self.notes.add if mistake else self.notes.warn)(node.at, wrong, "Write it without.")
        return mistake

    def bound(self, fact: str, name: str, node: Node) -> Document | None:
        if not fact.startswith(CUSTOMER_PREFIX):
            self.notes.add(node.at, f"`{fact}` is a text and has no range.", "Compare it with values or `startsWith`.")
            return None
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            self.notes.add(node.at, f"`{name}` needs a number, not {node.kind}.", f"Write `{{{name}: 180}}`.")
            return None
        return [_RANGES[name], fact, node.value]

    def prefixes(self, fact: str, node: Node) -> Document | None:
        items = node.items if isinstance(node.value, tuple) else (node,)
        if not items or not all(isinstance(item.value, str) and item.value for item in items):
            self.notes.add(node.at, "`startsWith` needs a text, or a list of texts.", "Write `{startsWith: pro.}`.")
            return None
        for item in items:
            self.unseen(fact, item)
        return ["starts", fact, [item.value for item in items]]

    def present(self, fact: str, node: Node) -> Document | None:
        if not fact.startswith(CUSTOMER_PREFIX):
            self.notes.add(node.at, f"Every request has `{fact}`.", "Ask `present` of facts under `customer.` only.")
            return None
        if not isinstance(node.value, bool):
            self.notes.add(node.at, f"`present` is `true` or `false`, not {node.kind}.", "Write `{present: true}`.")
            return None
        return ["present", fact] if node.value else ["not", ["present", fact]]


def _joined(operator: str, documents: list[Document | None]) -> Document | None:
    known = [document for document in documents if document is not None]
    if len(known) < len(documents) or not known:
        return None
    return known[0] if len(known) == 1 else [operator, *known]


def _negated(document: Document | None) -> Document | None:
    return None if document is None else ["not", document]


def asks_product(document: Document) -> bool:
    """Tell whether a condition looks at productId."""
    operator, *operands = document
    if operator in {"all", "any", "not"}:
        return any(asks_product(operand) for operand in operands)
    return bool(operands[0] == "productId")


def named_products(document: Document | None) -> frozenset[str] | None:
    """Return products outside which the condition is surely False, found without trying each; None: any product."""
    if document is None:
        return None
    operator, *operands = document
    if operator == "is" and operands[0] == "productId":
        return frozenset(operands[1])
    if operator in {"all", "any"}:
        sets = [named_products(operand) for operand in operands]
        known = [named for named in sets if named is not None]
        if operator == "all":
            return frozenset.intersection(*known) if known else None
        return frozenset.union(*known) if len(known) == len(sets) else None
    return None


def for_product(document: Document, product: str | None) -> Document | bool:
    """Return the condition with `productId` known: True, False, or what remains to be asked. None: undeclared product.

    Kleene's logic lets a part that is settled go without changing what the whole answers.
    """
    operator, *operands = document
    if operator == "not":
        inner = for_product(operands[0], product)
        return (not inner) if isinstance(inner, bool) else ["not", inner]
    if operator in {"all", "any"}:
        return _simplified(operator, [for_product(operand, product) for operand in operands])
    if operands[0] != "productId":
        return document
    if operator == "is":
        return product in operands[1]  # the file declares every product it names
    return document if product is None else product.startswith(tuple(operands[1]))


def _simplified(operator: str, parts: list[Document | bool]) -> Document | bool:
    settles = operator == "any"
    if any(part is settles for part in parts):
        return settles
    open_parts = [part for part in parts if not isinstance(part, bool)]
    if not open_parts:
        return not settles
    return open_parts[0] if len(open_parts) == 1 else [operator, *open_parts]
