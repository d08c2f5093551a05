"""The queues and functions of notifications on this machine."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from boto3 import client as aws
from moto import mock_aws

from console.local import notification_stack
from console.local.notification_stack import LocalQueues, create_queues, learning
from tests.support.waiting import eventually


def test_a_stack_has_two_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queues have the stack's name, and the functions' variables name them."""
    with mock_aws():
        sqs = aws("sqs", region_name="us-east-1")
        monkeypatch.setattr(notification_stack, "client", lambda *_, **__: sqs)
        queues = create_queues("retention-sandbox", region="us-east-1", aws="http://127.0.0.1:8000")
        queues.enqueue("body")
        [message] = sqs.receive_message(QueueUrl=queues.notifications)["Messages"]
    assert message["Body"] == "body"
    variables = queues.variables("http://127.0.0.1:8000")
    assert variables["RETENTION_QUEUE_URL"].endswith("/retention-sandbox-NotificationQueue")
    assert variables["RETENTION_PARKING_QUEUE_URL"].endswith("/retention-sandbox-ParkingQueue")
    assert (variables["RETENTION_NOTIFICATIONS"], variables["AWS_ENDPOINT_URL_SQS"]) == (
        "push",
        "http://127.0.0.1:8000",
    )


class NoMessages:
    """A queue without messages."""

    def receive_message(self, **_: Any) -> dict[str, Any]:
        return {}


def test_both_functions_run_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions' module sees the variables; the pull runs again and again, also after it failed."""
    pulls: list[str] = []
    reports: list[str] = []

    def pull(_: object, __: None) -> None:
        pulls.append(os.environ["RETENTION_NOTIFICATIONS"])
        if len(pulls) == 1:
            raise ConnectionError("secret")

    functions = SimpleNamespace(take_in=lambda *_: {}, pull=pull)
    monkeypatch.setitem(sys.modules, "notifications", functions)
    monkeypatch.setattr(notification_stack, "PULL_SECONDS", 0.01)
    monkeypatch.setenv("RETENTION_NOTIFICATIONS", "")
    queues = LocalQueues(NoMessages(), "n", "p")
    with learning(queues, {"RETENTION_NOTIFICATIONS": "push"}, reports.append):
        assert eventually(lambda: len(pulls) > 1)
    done = len(pulls)
    assert set(pulls) == {"push"}
    assert reports == ["The pull of Apple's history failed (ConnectionError); it runs again in a minute."]
    assert len(pulls) == done
