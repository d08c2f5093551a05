"""The log line of one request: what it may hold, what each step notes in it, and how it is written.

A line can hold only the fields of `Record`, the allow-list, so no claim is logged by passing it along. The line is a
JSON object to read and, by its member `_aws`, the request's metrics too: CloudWatch's embedded metric format allows
members that are not its own. Fields begin with a small letter and metrics with a capital one, so no name is both. It
has what Powertools' Logger and Metrics would write (a test compares them), but in one line, since CloudWatch bills by
the byte. It is made by hand because both together cost a quarter of a warm request.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Final

from retention.decision import identify_key
from retention.errors import ErrorAnswer, RetentionError
from retention.response import NO_CONTENT
from retention.rules import UNREADABLE

if TYPE_CHECKING:
    from retention.decision import Decision, HoldoutPlace
    from retention.jws import Authenticated
    from retention.lookup.app import Loaded
    from retention.lookup.customer_facts import CustomerFacts
    from retention.request import RetentionRequest

# How log lines name Apple's root among trust anchors.
APPLE: Final = "apple"

# The two arms of a holdout: customers who are asked no rule, and all others.
HELD: Final = "held"
SERVED: Final = "served"

# Longer texts are cut to so many characters. Apple's ids and locales are shorter, but a signed request could hold
# longer strings, and a log line has a price.
MAX_TEXT: Final = 128

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
    "subscription": "DegradedCustomer",
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
    """All that a line may hold. Names become JSON keys in camelCase; None and empty are left out. Times are in ms."""

    outcome: str = "failed"
    status: int = 500
    kind: str | None = None
    rule: str | None = None
    experiment: str | None = None
    arm: str | None = None
    slots: int | None = None  # of the arm, among 10 000
    delivered: bool | None = None
    holdout: str | None = None  # its key, on each request that was decided while the release has one
    holdout_arm: str | None = None  # HELD or SERVED
    release: int | None = None
    message: str | None = None
    locale_asked: str | None = None
    locale_served: str | None = None
    has_default: bool | None = None
    app_apple_id: int | None = None
    product_id: str | None = None
    request_identifier: str | None = None
    gateway_request_id: str | None = None  # the one of API Gateway's access log
    function_version: str | None = None
    customer_hash: str | None = None
    key_id: str | None = None  # hashes of customers are comparable under one key only
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
    counts: tuple[str, ...] = ()  # metrics of this outcome that do not follow from the fields above

    @property
    def verified(self) -> bool:
        return self.request_identifier is not None

    @property
    def is_left_to_apple(self) -> bool:
        """Whether a holdout has no answer for the customer by intent: no alarm over missing answers counts that."""
        return self.holdout_arm == HELD and self.outcome == "fallback" and self.reason is None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage of the request; stages that fail are timed as well."""
        begun = perf_counter()
        try:
            yield
        finally:
            self.times[name] = round(self.times.get(name, 0.0) + (perf_counter() - begun) * 1000, 3)

    def note_request(self, request: RetentionRequest) -> None:
        self.request_identifier = request.request_identifier
        self.app_apple_id = request.app_apple_id
        self.product_id = request.product_id
        self.locale_asked = request.user_locale

    def note_signer(
        self, signed: Authenticated, now: datetime, known_leaves: frozenset[str], *, by_apple: bool
    ) -> None:
        """Note the root, and of a leaf of Apple's own for how long it is valid and whether it is new.

        The leaf of a rehearsal lasts a week, or longer than Apple's: it would raise the alarm over the days left, or
        keep that alarm from ringing.
        """
        if not by_apple:
            self.trust_anchor = signed.anchor
            return
        self.trust_anchor = APPLE
        self.leaf_days_left = (signed.leaf_not_after - now).days
        if signed.leaf_fingerprint not in known_leaves:
            self.new_leaf = signed.leaf_fingerprint

    def note_catalog(self, loaded: Loaded, known: CustomerFacts) -> None:
        self.release = loaded.catalog.release
        self.has_default = loaded.has_default
        self.catalog_age = loaded.age
        self.key_id = identify_key(loaded.catalog.customer_key)
        self.degraded += loaded.degraded
        if known.profile is UNREADABLE:
            self.degraded.append("customer")
        if known.subscription is UNREADABLE:
            self.degraded.append("subscription")

    def note_decision(self, decision: Decision) -> None:
        self.outcome = decision.outcome.value
        self.rule = decision.rule
        self.customer_hash = decision.customer_hash
        if decision.assignments:
            # The first one assigned the customer; a later one only served because the first one's signature failed.
            assignment = decision.assignments[0]
            self.experiment, self.arm, self.slots = assignment.key, assignment.arm, assignment.slots
            self.delivered = assignment.delivered
        if decision.holdout is not None:
            self._note_holdout(decision.holdout)
        if decision.delivery is not None:
            self.kind = decision.delivery.answer.kind
            self.message = decision.delivery.message_id
            self.locale_served = decision.delivery.locale

    def _note_holdout(self, place: HoldoutPlace) -> None:
        self.holdout, self.holdout_arm = place.key, HELD if place.held else SERVED
        if place.reason is not None:
            self.reason = place.reason[0]

    def note_error(self, error: Exception, becomes: ErrorAnswer) -> None:
        self.outcome, self.status, self.counts = becomes.outcome, becomes.status, becomes.counts
        if isinstance(error, RetentionError):
            self.reason, self.evidence = error.code, error.evidence
        else:
            self.reason, self.evidence = type(error).__name__, {"at": place_of(error)}

    def server_timing(self) -> str:
        """Return the stages as a Server-Timing header; `cold` is init and the first answer together."""
        cold = {} if self.cold_wait is None else {"cold": self.cold_wait}
        return ", ".join(f"{stage};dur={took}" for stage, took in {**cold, **self.times}.items())


