"""What CloudFormation is asked to make, after the transform of SAM: shifting, names, and what a deployer may do."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import cfnlint
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.contract.test_operations_page import BLOCKS
from tests.support import real_parts
from tests.support.required_parts import real
from tests.support.sam_template import ROOT, Document

SANDBOX: Final = {"Environment": "Sandbox", "AppAppleIds": "1", "SigningKeyPrefix": "/retention/sandbox"}
# What is made only with a parameter, as far as parameters go together.
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


def test_names_fit_however_long_the_stack_s_is(artefact: real_parts.Artefact) -> None:
    """A stack's name may have 128 characters: each name made from it is within its own service's limit."""
    seen = 0
    for found in resources_of(artefact, EVERYTHING).values():
        for key, text in generated(found["Properties"]):
            assert len(text) <= LIMITS[found["Type"], key], f"{found['Type']} {key}"
            seen += 1
    assert seen > 3


# A deployer's rights

POLICY: Final = json.loads((ROOT / "docs" / "deployer-policy.json").read_text(encoding="utf-8"))
LARGEST_POLICY: Final = 6_144  # characters without blanks, that IAM takes in a managed policy

# What the handlers of CloudFormation's resource types may call, and never do for this template, with the reason.
NEVER_CALLED: Final = {
    r"dynamodb:DeleteTable": "the table is retained",
    r"dynamodb:.*(Import|Kinesis|Replica|ContributorInsights).*|kinesis:.*": "a table of one region, without streams",
    r"dynamodb:(Scan|Query|BatchWriteItem|(Get|Put|Update|Delete)Item|(Put|Delete)ResourcePolicy)": "likewise",
    r"kms:.*|logs:(Associate|Disassociate)KmsKey": "no resource has a key of its own",
    r"ec2:.*|elasticfilesystem:.*|s3files:.*": "no function is in a VPC or has a file system",
    r"lambda:(Put|Delete)(FunctionCodeSigning|FunctionRecursion|FunctionScaling|RuntimeManagement)Config": "not set",
    r"lambda:(PassCapacityProvider|AssociateRuntimeAlias|GetCodeSigningConfig)": "not set",
    r"logs:(Put|Delete)(DataProtectionPolicy|IndexPolicy)|logs:PutBearerTokenAuthentication": "not set",
    r"logs:(PutLogGroupDeletionProtection|DeleteResourcePolicy|CreateLogStream|DescribeLogStreams|PutLogEvents)": "no",
    r"s3:(REST.PUT.OBJECT|getObject|GetObjectMetadata)|firehose:.*": "bodies and logs do not come from or go to S3",
    r"iam:(Attach|Detach)(Group|User)Policy": "the operator's policy is attached by hand",
    r"sns:PutDataProtectionPolicy": "not set",
    r"codedeploy:RegisterOnPremisesInstance": "a function is no instance",
}
# What no handler names: SAM CLI's own calls, its bucket, and the delivery of API Gateway's access log, for which API
# Gateway asks in the deployer's name.
BEYOND_HANDLERS: Final = (
    r"cloudformation:.*",
    r"s3:.*",
    r"logs:(Create|Get|Update|Delete)LogDelivery|logs:ListLogDeliveries|logs:(PutResourcePolicy|DescribeResourcePolicies)",
)


def allowed() -> set[str]:
    """Return the actions of docs/deployer-policy.json, as patterns."""
    found = [each["Action"] for each in POLICY["Statement"]]
    return {action for each in found for action in ([each] if isinstance(each, str) else each)}


def is_allowed(action: str) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in allowed())


def called(kind: str) -> set[str]:
    """Return what CloudFormation calls in the deployer's name to make, change and delete a resource of a type."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
    every = {action for verb in ("create", "read", "update", "delete") for action in permissions(handlers, verb)}
    return {action for action in every if not any(re.fullmatch(each, action) for each in NEVER_CALLED)}


def permissions(handlers: Document, verb: str) -> list[str]:
    found: list[str] = handlers.get(verb, {}).get("permissions", [])
    return found


