"""How `retention outcomes` prints: what became of the customers whom each rule answered, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from console.decisions.outcomes import Became, became
from console.decisions.outcomes_evidence import OutcomeEvidence
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import plural

_DAY: Final = 86_400
# What is counted, by its name in the document.
_COUNTED: Final[Mapping[str, Callable[[Became], bool]]] = {
    "turnedOff": lambda each: each.turned_off,
    "onAgain": lambda each: each.turned_on_again,
    "switched": lambda each: each.switched,
    "switchPending": lambda each: each.switch_pending,
    "otherPlan": lambda each: each.plan_changed,
    "redeemed": lambda each: each.redeemed or each.redeemed_retention_offer,
    "renewed": lambda each: each.renewed,
    "lost": lambda each: each.lost,
    "refunded": lambda each: each.refunded,
}
# The heads of two tables, which have room on a terminal of 80 columns, and the counts in their columns.
_ENDED: Final[Mapping[str, str]] = {"lost": "lost", "refunded": "refunded"}
_CHANGED: Final[Mapping[str, str]] = {
    "off": "turnedOff",
    "on again": "onAgain",
    "switched": "switched",
    "pending": "switchPending",
    "plan": "otherPlan",
    "redeemed": "redeemed",
    "renewed": "renewed",
}
_LEGEND: Final = (
    "Kept: of the known. Off, on again: auto-renew. Switched: to another product; pending: with the next renewal. Plan:"
    " another billing plan of the same product."
)


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
    counts = {name: sum(map(test, results)) for name, test in _COUNTED.items()}
    return AnswerOutcomes(answer, len(results), len(known), sum(known), counts, dict(sorted(revenue.items())))


def show(found: OutcomesFound, out: Output) -> None:
    """Print the counts as two tables, or as one JSON document."""
    out.print(f"{plural(found.customers, 'customer')}, {found.days:g} days after the first answer.", "bold")
    out.table(("answer", "customers", "known", "kept", *_ENDED, "revenue"), [_kept(each) for each in found.answers])
    out.print("")
    out.table(("answer", *_CHANGED), [(each.answer, *_counts(each, _CHANGED)) for each in found.answers])
    out.print("")
    out.print(_LEGEND)
    _show_limits(found, out)
    out.document(form_of(found))


def _kept(each: AnswerOutcomes) -> tuple[str, ...]:
    kept = f"{each.kept} ({each.kept / each.known:.1%})" if each.known else "-"
    revenue = ", ".join(f"{amount / 1000:.2f} {currency}" for currency, amount in each.revenue.items()) or "-"
    return (each.answer, str(each.customers), str(each.known), kept, *_counts(each, _ENDED), revenue)


def _counts(each: AnswerOutcomes, heads: Mapping[str, str]) -> Iterator[str]:
    return (str(each.counts[name]) for name in heads.values())


def _show_limits(found: OutcomesFound, out: Output) -> None:
    """Print what the counts do not show."""
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
