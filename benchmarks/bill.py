"""What AWS bills in addition to the function: HTTP API, log lines, table reads, metrics, alarms, dashboard.

Sizes and counts come from their sources: the code that writes a request's log line, and template.yaml for the access
log's format, the alarms, the memory and the retention of logs. Prices are AWS's list prices for us-east-1 in 2026, in
dollars, without free tiers and discounts; look up your own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from cfnlint.decode import cfn_yaml
from retention.log.record import ANSWERED_METRICS, DEGRADED_METRICS, STAGE_METRICS, Record, line_of
from retention.notifications.fates import JUNK_METRIC, METRICS

TEMPLATE: Final = Path(__file__).parent.parent / "template.yaml"

REQUESTS: Final = 1_000_000
HOURS_PER_MONTH: Final = 730
DAYS_PER_MONTH: Final = 30

HTTP_API_MILLION: Final = 1.00  # for a million requests of up to 512 KB
LOG_GB: Final = 0.50  # ingestion
LOG_GB_MONTH: Final = 0.03  # storage
LOG_COMPRESSED: Final = 0.15  # stored bytes per ingested byte, by AWS's estimate
LOG_EVENT_BYTES: Final = 26  # that CloudWatch adds to the size of each line
GB: Final = 1_000_000_000
READ_UNIT: Final = 0.125 / 1_000_000  # DynamoDB on demand, strongly consistent, up to 4 KB
METRIC_MONTH: Final = 0.30  # in proportion to the hours in which it is written
ALARM_METRIC_MONTH: Final = 0.10  # for each metric that an alarm reads
DASHBOARD_MONTH: Final = 3.00
FIREHOSE_GB: Final = 0.029
FIREHOSE_RECORD_BYTES: Final = 5 * 1024  # to which each record is rounded up
DECOMPRESSED_GB: Final = 0.00325

# Parameters that add resources to a stack which has them off.
OPTIONAL: Final = ("Notifications", "Analysis")

# The sync's metrics, in addition to those of the request with which it probes the URL.
SYNC_METRICS: Final = (
    *("SyncSucceeded", "SyncFailed", "SyncRefused", "ProbeFailed"),
    *("MessagesRejected", "ImagesRejected", "LiveApprovalLost"),
)
SYNC_METRICS_OF_A_GOOD_RUN: Final = ("SyncSucceeded", "ProbeFailed", "MessagesRejected", "ImagesRejected")
# Those of the functions that take in notifications, with a relay.
NOTIFICATION_METRICS: Final = (
    *METRICS.values(),
    JUNK_METRIC,
    *("NotificationsNotRelayed", "PullSucceeded", "PullFailed", "SeenByPullOnly"),
    *("RelayDelivered", "RelayFailed", "RelayDead"),
)
FILTERED_METRICS: Final = 1  # ThrottledRequests, zero included
REFUSED_COUNTS: Final = (
    *("Rejected", "RejectedRequest", "RejectedVerification", "RejectedClaim", "RejectedForbidden"),
    *("Unavailable", "Failed"),
)

SYNC_RUNS_PER_MONTH: Final = HOURS_PER_MONTH * 12
SYNC_LINE_BYTES: Final = 2_500  # the log of one run in which nothing changed: three lines with metrics

# The most frequent request: a rule answers it with a message, in a warm environment.
ANSWERED: Final = Record(
    outcome="answered",
    status=200,
    kind="message",
    rule="keep-annual-subscribers",
    release=42,
    message="1b4e28ba-2fa1-51d2-883f-0016d3cca427",
    locale_asked="en-US",
    locale_served="en-US",
    has_default=True,
    app_apple_id=6745974591,
    product_id="com.example.pro.annual",
    request_identifier="3db5c98d-8acf-4e29-831e-8e1f82f9f6e9",
    gateway_request_id="Xk3vFh0YIAMEV1Q=",
    function_version="42",
    customer_hash="ab" * 32,
    key_id="0123abcd",
    trust_anchor="apple",
    leaf_days_left=412,
    catalog_age=12.345,
    cold_start=False,
    times={"verify": 0.312, "lookup": 0.104, "decide": 0.051, "total": 0.612},
)
# The sync's own probe, which posts `{}`.
PROBED: Final = Record(
    outcome="rejected",
    status=400,
    gateway_request_id="Xk3vFh0YIAMEV1Q=",
    function_version="42",
    cold_start=False,
    reason="signed_payload_missing",
    size=2,
    times={"total": 0.112},
    counts=("Rejected", "RejectedRequest"),
)

# Typical values of the variables in the access log's format.
_ACCESS: Final = {
    "requestId": "Xk3vFh0YIAMEV1Q=",
    "requestTimeEpoch": "1764460800000",
    "identity.sourceIp": "17.121.112.201",
    "identity.userAgent": "Apache-HttpClient/5.3 (Java/21.0.2)",
    "httpMethod": "POST",
    "status": "200",
    "integrationStatus": "200",
    "integrationErrorMessage": "-",
    "error.message": "-",
    "responseLength": "79",
    "responseLatency": "12",
    "integrationLatency": "9",
}


@cache
def template() -> dict[str, Any]:
    """Return template.yaml as data."""
    found: dict[str, Any] = cfn_yaml.load(str(TEMPLATE))
    return found


def properties(kind: str, *, added_by: str = "") -> Iterator[dict[str, Any]]:
    """Yield the properties of each resource of a type: of those in any stack, or those that a parameter adds.

    What two parameters of OPTIONAL make together counts as added by the last of them.
    """
    for found in template()["Resources"].values():
        needed = [name for name in OPTIONAL if _depends_on(name, found.get("Condition"))]
        if found["Type"] == kind and (needed or [""])[-1] == added_by:
            yield found["Properties"]


def _depends_on(parameter: str, condition: object) -> bool:
    """Return whether a condition, by its name or as it is written, asks for a parameter."""
    match condition:
        case {"Ref": name}:
            return bool(name == parameter)
        case {"Condition": name} | str(name) if name in template()["Conditions"]:
            return _depends_on(parameter, template()["Conditions"][name])
        case dict():
            return any(_depends_on(parameter, each) for each in condition.values())
        case list():
            return any(_depends_on(parameter, each) for each in condition)
        case _:
            return False


def default(parameter: str) -> int:
    return int(template()["Parameters"][parameter]["Default"])


def line(record: Record) -> str:
    """Return the log line that the function writes for a request."""
    level = "INFO" if record.verified else "WARNING"
    return line_of(record, level, service="retention-production", namespace="Retention", at=1_764_460_800.123)


def access_line() -> str:
    """Return the access log's line for a request. Raises KeyError for a variable without a typical value."""
    (stage,) = properties("AWS::ApiGatewayV2::Stage")
    text = str(stage["AccessLogSettings"]["Format"])
    return re.sub(r"\$context\.([A-Za-z.]+)", lambda found: _ACCESS[found[1]], text)


