"""What CloudFormation is asked to make, after the transform of SAM: shifting, names, and what a deployer may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
import real_parts
from conftest import real
from sam_template import Document

SANDBOX: Final = {"Environment": "Sandbox", "AppAppleIds": "1", "SigningKeyPrefix": "/retention/sandbox"}
# Whatever is made only with a parameter, as far as parameters go together.
EVERYTHING: Final = {
    **SANDBOX,
    "Deployment": "Canary10Percent5Minutes",
    "PathSecret": "abcdefghijklmnop",
    "PreviousPathSecret": "none",
    "DomainName": "retention.example.com",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0f",
    "AlarmEmail": "a@example.com",
}


def resources_of(artefact: real_parts.Artefact, parameters: dict[str, str]) -> dict[str, Document]:
    document: Document = real(lambda: real_parts.processed_template(artefact, parameters))
    found: dict[str, Document] = document["Resources"]
    return found


# Shifting

NAMED: Final = {"ConfigName": "Canary10Percent5Minutes"}


@pytest.mark.real
def test_a_canary_goes_back_when_an_alarm_fires(artefact: real_parts.Artefact) -> None:
    """CodeDeploy moves `live` by the given degrees, under our role, and takes it back on 5xx and on throttling."""
    found = resources_of(artefact, EVERYTHING)
    (group,) = [each["Properties"] for each in found.values() if each["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    assert group["DeploymentConfigName"] == {"Fn::Sub": ["CodeDeployDefault.Lambda${ConfigName}", NAMED]}
    alarms = [each["Name"] for each in group["AlarmConfiguration"]["Alarms"]]
    assert alarms == [{"Ref": "ServerErrorAlarm"}, {"Ref": "FunctionThrottleAlarm"}]
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert group["ServiceRoleArn"]["Fn::If"][:2] == ["ShiftsGradually", {"Fn::GetAtt": ["DeploymentRole", "Arn"]}]
    assert [name for name, each in found.items() if each["Type"] == "AWS::IAM::Role" and "CodeDeploy" in name] == []
    assert "CodeDeployLambdaAliasUpdate" in found["GetRetentionMessageAliaslive"]["UpdatePolicy"]


@pytest.mark.real
def test_all_at_once_is_without_codedeploy(artefact: real_parts.Artefact) -> None:
    """The default makes no resource of CodeDeploy's, and leaves provisioned concurrency as it was."""
    found = resources_of(artefact, {**SANDBOX, "ProvisionedConcurrency": "1"})
    assert [name for name, each in found.items() if each["Type"].startswith("AWS::CodeDeploy")] == []
    assert "UpdatePolicy" not in found["GetRetentionMessageAliaslive"]


# Names

LONGEST: Final = "s" * 128  # a stack's name

# The most characters a service takes: botocore's models for Lambda, Logs, Scheduler and CloudWatch, the API references
# of the others.
LIMITS: Final = {
    ("AWS::Lambda::LayerVersion", "LayerName"): 140,
    ("AWS::Lambda::LayerVersion", "Description"): 256,
    ("AWS::Lambda::Function", "FunctionName"): 64,
    ("AWS::Scheduler::Schedule", "Name"): 64,
    ("AWS::IAM::Role", "RoleName"): 64,
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"): 128,
    ("AWS::IAM::ManagedPolicy", "Description"): 1000,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::Logs::MetricFilter", "MetricName"): 255,
    ("AWS::Logs::MetricFilter", "FilterName"): 512,
    ("AWS::CloudWatch::Alarm", "AlarmName"): 255,
    ("AWS::CloudWatch::Alarm", "MetricName"): 255,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::ApiGatewayV2::Api", "Name"): 128,
    ("AWS::SNS::Topic", "TopicName"): 256,
    ("AWS::DynamoDB::Table", "TableName"): 255,
}
KINDS_OF_NAME: Final = ("Name", "Description")


def generated(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield (property, text) of each name or description made from the stack's name, for the longest such name."""
    match node:
        case {"Ref": "AWS::StackName"}:
            text: str | None = LONGEST
        case {"Fn::Sub": [str(inner), dict(_)]} | {"Fn::Sub": str(inner)}:
            text = inner.replace("${AWS::StackName}", LONGEST) if "${AWS::StackName}" in inner else None
        case _:
            text = None
    if text is not None and key.endswith(KINDS_OF_NAME):
        yield key, text
    elif isinstance(node, dict):
        for name, inner in node.items():
            yield from generated(inner, key if name.startswith("Fn::") else name)
    elif isinstance(node, list):
        for inner in node:
            yield from generated(inner, key)


@pytest.mark.real
def test_names_fit_however_long_the_stack_s_is(artefact: real_parts.Artefact) -> None:
    """A stack's name may have 128 characters: each name made from it is within its own service's limit."""
    seen = 0
    for found in resources_of(artefact, EVERYTHING).values():
        for key, text in generated(found["Properties"]):
            assert len(text) <= LIMITS[found["Type"], key], f"{found['Type']} {key}"
            seen += 1
    assert seen > 3
