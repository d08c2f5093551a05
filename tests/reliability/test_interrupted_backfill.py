"""A backfill killed twenty times: it goes on where it was, and the rows are those of an undisturbed one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from retention.request import SANDBOX

from console.simulator.api import Answer, Request, Response
from console.simulator.server import SimulatorServer
from console.simulator.subscriptions.life import Seller
from tests.support.killed_backfills import BackfillJob, start_backfill
from tests.support.killed_processes import client_of
from tests.support.notified_customers import EVENTS, fill
from tests.support.real_parts import create_table
from tests.support.reliability_page import keep, size
from tests.support.simulated_app import APP, PEM, make_simulator
from tests.support.waiting import PATIENCE

CUSTOMERS = size(50_000, 900) // EVENTS
KILLS = 20
# Days that a process reads at a time; each may have a page merged that its row does not have yet.
PAGES_LOST = 4
SELLER = Seller(APP.app_apple_id, APP.bundle_id, SANDBOX)


@dataclass
class AppleSide:
    """A simulated App Store with a history, which counts the pages that are asked for."""

    url: str
    now: int
    notifications: int
    pages: list[int] = field(default_factory=lambda: [0])


@pytest.fixture(scope="module")
def apple() -> Iterator[AppleSide]:
    pages = [0]

    def counting(answer: Answer) -> Answer:
        def answered(request: Request) -> Response:
            pages[0] += 1
            return answer(request)

        return answered

    with make_simulator(time.time) as simulator, SimulatorServer(simulator, wrap=counting) as server:
        now = int(time.time() * 1000)
        sent = fill(simulator, SELLER, CUSTOMERS, now, days=28)
        yield AppleSide(server.base_url(SANDBOX), now, len(sent), pages)


@dataclass
class Ended:
    """What one backfill took, over all its processes: pages asked for, seconds, and how many processes were killed."""

    pages: int
    seconds: float
    killed: int
    rows: dict[str, Any]


def carry_out(apple: AppleSide, endpoint: str, table: str, kill_every: int) -> Ended:
    """Repeat the backfill until it ends; the first KILLS processes are killed after `kill_every` pages, 0 never."""
    create_table(client_of(endpoint), table)
    job = BackfillJob(endpoint, table, apple.url, PEM, apple.now)
    before, seconds, killed = apple.pages[0], 0.0, 0
    while True:
        kill_at = kill_every if killed < KILLS else 0
        process = start_backfill(job, kill_at)
        begun = time.monotonic()
        process.join(PATIENCE + 3600)
        seconds += time.monotonic() - begun
        assert process.exitcode in {0, -9}
        if process.exitcode == 0:
            return Ended(apple.pages[0] - before, seconds, killed, rows_of(endpoint, table))
        killed += 1


def rows_of(endpoint: str, table: str) -> dict[str, Any]:
    """Return the customers' rows, by their partitions."""
    pages = client_of(endpoint).get_paginator("scan").paginate(TableName=table)
    return {item["pk"]["S"]: item for page in pages for item in page["Items"] if "#customer#" in item["pk"]["S"]}


def test_a_backfill_killed_twenty_times_leaves_the_same_rows(apple: AppleSide, dynamodb_local: str) -> None:
    """Each kill costs at most the four pages on which the process was; no notification is left out."""
    undisturbed = carry_out(apple, dynamodb_local, "backfill-undisturbed", 0)
    assert len(undisturbed.rows) == CUSTOMERS
    killed = carry_out(apple, dynamodb_local, "backfill-killed", max(1, undisturbed.pages // (KILLS + 1)))
    assert killed.killed == KILLS
    assert killed.rows == undisturbed.rows
    assert killed.pages <= undisturbed.pages + PAGES_LOST * KILLS
    keep(
        "backfill",
        "`retention facts backfill` read the simulator's history of notifications into DynamoDB Local, four days at a"
        " time; its processes were killed by SIGKILL, the last of them ended by itself. Rows are compared byte for"
        " byte.",
        ("backfill", "notifications", "pages asked for", "seconds", "rows that differ"),
        [
            ("undisturbed", apple.notifications, undisturbed.pages, f"{undisturbed.seconds:.1f}", ""),
            (f"killed {KILLS} times", apple.notifications, killed.pages, f"{killed.seconds:.1f}", 0),
            (
                "killed ÷ undisturbed",
                "",
                f"{killed.pages / undisturbed.pages:.3f}",
                f"{killed.seconds / undisturbed.seconds:.3f}",
                "",
            ),
        ],
    )
