"""The sync on DynamoDB Local, where threads really run at once: several runs and a publisher."""

from __future__ import annotations

import importlib
import threading
import uuid
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from botocore.session import get_session
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.deadline import Deadline
from retention.background_settings import SyncDeployment
from retention.catalog import MessageState
from retention.request import PRODUCTION
from retention.review.lists import AppStore
from retention.signing.signer import Signer

from console.local.rows import create_table
from console.releases.live import live_number
from console.simulator import staff_actions
from console.simulator.app_data import UploadedImage, UploadedMessage
from console.simulator.server import SimulatorServer
from tests.support.fake_table import APP, HERO, KEEP_EN, KEEP_FR, SETTINGS
from tests.support.simulated_app import APP as SIMULATED_APP
from tests.support.simulated_app import NOW, PEM, make_simulator, text
from tests.support.small_release import put
from tests.support.waiting import PATIENCE

KEY_ID = str(SETTINGS["keyId"])
VARIABLES = {
    "RETENTION_TABLE": "retention",
    "RETENTION_ENVIRONMENT": "Production",
    "RETENTION_APP_APPLE_IDS": str(APP),
    "RETENTION_KEY_PREFIX": "/retention",
    "POWERTOOLS_SERVICE_NAME": "retention",
    "POWERTOOLS_METRICS_NAMESPACE": "Retention",
}


@pytest.fixture(scope="module")
def sync() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        return importlib.import_module("sync")


class Keys:
    """Stands in for the key ring: has the key without SSM."""

    def get(self, key_id: str, _deadline: Deadline) -> Signer:
        return Signer.from_pem(PEM, key_id)


@dataclass
class Outcomes:
    """Records the outcomes of all runs."""

    outcomes: list[str]

    def report(self, outcome: str, *_: Any) -> None:
        self.outcomes.append(outcome)


def test_runs_and_a_publisher_at_once_leave_apple_s_lists(dynamodb_local: str, sync: ModuleType) -> None:
    """App Review changes a state during the runs; after one more run the table has Apple's states, and release 2."""
    table = f"retention-{uuid.uuid4()}"
    client: Any = get_session().create_client("dynamodb", endpoint_url=dynamodb_local)
    create_table(client, table)
    put(client, table)
    lines = Outcomes([])
    with make_simulator() as simulator, SimulatorServer(simulator) as server:
        staff_actions.grant(simulator, SIMULATED_APP, KEY_ID, PEM)
        app_data = simulator.app_data(APP, PRODUCTION)
        app_data.add_image(UploadedImage(HERO, "FULL_SIZE", "APPROVED"), NOW)
        for message in (KEEP_EN, KEEP_FR):
            app_data.add_message(UploadedMessage(message, text(), "APPROVED", ()), NOW)
        deployment = SyncDeployment(table, (APP,), "/retention", server.base_url(PRODUCTION))

        def run() -> None:
            sync.Sync(
                deployment, AppStore(deployment.apple_url), lines, lambda _: sync.SyncClients(client, Keys())
            ).run()

        def change() -> None:
            for state in ("REJECTED", "APPROVED", "REJECTED"):
                staff_actions.review(app_data, state, [KEEP_FR])

        actions = [run, run, change, run, lambda: put(client, table, "two"), run]
        threads = [threading.Thread(target=action) for action in actions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        run()
    assert set(lines.outcomes) <= {"synced", "sync succeeded", "live messages lost approval"}
    states = {
        message: rows.read_message(client.get_item(**rows.get(table, rows.message_key(APP, message)))["Item"])
        for message in (KEEP_EN, KEEP_FR)
    }
    assert states == {KEEP_EN: MessageState("APPROVED", {HERO: "APPROVED"}), KEEP_FR: MessageState("REJECTED")}
    assert live_number(AppTable(client, table, APP)) == 2
