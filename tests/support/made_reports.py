"""Rows of made-up experiments, and the reports that are made of them: what an engine would return, without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from console.effect.evidence import TrustEvidence
from console.effect.findings import Report
from console.effect.rows import (
    AmountRow,
    CohortRow,
    CurveRow,
    DeliveryRow,
    EffectData,
    EffectQuestion,
    InputDigest,
    KeyRow,
    PlannedReading,
    RatioRow,
    SegmentRow,
)
from console.effect.studied import RELEASE, ReadingPlan, Studied, StudiedArm, StudiedVersion

STARTS: Final = date(2026, 10, 1)
AS_OF: Final = datetime(2026, 11, 30, 12, tzinfo=UTC)
COMPLETE: Final = datetime(2026, 11, 29, 21, tzinfo=UTC)
DAYS: Final = 30
KEY: Final = "switch-2026q4"
# Of 1 000 ripe customers: kept of the control, kept of the arm.
CLEAR: Final = {"control": 480, "switch": 530}
PLAN: Final = ReadingPlan(
    customers=12_000, guardrails=("refunded",), origin=RELEASE, release=12, published_at="2026-09-30T08:00:00+00:00",
    digest="0123456789abcdef",
)  # fmt: skip


def cohort_row(
    arm: str, day: str, customers: int, kept: int, release: int | None = 12, slots: int | None = 5000
) -> CohortRow:
    return CohortRow(
        arm=arm, release=release, slots=slots, seen_day=day, customers=customers, kept=kept,
        cancelled=customers - kept, switched=customers // 20 if arm != "control" else 0, redeemed=0,
        renewed=customers // 2, refunded=customers // 100, crossed=0, heard_of=customers * 4 // 5,
    )  # fmt: skip


def seen_days(days: int = 29, starts: date = STARTS) -> list[str]:
    return [(starts + timedelta(days=at)).isoformat() for at in range(days)]


def cohort(kept: Mapping[str, int], customers: int = 250, days: int = 29, **more: Any) -> tuple[CohortRow, ...]:
    """Return `customers` a day in each arm, of whom `kept` per 1 000 are kept."""
    return tuple(
        cohort_row(arm, day, customers, customers * share // 1000, **more)
        for day in seen_days(days)
        for arm, share in kept.items()
    )


def segment_rows(
    kind: str, name: str, customers: int, kept: Mapping[str, int] = CLEAR, **more: Any
) -> tuple[SegmentRow, ...]:
    """Return `customers` in each arm of one product or locale, of whom `kept` per 1 000 are kept."""
    return tuple(
        SegmentRow(kind, name, cohort_row(arm, "", customers, customers * share // 1000, **more))
        for arm, share in kept.items()
    )


def ratio(rows: Sequence[CohortRow], more_days: int = 30) -> tuple[RatioRow, ...]:
    """Return the customers of a cohort, and as many a day after it, not ripe yet."""
    found = [RatioRow(row.arm, row.release, row.slots, row.seen_day, row.customers) for row in rows]
    last = {row.arm: row for row in rows}
    for at in range(1, more_days + 1):
        for row in last.values():
            day = (date.fromisoformat(row.seen_day) + timedelta(days=at)).isoformat()
            found.append(RatioRow(row.arm, row.release, row.slots, day, row.customers))
    return tuple(found)


def curve(rows: Sequence[CohortRow]) -> tuple[CurveRow, ...]:
    found = []
    for arm in dict.fromkeys(row.arm for row in rows):
        customers = sum(row.customers for row in rows if row.arm == arm)
        kept = sum(row.kept for row in rows if row.arm == arm)
        found += [
            CurveRow(arm, day, customers, customers - round((customers - kept) * (day / DAYS) ** 0.3))
            for day in range(DAYS + 1)
        ]
    return tuple(found)


def data_of(rows: Sequence[CohortRow], reading: PlannedReading | None = None, **changed: Any) -> EffectData:
    arms = list(dict.fromkeys(row.arm for row in rows))
    made = EffectData(
        cohort=tuple(rows),
        reading=reading,
        ratio=ratio(rows),
        delivery=tuple(DeliveryRow(arm, 9000, 8990, 0, 800) for arm in arms),
        traffic=(),
        curve=curve(rows),
        amounts=(),
        keys=(
            KeyRow("exposures", "0a1b2c3d", 40_000, "2026-10-01", "2026-11-29"),
            KeyRow("outcomes", "0a1b2c3d", 30_000, "2026-10-01", "2026-11-29"),
        ),
        first_exposure="2026-10-01 00:00:07.123",
        inputs=InputDigest("duckdb", 4, "ab" * 32, "cd" * 32),
    )
    return replace(made, **changed)


def reading_of(rows: Sequence[CohortRow], planned: int = 12_000, amounts: Sequence[AmountRow] = ()) -> PlannedReading:
    """Return an appointed reading that is due, of these rows."""
    held = tuple(replace(row, seen_day="") for row in rows)
    return PlannedReading(planned, planned, "2026-10-24 08:00:00.000", due=True, rows=held, amounts=tuple(amounts))


NOT_DUE: Final = PlannedReading(12_000, 9_000, None, due=False)


def studied_of(plan: ReadingPlan = PLAN, arms: Sequence[StudiedArm] = (), **changed: Any) -> Studied:
    arms = arms or (StudiedArm("control", 5000), StudiedArm("switch", 5000))
    version = StudiedVersion(
        12, "2026-09-30T08:00:00+00:00", arms[0].name, tuple((arm.name, arm.slots) for arm in arms),
        plan if plan.origin == RELEASE else None,
    )  # fmt: skip
    made = Studied(KEY, is_holdout=False, environment="production", arms=tuple(arms), plan=plan, versions=(version,))
    return replace(made, **changed)


def evidence_of(**changed: Any) -> TrustEvidence:
    days = seen_days(61)
    return replace(TrustEvidence(True, tuple((day, 500) for day in days), 0), **changed)  # noqa: FBT003  # has a watermark


def question_of(**changed: Any) -> EffectQuestion:
    made = EffectQuestion(
        app_apple_id=6745974591, key=KEY, horizon_days=DAYS, starts=datetime(2026, 10, 1, tzinfo=UTC),
        until=datetime(2026, 11, 30, tzinfo=UTC), complete_until=COMPLETE, planned=12_000,
    )  # fmt: skip
    return replace(made, **changed)


def report_of(
    data: EffectData, studied: Studied | None = None, evidence: TrustEvidence | None = None, **changed: Any
) -> Report:
    from console.effect.report import make_report  # noqa: PLC0415  # it needs the extra packages

    return make_report(
        data, studied or studied_of(), evidence or evidence_of(), question_of(), changed.pop("as_of", AS_OF), **changed
    )
