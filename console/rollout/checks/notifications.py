"""A check of how the stack takes in Apple's notifications: is the history read, and does anything wait for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from retention.notifications.progress import ProgressRow

from console.deployment.queues import count_messages
from console.deployment.target import Target
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN, Finding, guarded, not_looked
from console.rollout.checks.known import Known, Step
from console.terminal.words import duration, plural

# The pull runs every 5 min; its alarm waits for an hour too.
_LATE: Final = timedelta(hours=1)


def notifications(known: Known) -> Step:
    """Examine what a stack with notifications has taken in. Yields nothing where a stack takes in none."""
    target = known.target
    if target is None or target.stack.learns is None:
        yield not_looked("notifications", "how Apple's notifications come in", "a deployed stack")
        return known
    if not target.stack.learns:
        return known
    yield _history(target, known)
    yield from guarded("parked", partial(_parked, target, known), UNKNOWN)
    if target.stack.relay_dead_letters:
        yield from guarded("relay", partial(_relay, target, known), UNKNOWN)
    return known


def _history(target: Target, known: Known) -> Finding:
    """Find out up to when Apple's notification history is read: without that, facts and outcomes stop."""
    watermark = ProgressRow(target.app_table).read().watermark
    if watermark is None:
        return Finding(
            "notifications",
            BAD,
            "Apple's notification history has not been read yet; PullNotifications does so every 5 min.",
            "If this stays, look into its log: does App Store Connect have a notification URL, in Version 2?",
        )
    behind = max(timedelta(), known.now - datetime.fromtimestamp(watermark / 1000, UTC))
    found = f"Apple's notification history is read up to {duration(behind.total_seconds())} ago"
    if behind > _LATE:
        advice = (
            "What is in the log of PullNotifications? It goes on where it stopped, and nothing is lost in 180 days."
        )
        return Finding("notifications", BAD, f"{found}; PullNotifications does so every 5 min.", advice)
    return Finding("notifications", GOOD, f"{found}.")


def _parked(target: Target, known: Known) -> Iterator[Finding]:
    parked = count_messages(known.aws("sqs"), target.stack.parking_queue).messages
    if parked:
        yield Finding(
            "parked",
            BAD,
            f"{plural(parked, 'notification')} of Apple's could not be understood, and wait in the parking queue.",
            "The log of notifications names the reason. Deploy a version that understands them, within 14 days, then"
            " `retention notifications replay`.",
        )
    else:
        yield Finding("parked", GOOD, "No notification is parked.")


def _relay(target: Target, known: Known) -> Iterator[Finding]:
    sqs = known.aws("sqs")
    lost = count_messages(sqs, target.stack.relay_dead_letters).messages
    waiting = count_messages(sqs, target.stack.relay_queue).messages
    if lost:
        yield Finding(
            "relay",
            BAD,
            f"The receiver at RelayUrl has not taken {plural(lost, 'notification')} for 13 days.",
            "Repair it, then `retention notifications replay --relay`.",
        )
    elif _is_open(target.stack.notifications_url):
        yield Finding(
            "relay",
            BAD,
            "Strangers can post to NotificationsUrl, and RelayUrl gets all of it: what it refuses holds up the rest.",
            "Set a PathSecret, and enter the new URL at Apple.",
        )
    else:
        yield Finding("relay", GOOD, f"The receiver at RelayUrl is behind by {plural(waiting, 'notification')}.")


def _is_open(url: str) -> bool:
    """Return whether a URL for notifications, as the stack's output has it, ends without a PathSecret."""
    return bool(url) and not url.endswith("/<PathSecret>")
