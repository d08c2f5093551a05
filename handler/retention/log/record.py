"""The log line of one request: the allow-list, and the one line made of it.

A line can only hold the fields of `Record`: there is no way to log a claim by passing it along. The line is a JSON
object to read and, by its member `_aws`, the request's metrics too: CloudWatch's embedded metric format allows members
that are not its own. Fields begin with a small letter and metrics with a capital one, so no name is both. It has what
Powertools' Logger and Metrics would write (a test compares them), in one line, which CloudWatch bills by its bytes; it
is made by hand because both together cost a quarter of a warm request.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter
from typing import Final

from retention.response import NO_CONTENT

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
    gateway_request_id: str | None = None  # the one of API Gateway's access log
    function_version: str | None = None
    customer_hash: str | None = None
    trust_anchor: str | None = None
    leaf_days_left: int | None = None
    new_leaf: str | None = None
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
    name: "".join(word if index == 0 else word.capitalize() for index, word in enumerate(name.split("_")))
    for name in Record.__slots__
    if name not in {"outcome", "counts"}
}
# Powertools names the text of the line `message`.
_KEYS["message"] = "messageIdentifier"


def line_of(record: Record, level: str, *, service: str, namespace: str, at: float) -> str:
    """Return the request's line with its line end: fields and metrics in one object. `at` is UTC epoch seconds."""
    metrics = _metrics(record)
    said = {
        "level": level.upper(),
        "message": record.outcome,
        "timestamp": f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(at))},{int(at % 1 * 1000):03d}+0000",
        "service": service,
        **_shown(record),
        **metrics,
    }
    directive = _directive(tuple(metrics), namespace)
    return f'{_encode(said)[:-1]},"_aws":{{"Timestamp":{int(at * 1000)},"CloudWatchMetrics":{directive}}}}}\n'


_encode = json.JSONEncoder(separators=(",", ":")).encode


def _metrics(record: Record) -> dict[str, list[float]]:
    metrics = {name: [1.0] for name in _counts(record)}
    for stage, took in record.times.items():
        metrics[STAGE_METRICS[stage]] = [took]
    if record.catalog_age is not None:
        metrics["CatalogAge"] = [record.catalog_age]
    if record.cold_wait is not None:
        metrics["ColdWait"] = [record.cold_wait]
    if record.leaf_days_left is not None:
        metrics["LeafDaysLeft"] = [float(record.leaf_days_left)]
    return metrics


@lru_cache(maxsize=64)
def _directive(names: tuple[str, ...], namespace: str) -> str:
    """Return the part of a line that says which of its members are metrics; few shapes come again and again."""
    metrics = [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in names]
    return _encode([{"Namespace": namespace, "Dimensions": [["service"]], "Metrics": metrics}])


_UNITS: Final = {
    **dict.fromkeys(STAGE_METRICS.values(), "Milliseconds"),
    "ColdWait": "Milliseconds",
    "CatalogAge": "Seconds",
}


def _counts(record: Record) -> list[str]:
    names = list(record.counts)
    if record.verified:
        names.append("Verified")
        if record.kind is not None:
            names += ["Answered", ANSWERED_METRICS[record.kind]]
        elif record.status == NO_CONTENT:
            names.append("NoAnswer")
    if record.new_leaf is not None:
        names.append("NewLeaf")
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
