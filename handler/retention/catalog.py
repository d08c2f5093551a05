"""What one decision needs: one product's sheet of rules, the release's settings, and the states of its messages.

A *sheet* is published as a JSON document and compiled here when it is loaded:

    {"product": {"productId", "group", "advancedCommerce", "bundle"} | null,     null: products outside the file
     "rules": [{"name", "when": CONDITION | null, "from": UTC seconds | null, "until": UTC seconds | null,
                "answer": ANSWER} | {…, "experiment": EXPERIMENT}],
     "sets": {SET: {LOCALE: [message id, newest first…]}},
     "pictured": [message ids that have an image or bullets],
     "holdout"?: {"key", "slots": SLOTS, "answer": ANSWER that is a message or `fallback`}}

    EXPERIMENT  {"key", "arms": [[NAME, SLOTS, ANSWER]…],
                 "layer"?: {"name", "slots": [FIRST, LAST]},
                 "traffic"?: [[UTC seconds, SLOTS]…], by time, SLOTS never falling}
    SLOTS       of 10 000; FIRST and LAST are slots, 0 to 9 999

    ANSWER  {"kind": "message", "set"}
            {"kind": "alternateProduct", "set", "productId", "group", "billingPlanType"?}
            {"kind": "promotionalOffer", "set", "productId", "offerIdentifier", "signature": "v1" | "v2",
             "limit"?: {"times": at least 1, "days": up to 36 500, "of": "this" | "any"}}
            {"kind": "advancedCommerce", "set", "request": SubscriptionModifyInAppRequest without ids}
            {"kind": "fallback"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, TypeVar

from retention.errors import DocumentError
from retention.locales import MAX_CHARACTERS, LocaleTable, candidates
from retention.rules import (
    CUSTOMER_PREFIX,
    SUBSCRIPTION_PREFIX,
    Predicate,
    compile_condition,
    facts_named,
)

_T = TypeVar("_T")

# The newest format that this version reads. Raised where a function of an older version would read a document wrongly.
# A release is of the oldest format that has all it uses (`format_of`), so that older functions read all they can.
#   2  adds facts from Apple (`subscription.*`) and limits of offers; an older function would give every offer
#   3  adds layers, traffic and the holdout; an older function would answer customers who are to be left out
FORMAT: Final = 3

SLOTS: Final = 10_000
APPROVED: Final = "APPROVED"
PENDING: Final = "PENDING"
REJECTED: Final = "REJECTED"
ABSENT: Final = "ABSENT"  # not in Apple's list: deleted, or never uploaded
UNKNOWN: Final = "UNKNOWN"  # no state was imported yet

# The kind of an answer that leaves the customer to Apple's default message.
FALLBACK: Final = "fallback"

# Kinds of answers. Apple: text for offers and switch plans has neither image nor bullets.
SIGNED: Final = frozenset({"promotionalOffer", "advancedCommerce"})
TEXT_ONLY: Final = SIGNED | {"alternateProduct"}

# How many locales' plans a sheet remembers. Apple has 50; a device may ask for others.
_MAX_PLANS = 64


@dataclass(frozen=True, slots=True)
class MessageState:
    """Where App Review stands with a message and with every image it uses (id → state)."""

    message: str
    images: Mapping[str, str] = field(default_factory=dict)

    @property
    def servable(self) -> bool:
        return self.message == APPROVED and all(state == APPROVED for state in self.images.values())


@dataclass(frozen=True, slots=True)
class Limit:
    """How often a customer may redeem an offer: fewer than `times` within the last `days`, of `offer`.

    `offer` is the offer's identifier, None where redemptions of every offer count.
    """

    times: int
    days: float
    offer: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rule or an arm offers in the release: one of Apple's four kinds, or `fallback`. No message is chosen yet.

    `messages` is the name of its set of texts; `fields` are the kind's own, as documented above. Offers have limits.
    """

    kind: str
    messages: str
    fields: Mapping[str, Any]
    limit: Limit | None = None

    @property
    def signs(self) -> bool:
        return self.kind in SIGNED

    @property
    def text_only(self) -> bool:
        return self.kind in TEXT_ONLY


@dataclass(frozen=True, slots=True)
class Arm:
    """A share of the customers: `slots` of the 10 000."""

    name: str
    slots: int
    answer: Answer


# Its name, and the first and the last of the slots that an experiment has in it. Another experiment of the layer has
# others, so that no customer is in two of them, at any time.
Layer = tuple[str, int, int]

