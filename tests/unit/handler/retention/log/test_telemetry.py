"""The log line of a start that failed."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from retention.log.telemetry import Telemetry


def test_a_refused_start_logs_its_reason(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator finds the reason and its explanation in the log of the first start."""
    # Powertools keeps one logger for each service, with the stream that it had when it was made.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"retention-{uuid4()}")
    Telemetry().refused_to_start("clock_deployed", "unset RETENTION_CLOCK")
    log = json.loads(capsys.readouterr().out)
    assert (log["level"], log["reason"], log["explanation"]) == ("CRITICAL", "clock_deployed", "unset RETENTION_CLOCK")
