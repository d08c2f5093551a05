"""The template: what the function, the operator, Apple and the data rely on."""

from __future__ import annotations

import ast
import itertools
import json
import math
import re
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis.strategies import SearchStrategy, from_regex, sampled_from
from retention.background_settings import NotificationsDeployment, RelayDeployment, SyncDeployment
from retention.errors import ERROR_ANSWERS
from retention.notifications.relaying import LONGEST_WAIT, POST_SECONDS
from retention.settings import Deployment

from console.local.rows import create_table
from tests.support.iam_policies import Rights, arn, operations
from tests.support.sam_template import ROOT, Document, decided, defaults, resources, table_definition, template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PARAMETERS: Document = template()["Parameters"]
ALARMS = resources("AWS::CloudWatch::Alarm")
FUNCTIONS = resources("AWS::Serverless::Function")
FUNCTION, SYNC, PULL = (FUNCTIONS[name] for name in ("GetRetentionMessage", "SyncStates", "PullNotifications"))
ROLES = {
    "GetRetentionMessage": "FunctionRole",
    "SyncStates": "SyncRole",
    "TakeInNotifications": "TakeInRole",
    "PullNotifications": "PullRole",
    "RelayNotifications": "RelayRole",
}
READERS: dict[str, Callable[[Mapping[str, str]], object]] = {
    "GetRetentionMessage": Deployment.from_env,
    "SyncStates": SyncDeployment.from_env,
    "TakeInNotifications": NotificationsDeployment.from_env,
    "PullNotifications": NotificationsDeployment.from_env,
    "RelayNotifications": RelayDeployment.from_env,
}
QUEUES = resources("AWS::SQS::Queue")
# The functions that SQS calls, each with its queue.
CONSUMERS = {"TakeInNotifications": "NotificationQueue", "RelayNotifications": "RelayQueue"}
# What the operator's policy refers to.
FILLED_IN = {
    **{f"{name}.Arn": arn("x", name) for name in ("Table", "FunctionLogs", "SyncStates", "GetRetentionMessage")},
    "AWS::StackName": "retention-sandbox",
    "SigningKeyPrefix": "/retention/sandbox",
}
# Everything that the parameters Notifications and RelayUrl make.
PUSHED = {"Notifications": "push", "RelayUrl": "https://receiver.example.com/asn"}
# And what Analysis adds to that.
EVERY_PART = {**PUSHED, "Analysis": "on"}
API = {"ApiId", "Stage"}

# Metrics that AWS publishes by itself, with the dimensions it publishes them under.
AWS_METRICS = {
    ("AWS/ApiGateway", "5xx"): API,
    ("AWS/ApiGateway", "4xx"): API,
    ("AWS/ApiGateway", "Count"): API,
    ("AWS/ApiGateway", "Latency"): API,
    ("AWS/Lambda", "Throttles"): {"FunctionName"},
    ("AWS/Lambda", "Invocations"): {"FunctionName"},
    ("AWS/Lambda", "Duration"): {"FunctionName"},
    ("AWS/Lambda", "ConcurrentExecutions"): {"FunctionName"},
    ("AWS/DynamoDB", "ReadThrottleEvents"): {"TableName"},
    ("AWS/DynamoDB", "SuccessfulRequestLatency"): {"TableName", "Operation"},
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
    ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible"): {"QueueName"},
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): {"QueueName"},
    ("AWS/Firehose", "DeliveryToS3.DataFreshness"): {"DeliveryStreamName"},
    ("AWS/Firehose", "DeliveryToS3.Records"): {"DeliveryStreamName"},
    ("AWS/Firehose", "OutputDecompressedRecords.Failed"): {"DeliveryStreamName"},
    ("AWS/Logs", "DeliveryErrors"): {"LogGroupName", "DestinationType", "FilterName"},
}

# The metrics that an alarm fills in with zeros, with the reason. Any other is to stay missing where it is: a zero that
# was made up is no measurement.
FILLED = {
    "TableThrottleAlarm": {"throttled"},  # DynamoDB publishes it only while it throttles: nothing else ends the alarm
}

# Alarms for which missing data is bad, because a function publishes it all the time; and those whose state stays as it
# is, because SQS publishes nothing of a queue that was not used for some hours, also if it holds messages.
MISSING_IS_BAD = {"SilenceAlarm", "SyncMissingAlarm", "NoNotificationsAlarm", "PullMissingAlarm"}
MISSING_CHANGES_NOTHING = {"ParkedAlarm", "RelayDeadLettersAlarm"}

# What libraries, and the clients of AWS, read by themselves.
LIBRARY_VARIABLES = {
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "LOG_LEVEL",
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL_DYNAMODB",
}


@cache
def sources(function: str) -> list[ast.Module]:
    """Return what a function runs: the entry point and every module of ours it imports, however far down."""
    properties = FUNCTIONS[function]["Properties"]
    handler = ROOT / properties["CodeUri"]
    found: dict[str, ast.Module] = {}
    waiting = [properties["Handler"].partition(".")[0]]
    while waiting:
        name = waiting.pop()
        path = handler / f"{name.replace('.', '/')}.py"
        if name not in found and path.exists():
            found[name] = ast.parse(path.read_text())
            for node in ast.walk(found[name]):
                if isinstance(node, ast.ImportFrom) and node.module:
                    waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                elif isinstance(node, ast.Import):
                    waiting += [alias.name for alias in node.names]
    return list(found.values())


@cache
def strings_in_the_code(function: str) -> set[str]:
    nodes = (node for module in sources(function) for node in ast.walk(module))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def properties(kind: str) -> Document:
    (found,) = resources(kind).values()
    inner: Document = found["Properties"]
    return inner


# --- alarms and dashboard ---


def metrics_of(alarm: Document) -> Iterator[tuple[str, str, set[str]]]:
    """Yield (namespace, name, dimensions) of every metric an alarm reads, or may read by a condition."""
    stats = [entry["MetricStat"]["Metric"] for entry in alarm.get("Metrics", []) if "MetricStat" in entry]
    either = [branch for metric in stats for branch in (metric["Fn::If"][1:] if "Fn::If" in metric else [metric])]
    for metric in either or [alarm]:
        dimensions = {dimension["Name"] for dimension in metric.get("Dimensions", [])}
        yield metric["Namespace"], text_of(metric["MetricName"]), dimensions


def text_of(name: Any) -> str:
    """Return a name, or the text of the Fn::Sub that makes it."""
    text = name["Fn::Sub"] if isinstance(name, dict) else name
    return str(text[0] if isinstance(text, list) else text)


def assert_exists(namespace: str, name: str, dimensions: set[str]) -> None:
    filtered = {
        text_of(each["MetricName"]): each["MetricNamespace"]
        for found in resources("AWS::Logs::MetricFilter").values()
        for each in found["Properties"]["MetricTransformations"]
    }
    if (namespace, name) in AWS_METRICS:
        assert dimensions == AWS_METRICS[namespace, name]
    elif name in filtered:
        assert (namespace, dimensions) == (filtered[name], set())
    else:
        assert any(name in strings_in_the_code(function) for function in FUNCTIONS), f"no function emits {name}"
        for function in FUNCTIONS.values():
            variables = function["Properties"]["Environment"]["Variables"]
            assert variables["POWERTOOLS_METRICS_NAMESPACE"] == namespace
            assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
        assert dimensions == {"service"}


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_reads_metrics_that_exist(name: str) -> None:
    """Every alarm reads metrics and dimensions that are published; others would never fire."""
    for metric in metrics_of(ALARMS[name]["Properties"]):
        assert_exists(*metric)


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_has_a_description_an_action_and_a_missing_data_setting(name: str) -> None:
    """An alarm has a description of what to do, an action if one is configured, and a setting for missing data."""
    alarm = ALARMS[name]["Properties"]
    assert len(alarm["AlarmDescription"]) > 40
    assert "AlarmTopicArn" in json.dumps(alarm["AlarmActions"])
    missing = "ignore" if name in MISSING_CHANGES_NOTHING else "notBreaching"
    assert alarm["TreatMissingData"] == ("breaching" if name in MISSING_IS_BAD else missing)
    assert ("Statistic" in alarm) + ("ExtendedStatistic" in alarm) + ("Metrics" in alarm) == 1


@pytest.mark.parametrize("name", ALARMS)
def test_expressions_use_the_metrics_they_are_given(name: str) -> None:
    """Every metric of an expression is read in it, none is filled in without a reason, and one result is returned."""
    entries = ALARMS[name]["Properties"].get("Metrics", [])
    expressions = [text_of(entry["Expression"]) for entry in entries if "Expression" in entry]
    for entry in entries:
        assert ("Expression" in entry) == entry["ReturnData"]
        assert "Expression" in entry or re.search(rf"\b{entry['Id']}\b", expressions[0])
    assert set(re.findall(r"FILL\((\w+), 0\)", " ".join(expressions))) == FILLED.get(name, set())


@pytest.mark.parametrize("name", ALARMS)
def test_expressions_name_nothing_else(name: str) -> None:
    """An expression names only metrics of its alarm; CloudFormation refuses others."""
    entries = ALARMS[name]["Properties"].get("Metrics", [])
    known = {entry["Id"] for entry in entries} | {"IF", "AND", "FILL", *PARAMETERS}
    for expression in (entry["Expression"] for entry in entries if "Expression" in entry):
        given = (
            expression["Fn::Sub"][1]
            if isinstance(expression, dict) and not isinstance(expression["Fn::Sub"], str)
            else {}
        )
        assert set(re.findall(r"[A-Za-z]\w*", text_of(expression))) <= known | set(given)


