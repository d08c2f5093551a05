"""`retention notifications status`: how far the stack is with Apple's notifications, and what waits.

It looks at the rows that the functions write, at the queues, and at the alarms of the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from retention.notifications.last_test import LastTest, last_test
from retention.notifications.progress import ProgressRow, Reading

from console.deployment.failures import sentence
from console.deployment.queues import QueueState, count_messages, oldest_age
from console.deployment.stack import Stack
from console.deployment.target import Target

NOTIFICATIONS: Final = "notifications"
PARKED: Final = "parked"
RELAY: Final = "relay"
DEAD_LETTERS: Final = "relay dead letters"

# The alarms about notifications, by their logical ids in the template.
ALARMS: Final = (
    "ParkedAlarm",
    "LateNotificationsAlarm",
    "DelayedNotificationsAlarm",
    "NoNotificationsAlarm",
    "PullMissingAlarm",
    "ForgedNotificationsAlarm",
    "RelayFailingAlarm",
    "RelayDeadLettersAlarm",
)

# Returns the client of an AWS service, in the stack's region.
Connect = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class NotificationStatus:
    """`until` has the instants up to which each reading of Apple's history is complete, None where it never ended.

    `queues` is by NOTIFICATIONS, PARKED, RELAY and DEAD_LETTERS, as far as the stack has them. `alarms` are the logical
    ids of those that are raised, None where they could not be read; then `unread` is why.
    """

    at: datetime
    mode: str
    until: Mapping[str, datetime | None]
    queues: Mapping[str, QueueState]
    last_test: LastTest | None
    alarms: tuple[str, ...] | None
    unread: str = ""

    def count(self, queue: str) -> int:
        """Return how many messages a queue has, 0 where the stack has no such queue."""
        return self.queues[queue].messages if queue in self.queues else 0

    def document(self) -> dict[str, Any]:
        """Return the --json document; ages are in seconds."""
        test = self.last_test
        return {
            "notifications": self.mode,
            "readUntil": dict(self.until),
            "queues": {
                name: {"waiting": found.waiting, "taken": found.taken, "oldestSeconds": found.oldest}
                for name, found in self.queues.items()
            },
            "lastTest": None if test is None else {"notificationUuid": test.notification_uuid, "at": _instant(test.at)},
            "alarms": None if self.alarms is None else list(self.alarms),
        }


def read_status(target: Target, connect: Connect, now: datetime) -> NotificationStatus:
    """Return the status of a target's stack at `now`. Raises AWS's errors; CloudWatch's only make parts unknown."""
    progress = ProgressRow(target.app_table).read()
    until = {reading.value: progress.until.get(reading) for reading in Reading}
    queues, unread = dict(_queues(target.stack, connect("sqs"))), ""
    alarms: tuple[str, ...] | None = None
    try:
        cloudwatch = connect("cloudwatch")
        for name, url in queue_urls(target.stack).items():
            queues[name] = replace(queues[name], oldest=oldest_age(cloudwatch, url, now))
        alarms = raised_alarms(cloudwatch, target.stack.name)
    except Exception as error:
        unread = sentence(error) or ""
        if not unread:
            raise
    return NotificationStatus(
        now,
        target.stack.notifications,
        {name: None if instant is None else _instant(instant / 1000) for name, instant in until.items()},
        queues,
        last_test(target.app_table),
        alarms,
        unread,
    )


def queue_urls(stack: Stack) -> dict[str, str]:
    """Return the URLs of the stack's queues, of those it has."""
    named = {
        NOTIFICATIONS: stack.notification_queue,
        PARKED: stack.parking_queue,
        RELAY: stack.relay_queue,
        DEAD_LETTERS: stack.relay_dead_letters,
    }
    return {name: url for name, url in named.items() if url}


def raised_alarms(cloudwatch: Any, stack: str) -> tuple[str, ...]:  # noqa: ANN401  # boto3 makes clients at run time
    """Return the logical ids of the alarms about notifications that are raised in a stack."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{stack}-", StateValue="ALARM")
    names = [alarm["AlarmName"] for page in pages for alarm in page.get("MetricAlarms", ())]
    return tuple(one for one in ALARMS if any(name.startswith(f"{stack}-{one}-") for name in names))


def _queues(stack: Stack, sqs: Any) -> Iterator[tuple[str, QueueState]]:  # noqa: ANN401  # likewise
    for name, url in queue_urls(stack).items():
        yield name, count_messages(sqs, url)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
