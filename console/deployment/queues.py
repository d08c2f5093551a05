"""The queues of a stack, as SQS and CloudWatch describe them: how many messages wait, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

# CloudWatch has a value of a queue's age each minute or later.
_AGE_MINUTES: Final = 10


@dataclass(frozen=True, slots=True)
class QueueState:
    """`waiting`: messages that wait; `taken`: those being processed, or coming back later. Both are approximate.

    `oldest` is the age in seconds of the oldest message, None where CloudWatch has no value.
    """

    waiting: int
    taken: int
    oldest: float | None = None

    @property
    def messages(self) -> int:
        return self.waiting + self.taken


def count_messages(sqs: Any, url: str) -> QueueState:  # noqa: ANN401  # boto3 makes clients at run time
    """Ask SQS how many messages a queue has."""
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    waiting, taken, delayed = (int(found.get(name, 0)) for name in names)
    return QueueState(waiting + delayed, taken)


def oldest_age(cloudwatch: Any, url: str, now: datetime) -> float | None:  # noqa: ANN401  # likewise
    """Ask CloudWatch for the age in seconds of a queue's oldest message; None where it has no value."""
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue_name(url)}],
        StartTime=now - timedelta(minutes=_AGE_MINUTES),
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )
    points = sorted(answer.get("Datapoints", ()), key=lambda point: point["Timestamp"])
    return float(points[-1]["Maximum"]) if points else None


def queue_name(url: str) -> str:
    """Return the name in a queue's URL."""
    return url.rpartition("/")[2]
