"""What the log has next to the rows: notifications by day, rehearsals, offers, and what can be asked about."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from console.effect.duckdb_engine import DuckDbEngine
from console.effect.evidence import LoggedSubject, TrustEvidence, load_evidence, load_subjects
from console.effect.log_cache import cache_logs
from console.effect.rows import EffectQuestion
from tests.support.analysis_parts import needs_analysis

pytestmark = needs_analysis
QUESTION = EffectQuestion(
    app_apple_id=7, key="switch", horizon_days=30, starts=datetime(2026, 10, 1, tzinfo=UTC),
    until=datetime(2026, 12, 1, tzinfo=UTC), complete_until=datetime(2026, 11, 29, tzinfo=UTC),
)  # fmt: skip
A, B = "a" * 64, "b" * 64


def exposure(customer: str, arm: str | None, **changed: Any) -> dict[str, Any]:
    return {
        "message": "answered", "timestamp": "2026-10-02 10:00:00,000+0000", "appAppleId": 7, "experiment": "switch",
        "arm": arm, "slots": 5000, "release": 12, "productId": "pro", "localeAsked": "en-US",
        "requestIdentifier": f"{customer[:8]}-1", "customerHash": customer, "keyId": "k", "trustAnchor": "apple",
    } | changed  # fmt: skip


def outcome(customer: str, uuid: str, at: str, **changed: Any) -> dict[str, Any]:
    return {
        "notificationUuid": uuid, "signedAt": at, "purchasedAt": at, "appAppleId": 7, "customerHash": customer,
        "keyId": "k", "trustAnchor": "apple",
    } | changed  # fmt: skip


def engine(folder: Path, *lines: dict[str, Any]) -> DuckDbEngine:
    """Return an engine over these lines, each there twice: a line may arrive more than once."""
    (folder / "log").write_text("\n".join(map(json.dumps, [*lines, *lines])), encoding="utf-8")
    return DuckDbEngine(cache_logs([folder / "log"], folder / "cache"), folder / "scratch")


def test_notifications_are_counted_by_day(tmp_path: Path) -> None:
    """Each once, also of customers who saw no page; of this app, and not before the experiment."""
    found = engine(
        tmp_path,
        outcome(A, "1", "2026-10-03 10:00:00.000"),
        outcome("c" * 64, "2", "2026-10-03 11:00:00.000"),
        outcome(A, "3", "2026-10-05 10:00:00.000"),
        outcome(A, "4", "2026-09-05 10:00:00.000"),
        outcome(A, "5", "2026-10-05 10:00:00.000", appAppleId=8),
        outcome(A, "6", "2026-10-05 10:00:00.000", trustAnchor="ab"),
    )
    assert load_evidence(found, QUESTION, has_watermark=True) == TrustEvidence(
        has_watermark=True, notified=(("2026-10-03", 2), ("2026-10-05", 1)), rehearsals=0
    )


def test_requests_that_apple_did_not_sign_are_rehearsals(tmp_path: Path) -> None:
    """Of this experiment or holdout, each once; none where they are counted."""
    found = engine(
        tmp_path,
        exposure(A, "control"),
        exposure(B, "control", trustAnchor="ab"),
        exposure("c" * 64, "control", trustAnchor="ab", experiment="other"),
        exposure("d" * 64, "held", trustAnchor="ab", experiment=None, holdout="h", holdoutArm="held"),
    )
    assert load_evidence(found, QUESTION, has_watermark=False).rehearsals == 1
    assert load_evidence(found, replace(QUESTION, rehearsals=True), has_watermark=False).rehearsals == 0
    assert load_evidence(found, replace(QUESTION, key="h", holdout=True), has_watermark=False).rehearsals == 1


def test_redeemed_offers_have_their_periods(tmp_path: Path) -> None:
    """Bought after the first exposure, by the arm of then; offers that win customers or keep them alone."""
    bought: dict[str, Any] = {"offerType": 5, "offerPeriod": "P3M"}
    found = engine(
        tmp_path,
        exposure(A, "control"),
        exposure(A, "switch", timestamp="2026-10-04 10:00:00,000+0000", requestIdentifier="later"),
        exposure(B, "switch"),
        outcome(A, "1", "2026-10-03 10:00:00.000", **bought),
        outcome(A, "2", "2026-11-03 10:00:00.000", **bought),
        outcome(B, "3", "2026-10-01 10:00:00.000", **bought),
        outcome(B, "4", "2026-10-03 10:00:00.000", offerType=2, offerPeriod="P1M"),
        outcome(B, "5", "2026-10-03 10:00:00.000", offerType=1, offerPeriod="P2W"),
    )
    offers = load_evidence(found, QUESTION, has_watermark=False).offers
    assert offers == (("control", "P3M", 1), ("switch", "P1M", 1))


def test_the_log_shows_what_can_be_asked_about(tmp_path: Path) -> None:
    """Experiments and holdouts of each app, those with most requests first; requests without either, too."""
    found = engine(
        tmp_path,
        exposure(A, "control", holdout="h", holdoutArm="served"),
        exposure(B, "switch"),
        exposure("c" * 64, None, experiment=None, appAppleId=8),
        exposure("d" * 64, "control", trustAnchor="ab", experiment="played"),
    )
    assert load_subjects(found, rehearsals=False) == (
        LoggedSubject(7, "experiment", "switch", 4),
        LoggedSubject(8, "experiment", "", 2),
        LoggedSubject(7, "holdout", "h", 2),
    )
    assert "played" in {one.name for one in load_subjects(found, rehearsals=True)}
