"""A check of the way that log lines take to the analysis bucket: is it complete, and when did the last lines arrive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from console.deployment.stack import Analysis, Stack
from console.deployment.stored_lines import EXPOSURES, OUTCOMES, list_day
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN, Finding, guarded
from console.rollout.checks.known import Known, Step
from console.terminal.words import duration

_ACTIVE: Final = "ACTIVE"


class _Way(NamedTuple):
    """A log group, the stream that its lines go through, and the folder of the bucket in which they end."""

    lines: str
    log_group: str
    stream: str
    prefix: str


def analysis(known: Known) -> Step:
    """Examine a stack with Analysis=on. Yields nothing for any other."""
    stack = None if known.target is None else known.target.stack
    if stack is None or stack.analysis is None:
        return known
    ways = list(_ways(stack, stack.analysis))
    yield from guarded("analysis", partial(_look_at_streams, ways, known), UNKNOWN)
    yield from guarded("lines", partial(_look_at_lines, ways, stack.analysis.bucket, known), UNKNOWN)
    return known


def _ways(stack: Stack, made: Analysis) -> Iterator[_Way]:
    yield _Way("answers", stack.log_group, made.exposure_stream, EXPOSURES)
    if made.outcome_stream:
        yield _Way("outcomes", stack.notifications_log_group, made.outcome_stream, OUTCOMES)


def _look_at_streams(ways: list[_Way], known: Known) -> Iterator[Finding]:
    logs, firehose = known.aws("logs"), known.aws("firehose")
    broken = [text for way in ways for text in _faults(way, logs, firehose)]
    if broken:
        yield Finding("analysis", BAD, f"Lines for the analysis get lost: {'; '.join(broken)}.", "`make deploy`.")
    else:
        streams = " and ".join(way.stream for way in ways)
        yield Finding("analysis", GOOD, f"Log lines go through {streams} into the bucket for the analysis.")


def _faults(way: _Way, logs: Any, firehose: Any) -> Iterator[str]:  # noqa: ANN401  # boto3 makes clients at run time
    filters = logs.describe_subscription_filters(logGroupName=way.log_group)["subscriptionFilters"]
    if not any(each["destinationArn"].endswith(f":deliverystream/{way.stream}") for each in filters):
        yield f"no filter of the log group {way.log_group} names the stream {way.stream}"
    try:
        described = firehose.describe_delivery_stream(DeliveryStreamName=way.stream)["DeliveryStreamDescription"]
    except firehose.exceptions.ResourceNotFoundException:
        yield f"there is no stream {way.stream}"
        return
    if described["DeliveryStreamStatus"] != _ACTIVE:
        yield f"the stream {way.stream} is {described['DeliveryStreamStatus']}"


def _look_at_lines(ways: list[_Way], bucket: str, known: Known) -> Iterator[Finding]:
    """Find the newest objects of today and yesterday. A stack that is never called has none, so none is no fault."""
    s3 = known.aws("s3")
    newest = {way.lines: _newest(s3, bucket, way.prefix, known.now) for way in ways}
    missing = [lines for lines, at in newest.items() if at is None]
    ages = [f"those of {lines} {_age(known.now, at)} ago" for lines, at in newest.items() if at is not None]
    arrived = f"The last lines for the analysis arrived: {', '.join(ages)}." if ages else ""
    if missing:
        none = f"No lines of {' or '.join(missing)} have arrived since yesterday."
        advice = "They take 15 to 20 min. Where Apple called meanwhile, see the alarms of the streams."
        yield Finding("lines", UNKNOWN, f"{none} {arrived}".rstrip(), advice)
    else:
        yield Finding("lines", GOOD, arrived)


def _newest(s3: Any, bucket: str, prefix: str, now: datetime) -> datetime | None:  # noqa: ANN401  # likewise
    today = now.astimezone(UTC).date()
    for day in (today, today - timedelta(days=1)):
        stored = [each.stored_at for each in list_day(s3, bucket, prefix, day)]
        if stored:
            return max(stored)
    return None


def _age(now: datetime, at: datetime) -> str:
    return duration(max(timedelta(), now - at).total_seconds())
