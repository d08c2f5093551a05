"""What CloudFormation is to make, after SAM's transform: gradual deployment, names, and what a deployer may do."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import cfnlint
import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.contract.test_operations_page import BLOCKS
from tests.support import real_parts
from tests.support.required_parts import real
from tests.support.sam_template import ROOT, Document, decided, defaults

SANDBOX: Final = {"Environment": "Sandbox", "AppAppleIds": "1", "SigningKeyPrefix": "/retention/sandbox"}
# Every resource that is made only with a parameter, as far as the parameters may be combined.
EVERYTHING: Final = {
    **SANDBOX,
    "Deployment": "Canary10Percent5Minutes",
    "PathSecret": "abcdefghijklmnop",
    "PreviousPathSecret": "none",
    "DomainName": "retention.example.com",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0f",
    "AlarmEmail": "a@example.com",
    "Notifications": "push",
    "RelayUrl": "https://receiver.example.com/asn",
}
WITH_ANALYSIS: Final = {**EVERYTHING, "Analysis": "on"}


def resources_of(artefact: real_parts.Artefact, parameters: dict[str, str]) -> dict[str, Document]:
    document: Document = real(lambda: real_parts.processed_template(artefact, parameters))
    found: dict[str, Document] = document["Resources"]
    return found


# Shifting

NAMED: Final = {"ConfigName": "Canary10Percent5Minutes"}


def test_a_canary_goes_back_when_an_alarm_fires(artefact: real_parts.Artefact) -> None:
    """CodeDeploy shifts `live` gradually, under our role, and rolls back if the alarm of 5xx or of throttling fires."""
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
    """The default deployment has no CodeDeploy resource and no update policy, also with provisioned concurrency."""
    found = resources_of(artefact, {**SANDBOX, "ProvisionedConcurrency": "1"})
    assert [name for name, each in found.items() if each["Type"].startswith("AWS::CodeDeploy")] == []
    assert "UpdatePolicy" not in found["GetRetentionMessageAliaslive"]


# Names

LONGEST: Final = "s" * 128  # a stack's name

# The most characters that a service takes: botocore's models for Lambda, Logs, Scheduler and CloudWatch, and the API
# references of the others.
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
    ("AWS::Athena::WorkGroup", "Name"): 128,
    ("AWS::Glue::Database", "Description"): 2048,
}
KINDS_OF_NAME: Final = ("Name", "Description")


def generated(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield (property, text) of each name or description that has the stack's name, for the longest stack name."""
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


def test_names_fit_for_the_longest_stack_name(artefact: real_parts.Artefact) -> None:
    """Each name made from a stack name of 128 characters is within the limit of its own service."""
    seen = 0
    for found in resources_of(artefact, WITH_ANALYSIS).values():
        for key, text in generated(found["Properties"]):
            assert len(text) <= LIMITS[found["Type"], key], f"{found['Type']} {key}"
            seen += 1
    assert seen > 3


# A deployer's rights

POLICY: Final = json.loads((ROOT / "docs" / "deployer-policy.json").read_text(encoding="utf-8"))
# A second one, since both together exceed IAM's limit. Only a stack with Analysis needs it.
MORE: Final = json.loads((ROOT / "docs" / "deployer-policy-analysis.json").read_text(encoding="utf-8"))
STATEMENTS: Final = [*POLICY["Statement"], *MORE["Statement"]]
LARGEST_POLICY: Final = 6_144  # without blanks, in a managed policy of IAM

