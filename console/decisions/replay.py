"""`retention replay`: logged decisions against a draft. What would have been answered otherwise, and how often.

A log line has product, locale, time and the customer's hash, so rules, texts, schedules and arms are judged exactly. It
has no facts about the customer. Where they decide, the logged decision may still prove what they were (`evidence`);
where it does not, the request is counted as undecidable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from retention.catalog import Answer
from retention.log.record import MAX_TEXT

from console.decisions.inferred_facts import Evidence, Proof, facts_of, name_of, open_part
from console.decisions.log import Logged
from console.decisions.possible_answers import Chance, Share, chances, share_of
from console.file.edition import Edition, States
from console.file.wording import told
from console.terminal.output import Output
from console.terminal.words import plural

_EXAMPLES: Final = 3
# Apple has 50 locales; more places than this come from somebody who makes them up.
_MAX_PLACES: Final = 20_000

NO_ANSWER: Final = "no answer"


@dataclass(frozen=True, slots=True)
class Told:
    """What one customer is told: by which rule and arm, what kind of answer, with which message in which locale.

    `rule` None: no rule had an answer. `terms` are the offer or the product named, None where nobody can say.
    """

    rule: str | None
    arm: str | None
    kind: str
    message: str | None
    locale: str | None
    terms: str | None

    def same_answer(self, other: Told) -> bool:
        """Tell whether the customer sees no difference, as far as it is known."""
        terms = self.terms is None or other.terms is None or self.terms == other.terms
        return terms and (self.kind, self.message) == (other.kind, other.message)

    @property
    def by(self) -> str:
        arm = "" if self.arm is None else f", arm {self.arm}"
        return f"{self.rule or 'no rule'}{arm}"


@dataclass(slots=True)
class Row:
    """Requests that change in the same way. `examples` are requestIdentifiers."""

    before: str
    after: str
    before_says: str
    after_says: str
    same_answer: bool
    count: int = 0
    products: set[str] = field(default_factory=set)
    locales: set[str] = field(default_factory=set)
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Replayed:
    """What a log came to. Every request is counted once: unchanged, in a row, undecidable, or skipped.

    `undecidable` and `skipped` count by reason; `proved` are those decided by what the logged decision proves.
    """

    requests: int = 0
    unchanged: int = 0
    proved: int = 0
    unnamed: int = 0  # answers with an offer or a product that the log does not name
    rehearsals: int = 0
    first: float | None = None
    last: float | None = None
    rows: dict[tuple[str, ...], Row] = field(default_factory=dict)
    undecidable: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def changed(self) -> int:
        return sum(row.count for row in self.rows.values())

    @property
    def decided(self) -> int:
        return self.unchanged + self.changed


Releases = Callable[[int], Edition | None]


def replay(log: Iterable[Logged], draft: Edition, states: States | None, releases: Releases) -> Replayed:
    """Judge every request of a log by `draft`. `releases` gives the editions that decided then, where they are kept."""
    judge = _Judge(draft, states, releases)
    found = Replayed()
    for logged in log:
        _count(logged, judge, found)
    return found


def _count(logged: Logged, judge: _Judge, found: Replayed) -> None:
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
    if verdict.told is None:
        found.undecidable[verdict.undecided_by] += 1
        _add(found.examples.setdefault(verdict.undecided_by, []), logged.request_identifier)
        return
    found.proved += verdict.proved
    found.unnamed += before.terms is None and verdict.told.terms is not None
    _compare(logged, before, verdict.told, found)


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


def _compare(logged: Logged, before: Told, after: Told, found: Replayed) -> None:
    same = before.same_answer(after)
    if same and before.by == after.by:
        found.unchanged += 1
        return
    says = _says(before), _says(after)
    if says[0] == says[1] and before.by == after.by:
        says = says[0], f"{says[1]}, {_other(before, after)}"
    row = found.rows.setdefault(
        (before.by, says[0], after.by, says[1], str(same)), Row(before.by, after.by, *says, same_answer=same)
    )
    row.count += 1
    row.products.add(logged.product_id)
    row.locales.add(logged.locale)
    _add(row.examples, logged.request_identifier)


def _says(one: Told) -> str:
    return one.kind if one.terms in {None, "", one.kind} else str(one.terms)


def _other(before: Told, after: Told) -> str:
    return "another text" if before.locale == after.locale else "a text in another locale"


def _add(examples: list[str], example: str) -> None:
    if len(examples) < _EXAMPLES:
        examples.append(example)


# Judging ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the draft tells a customer, or the rule whose condition nobody can judge. `proved`: by evidence."""

    told: Told | None
    undecided_by: str = ""
    proved: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """A product in a locale, by the draft: its chances, and by rule the name of the condition that facts decide."""

    chances: tuple[Chance, ...]
    asks: Mapping[str, str]


