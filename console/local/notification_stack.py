"""The part of a stack that learns from Apple, on this machine: queues, and the two functions that read them and Apple.

The functions are the deployed ones. Lambda's event source mapping is a `QueuePump`, and its schedule is a thread.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, Final

from retention.aws.sdk import Client

from console.deployment.aws import client
from console.local.queue_pump import QueuePump

# In AWS it is five minutes; here people wait for it.
PULL_SECONDS: Final = 60.0

_VISIBILITY_SECONDS: Final = "30"


@dataclass(frozen=True, slots=True)
class LocalQueues:
    """The two queues by their URLs, and the client that sends to them."""

    sqs: Client
    notifications: str
    parking: str

    def enqueue(self, body: str) -> None:
        """Put a notification into the queue as it came."""
        self.sqs.send_message(QueueUrl=self.notifications, MessageBody=body)

    def variables(self, aws: str) -> dict[str, str]:
        """Return the variables of the functions, in addition to those of the real-time function."""
        return {
            "AWS_ENDPOINT_URL_SQS": aws,
            "AWS_ENDPOINT_URL_SSM": aws,
            "RETENTION_NOTIFICATIONS": "push",
            "RETENTION_QUEUE_URL": self.notifications,
            "RETENTION_PARKING_QUEUE_URL": self.parking,
        }


def create_queues(stack: str, *, region: str, aws: str) -> LocalQueues:
    """Create a stack's queues in the AWS that is at the URL `aws`."""
    sqs = client("sqs", region=region, endpoint_url=aws)

    def created(name: str) -> str:
        attributes = {"VisibilityTimeout": _VISIBILITY_SECONDS}
        return str(sqs.create_queue(QueueName=f"{stack}-{name}", Attributes=attributes)["QueueUrl"])

    return LocalQueues(sqs, created("NotificationQueue"), created("ParkingQueue"))


@contextmanager
def learning(queues: LocalQueues, variables: Mapping[str, str], report: Callable[[str], None]) -> Iterator[None]:
    """Take in what comes into the queue, and read Apple's history every minute, until the block ends.

    `variables` are set before the functions' module is imported, which reads them. `report` gets the texts of errors.
    """
    os.environ.update(variables)
    functions: Any = importlib.import_module("notifications")
    with ExitStack() as parts:
        pump = QueuePump(queues.sqs, queues.notifications, functions.take_in, report)
        pump.start()
        parts.callback(pump.stop)
        stopping = Event()
        schedule = Thread(target=_pull, args=(functions.pull, stopping, report), daemon=True)
        schedule.start()
        parts.callback(schedule.join)
        parts.callback(stopping.set)
        yield


def _pull(pull: Callable[[dict[str, Any], None], object], stopping: Event, report: Callable[[str], None]) -> None:
    while not stopping.wait(PULL_SECONDS):
        try:
            pull({}, None)
        except Exception as error:  # noqa: BLE001  # as the schedule in AWS: the next run goes on
            report(f"The pull of Apple's history failed ({type(error).__name__}); it runs again in a minute.")
