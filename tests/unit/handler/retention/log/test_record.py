"""The log line of one request: its fields and metrics, and what it can never hold."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from uuid import uuid4

import pytest
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics
from retention.decision import Decision, HoldoutPlace, Outcome
from retention.errors import ERROR_ANSWERS
from retention.log.record import (
    _KEYS,
    ANSWERED_METRICS,
    DEGRADED_METRICS,
    STAGE_METRICS,
    Record,
    camel_case,
    line_of,
    process_age_ms,
)
from retention.log.telemetry import Telemetry

from console.terminal.json_form import camel


@pytest.fixture
def emit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "retention-unit")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Retention")

    def emit(record: Record, level: str = "info") -> dict[str, Any]:
        Telemetry().emit(record, level)
        (printed,) = capsys.readouterr().out.splitlines()
        line: dict[str, Any] = json.loads(printed)
        assert line["service"] == "retention-unit"
        return line

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
        app_apple_id=6745974591,
        product_id="pro.monthly",
        request_identifier="3db5c98d-8acf-4e29-831e-8e1f82f9f6e9",
        customer_hash="ab" * 32,
        key_id="0123abcd",
        trust_anchor="apple",
        catalog_age=1.5,
        leaf_days_left=300,
        times={"verify": 0.2, "total": 1.25},
    )


def test_a_request_is_one_line(emit: Any) -> None:
    """The line has the answer, its rule and its times, and carries the metrics under the stack's name."""
    line = emit(answered())
    assert line["message"] == "answered"
    assert line["level"] == "INFO"
    assert line["messageIdentifier"] == "1b4e28ba-2fa1-51d2-883f-0016d3cca427"
    assert line["localeServed"] == "en-US"
    assert line["hasDefault"] is False
    assert (line["appAppleId"], line["keyId"]) == (6745974591, "0123abcd")
    assert line["times"] == {"verify": 0.2, "total": 1.25}
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Retention"
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    for name in ("Verified", "Answered", "AnsweredMessage"):
        assert line[name] == [1.0]
    assert (line["CatalogAge"], line["VerifyTime"], line["TotalTime"]) == ([1.5], [0.2], [1.25])
    assert line["LeafDaysLeft"] == [300.0]


def test_a_new_leaf_is_named_and_counted(emit: Any) -> None:
    """A certificate of Apple's that is not acknowledged is in the line by its fingerprint, and has a metric."""
    record = answered()
    record.new_leaf = "cd" * 32
    line = emit(record)
    assert (line["newLeaf"], line["NewLeaf"]) == ("cd" * 32, [1.0])
    line = emit(answered())
    assert "newLeaf" not in line
    assert "NewLeaf" not in line


def test_a_field_without_a_value_is_left_out(emit: Any) -> None:
    """A field without a value has no key in the line; it is not written as null."""
    line = emit(Record(outcome="rejected", status=401, reason="signature_invalid", size=9, counts=("Rejected",)))
    assert set(line) == {"level", "message", "timestamp", "service", "status", "reason", "size", "_aws", "Rejected"}
    assert line["Rejected"] == [1.0]
    assert "Verified" not in line


def test_no_answer_is_counted(emit: Any) -> None:
    """A verified request without an answer is counted as Verified and as NoAnswer."""
    record = answered()
    record.status, record.kind = 204, None
    line = emit(record)
    assert (line["Verified"], line["NoAnswer"]) == ([1.0], [1.0])
    assert "Answered" not in line


def test_a_customer_left_to_apple_by_intent_is_no_missing_answer(emit: Any) -> None:
    """A holdout's fallback is counted as HeldOut, so that no alarm over missing answers counts it."""
    record = answered()
    record.status, record.kind, record.rule = 204, None, None
    record.note_decision(Decision(Outcome.FALLBACK, "ab" * 32, holdout=HoldoutPlace("h", held=True)))
    line = emit(record)
    assert (line["holdout"], line["holdoutArm"], line["HeldOut"]) == ("h", "held", [1.0])
    assert "NoAnswer" not in line


def test_a_holdouts_message_that_cannot_be_served_is_a_missing_answer(emit: Any) -> None:
    """The line has the reason, and NoAnswer: the owner wanted these customers to see a message."""
    record = answered()
    record.status, record.kind, record.rule = 204, None, None
    place = HoldoutPlace("h", held=True, reason=("not_approved", "keep has no approved text"))
    record.note_decision(Decision(Outcome.FALLBACK, "ab" * 32, holdout=place))
    line = emit(record)
    assert (line["holdoutArm"], line["reason"], line["NoAnswer"]) == ("held", "not_approved", [1.0])
    assert "HeldOut" not in line


def test_customers_who_are_not_held_out_are_in_the_line_too(emit: Any) -> None:
    """Without the customers who are served, those held out could be compared with none."""
    record = answered()
    record.status, record.kind = 204, None
    record.note_decision(Decision(Outcome.NO_RULE, "ab" * 32, holdout=HoldoutPlace("h", held=False)))
    line = emit(record)
    assert (line["holdout"], line["holdoutArm"], line["NoAnswer"]) == ("h", "served", [1.0])