# From when on (UTC seconds) how many of the 10 000 slots take part, by time. The number never falls.
Traffic = tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class Experiment:
    """Arms in file order, each holding the slots after those of the arms before it. `key` is the salt.

    Only customers of its `layer` and its `traffic` take part, where it has these.
    """

    key: str
    arms: tuple[Arm, ...]
    layer: Layer | None = None
    traffic: Traffic | None = None


@dataclass(frozen=True, slots=True)
class Holdout:
    """The customers whom no rule answers: `slots` of the 10 000. `answer`, for all of them, is a message or fallback.

    `key` is the salt.
    """

    key: str
    slots: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Rule:
    """When it applies (`condition`, and from `starts` up to `ends`, UTC seconds), and what it gives."""

    name: str
    condition: Predicate | None
    starts: float | None
    ends: float | None
    gives: Answer | Experiment

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Every answer that it may give, in file order."""
        return (self.gives,) if isinstance(self.gives, Answer) else tuple([arm.answer for arm in self.gives.arms])


@dataclass(frozen=True, slots=True)
class Product:
    """The customer's product. `group` None: it is not in the file, and nothing is known of it."""

    product_id: str | None = None
    group: str | None = None
    advanced_commerce: bool = False
    bundle: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What a release has once for all its products."""

    app_apple_id: int
    bundle_id: str
    issuer_id: str
    key_id: str
    signs: bool
    locales: LocaleTable

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Settings:
        """Read a `settings` document. Raises DocumentError for one of another shape."""
        locales = _member(document, "locales", dict)
        fallbacks = {key: _texts(values) for key, values in _member(locales, "fallbacks", dict).items()}
        return cls(
            app_apple_id=_member(document, "appAppleId", int),
            bundle_id=_member(document, "bundleId", str),
            issuer_id=_member(document, "issuerId", str),
            key_id=_member(document, "keyId", str),
            signs=_member(document, "signs", bool),
            locales=LocaleTable(_member(locales, "default", str), fallbacks),
        )


Texts = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class LocalePlan:
    """One sheet for one asked locale: for each set and each experiment, the locales that may serve it, best first."""

    texts: Mapping[str, Texts]  # set → ((locale, ids), …), best first
    common: Mapping[str, tuple[str, ...]]  # rule with an experiment → the candidate locales that all its sets have
    message_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One product's rules, compiled. Immutable, except that it keeps the plans it has made.

    `reads_customer`: whether a decision needs the customer's profile; `reads_subscription`: what Apple has reported,
    of which conditions ask for `subscription_facts`, named without prefix.
    """

    product: Product
    rules: tuple[Rule, ...]
    sets: Mapping[str, Mapping[str, tuple[str, ...]]]
    pictured: frozenset[str]
    reads_customer: bool
    locales: LocaleTable
    reads_subscription: bool = False
    subscription_facts: frozenset[str] = frozenset()
    holdout: Holdout | None = None
    _plans: dict[str, LocalePlan] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_document(cls, document: Mapping[str, Any], locales: LocaleTable) -> Sheet:
        """Compile a sheet. Raises DocumentError for a document of another shape.

        All of it is checked here, before any request depends on it: what this returns can be decided with.
        """
        try:
            rules = tuple(map(_rule, _member(document, "rules", list)))
            facts = set(_facts_named(document))
        except RecursionError as error:
            raise DocumentError("a condition has too many levels") from error
        sets = {
            name: {locale: _texts(ids) for locale, ids in _is_a(dict, texts).items()}
            for name, texts in _member(document, "sets", dict).items()
        }
        for rule in rules:
            _check_sets(f"rule {rule.name}", rule.answers, sets)
        holdout = _holdout(document["holdout"]) if "holdout" in document else None
        if holdout is not None:
            _check_sets("the holdout", (holdout.answer,), sets)
        reported = frozenset(
            fact.removeprefix(SUBSCRIPTION_PREFIX) for fact in facts if fact.startswith(SUBSCRIPTION_PREFIX)
        )
        return cls(
            product=_product(_value(document, "product")),
            rules=rules,
            sets=sets,
            pictured=frozenset(_texts(_value(document, "pictured"))),
            reads_customer=any(fact.startswith(CUSTOMER_PREFIX) for fact in facts),
            locales=locales,
            reads_subscription=bool(reported) or any(answer.limit for rule in rules for answer in rule.answers),
            subscription_facts=reported,
            holdout=holdout,
        )

    def plan(self, asked: str) -> LocalePlan:
        """Return the texts this sheet has for the locale `asked`; kept for the locales of the most recent requests."""
        if len(asked) > MAX_CHARACTERS:
            return self._make_plan(asked)  # longer than any locale: not kept in memory
        plan = self._plans.get(asked)
        if plan is None:
            if len(self._plans) >= _MAX_PLANS:
                self._plans.clear()
            plan = self._plans[asked] = self._make_plan(asked)
        return plan

    def _make_plan(self, asked: str) -> LocalePlan:
        texts = {
            name: tuple((locale, ids[locale]) for locale in candidates(asked, ids, self.locales))
            for name, ids in self.sets.items()
        }
        common = {
            rule.name: candidates(asked, self._common_locales(rule.gives), self.locales)
            for rule in self.rules
            if isinstance(rule.gives, Experiment)
        }
        named = {message for served in texts.values() for _, ids in served for message in ids}
        for rule in self.rules:
            if isinstance(rule.gives, Experiment):
                named.update(
                    message
                    for name in _sets_of(rule.gives)
                    for locale in common[rule.name]
                    for message in self.sets[name][locale]
                )
        return LocalePlan(texts, common, frozenset(named))

    def _common_locales(self, experiment: Experiment) -> frozenset[str]:
        names = _sets_of(experiment)
        return frozenset.intersection(*(frozenset(self.sets[name]) for name in names)) if names else frozenset()


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything `decide` looks at in addition to the request, the time and the customer."""

    sheet: Sheet
    settings: Settings
    states: Mapping[str, MessageState]
    release: int
    customer_key: bytes = field(repr=False)
    paused: bool = False


def format_of(sheet: Mapping[str, Any]) -> int:
    """Return the oldest format that has all a sheet's document uses. The document is one of ours."""
    experiments = [rule["experiment"] for rule in sheet["rules"] if "experiment" in rule]
    if "holdout" in sheet or any("layer" in experiment or "traffic" in experiment for experiment in experiments):
        return 3
    if any(fact.startswith(SUBSCRIPTION_PREFIX) for fact in _facts_named(sheet)):
        return 2
    plain = [rule["answer"] for rule in sheet["rules"] if "answer" in rule]
    arms = [answer for experiment in experiments for _, _, answer in experiment["arms"]]
    return 2 if any("limit" in answer for answer in (*plain, *arms)) else 1