@pytest.mark.parametrize("name", ALARMS)
def test_every_statistic_is_valid_for_cloudwatch(name: str) -> None:
    """Of a metric that counts, the sum; of one that measures, an extreme or a percentile: never an average of zeros."""
    alarm = ALARMS[name]["Properties"]
    stats = [entry["MetricStat"]["Stat"] for entry in alarm.get("Metrics", []) if "MetricStat" in entry]
    for statistic in stats or [alarm.get("Statistic") or alarm["ExtendedStatistic"]]:
        assert re.fullmatch(r"Sum|Maximum|SampleCount|p\d{2}", statistic)
    assert not alarm.get("Statistic", "").startswith("p")


def test_alarm_windows_are_valid_for_cloudwatch() -> None:
    """A window is at most a day for short periods and a week from an hour on, at the largest parameter allowed."""
    for alarm in (found["Properties"] for found in ALARMS.values()):
        periods = alarm["EvaluationPeriods"]
        most = PARAMETERS[periods["Ref"]]["MaxValue"] if isinstance(periods, dict) else periods
        period = alarm.get("Period", 300)
        assert period * most <= (86_400 if period < 3_600 else 604_800)


@pytest.mark.parametrize("name", ALARMS)
def test_no_alarm_uses_only_a_percentile(name: str) -> None:
    """No alarm uses only a percentile: with few samples it is the slowest one, or is ignored."""
    alarm = ALARMS[name]["Properties"]
    assert "ExtendedStatistic" not in alarm
    assert "EvaluateLowSampleCountPercentile" not in alarm


def value_of(name: str, samples: list[int]) -> float:
    """Return what the expression of an alarm over percentiles gives for one period's samples, in milliseconds."""
    entries = ALARMS[name]["Properties"]["Metrics"]
    (expression,) = [entry["Expression"] for entry in entries if "Expression" in entry]
    stats = {entry["Id"]: entry["MetricStat"]["Stat"] for entry in entries if "MetricStat" in entry}
    ordered, count = sorted(samples), len(samples)
    read = {
        each: ordered[math.ceil(int(stat[1:]) * count / 100) - 1] if stat.startswith("p") else count
        for each, stat in stats.items()
    }
    return float(eval(expression, {"IF": lambda test, then, other: then if test else other}, read))  # noqa: S307  # ours


@pytest.mark.parametrize(
    ("name", "slow", "of", "alarms"),
    [
        ("LatencyAlarm", 1, 1, False),
        ("LatencyAlarm", 19, 19, False),
        ("LatencyAlarm", 1, 20, False),
        ("LatencyAlarm", 3, 20, True),
        ("LatencyAlarm", 1, 99, False),
        ("LatencyAlarm", 1, 100, False),
        ("LatencyAlarm", 2, 100, True),
        ("LatencyAlarm", 900, 900, True),
        ("ColdWaitAlarm", 1, 1, False),
        ("ColdWaitAlarm", 4, 4, False),
        ("ColdWaitAlarm", 1, 5, False),
        ("ColdWaitAlarm", 3, 5, True),
        ("ColdWaitAlarm", 2, 20, False),
        ("ColdWaitAlarm", 3, 20, True),
    ],
)
def test_slowness_alarms_depend_on_the_number_of_slow_requests(name: str, slow: int, of: int, *, alarms: bool) -> None:
    """One slow start a day raises no alarm; slow requests raise one also at a request per minute."""
    alarm = ALARMS[name]["Properties"]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert (value_of(name, [900] * slow + [50] * (of - slow)) > alarm["Threshold"]) == alarms


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_with_filled_in_zeros_survives_late_metrics(name: str) -> None:
    """A metric that comes a period late is counted in the period it is of, so more than one period is looked at."""
    alarm = ALARMS[name]["Properties"]
    if name in FILLED:
        assert alarm["EvaluationPeriods"] > 1
        assert alarm["DatapointsToAlarm"] == 1


def test_no_alarm_is_on_a_metric_of_dynamodb_itself() -> None:
    """Such an alarm ignores missing data under any TreatMissingData, so it would never end: expressions only."""
    assert [name for name, found in ALARMS.items() if found["Properties"].get("Namespace") == "AWS/DynamoDB"] == []


@pytest.mark.parametrize(("percent", "tolerated"), [("0", "0"), ("0.1", "5")])
def test_a_busy_stack_alarms_at_a_share_of_5xx(percent: str, tolerated: str) -> None:
    """ServerErrorPercent 0 alarms at the first; else a share counts, once there are more than five."""
    (expression,) = [
        entry["Expression"] for entry in ALARMS["ServerErrorAlarm"]["Properties"]["Metrics"] if "Expression" in entry
    ]
    text, given = expression["Fn::Sub"]
    condition, first, later = given["Tolerated"]["Fn::If"]
    values = parameters({"ServerErrorPercent": percent})
    assert str(first if decided({"Condition": condition}, values) else later) == tolerated
    assert text == "IF(failed > ${Tolerated} AND 100 * failed > ${ServerErrorPercent} * requests, 1, 0)"


def dashboard(values: dict[str, str]) -> Document:
    """Return the dashboard's body with what the parameters add to it, as JSON; other references stay as they are."""
    text, given = properties("AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Sub"]
    body: Document = json.loads(
        re.sub(
            r"\$\{(Conditional|NotificationLinks|NotificationWidgets|RelayWidgets|AnalysisWidgets)\}",
            lambda found: added(given[found[1]], values),
            text,
        ).replace("${AWS::Region}", "us-east-1")
    )
    return body


def added(node: Any, values: dict[str, str]) -> str:
    """Return the text that CloudFormation inserts, without filling in references."""
    match node:
        case {"Fn::Join": ["", inner]}:
            return "".join(added(each, values) for each in inner)
        case {"Fn::If": [condition, first, second]}:
            return added(first if decided({"Condition": condition}, values) else second, values)
        case {"Fn::Sub": [text, {"Link": _}]}:
            return str(text).replace("${Link}", "${Insights}")
        case {"Fn::Sub": [str(text), dict(own)]}:
            return re.sub(rf"\$\{{({'|'.join(own)})\}}", lambda found: added(own[found[1]], values), text)
    return text_of(node)


def test_the_dashboard_shows_metrics_that_exist() -> None:
    """The dashboard's body is JSON, and each of its lines names a metric that is published."""
    shown = 0
    for widget in dashboard(parameters(EVERY_PART))["widgets"]:
        for namespace, name, *rest in widget["properties"].get("metrics", []):
            dimensions = {item for item in rest[::2] if isinstance(item, str)}
            options = {**widget["properties"], **(rest[-1] if rest and isinstance(rest[-1], dict) else {})}
            assert re.fullmatch(r"Sum|Maximum|p\d{2}", options["stat"])
            assert_exists(namespace, name, dimensions)
            shown += 1
    assert shown > 20


@pytest.mark.parametrize("sync", ["on", "off"])
@pytest.mark.parametrize("missing_hours", ["0", "24"])
@pytest.mark.parametrize("notifications", [{}, {"Notifications": "pull"}, {"Notifications": "push"}, PUSHED])
@pytest.mark.parametrize("analysis", ["on", "off"])
def test_the_dashboard_shows_every_alarm_there_is(
    sync: str, missing_hours: str, notifications: dict[str, str], analysis: str
) -> None:
    """One widget has the state of all alarms, without those that the parameters leave out."""
    values = parameters({"SyncSchedule": sync, "SilentHours": missing_hours, "Analysis": analysis, **notifications})
    (widget,) = [each for each in dashboard(values)["widgets"] if each["type"] == "alarm"]
    there = {
        name
        for name, alarm in ALARMS.items()
        if "Condition" not in alarm or decided({"Condition": alarm["Condition"]}, values)
    }
    assert sorted(widget["properties"]["alarms"]) == sorted(f"${{{name}.Arn}}" for name in there)


def test_the_dashboard_leads_to_the_logs_and_to_the_runbook() -> None:
    """A text has a link for each log group, into Logs Insights, and names the runbook."""
    (widget,) = [each for each in dashboard(parameters({}))["widgets"] if each["type"] == "text"]
    links = re.findall(r"\[[^\]]+\]\(\$\{Insights\}(.*?)\)\)\)?", widget["properties"]["markdown"])
    assert links == ["${FunctionLogs}", "${AccessLogsEncoded}", "${SyncLogs}"]
    (more,) = [each for each in dashboard(parameters(PUSHED))["widgets"] if each["type"] == "text"]
    links = re.findall(r"\[[^\]]+\]\(\$\{Insights\}(.*?)\)\)\)?", more["properties"]["markdown"])
    assert links == ["${FunctionLogs}", "${AccessLogsEncoded}", "${SyncLogs}", "${NotificationLogs}"]
    assert "${Runbook}" in widget["properties"]["markdown"]
    given = properties("AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Sub"][1]
    assert "logsV2:logs-insights" in given["Insights"]["Fn::Sub"]
    group = resources("AWS::Logs::LogGroup")["AccessLogs"]["Properties"]["LogGroupName"]["Fn::Sub"]
    assert given["AccessLogsEncoded"]["Fn::Sub"] == group.replace("/", "*2f")


@pytest.mark.parametrize("analysis", ["on", "off"])
@pytest.mark.parametrize("notifications", [{}, {"Notifications": "pull"}, PUSHED])
def test_widgets_lie_side_by_side(analysis: str, notifications: dict[str, str]) -> None:
    """No widget covers another, and none leaves the 24 columns or a gap above it."""
    covered: set[tuple[int, int]] = set()
    for widget in dashboard(parameters({"Analysis": analysis, **notifications}))["widgets"]:
        columns = range(widget["x"], widget["x"] + widget["width"])
        cells = set(itertools.product(columns, range(widget["y"], widget["y"] + widget["height"])))
        assert not cells & covered
        assert max(columns) < 24
        assert widget["y"] == 0 or any((x, widget["y"] - 1) in covered for x in columns)
        covered |= cells


