"""The entry points of notifications as Lambda imports them, and what Lambda passes to them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import pytest

from tests.support.fake_table import APP, TABLE
from tests.support.sync_entry import PREFIX

QUEUES: Final = "https://sqs.us-east-1.amazonaws.com/123456789012"
VARIABLES: Final = {
    "RETENTION_TABLE": TABLE,
    "RETENTION_ENVIRONMENT": "Production",
    "RETENTION_APP_APPLE_IDS": str(APP),
    "RETENTION_KEY_PREFIX": PREFIX,
    "RETENTION_NOTIFICATIONS": "push",
    "RETENTION_QUEUE_URL": f"{QUEUES}/queue",
    "RETENTION_PARKING_QUEUE_URL": f"{QUEUES}/parking",
    "RETENTION_RELAY_QUEUE_URL": f"{QUEUES}/relay",
    "POWERTOOLS_SERVICE_NAME": "retention-production",
    "POWERTOOLS_METRICS_NAMESPACE": "Retention",
}


@contextmanager
def notifications_entry() -> Iterator[ModuleType]:
    """Import the module with a stack's variables, which are set until the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        yield importlib.import_module("notifications")


@dataclass(frozen=True)
class FunctionContext:
    """Lambda's context, as far as it is read."""

    milliseconds: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def batch_of(received: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the event that an event source mapping makes of messages that were received with their attributes."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "eventSource": "aws:sqs",
            }
            for message in received
        ]
    }