# Actions that the handlers of CloudFormation's resource types may call, but not for this template, with the reason.
NEVER_CALLED: Final = {
    r"dynamodb:DeleteTable": "the table is retained",
    r"dynamodb:.*(Import|Kinesis|Replica|ContributorInsights).*|kinesis:.*": "a table of one region, without streams",
    r"dynamodb:(Scan|Query|BatchWriteItem|(Get|Put|Update|Delete)Item|(Put|Delete)ResourcePolicy)": "likewise",
    r"kms:.*|logs:(Associate|Disassociate)KmsKey": "no resource has a key of its own",
    r"ec2:.*|elasticfilesystem:.*|s3files:.*": "no function is in a VPC or has a file system",
    r"lambda:(Put|Delete)(FunctionCodeSigning|FunctionRecursion|FunctionScaling|RuntimeManagement)Config": "not set",
    r"lambda:(PassCapacityProvider|AssociateRuntimeAlias|GetCodeSigningConfig)": "not set",
    r"logs:(Put|Delete)(DataProtectionPolicy|IndexPolicy)|logs:PutBearerTokenAuthentication": "not set",
    r"logs:(PutLogGroupDeletionProtection|DeleteResourcePolicy|PutLogEvents)": "no",
    r"s3:(REST.PUT.OBJECT|getObject|GetObjectMetadata)": "bodies do not come from S3",
    r"s3:(Put|Delete)(Accelerate|Analytics|Inventory|Metrics|Replication|IntelligentTiering).*": "not set",
    r"s3:(Put|Delete)Bucket(Abac|Acl|Analytics|CORS|Cors|Lifecycle|Logging|Metrics|Notification|Replication|Versioning)"
    r"?(Configuration)?": "not set",
    r"s3:(Put|Delete)Bucket(Encryption|ObjectLockConfiguration|Website)": "not set",
    r"s3:PutObject(Acl|LockConfiguration)": "not set",
    r"s3:(Create|Update|Delete)BucketMetadata.*|s3tables:.*": "the bucket has no metadata tables",
    r"s3:DeleteObject": "CloudFormation empties no bucket",
    r"glue:.*Connection|glue:GetSchemaVersion": "the database is no federated one, and its tables name no schema",
    r"lakeformation:.*": "the template registers nothing with Lake Formation",
    r"iam:(Attach|Detach)(Group|User)Policy": "the operator's policy is attached by hand",
    r"sns:PutDataProtectionPolicy": "not set",
    r"codedeploy:RegisterOnPremisesInstance": "a function is no instance",
}
# Actions that no handler names: those of SAM CLI and its bucket, and the delivery of API Gateway's access log, which
# API Gateway makes in the deployer's name.
BEYOND_HANDLERS: Final = (
    r"cloudformation:.*",
    r"s3:.*",
    r"logs:(Create|Get|Update|Delete)LogDelivery|logs:ListLogDeliveries|logs:(PutResourcePolicy|DescribeResourcePolicies)",
)


def allowed(statements: list[Document] = STATEMENTS) -> set[str]:
    """Return the actions of both policies of docs/, or of one, as patterns."""
    found = [each["Action"] for each in statements]
    return {action for each in found for action in ([each] if isinstance(each, str) else each)}


def is_allowed(action: str, statements: list[Document] = STATEMENTS) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in allowed(statements))


