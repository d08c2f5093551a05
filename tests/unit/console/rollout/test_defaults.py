"""Default messages, by product and locale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from console.releases.default_rows import RecordedDefault
from console.rollout.defaults import coverage
from tests.support.planned_file import _with, everything, ids, written


def test_coverage_puts_gaps_first(folder: Path) -> None:
    """Gaps come first, then different and waiting ones, and those that agree come last."""
    document, compiled = written(folder)
    seen = everything(compiled, state="PENDING")
    fr = ids(compiled)["fr-FR"]
    messages = {**seen.messages, fr: "APPROVED"}
    seen = _with(replace(seen, messages=messages), defaults={("pro.monthly", "en-US"): RecordedDefault("x")})
    found = [(one.product, one.locale, one.standing) for one in coverage(document, compiled, seen)]
    assert found == [
        ("pro.annual", "en-GB", "gap"),
        ("pro.annual", "en-US", "gap"),
        ("pro.annual", "fr-FR", "gap"),
        ("pro.monthly", "fr-FR", "different"),
        ("pro.monthly", "en-US", "waiting"),
    ]
