"""How `retention explain` prints: the rules with their reasons, the answer, and the one JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retention.decision import Assignment, HoldoutPlace

from console.decisions.asked_facts import AskedFact
from console.decisions.reasons import Explanation, Refused, Verdict, by_text
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import plural

_MARKS = {"answers": "→", "falls_back": "→", "passed_over": "-", "not_reached": " "}


def show(explanation: Explanation, out: Output) -> None:
    """Print an explanation, as text or as one JSON document."""
    request = explanation.request
    out.print(f"{request.product_id} in {request.user_locale}, by {explanation.source}")
    for verdict in explanation.verdicts:
        _show_verdict(verdict, out)
    _show_facts(explanation, out)
    out.print("")
    refused = explanation.refused
    if refused is not None:
        says = refused.says.rstrip(".")
        out.print(f"{refused.status}, no body ({refused.code}: {says}): the App Store falls back.", "bold")
    _show_decided(explanation, "" if refused is None else "Otherwise it would be ", out)
    for note in explanation.notes:
        out.print(f"Note: {note}")
    out.document(form_of(_document(explanation)))


def _show_decided(explanation: Explanation, before: str, out: Output) -> None:
    status, decision = explanation.decided_status, explanation.decision
    if explanation.decided is None:
        held = f" by {by_text(decision)}" if decision.holdout is not None and decision.holdout.held else ""
        out.print(f"{before}{status}, no body ({decision.outcome.value}{held}): the App Store falls back.", "bold")
    else:
        out.print(f"{before}{status}, by {by_text(decision)}:", "bold")
        out.print(json.dumps(explanation.decided, ensure_ascii=False, indent=2))


def _show_verdict(verdict: Verdict, out: Output) -> None:
    style = {"answers": "green", "falls_back": "green", "not_reached": "dim"}.get(verdict.verdict)
    why = verdict.detail or ("not reached" if verdict.verdict == "not_reached" else "")
    out.print(f"{_MARKS[verdict.verdict]} {verdict.rule} (line {verdict.line}): {why}", style)
    for test in verdict.tests:
        found = f" (it is {test.found})" if test.found else ""
        out.print(f"    {'  ' * test.depth}{test.holds:8}{test.asks}{found}", "dim")


def _show_facts(explanation: Explanation, out: Output) -> None:
    if explanation.facts:
        out.print("")
        out.table(
            ("fact", "value", "from", "signed by Apple"),
            [(fact.name, fact.found, fact.source, _age(fact)) for fact in explanation.facts],
        )


def _age(fact: AskedFact) -> str:
    return "" if fact.age_days is None else "today" if not fact.age_days else f"{plural(fact.age_days, 'day')} ago"


@dataclass(frozen=True, slots=True)
class _RequestForm:
    product_id: str
    user_locale: str
    app_apple_id: int
    environment: str


@dataclass(frozen=True, slots=True)
class _OtherwiseForm:
    status: int
    body: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class _HoldoutForm:
    """`reason` and `detail` are why its message cannot be delivered."""

    key: str
    held: bool
    reason: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class _ExplanationForm:
    """The JSON document: what Apple would get, and the decision; `otherwise` is what a refused request would get."""

    request: _RequestForm
    source: str
    status: int
    refused: Refused | None
    outcome: str
    rule: str | None
    message: str | None
    locale: str | None
    holdout: _HoldoutForm | None
    assignments: Sequence[Assignment]
    rules: Sequence[Verdict]
    facts: Sequence[AskedFact]
    body: Mapping[str, Any] | None
    otherwise: _OtherwiseForm | None
    notes: Sequence[str]


def _holdout(place: HoldoutPlace | None) -> _HoldoutForm | None:
    if place is None:
        return None
    reason, detail = place.reason or (None, None)
    return _HoldoutForm(place.key, place.held, reason, detail)


def _document(explanation: Explanation) -> _ExplanationForm:
    request, decision, refused = explanation.request, explanation.decision, explanation.refused
    delivery = decision.delivery
    return _ExplanationForm(
        request=_RequestForm(request.product_id, request.user_locale, request.app_apple_id, request.environment),
        source=explanation.source,
        status=explanation.status,
        refused=refused,
        outcome=decision.outcome.value,
        rule=decision.rule,
        message=None if delivery is None else delivery.message_id,
        locale=None if delivery is None else delivery.locale,
        holdout=_holdout(decision.holdout),
        assignments=decision.assignments,
        rules=explanation.verdicts,
        facts=explanation.facts,
        body=explanation.body,
        otherwise=None if refused is None else _OtherwiseForm(explanation.decided_status, explanation.decided),
        notes=explanation.notes,
    )
