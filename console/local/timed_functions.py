"""The two functions of a stack in this process, on a clock that a simulation sets: the endpoint, and the intake.

They are the deployed ones, wired by their own modules. What is replaced is around them: the clock, the table (a copy in
memory of what is published), and where their lines go. Nothing deployed has such a clock.
"""

from __future__ import annotations

import importlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from retention.aws.deadline import Deadline
from retention.log.record import Record, line_of
from retention.log.telemetry import Telemetry

from console.local.embedded_stack import function_environment
from console.local.http_server import gateway_event
from console.local.memory_table import MemoryTable
from console.local.queue_pump import lambda_record
from console.simulator.endpoint_call import SUCCESS, UNSUCCESSFUL_HTTP_RESPONSE_CODE, Attempt
from console.simulator.scripted.agenda import SimulatedClock

SERVICE: Final = "retention"
NAMESPACE: Final = "Retention"
_OK: Final = 200
# Named in the functions' variables and never called: nothing is parked, postponed or handed on here.
_NO_QUEUE: Final = "http://127.0.0.1:9/parking"
_HEADERS: Final = {"content-type": "application/json"}
# The table's name in the requests to it; the copy has no other.
_TABLE: Final = "simulated"

Write = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class TimedStack:
    """The stack whose functions run: its app, its App Store environment, and the root that signs for it (DER).

    `endpoint_url` and `table` are where the modules of the functions look while they are imported.
    """

    app_apple_id: int
    environment: str
    trust_anchor: bytes
    endpoint_url: str
    table: str


class TimedTelemetry(Telemetry):
    """Writes the functions' lines, dated by the simulated clock. `last` is the record of the last request.

    Metrics lines of the intake are left out: no reader of these logs has a use for them.
    """

    def __init__(self, clock: SimulatedClock, write: Write) -> None:
        super().__init__()
        self._clock, self._write = clock, write
        self.last: Record | None = None

    def emit(self, record: Record, level: str) -> None:
        """Write a request's line."""
        self.last = record
        self._write(line_of(record, level, service=SERVICE, namespace=NAMESPACE, at=self._clock.seconds()))

    def report(self, outcome: str, level: str, fields: Mapping[str, object], counts: Mapping[str, int]) -> None:
        """Write a line of the intake, with the members that Powertools gives it."""
        del counts
        at = self._clock.seconds()
        line = {
            "level": level.upper(),
            "message": outcome,
            "timestamp": f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(at))},{int(at % 1 * 1000):03d}+0000",
            "service": SERVICE,
            **{key: value for key, value in fields.items() if value or value == 0},
        }
        self._write(json.dumps(line) + "\n")

    def count(self, counts: Mapping[str, int]) -> None:
        """Write nothing."""


@dataclass(slots=True)
class TimedFunctions:
    """Endpoint and intake. `decisions` and `outcomes` write their lines; `merged` counts the notifications sent."""

    decisions: TimedTelemetry
    outcomes: TimedTelemetry
    _respond: Callable[[object], Any] = field(repr=False)
    _take_in: Callable[[Mapping[str, Any], None], Mapping[str, Any]] = field(repr=False)

    def call(self, _url: str, signed_payload: str, _limit_ms: int) -> Attempt:
        """Send a request to the endpoint as API Gateway does; in the place of `endpoint_call.call`."""
        body = json.dumps({"signedPayload": signed_payload}).encode()
        answer = self._respond(gateway_event(body, _HEADERS))
        status, content = answer["statusCode"], str(answer.get("body", "")).encode()
        if status == _OK:
            return Attempt(SUCCESS, "", 0, status, content)
        reason = f"The endpoint answered HTTP {status}, not 200."
        return Attempt(UNSUCCESSFUL_HTTP_RESPONSE_CODE, reason, 0, status, content)

    def notify(self, uuid: str, signed_payload: str) -> bool:
        """Hand a notification to the intake as Lambda does; return whether it was taken in."""
        message = {"MessageId": uuid, "ReceiptHandle": "", "Body": json.dumps({"signedPayload": signed_payload})}
        answer = self._take_in({"Records": [lambda_record(message)]}, None)
        return not answer["batchItemFailures"]


def timed_functions(
    stack: TimedStack, table: MemoryTable, clock: SimulatedClock, decisions: Write, outcomes: Write
) -> TimedFunctions:
    """Wire both functions over `table`, on `clock`; their lines go to `decisions` and `outcomes`."""
    exposed, reported = TimedTelemetry(clock, decisions), TimedTelemetry(clock, outcomes)
    with _surroundings(_variables(stack)):
        respond, take_in = _endpoint(stack, table, clock, exposed), _intake(stack, table, clock, reported)
    return TimedFunctions(exposed, reported, respond, take_in)


@contextmanager
def _surroundings(variables: Mapping[str, str]) -> Iterator[None]:
    """Give this process the functions' variables while they are made: later calls of AWS here are not theirs."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _variables(stack: TimedStack) -> dict[str, str]:
    """Return the variables that the modules read when they are imported."""
    return {
        **function_environment(stack.endpoint_url, stack.app_apple_id, trust_anchor=stack.trust_anchor),
        "RETENTION_TABLE": stack.table,
        "RETENTION_NOTIFICATIONS": "pull",
        "RETENTION_PARKING_QUEUE_URL": _NO_QUEUE,
        "RETENTION_APPLE_URL": "",
    }


def _endpoint(
    stack: TimedStack, table: MemoryTable, clock: SimulatedClock, telemetry: TimedTelemetry
) -> Callable[[object], Any]:
    app: Any = importlib.import_module("app")
    deployment = app.Deployment.from_env()
    deployment = replace(deployment, table=_TABLE, environment=stack.environment, clock=clock.now)
    reach = app.Reach.of(deployment)
    store = app.Store(lambda: table, _TABLE, monotonic=reach.passed, clock=clock.seconds)
    endpoint = app.wire(deployment, telemetry, replace(reach, store=store))
    endpoint.store.warm(deployment.app_apple_ids, Deadline.after(app.INIT_SECONDS))

    def respond(event: object) -> Any:  # noqa: ANN401  # an HttpResponse
        return endpoint.respond(event)

    return respond


def _intake(
    stack: TimedStack, table: MemoryTable, clock: SimulatedClock, telemetry: TimedTelemetry
) -> Callable[[Mapping[str, Any], None], Mapping[str, Any]]:
    functions: Any = importlib.import_module("notifications")
    deployment = functions.NotificationsDeployment.from_env()
    made = functions.wire(replace(deployment, table=_TABLE, environment=stack.environment, clock=clock.now), telemetry)
    intake = replace(made.intake, apps=functions.LiveApps(table, _TABLE, deployment.app_apple_ids))
    take_in: Callable[[Mapping[str, Any], None], Mapping[str, Any]] = replace(made.take_in, intake=intake).run
    return take_in
