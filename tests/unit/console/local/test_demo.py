"""`make run`: the sample events' answers, and the table that shows them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from console.local import demo
from console.local.demo import SampleAnswer, answer_all
from console.local.learned_samples import TakenIn
from console.local.sample_events import SAMPLES
from console.local.sample_notifications import NotificationSample

ANSWERED = {
    "message": "answered",
    "requestIdentifier": "r",
    "rule": "keep",
    "kind": "message",
    "times": {"total": 1.26},
}
UNANSWERED = {"message": "fallback", "requestIdentifier": "r", "rule": "none", "times": {"total": 12}}
REJECTED = {"message": "rejected", "reason": "too_old", "times": {"total": 0.1}}


def test_each_sample_is_answered_with_its_own_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Each answer has the function's response and the line that was logged for it; nothing of it is printed."""
    asked: list[Any] = []

    def respond(event: object) -> dict[str, Any]:
        asked.append(event)
        print(json.dumps({"number": len(asked)}))  # noqa: T201  # as the function writes its log
        return {"statusCode": 200 + len(asked)}

    answers = list(answer_all(respond, io.StringIO()))
    assert [answer.name for answer in answers] == [sample.name for sample in SAMPLES]
    assert [answer.expected for answer in answers] == [sample.status for sample in SAMPLES]
    assert [answer.status for answer in answers] == [200 + answer.line["number"] for answer in answers]
    assert len({json.dumps(event) for event in asked}) == len(SAMPLES)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("line", "status", "cells"),
    [
        (ANSWERED, 200, ["any", "yes", "keep", "message", "200", "1.3"]),
        (UNANSWERED, 204, ["any", "yes", "none", "fallback", "204", "12.0"]),
        (REJECTED, 403, ["any", "too_old", "403", "0.1"]),
    ],
)
def test_a_row_shows_what_was_verified_and_decided(line: dict[str, Any], status: int, cells: list[str]) -> None:
    """A row has the rule and the kind of answer of a verified request, and the reason of one that was refused."""
    answer = SampleAnswer("any", status, {"statusCode": status}, line)
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(demo._as_table([answer]))
    heading, row = console.export_text().splitlines()
    assert heading.split() == ["request", "verified", "rule", "answer", "status", "ms"]
    assert row.split() == cells


def test_a_row_shows_what_a_notification_has_taught() -> None:
    """A row has fate and type, auto-renew as the subscription's next end sees it, and the offer."""
    line = {"type": "DID_RENEW", "autoRenew": 1, "offerIdentifier": "half"}
    parked = {"reason": "claim_type"}
    off: dict[str, Any] = {
        "type": "DID_CHANGE_RENEWAL_STATUS",
        "subtype": "AUTO_RENEW_DISABLED",
        "autoRenew": 0,
        "nextOffer": "next",
    }
    lines: tuple[tuple[str, dict[str, Any]], ...] = (
        ("merged", line),
        ("parked", parked),
        ("merged", off),
        ("test", {}),
    )
    taken = [
        TakenIn(NotificationSample(f"scene-{number}", fate, {}), fate, one) for number, (fate, one) in enumerate(lines)
    ]
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(demo._notifications(taken))
    heading, *rows = console.export_text().splitlines()
    assert heading.split() == ["notification", "fate", "type", "auto-renew", "offer"]
    assert [row.split() for row in rows] == [
        ["scene-0", "merged", "DID_RENEW", "on", "half"],
        ["scene-1", "parked", "claim_type"],
        ["scene-2", "merged", "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", "off", "next"],
        ["scene-3", "test"],
    ]