def camel_case(name: str) -> str:
    """Return a Python name as log lines and Apple spell it: `product_id` → `productId`."""
    first, *rest = name.split("_")
    return "".join([first, *map(str.capitalize, rest)])


_KEYS: Final = {name: camel_case(name) for name in Record.__slots__ if name not in {"outcome", "counts"}}
# Powertools names the text of the line `message`.
_KEYS["message"] = "messageIdentifier"


def line_of(record: Record, level: str, *, service: str, namespace: str, at: float) -> str:
    """Return the request's line with its line end: fields and metrics in one object. `at` is UTC epoch seconds."""
    metrics = _metrics(record)
    members = {
        "level": level.upper(),
        "message": record.outcome,
        "timestamp": f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(at))},{int(at % 1 * 1000):03d}+0000",
        "service": service,
        **_shown(record),
        **metrics,
    }
    directive = _directive(tuple(metrics), namespace)
    return f'{_encode(members)[:-1]},"_aws":{{"Timestamp":{int(at * 1000)},"CloudWatchMetrics":{directive}}}}}\n'


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
    """Return the part of a line that declares which members are metrics; cached, since there are few combinations."""
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
            names.append("HeldOut" if record.is_left_to_apple else "NoAnswer")
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
            shown[key] = value[:MAX_TEXT] if isinstance(value, str) else value
    return shown


def place_of(error: Exception) -> str:
    """Return where an exception was raised, `file.py:line function`. Its message may quote input, and is not logged."""
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        place = f"{code.co_filename.rpartition(os.sep)[2]}:{traceback.tb_lineno} {code.co_name}"
        traceback = traceback.tb_next
    return place


def process_age_ms() -> float:
    """Return for how long this process has run, in milliseconds; 0 where the system has no /proc.

    Init begins before our first line. Linux has /proc; on other systems the endpoint runs only as `make run` and
    `make serve`.
    """
    try:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123  # pathlib costs a cold start
            stat = file.read()
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, AttributeError):
        return 0.0
    return (now - int(stat.rpartition(b")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")) * 1000
