"""The template's parameter Analysis: log lines on their way to a bucket, and the tables that read them there."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from console.effect.tables import DAY, TABLES, column, serde_parameters
from tests.contract.test_template import ALARMS, EVERY_PART, FILLED_IN, dashboard, made, parameters
from tests.support.iam_policies import Rights
from tests.support.sam_template import Document, resources, template

RESOURCES: Final[Document] = template()["Resources"]
# What the parameter adds to a stack that takes in no notifications, and what it adds for outcomes.
ADDED: Final = {
    *("AnalysisBucket", "AnalysisBucketPolicy", "AnalysisLogs", "AnalysisLogStream"),
    *("AnalysisDeliveryRole", "LogForwardingRole", "ExposureStream", "ExposureFilter"),
    *("AnalysisDatabase", "ExposuresTable", "OutcomesTable", "AnalysisWorkGroup"),
    *("ExposuresLateAlarm", "ExposuresUnreadableAlarm", "ExposuresUnsentAlarm"),
}
ADDED_FOR_OUTCOMES: Final = {
    *("OutcomeStream", "OutcomeFilter"),
    *("OutcomesLateAlarm", "OutcomesUnreadableAlarm", "OutcomesUnsentAlarm"),
}
STREAMS: Final = {"ExposureStream": "exposures", "OutcomeStream": "outcomes"}
FILTERS: Final = {
    "ExposureFilter": ("FunctionLogs", "ExposureStream"),
    "OutcomeFilter": ("NotificationLogs", "OutcomeStream"),
}
OWN_SERVICES: Final = ("athena:", "glue:", "s3:", "firehose:")


def properties(name: str) -> Document:
    found: Document = RESOURCES[name]["Properties"]
    return found


# --- on and off ---


@pytest.mark.parametrize("notifications", [{}, {"Notifications": "pull"}])
def test_a_stack_without_analysis_is_what_it_was(notifications: dict[str, str]) -> None:
    """With `off`, the default, there is no resource, output, widget or alarm for it, and no right of the operator."""
    assert template()["Parameters"]["Analysis"]["Default"] == "off"
    off = made(notifications)
    assert not off & (ADDED | ADDED_FOR_OUTCOMES)
    assert {name for name in off if re.search("Analysis|Exposure|Outcome", name)} == {"Analysis"}  # the output
    assert "Firehose" not in json.dumps(dashboard(parameters(notifications)))
    operator = Rights.of("OperatorPolicy", {**FILLED_IN, **notifications, "NotificationLogs.Arn": "x", **QUEUES})
    assert not [action for action in operator.actions if action.startswith(OWN_SERVICES)]
    assert "logs:DescribeSubscriptionFilters" not in operator.actions


QUEUES: Final = {f"{name}.Arn": name for name in resources("AWS::SQS::Queue")}


@pytest.mark.parametrize(
    ("given", "more"),
    [({}, ADDED), ({"Notifications": "pull"}, ADDED | ADDED_FOR_OUTCOMES)],
)
def test_analysis_adds_what_it_needs(given: dict[str, str], more: set[str]) -> None:
    """The stream of outcomes is there only with notifications; the table of outcomes always is, so queries agree."""
    added = made({**given, "Analysis": "on"}) - made(given)
    assert {name for name in added if name in RESOURCES} == more


def test_no_function_knows_of_the_analysis() -> None:
    """CloudWatch Logs alone sends the lines on: no function, variable or role of one names a stream or the bucket."""
    theirs = list(resources("AWS::Serverless::Function").values())
    roles = [RESOURCES[name] for name in ("FunctionRole", "SyncRole", "TakeInRole", "PullRole", "RelayRole")]
    assert not re.search("Analysis|Exposure|Outcome", json.dumps([theirs, roles]))


# --- the way of a line ---


@pytest.mark.parametrize("name", FILTERS)
def test_each_log_of_lines_goes_into_its_stream(name: str) -> None:
    """The log of answers into one stream, the one log of both notification functions into the other, under one role."""
    log, stream = FILTERS[name]
    found = properties(name)
    assert found["LogGroupName"] == {"Ref": log}
    assert found["DestinationArn"] == {"Fn::GetAtt": [stream, "Arn"]}
    assert found["RoleArn"] == {"Fn::GetAtt": ["LogForwardingRole", "Arn"]}
    members = re.findall(r"\$\.(\w+) = \*", found["FilterPattern"])
    assert members == ["customerHash"] + ["completeUntil"] * (log == "NotificationLogs")
    assert re.fullmatch(r"\{ (\$\.\w+ = \*|\(\$\.\w+ = \*\) \|\| \(\$\.\w+ = \*\)) \}", found["FilterPattern"])
    for function in ("TakeInNotifications", "PullNotifications"):
        assert properties(function)["LoggingConfig"]["LogGroup"] == {"Ref": "NotificationLogs"}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_unpacks_the_lines_and_stores_them_by_day_of_arrival(name: str) -> None:
    """Unpacked, taken out of CloudWatch's envelope, each with a line end, gzipped, under a folder for each day."""
    found, folder = properties(name)["ExtendedS3DestinationConfiguration"], STREAMS[name]
    assert found["ProcessingConfiguration"] == {
        "Enabled": True,
        "Processors": [
            {"Type": "Decompression", "Parameters": [{"ParameterName": "CompressionFormat", "ParameterValue": "GZIP"}]},
            {
                "Type": "CloudWatchLogProcessing",
                "Parameters": [{"ParameterName": "DataMessageExtraction", "ParameterValue": "true"}],
            },
            {"Type": "AppendDelimiterToRecord"},
        ],
    }
    assert found["Prefix"] == f"{folder}/day=!{{timestamp:yyyy-MM-dd}}/"
    assert found["ErrorOutputPrefix"].startswith(f"errors/{folder}/!{{firehose:error-output-type}}/")
    assert (found["CompressionFormat"], found["FileExtension"]) == ("GZIP", ".json.gz")
    assert found["BufferingHints"] == {"IntervalInSeconds": 900, "SizeInMBs": 128}
    assert properties(name)["DeliveryStreamType"] == "DirectPut"
    assert properties(name)["DeliveryStreamEncryptionConfigurationInput"] == {"KeyType": "AWS_OWNED_CMK"}


