"""The decision: the first rule that matches and can be delivered answers, and why the others before it did not.

Pure: the same request, catalog, time and customer give the same Decision, on any machine.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final, TypeAlias

from retention.catalog import (
    APPROVED,
    FALLBACK,
    SLOTS,
    UNKNOWN,
    Answer,
    Arm,
    Catalog,
    Experiment,
    Holdout,
    Limit,
    LocalePlan,
    MessageState,
    Rule,
    Traffic,
)
from retention.request import RetentionRequest
from retention.rules import NO_FACTS, NO_SUBSCRIPTION, UNREADABLE, Customer, Facts, Subscription, Unreadable

__all__ = [
    "NO_FACTS",
    "UNREADABLE",
    "Assignment",
    "Decision",
    "Delivery",
    "HoldoutPlace",
    "Outcome",
    "Pass",
    "Unreadable",
    "decide",
]

_DAY_SECONDS = 86_400

# What a hash is for: a byte between the name and the customer's hash, so that one name gives four independent slots.
ARMS: Final = b"\x00"
TRAFFIC: Final = b"\x01"
LAYER: Final = b"\x02"
HOLDOUT: Final = b"\x03"


class Outcome(Enum):
    """How a verified request ends."""

    ANSWERED = "answered"
    FALLBACK = "fallback"  # a rule, an arm or the holdout answers `fallback`
    NO_RULE = "no_rule"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Pass:
    """Why a rule was passed over: a stable `reason`, and a sentence with the details."""

    rule: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """The arm a customer is in, and how many of the 10 000 `slots` are its own.

    `delivered` is False when a signature failed after assignment.
    """

    key: str
    arm: str
    delivered: bool
    slots: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """The answer that was chosen for one request, with its message in the best locale that can be served."""

    answer: Answer
    message_id: str
    locale: str


# Why a rule is passed over, before it is in a Pass: `reason` and `detail`.
PassReason: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class HoldoutPlace:
    """Whether the holdout of this `key` has the customer: one who is `held` is asked no rule.

    `reason` is why the message that it gives them cannot be delivered, so that Apple falls back; else None.
    """

    key: str
    held: bool
    reason: PassReason | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The result for one request: what is delivered, if anything, and why earlier rules were passed over.

    `delivery` is set exactly when `outcome` is ANSWERED. `passed` is in rule order. `hash_customer` makes the hash.
    `rule` is None where no rule decided. `holdout` is set where the release has one and answers are not paused.
    """

    outcome: Outcome
    customer_hash: str
    rule: str | None = None
    delivery: Delivery | None = None
    assignments: tuple[Assignment, ...] = ()
    passed: tuple[Pass, ...] = ()
    holdout: HoldoutPlace | None = None


def decide(
    request: RetentionRequest,
    catalog: Catalog,
    now: datetime,
    customer: Customer = NO_FACTS,
    *,
    can_sign: bool = True,
    subscription: Subscription = NO_SUBSCRIPTION,
) -> Decision:
    """Return the one answer to a verified request, with the reasons against every earlier rule.

    `customer` holds the facts of the customer's profile, and `subscription` what Apple has reported, or each is
    UNREADABLE. With `can_sign` False, answers that need the signing key are passed over; an experiment still assigns as
    if they were not, so that arms stay comparable. A `now` without a zone is UTC.
    """
    customer_hash = hash_customer(catalog.customer_key, request.original_transaction_id)
    if catalog.paused:
        return Decision(Outcome.PAUSED, customer_hash)
    at = (now if now.tzinfo else now.replace(tzinfo=UTC)).timestamp()
    return _Judge(request, catalog, at, (customer, subscription), customer_hash, can_sign).decide()


def hash_customer(customer_key: bytes, original_transaction_id: str) -> str:
    """Return HMAC-SHA-256 in lower-case hex: the customer's pseudonym in logs and experiments, secret by its key."""
    # Apple's ids are digits. Half of a surrogate pair in one must not raise.
    person = original_transaction_id.encode("utf-8", "surrogatepass")
    return hmac.digest(customer_key, person, hashlib.sha256).hex()


def identify_key(customer_key: bytes) -> str:
    """Return 8 hex digits that differ where the key does: customers' hashes under different keys cannot be compared."""
    return hashlib.sha256(customer_key).hexdigest()[:8]


def slot_of(key: str, customer_hash: str, purpose: bytes = ARMS) -> int:
    """Return the customer's slot, 0 to 9 999: SHA-256(key ‖ purpose ‖ hash), first 8 bytes big-endian, modulo 10 000.

    `key` is the experiment's for ARMS and TRAFFIC, the layer's name for LAYER, the holdout's key for HOLDOUT.
    """
    digest = hashlib.sha256(key.encode() + purpose + bytes.fromhex(customer_hash)).digest()
    return int.from_bytes(digest[:8], "big") % SLOTS


