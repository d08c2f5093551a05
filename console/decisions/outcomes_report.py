"""How `retention outcomes` prints: what became of the customers whom each rule answered, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from console.decisions.outcomes import Became, became
from console.decisions.outcomes_evidence import OutcomeEvidence
from console.terminal.json_form import camel, form_of
from console.terminal.output import Output
from console.terminal.words import plural

_DAY: Final = 86_400
# What is counted, by the head of its column.
_COUNTED: Final[Mapping[str, Callable[[Became], bool]]] = {
    "turned off": lambda each: each.turned_off,
    "on again": lambda each: each.turned_on_again,
    "switched": lambda each: each.switched,
    "switch pending": lambda each: each.switch_pending,
    "other plan": lambda each: each.plan_changed,
    "redeemed": lambda each: each.redeemed or each.redeemed_retention_offer,
    "renewed": lambda each: each.renewed,
    "lost": lambda each: each.lost,
    "refunded": lambda each: each.refunded,
}


@dataclass(frozen=True, slots=True)
class AnswerOutcomes:
    """The customers whose first answer was one rule's (or one arm's), and what became of them.

    `known`: of how many it is known whether they were kept. `counts` are of all customers, known or not yet. `revenue`
    is in milliunits by currency.
    """

    answer: str
    customers: int
    known: int
    kept: int
    counts: Mapping[str, int]
    revenue: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class OutcomesFound:
    """The document of `retention outcomes --json`.

    `complete_since` and `complete_until` are UTC, None where no log has a line about them.
    """

    days: float
    complete_since: datetime | None
    complete_until: datetime | None
    customers: int
    rehearsals: int
    answers: tuple[AnswerOutcomes, ...]


def count_outcomes(evidence: OutcomeEvidence, days: float) -> OutcomesFound:
    """Count what became of every customer within `days` days after the first answer."""
    found: dict[str, list[Became]] = {}
    # Without a line about it nothing is known to be complete.
    complete = evidence.complete or (float("inf"), float("-inf"))
    for customer, exposure in evidence.exposures.items():
        result = became(exposure, evidence.outcomes.get(customer, ()), days * _DAY, complete)
        found.setdefault(evidence.answers[customer], []).append(result)
    since, until = (datetime.fromtimestamp(at, UTC) for at in complete) if evidence.complete else (None, None)
    return OutcomesFound(
        days=days,
        complete_since=since,
        complete_until=until,
        customers=len(evidence.exposures),
        rehearsals=evidence.rehearsals,
        answers=tuple(_counted(answer, results) for answer, results in sorted(found.items())),
    )


def _counted(answer: str, results: list[Became]) -> AnswerOutcomes:
    revenue: Counter[str] = Counter()
    for each in results:
        revenue.update(each.revenue)
    known = [each.kept for each in results if each.kept is not None]
    counts = {camel(name.replace(" ", "_")): sum(map(test, results)) for name, test in _COUNTED.items()}
    return AnswerOutcomes(answer, len(results), len(known), sum(known), counts, dict(sorted(revenue.items())))


def show(found: OutcomesFound, out: Output) -> None:
    """Print the counts as a table, or as one JSON document."""
    out.print(f"{plural(found.customers, 'customer')}, {found.days:g} days after the first answer.", "bold")
    heads = ("answer", "customers", "known", "kept", *_COUNTED, "revenue")
    out.table(
        heads,
        [
            (
                each.answer,
                str(each.customers),
                str(each.known),
                f"{each.kept} ({each.kept / each.known:.1%})" if each.known else "-",
                *(str(count) for count in each.counts.values()),
                ", ".join(f"{amount / 1000:.2f} {currency}" for currency, amount in each.revenue.items()) or "-",
            )
            for each in found.answers
        ],
    )
    if found.complete_since is None or found.complete_until is None:
        out.print(
            "Not known yet who was kept: no line states until when notifications are complete. The function that pulls"
            " notifications logs one each hour.",
            "yellow",
        )
    else:
        out.print(
            f"Notifications are complete from {found.complete_since:%Y-%m-%d %H:%M} to"
            f" {found.complete_until:%Y-%m-%d %H:%M} UTC: who was kept is known of answers in that time alone."
        )
    if found.rehearsals:
        out.print(f"{plural(found.rehearsals, 'request')} came from a simulator: Apple did not sign them.")
    out.print("These are counts. Customers who met different rules differ: they do not show what an answer changed.")
    out.document(form_of(found))
