"""A stack's outputs and parameters, and what is refused as no stack of ours."""

from __future__ import annotations

from typing import Any

import pytest

from console.deployment import stack
from console.deployment.stack import Analysis, Stack, find_stack, read_stack
from console.terminal.failure import Failure


def description(outputs: dict[str, str], parameters: dict[str, str]) -> dict[str, Any]:
    """Return an entry of a DescribeStacks response."""
    return {
        "StackName": "s",
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    }


def test_a_stack_has_every_output_that_the_console_uses() -> None:
    """Each output and parameter is in the field of its name."""
    outputs = {
        "TableName": "t",
        "Url": "https://u",
        "SigningKeyPrefix": "/retention",
        "FunctionLogGroup": "/log",
        "FunctionName": "f",
        "AlarmTopicArn": "arn:topic",
        "Notifications": "pull",
        "NotificationsUrl": "https://n",
        "NotificationQueueUrl": "https://q",
        "ParkingQueueUrl": "https://p",
        "RelayQueueUrl": "https://r",
        "RelayDeadLettersUrl": "https://d",
        "NotificationsLogGroup": "/notifications",
        "AnalysisBucket": "lines",
        "AnalysisDatabase": "retention_1",
        "AnalysisWorkGroup": "s",
        "ExposureStream": "e",
        "OutcomeStream": "o",
    }
    parameters = {"Environment": "Production", "SyncSchedule": "off", "AlarmEmail": "a@example.com"}
    expected = Stack(
        *("s", "t", "https://u", "Production", "/retention", "/log"),
        syncs=False,
        function="f",
        alarm_topic="arn:topic",
        alarm_email="a@example.com",
        notifications="pull",
        notifications_url="https://n",
        notification_queue="https://q",
        parking_queue="https://p",
        relay_queue="https://r",
        relay_dead_letters="https://d",
        notifications_log_group="/notifications",
        analysis=Analysis("lines", "retention_1", "s", "e", "o"),
    )
    assert read_stack(description(outputs, parameters)) == expected


def test_an_older_stack_has_empty_fields() -> None:
    """A stack of an earlier template has fewer outputs, and imports review states by schedule."""
    assert read_stack(description({"TableName": "t"}, {})) == Stack("s", "t", "", "")


@pytest.mark.parametrize(("mode", "learns"), [("pull", True), ("push", True), ("off", False), ("", False)])
def test_a_stack_learns_where_its_notifications_are_on(mode: str, learns: bool) -> None:  # noqa: FBT001  # a parameter
    """A stack of a template without the parameter takes in no notification; of a named table nothing is known."""
    parameters = {"Notifications": mode} if mode else {}
    assert read_stack(description({"TableName": "t"}, parameters)).learns is learns
    assert Stack("", "t", "", "", notifications=mode).learns is None


def test_an_owners_topic_is_the_topic_of_the_alarms() -> None:
    """A topic that is given as a parameter is no output of the stack."""
    assert read_stack(description({"TableName": "t"}, {"AlarmTopicArn": "arn:mine"})).alarm_topic == "arn:mine"


def test_another_stack_is_refused() -> None:
    """A stack without a table is not ours, or was not deployed completely."""
    with pytest.raises(Failure, match="The stack s has no output TableName"):
        read_stack(description({"Url": "https://u"}, {}))


def test_an_answer_without_stacks_is_not_cloudformations(monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation answers an unknown name with an error, never with an empty list."""

    class Answering:
        def describe_stacks(self, **_: str) -> dict[str, Any]:
            return {"Stacks": []}

    monkeypatch.setattr(stack, "client", lambda *_, **__: Answering())
    with pytest.raises(Failure, match="not CloudFormation: check --endpoint-url"):
        find_stack("s", region="us-east-1")
