"""Processes that take in a batch of notifications on DynamoDB Local, and are killed at a given point.

    died = start_intake(IntakeJob(endpoint, table, root, bodies, folder), kill_at=7)
    died.join(); died.exitcode             # -9; 0 where there are fewer points

Every call has two points: just before it is sent, and just after it was answered. The queues are files in `folder`,
and so are the log lines: what was written there before the kill stays, as it does at AWS.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final

from retention.jws import SignedPayloadVerifier
from retention.notifications.intake import Intake
from retention.notifications.live_apps import LiveApps
from retention.notifications.queues import Parking, Relay

from tests.support.fake_table import APP
from tests.support.killed_processes import client_of, started
from tests.support.notification_lives import AFTERWARDS
from tests.support.notifications_entry import FunctionContext, batch_of, notifications_entry

RELAY: Final = "relay"
PARKING: Final = "parking"
LINES: Final = "lines"
ANSWER: Final = "answer"


# Imported before processes are forked, so that none has to.
with notifications_entry() as _ENTRY:
    pass


@dataclass(frozen=True)
class IntakeJob:
    """One batch: `bodies` are what the queue holds, `root` (DER) is trusted, `folder` takes what is written."""

    endpoint: str
    table: str
    root: bytes
    bodies: Sequence[str]
    folder: Path

    def written(self, name: str) -> list[Any]:
        """Return what was sent to a queue, or printed, so far."""
        file = self.folder / name
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def start_intake(job: IntakeJob, kill_at: int) -> ForkServerProcess:
    """Start a process that takes in the batch and is killed at point `kill_at`, counted from 1; 0 kills none."""
    return started(_take_in, job, kill_at)


class _Points:
    """Counts the points that the process passes, and kills it at one."""

    def __init__(self, kill_at: int) -> None:
        self._left = kill_at

    def passed(self, **_: Any) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class _Files:
    """In the place of SQS and of Telemetry: each message and each line is a line of a file."""

    folder: Path
    points: _Points

    def _append(self, name: str, documents: Sequence[object]) -> None:
        text = "".join(f"{json.dumps(each)}\n" for each in documents)
        with (self.folder / name).open("a") as file:
            file.write(text)

    def _called(self, name: str, documents: Sequence[object]) -> None:
        self.points.passed()
        self._append(name, documents)
        self.points.passed()

    def send_message(self, **request: Any) -> dict[str, Any]:
        self._called(request["QueueUrl"], [request["MessageBody"]])
        return {}

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        self._called(request["QueueUrl"], [entry["MessageBody"] for entry in request["Entries"]])
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

    def report(self, outcome: str, _level: str, fields: Mapping[str, object], _counts: object) -> None:
        self._append(LINES, [{"message": outcome, **fields}])

    def count(self, _counts: object) -> None:
        pass


def _take_in(job: IntakeJob, kill_at: int) -> None:
    points = _Points(kill_at)
    dynamodb = client_of(job.endpoint)
    dynamodb.meta.events.register("before-send.dynamodb", _silent(points.passed))
    dynamodb.meta.events.register("after-call.dynamodb", _silent(points.passed))
    files: Any = _Files(job.folder, points)
    intake = Intake(
        SignedPayloadVerifier([job.root]),
        LiveApps(dynamodb, job.table, [APP]),
        Parking(files, PARKING),
        files,
        "Sandbox",
        frozenset(),
        lambda: AFTERWARDS,
    )
    function = _ENTRY.TakeIn(intake, Relay(files, RELAY), files, "queue", files)
    received = [
        {"MessageId": f"m{number}", "ReceiptHandle": f"r{number}", "Body": body}
        for number, body in enumerate(job.bodies)
    ]
    answer = function.run(batch_of(received), FunctionContext())
    (job.folder / ANSWER).write_text(json.dumps(answer))


def _silent(act: Callable[..., None]) -> Callable[..., None]:
    """Return a handler of botocore's events that answers nothing: what one returns would take a request's place."""

    def handle(**given: Any) -> None:
        act(**given)

    return handle
