"""Conditions: three-valued tests over a request, what the owner knows of the customer, and what Apple has reported.

A condition travels as a document, a JSON array whose head names an operator of the table below:

    ["all", C…] ["any", C…] ["not", C]                 Kleene's logic over other conditions
    ["is", FACT, [VALUE…]]                              equality and membership
    ["least"|"most"|"above"|"below", FACT, NUMBER]      ranges
    ["starts", FACT, [PREFIX…]]                         prefixes
    ["present", FACT]                                   whether the fact is known at all

FACT is `productId`, `userLocale`, `customer.<name>` (of the profile that the owner writes) or `subscription.<name>` (of
what Apple has reported of the subscription). A test answers True, False or None, which reads UNKNOWN: the fact is
missing, could not be read, or is of a type the test cannot compare. Only True matches, so neither a missing fact nor
its negation ever does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias, TypeVar

from retention.errors import DocumentError
from retention.locales import names_of

Scalar: TypeAlias = str | int | float | bool
Fact: TypeAlias = Scalar | tuple[str, ...]
Truth: TypeAlias = bool | None
Predicate: TypeAlias = "Callable[[Facts], Truth]"
ConditionDocument: TypeAlias = Sequence[Any]

_T = TypeVar("_T")

CUSTOMER_PREFIX: Final = "customer."
SUBSCRIPTION_PREFIX: Final = "subscription."


class Unreadable(Enum):
    """The row that has the facts could not be read, so that it is not known whether there is one."""

    UNREADABLE = "unreadable"


UNREADABLE: Final = Unreadable.UNREADABLE
Customer: TypeAlias = Mapping[str, Fact] | Unreadable
NO_FACTS: Final[Mapping[str, Fact]] = {}

# The identifier of the offer, None where it has none, and the purchase date in ms since 1970 (UTC).
Redemption: TypeAlias = tuple[str | None, int]


@dataclass(frozen=True, slots=True)
class Reported:
    """What Apple has reported of one subscription: its facts by name, without prefix, and the offers redeemed with it.

    `redemptions` None: Apple has reported nothing, so it is not known which offers the customer has redeemed.
    """

    facts: Mapping[str, Fact] = field(repr=False)
    redemptions: tuple[Redemption, ...] | None = field(repr=False)


Subscription: TypeAlias = Reported | Unreadable
NO_SUBSCRIPTION: Final = Reported(NO_FACTS, None)


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions may look at. What is known of the customer stays out of every `repr`."""

    product_id: str
    locale_names: frozenset[str]
    user_locale: str
    customer: Customer = field(repr=False)
    subscription: Customer = field(repr=False)

    @classmethod
    def of(
        cls, product_id: str, user_locale: str, customer: Customer, subscription: Subscription = NO_SUBSCRIPTION
    ) -> Facts:
        reported = subscription if isinstance(subscription, Unreadable) else subscription.facts
        return cls(product_id, names_of(user_locale), user_locale, customer, reported)

    def get(self, fact: str) -> Fact | None:
        """Return the fact's value, or None where it is missing or unreadable."""
        if fact == "productId":
            return self.product_id
        if fact == "userLocale":
            return self.user_locale
        if fact.startswith(SUBSCRIPTION_PREFIX):
            known, name = self.subscription, fact.removeprefix(SUBSCRIPTION_PREFIX)
        else:
            known, name = self.customer, fact.removeprefix(CUSTOMER_PREFIX)
        return None if isinstance(known, Unreadable) else known.get(name)


def fold_document(document: ConditionDocument, build: Mapping[str, Callable[..., _T]]) -> _T:
    """Return what `build` makes of a condition document, by operator: the one place where a document is unpacked.

    The functions for `all`, `any` and `not` get what was made of their parts; those for tests, the fact and the operand
    as they stand. Raises DocumentError for a document of another form.
    """
    if not isinstance(document, (list, tuple)) or not document or not isinstance(document[0], str):
        raise DocumentError("a condition is no list that begins with an operator")
    operator, *operands = document
    made = build.get(operator)
    if made is None:
        raise DocumentError("a condition has an unknown operator")
    if operator in _CONNECTIVES:
        if operator == "not" and len(operands) != 1:
            raise DocumentError("`not` has other than one part")
        return made(*[fold_document(operand, build) for operand in operands])
    if len(operands) != (1 if operator == "present" else 2) or not isinstance(operands[0], str):
        raise DocumentError("a test has other than a fact and an operand")
    return made(*operands)


