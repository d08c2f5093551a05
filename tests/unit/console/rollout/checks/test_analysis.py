"""`doctor` finds a stream or a filter that is gone, and when the last lines for the analysis arrived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws

from console.deployment.stack import Analysis
from console.rollout.checks.analysis import analysis
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN
from console.rollout.checks.known import Known
from console.terminal.failure import Failure
from tests.support.apple_in_memory import target_in_memory
from tests.support.doctor_checks import NOW, checked, known

ROLE: Final = "arn:aws:iam::123456789012:role/forward"
BUCKET: Final = "lines-of-s"
WAYS: Final = {"answers": "s-ExposureStream", "outcomes": "s-OutcomeStream"}
MADE: Final = Analysis(BUCKET, "retention_1", "s", WAYS["answers"], WAYS["outcomes"])


def client(service: Any) -> Any:
    return boto3.client(service, region_name="us-east-1")


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the parts of a stack with Analysis=on: two log groups, each with a filter into a stream, and the bucket."""
    with mock_aws():
        monkeypatch.setattr(Known, "aws", lambda _, service: client(service))
        client("s3").create_bucket(Bucket=BUCKET)
        for group, stream in WAYS.items():
            client("logs").create_log_group(logGroupName=group)
            bucket = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{BUCKET}"}
            made = client("firehose").create_delivery_stream(
                DeliveryStreamName=stream, ExtendedS3DestinationConfiguration=bucket
            )
            client("logs").put_subscription_filter(
                logGroupName=group,
                filterName="lines",
                filterPattern="{ $.customerHash = * }",
                destinationArn=made["DeliveryStreamARN"],
                roleArn=ROLE,
            )
        yield


def looked_at(made: Analysis | None = MADE) -> dict[str, tuple[str, str]]:
    """Return the verdict and the text of each finding, by its code."""
    target = target_in_memory(name="s", log_group="answers", notifications_log_group="outcomes", analysis=made)
    found, _ = checked(analysis, known(target=target))
    return {each.code: (each.verdict, f"{each.found} {each.advice}") for each in found}


def store(folder: str, days: int) -> None:
    day = (NOW - timedelta(days=days)).date()
    client("s3").put_object(Bucket=BUCKET, Key=f"{folder}/day={day}/a.json.gz", Body=b"x")


def test_a_stack_without_analysis_has_no_finding() -> None:
    """Nor has a table that was named without its stack."""
    assert looked_at(None) == {}
    assert checked(analysis, known(target=None))[0] == []


def test_a_complete_way_is_good() -> None:
    """Filters that name the streams, streams that are active, lines of today and of yesterday."""
    store("exposures", 0)
    store("outcomes", 1)
    found = looked_at()
    assert [verdict for verdict, _ in found.values()] == [GOOD, GOOD]
    assert "s-ExposureStream and s-OutcomeStream" in found["analysis"][1]
    assert "those of answers" in found["lines"][1]
    assert "those of outcomes" in found["lines"][1]


def test_a_filter_that_was_deleted_is_named() -> None:
    """Lines are lost from then on, so this is BAD; so is a filter that was pointed at another stream."""
    client("logs").delete_subscription_filter(logGroupName="answers", filterName="lines")
    verdict, text = looked_at()["analysis"]
    assert verdict == BAD
    assert "no filter of the log group answers names the stream s-ExposureStream" in text
    assert "make deploy" in text


def test_a_stream_that_was_deleted_is_named() -> None:
    """The other one is not."""
    client("firehose").delete_delivery_stream(DeliveryStreamName="s-OutcomeStream")
    verdict, text = looked_at()["analysis"]
    assert (verdict, "there is no stream s-OutcomeStream" in text) == (BAD, True)
    assert "s-ExposureStream" not in text


def test_a_stack_that_is_not_called_has_no_fault() -> None:
    """Without lines since yesterday nothing is known: Apple may not have called; older lines do not count."""
    store("exposures", 0)
    store("outcomes", 2)
    verdict, text = looked_at()["lines"]
    assert verdict == UNKNOWN
    assert "No lines of outcomes" in text
    assert "those of answers" in text


def test_without_notifications_only_answers_are_looked_at() -> None:
    """A stack that takes in no notifications has one stream, and lacks no outcomes."""
    store("exposures", 0)
    found = looked_at(Analysis(BUCKET, "retention_1", "s", WAYS["answers"]))
    assert [verdict for verdict, _ in found.values()] == [GOOD, GOOD]
    assert "utcome" not in str(found)


def test_a_right_that_is_missing_is_not_a_fault_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these credentials may not read is UNKNOWN, with AWS's reason."""

    def refused(_: Known, service: str) -> Any:
        raise Failure(f"AWS refuses {service}.")

    monkeypatch.setattr(Known, "aws", refused)
    assert {verdict for verdict, _ in looked_at().values()} == {UNKNOWN}
