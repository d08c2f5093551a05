"""Processes that carry out a backfill of the simulator's history into DynamoDB Local, and are killed at a given page.

    died = start_backfill(BackfillJob(endpoint, table, apple_url, now), kill_at=7)
    died.join(); died.exitcode              # -9: killed when the 7th page was merged; 0 where there are fewer

Four threads read days at a time, so that other pages are on their way when the process dies.
"""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from threading import Lock
from typing import Final

from retention.aws.app_table import AppTable
from retention.jws import SignedPayloadVerifier
from retention.notifications.history import Page
from retention.notifications.judge import LATE_LISTING, NotificationJudge
from retention.request import SANDBOX

from console.appstore.api_key import ApiKey
from console.appstore.history import SHARE, AppleHistory
from console.appstore.pace import Pace
from console.rollout.backfill import AT_A_TIME, DaysBackfill
from console.rollout.backfill_days import BackfillRows, days_back
from console.rollout.backfill_learning import Learner
from console.terminal.output import no_progress
from tests.support.killed_processes import client_of, started
from tests.support.simulated_app import APP, AUTHORITY, KEY_ID, PEM

KEY: Final = ApiKey(KEY_ID, APP.issuer_id, PEM)


@dataclass(frozen=True)
class BackfillJob:
    """Where the table and Apple are, and the last instant (UNIX ms) of what is read."""

    endpoint: str
    table: str
    apple_url: str
    pem: bytes = field(repr=False)
    now: int

    @property
    def app_table(self) -> AppTable:
        return AppTable(client_of(self.endpoint), self.table, APP.app_apple_id)


def start_backfill(job: BackfillJob, kill_at: int = 0) -> ForkServerProcess:
    """Start a process that reads what an earlier one left; it is killed when so many pages are merged, 0 never."""
    return started(_backfill, job, kill_at)


def _backfill(job: BackfillJob, kill_at: int) -> None:
    verifier, lock, merged = SignedPayloadVerifier([AUTHORITY.root_der]), Lock(), [0]

    def judge() -> NotificationJudge:
        apps = {APP.app_apple_id: APP.bundle_id}
        return NotificationJudge(verifier, apps, SANDBOX, datetime.now(UTC), LATE_LISTING)

    pace = Pace(SANDBOX, share=SHARE)
    key = ApiKey(KEY.key_id, KEY.issuer_id, job.pem)
    with ExitStack() as opened:
        learner = opened.enter_context(Learner(job.app_table, judge))
        clients = [
            opened.enter_context(AppleHistory(key, APP.bundle_id, pace, base_url=job.apple_url))
            for _ in range(AT_A_TIME)
        ]

        def learn(page: Page) -> None:
            learner(page)
            with lock:
                merged[0] += 1
                if merged[0] == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        days = days_back(datetime.fromtimestamp(job.now / 1000, UTC), None, SANDBOX)
        DaysBackfill(BackfillRows(job.app_table), days, learn).run(
            [client.notifications for client in clients], no_progress
        )