def arm_at(experiment: Experiment, slot: int) -> Arm:
    """Return the arm that holds `slot`: arms take contiguous slots in file order."""
    end = 0
    for arm in experiment.arms:
        end += arm.slots
        if slot < end:
            return arm
    raise ValueError(f"experiment {experiment.key} has no arm for slot {slot}")


def slots_in(traffic: Traffic, now: float) -> int:
    """Return how many of the 10 000 slots take part at `now`, UTC seconds: none before the first step."""
    return next((slots for since, slots in reversed(traffic) if now >= since), 0)


def why_outside(experiment: Experiment, customer_hash: str, now: float) -> PassReason | None:
    """Return why this customer takes no part in an experiment at `now`, UTC seconds; None for one who does."""
    if experiment.layer is not None:
        name, first, last = experiment.layer
        if not first <= slot_of(name, customer_hash, LAYER) <= last:
            return "outside_layer", f"the customer's slot of the layer {name} is not one of {experiment.key}"
    traffic = experiment.traffic
    if traffic is not None and slot_of(experiment.key, customer_hash, TRAFFIC) >= slots_in(traffic, now):
        return "outside_traffic", f"the customer does not take part in {experiment.key} yet"
    return None


class _Judge:
    """Makes one decision: goes through the rules in order, and keeps why each was passed over."""

    __slots__ = (
        "_assignments",
        "_can_sign",
        "_catalog",
        "_facts",
        "_hash",
        "_holdout",
        "_known",
        "_now",
        "_passed",
        "_plan",
    )

    def __init__(
        self,
        request: RetentionRequest,
        catalog: Catalog,
        now: float,
        known: tuple[Customer, Subscription],
        customer_hash: str,
        can_sign: bool,  # noqa: FBT001  # handed on by position within this module
    ) -> None:
        self._catalog = catalog
        self._now = now
        self._hash = customer_hash
        self._can_sign = can_sign
        self._known = known
        self._plan: LocalePlan = catalog.sheet.plan(request.user_locale)
        self._facts = Facts.of(request.product_id, request.user_locale, *known)
        self._passed: list[Pass] = []
        self._assignments: list[Assignment] = []
        self._holdout: HoldoutPlace | None = None

    def decide(self) -> Decision:
        holdout = self._catalog.sheet.holdout
        if holdout is not None:
            if slot_of(holdout.key, self._hash, HOLDOUT) < holdout.slots:
                return self._hold_out(holdout)
            self._holdout = HoldoutPlace(holdout.key, held=False)
        for rule in self._catalog.sheet.rules:
            reason = self._why_not(rule)
            if reason is None:
                found = (
                    self._experiment(rule.name, rule.gives)
                    if isinstance(rule.gives, Experiment)
                    else self._plain(rule.gives)
                )
                if found is None:
                    return self._conclude(Outcome.FALLBACK, rule.name)
                if isinstance(found, Delivery):
                    return self._conclude(Outcome.ANSWERED, rule.name, found)
                reason = found
            self._passed.append(Pass(rule.name, *reason))
        return self._conclude(Outcome.NO_RULE, None)

    def _conclude(self, outcome: Outcome, rule: str | None, delivery: Delivery | None = None) -> Decision:
        passed = tuple(self._passed)
        return Decision(outcome, self._hash, rule, delivery, tuple(self._assignments), passed, self._holdout)

    def _hold_out(self, holdout: Holdout) -> Decision:
        """Decide without rules. Where the message cannot be delivered, Apple falls back: no rule takes its place."""
        found = self._plain(holdout.answer)
        if isinstance(found, Delivery):
            self._holdout = HoldoutPlace(holdout.key, held=True)
            return self._conclude(Outcome.ANSWERED, None, found)
        self._holdout = HoldoutPlace(holdout.key, held=True, reason=found)
        return self._conclude(Outcome.FALLBACK, None)

    def _why_not(self, rule: Rule) -> PassReason | None:
        if rule.starts is not None and self._now < rule.starts:
            return "before_schedule", "its schedule has not begun"
        if rule.ends is not None and self._now >= rule.ends:
            return "after_schedule", "its schedule is over"
        truth = True if rule.condition is None else rule.condition(self._facts)
        if truth is None:
            return "condition_unknown", "a fact its condition needs is missing or could not be read"
        return None if truth else ("condition_false", "its condition does not hold")

    # What becomes of a rule that applies: a delivery, the reason why it has none, or None for `fallback`.

    def _plain(self, answer: Answer) -> Delivery | PassReason | None:
        if answer.kind == FALLBACK:
            return None
        reason = self._impossible(answer)
        if reason is None and answer.signs and not self._can_sign:
            reason = _NO_KEY
        return reason or self._first_text(answer)

    def _experiment(self, rule: str, experiment: Experiment) -> Delivery | PassReason | None:
        """Judge every arm that has slots before a customer is assigned, so that arms differ only in their answers.

        A limit on one arm's offer therefore keeps a customer who is over it out of every arm: those whom the experiment
        compares are the customers that all its arms could have answered. Those outside its layer or its traffic are
        passed over after that, and assigned to no arm.
        """
        arms = [arm for arm in experiment.arms if arm.slots]
        for arm in arms:
            reason = self._impossible(arm.answer)
            if reason is not None:
                return "arm_undeliverable", f"arm {arm.name}: {reason[1]}"
        found = self._common_text(rule, arms)
        if isinstance(found, tuple):
            return found
        outside = why_outside(experiment, self._hash, self._now)
        if outside is not None:
            return outside
        arm = arm_at(experiment, slot_of(experiment.key, self._hash))
        failed = arm.answer.signs and not self._can_sign
        self._assignments.append(Assignment(experiment.key, arm.name, not failed, arm.slots))
        if failed:
            return _NO_KEY
        if arm.answer.kind == FALLBACK:
            return None
        return found[arm.name]

    def _impossible(self, answer: Answer) -> PassReason | None:
        """Return why this answer cannot be given for this product, or to this customer, even with approved texts."""
        product = self._catalog.sheet.product
        if answer.kind == "alternateProduct":
            if answer.fields["productId"] == product.product_id:
                return "same_product", f"the customer already holds {product.product_id}"
            if product.group is None or answer.fields["group"] != product.group:
                return "other_group", f"{answer.fields['productId']} is not in the subscription group of this product"
        if answer.kind == "advancedCommerce":
            if not product.advanced_commerce:
                return "not_advanced_commerce", "this product is not declared advancedCommerce"
            if product.bundle:
                return "bundle", "Advanced Commerce answers are not available for bundles"
        return None if answer.limit is None else _over_limit(answer.limit, self._known[1], self._now)

    def _first_text(self, answer: Answer) -> Delivery | PassReason:
        doubts: list[str] = []
        for locale, ids in self._plan.texts[answer.messages]:
            message = self._servable(answer, ids, locale, doubts)
            if message is not None:
                return Delivery(answer, message, locale)
        return _no_text(answer, doubts)

    def _common_text(self, rule: str, arms: list[Arm]) -> dict[str, Delivery] | PassReason:
        """Return each arm's delivery in the first candidate locale that all of them can serve."""
        speaking = [arm for arm in arms if arm.answer.kind != FALLBACK]
        doubts: list[str] = []
        if not speaking:
            return {}
        for locale in self._plan.common[rule]:
            found = {}
            for arm in speaking:
                ids = self._catalog.sheet.sets[arm.answer.messages][locale]
                message = self._servable(arm.answer, ids, locale, doubts)
                if message is not None:
                    found[arm.name] = Delivery(arm.answer, message, locale)
            if len(found) == len(speaking):
                return found
        return "arm_undeliverable", "no locale in which every arm can be delivered" + _listed(doubts)

    def _servable(self, answer: Answer, ids: tuple[str, ...], locale: str, doubts: list[str]) -> str | None:
        """Return the first approved id; a text that was corrected keeps its predecessor behind it."""
        for message in ids:
            if answer.text_only and message in self._catalog.sheet.pictured:
                doubts.append(f"{locale} {message} has an image or bullets")
                continue
            state = self._catalog.states.get(message, _NO_STATE)
            if state.servable:
                return message
            doubts.append(f"{locale} {message} {_standing(state)}")
        return None