def _facts_named(sheet: Mapping[str, Any]) -> Iterator[str]:
    """Yield the facts that the conditions of a sheet's document look at."""
    for rule in sheet["rules"]:
        if rule["when"] is not None:
            yield from facts_named(rule["when"])


def _sets_of(experiment: Experiment) -> list[str]:
    return [arm.answer.messages for arm in experiment.arms if arm.slots and arm.answer.messages]


def _check_sets(where: str, answers: tuple[Answer, ...], sets: Mapping[str, object]) -> None:
    """Raise DocumentError unless the sheet has every set of these answers."""
    for answer in answers:
        if answer.kind != FALLBACK and answer.messages not in sets:
            raise DocumentError(f"{where} names a set its sheet does not have")


def _product(document: object) -> Product:
    if document is None:
        return Product()
    return Product(
        _member(document, "productId", str),
        _member(document, "group", str),
        _member(document, "advancedCommerce", bool),
        _member(document, "bundle", bool),
    )


def _rule(document: object) -> Rule:
    when = _value(document, "when")
    held = _is_a(dict, document)
    return Rule(
        name=_member(held, "name", str),
        condition=None if when is None else compile_condition(_is_a(list, when)),
        starts=_instant(_value(held, "from")),
        ends=_instant(_value(held, "until")),
        gives=_experiment(held["experiment"]) if "experiment" in held else _answer(_member(held, "answer", dict)),
    )


def _experiment(document: object) -> Experiment:
    arms = tuple(map(_arm, _member(document, "arms", list)))
    if any(arm.slots < 0 for arm in arms) or sum(arm.slots for arm in arms) != SLOTS:
        raise DocumentError(f"the arms of an experiment do not share {SLOTS} slots")
    held = _is_a(dict, document)
    return Experiment(
        _member(held, "key", str),
        arms,
        _layer(held["layer"]) if "layer" in held else None,
        _traffic(held["traffic"]) if "traffic" in held else None,
    )


def _layer(document: object) -> Layer:
    name, slots = _member(document, "name", str), _pair(_value(document, "slots"))
    first, last = _is_a(int, slots[0]), _is_a(int, slots[1])
    if not 0 <= first <= last < SLOTS:
        raise DocumentError(f"a layer's slots are not among the {SLOTS}")
    return name, first, last


