"""Where an environment is: its table and its URL, from the outputs of its CloudFormation stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.addresses import read_base, refusal
from console.failure import Failure, Misuse

PRODUCTION = "Production"
SANDBOX = "Sandbox"


@dataclass(frozen=True, slots=True)
class Stack:
    """`environment` is the App Store environment the stack answers: Production or Sandbox.

    `key_prefix` is where Parameter Store keeps the signing keys, `log_group` where the function writes its lines; both
    are empty where the stack does not say. `syncs`: review states are imported by schedule. `function` and
    `alarm_topic` are empty where the stack has none; `alarm_email` is the parameter, None where it has none such.
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


def client(service: str, *, region: str | None, endpoint_url: str | None) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
    """Return an AWS client that gives up soon: an operator waits for it. boto3 is imported on first use only."""
    _check_url(endpoint_url)
    import boto3  # noqa: PLC0415  # half a second that `--help` and `validate` do not have to wait
    from botocore.config import Config  # noqa: PLC0415  # likewise

    config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 3})
    made = boto3.client(service, region_name=region, endpoint_url=endpoint_url, config=config)  # type: ignore[call-overload]  # the stubs know literal names only
    made.meta.events.register("after-call.dynamodb", _check_answer)
    return made


def _check_url(endpoint_url: str | None) -> None:
    if endpoint_url is None:
        return
    try:
        read_base(endpoint_url)
    except ValueError as error:
        raise Misuse(refusal(endpoint_url, "http://127.0.0.1:8000", error)) from None


def _check_answer(http_response: Any, **_: object) -> None:  # noqa: ANN401  # botocore's AWSResponse
    """Refuse what DynamoDB never says: botocore takes a proxy's sign-in page for an empty success."""
    if not http_response.content.lstrip().startswith(b"{"):
        raise Failure("What answers there is not DynamoDB: check --endpoint-url, and whether a proxy is in between.")


def find_stack(name: str, *, region: str | None, endpoint_url: str | None = None) -> Stack:
    """Read a stack's outputs and its Environment parameter. Raises Failure where it is not one of ours."""
    described = client("cloudformation", region=region, endpoint_url=endpoint_url).describe_stacks(StackName=name)
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
    )
