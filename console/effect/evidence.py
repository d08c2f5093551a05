"""What a report needs to know of the log next to its rows, so that it can be trusted, and what the log has at all."""

from __future__ import annotations

from dataclasses import dataclass

from console.effect.queries import literals_of
from console.effect.rows import EffectQuestion, Engine, Literals


@dataclass(frozen=True, slots=True)
class TrustEvidence:
    """`has_watermark`: a line states until when outcomes are complete; else seven days are taken off.

    `notified` has the notifications of each day in UTC, of all customers of the app. `rehearsals` are requests of the
    experiment that Apple did not sign. `offers` has, by arm and period of the offer (ISO 8601, `P3M`), customers who
    redeemed one.
    """

    has_watermark: bool
    notified: tuple[tuple[str, int], ...]
    rehearsals: int
    offers: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LoggedSubject:
    """An experiment or holdout that requests of an app have; `name` empty: requests without an experiment."""

    app_apple_id: int
    kind: str
    name: str
    requests: int


def load_evidence(engine: Engine, question: EffectQuestion, *, has_watermark: bool) -> TrustEvidence:
    """Return the evidence of one question. Raises Failure where the engine cannot answer."""
    literals = literals_of(question)
    notified = [(str(row["signed_day"]), int(row["notifications"])) for row in engine.run("notified", literals)]
    offers = [(str(row["arm"]), str(row["period"]), int(row["customers"])) for row in engine.run("offers", literals)]
    (rehearsals,) = engine.run("rehearsals", literals)
    return TrustEvidence(has_watermark, tuple(sorted(notified)), int(rehearsals["requests"]), tuple(sorted(offers)))


def load_subjects(engine: Engine, *, rehearsals: bool) -> tuple[LoggedSubject, ...]:
    """Return what the log can be asked about, those with most requests first."""
    literals: Literals = {"rehearsals": "counted" if rehearsals else "left out"}
    found = [
        LoggedSubject(int(row["app"]), str(row["kind"]), str(row["name"] or ""), int(row["requests"]))
        for row in engine.run("subjects", literals)
        if row["app"] is not None
    ]
    return tuple(sorted(found, key=lambda one: (-one.requests, one.kind, one.name)))
