"""Logs of decisions and of outcomes are read together, in any order and any export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from console.decisions.outcomes_evidence import read_evidence
from console.terminal.failure import Failure
from console.terminal.output import no_progress
from tests.unit.console.decisions.test_outcome_log import LINE

REQUEST: dict[str, Any] = {
    "message": "answered", "timestamp": "1970-01-01 12:00:00,000+0000", "productId": "pro", "localeAsked": "en-US",
    "requestIdentifier": "r-1", "customerHash": "0f" * 32, "rule": "keep", "arm": "a", "trustAnchor": "apple",
}  # fmt: skip
WATERMARK = {
    "message": "complete until",
    "appAppleId": 1,
    "completeSince": "1970-01-01 00:00:00.000",
    "completeUntil": "1970-01-03 00:00:00.000",
}


def written(tmp_path: Path, *lines: dict[str, Any]) -> list[Path]:
    """Write each line to a log of its own."""
    files = [tmp_path / f"{number}.log" for number in range(len(lines))]
    for file, line in zip(files, lines, strict=True):
        file.write_text(json.dumps(line) + "\n")
    return files


def test_the_first_answer_of_a_customer_counts(tmp_path: Path) -> None:
    """A customer who comes again was shown the first answer: the second one is a consequence of it."""
    again = REQUEST | {"timestamp": "1970-01-01 13:00:00,000+0000", "rule": "other", "trustAnchor": "ff" * 32}
    found = read_evidence(written(tmp_path, again, LINE, REQUEST, WATERMARK), no_progress)
    assert found.answers == {"0f" * 32: "keep, arm a"}
    assert found.exposures["0f" * 32].at == 43_200
    assert [each.uuid for each in found.outcomes["0f" * 32]] == ["u-1"]
    assert found.complete == (0.0, 172_800.0)
    assert found.rehearsals == 1


def test_the_app_that_is_least_far_decides(tmp_path: Path) -> None:
    """Of several apps, outcomes are complete until the earliest of their latest watermarks."""
    lines = [WATERMARK | {"appAppleId": app, "completeUntil": f"1970-01-0{day} 00:00:00.000"} for app, day in
             ((1, 5), (2, 3), (2, 4), (1, 2))]  # fmt: skip
    assert read_evidence(written(tmp_path, REQUEST, *lines), no_progress).complete == (0.0, 259_200.0)


def test_after_a_gap_completeness_begins_again(tmp_path: Path) -> None:
    """The last line of an app states since when there is no gap; of several apps, the latest such instant counts."""
    gap = {"completeSince": "1970-01-02 00:00:00.000", "completeUntil": "1970-01-05 00:00:00.000"}
    lines = [WATERMARK | gap, WATERMARK, WATERMARK | {"appAppleId": 2}]
    assert read_evidence(written(tmp_path, REQUEST, *lines), no_progress).complete == (86_400.0, 172_800.0)


def test_logs_without_a_decision_are_refused(tmp_path: Path) -> None:
    """Without a decision there is no customer to count, and the message names both log groups."""
    with pytest.raises(Failure, match="FunctionLogGroup and NotificationsLogGroup"):
        read_evidence(written(tmp_path, LINE), no_progress)


def test_customers_who_are_held_out_are_a_group_of_their_own(tmp_path: Path) -> None:
    """They are counted by the holdout, whether they got a message or Apple's fallback."""
    held = {name: value for name, value in REQUEST.items() if name not in {"rule", "arm"}}
    for outcome in ("fallback", "answered"):
        line = {**held, "message": outcome, "holdout": "h", "holdoutArm": "held"}
        found = read_evidence(written(tmp_path, line, LINE, WATERMARK), no_progress)
        assert found.answers == {"0f" * 32: "the holdout h"}
