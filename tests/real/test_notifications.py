"""The built functions of notifications under Lambda's own runtime, with moto's DynamoDB and SQS."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest
from boto3 import client as aws
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.notifications.customers import state_of
from retention.request import SANDBOX

from console.local.embedded_stack import TABLE, LocalTable, embedded_dynamodb, function_environment
from console.local.samples import EVENTS, SAMPLE_CLOCK
from console.simulator import staff_actions
from console.simulator.authority import Authority
from console.simulator.server import SimulatorServer
from console.simulator.subscriptions.life import Seller
from tests.support import real_parts
from tests.support.fake_table import APP
from tests.support.intake_on_fakes import IntakeOnFakes
from tests.support.notification_lives import AFTERWARDS, life_bodies, notice, person_of
from tests.support.notifications_entry import batch_of
from tests.support.notified_customers import fill
from tests.support.required_parts import real
from tests.support.simulated_app import APP as SIMULATED_APP
from tests.support.simulated_app import PEM, make_simulator

AUTHORITY = Authority.load(EVENTS / "ca")
NAMES = ("queue", "parking", "relay")


@dataclass(frozen=True)
class EmulatedAws:
    """DynamoDB with the sample's release, and the three queues, at one URL."""

    url: str
    queues: Mapping[str, str]

    @property
    def sqs(self) -> Any:
        return aws("sqs", endpoint_url=self.url)

    @property
    def variables(self) -> dict[str, str]:
        return {
            **function_environment(self.url, APP, AFTERWARDS.isoformat()),
            "AWS_ENDPOINT_URL_SQS": self.url,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",  # as in the template
            "RETENTION_NOTIFICATIONS": "push",
            "RETENTION_QUEUE_URL": self.queues["queue"],
            "RETENTION_PARKING_QUEUE_URL": self.queues["parking"],
            "RETENTION_RELAY_QUEUE_URL": self.queues["relay"],
        }

    def received(self, name: str) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.queues[name], MaxNumberOfMessages=10, AttributeNames=["All"], VisibilityTimeout=600
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found


@pytest.fixture
def emulated() -> Iterator[EmulatedAws]:
    with embedded_dynamodb() as url:
        LocalTable(url).publish(SAMPLE_CLOCK)
        sqs = aws("sqs", endpoint_url=url)
        yield EmulatedAws(url, {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in NAMES})


def test_the_built_function_takes_in_a_batch(emulated: EmulatedAws, artefact: real_parts.Artefact) -> None:
    """Bodies are relayed, kept and parked over HTTP; what cannot be taken in now is hidden, and fails alone."""
    life = life_bodies(1, person_of(1), 4, AUTHORITY)
    at = int(AFTERWARDS.timestamp() * 1000)
    odd, test = notice(AUTHORITY, "DID_RENEW", at, status="active"), notice(AUTHORITY, "TEST", at + 1)
    ahead = notice(AUTHORITY, "TEST", at + 3_600_000)
    bodies = [*life, odd, test, ahead, "junk"]
    for body in bodies:
        emulated.sqs.send_message(QueueUrl=emulated.queues["queue"], MessageBody=body)
    received = emulated.received("queue")
    fakes = IntakeOnFakes(environment="Sandbox", roots=[AUTHORITY.root_der], now=AFTERWARDS)
    fakes.take(*(message["Body"] for message in received))
    with ExitStack() as parts:
        function = real(
            lambda: parts.enter_context(
                real_parts.Emulator(artefact, emulated.variables, handler="notifications.take_in")
            )
        )
        answer = function.invoke(batch_of(received))
        again = function.invoke({"Records": []})
        lines = [json.loads(line) for line in function.log.splitlines() if line.startswith("{")]
    late = [message["MessageId"] for message in received if message["Body"] == ahead]
    assert answer == {"batchItemFailures": [{"itemIdentifier": name} for name in late]}
    assert again == {"batchItemFailures": []}
    table = AppTable(aws("dynamodb", endpoint_url=emulated.url), TABLE, APP)
    assert state_of(table, person_of(1)) == fakes.state(person_of(1))
    assert sorted(each["Body"] for each in emulated.received("relay")) == sorted(bodies)
    assert [each["Body"] for each in emulated.received("parking")] == [odd]
    [counted] = [line for line in lines if "_aws" in line]
    merged = {line["notificationUuid"] for line in lines if line.get("message") == "merged"}
    assert merged == {line["notificationUuid"] for line in fakes.printed("merged")}
    assert counted["NotificationsMerged"] == [len(merged)]
    assert not any(person_of(1) in json.dumps(line) for line in lines)


def test_the_built_function_pulls_a_history(emulated: EmulatedAws, artefact: real_parts.Artefact) -> None:
    """The key is read from Parameter Store, Apple's pages are read over HTTP, and every notification is kept."""
    dynamodb: Any = aws("dynamodb", endpoint_url=emulated.url)
    table = AppTable(dynamodb, TABLE, APP)
    row = table.get(rows.settings_key(APP, rows.read_head(table.head()).current or 0))
    key_id = rows.document_of(row)["keyId"]
    aws("ssm", endpoint_url=emulated.url).put_parameter(
        Name=f"/retention/sandbox/{key_id}", Value=PEM.decode(), Type="SecureString"
    )
    app = replace(
        SIMULATED_APP, issuer_id=rows.document_of(row)["issuerId"], bundle_id=rows.document_of(row)["bundleId"]
    )
    with make_simulator(time.time) as simulator, ExitStack() as parts:
        staff_actions.grant(simulator, app, key_id, PEM)
        seller = Seller(APP, app.bundle_id, SANDBOX)
        sent = fill(simulator, seller, 3, int(time.time() * 1000), days=1)
        server = parts.enter_context(SimulatorServer(simulator))
        variables = {
            **emulated.variables,
            "AWS_ENDPOINT_URL_SSM": emulated.url,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "280",
            "RETENTION_CLOCK": "",
            "RETENTION_NOTIFICATIONS": "pull",
            "RETENTION_APPLE_URL": server.base_url(SANDBOX),
            "RETENTION_TRUST_ANCHOR": base64.b64encode(simulator.authority.root_der).decode(),
        }
        function = real(
            lambda: parts.enter_context(real_parts.Emulator(artefact, variables, handler="notifications.pull"))
        )
        [pulled] = function.invoke({})["apps"]
    assert pulled["outcome"] == "pulled", pulled
    assert pulled["fates"]["merged"] == len(sent)
    assert rows.number(table.get(rows.pull_key(APP)), "watermark")