# --- the functions ---


class Environ(dict[str, str]):
    """All environment variables, with a note of those that are read."""

    def __init__(self, *names: str) -> None:
        super().__init__(dict.fromkeys(names, ""))
        self |= {"RETENTION_TABLE": "table", "RETENTION_APP_APPLE_IDS": "1", "RETENTION_KEY_PREFIX": "/retention"}
        self["RETENTION_ENVIRONMENT"] = "Sandbox"
        self["RETENTION_NOTIFICATIONS"] = "push"
        self["RETENTION_RELAY_URL"] = PUSHED["RelayUrl"]
        for name in ("QUEUE", "PARKING_QUEUE", "RELAY_QUEUE", "RELAY_DEAD_LETTERS"):
            self[f"RETENTION_{name}_URL"] = f"https://sqs.us-east-1.amazonaws.com/123456789012/{name}"
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_variables_set_are_variables_read(function: str) -> None:
    """The template sets exactly the variables that the function's settings read."""
    variables = set(FUNCTIONS[function]["Properties"]["Environment"]["Variables"])
    environ = Environ(*variables)
    READERS[function](environ)
    read = {name for name in environ.asked if name.startswith("RETENTION_")}
    assert {name for name in variables if name.startswith("RETENTION_")} == read
    assert variables - read <= LIBRARY_VARIABLES
    assert {"POWERTOOLS_SERVICE_NAME", "AWS_CA_BUNDLE", "LOG_LEVEL"} <= variables


