"""How far the stack is with Apple's notifications: its rows, its queues and its alarms."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from retention import table as rows
from retention.notifications.last_test import LastTest, note_test

from console.deployment.queues import QueueState
from console.deployment.stack import Stack
from console.deployment.target import Target
from console.rollout.notification_status import ALARMS, NotificationStatus, queue_urls, raised_alarms, read_status
from console.terminal.failure import Failure
from tests.support.apple_in_memory import target_in_memory
from tests.support.pages import Pages
from tests.support.sam_template import template

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MS = int(NOW.timestamp() * 1000)
QUEUES: dict[str, Any] = {"notification_queue": "https://sqs/n", "parking_queue": "https://sqs/p"}


class Aws:
    """SQS with messages by URL, and CloudWatch with an age for every queue and some alarms; `fault` is raised by it."""

    def __init__(self, messages: dict[str, int], alarms: tuple[str, ...] = (), fault: Exception | None = None) -> None:
        self.messages, self.alarms, self.fault = messages, alarms, fault

    def __call__(self, service: str) -> Aws:
        assert service in {"sqs", "cloudwatch"}
        return self

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803  # SQS's
        return {"Attributes": {AttributeNames[0]: str(self.messages[QueueUrl])}}

    def get_metric_statistics(self, **_: Any) -> dict[str, Any]:
        if self.fault is not None:
            raise self.fault
        return {"Datapoints": [{"Timestamp": NOW, "Maximum": 60.0}]}

    def get_paginator(self, operation: str) -> Pages:
        assert operation == "describe_alarms"
        return Pages(lambda **_: {"MetricAlarms": [{"AlarmName": name} for name in self.alarms]})


@pytest.fixture
def target() -> Target:
    return target_in_memory(name="retention-sandbox", notifications="push", **QUEUES)


def test_a_status_has_rows_queues_and_alarms(target: Target) -> None:
    """The instants of the readings, the messages of each queue with their age, the last test, the raised alarms."""
    read = {"watermark": {"N": str(MS - 60_000)}, "since": {"N": str(MS - 120_000)}}
    target.app_table.put({"Item": {**rows.pull_key(target.app_apple_id), **read}})
    note_test(target.app_table, LastTest("u-1", MS // 1000 - 5), MS)
    aws = Aws(
        {"https://sqs/n": 2, "https://sqs/p": 1}, ("retention-sandbox-ParkedAlarm-ABC", "retention-sandbox-X-ABC")
    )
    found = read_status(target, aws, NOW)
    assert found.until["news"] == datetime(2026, 11, 24, 11, 59, tzinfo=UTC)
    assert (found.until["hourly"], found.until["nightly"]) == (None, None)
    assert found.queues == {"notifications": QueueState(2, 0, 60.0), "parked": QueueState(1, 0, 60.0)}
    assert (found.count("parked"), found.count("relay")) == (1, 0)
    assert found.last_test == LastTest("u-1", MS // 1000 - 5)
    assert found.alarms == ("ParkedAlarm",)
    document = found.document()
    assert document["queues"]["parked"] == {"waiting": 1, "taken": 0, "oldestSeconds": 60.0}
    assert document["lastTest"]["notificationUuid"] == "u-1"
    assert document["alarms"] == ["ParkedAlarm"]


def test_a_new_stack_has_read_nothing(target: Target) -> None:
    """Before the first run of the pull, no instant is known, and no test has arrived."""
    found = read_status(target, Aws(dict.fromkeys(QUEUES.values(), 0)), NOW)
    assert set(found.until.values()) == {None}
    assert (found.last_test, found.document()["lastTest"]) == (None, None)


def test_without_rights_for_cloudwatch_the_rest_is_known(target: Target) -> None:
    """Alarms and ages are then not known, and the sentence has the reason; a bug is raised."""
    messages = dict.fromkeys(QUEUES.values(), 3)
    found = read_status(target, Aws(messages, fault=Failure("No right.")), NOW)
    assert (found.alarms, found.unread, found.document()["alarms"]) == (None, "No right.", None)
    assert found.queues["parked"] == QueueState(3, 0, None)
    with pytest.raises(KeyError):
        read_status(target, Aws(messages, fault=KeyError("x")), NOW)


def test_only_the_stacks_own_alarms_count() -> None:
    """An alarm's name begins with the stack's and its logical id; other stacks' and other alarms are left out."""
    names = ("s-PullMissingAlarm-1", "s-ParkedAlarm-2", "s2-ForgedNotificationsAlarm-3", "s-LatencyAlarm-4")
    assert raised_alarms(Aws({}, names), "s") == ("ParkedAlarm", "PullMissingAlarm")


def test_every_alarm_is_one_of_the_template() -> None:
    """The logical ids are those of the template, which CloudFormation puts into the names."""
    assert [one for one in ALARMS if template()["Resources"].get(one, {}).get("Type") != "AWS::CloudWatch::Alarm"] == []


def test_a_stack_has_the_queues_it_names() -> None:
    """A stack without a relay has two queues; without notifications, none."""
    stack = Stack("s", "t", "", "Sandbox", **QUEUES)
    assert queue_urls(stack) == {"notifications": "https://sqs/n", "parked": "https://sqs/p"}
    assert queue_urls(replace(stack, notification_queue="", parking_queue="")) == {}
    relaying = replace(stack, relay_queue="r", relay_dead_letters="d")
    assert list(queue_urls(relaying)) == ["notifications", "parked", "relay", "relay dead letters"]
    assert NotificationStatus(NOW, "push", {}, {}, None, ()).count("parked") == 0
