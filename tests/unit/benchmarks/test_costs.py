"""The bill of a stack: its sizes and counts come from code and template, and the documents show its figures."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from typing import Any, Final

import pytest
from retention.errors import ERROR_ANSWERS
from retention.log.record import Record

from benchmarks import bill, costs
from tests.support.endpoint_on_fakes import MESSAGE, catalog, make_endpoint, rule, signed
from tests.support.sam_template import ROOT, resources

PERFORMANCE: Final = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
GATEWAY: Final = {"http": {"method": "POST"}, "requestId": "Xk3vFh0YIAMEV1Q="}


def fields_of(record: Record) -> set[str]:
    """Return the fields of a record that its line shows."""
    return {name for name, value in dataclasses.asdict(record).items() if value not in (None, [], {}, ())}


@pytest.fixture
def measured() -> costs.Function:
    """Return our function with the times from the first table of docs/performance.md."""
    (init, warm), *_ = re.findall(r"^\| ours[^|]*\| [\d.]+ \| ([\d.]+) \| ([\d.]+) \|", PERFORMANCE, re.MULTILINE)
    return costs.Function("ours", float(init) / 1000, float(warm) / 1000)


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
    literals = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert set(bill.SYNC_METRICS) == {text for text in literals if re.fullmatch(r"([A-Z][a-z]+){2,}", text)} & {
        key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }
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
    assert {*shown, *read} <= bill.metrics_of_a_busy_stack()


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
    assert bill.alarm_metrics() == simple + read
    assert read > simple / 2


def test_a_stack_that_is_never_called_has_the_metrics_of_the_sync_alone(measured: costs.Function) -> None:
    """It pays for alarms, dashboard and sync like every stack, and not for the metrics of requests."""
    idle, busy = (costs.stack(measured, called=called) for called in (False, True))
    assert (idle.alarms, idle.dashboard, idle.sync) == (busy.alarms, busy.dashboard, busy.sync)
    assert idle.metrics < busy.metrics / 3
    assert idle.total == pytest.approx(idle.alarms + idle.dashboard + idle.metrics + idle.sync)


def test_a_flood_costs_what_security_md_states(measured: costs.Function) -> None:
    """A day at the route's limit, and a day of each 1 000 requests a second above it, have the printed costs."""
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8").replace("\n  ", "")
    limit, above = costs.flood(measured)
    ((day, gateway),) = re.findall(r"list prices \$(\d+) a day, of which \$(\d+)", security)
    ((thousand),) = re.findall(r"\$(\d+) a day for each 1 000 a second", security)
    assert float(day) == pytest.approx(limit, abs=2)
    assert float(gateway) == pytest.approx(500 * 86_400 / 1e6, abs=0.5)
    assert float(thousand) == pytest.approx(above, abs=0.6)


# Documents


def cells(text: str) -> list[tuple[str, float, float]]:
    """Return the rows of the complete table: name, dollars for a million requests, dollars a month."""
    found = re.findall(r"^(\S.*?) {2,}([\d.,]+) +([\d.,]+)$", text, re.MULTILINE)
    return [(name, float(first.replace(",", "")), float(second.replace(",", ""))) for name, first, second in found]


def test_performance_md_shows_what_is_computed(measured: costs.Function) -> None:
    """Each row agrees; the function's share, and the sum with it, may differ by one run of `make bench`."""
    block = PERFORMANCE.split("Dollars, everything")[1].split("\n\n")[0]
    shown = cells(block)
    billed: list[tuple[str, float]] = costs.rows(measured)
    expected = [*billed, ("sum", sum(dollars for _, dollars in billed))]
    assert [name for name, _, _ in shown] == [name for name, _ in expected]
    for (name, million, month), (_, dollars) in zip(shown, expected, strict=True):
        own = name.startswith("function") or name == "sum"
        assert million == pytest.approx(dollars, abs=0.03 if own else 0.0051), name
        assert month == pytest.approx(dollars * 300, abs=9 if own else 0.51), name


@pytest.mark.parametrize("document", [README, PERFORMANCE], ids=["README.md", "performance.md"])
def test_an_owner_s_question_is_answered_in_one_line(document: str, measured: costs.Function) -> None:
    """The costs of a million requests and of an idle stack are stated, to a tenth of a dollar and to a dollar."""
    answer, _ = costs.answers(measured)
    computed: Any = re.findall(r"\$(\d+\.\d\d)", answer)
    ((million, idle),) = re.findall(
        r"million requests cost about \$([\d.]+\d).{0,60}? stack that is never called about \$([\d.]*\d)",
        document.replace("\n", " "),
    )
    assert float(million) == pytest.approx(float(computed[0]), abs=0.06)
    assert float(idle) == pytest.approx(float(computed[1]), abs=0.6)


def test_what_an_idle_stack_pays_for_is_computed(measured: costs.Function) -> None:
    """The sentence in docs/performance.md has the computed costs of alarms, dashboard, metrics and sync."""
    idle, busy = (costs.stack(measured, called=called) for called in (False, True))
    sentence = PERFORMANCE.replace("\n", " ").partition("never called pays for")[2].partition("the sync's runs")
    parts = re.findall(r"\$(\d+\.\d\d)", sentence[0] + sentence[2][:10])
    expected = [idle.alarms, idle.dashboard, idle.metrics, busy.metrics, idle.sync]
    assert [float(part) for part in parts] == [pytest.approx(dollars, abs=0.015) for dollars in expected]
