"""A stack on moto whose functions for notifications read the history of a simulated App Store.

with pulled_stack() as stack:
    fill(stack.simulator, stack.seller, 10, stack.now_ms, days=1)
    stack.pull()                # what the schedule runs; returns the fields of the log lines
    stack.states(10)            # what is known of each of the customers
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from botocore.session import get_session
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.deadline import Deadline
from retention.background_settings import NotificationsDeployment
from retention.jws import SignedPayloadVerifier
from retention.notifications.customers import state_of
from retention.notifications.judge import LATE_LISTING, NotificationJudge
from retention.notifications.learning import learned
from retention.notifications.notification import read_notification
from retention.request import SANDBOX
from retention.subscription import EMPTY, State, merge

from console.local.rows import create_table
from console.simulator import staff_actions
from console.simulator.api import Answer
from console.simulator.outbox import OutgoingNotification
from console.simulator.server import SimulatorServer
from console.simulator.simulator import Simulator
from console.simulator.subscriptions.life import Seller
from tests.support.fake_table import APP, TABLE
from tests.support.moto_client import dynamodb_client
from tests.support.notifications_entry import VARIABLES
from tests.support.notified_customers import transaction_id
from tests.support.simulated_app import APP as SIMULATED_APP
from tests.support.simulated_app import AUTHORITY, PEM, make_simulator
from tests.support.small_release import put
from tests.support.sync_entry import Lines

SELLER: Final = Seller(APP, SIMULATED_APP.bundle_id, SANDBOX)
PREFIX: Final = "/retention/sandbox"


def learned_from_all(sent: list[OutgoingNotification]) -> dict[str, State]:
    """Return what notifications teach of each customer, merged one after the other."""
    verifier = SignedPayloadVerifier([AUTHORITY.root_der])
    judge = NotificationJudge(verifier, {APP: SIMULATED_APP.bundle_id}, SANDBOX, datetime.now(UTC), LATE_LISTING)
    found: dict[str, State] = {}
    for one in sent:
        name, state = one.original_transaction_id, learned(read_notification(one.signed_payload, judge))
        found[name] = merge(found.get(name, EMPTY), state)
    return found


@dataclass
class PulledStack:
    """The stack's table and its functions, and the App Store. `clock` is the time of all of them.

    No token of a call expires because a machine is slow.
    """

    simulator: Simulator
    server: SimulatorServer
    dynamodb: Any
    lines: Lines
    clock: datetime
    mode: str = "pull"

    @property
    def now_ms(self) -> int:
        return int(self.clock.timestamp() * 1000)

    @property
    def app_table(self) -> AppTable:
        return AppTable(self.dynamodb, TABLE, APP)

    def wired(self) -> Any:
        """Return the functions as a new execution environment of Lambda has them."""
        deployment = NotificationsDeployment(
            table=TABLE,
            environment=SANDBOX,
            app_apple_ids=(APP,),
            key_prefix=PREFIX,
            apple_url=self.server.base_url(SANDBOX),
            trust_anchor=AUTHORITY.root_der,
            clock=lambda: self.clock,
            mode=self.mode,
            queue_url=VARIABLES["RETENTION_QUEUE_URL"],
            parking_queue_url=VARIABLES["RETENTION_PARKING_QUEUE_URL"],
        )
        return importlib.import_module("notifications").wire(deployment, self.lines)

    def pull(self, seconds: float = 600.0) -> dict[str, Any]:
        """Run as the schedule does, in a new execution environment, with so much time."""
        done: dict[str, Any] = self.wired().pull.run(Deadline.after(seconds))
        return done

    def states(self, customers: int) -> dict[str, State]:
        """Return what is known of the first customers, by their ids."""
        found = {transaction_id(each): state_of(self.app_table, transaction_id(each)) for each in range(customers)}
        return {name: state for name, state in found.items() if state != EMPTY}


@contextmanager
def pulled_stack(wrap: Any = None) -> Iterator[PulledStack]:
    """Yield a stack with a live release, and its app at the App Store; `wrap` interferes with Apple's API."""

    def untouched(answer: Answer) -> Answer:
        return answer

    began, made = datetime.now(UTC), list[PulledStack]()

    def apples_clock() -> float:
        return (made[0].clock if made else began).timestamp()

    app_store = make_simulator(apples_clock, wall=apples_clock)
    with pytest.MonkeyPatch.context() as patch, mock_aws(), app_store as simulator:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        dynamodb: Any = dynamodb_client()
        create_table(dynamodb, TABLE)
        live = put(dynamodb, TABLE)
        row = dynamodb.get_item(**rows.get(TABLE, rows.settings_key(APP, live.number)))["Item"]
        key_id = rows.document_of(row)["keyId"]
        ssm: Any = get_session().create_client("ssm", region_name="us-east-1")
        ssm.put_parameter(Name=f"{PREFIX}/{key_id}", Value=PEM.decode(), Type="SecureString")
        staff_actions.grant(simulator, SIMULATED_APP, key_id, PEM)
        with SimulatorServer(simulator, wrap=wrap or untouched) as server:
            made.append(PulledStack(simulator, server, dynamodb, Lines(), began))
            yield made[0]
