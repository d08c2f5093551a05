"""The JSON of a report: its fields, and the same bytes on every machine and day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from console.effect.report_json import report_document
from tests.support.analysis_parts import needs_analysis
from tests.support.made_reports import CLEAR, cohort, data_of, reading_of, report_of

pytestmark = needs_analysis
ROWS = cohort(CLEAR)
DATA = data_of(ROWS, reading_of(ROWS))


def document(**changed: Any) -> dict[str, Any]:
    return report_document(report_of(DATA, **changed))


def keys(value: Any) -> Any:
    """Return the keys of an object, of the first entry for a list."""
    return sorted(value[0]) if isinstance(value, list) else sorted(value)


def test_the_document_has_these_fields() -> None:
    """What other programs may rely on; a new one is added and none is renamed."""
    made = document()
    assert keys(made) == [
        "apple", "arms", "asOf", "checks", "completeUntil", "curves", "effects", "environment", "exitCode",
        "experiment", "firstExposure", "inputs", "isHoldout", "nextReading", "notes", "plan", "segments", "sentence",
        "series", "state",
    ]  # fmt: skip
    assert keys(made["plan"]) == [
        "alpha", "customers", "digest", "guardrails", "horizonDays", "metric", "origin", "publishedAt", "release",
    ]  # fmt: skip
    assert keys(made["arms"]) == [
        "cancelled", "crossed", "customers", "delivered", "fallbacks", "heardOf", "isControl", "isFallback", "kept",
        "name", "redeemed", "refunded", "renewed", "repeats", "requests", "ripe", "share", "switched",
    ]  # fmt: skip
    assert keys(made["effects"]) == [
        "anytime", "arm", "armRate", "controlRate", "currency", "differs", "epochs", "estimate", "harm", "lift",
        "metric", "q", "reading", "role",
    ]  # fmt: skip
    assert keys(made["effects"][0]["epochs"]) == ["arm", "control", "releases"]
    assert keys(made["checks"]) == ["found", "name", "ok", "remedy", "threshold", "value", "withholds"]
    assert keys(made["series"][0]["days"]) == ["anytime", "day", "estimate", "ripe"]
    assert keys(made["curves"][0]["points"]) == ["customers", "day", "kept"]
    assert keys(made["segments"]) == ["arm", "control", "estimate", "interval", "kind", "name", "treated"]
    assert keys(made["nextReading"]) == ["day", "detectable", "planned", "ripe"]
    assert made["inputs"] == {"digest": "ab" * 32, "engine": "duckdb", "files": 4, "sqlDigest": "cd" * 32}
    assert (made["plan"]["alpha"], made["exitCode"], made["state"]) == ([0.01, 0.04], 0, "readingDiffers")


def test_two_days_later_only_the_instant_differs() -> None:
    """Byte for byte."""
    first, later = (json.dumps(document(as_of=datetime(2026, 11, day, tzinfo=UTC))) for day in (28, 30))
    assert first != later
    assert first.replace("2026-11-28T00:00:00Z", "2026-11-30T00:00:00Z") == later


def test_rows_in_any_order_give_the_same_bytes() -> None:
    """An engine may return them as it likes."""
    turned = replace(
        DATA, cohort=DATA.cohort[::-1], ratio=DATA.ratio[::-1], curve=DATA.curve[::-1], delivery=DATA.delivery[::-1],
        keys=DATA.keys[::-1],
    )  # fmt: skip
    assert json.dumps(report_document(report_of(turned))) == json.dumps(document())


def test_numbers_have_as_many_digits_on_every_machine() -> None:
    """Seven after the point, no negative zero, no number that JSON lacks; keys are sorted."""
    text = json.dumps(document(), allow_nan=False)
    assert "-0.0," not in text
    assert all(
        len(each) <= 7 for number in _floats(document()) for each in [repr(number).partition(".")[2]] if "e" not in each
    )
    assert list(document()) == sorted(document())


def _floats(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [each for inner in value.values() for each in _floats(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in _floats(inner)]
    return [value] if isinstance(value, float) else []


def test_an_hostile_name_is_data() -> None:
    """A key or an arm of the log stays one string of the document."""
    rows = [replace(row, arm='switch"},{\u202e\x1b[2J' if row.arm == "switch" else row.arm) for row in ROWS]
    made = json.loads(json.dumps(report_document(report_of(data_of(rows)))))
    assert made["arms"][2]["name"] == 'switch"},{\u202e\x1b[2J'