_NO_KEY: PassReason = ("no_signing_key", "its answer needs a signature and none can be made")
_NO_STATE = MessageState(UNKNOWN)


def _over_limit(limit: Limit, reported: Subscription, now: float) -> PassReason | None:
    """Return why a limit keeps an offer from a customer: in doubt it does, since no discount can be taken back.

    It counts the redemptions that Apple has reported whose purchase date is less than the limit's days before `now`.
    """
    if isinstance(reported, Unreadable):
        return "offer_limit_unknown", "what Apple has reported of this subscription could not be read"
    if reported.redemptions is None:
        return "offer_limit_unknown", "Apple has reported nothing of this subscription yet"
    since = (now - limit.days * _DAY_SECONDS) * 1000
    counted = sum(
        purchased > since and (limit.offer is None or limit.offer == offer) for offer, purchased in reported.redemptions
    )
    if counted < limit.times:
        return None
    what = "offers" if limit.offer is None else limit.offer
    return (
        "offer_limit",
        f"redemptions of {what} in {limit.days} days, as Apple has reported: {counted} (the limit is {limit.times})",
    )


def _no_text(answer: Answer, doubts: list[str]) -> PassReason:
    if not doubts:
        return "no_locale", f"{answer.messages} has no text for this locale"
    return "not_approved", f"{answer.messages} has no approved text" + _listed(doubts)


def _standing(state: MessageState) -> str:
    images = [f"image {image} is {name}" for image, name in state.images.items() if name != APPROVED]
    return ", ".join([f"is {state.message}", *images])


def _listed(doubts: list[str]) -> str:
    return ": " + "; ".join(doubts) if doubts else ""