def test_only_the_settings_read_retention_variables() -> None:
    """A RETENTION_ variable is named in the two modules of settings, and in no other module of the functions."""
    for path in (ROOT / "handler").rglob("*.py"):
        names = {
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        settings = path.name in {"settings.py", "background_settings.py"}
        assert settings or not [name for name in names if re.fullmatch("RETENTION_[A-Z_]+", name)]


@pytest.mark.parametrize("function", ["SyncStates", "TakeInNotifications", "PullNotifications"])
def test_deployed_functions_ask_apple(function: str) -> None:
    """RETENTION_APPLE_URL is set, and always empty."""
    assert FUNCTIONS[function]["Properties"]["Environment"]["Variables"]["RETENTION_APPLE_URL"] == ""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_all_functions_are_the_same_code_and_layer(function: str) -> None:
    """All functions have the same code and the same layer."""
    for name in ("CodeUri", "Layers", "Runtime", "Architectures"):
        assert FUNCTIONS[function]["Properties"][name] == FUNCTION["Properties"][name]
    for name in ("BuildMethod", "ContextPath"):
        assert FUNCTIONS[function]["Metadata"][name] == FUNCTION["Metadata"][name]


def test_the_sync_runs_every_five_minutes_and_can_be_switched_off() -> None:
    """By the schedule alone: a run that fails is not repeated, since the next one is near."""
    (schedule,) = SYNC["Properties"]["Events"].values()
    assert schedule["Type"] == "ScheduleV2"
    given = schedule["Properties"]
    assert given["ScheduleExpression"] == "rate(5 minutes)"
    assert given["OmitName"] is True
    assert given["State"] == {"Fn::If": ["SyncsStates", "ENABLED", "DISABLED"]}
    assert given["RetryPolicy"]["MaximumRetryAttempts"] == 0
    assert template()["Conditions"]["SyncsStates"] == {"Fn::Equals": [{"Ref": "SyncSchedule"}, "on"]}
    assert ALARMS["SyncMissingAlarm"]["Condition"] == "SyncsStates"
    alarm = ALARMS["SyncMissingAlarm"]["Properties"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 15 * 60


def resolved(node: Any, given: Mapping[str, str], conditions: set[str]) -> Any:
    """Return what CloudFormation makes of a value, as far as this template goes."""
    match node:
        case {"Fn::If": [name, then, otherwise]}:
            return resolved(then if name in conditions else otherwise, given, conditions)
        case {"Ref": name}:
            return given[name]
        case {"Fn::Sub": [text, own]}:
            inner = {name: resolved(value, given, conditions) for name, value in own.items()}
            return resolved({"Fn::Sub": text}, {**given, **inner}, conditions)
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: given[found[1]], text)
    return node


@pytest.mark.parametrize("secret", [False, True])
@pytest.mark.parametrize("domain", [False, True])
def test_the_sync_probes_the_stacks_own_url(secret: bool, domain: bool) -> None:  # noqa: FBT001  # parameters
    """The sync probes the host that Apple calls, on a route to the same integration, and its variable has no secret."""
    given = {"Api": "a1b2c3", "AWS::Region": "eu-west-1", "AWS::URLSuffix": "amazonaws.com", "PathSecret": "hush" * 4}
    given |= {"DomainName": "r.example.com", "Integration": "i"}
    conditions = {name for name, holding in (("HasPathSecret", secret), ("HasDomain", domain)) if holding}
    url = resolved(SYNC["Properties"]["Environment"]["Variables"]["RETENTION_PROBE_URL"], given, conditions)
    host = "r.example.com" if domain else "a1b2c3.execute-api.eu-west-1.amazonaws.com"
    assert url == f"https://{host}/v1/{'probe' if secret else 'retention-message'}"
    routes = [
        found["Properties"]
        for found in resources("AWS::ApiGatewayV2::Route").values()
        if found.get("Condition") is None or found["Condition"] in conditions
    ]
    keys = {resolved(route["RouteKey"], given, conditions): route for route in routes}
    assert "integrations/${Integration}" in json.dumps(keys["POST " + url.removeprefix(f"https://{host}")]["Target"])


def test_the_probes_route_requires_the_syncs_right() -> None:
    """The probe's route exists only with a secret path, and requires the right that the sync's role has."""
    route = template()["Resources"]["ProbeRoute"]
    assert route["Condition"] == "HasPathSecret"
    assert route["Properties"]["AuthorizationType"] == "AWS_IAM"
    assert actions(statements("SyncStates")["AskOwnUrl"]) == {"execute-api:Invoke"}


def test_one_lost_probe_raises_no_alarm() -> None:
    """Two lost probes in a row raise an alarm, one does not; a stack without sync does not probe."""
    alarm = ALARMS["ProbeAlarm"]
    assert alarm["Condition"] == "SyncsStates"
    assert (alarm["Properties"]["Period"], alarm["Properties"]["EvaluationPeriods"]) == (300, 2)


def test_lambda_does_not_retry_the_sync() -> None:
    """Lambda does not repeat a failed sync: the template turns off the retries of asynchronous calls."""
    assert SYNC["Properties"]["EventInvokeConfig"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}


@pytest.mark.parametrize("function", ["GetRetentionMessage", "TakeInNotifications", "PullNotifications"])
def test_no_deployed_function_has_a_fixed_clock(function: str) -> None:
    """RETENTION_CLOCK is set, and always empty."""
    assert FUNCTIONS[function]["Properties"]["Environment"]["Variables"]["RETENTION_CLOCK"] == ""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_handlers_exist(function: str) -> None:
    """The template names a module and a function of it that exist."""
    module, _, name = FUNCTIONS[function]["Properties"]["Handler"].partition(".")
    tree = ast.parse((ROOT / FUNCTION["Properties"]["CodeUri"] / f"{module}.py").read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_a_change_reaches_the_alias() -> None:
    """Code, layer, properties and parameters each publish a version: `live` never keeps an old one."""
    assert FUNCTION["Properties"]["AutoPublishAlias"] == "live"
    assert FUNCTION["Properties"]["AutoPublishAliasAllProperties"] is True
    assert properties("AWS::Serverless::LayerVersion")["PublishLambdaVersion"] is True


def test_apple_reaches_the_alias() -> None:
    """API Gateway calls the alias, and only this API may."""
    alias = {"Ref": "GetRetentionMessage.Alias"}
    assert template()["Resources"]["Integration"]["Properties"]["IntegrationUri"] == alias
    assert properties("AWS::Lambda::Permission")["FunctionName"] == alias
    assert "${Api}" in properties("AWS::Lambda::Permission")["SourceArn"]["Fn::Sub"]


# --- rights ---

APP_TABLE = ROOT / "handler" / "retention" / "aws" / "app_table.py"


@cache
def calls_of_app_table() -> dict[str, set[str]]:
    """Return the operations of DynamoDB that each method of AppTable calls, by itself or through another method."""
    (found,) = [node for node in ast.walk(ast.parse(APP_TABLE.read_text("utf-8"))) if isinstance(node, ast.ClassDef)]
    methods = {node.name: node for node in found.body if isinstance(node, ast.FunctionDef)}

    def calls(name: str) -> set[str]:
        named = {
            node.attr if isinstance(node, ast.Attribute) else str(node.value)
            for node in ast.walk(methods[name])
            if isinstance(node, ast.Attribute | ast.Constant)
        }
        inner = {
            node.attr
            for node in ast.walk(methods[name])
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self" and node.attr in methods
        }
        return (named & set(operations("dynamodb"))).union(*map(calls, inner))

    return {name: calls(name) for name in methods}


def defines(module: ast.Module, name: str) -> bool:
    return any(isinstance(node, ast.ClassDef) and node.name == name for node in module.body)


def is_app_table(module: ast.Module) -> bool:
    """Return whether a module is AppTable's: what that offers counts where it is called."""
    return defines(module, "AppTable")


def methods_called(module: ast.Module) -> set[str]:
    """Return the operations that a module calls: methods of a client, or of an AppTable."""
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute):
            value = ast.unparse(node.value)
            names |= {node.attr} if "client" in value or value.endswith("sqs") else set()
            names |= calls_of_app_table().get(node.attr, set()) if value.endswith("table") else set()
    return names


def calls_made(function: str) -> set[str]:
    """Return the IAM actions of the calls a function's code names, as texts or as methods."""
    modules = [module for module in sources(function) if not is_app_table(module)]
    if function != "GetRetentionMessage":  # they have the types of a look-up for the record, and look nothing up
        modules = [module for module in modules if not defines(module, "TableReader")]
    names = {str(node.value) for each in modules for node in ast.walk(each) if isinstance(node, ast.Constant)}
    names = names.union(*map(methods_called, modules))
    return {
        f"{service}:{operations(service)[name].removesuffix('Batch')}"  # a batch of SQS's needs the right of one
        for service in ("dynamodb", "ssm", "sqs")
        for name in names & set(operations(service))
    }


def statements(function: str = "GetRetentionMessage") -> dict[str, Document]:
    return statements_of(ROLES[function])


def statements_of(role: str) -> dict[str, Document]:
    (policy,) = template()["Resources"][role]["Properties"]["Policies"]
    return {statement["Sid"]: statement for statement in flat(policy["PolicyDocument"]["Statement"])}


def flat(found: list[Document]) -> list[Document]:
    """Return statements, those of an `If` too."""
    return [each["Fn::If"][1] if "Fn::If" in each else each for each in found]


def actions(statement: Document) -> set[str]:
    found = statement["Action"]
    return {found} if isinstance(found, str) else set(found)


def in_the_same_module(function: str) -> list[str]:
    """Return the functions whose entry points are in one module: the code does not show which of them makes a call."""
    modules = {name: found["Properties"]["Handler"].partition(".")[0] for name, found in FUNCTIONS.items()}
    return [name for name, module in modules.items() if module == modules[function]]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_actions_allowed_are_calls_made(function: str) -> None:
    """A function may do what its code does, and nothing else, and has a role of its own.

    Of two functions in one module, this judges both together; test_rights.py judges each by the calls that it makes.
    """
    assert FUNCTIONS[function]["Properties"]["Role"] == {"Fn::GetAtt": [ROLES[function], "Arn"]}
    allowed = {
        action
        for each in in_the_same_module(function)
        for statement in statements(each).values()
        for action in actions(statement)
    }
    # Lambda writes the log, and Parameter Store asks KMS, both in the function's name
    made = {action for action in allowed if not action.startswith(("logs:", "kms:"))}
    if function == "SyncStates":  # not an SDK's call: the probe of the stack's own URL
        made.remove("execute-api:Invoke")
    if function != "GetRetentionMessage":  # Lambda reads queues and deletes from them in the functions' name
        made -= {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} - calls_made(function)
    assert made == calls_made(function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_its_own_log_and_no_other(function: str) -> None:
    """A function logs to the one group that its role can write to."""
    group = FUNCTIONS[function]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert statements(function)["WriteLog"]["Resource"] == {"Fn::GetAtt": [group, "Arn"]}


# The rooms of the console that call the table; `local` and `simulator` work on this machine alone.
TABLE_ROOMS = ("backup", "cli", "decisions", "deployment", "releases", "rollout")
SNAPSHOT = ROOT / "handler" / "retention" / "review" / "snapshot.py"


def test_the_operator_may_do_what_the_console_does() -> None:
    """The operator policy allows the calls of the retention command on the table, and no other."""
    modules = [
        ast.parse(path.read_text("utf-8"))
        for path in [*(path for room in TABLE_ROOMS for path in (ROOT / "console" / room).rglob("*.py")), SNAPSHOT]
    ]
    names = {str(node.value) for module in modules for node in ast.walk(module) if isinstance(node, ast.Constant)}
    names = names.union(*map(methods_called, modules))
    made = {operations("dynamodb")[name] for name in names & set(operations("dynamodb"))}
    made -= {"CreateTable"}  # in a local DynamoDB; in AWS the template does
    if "TransactWriteItems" in made:  # a transaction needs the right of each action in it
        made = (made - {"TransactWriteItems"}) | {"ConditionCheckItem", "PutItem", "UpdateItem", "DeleteItem"}
    operator = properties("AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]
    (table,) = [actions(statement) for statement in flat(operator) if statement["Sid"] == "KeepTheCatalog"]
    assert {f"dynamodb:{name}" for name in made} == table


def test_the_layer_has_one_name() -> None:
    """The operator may read the layer that the template names, and doctor looks for the same."""
    name = properties("AWS::Serverless::LayerVersion")["LayerName"]["Fn::Sub"]
    operator = flat(properties("AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"])
    (resource,) = [statement["Resource"]["Fn::Sub"] for statement in operator if statement["Sid"] == "ReadTheLayer"]
    assert resource.endswith(f":layer:{name}:*")
    doctor = (ROOT / "console" / "rollout" / "checks" / "stack.py").read_text(encoding="utf-8")
    assert f'f"{name.replace("${AWS::StackName}", "{stack.name}")}"' in doctor


def test_local_tables_have_the_templates_keys() -> None:
    """The table that `make run` and `make serve` create has the keys that the template's has."""
    client = Mock()
    create_table(client, "retention")
    created = client.create_table.call_args.kwargs
    for key in ("KeySchema", "AttributeDefinitions", "BillingMode"):
        assert created[key] == table_definition()[key]


# What belongs to the account and not to the stack, and is only read.
OF_THE_ACCOUNT = {
    "ReadTheAccountsLimits": "lambda:GetAccountSettings",
    "ReadTheKeysThroughput": "ssm:GetServiceSetting",
    "ReadAgesAndAlarms": ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricStatistics"],
}


# Firehose writes under three prefixes of the bucket; Athena reads the catalog's entry of one database and its tables.
CATALOG = "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}"
OF_THE_ANALYSIS = {
    "WriteLines": {f"${{AnalysisBucket.Arn}}/{folder}/*" for folder in ("exposures", "outcomes", "errors")},
    "ReadTheTables": {
        *(
            f"{CATALOG}:catalog",
            f"{CATALOG}:database/${{AnalysisDatabase}}",
            f"{CATALOG}:table/${{AnalysisDatabase}}/*",
        ),
    },
}


def test_no_statement_covers_more_than_one_resource_of_ours() -> None:
    """No action has a wildcard; a resource has one only behind the prefix of the signing keys, or the stack's name."""
    operator = properties("AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]
    of_functions = [statement for function in FUNCTIONS for statement in statements(function).values()]
    others = ("NotificationIntegrationRole", "LogForwardingRole", "AnalysisDeliveryRole")
    of_others = [statement for role in others for statement in statements_of(role).values()]
    for statement in [*of_functions, *of_others, *flat(operator)]:
        assert not any("*" in action for action in actions(statement))
        resource = statement["Resource"]
        if statement["Sid"] in OF_THE_ACCOUNT:
            assert statement["Action"] == OF_THE_ACCOUNT[statement["Sid"]]
            continue
        if statement["Sid"] == "CompareTheAlias":
            function, live = resource
            assert function == {"Fn::GetAtt": ["GetRetentionMessage", "Arn"]}
            assert live == {"Fn::Sub": "${GetRetentionMessage.Arn}:live"}
            continue
        if statement["Sid"] in OF_THE_ANALYSIS:  # folders of the bucket, tables of the database
            assert {each["Fn::Sub"] for each in resource} == OF_THE_ANALYSIS[statement["Sid"]]
            continue
        if isinstance(resource, list):  # queues, streams and log groups of ours, those of a part if there is that part
            named = {*QUEUES, "ExposureStream", "OutcomeStream", "FunctionLogs", "NotificationLogs"}
            assert {name for (name, _) in map(queue_of, resource)} <= named
            continue
        if statement["Sid"] == "SeeWhomAlarmsReach":
            assert resource["Fn::If"][1:] == [{"Ref": "AlarmTopic"}, {"Ref": "AlarmTopicArn"}]
            continue
        if statement["Sid"] == "AskOwnUrl":  # one method of one path of one API
            assert resource["Fn::Sub"].endswith(":${Api}/$default/POST/v1/probe")
            continue
        one = "Fn::GetAtt" in resource or "Ref" in resource
        ours = (
            *("${SigningKeyPrefix}/*", ":stack/${AWS::StackName}/*", ":layer:${AWS::StackName}-layer:*"),
            *("${AnalysisBucket.Arn}/*", "${AnalysisBucket.Arn}/athena/*", ":workgroup/${AnalysisWorkGroup}"),
        )
        assert one or resource["Fn::Sub"].endswith(ours)


def queue_of(node: Document) -> tuple[str, str]:
    """Return the logical id of the resource whose ARN a policy names, and the attribute."""
    name, attribute = (node["Fn::If"][1] if "Fn::If" in node else node)["Fn::GetAtt"]
    return name, attribute


READING = [function for function in FUNCTIONS if function != "RelayNotifications"]  # the table; the relay reads none


@pytest.mark.parametrize("function", READING)
def test_a_function_reads_its_own_apps_only(function: str) -> None:
    """Reading is limited to keys of the apps this stack answers for."""
    found = statements(function)
    condition = found["ReadOwnApps" if "ReadOwnApps" in found else "KeepOwnApps"]["Condition"]
    assert "AppAppleIds" in json.dumps(condition["ForAllValues:StringLike"])


def test_the_sync_writes_no_release_and_no_customer() -> None:
    """Its writes are limited to rows under `app#<appAppleId>` itself, for exactly the stack's apps."""
    condition = statements("SyncStates")["WriteOwnStates"]["Condition"]["ForAllValues:StringEquals"]
    separator, (text, parts) = condition["dynamodb:LeadingKeys"]["Fn::Split"][0], _sub(condition)
    joiner, _ = parts["Ids"]["Fn::Join"]
    assert text.replace("${Ids}", joiner.join(["1", "22"])).split(separator) == ["app#1", "app#22"]


@pytest.mark.parametrize("function", ["TakeInNotifications", "PullNotifications"])
def test_notifications_write_no_release_and_no_review_state(function: str) -> None:
    """Of the rows of the stack's apps, they write customers and rows about notifications: all others are denied."""
    denied = statements(function)["WriteNothingElse"]
    assert denied["Effect"] == "Deny"
    assert actions(denied) == actions(statements(function)["KeepOwnApps"]) - {"dynamodb:GetItem"}
    assert denied["Resource"] == statements(function)["KeepOwnApps"]["Resource"]
    assert denied["Condition"] == {
        "ForAnyValue:StringNotLike": {"dynamodb:LeadingKeys": ["*#customer#*", "*#notifications"]}
    }


def _sub(condition: Document) -> tuple[str, Document]:
    text, parts = condition["dynamodb:LeadingKeys"]["Fn::Split"][1]["Fn::Sub"]
    return text, parts


# --- data ---


def test_data_survives_the_stack() -> None:
    """Deleting or replacing anything leaves the table, both logs of lines, and the bucket where they are."""
    # of a first deployment that fails, an empty log group may go; the table cannot: it is protected
    for name, policy in (
        ("Table", "Retain"),
        ("FunctionLogs", "RetainExceptOnCreate"),
        ("NotificationLogs", "RetainExceptOnCreate"),
        ("AnalysisBucket", "RetainExceptOnCreate"),
        ("AnalysisBucketPolicy", "RetainExceptOnCreate"),
    ):
        assert template()["Resources"][name]["DeletionPolicy"] == policy
        assert template()["Resources"][name]["UpdateReplacePolicy"] == "Retain"
    table = table_definition()
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": False}  # DynamoDB's own key, not none
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert set(table["OnDemandThroughput"]) == {"MaxReadRequestUnits", "MaxWriteRequestUnits"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


def test_two_stacks_fit_in_one_account() -> None:
    """No resource has a fixed physical name."""
    names = {
        *("TableName", "FunctionName", "RoleName", "LogGroupName", "TopicName", "AlarmName", "DashboardName"),
        *("LayerName", "ManagedPolicyName", "Name", "QueueName"),
    }
    for resource in template()["Resources"].values():
        for name in names & set(resource["Properties"]):
            assert isinstance(resource["Properties"][name], dict), f"{name} is fixed"


# --- secrets ---


def test_the_access_log_has_neither_path_nor_secret() -> None:
    """Path and route hold the secret segment; so does nothing that is logged."""
    line = properties("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"]
    fields = json.loads(line)
    assert len(line.splitlines()) == 1
    assert not re.search(r"path|route|authorizer|request\.|resource", line, re.IGNORECASE)
    assert fields["status"] == "$context.status"


def test_every_line_of_the_access_log_is_json() -> None:
    """Every variable stands in quotes, and none brings its own, as `$context.error.messageString` does."""
    line = properties("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"]
    variables = re.findall(r"\$context(?:\.\w+)+", line)
    assert len(variables) > 10
    assert [name for name in variables if name.endswith("String")] == []
    quoted = "".join(re.findall(r'"[^"]*"', line))
    assert re.findall(r"\$context(?:\.\w+)+", quoted) == variables
    filled = json.loads(re.sub(r"\$context(?:\.\w+)+", "429", line))
    assert all(isinstance(value, str) for value in filled.values())


def test_the_alarm_about_floods_needs_no_json() -> None:
    """The metric filter looks for a phrase, which the line has for a 429 and for no other status."""
    (pattern,) = [found["Properties"]["FilterPattern"] for found in resources("AWS::Logs::MetricFilter").values()]
    assert re.fullmatch(r'"[\w=]+"', pattern)
    line = properties("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"]
    for status in range(100, 600):
        filled = re.sub(r"\$context(?:\.\w+)+", "", line.replace("$context.status", str(status)))
        assert (pattern.strip('"') in filled) == (status == 429)


def test_the_access_logs_group_has_the_prefix_that_aws_allows() -> None:
    """Any other group adds its ARN to a policy of the account's that has 5 120 bytes, and may be full."""
    group = resources("AWS::Logs::LogGroup")["AccessLogs"]["Properties"]["LogGroupName"]
    assert group["Fn::Sub"].startswith("/aws/vendedlogs/")


@pytest.mark.parametrize("secret", ["PathSecret", "PreviousPathSecret"])
def test_the_secret_is_shown_nowhere(secret: str) -> None:
    """Both secrets are NoEcho and only in their route: no output, variable or name has them."""
    assert PARAMETERS[secret]["NoEcho"] is True
    own = dict.fromkeys(("Route", "PreviousRoute", "NotificationRoute", "PreviousNotificationRoute"))
    rest = {**template()["Resources"], **own, "Outputs": template()["Outputs"]}
    assert f"${{{secret}}}" not in json.dumps(rest)
    assert f'{{"Ref": "{secret}"}}' not in json.dumps(rest)


# --- the URL ---


def chosen(node: Any, values: dict[str, str]) -> Any:
    """Return what CloudFormation makes of a value of Ref, Sub and If, with `<X>` for a resource X."""
    match node:
        case {"Fn::If": [condition, first, second]}:
            return chosen(first if decided({"Condition": condition}, values) else second, values)
        case {"Ref": name}:
            return values.get(name, f"<{name}>")
        case {"Fn::Sub": [text, given]}:
            return chosen({"Fn::Sub": text}, {**values, **{name: chosen(each, values) for name, each in given.items()}})
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: values.get(found[1], f"<{found[1]}>"), text)
    return node


def routes(given: dict[str, str], names: tuple[str, ...] = ("Route", "PreviousRoute")) -> dict[str, str]:
    """Return the keys of routes that Apple may call, by logical id, as far as the parameters make them."""
    values = parameters(given)
    return {
        name: chosen(found["Properties"]["RouteKey"], values)
        for name, found in resources("AWS::ApiGatewayV2::Route").items()
        if name in names
        if "Condition" not in found or decided({"Condition": found["Condition"]}, values)
    }


OLD, NEW = "old-secret-of-the-path", "new-secret-of-the-path"
# Parameters, and by method the paths that are then answered, behind the part that is always the same.
PATHS: list[tuple[dict[str, str], dict[str, str]]] = [
    ({}, {"POST": ""}),
    ({"PathSecret": NEW}, {"POST": f"/{NEW}"}),
    ({"PathSecret": NEW, "PreviousPathSecret": OLD}, {"POST": f"/{NEW}", "ANY": f"/{OLD}"}),
    ({"PathSecret": NEW, "PreviousPathSecret": "none"}, {"POST": f"/{NEW}", "ANY": ""}),
    ({"PreviousPathSecret": OLD}, {"POST": "", "ANY": f"/{OLD}"}),
]


@pytest.mark.parametrize(("given", "paths"), PATHS)
def test_the_previous_path_is_answered_until_apple_has_the_new_one(
    given: dict[str, str], paths: dict[str, str]
) -> None:
    """A route for each path. Their keys differ in the method, since an API has each key once."""
    assert {key.split()[0]: key.split()[1] for key in routes(given).values()} == {
        method: f"/v1/retention-message{path}" for method, path in paths.items()
    }


@pytest.mark.parametrize(
    ("route", "previous", "condition"),
    [
        ("Route", "PreviousRoute", "HasPreviousPath"),
        ("NotificationRoute", "PreviousNotificationRoute", "HasPreviousPathOfNotifications"),
    ],
)
def test_one_of_two_paths_is_always_answered(route: str, previous: str, condition: str) -> None:
    """The previous path has its route before the other one leaves it: the other's target waits for it."""
    target = template()["Resources"][route]["Properties"]["Target"]
    index, (integration, after) = target["Fn::Select"]
    assert (index, integration) == (0, template()["Resources"][previous]["Properties"]["Target"])
    assert after == {"Fn::If": [condition, {"Ref": previous}, ""]}
    assert template()["Resources"][previous]["Condition"] == condition


@pytest.mark.parametrize(("given", "paths"), PATHS)
@pytest.mark.parametrize("mode", ["off", "pull", "push"])
def test_notifications_are_taken_at_a_path_with_the_same_secret(
    given: dict[str, str], paths: dict[str, str], mode: str
) -> None:
    """With push alone, and also under the previous secret, until Apple or the forwarder has the new URL."""
    found = routes({**given, "Notifications": mode}, ("NotificationRoute", "PreviousNotificationRoute"))
    expected = {method: f"/v1/notifications{path}" for method, path in paths.items()} if mode == "push" else {}
    assert {key.split()[0]: key.split()[1] for key in found.values()} == expected


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, None),
        ({"Notifications": "pull"}, None),
        ({"Notifications": "push"}, "https://<Api>.execute-api.<AWS::Region>.<AWS::URLSuffix>/v1/notifications"),
        (
            {"Notifications": "push", "PathSecret": "a-secret-of-the-path"},
            "https://<Api>.execute-api.<AWS::Region>.<AWS::URLSuffix>/v1/notifications/<PathSecret>",
        ),
        (
            {"Notifications": "push", "DomainName": "retention.example.com", "CertificateArn": "arn"},
            "https://retention.example.com/v1/notifications",
        ),
    ],
)
def test_the_url_for_notifications_is_an_output(given: dict[str, str], url: str | None) -> None:
    """It is on the host that Apple already knows, and the secret is not shown."""
    values = parameters(given)
    output = template()["Outputs"]["NotificationsUrl"]
    made = decided({"Condition": output["Condition"]}, values)
    assert (chosen(output["Value"], values) if made else None) == url


DOMAIN = {"DomainName": "retention.example.com", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0f"}
GIVEN_BY_API_GATEWAY = "https://<Api>.execute-api.<AWS::Region>.<AWS::URLSuffix>/v1/retention-message"


@pytest.mark.parametrize(
    ("given", "disabled", "url", "default_url"),
    [
        ({}, False, GIVEN_BY_API_GATEWAY, None),
        ({"PathSecret": NEW}, False, f"{GIVEN_BY_API_GATEWAY}/<PathSecret>", None),
        (DOMAIN, False, "https://retention.example.com/v1/retention-message", GIVEN_BY_API_GATEWAY),
        ({**DOMAIN, "DefaultEndpoint": "off"}, True, "https://retention.example.com/v1/retention-message", None),
    ],
)
def test_a_domain_does_not_disable_the_default_endpoint(
    given: dict[str, str],
    *,
    disabled: bool,
    url: str,
    default_url: str | None,
) -> None:
    """DefaultEndpoint alone decides about the address that Apple may still have; the outputs name what answers."""
    values = parameters(given)
    api = chosen(properties("AWS::ApiGatewayV2::Api")["DisableExecuteApiEndpoint"], values)
    outputs = {
        name: chosen(found["Value"], values)
        for name, found in template()["Outputs"].items()
        if "Condition" not in found or decided({"Condition": found["Condition"]}, values)
    }
    assert (api, outputs["Url"], outputs.get("DefaultUrl")) == (disabled, url, default_url)


# --- parameters ---

GOOD = {"Environment": "Sandbox", "AppAppleIds": "6745974591", "SigningKeyPrefix": "/retention/sandbox"}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0f"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"


def parameters(given: dict[str, str]) -> dict[str, str]:
    return {**defaults(), **GOOD, **given}


def refused_by(values: dict[str, str]) -> list[str]:
    return [
        name
        for name, rule in template()["Rules"].items()
        if decided(rule["RuleCondition"], values)
        and not all(decided(assertion["Assert"], values) for assertion in rule["Assertions"])
    ]


def acceptable(name: str, value: str) -> bool:
    """Judge one value by the parameter's own bounds, as CloudFormation does."""
    bounds = PARAMETERS[name]
    if "AllowedValues" in bounds:
        return value in map(str, bounds["AllowedValues"])
    if bounds["Type"] == "Number":
        return bool(bounds["MinValue"] <= float(value) <= bounds["MaxValue"])
    return re.search(bounds["AllowedPattern"], value) is not None and len(value) <= bounds.get("MaxLength", 4096)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (
            {"Environment": "Production", "AlarmEmail": "none", "RehearsalTrustAnchor": "MIIB"},
            "RehearsalStaysOutOfProduction",
        ),
        ({"Environment": "Production"}, "ProductionReportsToAPerson"),
        ({"ReservedConcurrency": "0", "ProvisionedConcurrency": "1"}, "ProvisionedWithinReserved"),
        ({"ProvisionedConcurrency": "1", "Deployment": "Canary10Percent5Minutes"}, "ProvisionedAllAtOnce"),
        ({"DefaultEndpoint": "off"}, "SomeEndpoint"),
        ({"PathSecret": "a" * 16, "PreviousPathSecret": "a" * 16}, "TwoDifferentPaths"),
        ({"PreviousPathSecret": "none"}, "PreviousPathHadASecret"),
        ({"SnapStart": "on", "ProvisionedConcurrency": "1"}, "SnapStartOrProvisionedConcurrency"),
        ({"DomainName": "retention.example.com"}, "DomainNeedsCertificate"),
        ({"CertificateArn": CERTIFICATE}, "CertificateNeedsDomain"),
        ({"AlarmEmail": "a@example.com", "AlarmTopicArn": TOPIC}, "OneWayToAlarm"),
        ({"RelayUrl": "https://receiver.example.com"}, "RelayNeedsPush"),
        ({"RelayUrl": "https://receiver.example.com", "Notifications": "pull"}, "RelayNeedsPush"),
    ],
)
def test_contradictions_are_refused_before_anything_is_made(given: dict[str, str], rule: str) -> None:
    """Parameters that exclude each other fail at deployment, by the rule for them."""
    assert refused_by(parameters(given)) == [rule]


