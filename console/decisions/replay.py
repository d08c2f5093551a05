"""`retention replay`: logged decisions against a draft. Which answers would change, and how often.

A log line has product, locale, time and the customer's hash, so rules, texts, schedules and arms are judged exactly. It
has no facts about the customer, nor what they have redeemed. Where these decide, the logged decision may still prove
them (`inferred_facts`); where it does not, the request is counted as undecidable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from retention.catalog import Answer
from retention.log.record import MAX_TEXT

from console.decisions.decision_log import Logged
from console.decisions.inferred_facts import NO_PROOF, Evidence, Proof, facts_of, name_of, open_part
from console.decisions.possible_answers import (
    CandidateRule,
    HeldOut,
    Share,
    candidate_rules,
    held_out,
    share_of,
    takes_part,
)
from console.file.edition import Edition, States
from console.file.wording import fields_text

_EXAMPLES: Final = 3
# Apple has 50 locales; more pairs of product and locale than this are made up by those who send them.
_MAX_PLACES: Final = 20_000

NO_ANSWER: Final = "no answer"


@dataclass(frozen=True, slots=True)
class CustomerAnswer:
    """One customer's answer: by which rule and arm, of which kind, with which message in which locale.

    `rule` None: no rule had an answer; of a customer who is held out, it names the holdout. `terms` are
    the offer or the product named, None where they are not known.
    """

    rule: str | None
    arm: str | None
    kind: str
    message: str | None
    locale: str | None
    terms: str | None

    def same_answer(self, other: CustomerAnswer) -> bool:
        """Return whether the customer sees no difference, as far as it is known."""
        terms = self.terms is None or other.terms is None or self.terms == other.terms
        return terms and (self.kind, self.message) == (other.kind, other.message)

    @property
    def by(self) -> str:
        arm = "" if self.arm is None else f", arm {self.arm}"
        return f"{self.rule or 'no rule'}{arm}"


@dataclass(slots=True)
class AnswerChange:
    """Requests whose answer changes in the same way. `examples` are requestIdentifiers.

    `before` and `after` name the rule and the arm; each answer is a kind, or the offer or product it names.
    """

    before: str
    after: str
    before_answer: str
    after_answer: str
    same_answer: bool
    count: int = 0
    products: set[str] = field(default_factory=set)
    locales: set[str] = field(default_factory=set)
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Replayed:
    """The counts of a log. Every request is counted once: unchanged, in a change, undecidable, or skipped.

    `undecidable` and `skipped` count by reason; `proved` are those decided by what the logged decision
    proves; `first` and `last` are UTC seconds.
    """

    requests: int = 0
    unchanged: int = 0
    proved: int = 0
    unnamed: int = 0  # answers with an offer or a product that the log does not name
    rehearsals: int = 0
    first: float | None = None
    last: float | None = None
    changes: dict[tuple[str, ...], AnswerChange] = field(default_factory=dict)
    undecidable: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def changed(self) -> int:
        return sum(change.count for change in self.changes.values())

    @property
    def decided(self) -> int:
        return self.unchanged + self.changed


KeptReleases = Callable[[int], Edition | None]


def replay(log: Iterable[Logged], draft: Edition, states: States | None, releases: KeptReleases) -> Replayed:
    """Judge every request of a log by `draft`. `releases` gives the editions that decided then, where they are kept."""
    judge = _DraftJudge(draft, states, releases)
    found = Replayed()
    for logged in log:
        _count(logged, judge, found)
    return found


def _count(logged: Logged, judge: _DraftJudge, found: Replayed) -> None:
    found.requests += 1
    found.rehearsals += logged.trust_anchor not in {None, "apple"}
    if logged.at is not None:
        found.first = min(found.first or logged.at, logged.at)
        found.last = max(found.last or logged.at, logged.at)
    skipped = _skipped(logged)
    if skipped is not None:
        found.skipped[skipped] += 1
        return
    before, verdict = judge.before(logged), judge.after(logged)
    if verdict.answer is None:
        found.undecidable[verdict.undecided_by] += 1
        _add(found.examples.setdefault(verdict.undecided_by, []), logged.request_identifier)
        return
    found.proved += verdict.proved
    found.unnamed += before.terms is None and verdict.answer.terms is not None
    _compare(logged, before, verdict.answer, found)


def _skipped(logged: Logged) -> str | None:
    if logged.outcome == "paused":
        return "answers were paused"
    if not logged.decided:
        return "nothing was decided then: unavailable or failed"
    if logged.at is None:
        return "the line has no time"
    if len(logged.product_id) >= MAX_TEXT or len(logged.locale) >= MAX_TEXT:
        return "the line is cut off"
    return None if logged.customer_hash else "the line has no customerHash"


def _compare(logged: Logged, before: CustomerAnswer, after: CustomerAnswer, found: Replayed) -> None:
    same = before.same_answer(after)
    if same and before.by == after.by:
        found.unchanged += 1
        return
    old, new = _terms_or_kind(before), _terms_or_kind(after)
    if old == new and before.by == after.by:
        new = f"{new}, {_other(before, after)}"
    change = found.changes.setdefault(
        (before.by, old, after.by, new, str(same)), AnswerChange(before.by, after.by, old, new, same_answer=same)
    )
    change.count += 1
    change.products.add(logged.product_id)
    change.locales.add(logged.locale)
    _add(change.examples, logged.request_identifier)


def _terms_or_kind(answer: CustomerAnswer) -> str:
    return answer.kind if answer.terms in {None, "", answer.kind} else str(answer.terms)


def _other(before: CustomerAnswer, after: CustomerAnswer) -> str:
    return "another text" if before.locale == after.locale else "a text in another locale"


def _add(examples: list[str], example: str) -> None:
    if len(examples) < _EXAMPLES:
        examples.append(example)


@dataclass(frozen=True, slots=True)
class DraftVerdict:
    """A customer's answer by the draft, or the rule whose condition cannot be judged.

    `proved`: the logged decision proved the facts that decide.
    """

    answer: CustomerAnswer | None
    undecided_by: str = ""
    proved: bool = False


@dataclass(frozen=True, slots=True)
class _PlaceRules:
    """The rules of the draft for a product in a locale, and by rule the name of the condition that facts decide.

    `held_out` is asked before them, None where the draft has no holdout.
    """

    candidate_rules: tuple[CandidateRule, ...]
    asks: Mapping[str, str]
    held_out: HeldOut | None


class _DraftJudge:
    """One draft, asked about many requests."""

    def __init__(self, draft: Edition, states: States | None, releases: KeptReleases) -> None:
        self._draft = draft
        self._states = states
        self._releases = releases
        self._places: dict[tuple[str, str], _PlaceRules] = {}
        self._evidence: dict[int, Evidence | None] = {}

    def before(self, logged: Logged) -> CustomerAnswer:
        """Return the answer that the log has."""
        if logged.held:
            message = logged.message and logged.message.lower()
            kind, terms = (NO_ANSWER, "") if logged.kind is None else (logged.kind, "message")
            return CustomerAnswer(_holdout_name(logged.holdout), None, kind, message, logged.locale_served, terms)
        if logged.outcome == "no_rule":
            return CustomerAnswer(None, None, NO_ANSWER, None, None, "")
        arm = logged.arm if logged.delivered else None
        if logged.kind is None:
            return CustomerAnswer(logged.rule, arm, NO_ANSWER, None, None, "")
        message = logged.message and logged.message.lower()
        return CustomerAnswer(
            logged.rule, arm, logged.kind, message, logged.locale_served, self._terms_then(logged, arm)
        )

    def after(self, logged: Logged) -> DraftVerdict:
        """Return the answer that the draft would have given."""
        place, proof = self._place(logged.product_id, logged.locale), self._proof(logged)
        if place.held_out is not None and place.held_out.has(logged.customer_hash):
            return DraftVerdict(_held_answer(place.held_out))
        signs = "signing" not in logged.degraded
        open_rules: list[str] = []
        possible: list[CustomerAnswer] = []
        proved = False
        for candidate in self._applicable(place, logged):
            share = share_of(candidate, logged.customer_hash)
            if not signs and share.delivery is not None and share.delivery.answer.signs:
                continue
            applies = candidate.applies
            if applies is not True or candidate.limits:
                asks = place.asks[candidate.rule.name] if applies is None else None
                applies = proof.of(asks, candidate.limits)
                proved = proved or applies is not None
            if applies is not False:
                possible.append(_answer(candidate, share))
            if applies is True:
                break
            if applies is None:
                open_rules.append(candidate.rule.name)
        else:
            possible.append(CustomerAnswer(None, None, NO_ANSWER, None, None, ""))
        if all(answer.same_answer(possible[-1]) for answer in possible):
            return DraftVerdict(_one(possible, self.before(logged)), proved=proved)
        return DraftVerdict(None, open_rules[0])

    def _applicable(self, place: _PlaceRules, logged: Logged) -> Iterator[CandidateRule]:
        """Yield the rules that may apply at the time of the request, and have an answer."""
        unreadable = "customer" in logged.degraded  # no fact could be read then, so no such rule matched
        for candidate in place.candidate_rules:
            at, settled = logged.at or 0, candidate.applies is True and not candidate.limits
            answers = candidate.shares and candidate.at(at) and (settled or not unreadable)
            if answers and takes_part(candidate, logged.customer_hash, at):
                yield candidate

    def _place(self, product: str, locale: str) -> _PlaceRules:
        found = self._places.get((product, locale))
        if found is None:
            if len(self._places) >= _MAX_PLACES:
                self._places.clear()
            asks = _asks(self._draft, product, locale)
            catalog = self._draft.catalog(product, self._states)
            rules = candidate_rules(catalog, product, locale)
            found = _PlaceRules(rules, asks, held_out(catalog, product, locale))
            self._places[product, locale] = found
        return found

    def _proof(self, logged: Logged) -> Proof:
        evidence = self._evidence_of(logged)
        return NO_PROOF if evidence is None else evidence.of(logged)

    def _evidence_of(self, logged: Logged) -> Evidence | None:
        if logged.release is None:
            return None
        if logged.release not in self._evidence:
            edition = self._releases(logged.release)
            self._evidence[logged.release] = None if edition is None else Evidence(edition)
        return self._evidence[logged.release]

    def _terms_then(self, logged: Logged, arm: str | None) -> str | None:
        """Return the offer or product that the deciding release named; a plain message names neither."""
        if logged.kind == "message":
            return "message"
        evidence = self._evidence_of(logged)
        return None if evidence is None or logged.rule is None else evidence.terms(logged.rule, arm)


def _one(possible: Sequence[CustomerAnswer], before: CustomerAnswer) -> CustomerAnswer:
    """Return the one answer of several rules that all give it: by the rule of the log, if that is one of them."""
    by = {answer.by: answer for answer in possible}
    if before.by in by:
        return by[before.by]
    return replace(possible[-1], rule=" or ".join(by), arm=None) if len(by) > 1 else possible[-1]


def _answer(candidate: CandidateRule, share: Share) -> CustomerAnswer:
    if share.delivery is None:
        return CustomerAnswer(candidate.rule.name, share.arm, NO_ANSWER, None, None, "")
    answer: Answer = share.delivery.answer
    terms = fields_text(answer.kind, answer.fields)
    return CustomerAnswer(
        candidate.rule.name, share.arm, answer.kind, share.delivery.message_id.lower(), share.delivery.locale, terms
    )


def _held_answer(held: HeldOut) -> CustomerAnswer:
    name, delivery = _holdout_name(held.key), held.delivery
    if delivery is None:
        return CustomerAnswer(name, None, NO_ANSWER, None, None, "")
    return CustomerAnswer(name, None, "message", delivery.message_id.lower(), delivery.locale, "message")


def _holdout_name(key: str | None) -> str:
    return f"the holdout {key}"


def _asks(draft: Edition, product: str, locale: str) -> dict[str, str]:
    conditions = draft.conditions(product)
    facts = facts_of(product, locale)
    return {name: name_of(open_part(condition, facts)) for name, condition in conditions.items()}
