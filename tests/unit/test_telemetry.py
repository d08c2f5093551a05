"""The two lines of a request: what they hold, and what they cannot."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics
from retention.record import ANSWERED_METRICS, DEGRADED_METRICS, STAGE_METRICS, Record, lines_of
from retention.telemetry import Telemetry


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    # Powertools keeps one logger for each service, with the stream of its first moment.
    service = f"retention-{uuid4()}"
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", service)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Retention")

    def emit(record: Record, level: str = "info") -> tuple[dict[str, Any], dict[str, Any]]:
        Telemetry().emit(record, level)
        printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert len(printed) == 2
        log, metrics = sorted(printed, key=lambda line: "_aws" in line)
        assert log["service"] == metrics["service"] == service
        return log, metrics

    return emit


def answered() -> Record:
    return Record(
        outcome="answered",
        status=200,
        kind="message",
        rule="everyone-else",
        release=7,
        message="1b4e28ba-2fa1-51d2-883f-0016d3cca427",
        locale_asked="en-IN",
        locale_served="en-US",
        has_default=False,
        product_id="pro.monthly",
        request_identifier="3db5c98d-8acf-4e29-831e-8e1f82f9f6e9",
        customer_hash="ab" * 32,
        trust_anchor="apple",
        catalog_age=1.5,
        leaf_days_left=300,
        times={"verify": 0.2, "total": 1.25},
    )


def test_a_request_is_one_log_line_and_one_metrics_line(lines: Any) -> None:
    """The log line says what was answered and why; the metrics line counts and times it, under the stack's name."""
    log, metrics = lines(answered())
    assert log["message"] == "answered"
    assert log["level"] == "INFO"
    assert log["messageIdentifier"] == "1b4e28ba-2fa1-51d2-883f-0016d3cca427"
    assert log["localeServed"] == "en-US"
    assert log["hasDefault"] is False
    assert log["times"] == {"verify": 0.2, "total": 1.25}
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Retention"
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    for name in ("Verified", "Answered", "AnsweredMessage"):
        assert metrics[name] == [1.0]
    assert (metrics["CatalogAge"], metrics["VerifyTime"], metrics["TotalTime"]) == ([1.5], [0.2], [1.25])
    assert metrics["LeafDaysLeft"] == [300.0]


def test_a_new_leaf_is_named_and_counted(lines: Any) -> None:
    """A certificate of Apple's that nobody acknowledged is in the line by its fingerprint, and has a metric."""
    record = answered()
    record.new_leaf = "cd" * 32
    log, metrics = lines(record)
    assert (log["newLeaf"], metrics["NewLeaf"]) == ("cd" * 32, [1.0])
    log, metrics = lines(answered())
    assert "newLeaf" not in log
    assert "NewLeaf" not in metrics


def test_a_field_that_is_not_known_is_left_out(lines: Any) -> None:
    """Absent is absent, not null."""
    log, metrics = lines(
        Record(outcome="rejected", status=401, reason="signature_invalid", size=9, counts=("Rejected",))
    )
    assert set(log) == {"level", "message", "timestamp", "service", "status", "reason", "size"}
    assert metrics["Rejected"] == [1.0]
    assert "Verified" not in metrics


def test_no_answer_is_counted(lines: Any) -> None:
    """A verified request without an answer is Verified and NoAnswer."""
    record = answered()
    record.status, record.kind = 204, None
    _, metrics = lines(record)
    assert (metrics["Verified"], metrics["NoAnswer"]) == ([1.0], [1.0])
    assert "Answered" not in metrics


def test_degradations_are_counted_once_each(lines: Any) -> None:
    """Each way of answering less well has its metric, and together they are Degraded."""
    record = answered()
    record.degraded = ["catalog", "states", "customer"]
    _, metrics = lines(record)
    assert metrics["Degraded"] == metrics["DegradedCatalog"] == metrics["DegradedCustomer"] == [1.0]


def test_long_texts_are_cut(lines: Any) -> None:
    """A signed request with a long locale does not make a long line."""
    record = answered()
    record.locale_asked = "x" * 10_000
    log, _ = lines(record)
    assert len(log["localeAsked"]) == 128


def test_a_record_cannot_hold_anything_else() -> None:
    """The allow-list is a type: there is no field for a token or a transaction."""
    with pytest.raises(AttributeError):
        Record().original_transaction_id = "99371282"  # type: ignore[attr-defined]  # the point of the test


def test_a_stage_that_fails_is_timed() -> None:
    """Time spent on a failure is time a customer waited."""
    record = Record()
    with pytest.raises(ValueError, match="x"), record.stage("verify"):
        raise ValueError("x")
    assert record.times["verify"] >= 0


def test_every_metric_is_documented_by_its_table() -> None:
    """Kinds, stages and degradations each have a metric of their own name."""
    assert len(set(ANSWERED_METRICS.values())) == len(ANSWERED_METRICS)
    assert len(set(STAGE_METRICS.values())) == len(STAGE_METRICS)
    assert set(DEGRADED_METRICS.values()) == {"DegradedHead", "DegradedCatalog", "DegradedCustomer", "SigningFailed"}


def test_a_refusal_to_start_says_why(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who deployed a contradiction finds the reason in the log of the first start."""
    # Powertools keeps one logger for each service, with the stream of its first moment.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"retention-{uuid4()}")
    Telemetry().refused_to_start("clock_deployed", "unset RETENTION_CLOCK")
    log = json.loads(capsys.readouterr().out)
    assert (log["level"], log["reason"], log["explanation"]) == ("CRITICAL", "clock_deployed", "unset RETENTION_CLOCK")


def test_the_lines_are_those_powertools_would_write(capsys: pytest.CaptureFixture[str]) -> None:
    """Logger and Metrics, asked for the same, write the same keys, units, dimensions and values."""
    service, record = f"retention-{uuid4()}", answered()
    log, metrics = map(
        json.loads, lines_of(record, "info", service=service, namespace="R", at=1795521600.5).splitlines()
    )
    told = {key: value for key, value in log.items() if key not in {"level", "message", "timestamp", "service"}}
    logger = Logger(service=service, location=None)
    logger.info(log["message"], **told)
    powertools = Metrics(service=service, namespace="R")
    for metric in metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
        powertools.add_metric(metric["Name"], metric["Unit"], metrics[metric["Name"]][0])
    powertools.flush_metrics()
    by_logger, by_metrics = map(json.loads, capsys.readouterr().out.splitlines())
    assert re.fullmatch(r"2026-11-24 12:00:00,500\+0000", log["timestamp"])
    assert re.fullmatch(r"[0-9-]{10} [0-9:]{8},[0-9]{3}\+0000", by_logger["timestamp"])
    assert {**by_logger, "timestamp": log["timestamp"]} == log
    by_metrics["_aws"]["Timestamp"] = metrics["_aws"]["Timestamp"]
    assert by_metrics == metrics
    assert metrics["_aws"]["Timestamp"] == 1795521600500