CHOICES: dict[str, tuple[str, ...]] = {
    "Environment": ("Sandbox", "Production"),
    "RehearsalTrustAnchor": ("", "MIIB"),
    "SnapStart": ("off", "on"),
    "ProvisionedConcurrency": ("0", "2"),
    "ReservedConcurrency": ("-1", "0"),
    "Deployment": ("AllAtOnce", "Linear10PercentEvery1Minute"),
    "DomainName": ("", "retention.example.com"),
    "CertificateArn": ("", CERTIFICATE),
    "DefaultEndpoint": ("on", "off"),
    "PathSecret": ("", NEW),
    "PreviousPathSecret": ("", "none", NEW),
    "AlarmEmail": ("", "none", "a@example.com"),
    "AlarmTopicArn": ("", TOPIC),
    "Notifications": ("off", "push"),
    "RelayUrl": ("", "https://receiver.example.com"),
}


def contradictions(given: dict[str, str]) -> list[str]:
    """Return the rules that these parameters break, by what the rules are for."""
    provisioned, domain = given["ProvisionedConcurrency"] != "0", given["DomainName"] != ""
    production, email, topic = given["Environment"] == "Production", given["AlarmEmail"], given["AlarmTopicArn"]
    broken = {
        "RehearsalStaysOutOfProduction": production and given["RehearsalTrustAnchor"],
        "SnapStartOrProvisionedConcurrency": given["SnapStart"] == "on" and provisioned,
        "ProvisionedWithinReserved": given["ReservedConcurrency"] == "0" and provisioned,
        "ProvisionedAllAtOnce": given["Deployment"] != "AllAtOnce" and provisioned,
        "DomainNeedsCertificate": domain and not given["CertificateArn"],
        "CertificateNeedsDomain": given["CertificateArn"] and not domain,
        "SomeEndpoint": given["DefaultEndpoint"] == "off" and not domain,
        "TwoDifferentPaths": given["PreviousPathSecret"] and given["PreviousPathSecret"] == given["PathSecret"],
        "PreviousPathHadASecret": given["PreviousPathSecret"] == "none" and not given["PathSecret"],
        "OneWayToAlarm": email not in {"", "none"} and topic,  # `none` is no address
        "ProductionReportsToAPerson": production and not email and not topic,
        "RelayNeedsPush": given["RelayUrl"] and given["Notifications"] != "push",
    }
    return [rule for rule, is_broken in broken.items() if is_broken]