class _Judge:
    """One draft, asked about many requests."""

    def __init__(self, draft: Edition, states: States | None, releases: Releases) -> None:
        self._draft = draft
        self._states = states
        self._releases = releases
        self._places: dict[tuple[str, str], _Place] = {}
        self._evidence: dict[int, Evidence | None] = {}

    def before(self, logged: Logged) -> Told:
        """Return what the log says was told."""
        if logged.outcome == "no_rule":
            return Told(None, None, NO_ANSWER, None, None, "")
        arm = logged.arm if logged.delivered else None
        if logged.kind is None:
            return Told(logged.rule, arm, NO_ANSWER, None, None, "")
        message = logged.message and logged.message.lower()
        return Told(logged.rule, arm, logged.kind, message, logged.locale_served, self._terms_then(logged, arm))

    def after(self, logged: Logged) -> Verdict:
        """Return what the draft would have told."""
        place, proof = self._place(logged.product_id, logged.locale), self._proof(logged)
        signs = "signing" not in logged.degraded
        open_rules: list[str] = []
        possible: list[Told] = []
        proved = False
        for chance in self._speaking(place, logged):
            share = share_of(chance, logged.customer_hash)
            if not signs and share.delivery is not None and share.delivery.answer.signs:
                continue
            applies = chance.applies
            if applies is None:
                applies = proof.get(place.asks[chance.rule.name])
                proved = proved or applies is not None
            if applies is not False:
                possible.append(_told(chance, share))
            if applies is True:
                break
            if applies is None:
                open_rules.append(chance.rule.name)
        else:
            possible.append(Told(None, None, NO_ANSWER, None, None, ""))
        if all(told.same_answer(possible[-1]) for told in possible):
            return Verdict(_one(possible, self.before(logged)), proved=proved)
        return Verdict(None, open_rules[0])

    def _speaking(self, place: _Place, logged: Logged) -> Iterator[Chance]:
        """Yield the rules that may apply at the time of the request, and have an answer."""
        unreadable = "customer" in logged.degraded  # then facts are known: there were none to be had
        for chance in place.chances:
            if chance.shares and chance.at(logged.at or 0) and not (unreadable and chance.applies is None):
                yield chance

    def _place(self, product: str, locale: str) -> _Place:
        found = self._places.get((product, locale))
        if found is None:
            if len(self._places) >= _MAX_PLACES:
                self._places.clear()
            asks = _asks(self._draft, product, locale)
            found = _Place(chances(self._draft.catalog(product, self._states), product, locale), asks)
            self._places[product, locale] = found
        return found

    def _proof(self, logged: Logged) -> Proof:
        evidence = self._evidence_of(logged)
        return {} if evidence is None else evidence.of(logged)

    def _evidence_of(self, logged: Logged) -> Evidence | None:
        if logged.release is None:
            return None
        if logged.release not in self._evidence:
            edition = self._releases(logged.release)
            self._evidence[logged.release] = None if edition is None else Evidence(edition)
        return self._evidence[logged.release]

    def _terms_then(self, logged: Logged, arm: str | None) -> str | None:
        """Return what the release that decided named: an offer, a product. A plain message names nothing."""
        if logged.kind == "message":
            return "message"
        evidence = self._evidence_of(logged)
        return None if evidence is None or logged.rule is None else evidence.terms(logged.rule, arm)


def _one(possible: Sequence[Told], before: Told) -> Told:
    """Return the one answer of several rules that all give it: by the rule of the log, if that is one of them."""
    by = {told.by: told for told in possible}
    if before.by in by:
        return by[before.by]
    return replace(possible[-1], rule=" or ".join(by), arm=None) if len(by) > 1 else possible[-1]