def compile_condition(document: ConditionDocument) -> Predicate:
    """Turn a condition document into a function of Facts. Raises DocumentError for another document."""
    return fold_document(document, _PREDICATES)


def facts_named(document: ConditionDocument) -> set[str]:
    """Return the names of the facts a condition looks at."""
    return fold_document(document, _NAMES)


def _all(*predicates: Predicate) -> Predicate:
    def judge(facts: Facts) -> Truth:
        known: Truth = True
        for predicate in predicates:
            truth = predicate(facts)
            if truth is False:
                return False
            if truth is None:
                known = None
        return known

    return judge


def _any(*predicates: Predicate) -> Predicate:
    def judge(facts: Facts) -> Truth:
        known: Truth = False
        for predicate in predicates:
            truth = predicate(facts)
            if truth is True:
                return True
            if truth is None:
                known = None
        return known

    return judge


def _not(predicate: Predicate) -> Predicate:
    def judge(facts: Facts) -> Truth:
        truth = predicate(facts)
        return None if truth is None else not truth

    return judge


def _is(fact: str, values: Sequence[Scalar]) -> Predicate:
    _expect(values, str, int, float)
    if fact == "userLocale":
        names = frozenset(str(value) for value in values)
        return lambda facts: not names.isdisjoint(facts.locale_names)
    kinds = {_kind(value) for value in values}
    wanted = {(_kind(value), value) for value in values}
    return _over(fact, kinds, lambda value: (_kind(value), value) in wanted)


def _starts(fact: str, prefixes: Sequence[str]) -> Predicate:
    _expect(prefixes, str)
    beginnings = tuple(prefixes)
    return _over(fact, {str}, lambda value: str(value).startswith(beginnings))


def _range(compare: Callable[[Any, Any], bool]) -> Callable[[str, float], Predicate]:
    def build(fact: str, bound: float) -> Predicate:
        _expect([bound], int, float)
        return _over(fact, {float}, lambda value: compare(value, bound))

    return build


def _expect(values: object, *kinds: type) -> None:
    """Raise DocumentError unless `values` is a list of these kinds: better now than at each customer."""
    if not isinstance(values, list) or not all(isinstance(value, kinds) for value in values):
        raise DocumentError("an operand is not of a type its operator compares")


def _present(fact: str) -> Predicate:
    if fact.startswith(SUBSCRIPTION_PREFIX):
        return lambda facts: None if isinstance(facts.subscription, Unreadable) else facts.get(fact) is not None
    if fact.startswith(CUSTOMER_PREFIX):
        return lambda facts: None if isinstance(facts.customer, Unreadable) else facts.get(fact) is not None
    return lambda _: True


def _over(fact: str, kinds: set[type], test: Callable[[Scalar], bool]) -> Predicate:
    """Apply `test` to a fact of one of `kinds`; UNKNOWN for every other. A list passes when one of its members does."""

    def judge(facts: Facts) -> Truth:
        value: Any = facts.get(fact)  # what a caller of `decide` passes is not always of its declared type
        if isinstance(value, (tuple, list)):
            return any(test(member) for member in value if isinstance(member, str)) if str in kinds else None
        return test(value) if value is not None and _kind(value) in kinds else None

    return judge


def _kind(value: object) -> type:
    """Return bool, str or float: to Python True equals 1, to an owner it does not. No test compares any other type."""
    if isinstance(value, (bool, str)):
        return type(value)
    return float if isinstance(value, (int, float)) else type(value)


def _name(fact: str, *_: object) -> set[str]:
    return {fact}


_CONNECTIVES: Final = frozenset({"all", "any", "not"})
_PREDICATES: Final[Mapping[str, Callable[..., Predicate]]] = {
    "all": _all,
    "any": _any,
    "not": _not,
    "is": _is,
    "starts": _starts,
    "least": _range(lambda value, bound: value >= bound),
    "most": _range(lambda value, bound: value <= bound),
    "above": _range(lambda value, bound: value > bound),
    "below": _range(lambda value, bound: value < bound),
    "present": _present,
}
_NAMES: Final[Mapping[str, Callable[..., set[str]]]] = {
    **dict.fromkeys(_PREDICATES, _name),
    **dict.fromkeys(_CONNECTIVES, set[str]().union),  # returns another set; this one stays empty
}