def test_every_combination_is_accepted_or_refused_by_its_rule() -> None:
    """Of all combinations of the parameters in the rules, exactly the contradictory ones are refused."""
    taken = 0
    for combination in itertools.product(*CHOICES.values()):
        given = dict(zip(CHOICES, combination, strict=True))
        refused = refused_by(parameters(given))
        assert refused == contradictions(given)
        taken += not refused
    assert taken > 100


def test_parameters_that_an_owner_must_choose_have_no_default() -> None:
    """Left out, CloudFormation asks for it: the app, the environment, and where its keys are."""
    assert {name for name, found in PARAMETERS.items() if "Default" not in found} == set(GOOD)


def accepted(name: str) -> SearchStrategy[str]:
    return from_regex(re.compile(PARAMETERS[name]["AllowedPattern"], re.ASCII), fullmatch=True)


@given(sampled_from(PARAMETERS["Environment"]["AllowedValues"]), accepted("AppAppleIds"), accepted("SigningKeyPrefix"))
def test_the_functions_start_with_every_value_that_the_template_accepts(
    environment: str, apps: str, prefix: str
) -> None:
    """A value that passes CloudFormation never stops a function at its first request."""
    environ = Environ("RETENTION_APPLE_URL")
    environ |= {
        "AWS_LAMBDA_FUNCTION_NAME": "retention-GetRetentionMessage",
        "RETENTION_ENVIRONMENT": environment,
        "RETENTION_APP_APPLE_IDS": apps,
        "RETENTION_KEY_PREFIX": prefix,
    }
    kinds = [type(read(environ)).__name__ for read in READERS.values()]
    assert kinds == ["Deployment", "SyncDeployment", *["NotificationsDeployment"] * 2, "RelayDeployment"]


