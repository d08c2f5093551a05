"""What a condition asks of the product, and what is left of it once the product is known: sheets are made by that."""

from __future__ import annotations

from retention.conditions import AllOf, AnyOf, Condition, FactTest, Not, fact_tests, truth_of
from retention.rules import NO_FACTS, Facts


def asks_product(condition: Condition) -> bool:
    """Return whether a condition looks at productId."""
    return any(test.fact == "productId" for test in fact_tests(condition))


def named_products(condition: Condition | None) -> frozenset[str] | None:
    """Return products outside which the condition is surely False, found without trying each; None: any product."""
    match condition:
        case FactTest("is", "productId", tuple(products)):
            return frozenset(map(str, products))
        case AllOf(parts) | AnyOf(parts):
            sets = [named_products(part) for part in parts]
            known = [named for named in sets if named is not None]
            if isinstance(condition, AllOf):
                return frozenset.intersection(*known) if known else None
            return frozenset.union(*known) if len(known) == len(sets) else None
    return None


def for_product(condition: Condition, product: str | None) -> Condition | bool:
    """Return the condition with `productId` known: True, False, or what remains to be asked. None: undeclared product.

    Kleene's logic lets a part that is settled go without changing what the complete condition answers.
    """
    match condition:
        case Not(part):
            inner = for_product(part, product)
            return (not inner) if isinstance(inner, bool) else Not(inner)
        case AllOf(parts) | AnyOf(parts):
            return _simplified(type(condition), [for_product(part, product) for part in parts])
        case FactTest("is", "productId", tuple(products)):
            return product in products  # the file declares every product it names
        case FactTest("starts", "productId", tuple(prefixes)) if product is not None:
            return product.startswith(tuple(map(str, prefixes)))  # ten times as fast as what follows
        case FactTest(_, "productId") if product is not None:
            truth = truth_of(condition, Facts.of(product, "", NO_FACTS))
            return condition if truth is None else truth
    return condition


def _simplified(join: type[AllOf | AnyOf], parts: list[Condition | bool]) -> Condition | bool:
    settles = join is AnyOf
    if any(part is settles for part in parts):
        return settles
    open_parts = [part for part in parts if not isinstance(part, bool)]
    if not open_parts:
        return not settles
    return open_parts[0] if len(open_parts) == 1 else join(tuple(open_parts))
