"""The built function of notifications under Lambda's own runtime, with moto's DynamoDB and SQS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from boto3 import client as aws
from retention.aws.app_table import AppTable
from retention.notifications.customers import state_of

from console.local.embedded_stack import TABLE, LocalTable, embedded_dynamodb, function_environment
from console.local.samples import EVENTS, SAMPLE_CLOCK
from console.simulator.authority import Authority
from tests.support import real_parts
from tests.support.fake_table import APP
from tests.support.intake_on_fakes import IntakeOnFakes
from tests.support.notification_lives import AFTERWARDS, life_bodies, notice, person_of
from tests.support.notifications_entry import batch_of
from tests.support.required_parts import real

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
