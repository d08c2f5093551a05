"""Checks of what runs in AWS: the sync, Apple's certificate as the log shows it, and the stack itself."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from console.rollout.checks.finding import BAD, GOOD, UNKNOWN, Finding, guarded, not_looked
from console.rollout.checks.known import Known, Step
from console.rollout.checks.stack import alarms, alias, architecture, concurrency, parameter_store
from console.terminal.words import duration, plural

_SYNC_LATE: Final = timedelta(minutes=15)
_CERTIFICATE_DAYS: Final = 30
_LOG_HOURS: Final = 24
_LOG_PAGES: Final = 10


def sync(known: Known) -> Step:
    """Find out when review states were last imported."""
    if known.target is None or known.table is None or known.table.live is None:
        yield not_looked("sync", "the sync of review states", "a published release")
        return known
    behind = 0 if known.seen is None else known.seen.behind
    lag = f"; the table is behind Apple's lists by {plural(behind, 'state')}" if behind else ""
    if known.target.stack.syncs:
        yield _last_sync(known, lag)
    else:
        verdict, how = BAD if behind else GOOD, "`retention apply` imports review states."
        yield Finding("sync", verdict, f"SyncSchedule is off{lag}.", how if behind else "")
    return known


def _last_sync(known: Known, lag: str) -> Finding:
    states_at, synced_at = _instant(known, "statesAt"), _instant(known, "syncedAt")
    advice = "Is SyncSchedule on, and what is in the log of SyncStates? `retention apply` imports them meanwhile."
    if synced_at is not None:
        age = known.now - synced_at
        found = f"The sync last imported review states {duration(age.total_seconds())} ago"
        if age > _SYNC_LATE:
            return Finding("sync", BAD, f"{found}; it does so every 5 min{lag}.", advice)
        return Finding("sync", GOOD, f"{found}{lag}.")
    if states_at is not None and known.now - states_at <= _SYNC_LATE:
        return Finding("sync", UNKNOWN, f"The sync has not run yet; it does so every 5 min{lag}.")
    return Finding("sync", BAD, f"The sync has never imported review states{lag}.", advice)


def _instant(known: Known, name: str) -> datetime | None:
    """Return the instant that the row `head` has under `name`, None if it has none that can be read."""
    try:
        return datetime.fromisoformat((known.head or {}).get(name, {}).get("S", ""))
    except ValueError:
        return None


def certificate(known: Known) -> Step:
    """Find out for how many days the certificate that Apple signs requests with is still valid."""
    if known.target is None or not known.target.stack.log_group:
        yield not_looked("certificate", "the certificate Apple signs with", "the stack and its log")
        return known
    days = leaf_days(known.aws("logs"), known.target.stack.log_group, known.now)
    if days is None:
        yield Finding(
            "certificate", UNKNOWN, f"No request was logged in the last {_LOG_HOURS} h, so its end is not known."
        )
    elif days < _CERTIFICATE_DAYS:
        yield Finding(
            "certificate",
            BAD,
            f"The newest certificate that Apple signs requests with ends in {plural(days, 'day')}.",
            "Apple renews it by itself; if requests stop passing, see VerificationAlarm.",
        )
    else:
        yield Finding("certificate", GOOD, f"Apple's signing certificate is good for {plural(days, 'day')}.")
    return known


def leaf_days(logs: Any, group: str, now: datetime) -> int | None:  # noqa: ANN401  # boto3 makes clients at run time
    """Return the days left of the newest certificate in the log lines of the last 24 h, None if no line has any."""
    request: dict[str, Any] = {
        "logGroupName": group,
        "startTime": int((now - timedelta(hours=_LOG_HOURS)).timestamp() * 1000),
        "filterPattern": "{ $.leafDaysLeft >= 0 }",
    }
    pages = logs.get_paginator("filter_log_events").paginate(**request)
    for page in itertools.islice(pages, _LOG_PAGES):
        if found := [*_days_of(page.get("events", []))]:
            return max(found)
    return None


def _days_of(events: list[dict[str, Any]]) -> Iterator[int]:
    for event in events:
        try:
            yield int(json.loads(event["message"])["leafDaysLeft"])
        except (ValueError, KeyError, TypeError):
            continue


def stack(known: Known) -> Step:
    """Examine the stack. What these credentials have no right to read becomes an UNKNOWN finding."""
    stack = None if known.target is None else known.target.stack
    if stack is None or not stack.function:
        yield not_looked("stack", "alias, layer, alarms and limits", "a deployed stack")
        return known
    for code, look, verdict in (
        ("alias", alias, BAD),
        ("architecture", architecture, UNKNOWN),
        ("alarms", alarms, UNKNOWN),
        ("account-concurrency", concurrency, UNKNOWN),
        ("key-throughput", parameter_store, UNKNOWN),
    ):
        yield from guarded(code, partial(look, stack, known.aws), verdict)
    return known