def test_a_deployer_may_do_what_cloudformation_does_in_its_name(artefact: real_parts.Artefact) -> None:
    """docs/deployer-policy.json has the calls of the handlers of the template's resource types, and few others."""
    kinds = {found["Type"] for found in resources_of(artefact, EVERYTHING).values()}
    assert len(kinds) > 20
    needed = {kind: called(kind) for kind in kinds}
    assert {
        kind: missing for kind, actions in needed.items() if (missing := {x for x in actions if not is_allowed(x)})
    } == {}
    every = set().union(*needed.values())
    beyond = {
        pattern
        for pattern in allowed()
        if not any(fnmatchcase(action, pattern) for action in every)
        and not any(re.fullmatch(each, pattern) for each in BEYOND_HANDLERS)
    }
    assert beyond == set()


# What IAM judges an action against, by service and action in small letters: the service authorization reference.
REFERENCE: Final = json.loads((Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json").read_text("utf-8"))


def resources_given(action: str) -> set[str]:
    """Return the resources under which docs/deployer-policy.json has an action."""
    found: set[str] = set()
    for each in POLICY["Statement"]:
        actions, resources = ([one] if isinstance(one, str) else one for one in (each["Action"], each["Resource"]))
        if any(fnmatchcase(action, pattern) for pattern in actions):
            found |= set(resources)
    return found


def judged_against(action: str) -> set[str]:
    """Return how the ARNs begin, after the account, that IAM judges an action against; empty where it knows none."""
    service, _, name = action.partition(":")
    kinds = REFERENCE[service]["Actions"].get(name.lower(), {}).get("Resources", [])
    known = {kind.lower(): found["ARNFormats"] for kind, found in REFERENCE[service]["Resources"].items()}
    formats = [text for kind in kinds for text in known[kind.lower()]]
    return {text.split(":", 5)[5].partition(".*")[0] for text in formats}


def test_each_right_of_a_deployer_is_under_a_resource_that_iam_judges(artefact: real_parts.Artefact) -> None:
    """An action that knows no resource is allowed by `*` alone: under the name of a stack's resource it is refused."""
    kinds = {found["Type"] for found in resources_of(artefact, EVERYTHING).values()}
    every = set().union(*map(called, kinds)) | {action for action in allowed() if "*" not in action}
    wrong, seen = set(), 0
    for action in every:
        given = resources_given(action)
        if "*" in given or action.startswith("apigateway:"):  # whose ARNs are paths
            continue
        begins = tuple(judged_against(action))
        if not any(begins and one.split(":", 5)[5].startswith(begins) for one in given):
            wrong.add(action)
        seen += 1
    assert wrong == set()
    assert seen > 80


def test_a_deployer_s_policy_is_one_that_iam_takes() -> None:
    """It has no more characters than a managed policy may, and each statement has a name of its own."""
    assert len(json.dumps(POLICY, separators=(",", ":"))) <= LARGEST_POLICY
    names = [statement["Sid"] for statement in POLICY["Statement"]]
    assert len(set(names)) == len(names)
    assert all(name.isalnum() for name in names)


def test_a_deployer_may_have_the_access_log_delivered() -> None:
    """API Gateway makes the delivery with the deployer's rights, and the stage fails without any of them."""
    for action in (
        "CreateLogDelivery",
        "UpdateLogDelivery",
        "GetLogDelivery",
        "DeleteLogDelivery",
        "ListLogDeliveries",
    ):
        assert is_allowed(f"logs:{action}")
    for action in ("PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"):
        assert is_allowed(f"logs:{action}")


def test_a_deployer_s_rights_end_at_stacks_whose_name_begins_with_retention() -> None:
    """What can be named is: functions, roles, tables, log groups, alarms. samconfig.toml's stacks have such names."""
    for statement in POLICY["Statement"]:
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            service = resource.split(":")[2] if resource != "*" else ""
            # CloudFormation names a dashboard by chance
            if service in {"lambda", "dynamodb", "iam", "sns", "scheduler", "logs"} or ":alarm:" in resource:
                assert "retention-" in resource or "aws-service-role" in resource, resource
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    sections = [found["deploy"]["parameters"] for found in config.values() if isinstance(found, dict)]
    assert all(found["stack_name"].startswith("retention-") for found in sections)


def test_the_alias_that_a_rollback_skips_is_the_one_that_sam_makes(artefact: real_parts.Artefact) -> None:
    """Its logical id is SAM's."""
    given = {"Environment": "Sandbox", "AppAppleIds": "1", "SigningKeyPrefix": "/retention/sandbox"}
    found = real(lambda: real_parts.processed_template(artefact, given))["Resources"]
    (skipped,) = re.findall(r"--resources-to-skip (\w+)", "\n".join(BLOCKS))
    assert found[skipped]["Type"] == "AWS::Lambda::Alias"