def test_firehose_has_a_place_for_its_errors() -> None:
    """Firehose makes no log stream, so the template makes the one that both streams name."""
    assert properties("AnalysisLogStream")["LogGroupName"] == {"Ref": "AnalysisLogs"}
    for name in STREAMS:
        given = properties(name)["ExtendedS3DestinationConfiguration"]["CloudWatchLoggingOptions"]
        assert given == {
            "Enabled": True,
            "LogGroupName": {"Ref": "AnalysisLogs"},
            "LogStreamName": properties("AnalysisLogStream")["LogStreamName"],
        }


def test_each_service_assumes_its_role_for_this_account_alone() -> None:
    """No stream or log group of another account can have lines delivered with our roles."""
    (firehose,) = properties("AnalysisDeliveryRole")["AssumeRolePolicyDocument"]["Statement"]
    assert firehose["Principal"] == {"Service": "firehose.amazonaws.com"}
    assert firehose["Condition"] == {"StringEquals": {"sts:ExternalId": {"Ref": "AWS::AccountId"}}}
    (logs,) = properties("LogForwardingRole")["AssumeRolePolicyDocument"]["Statement"]
    assert logs["Principal"] == {"Service": "logs.amazonaws.com"}
    assert logs["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
        "ArnLike": {"aws:SourceArn": {"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"}},
    }


# --- the bucket ---


