"""Writes our log lines and metrics to standard output, where CloudWatch reads them, one at a time."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from retention.log.record import Record, line_of

if TYPE_CHECKING:
    from aws_lambda_powertools.logging import Logger

# Lambda runs one request at a time, `make serve` several.
_WRITING = Lock()


class Telemetry:
    """What this process logs with. Service and namespace come from Powertools' variables, as Powertools reads them."""

    def __init__(self) -> None:
        self._service = os.environ.get("POWERTOOLS_SERVICE_NAME") or "service_undefined"
        self._namespace = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "")
        # Lines that libraries log of a broken connection are not from our allow-list; the record has our own.
        for library in ("botocore", "urllib3"):
            logging.getLogger(library).setLevel(logging.CRITICAL)

    def emit(self, record: Record, level: str) -> None:
        """Write the request's line, in one write: Lambda flushes each."""
        line = line_of(record, level, service=self._service, namespace=self._namespace, at=time.time())
        with _WRITING:
            sys.stdout.write(line)
            sys.stdout.flush()

    def refused_to_start(self, code: str, message: str) -> None:
        """Log why this deployment does not start: a stable code, and a sentence for its owner."""
        with _WRITING:
            _logger(self._service).critical("refused to start", reason=code, explanation=message)

    def report(self, outcome: str, level: str, fields: Mapping[str, object], counts: Mapping[str, int]) -> None:
        """Write a log line of work that is no request's and, where something is counted, a metrics line.

        `fields` hold ids, figures and codes of ours, never input. None and empty values are left out.
        """
        shown = {key: value for key, value in fields.items() if value or value == 0}
        with _WRITING:
            getattr(_logger(self._service), level)(outcome, **shown)
        self.count(counts)

    def count(self, counts: Mapping[str, int]) -> None:
        """Write a metrics line alone, where something is counted."""
        if counts:
            with _WRITING:
                print(json.dumps(self._counted(counts)))  # noqa: T201  # standard output is where CloudWatch reads

    def _counted(self, counts: Mapping[str, int]) -> Mapping[str, Any]:
        # Imported here for the reason that `_logger` has.
        from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (  # noqa: PLC0415
            AmazonCloudWatchEMFProvider,
        )

        metrics = {
            name: {"Unit": "Count", "StorageResolution": 60, "Value": [float(number)]}
            for name, number in counts.items()
        }
        provider = AmazonCloudWatchEMFProvider(namespace=self._namespace, service=self._service)
        return provider.serialize_metric_set(metrics=metrics, dimensions={"service": self._service})


@cache
def _logger(service: str) -> Logger:
    """Import Powertools only where it writes: a request's line needs none, and the import makes cold starts longer."""
    from aws_lambda_powertools.logging import Logger  # noqa: PLC0415  # see above

    # No `location`: finding it walks the stack, and each of our texts is logged at one place.
    return Logger(service=service, location=None, log_uncaught_exceptions=False)
