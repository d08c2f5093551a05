"""The relay's entry point as Lambda imports it."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import pytest
from retention.aws.sdk import SdkConnection
from retention.notifications.relaying import OwnerRelay, Receiver

from tests.support.simulated_queue import SimulatedQueues

QUEUE: Final = "https://sqs.us-east-1.amazonaws.com/123456789012/retention-RelayQueue-1"
DEAD_LETTERS: Final = "https://sqs.us-east-1.amazonaws.com/123456789012/retention-RelayDeadLetters-1"
VARIABLES: Final = {
    "RETENTION_RELAY_URL": "https://receiver.example.com/apple?app=a-secret-of-the-owner",
    "RETENTION_RELAY_QUEUE_URL": QUEUE,
    "RETENTION_RELAY_DEAD_LETTERS_URL": DEAD_LETTERS,
    "POWERTOOLS_SERVICE_NAME": "retention-production",
    "POWERTOOLS_METRICS_NAMESPACE": "Retention",
    "AWS_DEFAULT_REGION": "us-east-1",
}
# What Powertools reads of Lambda's context.
CONTEXT: Final = SimpleNamespace(function_name="relay", aws_request_id="1", get_remaining_time_in_millis=lambda: 90_000)


class PresentOutput:
    """Standard output as it is when something is written: Powertools keeps the one of its import."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@contextmanager
def relay_entry() -> Iterator[ModuleType]:
    """Import the module with a stack's variables, which are set until the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        module = importlib.import_module("relay")
        for handler in module.LOGGER.handlers:
            handler.setStream(PresentOutput())
        yield module


def relay_to(url: str, queues: SimulatedQueues, *, seconds: float = 60.0) -> OwnerRelay:
    """Return a relay to another receiver, on simulated queues."""
    return OwnerRelay(Receiver(url, seconds=seconds), SdkConnection(queues), QUEUE, DEAD_LETTERS, queues.clock)


def lines_of(printed: str) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Return the log lines that were printed, and the sum of each metric."""
    documents = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    counted: dict[str, float] = {}
    for document in documents:
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", []):
            assert directive["Dimensions"] == [["service"]]
            for metric in directive["Metrics"]:
                counted[metric["Name"]] = counted.get(metric["Name"], 0) + sum(document[metric["Name"]])
    return [document for document in documents if "_aws" not in document], counted