def _traffic(document: object) -> Traffic:
    """Read the steps of `traffic`. Of those that are not in order, it would not be known which one holds."""
    steps = [_pair(step) for step in _is_a(list, document)]
    read = tuple([(_number(since), _is_a(int, slots)) for since, slots in steps])
    in_order = all(before[0] < after[0] and before[1] <= after[1] for before, after in pairwise(read))
    if not read or not in_order or not 0 <= read[0][1] <= read[-1][1] <= SLOTS:
        raise DocumentError("the traffic of an experiment has no steps, or they are not in order")
    return read


def _pair(value: object) -> list[Any]:
    pair = _is_a(list, value)
    if len(pair) != _PAIR:
        raise DocumentError("other than two values where two belong")
    return pair


def _holdout(document: object) -> Holdout:
    slots, answer = _member(document, "slots", int), _answer(_member(document, "answer", dict))
    if not 0 <= slots <= SLOTS:
        raise DocumentError(f"the holdout's slots are not among the {SLOTS}")
    if answer.kind not in _HOLDOUT_ANSWERS:
        raise DocumentError("the holdout has an answer that is neither a message nor a fallback")
    return Holdout(_member(document, "key", str), slots, answer)


def _arm(document: object) -> Arm:
    parts = _is_a(list, document)
    if len(parts) != _ARM_PARTS:
        raise DocumentError("an arm has other than a name, slots and an answer")
    name, slots, answer = parts
    return Arm(_is_a(str, name), _is_a(int, slots), _answer(_is_a(dict, answer)))


# Field by field: what each kind of answer has, and of which type.
_FIELDS: Final[Mapping[str, Mapping[str, type]]] = {
    "message": {"set": str},
    "alternateProduct": {"set": str, "productId": str, "group": str},
    "promotionalOffer": {"set": str, "productId": str, "offerIdentifier": str, "signature": str},
    "advancedCommerce": {"set": str, "request": dict},
    FALLBACK: {},
}
ANSWER_KINDS: Final = frozenset(_FIELDS)
_SIGNATURES: Final = ("v1", "v2")
_ARM_PARTS: Final = 3
_PAIR: Final = 2
_HOLDOUT_ANSWERS: Final = ("message", FALLBACK)
_MAX_DAYS: Final = 36_500  # of a limit: more than any subscription has lasted


def _answer(document: Mapping[str, Any]) -> Answer:
    kind = _member(document, "kind", str)
    if kind not in ANSWER_KINDS:
        raise DocumentError("an answer is of an unknown kind")
    for name, held in _FIELDS[kind].items():
        _member(document, name, held)
    if document.get("signature", "v2") not in _SIGNATURES:
        raise DocumentError("an answer has an unknown signature")
    _is_a(str, document.get("billingPlanType", ""))
    if kind == "advancedCommerce":
        _is_a(dict, document["request"].get("requestInfo", {}))  # signing adds to it
    return Answer(kind, document["set"] if kind != FALLBACK else "", document, _limit(document))


def _limit(document: Mapping[str, Any]) -> Limit | None:
    """Return the limit of an answer, None where it has none. One that is not understood must not be ignored."""
    if "limit" not in document:
        return None
    if document["kind"] != "promotionalOffer":
        raise DocumentError("an answer that is no promotional offer has a limit")
    limit = document["limit"]
    times, days, of = _member(limit, "times", int), _number(_value(limit, "days")), _member(limit, "of", str)
    if times < 1 or not 0 < days <= _MAX_DAYS or of not in {"this", "any"}:
        raise DocumentError("the limit of an offer is none that can be judged")
    return Limit(times, days, document["offerIdentifier"] if of == "this" else None)


# A document in DynamoDB may have been written by another program: every member's type is checked.


def _value(document: object, name: str) -> object:
    """Return a member of a JSON object. Raises DocumentError where there is none."""
    if not isinstance(document, dict) or name not in document:
        raise DocumentError(f"{name} is missing")
    return document[name]


def _member(document: object, name: str, kind: type[_T]) -> _T:
    """Return a member of a JSON object, of this type. Raises DocumentError for any other."""
    return _is_a(kind, _value(document, name))


def _is_a(kind: type[_T], value: object) -> _T:
    # To Python `true` is an int; in JSON it is not a number.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise DocumentError(f"{type(value).__name__} instead of {kind.__name__}")
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple([_is_a(str, text) for text in _is_a(list, value)])


def _instant(value: object) -> float | None:
    return None if value is None else _number(value)


def _number(value: object) -> float:
    return value if isinstance(value, float) else _is_a(int, value)