def test_the_bucket_is_closed_and_encrypted() -> None:
    """Nothing in it can be made public, nothing is read without TLS, and everything is encrypted."""
    bucket = properties("AnalysisBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    policy = properties("AnalysisBucketPolicy")
    assert policy["Bucket"] == {"Ref": "AnalysisBucket"}
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_nothing_stays_in_the_bucket_for_longer_than_the_owner_chose() -> None:
    """Lines and errors are deleted after AnalysisRetentionDays, results of queries after 30, half uploads after one."""
    rules = {rule["Id"]: rule for rule in properties("AnalysisBucket")["LifecycleConfiguration"]["Rules"]}
    assert all(rule["Status"] == "Enabled" for rule in rules.values())
    lines, results = rules["Lines"], rules["ResultsOfAthena"]
    assert (lines["Prefix"], lines["ExpirationInDays"]) == ("", {"Ref": "AnalysisRetentionDays"})
    assert (results["Prefix"], results["ExpirationInDays"]) == ("athena/", 30)
    assert rules["UnfinishedUploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    kept = template()["Parameters"]
    assert kept["AnalysisRetentionDays"]["Default"] == kept["LogRetentionDays"]["Default"]


# --- the tables ---


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_of_glue_are_those_of_the_console(name: str) -> None:
    """Columns, their order, types and the members that they stand for are those of console/effect/tables.py."""
    found = table(name)
    assert [(each["Name"], each["Type"]) for each in found["StorageDescriptor"]["Columns"]] == [
        (column(member), kind) for member, kind in TABLES[name].items()
    ]
    assert found["PartitionKeys"] == [{"Name": DAY, "Type": "string"}]
    serde = found["StorageDescriptor"]["SerdeInfo"]
    assert serde["SerializationLibrary"] == "org.openx.data.jsonserde.JsonSerDe"
    assert serde["Parameters"] == serde_parameters(TABLES[name])


@pytest.mark.parametrize("name", TABLES)
def test_days_are_computed_and_not_listed(name: str) -> None:
    """Athena computes the folders of the days it is asked for, and those are the folders that Firehose writes."""
    found, given = table(name), table(name)["Parameters"]
    assert {key: value for key, value in given.items() if key.startswith("projection.")} == {
        "projection.enabled": "true",
        "projection.day.type": "date",
        "projection.day.format": "yyyy-MM-dd",
        "projection.day.range": "2026-11-01,NOW",
        "projection.day.interval": "1",
        "projection.day.interval.unit": "DAYS",
    }
    place = given["storage.location.template"]["Fn::Sub"].replace("${!", "${")
    assert place == f"s3://${{AnalysisBucket}}/{name}/day=${{day}}/"
    assert found["StorageDescriptor"]["Location"]["Fn::Sub"] == f"s3://${{AnalysisBucket}}/{name}/"
    (stream,) = [stream for stream, folder in STREAMS.items() if folder == name]
    prefix = properties(stream)["ExtendedS3DestinationConfiguration"]["Prefix"]
    assert place.endswith(prefix.replace("!{timestamp:yyyy-MM-dd}", "${day}"))


def table(name: str) -> Document:
    (found,) = [
        each["Properties"]["TableInput"]
        for each in resources("AWS::Glue::Table").values()
        if each["Properties"]["TableInput"]["Name"] == name
    ]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("stack", ["retention-sandbox", "Retention-Sandbox"])
def test_the_database_has_a_name_that_athena_takes_unquoted(stack: str) -> None:
    """Lower case, digits and underscores, and its own in each stack, for every name of a stack."""
    stack_id = f"arn:aws:cloudformation:us-east-1:123456789012:stack/{stack}/0f3c2a10-cd1e-11f0-9a3b-0e1f2a3b4c5d"
    name = joined(properties("AnalysisDatabase")["DatabaseInput"]["Name"], {"AWS::StackId": stack_id})
    assert name == "retention_0f3c2a10_cd1e_11f0_9a3b_0e1f2a3b4c5d"
    for found in resources("AWS::Glue::Table").values():
        assert found["Properties"]["DatabaseName"] == {"Ref": "AnalysisDatabase"}


def joined(node: Any, values: dict[str, str]) -> Any:
    match node:
        case {"Fn::Join": [separator, inner]}:
            each = joined(inner, values)
            return separator.join(joined(one, values) for one in each)
        case {"Fn::Split": [separator, inner]}:
            return joined(inner, values).split(separator)
        case {"Fn::Select": [index, inner]}:
            return joined(inner, values)[int(index)]
        case {"Ref": name}:
            return values[name]
    return node


def test_a_query_costs_what_the_owner_allows() -> None:
    """Athena refuses a query over AnalysisScanLimit, 10 GB or five cents, and no client can choose other settings."""
    found = properties("AnalysisWorkGroup")
    given = found["WorkGroupConfiguration"]
    assert found["Name"] == {"Ref": "AWS::StackName"}
    assert given["EnforceWorkGroupConfiguration"] is True
    limit = str(template()["Parameters"]["AnalysisScanLimit"]["Default"])
    assert int(given["BytesScannedCutoffPerQuery"]["Fn::Sub"].replace("${AnalysisScanLimit}", limit)) == 10 * 1000**3
    least = template()["Parameters"]["AnalysisScanLimit"]["MinValue"]
    assert least * 1000**3 >= 10 * 1000**2  # Athena's own
    assert given["EngineVersion"] == {"SelectedEngineVersion": "Athena engine version 3"}
    assert given["ResultConfiguration"]["OutputLocation"] == {"Fn::Sub": "s3://${AnalysisBucket}/athena/"}
    assert given["ResultConfiguration"]["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}


# --- alarms and outputs ---


@pytest.mark.parametrize(
    ("kind", "metric", "threshold"),
    [
        ("Late", ("AWS/Firehose", "DeliveryToS3.DataFreshness"), 7_200),
        ("Unreadable", ("AWS/Firehose", "OutputDecompressedRecords.Failed"), 1),
        ("Unsent", ("AWS/Logs", "DeliveryErrors"), 1),
    ],
)
@pytest.mark.parametrize("lines", ["Exposures", "Outcomes"])
def test_lines_that_go_missing_raise_an_alarm(lines: str, kind: str, metric: tuple[str, str], threshold: int) -> None:
    """What the bucket refuses, what cannot be unpacked, and what never reaches Firehose: each has its alarm."""
    alarm = ALARMS[f"{lines}{kind}Alarm"]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Threshold"]) == (*metric, threshold)
    stream = next(name for name, folder in STREAMS.items() if folder == lines.lower())
    named = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    if kind != "Unsent":
        assert named == {"DeliveryStreamName": {"Ref": stream}}
        return
    (chosen,) = [name for name, (_, goes_to) in FILTERS.items() if goes_to == stream]
    assert named == {
        "LogGroupName": {"Ref": FILTERS[chosen][0]},
        "DestinationType": "Firehose",
        "FilterName": properties(chosen)["FilterName"],
    }


def test_the_outputs_are_those_that_the_console_needs() -> None:
    """Bucket, database, workgroup and streams are outputs where they are made; whether there is an analysis always."""
    outputs = template()["Outputs"]
    assert outputs["Analysis"]["Value"] == {"Ref": "Analysis"}
    assert "Condition" not in outputs["Analysis"]
    for name in ("AnalysisBucket", "AnalysisDatabase", "AnalysisWorkGroup", *STREAMS):
        assert outputs[name]["Value"] == {"Ref": name}
        assert outputs[name]["Condition"] == RESOURCES[name]["Condition"]
    assert made(EVERY_PART) >= {*STREAMS, "AnalysisBucket", "AnalysisLogGroup"}