@given(accepted("RelayUrl").filter(lambda url: url.startswith("https://")))
def test_the_relay_starts_with_every_url_that_the_template_accepts(url: str) -> None:
    """A URL that passes CloudFormation never stops the relay, which would find out only with a customer's event."""
    assert RelayDeployment.from_env(Environ() | {"RETENTION_RELAY_URL": url}).url == url


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"Environment": "Production", "AlarmEmail": "a@example.com"},
        {"Environment": "Production", "AlarmTopicArn": TOPIC},
        {"Environment": "Production", "AlarmEmail": "none"},
        {"Environment": "Production", "AlarmEmail": "none", "Deployment": "Canary10Percent5Minutes"},
        {"AlarmEmail": "none"},
        {"SigningKeyKmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/0f3c2a10-cd1e-11f0-9a3b-0e1f2a3b4c5d"},
        {"SigningKeyKmsKeyArn": "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-0f3c2a10"},
        {"PathSecret": NEW, "PreviousPathSecret": OLD},
        {"PathSecret": NEW, "PreviousPathSecret": "none"},
        {"PreviousPathSecret": OLD},
        {"PathSecret": "{{resolve:secretsmanager:retention/path:SecretString:secret::}}"},
        {"PermissionsBoundary": "arn:aws:iam::123456789012:policy/team/boundary"},
        {"PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"},
        {"ServerErrorPercent": "0.1"},
        {"RunbookUrl": "https://wiki.example.com/retention?page=1#alarms"},
        {"DomainName": "retention.example.com", "CertificateArn": CERTIFICATE, "DefaultEndpoint": "off"},
        {"RehearsalTrustAnchor": "MIIB"},
        {"SnapStart": "on"},
        {"ProvisionedConcurrency": "2"},
        {"DomainName": "retention.example.com", "CertificateArn": CERTIFICATE},
        {"AlarmEmail": "a@example.com"},
        {"AlarmTopicArn": TOPIC},
        {"KnownLeaves": "0f" * 32},
        {"KnownLeaves": ",".join(["0f" * 32] * 10)},
        {"Notifications": "pull"},
        {"Notifications": "push"},
        PUSHED,
        {"Notifications": "push", "RelayUrl": "https://receiver.example.com:8443/asn/v2?pk=a1_b2"},
        {"Notifications": "push", "RelayUrl": "{{resolve:secretsmanager:retention/relay}}"},
        {"Analysis": "on"},
        EVERY_PART,
        {"Analysis": "on", "Notifications": "pull", "AnalysisRetentionDays": "800"},
    ],
)
def test_sensible_parameters_are_accepted(given: dict[str, str]) -> None:
    """What belongs together passes the rules and the bounds."""
    values = parameters(given)
    assert refused_by(values) == []
    assert [name for name, value in values.items() if not acceptable(name, value)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Environment", "Xcode"),
        ("AppAppleIds", ""),
        ("AppAppleIds", "1, 2"),
        ("AppAppleIds", "1,"),
        ("AppAppleIds", "com.example.app"),
        ("SigningKeyPrefix", "retention"),
        ("SigningKeyPrefix", "/"),
        ("SigningKeyPrefix", "/retention/"),
        ("SigningKeyPrefix", "/retention/*"),
        ("SigningKeyPrefix", "/aws/retention"),
        ("SigningKeyPrefix", "/SSM"),
        ("PathSecret", "short"),
        ("PathSecret", "with/a/slash/in/it/"),
        ("PathSecret", "{proxy+}aaaaaaaaaaaa"),
        ("PathSecret", "none"),
        ("PathSecret", "{{resolve:ssm-secure:/retention/path:1}}"),
        ("PathSecret", "{{resolve:secretsmanager:a}}/{proxy+}"),
        ("PreviousPathSecret", "short"),
        ("PreviousPathSecret", "{proxy+}aaaaaaaaaaaa"),
        ("DefaultEndpoint", "false"),
        ("Deployment", "Canary"),
        ("SigningKeyKmsKeyArn", "alias/retention"),
        ("SigningKeyKmsKeyArn", "arn:aws:kms:us-east-1:123456789012:alias/retention"),
        ("PermissionsBoundary", "boundary"),
        ("PermissionsBoundary", "arn:aws:iam::123456789012:role/boundary"),
        ("AppAppleIds", ",".join(["6745974591"] * 160)),
        ("AccessLogRetentionDays", "2"),
        ("TableUnitsPerSecond", "0"),
        ("ServerErrorPercent", "51"),
        ("RunbookUrl", "http://wiki.example.com"),
        ("RunbookUrl", 'https://wiki.example.com/")'),
        ("DomainName", "https://example.com"),
        ("CertificateArn", "certificate"),
        ("MemorySize", "128"),
        ("ReservedConcurrency", "-2"),
        ("ProvisionedConcurrency", "-1"),
        ("SnapStart", "true"),
        ("Architecture", "x86"),
        ("LogRetentionDays", "2"),
        ("RehearsalTrustAnchor", "-----BEGIN CERTIFICATE-----"),
        ("RehearsalTrustAnchor", "certificate.pem"),
        ("RehearsalTrustAnchor", "retention"),
        ("RehearsalTrustAnchor", "MI" + "A" * 2_500),
        ("KnownLeaves", "0F" * 32),
        ("KnownLeaves", f"{'0f' * 32}, {'0e' * 32}"),
        ("KnownLeaves", ",".join(["0f" * 32] * 11)),
        ("AlarmEmail", "nobody"),
        ("AlarmTopicArn", "alarms"),
        ("SilentHours", "169"),
        ("UnansweredPercent", "0"),
        ("SyncSchedule", "hourly"),
        ("Notifications", "on"),
        ("Analysis", "push"),
        ("AnalysisRetentionDays", "29"),
        ("AnalysisScanLimit", "0"),
        ("RelayUrl", "http://receiver.example.com"),
        ("RelayUrl", "https://user:password@receiver.example.com"),
        ("RelayUrl", "https://receiver.example.com/#part"),
        ("RelayUrl", "https://receiver.example.com/a b"),
        ("RelayUrl", "https://"),
        ("RelayUrl", "receiver.example.com"),
        ("RelayUrl", "https://receiver.example.com/" + "a" * 1_000),
    ],
)
def test_a_wrong_parameter_fails_at_deployment(name: str, value: str) -> None:
    """A value out of bounds is refused by CloudFormation, not discovered by the first customer."""
    assert not acceptable(name, value)


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_is_bounded_explained_grouped_and_used(name: str) -> None:
    """Every parameter has a description, bounds and a group, and is used."""
    bounds = PARAMETERS[name]
    assert bounds["Description"].endswith(".")
    assert "AllowedValues" in bounds or "AllowedPattern" in bounds or {"MinValue", "MaxValue"} <= set(bounds)
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sum(group["Parameters"].count(name) for group in groups) == 1
    used = json.dumps([template()["Resources"], template()["Conditions"]])
    assert f'{{"Ref": "{name}"}}' in used or f"${{{name}}}" in used


SAMCONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())


def configured(section: str) -> dict[str, str]:
    """Return the parameters of one of samconfig.toml's stacks."""
    overrides = SAMCONFIG[section]["deploy"]["parameters"]["parameter_overrides"]
    return dict(override.split("=", 1) for override in overrides)


@pytest.mark.parametrize(("section", "environment"), [("sandbox", "Sandbox"), ("production", "Production")])
def test_samconfig_has_parameters_that_the_template_accepts(section: str, environment: str) -> None:
    """samconfig.toml has a stack for each environment, with parameters the template knows and accepts."""
    config, given = SAMCONFIG[section]["deploy"]["parameters"], configured(section)
    assert given["Environment"] == environment
    assert section in config["stack_name"]
    assert {name for name, found in PARAMETERS.items() if "Default" not in found} <= set(given)
    assert [name for name, value in given.items() if not acceptable(name, value)] == []
    assert refused_by(parameters(given)) == []
    assert f"environment={section}" in config["tags"].split()


SECTIONS = [name for name, found in SAMCONFIG.items() if isinstance(found, dict)]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_production_stack_reports_to_a_person(section: str) -> None:
    """Every production stack in samconfig.toml has an address or a topic for alarms."""
    given = configured(section)
    if given["Environment"] == "Production":
        assert given.get("AlarmTopicArn") or given.get("AlarmEmail", "none") not in {"", "none"}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_stack_states_where_its_alarms_go(section: str) -> None:
    """For each stack, `none` included: else `retention doctor` finds a fault in a stack that is as it was meant."""
    given = configured(section)
    assert given.get("AlarmTopicArn") or given.get("AlarmEmail")


@pytest.mark.parametrize("section", SECTIONS)
def test_sandbox_has_no_missing_request_alarm_and_production_shifts_slowly(section: str) -> None:
    """The sandbox has no alarm for missing requests; in production, a new version first gets a tenth of all."""
    given = parameters(configured(section))
    production = given["Environment"] == "Production"
    assert decided({"Condition": "WatchesSilence"}, given) == production
    assert decided({"Condition": "ShiftsGradually"}, given) == production


@pytest.mark.parametrize(
    ("email", "topic", "has_topic", "makes_one"),
    [
        ("", "", False, False),
        ("none", "", False, False),
        ("a@example.com", "", True, True),
        ("", TOPIC, True, False),
        ("none", TOPIC, True, False),
    ],
)
def test_the_address_none_makes_no_topic(email: str, topic: str, *, has_topic: bool, makes_one: bool) -> None:
    """AlarmEmail=none makes no topic, and leaves alarms without an action."""
    values = parameters({"AlarmEmail": email, "AlarmTopicArn": topic})
    assert decided({"Condition": "HasAlarmTopic"}, values) == has_topic
    assert decided({"Condition": "HasAlarmEmail"}, values) == makes_one


# --- logs and roles ---


def test_logs_with_addresses_are_kept_shorter_than_answers() -> None:
    """The access log has callers' addresses: it and the sync's log have a retention of their own."""
    kept = {name: found["Properties"]["RetentionInDays"] for name, found in resources("AWS::Logs::LogGroup").items()}
    own, answers = {"Ref": "AccessLogRetentionDays"}, {"Ref": "LogRetentionDays"}
    assert kept == {
        "FunctionLogs": answers,
        "NotificationLogs": answers,  # outcomes are evaluated together with decisions
        "AccessLogs": own,
        "SyncLogs": own,
        "RelayLogs": own,
        "AnalysisLogs": own,
    }
    assert (PARAMETERS["AccessLogRetentionDays"]["Default"], PARAMETERS["LogRetentionDays"]["Default"]) == (30, 400)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_lambda_adds_no_lines_of_its_own(function: str) -> None:
    """START, END and REPORT are left out; INFO keeps our lines, which Lambda takes for INFO, metrics too."""
    given = FUNCTIONS[function]["Properties"]["LoggingConfig"]
    assert {name: given[name] for name in ("LogFormat", "SystemLogLevel", "ApplicationLogLevel")} == {
        "LogFormat": "JSON",
        "SystemLogLevel": "WARN",
        "ApplicationLogLevel": "INFO",
    }


