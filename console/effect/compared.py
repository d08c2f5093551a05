"""Two engines compared: the same queries, and the rows that only one of them returned."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from console.effect.queries import NAMES, literals_of
from console.effect.rows import LOCALE, EffectQuestion, Engine, Row
from console.terminal.output import ReportProgress, no_progress


@dataclass(frozen=True, slots=True)
class EngineDifference:
    """Of one query, how many rows each engine returned, and how many of them the other one did not."""

    query: str
    rows: tuple[int, int]
    only: tuple[int, int]

    @property
    def equal(self) -> bool:
        return self.only == (0, 0)


def compare_engines(
    one: Engine, other: Engine, question: EffectQuestion, report: ReportProgress = no_progress
) -> tuple[EngineDifference, ...]:
    """Return for each query whether both engines return the same rows, in any order. Raises Failure as they do."""
    literals, found = literals_of(question), []
    asked = [(name, name, literals) for name in NAMES]
    asked.append(("cohort by locale", "cohort", literals_of(question, by=LOCALE)))
    for number, (shown, name, values) in enumerate(asked):
        report("comparing engines", number, len(asked))
        left, right = (Counter(map(_plain, engine.run(name, values))) for engine in (one, other))
        only = ((left - right).total(), (right - left).total())
        found.append(EngineDifference(shown, (left.total(), right.total()), only))
    return tuple(found)


def _plain(row: Row) -> tuple[tuple[str, str | None], ...]:
    """Return a row without the types of an engine: numbers and texts as text, nothing and an empty text as None."""
    return tuple(sorted((name, None if value in {None, ""} else str(value)) for name, value in row.items()))
