"""Where what we say goes: one logger, one writer of metrics, one lock, standard output."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from retention.record import Record, lines_of

# Lambda runs one request at a time, `make serve` several.
_WRITING = Lock()


class Telemetry:
    """The process's own. Service and namespace come from Powertools' variables."""

    def __init__(self) -> None:
        # No `location`: finding it walks the stack, and our lines say where they come from.
        self._logger = Logger(location=None, log_uncaught_exceptions=False)
        # What libraries say of a broken connection is not from our allow-list; the record says it in our words.
        for library in ("botocore", "urllib3"):
            logging.getLogger(library).setLevel(logging.CRITICAL)
        self._metrics = AmazonCloudWatchEMFProvider()
        self._service, self._namespace = str(self._metrics.service), str(self._metrics.namespace)

    def emit(self, record: Record, level: str) -> None:
        """Write the request's two lines, in one write: Lambda flushes each."""
        lines = lines_of(record, level, service=self._service, namespace=self._namespace, at=time.time())
        with _WRITING:
            sys.stdout.write(lines)
            sys.stdout.flush()

    def refused_to_start(self, code: str, message: str) -> None:
        """Say why this deployment does not start, for who deployed it."""
        with _WRITING:
            self._logger.critical("refused to start", reason=code, explanation=message)

    def report(self, outcome: str, level: str, told: Mapping[str, object], counts: Mapping[str, int]) -> None:
        """Write a log line and, where something is counted, a metrics line about our own work, which is no request's.

        `told` is ours to choose and so are its texts: ids, figures, codes. None and empty are left out.
        """
        with _WRITING:
            getattr(self._logger, level)(outcome, **{key: value for key, value in told.items() if value or value == 0})
            if counts:
                print(json.dumps(self._counted(counts)))  # noqa: T201  # standard output is where CloudWatch reads

    def _counted(self, counts: Mapping[str, int]) -> Mapping[str, Any]:
        metrics = {
            name: {"Unit": "Count", "StorageResolution": 60, "Value": [float(number)]}
            for name, number in counts.items()
        }
        return self._metrics.serialize_metric_set(metrics=metrics, dimensions={"service": self._service})


def place_of(error: Exception) -> str:
    """Return where an exception came from. Its message is nobody's to log: it may quote what it stumbled on."""
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        place = f"{Path(code.co_filename).name}:{traceback.tb_lineno} {code.co_name}"
        traceback = traceback.tb_next
    return place
