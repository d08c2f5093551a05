"""The facts of a subscription as they are printed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from console.releases.facts import RENEWAL, TRANSACTIONS, KnownFact, ReportedFacts
from console.releases.facts_report import show
from console.terminal.output import Output

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SIGNED = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
FOUND = ReportedFacts(
    NOW,
    {
        "autoRenew": KnownFact(value=True, source=RENEWAL, signed_at=SIGNED),
        "plansHeld": KnownFact(("basic", "pro"), TRANSACTIONS, SIGNED),
        "price": KnownFact(9.99, RENEWAL, None),
    },
    SIGNED,
    history_complete=False,
    expires_at=datetime(2027, 12, 29, tzinfo=UTC),
)


def test_a_row_has_name_value_source_and_age(capsys: pytest.CaptureFixture[str]) -> None:
    """Names are written as in rules; below are what limits the numbers, and when the row is deleted."""
    show(FOUND, Output())
    printed = capsys.readouterr().out
    rows = [line.split() for line in printed.splitlines()]
    assert rows[1] == ["subscription.autoRenew", "true", "renewal", "info", "2", "h", "30", "min", "ago"]
    assert rows[2][:3] == ["subscription.plansHeld", "basic,", "pro"]
    assert rows[3] == ["subscription.price", "9.99", "renewal", "info"]
    assert "the least that can be" in printed
    assert "deleted after 2027-12-29" in printed


def test_a_complete_history_limits_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Where Apple's history was read, numbers are what they are."""
    show(ReportedFacts(NOW, {}, None, history_complete=True, expires_at=None), Output())
    assert "least" not in capsys.readouterr().out


def test_an_unknown_subscription_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    """Text and document report that nothing is known; the document has the same members as otherwise."""
    show(None, Output())
    assert "original transaction id" in capsys.readouterr().out
    show(None, Output(as_json=True))
    document = json.loads(capsys.readouterr().out)
    assert (document["found"], document["facts"], set(document)) == (False, {}, set(FOUND.document()))
