"""The bill's sizes and counts, which come from the code that writes log lines, and from the template."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from collections.abc import Sequence
from typing import Final

import pytest
from retention.errors import ERROR_ANSWERS
from retention.log.record import Record
from retention.notifications.fates import JUNK_METRIC, METRICS

from benchmarks import bill
from tests.support.endpoint_on_fakes import MESSAGE, catalog, make_endpoint, rule, signed
from tests.support.sam_template import ROOT, resources

GATEWAY: Final = {"http": {"method": "POST"}, "requestId": "Xk3vFh0YIAMEV1Q="}


def fields_of(record: Record) -> set[str]:
    """Return the fields of a record that its line shows."""
    return {name for name, value in dataclasses.asdict(record).items() if value not in (None, [], {}, ())}


def test_the_line_that_is_priced_is_one_that_the_endpoint_writes() -> None:
    """The answered request of the bill has the fields, metrics and stages that the endpoint writes."""
    at = make_endpoint(catalog(rule(MESSAGE)))
    at.post(signed(), requestContext=GATEWAY)  # the first record has the fields of a cold start
    status, _, record = at.post(signed(), requestContext=GATEWAY)
    assert status == 200
    # under another root than Apple's, the days left of the leaf are not logged
    assert fields_of(record) | {"leaf_days_left"} == fields_of(bill.ANSWERED)
    assert set(record.times) == set(bill.ANSWERED.times)
    assert bill.metrics_of(record) | {"LeafDaysLeft"} == bill.metrics_of(bill.ANSWERED)


def test_the_probe_s_line_is_one_that_the_endpoint_writes() -> None:
    """The refused `{}` of the bill has the fields and the reason that the endpoint writes."""
    at = make_endpoint(catalog(rule(MESSAGE)))
    at.post(signed(), requestContext=GATEWAY)
    at.endpoint.respond({"version": "2.0", "requestContext": GATEWAY, "body": "{}"})
    record = at.lines.records[-1]
    assert fields_of(record) == fields_of(bill.PROBED)
    assert (record.reason, record.counts) == (bill.PROBED.reason, bill.PROBED.counts)


def test_every_metric_of_a_request_and_of_the_sync_is_counted() -> None:
    """The bill has the metrics of refusals and of the sync, and all that alarms and the dashboard read."""
    assert set(bill.REFUSED_COUNTS) == {name for _, answer in ERROR_ANSWERS for name in answer.counts}
    tree = ast.parse((ROOT / "handler" / "sync.py").read_text(encoding="utf-8"))
    named: list[Sequence[ast.expr | None]] = [node.keys for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    named += [node.args for node in ast.walk(tree) if isinstance(node, ast.Call)]
    literals = {each.value for group in named for each in group if isinstance(each, ast.Constant)}
    assert set(bill.SYNC_METRICS) == {text for text in literals if re.fullmatch(r"([A-Z][a-z]+){2,}", str(text))}
    (dashboard,) = resources("AWS::CloudWatch::Dashboard").values()
    shown = re.findall(r'\["Retention", "(\w+)", "service"', json.dumps(dashboard).replace('\\"', '"'))
    read = [
        metric.get("MetricName")
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        for metric in (
            alarm["Properties"],
            *(
                entry["MetricStat"]["Metric"]
                for entry in alarm["Properties"].get("Metrics", [])
                if "MetricStat" in entry
            ),
        )
        if metric.get("Namespace") == "Retention" and isinstance(metric["MetricName"], str)
    ]
    assert len(shown) > 20
    assert {*shown, *read} <= {*bill.metrics_of_a_busy_stack(), *bill.NOTIFICATION_METRICS}


def test_the_access_log_s_line_is_the_template_s() -> None:
    """The bill's line is the template's format with a value for each variable, and is JSON."""
    line = json.loads(bill.access_line())
    assert (line["status"], line["mark"]) == ("200", "status=200")
    assert "$" not in bill.access_line()


def test_logs_are_billed_by_the_bytes_of_both_lines() -> None:
    """A million requests write a million lines of each log, kept for as many days as the template sets."""
    size = len(bill.line(bill.ANSWERED)) + len(bill.access_line()) + 2 * bill.LOG_EVENT_BYTES
    found = bill.requests()
    assert found.logs == pytest.approx(size * 1_000_000 / 1e9 * 0.50)
    assert found.http_api == 1.00
    assert found.reads == pytest.approx(0.125)
    ours = bill.stored(bill.line(bill.ANSWERED)) * 400 / 30
    access = bill.stored(bill.access_line()) * 30 / 30
    assert found.kept == pytest.approx((ours + access) * 1_000_000 / 1e9 * 0.15 * 0.03)


def test_an_alarm_is_billed_by_the_metrics_it_reads() -> None:
    """An alarm on an expression over four metrics costs as much as four alarms."""
    alarms = [alarm["Properties"] for alarm in resources("AWS::CloudWatch::Alarm").values()]
    simple = sum("MetricName" in alarm for alarm in alarms)
    read = sum("MetricStat" in entry for alarm in alarms for entry in alarm.get("Metrics", []))
    added = [bill.alarm_metrics(added_by=parameter) for parameter in bill.OPTIONAL]
    assert bill.alarm_metrics() + sum(added) == simple + read
    assert bill.alarm_metrics() > max(added) > 0
    assert read > simple / 2


def test_every_metric_of_the_notifications_is_counted() -> None:
    """The bill has each metric that the functions for Apple's notifications write."""
    written = {*METRICS.values(), JUNK_METRIC}
    for name in ("relay.py", "notifications.py", "retention/notifications/scheduled_pull.py"):
        tree = ast.parse((ROOT / "handler" / name).read_text(encoding="utf-8"))
        texts = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        written |= {text for text in texts if re.fullmatch(r"(Notifications|Pull|Relay|SeenBy)([A-Z][a-z]+)+", text)}
    assert written == set(bill.NOTIFICATION_METRICS)