def test_every_role_takes_the_organisation_s_boundary() -> None:
    """The roles of the template, and the schedule's, which SAM makes."""
    schedules = [*SYNC["Properties"]["Events"].values(), *PULL["Properties"]["Events"].values()]
    roles = [found["Properties"] for found in resources("AWS::IAM::Role").values()]
    assert len(roles) == 9
    for found in (*roles, *(schedule["Properties"] for schedule in schedules)):
        assert found["PermissionsBoundary"] == {
            "Fn::If": ["HasPermissionsBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]
        }


@pytest.mark.parametrize("function", ["GetRetentionMessage", "TakeInNotifications", "PullNotifications"])
def test_the_largest_parameters_fit_into_lambda_s_variables(function: str) -> None:
    """A function's variables have 4 096 bytes together: each parameter at its longest fits, the others as usual."""
    variables = FUNCTIONS[function]["Properties"]["Environment"]["Variables"]
    own = {name: value["Ref"] for name, value in variables.items() if isinstance(value, dict) and "Ref" in value}
    usual = sum(len(name) for name in variables) + 600  # table, stack, prefix and what else is short
    queues = sum(name.endswith("QUEUE_URL") for name in variables) * 180
    for parameter in ("AppAppleIds", "RehearsalTrustAnchor", "KnownLeaves"):
        assert parameter in own.values()
        assert usual + queues + PARAMETERS[parameter]["MaxLength"] < 4_096


def test_the_outputs_are_those_that_console_and_owner_need() -> None:
    """The outputs are the URL for Apple, the table, the logs, the prefix of the keys and the operator's policy."""
    outputs = template()["Outputs"]
    assert {"Url", "TableName", "FunctionLogGroup", "SigningKeyPrefix", "OperatorPolicyArn"} <= set(outputs)
    assert outputs["TableName"]["Value"] == {"Ref": "Table"}
    assert outputs["Notifications"]["Value"] == {"Ref": "Notifications"}
    for name, queue in {
        "NotificationQueueUrl": "NotificationQueue",
        "ParkingQueueUrl": "ParkingQueue",
        "RelayQueueUrl": "RelayQueue",
        "RelayDeadLettersUrl": "RelayDeadLetters",
        "NotificationsLogGroup": "NotificationLogs",
    }.items():
        assert outputs[name]["Value"] == {"Ref": queue}
        assert outputs[name]["Condition"] == template()["Resources"][queue]["Condition"]


# --- Apple's notifications ---

# What each mode adds to a stack: `pull` the first, `push` the second too, and with RelayUrl the third.
ADDED_BY_PULL = {
    *("NotificationQueue", "ParkingQueue", "NotificationLogs"),
    *("TakeInNotifications", "TakeInRole", "PullNotifications", "PullRole"),
    *("ParkedAlarm", "LateNotificationsAlarm", "DelayedNotificationsAlarm", "NoNotificationsAlarm", "PullMissingAlarm"),
}
ADDED_BY_PUSH = {
    *("NotificationIntegration", "NotificationIntegrationRole", "NotificationRoute", "ForgedNotificationsAlarm"),
}
ADDED_BY_THE_RELAY = {
    *("RelayQueue", "RelayDeadLetters", "RelayLogs", "RelayNotifications", "RelayRole"),
    *("RelayFailingAlarm", "RelayDeadLettersAlarm"),
}


def made(given: dict[str, str]) -> set[str]:
    """Return the logical ids of what the parameters make: resources and outputs."""
    values = parameters(given)
    return {
        name
        for section in ("Resources", "Outputs")
        for name, found in template()[section].items()
        if "Condition" not in found or decided({"Condition": found["Condition"]}, values)
    }


def test_a_stack_without_notifications_is_what_it_was() -> None:
    """With `off`, the default, there is no queue, function, role, route, log, alarm or widget for notifications."""
    off = made({})
    assert not off & (ADDED_BY_PULL | ADDED_BY_PUSH | ADDED_BY_THE_RELAY)
    assert {name for name in off if re.search("Notif|Relay|Queue|Pull|Park", name)} == {"Notifications"}  # the output
    assert PARAMETERS["Notifications"]["Default"] == "off"
    assert PARAMETERS["RelayUrl"]["Default"] == ""
    text = json.dumps(dashboard(parameters({})))
    assert not re.search("otification|Relay", text)
    operator = Rights.of("OperatorPolicy", {"Notifications": "off", **FILLED_IN})
    assert not {action for action in operator.actions if action.startswith("sqs:")}


@pytest.mark.parametrize(
    ("given", "more"),
    [
        ({"Notifications": "pull"}, ADDED_BY_PULL),
        ({"Notifications": "push"}, ADDED_BY_PULL | ADDED_BY_PUSH),
        (PUSHED, ADDED_BY_PULL | ADDED_BY_PUSH | ADDED_BY_THE_RELAY),
    ],
)
def test_each_mode_adds_what_it_needs(given: dict[str, str], more: set[str]) -> None:
    """Pull adds the queues too: `retention notifications replay` puts what was parked back into one."""
    added_now = made(given) - made({})
    assert {name for name in added_now if name in template()["Resources"]} == more


@pytest.mark.parametrize("name", QUEUES)
def test_no_queue_loses_what_waits_in_it(name: str) -> None:
    """Each queue is encrypted, keeps a message for fourteen days, and has no redrive policy.

    What becomes of a message is decided by a function and not by the number of its receipts, which grows in an outage.
    """
    queue = QUEUES[name]["Properties"]
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 14 * 86_400
    assert "RedrivePolicy" not in queue


@pytest.mark.parametrize(("function", "queue"), CONSUMERS.items())
def test_sqs_calls_the_functions_with_batches(function: str, queue: str) -> None:
    """Up to ten messages at a time, of which each can fail alone, and at most five calls at once.

    A message is hidden for six times as long as a call may take: until then no other call gets it.
    """
    (source,) = FUNCTIONS[function]["Properties"]["Events"].values()
    assert source["Type"] == "SQS"
    assert source["Properties"] == {
        "Queue": {"Fn::GetAtt": [queue, "Arn"]},
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 5},
    }
    assert QUEUES[queue]["Properties"]["VisibilityTimeout"] == 6 * FUNCTIONS[function]["Properties"]["Timeout"]


def test_a_batch_of_slow_posts_fits_into_a_call_of_the_relay() -> None:
    """Ten posts that take as long as they may leave time for SQS, and less than the longest wait leaves."""
    timeout = FUNCTIONS["RelayNotifications"]["Properties"]["Timeout"]
    assert timeout > 10 * POST_SECONDS * 1.5
    assert LONGEST_WAIT + timeout < 12 * 3_600


def test_the_pull_runs_every_five_minutes_and_never_twice_at_once() -> None:
    """A run ends before the next one begins, and a failed one is not repeated, since the next one is near."""
    (schedule,) = PULL["Properties"]["Events"].values()
    assert schedule["Type"] == "ScheduleV2"
    given = schedule["Properties"]
    assert (given["ScheduleExpression"], given["OmitName"]) == ("rate(5 minutes)", True)
    assert given["RetryPolicy"]["MaximumRetryAttempts"] == 0
    assert PULL["Properties"]["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
    assert PULL["Properties"]["Timeout"] < 300
    alarm = ALARMS["PullMissingAlarm"]["Properties"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 3_600


def test_api_gateway_itself_queues_a_notification() -> None:
    """The body goes into the queue as it is, under a role that may do only this, and no function is called for it."""
    integration = template()["Resources"]["NotificationIntegration"]["Properties"]
    assert (integration["IntegrationType"], integration["IntegrationSubtype"]) == ("AWS_PROXY", "SQS-SendMessage")
    assert integration["PayloadFormatVersion"] == "1.0"
    assert integration["RequestParameters"] == {
        "QueueUrl": {"Ref": "NotificationQueue"},
        "MessageBody": "$request.body",
    }
    assert integration["CredentialsArn"] == {"Fn::GetAtt": ["NotificationIntegrationRole", "Arn"]}
    role = template()["Resources"]["NotificationIntegrationRole"]["Properties"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "apigateway.amazonaws.com"}
    (statement,) = statements_of("NotificationIntegrationRole").values()
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == {"Fn::GetAtt": ["NotificationQueue", "Arn"]}


def test_notifications_hide_no_trouble_of_requests() -> None:
    """API Gateway's metrics also count notifications, so with push no alarm about answers is computed from them.

    ServerError may be: each of its 5xx is one that Apple got.
    """
    (expression,) = [
        entry["Expression"] for entry in ALARMS["VerificationAlarm"]["Properties"]["Metrics"] if "Expression" in entry
    ]
    assert expression == "IF(failed >= 20 AND calls - rejected < 1, 1, 0)"
    assert {namespace for namespace, _, _ in metrics_of(ALARMS["VerificationAlarm"]["Properties"])} == {
        *("AWS/Lambda", "Retention"),
    }
    for entry in ALARMS["LatencyAlarm"]["Properties"]["Metrics"]:
        if "MetricStat" in entry:
            condition, pushed, others = entry["MetricStat"]["Metric"]["Fn::If"]
            assert (condition, pushed["Namespace"], others["Namespace"]) == ("HasPush", "AWS/Lambda", "AWS/ApiGateway")


def test_each_failed_verification_is_a_rejection_too() -> None:
    """VerificationAlarm subtracts all rejections from all calls, so the metric of the failed ones is a part of that."""
    for _, answer in ERROR_ANSWERS:
        if "RejectedVerification" in answer.counts:
            assert "Rejected" in answer.counts


def test_the_url_of_the_receiver_is_shown_nowhere() -> None:
    """It may hold a secret of the owner's: it is NoEcho, and the relay's variable alone has it."""
    assert PARAMETERS["RelayUrl"]["NoEcho"] is True
    text = json.dumps([template()["Resources"], template()["Outputs"]])
    assert text.count('{"Ref": "RelayUrl"}') == 1
    assert "${RelayUrl}" not in text
