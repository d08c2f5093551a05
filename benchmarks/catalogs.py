"""Makes retention.yaml files of any size, on which look-ups, decisions and publishing are measured and tested.

The same arguments give the same bytes. The sheets of all products are alike and do not depend on the size of the file:
a number of rules, of which the last one answers, and a few message sets of two locales.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from retention.locales import APPLE_LOCALES

ASKED_LOCALE: Final = "en-US"
_OTHER_LOCALES: Final = tuple(sorted(APPLE_LOCALES - {ASKED_LOCALE}))


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a file.

    Each of the `products` products has `rules` rules of its own. Before them come `shared` rules for all products. The
    file has `sets` message sets of two locales, and the rules of one product name `sets_each` of them.
    """

    products: int
    rules: int
    sets: int
    sets_each: int
    shared: int = 0

    @property
    def all_rules(self) -> int:
        return self.products * self.rules + self.shared

    @property
    def messages(self) -> int:
        return self.sets * 2

    def __str__(self) -> str:
        return f"{self.all_rules:,} rules, {self.products:,} products, {self.messages:,} messages"


SMALL: Final = Shape(products=1, rules=20, sets=5, sets_each=5)
LARGE: Final = Shape(products=500, rules=20, sets=1000, sets_each=5)
EVERYWHERE: Final = Shape(products=500, rules=20, sets=1000, sets_each=5, shared=100)

# Shared rules are on every sheet, and a sheet can name at most 100 messages for one locale.
_SHARED_SETS: Final = 20


def product_id(number: int) -> str:
    """Return the id of the product with this number, counted from 0."""
    return f"com.example.plan{number:04}"


def write(shape: Shape, app_apple_id: int) -> str:
    """Return the text of a retention.yaml of this shape, without images and offers."""
    return "\n".join(
        [
            f"app: {{appAppleId: {app_apple_id}, bundleId: com.example.app}}",
            "environments:",
            "  sandbox: {stack: retention-sandbox, region: us-east-1}",
            "products:",
            *(f"  {product_id(number)}: {{group: plans, period: P1M}}" for number in range(shape.products)),
            f"locales: {{default: {ASKED_LOCALE}}}",
            "messages:",
            *_messages(shape),
            "rules:",
            *_rules(shape),
            "",
        ]
    )


def _set(number: int) -> str:
    return f"set{number:04}"


def _messages(shape: Shape) -> Iterator[str]:
    for number in range(shape.sets):
        yield f"  {_set(number)}:"
        for locale in (ASKED_LOCALE, _OTHER_LOCALES[number % len(_OTHER_LOCALES)]):
            header, body = f"Stay with us ({number})", f"Text {number} as it reads in {locale}: your plan goes on."
            yield f"    {locale}: {{header: {json.dumps(header)}, body: {json.dumps(body)}}}"


def _rules(shape: Shape) -> Iterator[str]:
    for number in range(shape.shared):
        condition = f"{{userLocale: {_elsewhere(number)}}}"
        yield _rule(f"everywhere-{number:03}", condition, number % min(_SHARED_SETS, shape.sets))
    for number in range(shape.products):
        own = [(number * shape.sets_each + each) % shape.sets for each in range(shape.sets_each)]
        product = product_id(number)
        for rule in range(shape.rules):
            is_last = rule == shape.rules - 1
            asks = "" if is_last else f", userLocale: {_elsewhere(rule)}"
            yield _rule(f"{product}-{rule:03}", f"{{productId: {product}{asks}}}", own[rule % len(own)])


def _elsewhere(number: int) -> str:
    """Return a locale other than ASKED_LOCALE, so that the rule is evaluated and does not match."""
    return _OTHER_LOCALES[number % len(_OTHER_LOCALES)]


def _rule(name: str, when: str, messages: int) -> str:
    return f"  - {{name: {name}, when: {when}, answer: {{message: {_set(messages)}}}}}"