def called(kind: str) -> set[str]:
    """Return the actions that CloudFormation calls as the deployer to make, change and delete such a resource."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
    every = {action for verb in ("create", "read", "update", "delete") for action in permissions(handlers, verb)}
    return {action for action in every if not any(re.fullmatch(each, action) for each in NEVER_CALLED)}


def permissions(handlers: Document, verb: str) -> list[str]:
    found: list[str] = handlers.get(verb, {}).get("permissions", [])
    return found


def test_a_deployer_may_do_what_cloudformation_does_in_its_name(artefact: real_parts.Artefact) -> None:
    """The two policies have what the handlers of the template's resource types call, and no other handler's."""
    kinds = {found["Type"] for found in made(artefact, WITH_ANALYSIS).values()}
    assert len(kinds) > 28
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


def made(artefact: real_parts.Artefact, parameters: dict[str, str]) -> dict[str, Document]:
    """Return the resources whose condition holds."""
    values = {**defaults(), **parameters}
    return {
        name: found
        for name, found in resources_of(artefact, parameters).items()
        if "Condition" not in found or decided({"Condition": found["Condition"]}, values)
    }


def test_a_deployer_of_a_stack_without_analysis_needs_one_policy(artefact: real_parts.Artefact) -> None:
    """docs/deployer-policy.json alone is enough where Analysis is off."""
    kinds = {found["Type"] for found in made(artefact, EVERYTHING).values()}
    assert not kinds & {"AWS::S3::Bucket", "AWS::KinesisFirehose::DeliveryStream"}
    # handlers name them too, for access logs and pipes that go elsewhere than this template's
    elsewhere = {"firehose:TagDeliveryStream", "logs:CreateLogStream", "logs:DescribeLogStreams"}
    needed = set().union(*map(called, kinds)) - elsewhere
    assert {action for action in needed if not is_allowed(action, POLICY["Statement"])} == set()


# What IAM judges an action against, by service and action in lower case: the service authorization reference.
REFERENCE: Final = json.loads((Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json").read_text("utf-8"))


def resources_given(action: str) -> set[str]:
    """Return the resources under which one of the policies allows an action."""
    found: set[str] = set()
    for each in STATEMENTS:
        actions, resources = ([one] if isinstance(one, str) else one for one in (each["Action"], each["Resource"]))
        if any(fnmatchcase(action, pattern) for pattern in actions):
            found |= set(resources)
    return found


def judged_against(action: str) -> set[str]:
    """Return how the ARNs that IAM judges an action against begin, after the account; empty if IAM knows none."""
    service, _, name = action.partition(":")
    kinds = REFERENCE[service]["Actions"].get(name.lower(), {}).get("Resources", [])
    known = {kind.lower(): found["ARNFormats"] for kind, found in REFERENCE[service]["Resources"].items()}
    formats = [text for kind in kinds for text in known[kind.lower()]]
    return {text.split(":", 5)[5].partition(".*")[0] for text in formats}


def test_each_right_of_a_deployer_is_under_a_resource_that_iam_judges(artefact: real_parts.Artefact) -> None:
    """Each action is allowed under a resource that IAM judges it against; for one without resources, that is `*`."""
    kinds = {found["Type"] for found in made(artefact, WITH_ANALYSIS).values()}
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


@pytest.mark.parametrize("policy", [POLICY, MORE], ids=["first", "analysis"])
def test_a_deployer_s_policy_is_valid_for_iam(policy: Document) -> None:
    """A deployer's policy is within IAM's limit of characters, and each statement has its own name."""
    assert len(json.dumps(policy, separators=(",", ":"))) <= LARGEST_POLICY
    names = [statement["Sid"] for statement in policy["Statement"]]
    assert len(set(names)) == len(names)
    assert all(name.isalnum() for name in names)


def test_a_deployer_may_have_the_access_log_delivered() -> None:
    """A deployer has the rights for the access log's delivery; without one of them, API Gateway's stage fails."""
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
    """A deployer may change only resources that begin with retention-, as the stack names of samconfig.toml do."""
    for statement in STATEMENTS:
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            service = resource.split(":")[2] if resource != "*" else ""
            # CloudFormation makes up the name of a dashboard, and Lambda that of an event source mapping
            if ":event-source-mapping:" in resource:
                continue
            if service in {"firehose", "athena"} or resource.startswith("arn:aws:s3:::retention"):
                assert "retention-" in resource, resource
            if service in {"lambda", "dynamodb", "iam", "sns", "sqs", "scheduler", "logs"} or ":alarm:" in resource:
                assert "retention-" in resource or "aws-service-role" in resource, resource
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    sections = [found["deploy"]["parameters"] for found in config.values() if isinstance(found, dict)]
    assert all(found["stack_name"].startswith("retention-") for found in sections)


def test_a_deployer_connects_queues_with_functions_of_retention_alone() -> None:
    """An event source mapping has no name, so the deployer's right to one is limited by the function that it calls."""
    (statement,) = [each for each in POLICY["Statement"] if each["Sid"] == "EventSources"]
    assert statement["Condition"] == {"ArnLike": {"lambda:FunctionArn": "arn:aws:lambda:*:*:function:retention-*"}}
    elsewhere = [each["Sid"] for each in POLICY["Statement"] if "EventSourceMapping" in json.dumps(each["Action"])]
    assert elsewhere == ["EventSources"]


def test_a_deployer_may_hand_roles_to_every_service_that_takes_one(artefact: real_parts.Artefact) -> None:
    """`iam:PassRole` covers each service that assumes a role of the template, API Gateway's integration among them."""
    found = resources_of(artefact, WITH_ANALYSIS).values()
    roles = [each["Properties"]["AssumeRolePolicyDocument"] for each in found if each["Type"] == "AWS::IAM::Role"]
    services: set[str] = set()
    for each in roles:
        for statement in each["Statement"]:
            named = statement["Principal"]["Service"]
            services |= {named} if isinstance(named, str) else set(named)
    passing = [each for each in STATEMENTS if each["Action"] == "iam:PassRole"]
    passed = [each["Condition"]["StringEquals"]["iam:PassedToService"] for each in passing]
    assert {service for each in passed for service in each} == services


def test_the_alias_that_a_rollback_skips_is_the_one_that_sam_makes(artefact: real_parts.Artefact) -> None:
    """The alias that the documented rollback skips has the logical id that SAM gives it."""
    given = {"Environment": "Sandbox", "AppAppleIds": "1", "SigningKeyPrefix": "/retention/sandbox"}
    found = real(lambda: real_parts.processed_template(artefact, given))["Resources"]
    (skipped,) = re.findall(r"--resources-to-skip (\w+)", "\n".join(BLOCKS))
    assert found[skipped]["Type"] == "AWS::Lambda::Alias"
