"""What becomes of the sample notifications: each is handed to `take_in`, over an embedded AWS."""

from __future__ import annotations

import importlib
import io
import json
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, Final

from retention.notifications.fates import METRICS

from console.local.embedded_stack import REGION
from console.local.notification_stack import create_queues
from console.local.queue_pump import Handler
from console.local.sample_notifications import NotificationSample, notification_samples, sample_notification
from console.local.samples import EVENTS
from console.simulator.authority import Authority

_FATES: Final = {metric: fate.value for fate, metric in METRICS.items()}


@dataclass(frozen=True, slots=True)
class TakenIn:
    """One sample, the fate that the function's metric counts, and its log line, empty where it printed none."""

    sample: NotificationSample
    fate: str
    line: dict[str, Any]


def load_take_in(aws: str, printed: io.StringIO) -> Handler:
    """Return the function with queues of its own in the AWS at the URL `aws`. Its lines go to `printed`.

    The real-time function's variables are set already.
    """
    os.environ.update(create_queues("retention-local", region=REGION, aws=aws).variables(aws))
    with redirect_stdout(printed):
        take_in: Handler = importlib.import_module("notifications").take_in
    return take_in


def take_in_samples(take_in: Handler, printed: io.StringIO) -> Iterator[TakenIn]:
    """Hand every sample to the function, whose lines go to `printed`, in the order of the scenes."""
    authority = Authority.load(EVENTS / "ca")
    for sample in notification_samples(authority):
        printed.seek(0)
        printed.truncate()
        with redirect_stdout(printed):
            take_in(sample_notification(sample, authority), None)
        lines = [json.loads(line) for line in printed.getvalue().splitlines()]
        counted = {name for line in lines for name, value in line.items() if name in _FATES and value not in (0, [0.0])}
        own: dict[str, Any] = next((line for line in lines if "_aws" not in line), {})
        yield TakenIn(sample, " and ".join(sorted(_FATES[name] for name in counted)), own)
