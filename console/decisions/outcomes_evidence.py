"""The logs of decisions and of outcomes, read together: who was shown which answer, and what Apple reported later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console.decisions.decision_log import REQUESTS, Logged, is_request, logged_request
from console.decisions.log_export import LineKind, read_lines
from console.decisions.outcome_log import (
    OUTCOMES,
    LoggedCompleteness,
    LoggedOutcome,
    is_outcome,
    logged_completeness,
    logged_outcome,
)
from console.decisions.outcomes import Exposure
from console.terminal.failure import Failure
from console.terminal.output import ReportProgress

_STEP: Final = 10_000
EITHER: Final = LineKind(
    lambda line: is_request(line) or OUTCOMES.is_line(line), (*REQUESTS.columns, *OUTCOMES.columns)
)


@dataclass(frozen=True, slots=True)
class OutcomeEvidence:
    """What the logs hold: each customer's first answer by `customer_hash`, and the outcomes of each customer.

    `complete`: since when and until when every notification is there, in UTC seconds; None where no log has a line
    about it.
    `answers`: the rule, and the arm if any, that gave each customer's first answer. `rehearsals`: how many of the
    requests Apple did not sign.
    """

    exposures: dict[str, Exposure]
    answers: dict[str, str]
    outcomes: dict[str, list[LoggedOutcome]]
    complete: tuple[float, float] | None
    rehearsals: int


def read_evidence(logs: Iterable[Path], report: ReportProgress) -> OutcomeEvidence:
    """Read logs in any order and any export; `-` is standard input. Raises Failure where they hold no decision."""
    reader, number = _EvidenceReader(), 0
    for path in logs:
        for line in read_lines(path, EITHER):
            number += 1
            if number % _STEP == 0:
                report("reading", number, number)
            if is_request(line):
                reader.add_request(logged_request(line))
            elif is_outcome(line):
                reader.add_outcome(logged_outcome(line))
            else:
                reader.add_completeness(logged_completeness(line))
    if not reader.exposures:
        raise Failure(
            "There is no logged decision in these files: name exports of both log groups, FunctionLogGroup and"
            " NotificationsLogGroup of the stack's outputs."
        )
    return OutcomeEvidence(reader.exposures, reader.answers, reader.outcomes, reader.complete(), reader.rehearsals)


class _EvidenceReader:
    """Keeps each customer's first exposure while lines come in any order."""

    def __init__(self) -> None:
        self.exposures: dict[str, Exposure] = {}
        self.answers: dict[str, str] = {}
        self.outcomes: dict[str, list[LoggedOutcome]] = defaultdict(list)
        self.rehearsals = 0
        self._complete: dict[str, LoggedCompleteness] = {}

    def add_request(self, logged: Logged) -> None:
        if not logged.decided or logged.at is None or not logged.customer_hash:
            return
        self.rehearsals += logged.trust_anchor not in {None, "apple"}
        held = self.exposures.get(logged.customer_hash)
        if held is None or logged.at < held.at:
            self.exposures[logged.customer_hash] = Exposure(logged.customer_hash, logged.at, logged.product_id)
            self.answers[logged.customer_hash] = _answer_of(logged)

    def add_outcome(self, outcome: LoggedOutcome | None) -> None:
        if outcome is not None:
            self.outcomes[outcome.customer_hash].append(outcome)

    def add_completeness(self, found: LoggedCompleteness | None) -> None:
        if found is not None and (found.app not in self._complete or found.until > self._complete[found.app].until):
            self._complete[found.app] = found

    def complete(self) -> tuple[float, float] | None:
        """Return the span of the last line of each app in which all apps are complete."""
        spans = self._complete.values()
        return (max(span.since for span in spans), min(span.until for span in spans)) if spans else None


def _answer_of(logged: Logged) -> str:
    if logged.held:
        return f"the holdout {logged.holdout}"
    if logged.rule is None:
        return logged.outcome
    return logged.rule if logged.arm is None else f"{logged.rule}, arm {logged.arm}"
