"""Where an environment is: its table and its URL, from the outputs of its CloudFormation stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.deployment.aws import client
from console.terminal.failure import Failure


@dataclass(frozen=True, slots=True)
class Analysis:
    """Where a stack with Analysis=on stores its lines, and with what Athena reads them: names of AWS resources.

    `outcome_stream` is empty where the stack takes in no notifications.
    """

    bucket: str
    database: str
    work_group: str
    exposure_stream: str
    outcome_stream: str = ""


@dataclass(frozen=True, slots=True)
class Stack:
    """`environment` is the App Store environment the stack answers: Production or Sandbox.

    `name` is empty for a table that was named without its stack: it has no URL and no other output.
    `key_prefix` is where Parameter Store keeps the signing keys, `log_group` where the function writes its lines; both
    are empty where the stack has no such output. `syncs`: review states are imported by schedule. `function` and
    `alarm_topic` are empty where the stack has none; `alarm_email` is the parameter, None where it has none such.
    `trust_anchor` is the parameter: base64 of a root that the stack trusts in addition to Apple's, or empty.
    `notifications` is how Apple's notifications come in: off, pull or push; empty in a stack of an earlier template.
    `notifications_url` is where Apple may send them. The queues are named by their URLs: of notifications, of those
    parked, of those for the owner's receiver, and of those that it never took. Each is empty where there is none.
    `notifications_log_group` is where the functions that learn from notifications write their lines.
    `analysis` is where lines go for the analysis of experiments, None where they go nowhere.
    """

    name: str
    table: str
    url: str
    environment: str
    key_prefix: str = ""
    log_group: str = ""
    syncs: bool = True
    function: str = ""
    alarm_topic: str = ""
    alarm_email: str | None = None
    notifications: str = ""
    trust_anchor: str = ""
    notifications_url: str = ""
    notification_queue: str = ""
    parking_queue: str = ""
    relay_queue: str = ""
    relay_dead_letters: str = ""
    notifications_log_group: str = ""
    analysis: Analysis | None = None

    @property
    def learns(self) -> bool | None:
        """Whether the stack takes in Apple's notifications; None where the table was named without its stack."""
        return self.notifications in {"pull", "push"} if self.name else None


def find_stack(name: str, *, region: str | None, endpoint_url: str | None = None) -> Stack:
    """Read a stack's outputs and its Environment parameter. Raises Failure where it is not one of ours."""
    described = client("cloudformation", region=region, endpoint_url=endpoint_url).describe_stacks(StackName=name)
    if not described.get("Stacks"):
        raise Failure("What answers there is not CloudFormation: check --endpoint-url and AWS_ENDPOINT_URL.")
    return read_stack(described["Stacks"][0])


def read_stack(description: Mapping[str, Any]) -> Stack:
    """Read one entry of a DescribeStacks response."""
    name = str(description["StackName"])
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
    parameters = {found["ParameterKey"]: found["ParameterValue"] for found in description.get("Parameters", [])}
    if "TableName" not in outputs:
        raise Failure(f"The stack {name} has no output TableName: deploy it first, or name the table with --table.")
    return Stack(
        name,
        outputs["TableName"],
        outputs.get("Url", ""),
        parameters.get("Environment", ""),
        outputs.get("SigningKeyPrefix", ""),
        outputs.get("FunctionLogGroup", ""),
        parameters.get("SyncSchedule", "on") == "on",
        outputs.get("FunctionName", ""),
        outputs.get("AlarmTopicArn", "") or parameters.get("AlarmTopicArn", ""),
        parameters.get("AlarmEmail"),
        outputs.get("Notifications", "") or parameters.get("Notifications", ""),
        parameters.get("RehearsalTrustAnchor", ""),
        outputs.get("NotificationsUrl", ""),
        outputs.get("NotificationQueueUrl", ""),
        outputs.get("ParkingQueueUrl", ""),
        outputs.get("RelayQueueUrl", ""),
        outputs.get("RelayDeadLettersUrl", ""),
        outputs.get("NotificationsLogGroup", ""),
        _analysis(outputs),
    )


def _analysis(outputs: Mapping[str, str]) -> Analysis | None:
    if "AnalysisBucket" not in outputs:
        return None
    return Analysis(
        outputs["AnalysisBucket"],
        outputs.get("AnalysisDatabase", ""),
        outputs.get("AnalysisWorkGroup", ""),
        outputs.get("ExposureStream", ""),
        outputs.get("OutcomeStream", ""),
    )
