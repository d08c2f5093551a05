"""What we say of a request afterwards: one log line, one metrics line, and nothing of a person in either.

A line can only hold the fields of `Record`: there is no way to log a claim by passing it along.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any, Final

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

# Apple's ids and locales are short. A signed request could still hold longer strings, and a log line has a price.
_MAX_TEXT = 128

# Answers by kind, as the metrics name them.
ANSWERED_METRICS: Final = {
    "message": "AnsweredMessage",
    "alternateProduct": "AnsweredAlternateProduct",
    "promotionalOffer": "AnsweredPromotionalOffer",
    "advancedCommerce": "AnsweredAdvancedCommerce",
}

# Reasons to answer less well than we could; several are one metric where one repair helps them all.
DEGRADED_METRICS: Final = {
    "head": "DegradedHead",
    "catalog": "DegradedCatalog",
    "format": "DegradedCatalog",
    "malformed": "DegradedCatalog",
    "states": "DegradedCatalog",
    "customer": "DegradedCustomer",
    "signing": "SigningFailed",
}

STAGE_METRICS: Final = {
    "verify": "VerifyTime",
    "lookup": "LookupTime",
    "decide": "DecideTime",
    "sign": "SignTime",
    "total": "TotalTime",
}


@dataclass(slots=True)
class Record:
    """The allow-list. Names become JSON keys in camelCase; None and empty are left out. Times are in milliseconds."""

    outcome: str = "failed"
    status: int = 500
    kind: str | None = None
    rule: str | None = None
    experiment: str | None = None
    arm: str | None = None
    delivered: bool | None = None
    release: int | None = None
    message: str | None = None
    locale_asked: str | None = None
    locale_served: str | None = None
    has_default: bool | None = None
    product_id: str | None = None
    request_identifier: str | None = None
    customer_hash: str | None = None
    trust_anchor: str | None = None
    leaf_days_left: int | None = None
    catalog_age: float | None = None
    cold_start: bool | None = None
    cold_wait: float | None = None
    degraded: list[str] = field(default_factory=list)
    reason: str | None = None
    evidence: dict[str, str | int] = field(default_factory=dict)
    size: int | None = None
    times: dict[str, float] = field(default_factory=dict)
    counts: tuple[str, ...] = ()  # the metrics this outcome has, besides those that follow from the fields above

    @property
    def verified(self) -> bool:
        return self.request_identifier is not None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage of the request; stages that fail are timed as well."""
        begun = perf_counter()
        try:
            yield
        finally:
            self.times[name] = round(self.times.get(name, 0.0) + (perf_counter() - begun) * 1000, 3)


_KEYS: Final = {
    record_field.name: "".join(
        word if index == 0 else word.capitalize() for index, word in enumerate(record_field.name.split("_"))
    )
    for record_field in fields(Record)
    if record_field.name not in {"outcome", "counts"}
}
# Powertools names the text of the line `message`.
_KEYS["message"] = "messageIdentifier"

# The lines of one request, until they leave together. Lambda runs one request at a time, `make serve` several.
_PENDING = io.StringIO()
_WRITING = Lock()


class Telemetry:
    """The one Logger and the one metrics writer of the process."""

    def __init__(self) -> None:
        # No `location`: every line has the same one, and finding it walks the stack.
        self._logger = Logger(location=None, log_uncaught_exceptions=False, stream=_PENDING)
        # What libraries say of a broken connection is not from our allow-list; the record says it in our words.
        for library in ("botocore", "urllib3"):
            logging.getLogger(library).setLevel(logging.CRITICAL)
        # The provider that Metrics wraps. `add_metric` checks names and units each time, at 8 µs a metric; ours are
        # constants, held by a test.
        self._metrics = AmazonCloudWatchEMFProvider()
        self._dimensions = {"service": self._metrics.service}

    def refused_to_start(self, code: str, message: str) -> None:
        """Say why this deployment does not start, for who deployed it."""
        with _WRITING:
            self._logger.critical("refused to start", reason=code, explanation=message)
            _send()

    def emit(self, record: Record, level: str) -> None:
        """Write the request's log line, at `level`, and its metrics line."""
        with _WRITING:
            getattr(self._logger, level)(record.outcome, **_shown(record))
            self._count(record)
            _send()

    def report(self, outcome: str, level: str, told: Mapping[str, object], counts: Mapping[str, int]) -> None:
        """Write a log line and, where something is counted, a metrics line about our own work, which is no request's.

        `told` is ours to choose and so are its texts: ids, figures, codes. None and empty are left out.
        """
        with _WRITING:
            getattr(self._logger, level)(outcome, **{key: value for key, value in told.items() if value or value == 0})
            if counts:
                self._write({name: _metric("Count", number) for name, number in counts.items()})
            _send()

    def _count(self, record: Record) -> None:
        metrics: dict[str, Any] = {name: _metric("Count", 1) for name in _counts(record)}
        metrics |= {STAGE_METRICS[stage]: _metric("Milliseconds", took) for stage, took in record.times.items()}
        if record.catalog_age is not None:
            metrics["CatalogAge"] = _metric("Seconds", record.catalog_age)
        if record.cold_wait is not None:
            metrics["ColdWait"] = _metric("Milliseconds", record.cold_wait)
        if record.leaf_days_left is not None:
            metrics["LeafDaysLeft"] = _metric("Count", record.leaf_days_left)
        self._write(metrics)

    def _write(self, metrics: dict[str, Any]) -> None:
        line = self._metrics.serialize_metric_set(metrics=metrics, dimensions=self._dimensions)
        _PENDING.write(json.dumps(line, separators=(",", ":")) + "\n")


def _send() -> None:
    """Write what is pending to standard output, where CloudWatch reads: at once, since Lambda flushes every write."""
    lines = _PENDING.getvalue()
    _PENDING.seek(0)
    _PENDING.truncate()
    sys.stdout.write(lines)
    sys.stdout.flush()


def place_of(error: Exception) -> str:
    """Return where an exception came from. Its message is nobody's to log: it may quote what it stumbled on."""
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        place = f"{Path(code.co_filename).name}:{traceback.tb_lineno} {code.co_name}"
        traceback = traceback.tb_next
    return place


def _metric(unit: str, value: float) -> dict[str, object]:
    return {"Unit": unit, "StorageResolution": 60, "Value": [float(value)]}


def _counts(record: Record) -> list[str]:
    names = list(record.counts)
    if record.verified:
        names.append("Verified")
        if record.kind is not None:
            names += ["Answered", ANSWERED_METRICS[record.kind]]
        elif record.status == HTTPStatus.NO_CONTENT:
            names.append("NoAnswer")
    if record.degraded:
        names += ["Degraded", *dict.fromkeys(DEGRADED_METRICS[reason] for reason in record.degraded)]
    return names


def _shown(record: Record) -> dict[str, object]:
    shown: dict[str, object] = {}
    for name, key in _KEYS.items():
        value = getattr(record, name)
        if value is not None and value not in ([], {}):
            shown[key] = value[:_MAX_TEXT] if isinstance(value, str) else value
    return shown