def stored(text: str) -> int:
    """Return the bytes that CloudWatch counts for a line."""
    return len(text.encode()) + LOG_EVENT_BYTES


def metrics_of(record: Record) -> set[str]:
    """Return the names of the metrics that CloudWatch reads from a request's log line."""
    return {each["Name"] for each in json.loads(line(record))["_aws"]["CloudWatchMetrics"][0]["Metrics"]}


def metrics_of_a_busy_stack() -> set[str]:
    """Return every metric that a stack can write, except that of the access log."""
    times = dict.fromkeys(STAGE_METRICS, 1.0)
    shapes = [Record(request_identifier="1", kind=kind, times=times) for kind in ANSWERED_METRICS]
    shapes += [Record(request_identifier="1", status=204), Record(counts=REFUSED_COUNTS)]
    shapes += [Record(request_identifier="1", status=204, outcome="fallback", holdout="h", holdout_arm="held")]
    shapes += [Record(degraded=list(DEGRADED_METRICS), new_leaf="1", catalog_age=1.0, cold_wait=1.0, leaf_days_left=1)]
    return {*SYNC_METRICS, *(name for shape in shapes for name in metrics_of(shape))}


@dataclass(frozen=True, slots=True)
class Requests:
    """Dollars for a million requests, without the function, which is in `costs`."""

    http_api: float
    logs: float
    kept: float
    reads: float  # of profiles, if rules use facts about customers


def requests() -> Requests:
    ours, access = stored(line(ANSWERED)), stored(access_line())
    months = (ours * default("LogRetentionDays") + access * default("AccessLogRetentionDays")) / DAYS_PER_MONTH
    return Requests(
        http_api=HTTP_API_MILLION,
        logs=REQUESTS * (ours + access) / GB * LOG_GB,
        kept=REQUESTS * months / GB * LOG_COMPRESSED * LOG_GB_MONTH,
        reads=REQUESTS * READ_UNIT,
    )


@dataclass(frozen=True, slots=True)
class Stack:
    """Dollars per month for a stack, without its requests."""

    alarms: float
    dashboard: float
    metrics: float
    sync: float  # runs, probes, and their log lines

    @property
    def total(self) -> float:
        return self.alarms + self.dashboard + self.metrics + self.sync


def stack(function_million: float, sync_run: float, *, called: bool) -> Stack:
    """Return what a stack costs. `called` is whether Apple calls it.

    `function_million` are the dollars for a million requests to the function, `sync_run` those for a run of the sync.
    """
    written = metrics_of_a_busy_stack() if called else metrics_of(PROBED) | set(SYNC_METRICS_OF_A_GOOD_RUN)
    probe = (HTTP_API_MILLION + function_million) / REQUESTS
    logged = (stored(line(PROBED)) + stored(access_line()) + SYNC_LINE_BYTES) / GB * LOG_GB
    return Stack(
        alarms=alarm_metrics() * ALARM_METRIC_MONTH,
        dashboard=len(list(properties("AWS::CloudWatch::Dashboard"))) * DASHBOARD_MONTH,
        metrics=(len(written) + FILTERED_METRICS) * METRIC_MONTH,
        sync=SYNC_RUNS_PER_MONTH * (sync_run + probe + logged),
    )


def notifications() -> Stack:
    """Return what Notifications=push adds to a stack, but for the notifications themselves; pull adds a bit less."""
    return Stack(
        alarms=alarm_metrics(added_by="Notifications") * ALARM_METRIC_MONTH,
        dashboard=0,
        metrics=len(NOTIFICATION_METRICS) * METRIC_MONTH,
        sync=0,
    )


@dataclass(frozen=True, slots=True)
class Delivery:
    """Dollars for a million lines on their way to the bucket, each sent alone, and for the alarms of a month."""

    million: float
    alarms: float


def delivery() -> Delivery:
    """Return what Analysis=on adds to a stack with notifications, but for storing the lines and asking about them."""
    million = REQUESTS * max(FIREHOSE_RECORD_BYTES, stored(line(ANSWERED))) / GB * FIREHOSE_GB
    unpacked = REQUESTS * stored(line(ANSWERED)) / GB * DECOMPRESSED_GB
    return Delivery(million + unpacked, alarm_metrics(added_by="Analysis") * ALARM_METRIC_MONTH)


def alarm_metrics(*, added_by: str = "") -> int:
    """Return the number of metrics that the template's alarms read; each metric of an expression counts."""
    read = 0
    for alarm in properties("AWS::CloudWatch::Alarm", added_by=added_by):
        read += sum("MetricStat" in each for each in alarm.get("Metrics", [])) or 1
    return read