def test_the_members_of_a_holdout_take_at_most_80_bytes() -> None:
    """A line is billed by the byte: with a key of 40 characters, a holdout adds at most 80; without, none."""
    plain, held = answered(), answered()
    held.note_decision(Decision(Outcome.NO_RULE, "ab" * 32, holdout=HoldoutPlace("h" * 40, held=False)))
    plain.note_decision(Decision(Outcome.NO_RULE, "ab" * 32))
    lines = [line_of(record, "info", service="s", namespace="R", at=0.0) for record in (plain, held)]
    assert len(lines[1]) - len(lines[0]) <= 80
    assert "holdout" not in lines[0]


def test_degradations_are_counted_once_each(emit: Any) -> None:
    """Each kind of degradation has its own metric, and together they count once as Degraded."""
    record = answered()
    record.degraded = ["catalog", "states", "customer", "subscription"]
    line = emit(record)
    assert line["Degraded"] == line["DegradedCatalog"] == line["DegradedCustomer"] == [1.0]


def test_long_texts_are_cut(emit: Any) -> None:
    """A signed request with a locale of 10 000 characters has 128 of them in its line."""
    record = answered()
    record.locale_asked = "x" * 10_000
    line = emit(record)
    assert len(line["localeAsked"]) == 128


def test_a_record_cannot_hold_anything_else() -> None:
    """A record has a fixed set of fields, and none for a token or a transaction id."""
    with pytest.raises(AttributeError):
        Record().original_transaction_id = "99371282"  # type: ignore[attr-defined]  # the point of the test


def test_a_stage_that_fails_is_timed() -> None:
    """A stage that raises still has its time in the record, since the customer waited for it."""
    record = Record()
    with pytest.raises(ValueError, match="x"), record.stage("verify"):
        raise ValueError("x")
    assert record.times["verify"] >= 0


def test_kinds_stages_and_degradations_have_their_own_metrics() -> None:
    """No two kinds of answer, and no two stages, share a metric."""
    assert len(set(ANSWERED_METRICS.values())) == len(ANSWERED_METRICS)
    assert len(set(STAGE_METRICS.values())) == len(STAGE_METRICS)
    assert set(DEGRADED_METRICS.values()) == {"DegradedHead", "DegradedCatalog", "DegradedCustomer", "SigningFailed"}


@pytest.mark.parametrize("record", [answered(), Record(outcome="rejected", status=401, counts=("Rejected",))])
def test_the_line_is_what_powertools_would_write(capsys: pytest.CaptureFixture[str], record: Record) -> None:
    """Powertools' Logger and Metrics, given the same values, write together the same keys, each of them once."""
    service = f"retention-{uuid4()}"
    line = json.loads(line_of(record, "info", service=service, namespace="R", at=1795521600.5))
    metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    counted = {metric["Name"] for metric in metrics}
    extra_fields = {
        name: value
        for name, value in line.items()
        if name not in {"level", "message", "timestamp", "service", "_aws", *counted}
    }
    logger = Logger(service=service, location=None)
    logger.info(line["message"], **extra_fields)
    powertools = Metrics(service=service, namespace="R")
    for metric in metrics:
        powertools.add_metric(metric["Name"], metric["Unit"], line[metric["Name"]][0])
    powertools.flush_metrics()
    by_logger, by_metrics = map(json.loads, capsys.readouterr().out.splitlines())
    assert set(by_logger) & set(by_metrics) == {"service"}
    assert by_logger["service"] == by_metrics["service"]
    assert re.fullmatch(r"2026-11-24 12:00:00,500\+0000", line["timestamp"])
    assert re.fullmatch(r"[0-9-]{10} [0-9:]{8},[0-9]{3}\+0000", by_logger["timestamp"])
    assert line["_aws"]["Timestamp"] == 1795521600500
    by_metrics["_aws"]["Timestamp"] = line["_aws"]["Timestamp"]
    assert {**by_logger, **by_metrics, "timestamp": line["timestamp"]} == line


def test_no_metric_has_the_name_of_a_field() -> None:
    """Metrics begin with a capital letter and fields with a small one, so they can share one JSON object."""
    metrics = {
        *(name for _, answer in ERROR_ANSWERS for name in answer.counts),
        *(*ANSWERED_METRICS.values(), *DEGRADED_METRICS.values(), *STAGE_METRICS.values()),
        *(
            "Verified",
            "Answered",
            "NoAnswer",
            "HeldOut",
            "NewLeaf",
            "Degraded",
            "CatalogAge",
            "ColdWait",
            "LeafDaysLeft",
        ),
    }
    assert all(name[0].isupper() for name in metrics)
    assert all(key[0].islower() for key in _KEYS.values())


def test_an_empty_record_is_still_a_line() -> None:
    """A record without any value is written as JSON with status 500."""
    line = json.loads(line_of(Record(), "error", service="s", namespace="R", at=0.0))
    assert (line["message"], line["status"]) == ("failed", 500)


def test_a_system_without_proc_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Linux reports the age of a process; on other systems it is 0 ms."""
    monkeypatch.setattr("builtins.open", lambda *_, **__: (_ for _ in ()).throw(FileNotFoundError()))
    assert process_age_ms() == 0.0
    monkeypatch.undo()
    assert process_age_ms() > 0.0
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    assert process_age_ms() == 0.0


@pytest.mark.parametrize("name", ["outcome", "product_id", "has_default", "leaf_days_left", "a", "a_b_c", "url2_of"])
def test_names_are_spelled_as_the_console_spells_them(name: str) -> None:
    """Log and `--json` have a function each for camel case, since `terminal` does not import `handler`; both agree."""
    assert camel_case(name) == camel(name)