def _told(chance: Chance, share: Share) -> Told:
    if share.delivery is None:
        return Told(chance.rule.name, share.arm, NO_ANSWER, None, None, "")
    answer: Answer = share.delivery.answer
    terms = told(answer.kind, answer.fields)
    return Told(
        chance.rule.name, share.arm, answer.kind, share.delivery.message_id.lower(), share.delivery.locale, terms
    )


def _asks(draft: Edition, product: str, locale: str) -> dict[str, str]:
    conditions = draft.conditions(product)
    facts = facts_of(product, locale)
    return {name: name_of(open_part(condition, facts)) for name, condition in conditions.items()}


# Told ---------------------------------------------------------------------------------------------------------------


def show(found: Replayed, source: str, out: Output) -> None:
    """Print what a replay found, as text or as one JSON document."""
    out.say(f"{plural(found.requests, 'logged request')} against {source}{_period(found)}.", "bold")
    rows = sorted(found.rows.values(), key=lambda row: -row.count)
    out.say(f"{found.unchanged} of {found.decided} are answered as before ({_share(found.unchanged, found)}).")
    if rows:
        out.say("")
        out.table(
            ("requests", "share", "before", "after", "products", "locales", "for example"),
            [
                (
                    str(row.count),
                    _share(row.count, found),
                    f"{row.before}: {row.before_says}",
                    f"{row.after}: {row.after_says}" + (" (the same answer)" if row.same_answer else ""),
                    _some(row.products),
                    _some(row.locales),
                    row.examples[0],
                )
                for row in rows
            ],
        )
    out.say("")
    _show_rest(found, out)
    out.document(as_document(found, source))


def _show_rest(found: Replayed, out: Output) -> None:
    for rule, number in found.undecidable.most_common():
        out.say(
            f"{number} undecidable: whether `{rule}` matches is up to facts about the customer, which are not logged"
            f" (such as {found.examples[rule][0]}).",
            "yellow",
        )
    for reason, number in found.skipped.most_common():
        out.say(f"{number} left out: {reason}.", "yellow")
    if found.proved:
        out.say(f"{found.proved} decided because the logged decision proves what the facts were.")
    if found.unnamed:
        out.say(
            f"{found.unnamed} answers before name no offer or product in the log: compared by kind and message only."
        )
    if found.rehearsals:
        out.say(f"{found.rehearsals} were rehearsals, not signed by Apple.")


def _period(found: Replayed) -> str:
    if found.first is None or found.last is None:
        return ""
    first, last = (datetime.fromtimestamp(bound, UTC) for bound in (found.first, found.last))
    return f", {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _percentage(count: int, found: Replayed) -> float:
    return float(round(Decimal(count) * 100 / found.decided, 2)) if found.decided else 0.0


def _share(count: int, found: Replayed) -> str:
    return f"{_percentage(count, found):g} %"


def _some(names: set[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:_EXAMPLES]) + (" …" if len(listed) > _EXAMPLES else "")


def as_document(found: Replayed, source: str) -> dict[str, Any]:
    """Return a replay as JSON. Shares are percentages of the requests that could be decided."""
    return {
        "against": source,
        "from": found.first and datetime.fromtimestamp(found.first, UTC).isoformat(),
        "to": found.last and datetime.fromtimestamp(found.last, UTC).isoformat(),
        "requests": found.requests,
        "decided": found.decided,
        "unchanged": found.unchanged,
        "changed": found.changed,
        "provedByDecision": found.proved,
        "comparedWithoutTerms": found.unnamed,
        "rehearsals": found.rehearsals,
        "changes": [
            {
                "before": {"by": row.before, "says": row.before_says},
                "after": {"by": row.after, "says": row.after_says},
                "sameAnswer": row.same_answer,
                "requests": row.count,
                "share": _percentage(row.count, found),
                "products": sorted(row.products),
                "locales": sorted(row.locales),
                "examples": row.examples,
            }
            for row in sorted(found.rows.values(), key=lambda row: -row.count)
        ],
        "undecidable": [
            {"rule": rule, "requests": number, "examples": found.examples[rule]}
            for rule, number in found.undecidable.most_common()
        ],
        "leftOut": dict(found.skipped.most_common()),
    }
