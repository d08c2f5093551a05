"""What SQS and CloudWatch report of a queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from console.deployment.queues import QueueState, count_messages, oldest_age, queue_name

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/parking"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Sqs:
    """Answers GetQueueAttributes with attributes by name, those asked for."""

    def __init__(self, **attributes: str) -> None:
        self.attributes = attributes

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803  # SQS's
        assert QueueUrl == URL
        return {"Attributes": {name: self.attributes[name] for name in AttributeNames if name in self.attributes}}


class CloudWatch:
    """Answers GetMetricStatistics with points of some age in minutes."""

    def __init__(self, *points: tuple[int, float]) -> None:
        self.points = points
        self.asked: dict[str, Any] = {}

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        return {
            "Datapoints": [{"Timestamp": NOW - timedelta(minutes=age), "Maximum": value} for age, value in self.points]
        }


def test_messages_are_counted_wherever_they_are() -> None:
    """Delayed messages wait, those being processed are taken; a count that SQS leaves out is 0."""
    sqs = Sqs(
        ApproximateNumberOfMessages="3",
        ApproximateNumberOfMessagesNotVisible="2",
        ApproximateNumberOfMessagesDelayed="1",
    )
    assert count_messages(sqs, URL) == QueueState(4, 2)
    assert count_messages(sqs, URL).messages == 6
    assert count_messages(Sqs(), URL) == QueueState(0, 0)


def test_the_age_is_the_newest_value() -> None:
    """CloudWatch's points come in any order; the newest one counts, and without one the age is not known."""
    cloudwatch = CloudWatch((1, 30.0), (5, 900.0))
    assert oldest_age(cloudwatch, URL, NOW) == 30.0
    assert cloudwatch.asked["Dimensions"] == [{"Name": "QueueName", "Value": "parking"}]
    assert cloudwatch.asked["EndTime"] == NOW
    assert oldest_age(CloudWatch(), URL, NOW) is None


def test_a_queues_name_is_the_end_of_its_url() -> None:
    """Metrics name a queue by its name alone."""
    assert queue_name(URL) == "parking"
