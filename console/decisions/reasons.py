"""Why a request is answered as it is: rule by rule, test by test, and the exact body that would be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from retention.catalog import Catalog
from retention.compose import compose
from retention.conditions import AllOf, AnyOf, Condition, FactTest, parts_of, truth_of
from retention.decision import Decision, Outcome, decide
from retention.errors import ForbiddenError
from retention.request import RetentionRequest, admit
from retention.rules import NO_SUBSCRIPTION, Customer, Facts, Subscription, Truth
from retention.signing.signer import Signer

from console.decisions.asked_facts import OF_ROWS, AskedFact, KnownCustomer, Origins, asked_facts, found_text
from console.file.entries import Document, RuleEntry
from console.file.wording import fact_test_text, within_limit_text

_TRUTHS: Final[Mapping[Truth, str]] = {True: "yes", False: "no", None: "unknown"}


@dataclass(frozen=True, slots=True)
class PartResult:
    """One part of a condition: what it asks, what was found, and whether it holds. `depth` is its indentation."""

    depth: int
    asks: str
    found: str
    holds: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule of the file: answers, falls_back, passed_over (with a reason and its detail) or not_reached."""

    rule: str
    line: int
    verdict: str
    reason: str
    detail: str
    tests: tuple[PartResult, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the endpoint would not decide: the status Apple would get, our stable code, and a sentence."""

    status: int
    code: str
    says: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What Apple would get, and the decision: for a request that is `refused`, only what it would be otherwise.

    `source` is the file or release that decided. `decided` is the decision's body, None where it has none. `notes`
    state everything that was assumed. `facts` are those that rules of this product ask for.
    """

    request: RetentionRequest
    source: str
    decision: Decision
    verdicts: tuple[Verdict, ...]
    decided: Mapping[str, Any] | None = field(repr=False)
    refused: Refused | None
    notes: tuple[str, ...]
    facts: tuple[AskedFact, ...] = field(default=(), repr=False)

    @property
    def decided_status(self) -> int:
        return HTTPStatus.NO_CONTENT if self.decided is None else HTTPStatus.OK

    @property
    def status(self) -> int:
        """What Apple would get."""
        return self.decided_status if self.refused is None else self.refused.status

    @property
    def body(self) -> Mapping[str, Any] | None:
        """The JSON that Apple would get, None for none."""
        return self.decided if self.refused is None else None


@dataclass(frozen=True, slots=True)
class Basis:
    """What requests are judged by: a file or a release, and what is known of the customer.

    `catalog` is by locale: of a live release, only the states that one locale needs are read. `source` is the name of
    the file or the release. `assigns`: whether the catalog has the key that assigns customers to arms. `notes` state
    what is assumed. `subscription` is what Apple has reported of the customer's subscription, `origins` where the
    facts come from.
    """

    document: Document
    catalog: Callable[[str], Catalog]
    customer: Customer = field(repr=False)
    source: str
    assigns: bool = True
    notes: tuple[str, ...] = ()
    subscription: Subscription = field(default=NO_SUBSCRIPTION, repr=False)
    origins: Origins = field(default_factory=lambda: OF_ROWS, repr=False)


@dataclass(frozen=True, slots=True)
class AskedRequest:
    """A request to explain, and what is known of it.

    `environment` is the App Store's that the endpoint answers; where it is empty, the request's own passes. `refused`
    is why its signature was not accepted; `notes` state how the request was read.
    """

    request: RetentionRequest
    environment: str = ""
    refused: Refused | None = None
    notes: tuple[str, ...] = ()


def explain(basis: Basis, asked: AskedRequest, at: datetime) -> Explanation:
    """Decide about a request as of `at`, with the reasons. Offers are signed by a key made for the occasion."""
    request, catalog = asked.request, basis.catalog(asked.request.user_locale)
    decision = decide(request, catalog, at, basis.customer, subscription=basis.subscription)
    facts = Facts.of(request.product_id, request.user_locale, basis.customer, basis.subscription)
    notes = [*asked.notes, *basis.notes, *_holdout_notes(decision)]
    decided = None
    if decision.delivery is not None:
        signer = partial(Signer.throwaway, catalog.settings.key_id)
        decided = compose(decision.delivery, catalog.settings, request.original_transaction_id, at, signer)
        if decision.delivery.answer.signs:
            notes.append("The offer is signed with a throwaway key: Apple would refuse this body.")
    refused = asked.refused or _refused(request, catalog, asked.environment or request.environment, at)
    known = KnownCustomer(facts, basis.subscription, basis.origins, at)
    return Explanation(
        request,
        basis.source,
        decision,
        tuple(_verdicts(basis.document, decision, facts)),
        decided,
        refused,
        tuple(notes),
        tuple(asked_facts(basis.document, {rule.name for rule in catalog.sheet.rules}, known)),
    )


def by_text(decision: Decision) -> str:
    """Return what decided, in words: the rule, or the holdout that asks none."""
    place = decision.holdout
    return f"the holdout {place.key}" if place is not None and place.held else f"the rule {decision.rule}"


def _holdout_notes(decision: Decision) -> Iterator[str]:
    """Yield what the release's holdout does with this customer."""
    place = decision.holdout
    if place is None:
        return
    if not place.held:
        yield f"The holdout {place.key} does not have this customer, so the rules are asked."
        return
    yield f"The holdout {place.key} has this customer, so no rule is asked."
    if place.reason is not None:
        yield f"Its message cannot be delivered, so Apple falls back: {place.reason[1]}."


def _refused(request: RetentionRequest, catalog: Catalog, environment: str, now: datetime) -> Refused | None:
    try:
        admit(request, app_apple_ids={catalog.settings.app_apple_id}, environment=environment, now=now)
    except ForbiddenError as error:
        return Refused(HTTPStatus.FORBIDDEN, error.code, str(error))
    return None


def _verdicts(document: Document, decision: Decision, facts: Facts) -> Iterator[Verdict]:
    passed = {passed.rule: passed for passed in decision.passed}
    held = decision.holdout is not None and decision.holdout.held
    reached = decision.outcome is not Outcome.PAUSED and not held
    for rule in document.rules:
        if not reached:
            yield _verdict(rule, "not_reached", "", "", ())
        elif rule.name == decision.rule:
            reached = False
            verdict = "falls_back" if decision.outcome is Outcome.FALLBACK else "answers"
            yield _verdict(rule, verdict, "", _answer_detail(decision), tuple(_tests(rule, facts)))
        elif rule.name in passed:
            reason, detail = passed[rule.name].reason, passed[rule.name].detail
            yield _verdict(rule, "passed_over", reason, detail, tuple(_tests(rule, facts)))
        else:
            # Not on this product's sheet: what it asks of productId settled it when the file was compiled.
            yield _verdict(
                rule, "passed_over", "condition_false", "it is not for this product", tuple(_tests(rule, facts))
            )


def _verdict(rule: RuleEntry, verdict: str, reason: str, detail: str, tests: tuple[PartResult, ...]) -> Verdict:
    return Verdict(rule.name, rule.at.line, verdict, reason, detail, tests)


def _answer_detail(decision: Decision) -> str:
    arms = "".join(f"arm {assigned.arm} of {assigned.key}; " for assigned in decision.assignments)
    delivery = decision.delivery
    if delivery is None:
        return f"{arms}Apple falls back"
    limit = delivery.answer.limit
    within = "" if limit is None else f"; within its limit: {within_limit_text(limit)}"
    return f"{arms}{delivery.answer.kind} with {delivery.answer.messages} in {delivery.locale}{within}"


def _tests(rule: RuleEntry, facts: Facts) -> Iterator[PartResult]:
    return iter(()) if rule.condition is None else _walk(rule.condition, facts, 0)


def _walk(condition: Condition, facts: Facts, depth: int) -> Iterator[PartResult]:
    holds = _TRUTHS[truth_of(condition, facts)]
    if isinstance(condition, FactTest):
        yield PartResult(depth, fact_test_text(condition), found_text(condition.fact, facts), holds)
        return
    asks = "all of" if isinstance(condition, AllOf) else "any of" if isinstance(condition, AnyOf) else "not"
    yield PartResult(depth, asks, "", holds)
    for part in parts_of(condition):
        yield from _walk(part, facts, depth + 1)
