"""Conditions as values: what rules ask, for every program that reads a condition without answering the App Store.

The four classes stand for the forms of a condition's document (`retention.rules`). The real-time function does not
build them: it compiles documents directly, and pays for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from retention.rules import ConditionDocument, Facts, Scalar, Truth, compile_condition, fold_document

_T = TypeVar("_T")

Condition: TypeAlias = "AllOf | AnyOf | Not | FactTest"


@dataclass(frozen=True, slots=True)
class FactTest:
    """A test of one fact. `operand`: the values of `is`, the prefixes of `starts`, a range's number, else None.

    Equality is Python's, so that tests for 1, 1.0 and true are equal; their documents are not.
    """

    operator: str
    fact: str
    operand: tuple[Scalar, ...] | float | None = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Holds where every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds where at least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where its part surely does not hold."""

    part: Condition


def _test(operator: str) -> Callable[..., Condition]:
    def build(fact: str, operand: Any = None) -> Condition:  # noqa: ANN401  # JSON
        return FactTest(operator, fact, tuple(operand) if isinstance(operand, list) else operand)

    return build


_CLASSES: Final[Mapping[str, Callable[..., Condition]]] = {
    "all": lambda *parts: AllOf(parts),
    "any": lambda *parts: AnyOf(parts),
    "not": Not,
    **{name: _test(name) for name in ("is", "starts", "least", "most", "above", "below", "present")},
}


def condition_of(document: ConditionDocument) -> Condition:
    """Read a condition's document. Raises DocumentError for a document of another form."""
    return fold_document(document, _CLASSES)


def document_of(condition: Condition) -> list[Any]:
    """Return the document of a condition, as a row of the table has it."""
    return fold(
        condition,
        all_of=lambda documents: ["all", *documents],
        any_of=lambda documents: ["any", *documents],
        negated=lambda document: ["not", document],
        test=_test_document,
    )


def _test_document(test: FactTest) -> list[Any]:
    operand = list(test.operand) if isinstance(test.operand, tuple) else test.operand
    return [test.operator, test.fact] if operand is None else [test.operator, test.fact, operand]


def fold(
    condition: Condition,
    *,
    all_of: Callable[[list[_T]], _T],
    any_of: Callable[[list[_T]], _T],
    negated: Callable[[_T], _T],
    test: Callable[[FactTest], _T],
) -> _T:
    """Return what a condition comes to, its tests first: each function gets what the parts came to."""

    def folded(inner: Condition) -> _T:
        match inner:
            case AllOf(parts):
                return all_of([folded(part) for part in parts])
            case AnyOf(parts):
                return any_of([folded(part) for part in parts])
            case Not(part):
                return negated(folded(part))
        return test(inner)

    return folded(condition)


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """Return the conditions that a condition is made of; of a test, none."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return parts
        case Not(part):
            return (part,)
    return ()


def walk(condition: Condition) -> Iterator[Condition]:
    """Yield a condition and every condition in it, from the outermost to its tests, in the order of the document."""
    yield condition
    for part in parts_of(condition):
        yield from walk(part)


def fact_tests(condition: Condition) -> Iterator[FactTest]:
    """Yield the tests of a condition, in the order of the document."""
    return (part for part in walk(condition) if isinstance(part, FactTest))


def with_tests(condition: Condition, change: Callable[[FactTest], FactTest]) -> Condition:
    """Return a condition with each of its tests replaced by what `change` returns for it."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return type(condition)(tuple(with_tests(part, change) for part in parts))
        case Not(part):
            return Not(with_tests(part, change))
    return change(condition)


def truth_of(condition: Condition, facts: Facts) -> Truth:
    """Return what a condition answers, by the very functions that answer the App Store. Raises as `condition_of`."""
    return compile_condition(document_of(condition))(facts)
