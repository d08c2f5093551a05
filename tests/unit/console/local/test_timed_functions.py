"""Endpoint and intake on a simulated clock: their lines are those of the deployed functions, dated by that clock."""

from __future__ import annotations

import io
import json
import os
from datetime import datetime
from typing import Any

import pytest
from retention.log.record import Record
from retention.log.telemetry import Telemetry, _logger

from console.local.memory_table import MemoryTable
from console.local.timed_functions import TimedFunctions, TimedStack, TimedTelemetry, timed_functions
from console.simulator.authority import request_claims
from console.simulator.scripted.agenda import SimulatedClock
from tests.support.experiment_stack import APP, PUBLISHED, experiment_stack

CLOCK = int(PUBLISHED.timestamp() * 1000) + 90 * 86_400_000
PERSON = "2001000000000007"


class Lines:
    """Keeps the lines of both functions, read as JSON."""

    def __init__(self) -> None:
        self.decisions: list[dict[str, Any]] = []
        self.outcomes: list[dict[str, Any]] = []


def functions(clock: SimulatedClock, lines: Lines) -> tuple[TimedFunctions, Any]:
    with experiment_stack() as at:
        rows = MemoryTable.of([*at.app_table.of_app(), *at.app_table.of_release(1)])
        authority = at.simulator.authority
        stack = TimedStack(APP.app_apple_id, at.environment, authority.root_der, at.endpoint_url, "unused")
    made = timed_functions(
        stack,
        rows,
        clock,
        lambda text: lines.decisions.append(json.loads(text)),
        lambda text: lines.outcomes.append(json.loads(text)),
    )
    return made, authority


def request(authority: Any, signed: int) -> str:
    claims = request_claims(
        original_transaction_id=PERSON,
        app_apple_id=APP.app_apple_id,
        product_id="pro.monthly",
        signed_date=signed,
    )
    return str(authority.sign(claims))


def test_a_request_months_ahead_is_answered_and_logged() -> None:
    """The endpoint judges a request's age by the simulated clock, and its line has that clock's time."""
    clock, lines = SimulatedClock(CLOCK), Lines()
    made, authority = functions(clock, lines)
    answered = made.call("", request(authority, CLOCK), 700)
    assert (answered.result, answered.status) == ("SUCCESS", 200)
    (line,) = lines.decisions
    assert datetime.fromisoformat(line["timestamp"]).timestamp() * 1000 == CLOCK
    assert (line["experiment"], line["release"]) == ("switch-1", 1)
    assert isinstance(made.decisions.last, Record)
    assert made.decisions.last.arm == line["arm"]


def test_a_request_of_another_day_is_refused() -> None:
    """A request that was signed a day before the simulated clock is as old as one that is a day old."""
    lines = Lines()
    made, authority = functions(SimulatedClock(CLOCK), lines)
    refused = made.call("", request(authority, CLOCK - 86_400_000), 700)
    assert (refused.result, refused.status) == ("UNSUCCESSFUL_HTTP_RESPONSE_CODE", 403)
    assert lines.decisions[0]["reason"] == "too_old"


@pytest.mark.parametrize("counts", [{}, {"NotificationsMerged": 3}])
def test_a_line_of_the_intake_has_the_members_of_the_deployed_one(counts: dict[str, int]) -> None:
    """Powertools writes the same members in the same order; only time and service differ, and no metrics follow."""
    fields = {"customerHash": "a" * 64, "autoRenew": 0, "empty": None}
    telemetry, printed, written = Telemetry(), io.StringIO(), list[str]()
    # The process has one logger, which writes where standard output was when it was made.
    handler: Any = _logger(telemetry._service).registered_handler
    usual = handler.setStream(printed)
    try:
        telemetry.report("merged", "info", fields, {})
    finally:
        handler.setStream(usual)
    TimedTelemetry(SimulatedClock(CLOCK), written.append).report("merged", "info", fields, counts)
    real, simulated = json.loads(printed.getvalue()), json.loads(written[0])
    assert list(real) == list(simulated)
    unlike = {"timestamp", "service"}
    assert {k: v for k, v in real.items() if k not in unlike} == {k: v for k, v in simulated.items() if k not in unlike}
    assert datetime.fromisoformat(simulated["timestamp"]).timestamp() * 1000 == CLOCK
    assert len(written) == 1


def test_their_variables_are_theirs_alone() -> None:
    """Once they are made, this process calls the AWS that it called before."""
    before = dict(os.environ)
    functions(SimulatedClock(CLOCK), Lines())
    assert dict(os.environ) == before
